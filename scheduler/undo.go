package scheduler

import (
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// UndoFor is how long an organizer's early step can be taken back.
const UndoFor = 10 * time.Minute

// back is the state a step is undone to; a cancellation goes back to where the day was.
var back = map[State]State{Confirmed: Claiming, Open: Confirmed, Closed: Open}

// back is the state the day would be in again; "" when the step cannot be undone.
func (d Day) back(step State) State {
	if step == Cancelled && d.before != nil {
		return d.before.State
	}
	return back[step]
}

// Undoable is the last step of a day while an organizer may take it back.
type Undoable struct {
	Step  State     // confirmed, open, closed or cancelled
	Until time.Time // the ten minutes are over, or the clock would have made the step
}

// Undoable returns the step that can be undone at this moment, nil for none.
func (s *Service) Undoable(ctx context.Context, ref DayRef) (u *Undoable, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		u = nil
		d, err := oneDay(tx, scope(ref.CommunityID), ref.DayID)
		if err != nil {
			return err
		}
		last, err := lastStep(tx, d.ID)
		if err != nil || d.State != d.StateAt(tx.Now) || d.mayUndo(last, last.State, tx.Now) != nil {
			return err
		}
		u = &Undoable{Step: last.State, Until: d.undoneBefore(last)}
		return nil
	})
	return u, err
}

// Undo takes an organizer's early confirmation, opening, closing or cancellation
// back: never the clock does, only a person, within ten minutes and before the
// time at which the clock would have made the step, a cancellation before the day
// would have opened. What the step caused is undone by those
// who hear MarketDayUndone. moved may refuse in the same transaction because
// the world has moved on. Undoing twice is once.
func (s *Service) Undo(ctx context.Context, ref DayRef, step State, moved func(tx *db.Tx, d Day) error) (Day, error) {
	if back[step] == "" && step != Cancelled {
		return Day{}, fault.Invalid("market_day.undo_step", "step", "%q is not confirmed, open, closed or cancelled", string(step))
	}
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		last, err := lastStep(tx, d.ID)
		if err != nil {
			return d, err
		}
		if d.State == back[step] || step == Cancelled && d.live() {
			again, err := undoneSince(tx, d.ID, step, tx.Now.Add(-UndoFor))
			if err != nil || again {
				return d, err
			}
		}
		if err := d.mayUndo(last, step, tx.Now); err != nil {
			return d, err
		}
		if err := moved(tx, d); err != nil {
			return d, err
		}
		if step == Cancelled {
			if err := s.revive(tx, d); err != nil {
				return d, err
			}
		}
		return d.undo(tx, last, ref.By)
	})
}

// mayUndo says why a step cannot be taken back at now.
func (d Day) mayUndo(last Transition, step State, now time.Time) error {
	switch {
	case d.back(step) == "" || d.State != step || last.State != step:
		return fault.Conflict("market_day.undo_changed", "day", "has gone on since, the step is not its last")
	case last.By != byOrganizer:
		return fault.Conflict("market_day.undo_clock", "day", "the step was not an organizer's")
	case now.Sub(last.RecordedAt) >= UndoFor:
		return fault.Closed("market_day.undo_late", "day", "a step can be undone for ten minutes")
	}
	if !now.Before(d.wouldBe(step)) {
		return fault.Closed("market_day.undo_due", "day", "its planned time has come, the step would be made now")
	}
	return nil
}

// wouldBe is when the clock would have made the step; a cancellation it never
// makes, that ends with the opening.
func (d Day) wouldBe(step State) time.Time {
	if step == Cancelled {
		return d.OpensAt
	}
	at, _ := d.due(d.back(step))
	return at
}

// undoneBefore is the end of the time in which the last step can be undone.
func (d Day) undoneBefore(last Transition) time.Time {
	return earlier(d.wouldBe(last.State), last.RecordedAt.Add(UndoFor))
}

// undoUntil is the same for a step about to be made, zero when nobody may undo it.
func (d Day) undoUntil(st step) time.Time {
	if st.by != byOrganizer || d.back(st.to) == "" {
		return time.Time{}
	}
	return d.undoneBefore(Transition{State: st.to, RecordedAt: st.effective})
}

// undo writes the day as it was before its last step.
func (d Day) undo(tx *db.Tx, last Transition, by string) (Day, error) {
	from := d.State
	switch d.State = d.back(from); from {
	case Cancelled:
		d.Reason, d.MovedTo = d.before.Reason, 0
	case Open:
		d.OpenedAt = time.Time{}
	case Closed:
		d.ClosedAt, d.ServeUntil = time.Time{}, d.ClosesAt.Add(d.leads.serve())
		if last.Why != "" {
			d.Reason = ""
		}
	}
	done, err := swapState(tx, d, from)
	if err == nil && !done {
		err = fault.Conflict("market_day.changed", "day", "has changed meanwhile, look again")
	}
	if err != nil {
		return d, err
	}
	if err := takeBack(tx, d.ID, from, by); err != nil {
		return d, err
	}
	return d, outbox.Emit(tx, event.MarketDayUndone{
		Day: d.Ref(), From: string(from), To: string(d.State), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt, At: tx.Now,
	})
}

// undoneSince reports whether a step of the day was taken back after an instant.
func undoneSince(tx *db.Tx, dayID string, step State, since time.Time) (bool, error) {
	all, err := historyOf(tx, dayID)
	return slices.ContainsFunc(all, func(t Transition) bool { return t.State == step && t.UndoneAt.After(since) }), err
}
