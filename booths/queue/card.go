package queue

import (
	"context"
	"errors"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// TicketByID returns a number as the desk sees it, to print it again or to
// give it up for somebody. The answer holds the number's secret.
func (s *Service) TicketByID(ctx context.Context, communityID, ticketID string) (TicketView, error) {
	var v TicketView
	err := s.db.View(ctx, func(tx *db.Tx) error {
		cut := strings.LastIndexByte(ticketID, '-')
		if cut < 1 {
			return errTicketUnknown()
		}
		number := numberOf(ticketID[:cut], ticketID)
		t, err := getTicket(tx, ticketID[:cut], number)
		if err != nil {
			return err
		}
		v, err = ticketView(tx, t)
		if err == nil && v.Line.CommunityID != communityID {
			v, err = TicketView{}, errTicketUnknown()
		}
		return err
	})
	return v, err
}

// TicketID is the name of a number in a line.
func TicketID(lineID string, number int) string { return ticketID(lineID, number) }

// Forget deletes what ties a card's numbers together and to its holder: who
// still waits is taken out of the line, every number gets a card of its own
// that nobody holds, the addresses of numbers that are over lead nowhere any
// more. An item that was handed in keeps its number and address until it is
// picked up. An unknown card is no error: afterwards there is none.
func (s *Service) Forget(ctx context.Context, visitor string) error {
	if visitor == "" {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		held, err := manyTickets(tx, `WHERE visitor = $1 ORDER BY line_id, number`, visitor)
		if err != nil {
			return err
		}
		for _, t := range held {
			if err := forget(tx, t); err != nil {
				return err
			}
		}
		return errors.Join(forgetCarry(tx, visitor), forgetVisits(tx, visitor))
	})
}

func forget(tx *db.Tx, t Ticket) error {
	w, err := lockByID(tx, t.LineID, byVisitor)
	if err != nil {
		return err
	}
	if t, err = getTicket(tx, t.LineID, t.Number); err != nil { // as it is now that the line is held
		return err
	}
	if t.State == Waiting || t.State == Called {
		after, err := step(t, w.line.Kind, doLeave, tx.Now)
		if err != nil {
			return err
		}
		if err := w.move(t, after, note{verb: doLeave, by: byVisitor, final: true}); err != nil {
			return err
		}
		t = after
	}
	handle := t.Handle
	if t.State.Ended() {
		handle = db.NewID()
	}
	_, err = tx.Exec(`UPDATE queue_tickets SET visitor = $3, handle = $4 WHERE line_id = $1 AND number = $2`, t.LineID, t.Number, nobodysCard(), handle)
	return errors.Join(err, w.finish())
}

// nobodysCard is a card that nobody holds; invariants know it by its beginning.
func nobodysCard() string { return "gone-" + db.NewID() }

// forgetCarry gives up the places on the next day.
func forgetCarry(tx *db.Tx, visitor string) error {
	_, err := tx.Exec(`UPDATE queue_carry SET visitor = $2, state = CASE WHEN state = 'waiting' THEN 'lapsed' ELSE state END WHERE visitor = $1`,
		visitor, nobodysCard())
	return err
}

// forgetVisits keeps the counts of the days and no card.
func forgetVisits(tx *db.Tx, visitor string) error {
	var days []string
	if err := tx.Select(&days, `SELECT day_id FROM queue_visits WHERE visitor = $1`, visitor); err != nil {
		return err
	}
	for _, d := range days {
		if _, err := tx.Exec(`UPDATE queue_visits SET visitor = $3 WHERE day_id = $1 AND visitor = $2`, d, visitor, nobodysCard()); err != nil {
			return err
		}
	}
	return nil
}

// DeskLast returns the numbers that the desk gave last on a day, newest first,
// to print them again or to take one back.
func (s *Service) DeskLast(ctx context.Context, communityID, dayID string, most int) ([]Ticket, error) {
	var list []Ticket
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		list, err = manyTickets(tx, `WHERE day_id = $1 AND via = 'desk' AND line_id IN (SELECT id FROM queue_lines WHERE day_id = $1 AND community_id = $2)
			ORDER BY issued_at DESC, line_id, number DESC LIMIT $3`, dayID, communityID, most)
		return err
	})
	for i := range list {
		list[i] = list[i].Public()
	}
	return list, err
}

// TakeBack gives up the number that was issued under a key and whose answer the
// desk never got, because its holder was given another one meanwhile. It
// answers that number, 0 when none was issued; one that was called stays.
func (s *Service) TakeBack(ctx context.Context, communityID, lineID, key string) (number int, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		number = 0
		w, err := lockByID(tx, lineID, byVisitor)
		if err != nil {
			return err
		}
		if w.line.CommunityID != communityID {
			return errLineUnknown()
		}
		t, err := oneTicket(tx, `WHERE issue_key = $1 AND issue_key <> '' AND line_id = $2`, key, lineID)
		if fault.Is(err, "queue.ticket_unknown") {
			return nil
		}
		if err != nil {
			return err
		}
		number = t.Number
		if t.State != Waiting || w.serving() != nil {
			return nil
		}
		after, err := step(t, w.line.Kind, doLeave, tx.Now)
		if err != nil {
			return err
		}
		if err := w.move(t, after, note{verb: doLeave, by: byVisitor}); err != nil {
			return err
		}
		return w.finish()
	})
	return number, err
}
