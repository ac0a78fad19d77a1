package queue

import (
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

// closeEarly is an organizer's closing, now; ten minutes later it is certain.
func (p *place) closeEarly() (certain time.Time) {
	p.t.Helper()
	now := p.clock.Now()
	certain = now.Add(undoFor)
	p.hear(func(tx *db.Tx) error {
		return p.s.MarketDayClosed(tx, event.MarketDayClosed{Day: p.day, EffectiveAt: now, ServeUntil: now.Add(grace), UndoUntil: certain})
	})
	return certain
}

// undone is an organizer's step taken back, now.
func (p *place) undone(from, to string) {
	p.t.Helper()
	p.hear(func(tx *db.Tx) error {
		return p.s.MarketDayUndone(tx, event.MarketDayUndone{Day: p.day, From: from, To: to, OpensAt: p.opens, ClosesAt: p.closes(), At: p.clock.Now()})
	})
}

func (p *place) tickNow() time.Time {
	p.t.Helper()
	next, err := p.s.Tick(p.ctx)
	p.ok(err)
	return next
}

func TestAnEarlyCloseIsTakenBack(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Stock, Item, Person)
		var tickets []Ticket
		for _, v := range []string{"a", "b", "c", "d"} {
			tickets = append(tickets, p.take(lines[0], v))
		}
		_, err := p.s.Missed(p.ctx, p.about(p.next(lines[0]))) // a comes after d
		p.ok(err)
		called := p.next(lines[0])
		soup := p.take(lines[1], "a")
		pause := p.cmd(lines[2])
		pause.Reason = WhyShort
		p.ok(p.s.Pause(p.ctx, pause))
		order := p.order(lines[0])

		p.clock.Push(time.Hour)
		p.closeEarly()
		if v := view(p, tickets[2]); v.Ticket.State != Expired {
			t.Fatalf("at close %+v", v.Ticket)
		}
		_, err = p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: lines[0], Visitor: "x", Via: Phone})
		p.refused(err, "queue.day_closed")
		p.clock.Push(5 * time.Minute)
		_, err = p.s.Serve(p.ctx, p.about(called)) // all lines have ended, the day has not
		p.ok(err)
		p.tickNow()
		if n := told[event.LinesClosed](p, nil); n != 0 {
			t.Fatal("the day was told as over while the closing could be taken back")
		}
		p.undone("closed", "open")
		if got := p.order(lines[0]); got != order {
			t.Fatalf("they waited as %s, now as %s", order, got)
		}
		if l := p.line(lines[2]); l.State != LinePaused || l.Why != WhyShort {
			t.Fatalf("the paused line is %s", l.State)
		}
		if l := p.line(lines[1]); l.State != LineOpen || l.StockLeft != 4 || view(p, soup).Ticket.State != Waiting {
			t.Fatalf("the stock line %+v", l)
		}
		if fresh := p.take(lines[0], "e"); fresh.Number != 5 {
			t.Fatalf("the next number is %d", fresh.Number)
		}
		if n := p.next(lines[0]); n.Number != 3 {
			t.Fatalf("called %d", n.Number)
		}
		p.healthy()
		if n := p.tickNow(); !n.IsZero() {
			t.Fatalf("an open day is due at %s", n)
		}
		p.close()
		p.clock.Set(p.closes().Add(grace))
		p.tickNow()
		p.settle()
		// d, a and e, and the soup; b was served, c missed
		if n := told(p, func(e event.DayCounted) bool { return e.CarriedOver == 4 && e.Tickets == 6 }); n != 1 {
			t.Fatalf("the figures say something else")
		}
		p.healthy()
	})
}

// order is how those of a line wait.
func (p *place) order(line string) string {
	p.t.Helper()
	var numbers []string
	p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
		numbers = nil
		return tx.Select(&numbers, `SELECT CAST(number AS TEXT) || '@' || CAST(pos AS TEXT) FROM queue_tickets WHERE line_id = $1 AND state = 'waiting' ORDER BY pos, number`, line)
	}))
	out := ""
	for _, n := range numbers {
		out += n + " "
	}
	return out
}

// Nobody takes it back: the day is over when that is certain, not before, also
// when every line has ended at once.
func TestAnEarlyCloseBecomesCertain(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		p.clock.Push(time.Hour)
		certain := p.closeEarly()
		if next := p.tickNow(); !next.Equal(certain) {
			t.Fatalf("due at %s, want %s", next, certain)
		}
		p.clock.Set(certain.Add(-time.Microsecond))
		p.tickNow()
		if n := told[event.LinesClosed](p, nil); n != 0 {
			t.Fatal("too early")
		}
		p.clock.Set(certain)
		p.tickNow()
		p.tickNow()
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("told %d times", n)
		}
		p.healthy()
	})
}

// A ticket still being served when the closing is certain ends the day itself.
func TestTheLastOneEndsADayClosedEarly(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		called := p.next(line)
		p.clock.Push(time.Hour)
		certain := p.closeEarly()
		p.clock.Set(certain)
		if next := p.tickNow(); !next.Equal(certain.Add(grace - undoFor)) {
			t.Fatalf("due at %s", next)
		}
		p.clock.Push(time.Minute)
		_, err := p.s.Serve(p.ctx, p.about(called))
		p.ok(err)
		if n := told[event.LinesClosed](p, nil); n != 1 {
			t.Fatalf("told %d times", n)
		}
		p.healthy()
	})
}

func TestAnEarlyOpeningIsTakenBack(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		p.open()
		old := p.take(p.lines()[0], "old")
		p.close()
		q := p.on("m1", "2026-12-19")
		q.clock.Set(q.opens.Add(-30 * time.Minute))
		q.publish(booth("b1", "A1", "p1", service("s0", Person, 0)))
		early := q.clock.Now()
		q.hear(func(tx *db.Tx) error {
			return q.s.MarketDayOpened(tx, event.MarketDayOpened{Day: q.day, EffectiveAt: early, ClosesAt: q.closes(), UndoUntil: early.Add(undoFor)})
		})
		line := q.lines()[0]
		untouched := func() error {
			return q.db.Update(q.ctx, func(tx *db.Tx) error { return q.s.Untouched(tx, q.day.CommunityID, q.day.DayID) })
		}
		q.ok(untouched()) // the number carried over stays
		q.undone("open", "confirmed")
		_, err := q.s.Issue(q.ctx, IssueRequest{DayID: q.day.DayID, LineID: line, Visitor: "x", Via: Phone})
		q.refused(err, "queue.not_open")
		if now := view(q, Ticket{Handle: view(q, old).Next}); now.Ticket.Number != 1 || now.Ticket.State != Waiting {
			t.Fatalf("the carried number is %+v", now.Ticket)
		}
		q.healthy()
		q.open()
		if fresh := q.take(line, "x"); fresh.Number != 2 {
			t.Fatalf("number %d", fresh.Number)
		}
		q.refused(untouched(), "queue.numbers_given")
		q.undone("open", "confirmed") // heard all the same when it came between: nothing is lost
		q.healthy()
		q.open()
		if n := q.next(line); n.Number != 1 {
			t.Fatalf("called %d", n.Number)
		}
		q.healthy()
	})
}

// The plan is withdrawn and published again: the same people have the same line.
func TestAPlanIsTakenBack(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Person, 0)), booth("a2", "B1", "p2", service("s1", Person, 0)))
		was := p.lines()
		p.undone("confirmed", "claiming")
		if n := len(p.lines()); n != 0 {
			t.Fatalf("%d lines without a plan", n)
		}
		p.publish(booth("a3", "C1", "p1", service("s0", Person, 0)), booth("a4", "D1", "p3", service("s9", Person, 0)))
		now := p.lines()
		if len(now) != 2 || now[0] != was[0] || now[1] == was[1] {
			t.Fatalf("%v became %v", was, now)
		}
		p.open()
		p.take(now[0], "a")
		p.healthy()
	})
}

// A cancellation is taken back: the lines wait for the opening again, with those
// who came over from the day before first and in their old order.
func TestACancellationIsTakenBack(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		for _, v := range []string{"a", "b"} {
			p.take(line, v)
		}
		p.close()
		p.clock.Set(p.closes().Add(grace))
		p.tickNow()
		p.settle()
		q := p.on("m1", "2026-12-19")
		q.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		q.open() // and undone: now those who came over wait for the opening
		q.undone("open", "confirmed")
		next := q.lines()[0]
		before := q.order(next)
		if before == "" {
			t.Fatal("nobody came over")
		}
		q.hear(func(tx *db.Tx) error {
			return q.s.MarketDayCancelled(tx, event.MarketDayCancelled{Day: q.day, Reason: "雪"})
		})
		if got := q.order(next); got != "" {
			t.Fatalf("cancelled, %s wait", got)
		}
		for range 2 { // heard twice is once
			q.undone("cancelled", "confirmed")
		}
		if got := q.order(next); got != before {
			t.Fatalf("they waited as %s, now as %s", before, got)
		}
		q.healthy()
		q.open()
		if n := q.next(next); n.Number != 1 {
			t.Fatalf("called %d", n.Number)
		}
		if fresh := q.take(next, "c"); fresh.Number != 3 {
			t.Fatalf("the next number is %d", fresh.Number)
		}
		q.healthy()
	})
}
