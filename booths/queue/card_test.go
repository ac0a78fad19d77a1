package queue

import (
	"testing"

	"yiji/internal/db"
)

func TestTheDeskFindsANumberOfItsOwnCommunity(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		had := p.take(line, "v1")
		got, err := p.s.TicketByID(p.ctx, "c1", TicketID(line, had.Number))
		p.ok(err)
		if got.Ticket.Handle != had.Handle || got.Line.ID != line {
			t.Errorf("%+v", got)
		}
		for _, id := range []string{"", "-", line, line + "-2", line + "-01", "none-1", line + "-" + had.Handle} {
			_, err := p.s.TicketByID(p.ctx, "c1", id)
			p.refused(err, "queue.ticket_unknown")
		}
		_, err = p.s.TicketByID(p.ctx, "c2", had.ID)
		p.refused(err, "queue.ticket_unknown")
	})
}

// Who is forgotten leaves the lines; nothing leads from one of the numbers to
// another or to the card any more, and the counts stay.
func TestForgettingACard(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Item, Stock, Person)
		waits, item, cup, served := p.take(lines[0], "v1"), p.take(lines[1], "v1"), p.take(lines[2], "v1"), p.take(lines[3], "v1")
		other := p.take(lines[0], "v2")
		p.next(lines[3])
		_, err := p.s.Serve(p.ctx, p.about(served))
		p.ok(err)
		p.next(lines[1])
		_, err = p.s.Accept(p.ctx, p.about(item))
		p.ok(err)

		p.ok(p.s.Forget(p.ctx, "v1"))
		p.ok(p.s.Forget(p.ctx, "v1"))
		p.ok(p.s.Forget(p.ctx, ""))
		p.ok(p.s.Forget(p.ctx, "nobody"))

		card, err := p.s.Card(p.ctx, "v1", p.day.DayID)
		p.ok(err)
		if card.CheckedIn || len(card.Tickets) != 0 {
			t.Errorf("the card still holds %+v", card)
		}
		for _, gone := range []Ticket{waits, cup, served} {
			_, err := p.s.TicketByHandle(p.ctx, gone.Handle)
			p.refused(err, "queue.ticket_unknown")
		}
		if v, err := p.s.TicketByHandle(p.ctx, item.Handle); err != nil || v.Ticket.State != Serving || v.Ticket.Visitor == "v1" {
			t.Errorf("an item handed in must stay: %+v %v", v, err)
		}
		if v, err := p.s.TicketByHandle(p.ctx, other.Handle); err != nil || v.Ahead != 0 {
			t.Errorf("somebody else: %+v %v", v, err)
		}
		if l := p.line(lines[2]); l.StockLeft != 5 {
			t.Errorf("the piece did not come back: %d left", l.StockLeft)
		}
		var cards, left int
		p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
			if err := tx.Get(&cards, `SELECT COUNT(*) FROM queue_visits WHERE day_id = $1`, p.day.DayID); err != nil {
				return err
			}
			return tx.Get(&left, `SELECT COUNT(*) FROM queue_tickets WHERE visitor = 'v1' AND day_id = $1`, p.day.DayID)
		}))
		if cards != 2 || left != 0 {
			t.Errorf("%d visitors counted, %d numbers still tied to the card", cards, left)
		}
		p.healthy()
	})
}

// A number that would come first next time goes with the card.
func TestForgettingGivesUpTheNextDay(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "v1")
		kept := p.take(line, "v2")
		p.close()
		p.ok(p.s.Forget(p.ctx, "v1"))
		next := p.on("m1", "2026-12-19")
		next.publish(booth("a2", "A1", "p1", service("s0", Person, 0)))
		next.open()
		if l := next.line(next.lines()[0]); l.Issued != 1 {
			t.Errorf("%d numbers carried over, want the one that was kept", l.Issued)
		}
		v, err := p.s.TicketByHandle(p.ctx, kept.Handle)
		p.ok(err)
		if v.Next == "" {
			t.Error("the one who was not forgotten has no next number")
		}
		next.healthy()
	})
}
