package scheduler

import (
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// LinesClosed: every ticket has an end, the day is settled. The queue may know
// that the closing time has passed before Tick has written it down.
func (s *Service) LinesClosed(tx *db.Tx, e event.LinesClosed) error {
	d, err := oneDay(tx, "", e.DayID)
	if err != nil && fault.KindOf(err) == fault.KindNotFound {
		return nil // forgotten: nobody had to do with it
	}
	if err != nil {
		return err
	}
	if d, err = advance(tx, d); err != nil {
		return err
	}
	switch d.State {
	case Closed:
		_, err = walk(tx, d, step{to: Settled, effective: tx.Now, by: byLines})
		return err
	case Settled, Cancelled, Missed:
		return nil
	case Open: // told before the queue heard that the closing was undone; it will tell again
		if stale, err := undoneSince(tx, d.ID, Closed, d.createdAt); err != nil || stale {
			return err
		}
	}
	return fault.Conflict("market_day.not_closed", "day", "its lines are closed but it is %s", d.State)
}

// ClaimMade counts a claim, so that an edit knows whom it affects.
func (s *Service) ClaimMade(tx *db.Tx, e event.ClaimMade) error { return countClaims(tx, e.DayID, 1) }

// ClaimWithdrawn counts a claim less.
func (s *Service) ClaimWithdrawn(tx *db.Tx, e event.ClaimWithdrawn) error {
	return countClaims(tx, e.DayID, -1)
}

// TicketIssued counts a number.
func (s *Service) TicketIssued(tx *db.Tx, e event.TicketIssued) error {
	return countTickets(tx, e.DayID, 1)
}
