package queue

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// doReopen is the move of a ticket that waits again.
const doReopen verb = "reopen"

// Untouched refuses to take an early opening back once somebody has taken a
// number or was called: those numbers were shown. Numbers that were carried over
// from an earlier day stay as they are and wait for the opening.
func (s *Service) Untouched(tx *db.Tx, communityID, dayID string) error {
	ids, err := lineIDs(tx, dayID, phasePlanned, phaseOpen, phaseClosing, phaseClosed)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := lockLine(tx, id); err != nil { // nobody takes a number while we look
			return err
		}
	}
	given, err := numbersGiven(tx, communityID, dayID)
	if err == nil && given {
		err = fault.Conflict("queue.numbers_given", "day", "numbers of the day have been given already")
	}
	return err
}

// NumbersGiven reports whether Untouched would refuse.
func (s *Service) NumbersGiven(ctx context.Context, communityID, dayID string) (given bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { given, err = numbersGiven(tx, communityID, dayID); return err })
	return given, err
}

func numbersGiven(tx *db.Tx, communityID, dayID string) (bool, error) {
	var lines int
	err := tx.Get(&lines, `SELECT COUNT(*) FROM queue_lines l WHERE l.day_id = $1 AND l.community_id = $2 AND l.phase IN ($3,$4,$5,$6)
		AND (l.blocked > 0 OR EXISTS (SELECT 1 FROM queue_tickets t WHERE t.line_id = l.id AND (NOT t.carried OR t.state <> 'waiting')))`,
		dayID, communityID, phasePlanned, phaseOpen, phaseClosing, phaseClosed)
	return lines > 0, err
}

// MarketDayUndone takes an organizer's early step back.
//
//	confirmed  the lines of the plan go; whoever stands there again gets them back
//	open       the lines wait for the opening, with the numbers they have
//	closed     the lines are open as before, those sent home wait again with their numbers
//	cancelled  the lines wait for the opening again, with the numbers they had
func (s *Service) MarketDayUndone(tx *db.Tx, e event.MarketDayUndone) error {
	switch e.From {
	case "confirmed":
		return onDay(tx, e.DayID, []string{phasePlanned, phaseOpen}, func(_ *dayRow, lines []*work) error {
			for _, w := range lines {
				if err := w.release(); err != nil {
					return err
				}
			}
			return nil
		})
	case "open":
		return onDay(tx, e.DayID, []string{phaseOpen}, func(d *dayRow, lines []*work) error {
			if d.State != "open" {
				return nil
			}
			d.State, d.OpensAt = "planned", db.Micros(e.OpensAt)
			for _, w := range lines {
				w.line.Phase = phasePlanned
				w.line.opens(d.OpensAt)
				if err := w.changed(phasePlanned, phaseOpen, WhyReopened); err != nil {
					return err
				}
				if err := w.finish(); err != nil {
					return err
				}
			}
			return nil
		})
	case "closed":
		return onDay(tx, e.DayID, []string{phaseClosing, phaseClosed}, func(d *dayRow, lines []*work) error {
			if d.State != "closed" {
				return nil
			}
			d.State, d.ClosesAt, d.ServeUntil, d.UndoUntil = "open", db.Micros(e.ClosesAt), 0, 0
			if _, err := tx.Exec(`UPDATE queue_days SET lines_closed_at = 0 WHERE id = $1`, d.ID); err != nil {
				return err
			}
			for _, w := range lines {
				if err := w.reopen(e.ClosesAt); err != nil {
					return err
				}
			}
			return nil
		})
	case "cancelled":
		return onDay(tx, e.DayID, []string{phaseRemoved, phaseClosed}, func(d *dayRow, lines []*work) error {
			if d.State != "cancelled" {
				return nil
			}
			d.State = "planned"
			for _, w := range lines {
				if err := w.restore(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return nil
}

// restore brings back a line that went with its cancelled day. One whose booth
// was given back before stays away.
func (w *work) restore() error {
	if w.line.Released {
		return nil
	}
	from := w.line.Phase
	w.line.Phase = phasePlanned
	if err := w.changed(phasePlanned, from, WhyReopened); err != nil {
		return err
	}
	return w.readmitAll(WhyDayCancelled)
}

// reopen takes the close of a line back.
func (w *work) reopen(closes time.Time) error {
	from := w.line.Phase
	w.line.Phase, w.line.ClosesAt, w.line.ServeUntil = phaseOpen, db.Micros(closes), 0
	if err := w.changed("opened", from, WhyReopened); err != nil {
		return err
	}
	return w.readmitAll(WhyDayClosed)
}

// readmitAll lets those wait again who were sent home for a reason, and saves the line.
func (w *work) readmitAll(why string) error {
	var sent []moveRow
	err := w.tx.Select(&sent, `SELECT `+moveColumns+` FROM queue_moves WHERE line_id = $1 AND verb = 'expire' AND why = $2 AND undone_by = 0
		ORDER BY seq`, w.line.ID, why)
	if err != nil {
		return err
	}
	for _, m := range sent {
		if err := w.readmit(m); err != nil {
			return err
		}
	}
	return w.finish()
}

// readmit lets a ticket wait again that the close sent home, unless it has a
// number of the next day already.
func (w *work) readmit(m moveRow) error {
	t, err := getTicket(w.tx, m.LineID, m.Number)
	if err != nil {
		return err
	}
	back, err := carryBack(w.tx, t)
	if err != nil || !back {
		return err
	}
	after := t
	after.State, after.EndedAt = Waiting, time.Time{}
	if err := w.move(t, after, note{verb: doReopen, why: WhyReopened, final: true, undoes: m.Seq}); err != nil {
		return err
	}
	return markUndone(w.tx, w.line.ID, m.Seq, w.line.MoveSeq)
}
