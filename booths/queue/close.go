package queue

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
)

// expireWaiting ends everybody who waits; they come first next time.
func (w *work) expireWaiting(why string) error {
	waiting, err := manyTickets(w.tx, `WHERE line_id = $1 AND state = 'waiting' ORDER BY pos, number`, w.line.ID)
	if err != nil {
		return err
	}
	for _, t := range waiting {
		if err := w.expire(t, why); err != nil {
			return err
		}
		if err := insertCarry(w.tx, w.line, t); err != nil {
			return err
		}
	}
	return nil
}

// endCalled ends what was called when the time for it is over: who never came
// is missed, what was taken in counts as served.
func (w *work) endCalled() error {
	open, err := manyTickets(w.tx, `WHERE line_id = $1 AND state IN ('called', 'serving', 'ready') ORDER BY pos, number`, w.line.ID)
	if err != nil {
		return err
	}
	for _, t := range open {
		v := doServe
		if t.State == Called {
			v = doMiss
		}
		after, err := step(t, w.line.Kind, v, w.tx.Now)
		if err != nil {
			return err
		}
		if err := w.move(t, after, note{verb: v, why: WhyGraceOver, by: byClock, final: true}); err != nil {
			return err
		}
	}
	return nil
}

// Tick ends the lines of closed days whose time for the called has run out, and
// days whose lines have all ended when their early closing is certain. It
// returns when to come again; zero when no day is waiting for that. Nothing
// else is done by the clock: 过号 is always a person's press.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	var due []string
	err = s.db.View(ctx, func(tx *db.Tx) error {
		due = nil
		return tx.Select(&due, `SELECT id FROM queue_days WHERE state = 'closed' AND lines_closed_at = 0
			AND (serve_until <= $1 OR undo_until > 0 AND undo_until <= $1) ORDER BY serve_until, id`, db.Micros(tx.Now))
	})
	if err != nil {
		return time.Time{}, err
	}
	for _, id := range due {
		if err := s.db.Update(ctx, func(tx *db.Tx) error { return endDue(tx, id) }); err != nil {
			return time.Time{}, err
		}
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var µs int64
		err := tx.Get(&µs, `SELECT COALESCE(MIN(CASE WHEN undo_until > 0 THEN undo_until ELSE serve_until END), 0) FROM queue_days WHERE state = 'closed' AND lines_closed_at = 0`)
		next = instant(µs)
		return err
	})
	return next, err
}

// endDue ends what is due of a closed day at tx.Now.
func endDue(tx *db.Tx, dayID string) error {
	if _, err := tx.Exec(`UPDATE queue_days SET undo_until = 0 WHERE id = $1 AND undo_until <= $2`, dayID, db.Micros(tx.Now)); err != nil {
		return err
	}
	d, err := getDay(tx, dayID)
	switch {
	case err != nil || d.State != "closed": // taken back meanwhile
		return err
	case d.ServeUntil > db.Micros(tx.Now):
		return tellLinesClosed(tx, d.event())
	}
	return endGrace(tx, dayID)
}

func endGrace(tx *db.Tx, dayID string) error {
	ids, err := lineIDs(tx, dayID, phasePlanned, phaseOpen, phaseClosing)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := lockByID(tx, id, byClock)
		if err != nil {
			return err
		}
		if w.line.Phase == phaseClosed { // the last one was served meanwhile
			continue
		}
		w.line.Phase = phaseClosing
		if err := w.endCalled(); err != nil {
			return err
		}
		if err := w.finish(); err != nil {
			return err
		}
	}
	d, err := getDay(tx, dayID)
	if err != nil {
		return err
	}
	return tellLinesClosed(tx, d.event())
}

func noRows(err error) bool { return errors.Is(err, db.ErrNoRows) }
