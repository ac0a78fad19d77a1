package scheduler

import (
	"slices"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// beforeCancel is what a cancellation replaces, kept to be put back.
type beforeCancel struct {
	State     State      `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Exception *Exception `json:"exception,omitempty"` // of the day's date
}

// remember keeps what the cancellation of a day is about to replace.
func (m series) remember(tx *db.Tx, d *Day) error {
	d.before = &beforeCancel{State: d.State, Reason: d.Reason}
	if i := slices.IndexFunc(m.Exceptions, func(e Exception) bool { return e.Date == d.Date }); i >= 0 {
		d.before.Exception = &m.Exceptions[i]
	}
	_, err := tx.Exec(`UPDATE market_days SET before_cancel = $2 WHERE id = $1`, d.ID, asJSON(d.before))
	return err
}

// revive makes room for a cancelled day: its replacement goes and the exception
// of its date is again what it was. It refuses when people already count on what
// came in its place.
func (s *Service) revive(tx *db.Tx, d Day) error {
	others, err := someDays(tx, `WHERE d.market_id = $1 AND d.held_on = $2 AND d.id <> $3 AND d.state <> 'cancelled'`, d.MarketID, d.HeldOn, d.ID)
	if err == nil && len(others) > 0 {
		err = fault.Conflict("exception.taken", "day", "there is already a market day on %s", d.HeldOn)
	}
	if err != nil {
		return err
	}
	if d.MovedTo != 0 {
		if err := withdrawExtra(tx, d); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`UPDATE market_days SET before_cancel = '' WHERE id = $1`, d.ID); err != nil {
		return err
	}
	if was := d.before.Exception; was != nil {
		return putException(tx, d.MarketID, *was)
	}
	_, err = deleteException(tx, d.MarketID, d.Date)
	return err
}

// withdrawExtra takes the day away that was to replace a cancelled one.
func withdrawExtra(tx *db.Tx, d Day) error {
	extra, err := someDays(tx, `WHERE d.market_id = $1 AND d.date = $2`, d.MarketID, d.MovedTo)
	if err != nil {
		return err
	}
	for _, x := range extra {
		if x.touched() || x.State != Planned {
			return fault.Conflict("market_day.undo_replaced", "day", "the day that replaces it has begun to take claims")
		}
		if err := outbox.Emit(tx, event.MarketDayCancelled{Day: x.Ref(), Reason: d.Reason}); err != nil {
			return err
		}
		if err := deleteDay(tx, x.ID); err != nil {
			return err
		}
	}
	_, err = deleteException(tx, d.MarketID, d.MovedTo)
	return err
}
