package queue

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

// G4: nobody records the close, and no number is issued after it all the same.
func TestNoNumberAfterClosingThatNobodyRecorded(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		kept := p.take(line, "early")
		called := p.next(line)
		p.take(line, "waits")
		p.clock.Set(p.closes().Add(-20 * time.Microsecond))
		acrossTheClose(p, func(i int) error {
			_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Desk, Key: p.key("k", i)})
			return err
		})
		p.clock.Set(p.closes())
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "late", Via: Desk})
		p.refused(err, "queue.day_closed")
		_, err = p.s.Next(p.ctx, p.cmd(line))
		p.refused(err, "queue.day_closed")
		if l := p.line(line); l.State != LineClosing {
			t.Fatalf("the line says %s", l.State)
		}
		if again := p.take(line, "early"); again.Number != kept.Number { // shown, not issued
			t.Fatalf("the number became %d", again.Number)
		}
		_, err = p.s.Serve(p.ctx, p.about(called)) // who was called is served
		p.ok(err)
		p.healthy()
		p.clock.Push(time.Hour)
		p.close() // recorded an hour late
		p.healthy()
		if n := late(p); n != 0 {
			t.Fatalf("%d numbers after closing", n)
		}
	})
}

// acrossTheClose issues from several sides while the clock passes the close.
func acrossTheClose(p *place, issue func(i int) error) {
	var wg sync.WaitGroup
	for side := range 4 {
		wg.Go(func() {
			for i := range 20 {
				_ = issue(side*100 + i)
				p.clock.Push(time.Microsecond)
			}
		})
	}
	wg.Wait()
}

func late(p *place) int {
	p.t.Helper()
	var n int
	p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(*) FROM queue_tickets WHERE day_id = $1 AND issued_at >= $2`, p.day.DayID, db.Micros(p.closes()))
	}))
	return n
}

// The control: the same rig, judged by what is recorded, must go red.
func TestControlNumbersAfterClosingAreNoticed(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.clock.Set(p.closes().Add(-20 * time.Microsecond))
		acrossTheClose(p, func(int) error { return naiveIssue(p, line) })
		if late(p) == 0 {
			t.Fatal("the control issued nothing after closing: the rig sees nothing")
		}
		broken, err := p.db.Check(p.ctx, Invariants)
		p.ok(err)
		if len(broken) == 0 {
			t.Fatal("the invariants did not notice")
		}
	})
}

// naiveIssue believes the stored phase.
func naiveIssue(p *place, line string) error {
	return p.db.Update(p.ctx, func(tx *db.Tx) error {
		var l lineRow
		if err := tx.Get(&l, `UPDATE queue_lines SET next_number = next_number + 1 WHERE id = $1 AND phase = 'open' RETURNING `+lineColumns, line); err != nil {
			return err
		}
		t := newTicket(tx, l, IssueRequest{Visitor: db.NewID(), Via: Desk})
		_, err := insertTicket(tx, t, "", "")
		return err
	})
}

func TestUnservedComeFirstNextTime(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		places := []event.Place{
			booth("a1", "A1", "p1", service("s0", Person, 0)), booth("a2", "B1", "p2", service("s1", Stock, 9)),
			booth("a3", "C1", "p3", service("s2", Person, 0)), booth("a4", "D1", "p4", service("gone", Person, 0))}
		p.publish(places...)
		p.open()
		lines := p.lines()
		var old []Ticket
		for _, v := range []string{"a", "b", "c", "d", "e"} {
			old = append(old, p.take(lines[0], v))
		}
		proxy, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: lines[0], Visitor: "e", Via: Phone, Proxy: true})
		p.ok(err)
		_, err = p.s.Missed(p.ctx, p.about(p.next(lines[0]))) // a comes after d
		p.ok(err)
		soup, sewing, lost := p.take(lines[1], "a"), p.take(lines[2], "b"), p.take(lines[3], "b")
		p.close()
		if v := view(p, old[0]); v.Ticket.State != Expired || v.Next != "" {
			t.Fatalf("at close %+v", v)
		}
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("lines closed told %d times", n)
		}
		p.settle()
		if n := told(p, func(e event.DayCounted) bool { return e.CarriedOver == 9 }); n != 1 {
			t.Fatal("the figures do not say nine carried over")
		}
		p.healthy()

		q := p.on("m1", "2026-12-19")
		places[2] = booth("b3", "A9", "p7", service("s9", Person, 0)) // another partner, the same service by name
		places[2].Services[0].Name = "服务s2"
		q.publish(places[:3]...)
		q.open()
		for i, want := range []Ticket{old[1], old[2], old[3], old[0], old[4], proxy} {
			v := view(q, want)
			now := view(q, Ticket{Handle: v.Next})
			if now.Ticket.Number != i+1 || !now.Ticket.Carried || now.Ticket.DayID != q.day.DayID || now.Ticket.Visitor != want.Visitor {
				t.Fatalf("number %d became %+v, want number %d", want.Number, now.Ticket, i+1)
			}
		}
		for _, one := range []Ticket{soup, sewing} {
			if v := view(q, Ticket{Handle: view(q, one).Next}); v.Ticket.Number != 1 {
				t.Fatalf("%+v became %+v", one, v.Ticket)
			}
		}
		if fresh := q.take(q.lines()[0], "new"); fresh.Number != 7 {
			t.Fatalf("a newcomer got %d", fresh.Number)
		}
		if n := told[event.VisitorCheckedIn](q, nil); n != 1 {
			t.Fatalf("%d counted as present, only one has come", n)
		}
		came, err := q.s.Serve(q.ctx, q.about(q.next(q.lines()[0])))
		q.ok(err)
		if n := told[event.VisitorCheckedIn](q, nil); n != 2 || !came.Carried {
			t.Fatalf("%d counted after one was served", n)
		}
		q.close()
		r := q.on("m1", "2027-01-19")
		r.publish(booth("c4", "D1", "p4", service("gone", Person, 0)))
		r.open()
		if v := view(r, lost); v.Next != "" {
			t.Fatal("what found no line on the next day should lapse")
		}
		r.healthy()
	})
}

func view(p *place, t Ticket) TicketView {
	p.t.Helper()
	v, err := p.s.TicketByHandle(p.ctx, t.Handle)
	p.ok(err)
	return v
}

// A day that was recorded as open only after it was over gives no number, not even a carried one.
func TestNothingIsCarriedIntoADayThatIsOver(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		old := p.take(line, "a")
		p.close()
		q := p.on("m1", "2026-12-19")
		q.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		q.clock.Set(q.closes().Add(time.Hour))
		q.open()
		q.close()
		q.healthy()
		if v := view(q, old); v.Next != "" || q.line(q.lines()[0]).Issued != 0 {
			t.Fatalf("issued after closing: %+v", v)
		}
		if n := told[event.LinesClosed](q, nil); n != 1 {
			t.Fatalf("told %d times", n)
		}
	})
}

func TestTickEndsTheGrace(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Item, Item)
		var handles []string
		for _, l := range lines {
			handles = append(handles, p.take(l, "a").Handle)
		}
		first := p.next(lines[0])
		_, err := p.s.Accept(p.ctx, p.about(p.next(lines[1])))
		p.ok(err)
		_, err = p.s.Ready(p.ctx, p.about(p.next(lines[2])))
		p.ok(err)
		if next, err := p.s.Tick(p.ctx); err != nil || !next.IsZero() {
			t.Fatalf("an open day is due at %v %v", next, err)
		}
		p.close()
		end := p.closes().Add(grace)
		if next, err := p.s.Tick(p.ctx); err != nil || !next.Equal(end) {
			t.Fatalf("next %v %v", next, err)
		}
		p.clock.Set(end)
		_, err = p.s.ServeAndNext(p.ctx, p.cmd(lines[0])) // too late even before the tick
		p.refused(err, "queue.day_closed")
		_, err = p.s.Serve(p.ctx, p.about(first))
		p.refused(err, "queue.line_closed")
		_, err = p.s.Leave(p.ctx, view(p, Ticket{Handle: handles[0]}).Ticket.Handle)
		p.refused(err, "queue.line_closed")
		for range 2 {
			if next, err := p.s.Tick(p.ctx); err != nil || !next.IsZero() {
				t.Fatalf("next %v %v", next, err)
			}
		}
		c, err := p.s.Card(p.ctx, "a", p.day.DayID)
		p.ok(err)
		got := map[string]State{}
		for _, v := range c.Tickets {
			got[v.Ticket.LineID] = v.Ticket.State
		}
		if got[lines[0]] != Missed || got[lines[1]] != Served || got[lines[2]] != Served {
			t.Fatalf("ended as %v", got)
		}
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("lines closed told %d times", n)
		}
		p.settle()
		p.healthy()
	})
}

func TestADayWithoutLinesAndOtherEnds(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.open()
		p.close()
		p.close() // recorded twice changes nothing
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("lines closed told %d times", n)
		}
		q := p.on("m2", "2026-11-20")
		q.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		q.hear(func(tx *db.Tx) error { return q.s.MarketDayCancelled(tx, event.MarketDayCancelled{Day: q.day}) })
		if len(q.lines()) != 0 {
			t.Fatal("a cancelled day has lines")
		}
		r := p.on("m3", "2026-11-21")
		r.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		r.hear(func(tx *db.Tx) error {
			return r.s.MarketDayMoved(tx, event.MarketDayMoved{Day: r.day, OpensAt: r.opens.Add(24 * time.Hour), ClosesAt: r.closes().Add(24 * time.Hour)})
		})
		r.clock.Set(r.opens)
		_, err := r.s.Issue(r.ctx, IssueRequest{DayID: r.day.DayID, LineID: r.lines()[0], Via: Phone})
		r.refused(err, "queue.not_open")
		r.hear(func(tx *db.Tx) error { return r.s.MarketDayMissed(tx, event.MarketDayMissed{Day: r.day}) })
		r.healthy()
	})
}

// Closed by the organizer before the planned time: effective when heard.
func TestEarlyClose(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		early := p.clock.Now()
		p.clock.Push(-time.Millisecond) // another process, whose clock is a little behind
		p.hear(func(tx *db.Tx) error {
			return p.s.MarketDayClosed(tx, event.MarketDayClosed{Day: p.day, EffectiveAt: early, ServeUntil: early.Add(grace)})
		})
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Phone})
		p.refused(err, "queue.day_closed")
		_, err = p.s.CheckIn(p.ctx, p.day.DayID, "x", Phone, "")
		p.refused(err, "queue.day_closed")
		p.healthy()
	})
}

// After closing nobody comes back to waiting, but a mis-tap can still be undone.
func TestUndoAfterClosing(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.clock.Set(p.closes().Add(-time.Minute))
		p.take(line, "a")
		p.take(line, "b")
		a, b := p.next(line), p.next(line)
		p.close()
		_, err := p.s.Serve(p.ctx, p.about(a))
		p.ok(err)
		back, err := p.undo(p.cmd(line))
		p.ok(err)
		if back.Number != a.Number || back.State != Called {
			t.Fatalf("undone %+v", back)
		}
		_, err = p.undo(p.about(b))
		p.refused(err, "queue.day_closed")
		gone, err := p.s.Missed(p.ctx, p.about(b))
		p.ok(err)
		if gone.State != Missed {
			t.Fatalf("missed after closing %+v", gone)
		}
		p.healthy()
	})
}

// Two last tickets served at once: the end of the lines is told exactly once.
func TestTheEndIsToldOnce(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Person, Person)
		var called []Ticket
		for _, l := range lines {
			p.take(l, fmt.Sprint("v", rand.Int()))
			called = append(called, p.next(l))
		}
		p.close()
		var wg sync.WaitGroup
		for _, c := range called {
			wg.Go(func() { _, _ = p.s.Serve(p.ctx, p.about(c)) })
		}
		wg.Wait()
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("told %d times", n)
		}
	})
}
