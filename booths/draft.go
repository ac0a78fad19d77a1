package booths

import (
	"context"
	"strconv"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// Draft shows the plan as it would be if it were made now, with its reasons.
// It remembers what it showed, so that the next draft moves as few as possible.
func (s *Service) Draft(ctx context.Context, communityID, dayID string) (Result, error) {
	var in Input
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := lockDay(tx, communityID, dayID)
		if err != nil {
			return err
		}
		switch day.State {
		case DayClaiming:
		case DayPlanned:
			return fault.Closed("claim.not_yet", "day", "claiming is not open yet")
		default:
			return fault.Closed("plan.published", "day", "the plan of this day is published")
		}
		in, err = s.question(tx, &day)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	result := Plan(in) // outside the transaction: nobody waits for the arithmetic
	return result, s.db.Update(ctx, func(tx *db.Tx) error { return setDraft(tx, dayID, pack(result.places())) })
}

// places is the plan as Input.Previous takes it.
func (r Result) places() map[string]string {
	out := map[string]string{}
	for _, a := range r.Assignments {
		out[a.Key] = a.Booth
	}
	return out
}

// question gathers everything the plan of a day depends on.
func (s *Service) question(tx *db.Tx, day *Day) (Input, error) {
	var err error
	if *day, err = takeGround(tx, *day); err != nil {
		return Input{}, err
	}
	all, err := claimsOfDay(tx, day.ID)
	if err != nil {
		return Input{}, err
	}
	var open []Claim
	for _, c := range all {
		if c.State == ClaimClaimed {
			open = append(open, c)
		}
	}
	return s.planInput(tx, *day, open)
}

// planInput turns the claims of a day into places to be planned.
func (s *Service) planInput(tx *db.Tx, day Day, open []Claim) (Input, error) {
	booths, err := boothsOf(tx, day)
	if err != nil {
		return Input{}, err
	}
	in := Input{Zones: day.Zones, Booths: booths, Wanted: day.Wanted}
	if err := unpack(day.draft, &in.Previous); err != nil {
		return in, err
	}
	partners, err := claimants(tx, day.ID)
	if err != nil {
		return in, err
	}
	past, err := pastOf(tx, day)
	if err != nil {
		return in, err
	}
	count := map[string]int{}
	for _, c := range open {
		p := partners[c.PartnerID].place(c)
		p.Index = count[c.PartnerID]
		count[c.PartnerID]++
		past.fill(&p, c)
		in.Places = append(in.Places, p)
	}
	return in, nil
}

// place is a claim of the partner as the plan sees it.
func (p Partner) place(c Claim) Place {
	return Place{
		Key: c.ID, Partner: p.Name, Category: p.Category, Services: c.Services, W: p.W, H: p.H, Loud: p.Loud,
		Standing: c.Standing, Wishes: c.Wishes, Locked: c.Locked, ClaimedAt: db.Micros(c.ClaimedAt),
	}
}

// past is what earlier days say about the claimants of a day.
type past struct {
	kept, dropped map[string]int    // per partner
	last          map[string]string // per partner, and per partner and services: booth code at this market
}

func (h past) fill(p *Place, c Claim) {
	p.Kept, p.Dropped = h.kept[c.PartnerID], h.dropped[c.PartnerID]
	p.Newcomer = p.Kept+p.Dropped == 0
	if code, ok := h.last[c.PartnerID+serviceIDs(c.Services)]; ok {
		p.LastBooth = code
	} else {
		p.LastBooth = h.last[c.PartnerID]
	}
}

// publish makes the plan final: it writes the assignments and the waitlist and
// tells both. The unique index guards it like any other assignment.
func (s *Service) publish(tx *db.Tx, day Day) error {
	in, err := s.question(tx, &day)
	if err != nil {
		return err
	}
	result := Plan(in)
	all, err := claimsOfDay(tx, day.ID)
	if err != nil {
		return err
	}
	claims, booths := map[string]Claim{}, map[string]Booth{}
	for _, c := range all {
		claims[c.ID] = c
	}
	for _, b := range in.Booths {
		booths[b.Code] = b
	}
	told := event.BoothsPublished{Day: day.event(), Places: []event.Place{}, Waitlist: []event.Waiting{}}
	for _, a := range result.Assignments {
		b := booths[a.Booth]
		h := b.holding("plan", a.Reasons...)
		h.Score = a.Score
		n, err := insertHolding(tx, day.ID, claims[a.Key], h)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("booth.taken", "booth", "booth %s already has a holder", b.Code)
		}
		if err := setClaim(tx, a.Key, ClaimPlaced); err != nil {
			return err
		}
		told.Places = append(told.Places, placeOf(claims[a.Key], h))
	}
	for _, w := range result.Waitlist {
		if err := waitLast(tx, w.Key, w.Reasons); err != nil {
			return err
		}
		told.Waitlist = append(told.Waitlist, event.Waiting{ClaimID: w.Key, PartnerID: claims[w.Key].PartnerID, Position: w.Position})
	}
	if err := setPublished(tx, day.ID); err != nil {
		return err
	}
	for _, d := range result.Disturbances {
		note := change{what: "disturbance", claim: d.Quiet.Key, booth: d.Quiet.Booth, reason: d.Loud.Booth + " " + strconv.FormatFloat(d.Distance.Metres(), 'f', -1, 64) + " m"}
		if err := noteChange(tx, day, note); err != nil {
			return err
		}
	}
	return outbox.Emit(tx, told)
}

// History is how one place of a partner ended: "kept" until the day was over, or
// "dropped". Arrived says whether somebody saw it there.
type History struct {
	DayID    string `json:"day" db:"day_id"`
	MarketID string `json:"market" db:"market_id"`
	HeldOn   string `json:"held_on" db:"held_on"`
	Booth    string `json:"booth_code" db:"booth_code"`
	Outcome  string `json:"outcome" db:"outcome"`
	Arrived  bool   `json:"arrived" db:"arrived"`
}

// History returns how a partner's places ended, the latest first.
func (s *Service) History(ctx context.Context, scope Scope, partnerID string) (out []History, err error) {
	if !scope.partner(partnerID) {
		return nil, noPartner()
	}
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, _, err = partnerByID(tx, scope.CommunityID, partnerID); err != nil {
			return err
		}
		out, err = historyOf(tx, partnerID)
		return err
	})
	return out, err
}
