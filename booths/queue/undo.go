package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Undo takes back the move named by Move within ten minutes, while it is still
// the last of the line, or of the ticket named by TicketID: of several who see
// the same offer one takes it back. The undo is a move itself; a number stays
// issued.
func (s *Service) Undo(ctx context.Context, c LineCommand) (Ticket, error) {
	if c.Move < 1 {
		return Ticket{}, fault.Invalid("queue.undo_move", "move", "must name the move that is taken back")
	}
	return s.command(ctx, c, verb(fmt.Sprint(doUndo, " ", c.Move)), func(w *work) (Ticket, error) {
		number := 0
		if c.TicketID != "" {
			t, err := w.named(c)
			if err != nil {
				return t, err
			}
			number = t.Number
		}
		m, err := lastMove(w.tx, w.line.ID, number, w.tx.Now.Add(-undoFor))
		if err != nil {
			return Ticket{}, err
		}
		if m.Seq != c.Move {
			return Ticket{}, fault.Conflict("queue.undo_stale", "move", "it was taken back already, or something came after it")
		}
		return w.undo(m)
	})
}

// UndoLeave takes leaving back, within ten minutes, by the one who left.
func (s *Service) UndoLeave(ctx context.Context, handle string) (Ticket, error) {
	return s.byHandle(ctx, handle, func(w *work, t Ticket) (Ticket, error) {
		m, err := lastMove(w.tx, w.line.ID, t.Number, w.tx.Now.Add(-undoFor))
		if err != nil {
			return t, err
		}
		if m.Verb != doLeave || m.By != byVisitor {
			return t, fault.Conflict("queue.nothing_to_undo", "ticket", "number %d was not given up", t.Number)
		}
		return w.undo(m)
	})
}

func (w *work) undo(m moveRow) (Ticket, error) {
	if err := w.serving(); err != nil {
		return Ticket{}, err
	}
	t, err := getTicket(w.tx, w.line.ID, m.Number)
	if err != nil {
		return t, err
	}
	var was snapshot
	if err := json.Unmarshal([]byte(m.Before), &was); err != nil {
		return t, fmt.Errorf("move %d of line %s: %w", m.Seq, m.LineID, err)
	}
	if t.State != m.ToState {
		return t, fault.Conflict("queue.ticket_moved_on", "ticket", "number %d was moved by somebody else", t.Number)
	}
	if was.State == Waiting && db.Micros(w.tx.Now) >= w.line.ClosesAt {
		return t, fault.Closed("queue.day_closed", "line", "the market day has closed")
	}
	if err := w.cardFree(t, was.State); err != nil {
		return t, err
	}
	after := t.restore(was)
	if err := w.move(t, after, note{verb: doUndo, why: WhyUndo, final: true, undoes: m.Seq}); err != nil {
		return t, err
	}
	if m.Verb == doCall {
		w.line.SincePriority = was.Since
	}
	return after, markUndone(w.tx, w.line.ID, m.Seq, w.line.MoveSeq)
}

// cardFree refuses to revive a ticket whose card has taken another number since.
func (w *work) cardFree(t Ticket, to State) error {
	if t.Proxy || !t.State.Ended() || to.Ended() {
		return nil
	}
	_, err := heldBy(w.tx, t.DayID, t.LineID, t.Visitor)
	switch {
	case err == nil:
		return fault.Conflict("queue.card_waits_again", "ticket", "the holder of number %d has taken another number since", t.Number)
	case fault.KindOf(err) == fault.KindNotFound:
		return nil
	}
	return err
}
