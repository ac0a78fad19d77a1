package booths

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// UndoFor is how long a decision over the plan can be undone.
const UndoFor = 10 * time.Minute

// before is what a decision found: the place the claim was locked to, the booth
// it held, its place on the waitlist, who stood where it was put.
type before struct {
	Lock   string `json:"lock,omitempty"`  // code
	From   string `json:"from,omitempty"`  // booth id
	Order  int64  `json:"order,omitempty"` // on the waitlist
	Waited bool   `json:"waited,omitempty"`
	Holder string `json:"holder,omitempty"` // claim id
	To     string `json:"to,omitempty"`     // booth id
}

// found notes how things stand before a claim is put to a booth ("" takes its
// place back).
func found(tx *db.Tx, c Claim, boothID string) (before, error) {
	b := before{Lock: c.Locked, To: boothID, Waited: c.State == ClaimWaiting}
	if c.Holding != nil {
		b.From = c.Holding.BoothID
	}
	var err error
	if b.Waited {
		b.Order, err = waitOrder(tx, c.ID)
	}
	if err == nil && boothID != "" {
		b.Holder, err = holderOf(tx, boothID)
	}
	return b, err
}

// Undo takes back the last decision over a day's plan, within ten minutes and
// as long as nothing has changed about those it concerned.
func (s *Service) Undo(ctx context.Context, scope Scope, dayID, changeID string) error {
	if scope.PartnerID != "" {
		return fault.Forbidden("override.organizer", "day", "only an organizer decides over the plan")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := lockDay(tx, scope.CommunityID, dayID)
		if err != nil {
			return err
		}
		last, err := lastDecision(tx, day.ID)
		if err != nil {
			return err
		}
		if last.ID != changeID || last.Before == "" {
			return fault.Conflict("plan.undo_not_last", "change", "only the last decision can be undone, and once")
		}
		if tx.Now.Sub(db.Time(last.AtMicros)) > UndoFor {
			return fault.Closed("plan.undo_late", "change", "a decision can be undone for ten minutes")
		}
		var was before
		if err := unpack(last.Before, &was); err != nil {
			return err
		}
		c, err := claimByID(tx, day, last.ClaimID)
		if err != nil {
			return err
		}
		if err := forgetBefore(tx, last.ID); err != nil {
			return err
		}
		if err := noteChange(tx, day, change{what: "undo", claim: c.ID, booth: last.Booth, who: scope.By, reason: last.Reason}); err != nil {
			return err
		}
		if day.State == DayPlanned || day.State == DayClaiming {
			return s.relock(tx, day, c, was)
		}
		if err := day.mayEdit(tx.Now, scope); err != nil {
			return err
		}
		return s.undo(tx, day, c, was)
	})
}

// relock gives a claim the lock it had before the plan was made.
func (s *Service) relock(tx *db.Tx, day Day, c Claim, was before) error {
	booth, err := boothByCode(tx, day, was.Lock)
	if err != nil {
		return err
	}
	return lockPlace(tx, day, c, booth)
}

// undo puts those a decision moved back to where they were.
func (s *Service) undo(tx *db.Tx, day Day, c Claim, was before) error {
	changed := fault.Conflict("plan.undo_changed", "change", "the places have changed since")
	at := ""
	if c.Holding != nil {
		at = c.Holding.BoothID
	}
	if at != was.To {
		return changed
	}
	back := text.Reason{Code: "booths.placed.undone"}
	if was.From != "" {
		home, err := boothByID(tx, day, was.From)
		if err != nil {
			return err
		}
		if holder, err := holderOf(tx, was.From); err != nil || holder != was.Holder {
			return orElse(err, changed) // somebody else stands there by now
		}
		return s.override(tx, day, c, home.holding("override", back))
	}
	if was.Holder != "" {
		holder, err := claimByID(tx, day, was.Holder)
		if err != nil {
			return err
		}
		booth, err := boothByID(tx, day, was.To)
		if err != nil {
			return err
		}
		if !holder.Live() || holder.Holding != nil {
			return changed
		}
		if err := s.override(tx, day, holder, booth.holding("override", back)); err != nil {
			return err
		}
	} else if err := take(tx, day, c, "override"); err != nil {
		return err
	}
	if err := waitFirst(tx, c.ID, c.Reasons); err != nil {
		return err
	}
	if err := restoreOrder(tx, day.ID, c.ID, was.Order); err != nil {
		return err
	}
	return s.offerFree(tx, day)
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
