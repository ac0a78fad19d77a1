package notify

import (
	"strconv"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

// holdSpare is how long a message is held beyond the time in which its cause can
// be taken back: the undo of the last second has to be heard first.
const holdSpare = 30 * time.Second

// holdUntil is when a message about an organizer's early step may go out; zero
// when nobody may take the step back.
func holdUntil(undo time.Time) time.Time {
	if undo.IsZero() {
		return undo
	}
	return undo.Add(holdSpare)
}

// MarketDayConfirmed notes how long the messages about the plan are held.
func (s *Service) MarketDayConfirmed(tx *db.Tx, e event.MarketDayConfirmed) error {
	_, err := tx.Exec(`UPDATE notify_days SET hold_until = $2 WHERE day_id = $1`, e.DayID, microsOrZero(holdUntil(e.UndoUntil)))
	return err
}

// MarketDayUndone goes back to where the day was. What the step had to say to
// people was held and is not said; if the step is made again, it is said then.
// Programs that listen hear the event.
func (s *Service) MarketDayUndone(tx *db.Tx, e event.MarketDayUndone) error {
	var err error
	switch e.From {
	case "confirmed":
		if _, err = tx.Exec(`DELETE FROM notify_places WHERE day_id = $1`, e.DayID); err == nil {
			_, err = tx.Exec(`UPDATE notify_days SET hold_until = 0 WHERE day_id = $1`, e.DayID)
		}
		if err == nil {
			err = s.unsay(tx, e, event.BoothsPublished{}, BoothsPublished, PlanPublished)
		}
	case "open":
		if _, err = tx.Exec(`UPDATE notify_days SET state = 'planned', opened_at = 0 WHERE day_id = $1 AND state = 'open'`, e.DayID); err == nil {
			err = s.unsay(tx, e, event.MarketDayOpened{}, DayOpened)
		}
	case "cancelled":
		if _, err = tx.Exec(`UPDATE notify_days SET state = 'planned', reminded = FALSE WHERE day_id = $1 AND state = 'cancelled'`, e.DayID); err == nil {
			err = s.usefulAgain(tx, e)
		}
		if err == nil {
			err = s.unsay(tx, e, event.MarketDayCancelled{}, DayCancelled)
		}
	case "closed":
		if _, err = tx.Exec(`UPDATE notify_days SET state = 'open', closed_at = 0, forget_at = $2 WHERE day_id = $1 AND state = 'closed'`,
			e.DayID, db.Micros(e.ClosesAt.Add(forgetAfter))); err == nil {
			if err = s.usefulAgain(tx, e); err == nil {
				err = s.unsay(tx, e, event.MarketDayClosed{})
			}
		}
	}
	if err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	s.Wake()
	return s.toWebhooks(tx, d, e, strconv.FormatInt(db.Micros(e.At), 10))
}

// unsay keeps the messages about a step from going out, and makes room for those
// that follow when it is made again; fact is what programs are told then anew.
func (s *Service) unsay(tx *db.Tx, e event.MarketDayUndone, fact event.Event, kinds ...Kind) error {
	if err := s.overtake(tx, e.DayID, kinds...); err != nil {
		return err
	}
	suffix := ":undone:" + strconv.FormatInt(db.Micros(e.At), 10)
	for _, k := range kinds {
		if _, err := tx.Exec(`UPDATE notify_deliveries SET reason = reason || $3 WHERE day_id = $1 AND kind = $2`, e.DayID, string(k), suffix); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE notify_deliveries SET reason = reason || $3 WHERE day_id = $1 AND reason = $2`, e.DayID, hookReason(fact, e.DayID, ""), suffix)
	return err
}

// usefulAgain lets what waited for its time when the day was closed or cancelled
// wait again: the step had put an end to it within the last ten minutes. What
// the opening itself put an end to, a reminder, stays over.
func (s *Service) usefulAgain(tx *db.Tx, e event.MarketDayUndone) error {
	_, err := tx.Exec(`UPDATE notify_deliveries SET state = 'queued', why = '', finished_at = 0, useful_until = $2, next_at = $3
		WHERE day_id = $1 AND state IN ('queued', 'retry', 'skipped') AND why IN ('', $4) AND useful_until BETWEEN $5 AND $3
			AND useful_until <> $6 AND reason NOT LIKE '%:undone:%'`,
		e.DayID, db.Micros(e.ClosesAt), db.Micros(tx.Now), whyNotUseful, db.Micros(e.At.Add(-undoFor)), db.Micros(e.OpensAt))
	return err
}

// undoFor is how long an organizer's step may be taken back (scheduler.UndoFor).
const undoFor = 10 * time.Minute
