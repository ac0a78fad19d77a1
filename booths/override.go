package booths

import (
	"context"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// Decision is what an organizer decides over the plan, with the reason that
// everybody concerned can read. BoothID "" takes a decided place back.
type Decision struct {
	ClaimID string `json:"claim"`
	BoothID string `json:"booth"`
	Reason  string `json:"reason"`
}

// Override decides over the plan. Before publication it locks a claim to a
// booth (or unlocks it): locked places stay, the plan goes around them. After
// it, it moves the claim there at once; who stands there swaps with it, or goes
// to the head of the waitlist. The hard rules may be broken: the reason counts.
func (s *Service) Override(ctx context.Context, scope Scope, dayID string, d Decision) error {
	if scope.PartnerID != "" {
		return fault.Forbidden("override.organizer", "day", "only an organizer decides over the plan")
	}
	if err := checkText(d.Reason, "reason", 500); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, c, err := s.lockClaim(tx, scope, d.ClaimID)
		if err != nil {
			return err
		}
		if day.ID != dayID {
			return noClaim()
		}
		if !c.Live() {
			return fault.Conflict("claim.ended", "claim", "this claim was withdrawn or given back")
		}
		var booth Booth
		if day, err = takeGround(tx, day); err != nil {
			return err
		}
		if d.BoothID != "" {
			if booth, err = boothByID(tx, day, d.BoothID); err != nil {
				return err
			}
		}
		was, err := found(tx, c, d.BoothID)
		if err != nil {
			return err
		}
		if err := noteChange(tx, day, change{what: "override", claim: c.ID, booth: booth.Code, who: scope.By, reason: d.Reason, before: pack(was)}); err != nil {
			return err
		}
		if day.State == DayPlanned || day.State == DayClaiming {
			return lockPlace(tx, day, c, booth)
		}
		if err := day.mayEdit(tx.Now, scope); err != nil {
			return err
		}
		return s.override(tx, day, c, booth.holding("override", text.Reason{Code: "booths.placed.override", Args: text.Args{"reason": d.Reason}}))
	})
}

// lockPlace decides a place before the plan is made.
func lockPlace(tx *db.Tx, day Day, c Claim, b Booth) error {
	if err := removeLock(tx, c.ID); err != nil || b.ID == "" {
		return err
	}
	n, err := insertLock(tx, day.ID, c.ID, b.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Conflict("booth.locked", "booth", "booth %s is decided for somebody else; take that back first", b.Code)
	}
	return nil
}

// override moves a claim to where the holding says, and whoever stands there
// out of the way.
func (s *Service) override(tx *db.Tx, day Day, c Claim, h Holding) error {
	if c.Holding != nil && c.Holding.BoothID == h.BoothID {
		return nil
	}
	old, holder, err := s.clear(tx, day, &c, h.BoothID)
	if err != nil {
		return err
	}
	if h.BoothID == "" {
		if err := setClaim(tx, c.ID, ClaimReleased); err != nil {
			return err
		}
		return s.offerFree(tx, day)
	}
	if err := s.give(tx, day, c, h); err != nil {
		return err
	}
	switch {
	case holder != nil && old != nil:
		if err := s.give(tx, day, *holder, old.holding("override", h.Reasons...)); err != nil {
			return err
		}
	case holder != nil:
		moved := []text.Reason{{Code: "booths.waiting.override", Args: text.Args{"booth": h.Code, "reason": h.Reasons[0].Args["reason"]}}}
		if err := waitFirst(tx, holder.ID, moved); err != nil {
			return err
		}
	}
	return s.offerFree(tx, day)
}

// clear empties the booth and the place the claim has now; it returns that
// place and who stood at the booth.
func (s *Service) clear(tx *db.Tx, day Day, c *Claim, boothID string) (old *Booth, holder *Claim, err error) {
	if err := voidOffers(tx, "claim_id", c.ID); err != nil {
		return nil, nil, err
	}
	if c.Holding != nil {
		place, err := boothByID(tx, day, c.Holding.BoothID)
		if err != nil {
			return nil, nil, err
		}
		old = &place
		if err := take(tx, day, *c, "override"); err != nil {
			return nil, nil, err
		}
	}
	if boothID == "" {
		return old, nil, nil
	}
	if err := voidOffers(tx, "booth_id", boothID); err != nil {
		return nil, nil, err
	}
	all, err := claimsOfDay(tx, day.ID)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		if h := all[i].Holding; h != nil && h.BoothID == boothID {
			holder = &all[i]
			return old, holder, take(tx, day, *holder, "override")
		}
	}
	return old, nil, nil
}

// Change is a decision of a person about a day's plan.
type Change struct {
	ID       string `json:"-" db:"id"`
	AtMicros int64  `json:"-" db:"at"`
	What     string `json:"what" db:"what"`
	ClaimID  string `json:"claim" db:"claim_id"`
	Booth    string `json:"booth_code" db:"booth_code"`
	Who      string `json:"who" db:"who"`
	Reason   string `json:"reason" db:"reason"`
	Undoable bool   `json:"-" db:"-"` // the last one, for ten minutes
}

// Changes returns the decisions about a day's plan, the latest first.
func (s *Service) Changes(ctx context.Context, communityID, dayID string) (out []Change, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err = dayByID(tx, communityID, dayID); err != nil {
			return err
		}
		if out, err = changesOf(tx, dayID); err != nil {
			return err
		}
		last, err := lastDecision(tx, dayID)
		for i, c := range out {
			out[i].Undoable = c.ID == last.ID && last.Before != "" && tx.Now.Sub(db.Time(c.AtMicros)) <= UndoFor
		}
		return err
	})
	return out, err
}
