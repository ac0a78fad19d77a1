package queue

import (
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
		l, err := lockLine(tx, id) // nobody takes a number while we look
		if err != nil {
			return err
		}
		var moved int
		if err := tx.Get(&moved, `SELECT COUNT(*) FROM queue_tickets WHERE line_id = $1 AND (NOT carried OR state <> 'waiting')`, id); err != nil {
			return err
		}
		if l.CommunityID == communityID && (moved > 0 || l.Blocked > 0) {
			return fault.Conflict("queue.numbers_given", "day", "numbers of %s have been given already", l.BoothCode)
		}
	}
	return nil
}

// MarketDayUndone takes an organizer's early step back.
//
//	confirmed  the lines of the plan go; whoever stands there again gets them back
//	open       the lines wait for the opening, with the numbers they have
//	closed     the lines are open as before, those sent home wait again with their numbers
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
	}
	return nil
}

// reopen takes the close of a line back.
func (w *work) reopen(closes time.Time) error {
	from := w.line.Phase
	w.line.Phase, w.line.ClosesAt, w.line.ServeUntil = phaseOpen, db.Micros(closes), 0
	if err := w.changed("opened", from, WhyReopened); err != nil {
		return err
	}
	var sent []moveRow
	err := w.tx.Select(&sent, `SELECT `+moveColumns+` FROM queue_moves WHERE line_id = $1 AND verb = 'expire' AND why = '`+WhyDayClosed+`' AND undone_by = 0
		ORDER BY seq`, w.line.ID)
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
