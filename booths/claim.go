package booths

import (
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// States of a claim; doc.go draws them.
const (
	ClaimClaimed   = "claimed"
	ClaimPlaced    = "placed"
	ClaimWaiting   = "waiting"
	ClaimReleased  = "released"
	ClaimWithdrawn = "withdrawn"
	ClaimCancelled = "cancelled"
)

// Claim is one place a partner asks for on one day. Position counts from 1 on
// the waitlist; Reasons say why it waits.
type Claim struct {
	ID        string        `json:"id"`
	DayID     string        `json:"day"`
	PartnerID string        `json:"partner"`
	Partner   string        `json:"partner_name"`
	Services  []Offering    `json:"services"`
	Wishes    Wishes        `json:"wishes,omitzero"`
	Standing  bool          `json:"standing"`
	State     string        `json:"state"`
	Position  int           `json:"position,omitempty"`
	Reasons   []text.Reason `json:"reasons,omitempty"`
	ClaimedAt time.Time     `json:"claimed_at"`
	Locked    string        `json:"locked,omitempty"` // code of the booth the organizer has decided
	Holding   *Holding      `json:"holding,omitempty"`
	Offer     *Offer        `json:"offer,omitempty"`
}

// Holding is the booth a claim holds. Why is plan, offer, override, substitute
// or direct.
type Holding struct {
	ID      string        `json:"id"`
	BoothID string        `json:"booth"`
	Code    string        `json:"booth_code"`
	Zone    string        `json:"zone,omitempty"`
	Why     string        `json:"why"`
	Score   int64         `json:"score"`
	Reasons []text.Reason `json:"reasons"`
}

// Ask is what a partner asks for: services by id (empty: all it has that have
// no place yet on that day) and wishes.
type Ask struct {
	PartnerID string   `json:"partner"`
	Services  []string `json:"services,omitempty"`
	Wishes    Wishes   `json:"wishes,omitzero"`
}

// Live reports whether the claim still counts.
func (c Claim) Live() bool {
	return c.State == ClaimClaimed || c.State == ClaimPlaced || c.State == ClaimWaiting
}

func noClaim() error {
	return fault.NotFound("claim.unknown", "claim", "there is no such claim here")
}

// Claim asks for a place on a day. Until the plan is made the claim waits for
// it; after that it joins the end of the waitlist, and a booth that is free
// and fits is offered at once.
func (s *Service) Claim(ctx context.Context, scope Scope, dayID string, ask Ask) (Claim, error) {
	var out Claim
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return scope.once(tx, command{"claim:" + dayID, ask}, &out, func() error {
			day, err := lockDay(tx, scope.CommunityID, dayID)
			if err != nil {
				return err
			}
			if err := day.mayClaim(tx.Now); err != nil {
				return err
			}
			c, err := s.newClaim(tx, scope, day, ask)
			if err != nil {
				return err
			}
			if day.State == DayPublished {
				c.Reasons = []text.Reason{{Code: "booths.waiting.late"}}
				if err := waitLast(tx, c.ID, c.Reasons); err != nil {
					return err
				}
				if err := s.offerFree(tx, day); err != nil {
					return err
				}
			}
			out, err = claimByID(tx, day, c.ID)
			return err
		})
	})
	return out, err
}

// mayClaim judges the windows by their times, not by what is recorded.
func (d Day) mayClaim(now time.Time) error {
	switch {
	case d.State == DayPlanned:
		return fault.Closed("claim.not_yet", "day", "claiming is not open yet")
	case d.State != DayClaiming && d.State != DayPublished, !now.Before(d.OpensAt):
		return fault.Closed("claim.over", "day", "claiming for this day is over")
	case d.State == DayClaiming && !now.Before(d.ConfirmAt):
		return fault.Closed("claim.confirming", "day", "the plan is being made just now; try again in a minute")
	}
	return nil
}

// newClaim checks an ask and writes the claim.
func (s *Service) newClaim(tx *db.Tx, scope Scope, day Day, ask Ask) (Claim, error) {
	if !scope.partner(ask.PartnerID) {
		return Claim{}, noPartner()
	}
	p, _, err := partnerByID(tx, day.CommunityID, ask.PartnerID)
	if err != nil {
		return Claim{}, err
	}
	if p.Archived {
		return Claim{}, fault.Forbidden("partner.archived", "partner", "this partner is not in use any more")
	}
	services, err := freeServices(tx, day, p, ask.Services)
	if err != nil {
		return Claim{}, err
	}
	have, err := boothsOf(tx, day)
	if err != nil {
		return Claim{}, err
	}
	if err := ask.Wishes.checkAsked(Layout{Zones: day.Zones, Booths: have}, "wishes"); err != nil {
		return Claim{}, err
	}
	c := Claim{ID: db.NewID(), DayID: day.ID, PartnerID: p.ID, Partner: p.Name, Services: services, Wishes: ask.Wishes, State: ClaimClaimed}
	c.Standing = tx.Now.Before(day.StandingUntil) &&
		slices.ContainsFunc(p.Standing, func(st Standing) bool { return st.MarketID == day.MarketID })
	if scope.PartnerID == "" && scope.By != "" { // an organizer, for a partner that has called
		if err := noteChange(tx, day, change{what: "claim", claim: c.ID, who: scope.By}); err != nil {
			return c, err
		}
	}
	return c, putClaim(tx, day, c)
}

// putClaim writes a claim and tells it.
func putClaim(tx *db.Tx, day Day, c Claim) error {
	n, err := insertClaim(tx, c)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Conflict("claim.twice", "services", "these services already have a place on this day")
	}
	return outbox.Emit(tx, event.ClaimMade{Day: day.event(), ClaimID: c.ID, PartnerID: c.PartnerID})
}

// freeServices picks the services of an ask among those without a place.
func freeServices(tx *db.Tx, day Day, p Partner, ids []string) ([]Offering, error) {
	claims, err := claimsOfDayAndPartner(tx, day.ID, p.ID)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, c := range claims {
		if c.Live() {
			for _, o := range c.Services {
				used[o.ID] = true
			}
		}
	}
	if len(ids) == 0 {
		for _, o := range p.Services {
			if !used[o.ID] {
				ids = append(ids, o.ID)
			}
		}
		if len(ids) == 0 {
			return nil, fault.Conflict("claim.twice", "services", "every service of this partner already has a place on this day")
		}
	}
	return p.pick(ids, "services", used)
}

// Withdraw takes a claim back. A claim that holds a booth gives it back, as
// Release does.
func (s *Service) Withdraw(ctx context.Context, scope Scope, claimID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, c, err := s.lockClaim(tx, scope, claimID)
		if err != nil {
			return err
		}
		if !tx.Now.Before(day.OpensAt) {
			return fault.Closed("claim.over", "claim", "the market has begun; tell the organizer")
		}
		switch {
		case c.Holding != nil:
			return s.release(tx, day, c, "withdrawn")
		case !c.Live():
			return nil // withdrawn before: nothing to do
		}
		if err := s.endOffer(tx, day, c.Offer, OfferDeclined); err != nil {
			return err
		}
		if err := setClaim(tx, c.ID, ClaimWithdrawn); err != nil {
			return err
		}
		if err := outbox.Emit(tx, event.ClaimWithdrawn{Day: day.event(), ClaimID: c.ID, PartnerID: c.PartnerID}); err != nil {
			return err
		}
		return s.offerFree(tx, day)
	})
}

// lockClaim finds a claim within the scope and locks its day.
func (s *Service) lockClaim(tx *db.Tx, scope Scope, claimID string) (Day, Claim, error) {
	dayID, partnerID, err := whoseClaim(tx, claimID)
	if err != nil {
		return Day{}, Claim{}, err
	}
	if !scope.partner(partnerID) {
		return Day{}, Claim{}, noClaim()
	}
	day, err := lockDay(tx, scope.CommunityID, dayID)
	if err != nil {
		return Day{}, Claim{}, noClaimIf(err)
	}
	c, err := claimByID(tx, day, claimID)
	return day, c, err
}

// noClaimIf hides that a claim of another community exists.
func noClaimIf(err error) error {
	if fault.Is(err, "day.unknown") {
		return noClaim()
	}
	return err
}

// ClaimsOf returns every claim of a day: those waiting in their order, then by
// the time of the claim.
func (s *Service) ClaimsOf(ctx context.Context, communityID, dayID string) (out []Claim, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err = dayByID(tx, communityID, dayID); err != nil {
			return err
		}
		out, err = claimsOfDay(tx, dayID)
		return err
	})
	return out, err
}

// MyDay is a day as one partner sees it.
type MyDay struct {
	Day
	Claims []Claim `json:"claims"`
}

// MyDays returns the days a partner may claim or has claimed: everything still
// to come, and what was within the last 60 days.
func (s *Service) MyDays(ctx context.Context, scope Scope, partnerID string) ([]MyDay, error) {
	if !scope.partner(partnerID) {
		return nil, noPartner()
	}
	var out []MyDay
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, _, err := partnerByID(tx, scope.CommunityID, partnerID); err != nil {
			return err
		}
		days, err := daysSince(tx, scope.CommunityID, tx.Now.AddDate(0, 0, -60))
		if err != nil {
			return err
		}
		claims, err := claimsOfPartner(tx, scope.CommunityID, partnerID)
		if err != nil {
			return err
		}
		byDay := map[string][]Claim{}
		for _, c := range claims {
			byDay[c.DayID] = append(byDay[c.DayID], c)
		}
		out = nil
		for _, d := range days {
			if len(byDay[d.ID]) > 0 || tx.Now.Before(d.OpensAt) {
				out = append(out, MyDay{Day: d, Claims: byDay[d.ID]})
			}
		}
		return nil
	})
	return out, err
}
