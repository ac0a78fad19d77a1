package booths

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// holding is a booth as somebody will hold it.
func (b Booth) holding(why string, reasons ...text.Reason) Holding {
	return Holding{ID: db.NewID(), BoothID: b.ID, Code: b.Code, Zone: b.Zone, Why: why, Reasons: reasons}
}

// give puts a claim on a booth and tells it. Whether the booth is free is
// decided by the unique index, not by looking first.
func (s *Service) give(tx *db.Tx, day Day, c Claim, h Holding) error {
	n, err := insertHolding(tx, day.ID, c, h)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Conflict("booth.taken", "booth", "booth %s was taken a moment before", h.Code)
	}
	if err := setClaim(tx, c.ID, ClaimPlaced); err != nil {
		return err
	}
	return outbox.Emit(tx, event.BoothAssigned{Day: day.event(), Place: placeOf(c, h), Why: h.Why})
}

// placeOf is a holding as the others hear it.
func placeOf(c Claim, h Holding) event.Place {
	p := event.Place{AssignmentID: h.ID, BoothID: h.BoothID, BoothCode: h.Code, Zone: h.Zone, PartnerID: c.PartnerID, ClaimID: c.ID}
	for _, o := range c.Services {
		p.Services = append(p.Services, event.Service{ID: o.ID, Name: o.Name, Kind: o.Kind, Minutes: o.Minutes, Stock: o.Stock})
	}
	return p
}

// take ends a claim's holding and tells it; the claim gets a new state from
// the caller.
func take(tx *db.Tx, day Day, c Claim, why string) error {
	if err := endHolding(tx, c.Holding.ID, "released"); err != nil {
		return err
	}
	return outbox.Emit(tx, event.BoothReleased{Day: day.event(), AssignmentID: c.Holding.ID, BoothID: c.Holding.BoothID,
		BoothCode: c.Holding.Code, PartnerID: c.PartnerID, Why: why})
}

// release gives a published place back: it counts as a late drop-out and the
// booth is offered to the next.
func (s *Service) release(tx *db.Tx, day Day, c Claim, why string) error {
	if err := take(tx, day, c, why); err != nil {
		return err
	}
	if err := setClaim(tx, c.ID, ClaimReleased); err != nil {
		return err
	}
	if err := remember(tx, day, c, "dropped"); err != nil {
		return err
	}
	return s.offerFree(tx, day)
}

// Release gives a booth back, by the partner in one tap or by the organizer.
func (s *Service) Release(ctx context.Context, scope Scope, assignmentID, reason string) error {
	if err := optionalText(reason, "reason"); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, c, err := s.lockHolding(tx, scope, assignmentID)
		if err != nil {
			return err
		}
		if c.Holding == nil || c.Holding.ID != assignmentID {
			return nil // given back before: nothing to do
		}
		if err := day.mayEdit(tx.Now, scope); err != nil {
			return err
		}
		if err := noteChange(tx, day, change{what: "release", claim: c.ID, booth: c.Holding.Code, who: scope.By, reason: reason}); err != nil {
			return err
		}
		return s.release(tx, day, c, "released")
	})
}

// mayEdit says whether single places may still change: a partner until the
// opening, an organizer until the closing.
func (d Day) mayEdit(now time.Time, scope Scope) error {
	limit := d.ClosesAt
	if scope.PartnerID != "" {
		limit = d.OpensAt
	}
	if d.State != DayPublished || !now.Before(limit) {
		return fault.Closed("booth.over", "day", "places of this day can not be changed any more, or not yet")
	}
	return nil
}

func (s *Service) lockHolding(tx *db.Tx, scope Scope, assignmentID string) (Day, Claim, error) {
	claimID, err := whoseHolding(tx, assignmentID)
	if err != nil {
		return Day{}, Claim{}, err
	}
	day, c, err := s.lockClaim(tx, scope, claimID)
	if fault.Is(err, "claim.unknown") {
		err = fault.NotFound("assignment.unknown", "assignment", "there is no such assignment here")
	}
	return day, c, err
}

// ClaimBooth takes one free booth directly, after the plan is published. Of
// any number of partners at the same instant one gets it; every other one
// learns that it is taken. A claim on the waitlist for the same services is
// used, otherwise a new one is made.
func (s *Service) ClaimBooth(ctx context.Context, scope Scope, dayID, boothID string, ask Ask) (Claim, error) {
	var out Claim
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return scope.once(tx, command{"booth:" + dayID + ":" + boothID, ask}, &out, func() error {
			day, err := dayByID(tx, scope.CommunityID, dayID)
			if err != nil {
				return err
			}
			if day.State != DayPublished || !tx.Now.Before(day.OpensAt) {
				return fault.Closed("booth.not_open", "day", "booths can be taken directly after the plan is published and until the opening")
			}
			booth, err := boothByID(tx, day, boothID)
			if err != nil {
				return err
			}
			c, err := s.waitingOrNew(tx, scope, day, ask)
			if err != nil {
				return err
			}
			if err := s.takeDirectly(tx, day, c, booth); err != nil {
				return err
			}
			out, err = claimByID(tx, day, c.ID)
			return err
		})
	})
	return out, err
}

// takeDirectly gives the booth first and looks then, under the day's lock,
// whether it was promised: only the winner has to wait for the lock.
func (s *Service) takeDirectly(tx *db.Tx, day Day, c Claim, booth Booth) error {
	p, _, err := partnerByID(tx, day.CommunityID, c.PartnerID)
	if err != nil {
		return err
	}
	place := p.place(c)
	switch fit(&place, &booth, set(booth.Features), Input{Zones: day.Zones}.accepting()) {
	case lacksFeature:
		return fault.Conflict("booth.lacks", "booth", "booth %s does not have what these services need", booth.Code)
	case zoneRefuses:
		return fault.Conflict("booth.zone", "booth", "the zone of booth %s is for other services", booth.Code)
	case tooSmall:
		return fault.Conflict("booth.small", "booth", "booth %s is too small", booth.Code)
	}
	if err := s.give(tx, day, c, booth.holding("direct", text.Reason{Code: "booths.placed.direct", Args: text.Args{"booth": booth.Code}})); err != nil {
		return err
	}
	if day, err = lockDay(tx, day.CommunityID, day.ID); err != nil {
		return err
	}
	if day.State != DayPublished {
		return fault.Closed("booth.over", "day", "places of this day can not be changed any more")
	}
	other, err := openOfferAt(tx, day.ID, booth.ID)
	if err != nil {
		return err
	}
	if other != "" {
		return fault.Conflict("booth.offered", "booth", "booth %s is offered to the next on the waitlist", booth.Code)
	}
	return nil
}

// waitingOrNew finds the partner's claim on the waitlist for the same
// services, or makes one.
func (s *Service) waitingOrNew(tx *db.Tx, scope Scope, day Day, ask Ask) (Claim, error) {
	if !scope.partner(ask.PartnerID) {
		return Claim{}, noPartner()
	}
	all, err := claimsOfDayAndPartner(tx, day.ID, ask.PartnerID)
	if err != nil {
		return Claim{}, err
	}
	asked := make([]Offering, len(ask.Services))
	for i, id := range ask.Services {
		asked[i].ID = id
	}
	for _, c := range all {
		if c.State != ClaimWaiting || (len(asked) > 0 && serviceIDs(c.Services) != serviceIDs(asked)) {
			continue
		}
		if c.Offer != nil {
			return c, fault.Conflict("claim.has_offer", "claim", "booth %s is offered to you; answer that first", c.Offer.Code)
		}
		return c, nil
	}
	return s.newClaim(tx, scope, day, ask)
}

// Substitute hands a booth to another partner for this one day, by the partner
// who holds it or by the organizer. Nobody counts as a drop-out.
func (s *Service) Substitute(ctx context.Context, scope Scope, assignmentID string, ask Ask, reason string) (Claim, error) {
	var out Claim
	if err := optionalText(reason, "reason"); err != nil {
		return out, err
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		body := struct {
			Ask    Ask
			Reason string
		}{ask, reason}
		return scope.once(tx, command{"substitute:" + assignmentID, body}, &out, func() error {
			day, c, err := s.lockHolding(tx, scope, assignmentID)
			if err != nil {
				return err
			}
			if c.Holding == nil || c.Holding.ID != assignmentID {
				return fault.Conflict("booth.released", "assignment", "this booth was given back already")
			}
			if err := day.mayEdit(tx.Now, scope); err != nil {
				return err
			}
			out, err = s.substitute(tx, day, c, ask)
			if err != nil {
				return err
			}
			return noteChange(tx, day, change{what: "substitute", claim: out.ID, booth: c.Holding.Code, who: scope.By, reason: reason})
		})
	})
	return out, err
}

func (s *Service) substitute(tx *db.Tx, day Day, c Claim, ask Ask) (Claim, error) {
	if ask.PartnerID == c.PartnerID {
		return c, fault.Invalid("substitute.same", "partner", "a substitute is somebody else")
	}
	anybody := Scope{CommunityID: day.CommunityID} // the substitute is another partner than the one who asks
	next, err := s.waitingOrNew(tx, anybody, day, ask)
	if err != nil {
		return next, err
	}
	booth, err := boothByID(tx, day, c.Holding.BoothID)
	if err != nil {
		return next, err
	}
	p, _, err := partnerByID(tx, day.CommunityID, next.PartnerID)
	if err != nil {
		return next, err
	}
	if place := p.place(next); !Fits(place, booth, day.Zones) {
		return next, fault.Conflict("booth.lacks", "booth", "booth %s does not fit the substitute", booth.Code)
	}
	if err := take(tx, day, c, "substitute"); err != nil {
		return next, err
	}
	if err := setClaim(tx, c.ID, ClaimReleased); err != nil {
		return next, err
	}
	why := text.Reason{Code: "booths.placed.substitute", Args: text.Args{"partner": c.Partner, "booth": booth.Code}}
	if err := s.give(tx, day, next, booth.holding("substitute", why)); err != nil {
		return next, err
	}
	return claimByID(tx, day, next.ID)
}

func optionalText(s, field string) error {
	if s == "" {
		return nil
	}
	return checkText(s, field, 500)
}
