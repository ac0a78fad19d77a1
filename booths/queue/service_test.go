package queue

import (
	"fmt"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

func TestADayOfALine(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		line := p.lines()[0]
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Phone})
		p.refused(err, "queue.not_open")
		p.open()
		a, b := p.take(line, "va"), p.take(line, "vb")
		if a.Number != 1 || b.Number != 2 || a.Handle == b.Handle || a.State != Waiting {
			t.Fatalf("got %+v %+v", a, b)
		}
		if again := p.take(line, "va"); again.Number != 1 || again.Handle != a.Handle {
			t.Fatalf("the same card got %d", again.Number)
		}
		proxy, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "va", Via: Phone, Proxy: true})
		p.ok(err)
		if proxy.Number != 3 {
			t.Fatalf("the proxy got %d", proxy.Number)
		}
		called := p.next(line)
		if called.Number != 1 || called.Handle != "" || called.Visitor != "" {
			t.Fatalf("called %+v", called)
		}
		p.clock.Push(4 * time.Minute)
		turn, err := p.s.ServeAndNext(p.ctx, p.about(called))
		p.ok(err)
		if turn.Served == nil || turn.Served.Number != 1 || turn.Served.State != Served || turn.Next == nil || turn.Next.Number != 2 {
			t.Fatalf("then %+v", turn)
		}
		next := *turn.Next
		v, err := p.s.TicketByHandle(p.ctx, proxy.Handle)
		p.ok(err)
		if v.Ahead != 0 || !v.Wait.Known || v.Line.Waiting != 1 {
			t.Fatalf("view %+v", v)
		}
		_, err = p.s.Leave(p.ctx, proxy.Handle)
		p.ok(err)
		_, err = p.s.Next(p.ctx, p.cmd(line))
		p.refused(err, "queue.nobody_waiting")
		p.close()
		if got := told[event.LinesClosed](p, nil); got != 0 {
			t.Fatal("the lines closed while one is being served")
		}
		_, err = p.s.Serve(p.ctx, p.about(next))
		p.ok(err)
		if got := told[event.LinesClosed](p, nil); got != 1 {
			t.Fatalf("lines closed told %d times", got)
		}
		if got := told[event.VisitorCheckedIn](p, nil); got != 2 {
			t.Fatalf("%d check-ins of two cards", got)
		}
		p.settle()
		f, err := p.s.DayFigures(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		l := f.Lines[0]
		if f.Residents != 2 || f.Tickets != 3 || l.Served != 2 || l.Left != 1 || l.Called != 2 || l.ServedSeconds < 240 {
			t.Fatalf("figures %+v", f)
		}
		p.healthy()
	})
}

func TestCommandsBelongToTheirDay(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		other := p.on("m2", "2026-11-20")
		c := p.cmd(line)
		c.CommunityID = "c2"
		_, err := p.s.Next(p.ctx, c)
		p.refused(err, "queue.line_unknown")
		_, err = p.s.Next(p.ctx, other.cmd(line))
		p.refused(err, "queue.line_unknown")
		_, err = p.s.Issue(p.ctx, IssueRequest{DayID: other.day.DayID, LineID: line, Via: Phone})
		p.refused(err, "queue.line_unknown")
		_, err = p.s.Line(p.ctx, "c2", p.day.DayID, line)
		p.refused(err, "queue.line_unknown")
		_, err = p.s.Lines(p.ctx, "c2", p.day.DayID)
		p.refused(err, "queue.day_unknown")
		_, err = p.s.DayFigures(p.ctx, "c2", p.day.DayID)
		p.refused(err, "queue.day_unknown")
		_, err = p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: "pigeon"})
		p.refused(err, "queue.via_unknown")
		c = p.cmd(line)
		c.TicketID = line + "-99"
		_, err = p.s.Serve(p.ctx, c)
		p.refused(err, "queue.ticket_unknown")
		community, day, partner, err := p.s.LineOwner(p.ctx, line)
		p.ok(err)
		if community != "c1" || day != p.day.DayID || partner != "p1" {
			t.Fatalf("owner %s %s %s", community, day, partner)
		}
	})
}

func TestMissedIsPutBackOnceThreePlacesLater(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		for _, v := range []string{"a", "b", "c", "d", "e"} {
			p.take(line, v)
		}
		one := p.next(line)
		_, err := p.s.Recall(p.ctx, p.about(one))
		p.refused(err, "queue.recall_too_soon")
		for range 2 {
			p.clock.Push(time.Minute)
			_, err = p.s.Recall(p.ctx, p.about(one))
			p.ok(err)
		}
		p.clock.Push(time.Minute)
		back, err := p.s.Recall(p.ctx, p.about(one)) // three calls: 过号
		p.ok(err)
		if back.State != Waiting || back.Misses != 1 {
			t.Fatalf("after three calls %+v", back)
		}
		want := []int{2, 3, 4, 1, 5}
		for i, n := range want {
			got := p.next(line)
			if got.Number != n {
				t.Fatalf("call %d is %d, want %d", i, got.Number, n)
			}
			if n == 1 {
				gone, err := p.s.Missed(p.ctx, p.about(got))
				p.ok(err)
				if gone.State != Missed {
					t.Fatalf("the second time %+v", gone)
				}
			}
		}
		p.healthy()
	})
}

func TestPriorityComesAfterThreeOrdinaryCalls(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		for _, v := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			p.take(line, v)
		}
		for _, v := range []string{"x", "y"} {
			_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: v, Via: Desk, Priority: true})
			p.ok(err)
		}
		for i, n := range []int{1, 2, 3, 8, 4, 5, 6, 9, 7} {
			if got := p.next(line); got.Number != n {
				t.Fatalf("call %d is %d, want %d", i, got.Number, n)
			}
		}
		if got := told(p, func(e event.TicketMoved) bool { return e.Why == WhyPriority }); got != 2 {
			t.Fatalf("%d calls say priority", got)
		}
		p.healthy()
	})
}

func TestItemsAreReadyForPickUp(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Item, Person)
		p.take(lines[0], "a")
		k := p.next(lines[0])
		for _, do := range []struct {
			call func() (Ticket, error)
			want State
		}{
			{func() (Ticket, error) { return p.s.Accept(p.ctx, p.about(k)) }, Serving},
			{func() (Ticket, error) { return p.s.Ready(p.ctx, p.about(k)) }, Ready},
			{func() (Ticket, error) { return p.s.Serve(p.ctx, p.about(k)) }, Served},
		} {
			p.clock.Push(time.Minute)
			got, err := do.call()
			p.ok(err)
			if got.State != do.want {
				t.Fatalf("is %s, want %s", got.State, do.want)
			}
			if l := p.line(lines[0]); (do.want == Ready) != (len(l.Ready) == 1) {
				t.Fatalf("pick-up shows %v at %s", l.Ready, do.want)
			}
		}
		p.take(lines[1], "b")
		_, err := p.s.Ready(p.ctx, p.about(p.next(lines[1])))
		p.refused(err, "queue.not_an_item")
		p.healthy()
	})
}

func TestPauseStopsNumbersAndCalls(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		a := p.take(line, "a")
		c := p.cmd(line)
		c.Reason = "吃饭"
		p.ok(p.s.Pause(p.ctx, c))
		p.ok(p.s.Pause(p.ctx, c))
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "b", Via: Kiosk})
		p.refused(err, "queue.line_paused")
		_, err = p.s.Next(p.ctx, p.cmd(line))
		p.refused(err, "queue.line_paused")
		if again := p.take(line, "a"); again.Number != a.Number {
			t.Fatal("the pause hides a number that was given")
		}
		if l := p.line(line); l.State != LinePaused || l.Why != "吃饭" || l.Wait.Known {
			t.Fatalf("line %+v", l)
		}
		p.ok(p.s.Resume(p.ctx, p.cmd(line)))
		if p.next(line).Number != 1 {
			t.Fatal("after the pause")
		}
		if n := told(p, func(e event.LineChanged) bool { return e.To != phasePlanned }); n != 3 {
			t.Fatalf("%d changes told, want opened, paused, resumed", n)
		}
		p.healthy()
	})
}

func TestNumbersStopWhenTheStockEnds(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Stock)[0]
		var all []Ticket
		for _, v := range []string{"a", "b", "c", "d", "e"} {
			all = append(all, p.take(line, v))
		}
		issue := func(v string) error {
			_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: v, Via: Phone})
			return err
		}
		p.refused(issue("f"), "queue.sold_out")
		if l := p.line(line); l.State != LineSoldOut || l.Issued != 5 {
			t.Fatalf("line %+v", l)
		}
		_, err := p.s.Leave(p.ctx, all[4].Handle) // one piece comes back
		p.ok(err)
		p.ok(issue("f"))
		_, err = p.s.UndoLeave(p.ctx, all[4].Handle)
		p.refused(err, "queue.sold_out")
		left, err := p.s.AddStock(p.ctx, p.cmd(line), 1)
		p.ok(err)
		if left != 1 {
			t.Fatalf("left %d", left)
		}
		_, err = p.s.UndoLeave(p.ctx, all[4].Handle)
		p.ok(err)
		p.next(line)
		left, err = p.s.AddStock(p.ctx, p.cmd(line), -2) // two cups fell: the last two are told
		p.ok(err)
		if left != 0 {
			t.Fatalf("left %d", left)
		}
		if n := told(p, func(e event.TicketMoved) bool { return e.Why == WhySoldOut && e.To == string(Expired) }); n != 2 {
			t.Fatalf("%d told that nothing is left", n)
		}
		_, err = p.s.AddStock(p.ctx, p.cmd(line), -5)
		p.refused(err, "queue.pieces")
		if n := told(p, func(e event.LineChanged) bool { return e.To == "sold_out" }); n != 3 {
			t.Fatalf("sold out told %d times", n)
		}
		p.restockedAtOnce(line)
		p.healthy()
	})
}

// restockedAtOnce: two see the same pieces and press at the same moment, and
// each press is sent twice. One counts, the other is told.
func (p *place) restockedAtOnce(line string) {
	p.t.Helper()
	all := p.line(line).Stock
	said := make(chan error, 4)
	for i := range 4 {
		c := p.cmd(line)
		c.Saw, c.Key = &all, fmt.Sprintf("press %d", i%2)
		go func() {
			_, err := p.s.AddStock(p.ctx, c, 10)
			said <- err
		}()
	}
	counted := 0
	for range 4 {
		if err := <-said; err == nil {
			counted++
		} else if !fault.Is(err, "queue.stock_moved") {
			p.t.Fatalf("%v", err)
		}
	}
	if got := p.line(line).Stock; got != all+10 || counted != 2 {
		p.t.Fatalf("%d pieces of %d, %d presses were answered well", got, all, counted)
	}
}

func TestUndo(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		a, b := p.take(line, "a"), p.take(line, "b")
		one := p.next(line)
		_, err := p.s.Serve(p.ctx, p.about(one))
		p.ok(err)
		two := p.next(line)
		console, err := p.s.Line(p.ctx, "c1", p.day.DayID, line)
		p.ok(err)
		if console.Undo == nil || console.Undo.Number != 2 || len(console.Current) != 1 || console.Current[0].Handle != "" {
			t.Fatalf("console %+v", console)
		}
		undone, err := p.undo(p.cmd(line))
		p.ok(err)
		if undone.Number != 2 || undone.State != Waiting || undone.Calls != 0 {
			t.Fatalf("undone %+v", undone)
		}
		undone, err = p.undo(p.about(a)) // served by mistake
		p.ok(err)
		if undone.State != Called {
			t.Fatalf("undone %+v", undone)
		}
		undone, err = p.undo(p.cmd(line))
		p.ok(err)
		if undone.Number != 1 || undone.State != Waiting {
			t.Fatalf("undone %+v", undone)
		}
		_, err = p.undo(p.cmd(line))
		p.refused(err, "queue.nothing_to_undo")
		p.count()
		f, err := p.s.DayFigures(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if l := f.Lines[0]; l.Called != 0 || l.Served != 0 || l.WaitedSeconds != 0 || l.ServedSeconds != 0 || l.Waiting != 2 {
			t.Fatalf("figures after undo %+v", l)
		}
		if p.next(line).Number != 1 {
			t.Fatal("the first comes first again")
		}
		_, err = p.s.Leave(p.ctx, b.Handle)
		p.ok(err)
		undone, err = p.undo(p.cmd(line)) // not what the visitor did
		p.ok(err)
		if undone.Number != 1 {
			t.Fatalf("undone %+v", undone)
		}
		p.take(line, "b") // a new number
		_, err = p.s.UndoLeave(p.ctx, b.Handle)
		p.refused(err, "queue.card_waits_again")
		p.next(line)
		p.clock.Push(undoFor + time.Second)
		_, err = p.undo(p.cmd(line))
		p.refused(err, "queue.nothing_to_undo")
		_ = two
		p.healthy()
	})
}

func TestTheVersionOfThePageDecides(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		p.take(line, "b")
		c := p.cmd(line)
		c.Version = p.line(line).Version
		_, err := p.s.Next(p.ctx, c)
		p.ok(err)
		_, err = p.s.Next(p.ctx, c)
		p.refused(err, "queue.line_moved_on")
		if l := p.line(line); l.Waiting != 1 {
			t.Fatalf("waiting %d", l.Waiting)
		}
	})
}

func TestCheckInCountsACardOnce(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		_, err := p.s.CheckIn(p.ctx, p.day.DayID, "", Desk, "")
		p.refused(err, "queue.not_open")
		line := p.opened(Person)[0]
		card, err := p.s.CheckIn(p.ctx, p.day.DayID, "", Desk, p.key("k1"))
		p.ok(err)
		again, err := p.s.CheckIn(p.ctx, p.day.DayID, "", Desk, p.key("k1"))
		p.ok(err)
		if card == "" || card != again {
			t.Fatalf("cards %q %q", card, again)
		}
		p.take(line, card)
		c, err := p.s.Card(p.ctx, card, p.day.DayID)
		p.ok(err)
		if !c.CheckedIn || len(c.Tickets) != 1 {
			t.Fatalf("card %+v", c)
		}
		if n := told[event.VisitorCheckedIn](p, nil); n != 1 {
			t.Fatalf("counted %d times", n)
		}
		p.clock.Set(p.closes())
		_, err = p.s.CheckIn(p.ctx, p.day.DayID, "late", Desk, "")
		p.refused(err, "queue.day_closed")
		_, err = p.s.CheckIn(p.ctx, "nowhere", "x", Desk, "")
		p.refused(err, "queue.day_unknown")
	})
}

func TestReleasedBooths(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		release := func(assignment string) {
			p.hear(func(tx *db.Tx) error {
				return p.s.BoothReleased(tx, event.BoothReleased{Day: p.day, AssignmentID: assignment})
			})
		}
		p.publish(booth("a1", "A1", "p1", service("s1", Person, 0)), booth("a2", "A2", "p2", service("s2", Person, 0)))
		release("a1")
		p.open()
		lines := p.lines()
		if len(lines) != 1 {
			t.Fatalf("%d lines", len(lines))
		}
		line := lines[0]
		a := p.take(line, "a")
		release("a2")
		if l := p.line(line); l.State != LinePaused || l.Why != WhyReleased {
			t.Fatalf("line %+v", l)
		}
		p.refused(p.s.Resume(p.ctx, p.cmd(line)), "queue.booth_released")
		substitute := booth("a3", "A2", "p3", service("s2", Person, 0))
		substitute.Services[0].ID = "s9"
		p.hear(func(tx *db.Tx) error {
			return p.s.BoothAssigned(tx, event.BoothAssigned{Day: p.day, Place: substitute, Why: "substitute"})
		})
		if got := p.next(line); got.Number != a.Number {
			t.Fatalf("the substitute calls %d", got.Number)
		}
		_, _, partner, err := p.s.LineOwner(p.ctx, line)
		p.ok(err)
		if partner != "p3" {
			t.Fatalf("the line belongs to %s", partner)
		}
		p.hear(func(tx *db.Tx) error { // a place given on the day opens at once
			return p.s.BoothAssigned(tx, event.BoothAssigned{Day: p.day, Place: booth("a4", "A1", "p4", service("s4", Person, 0)), Why: "offer"})
		})
		for _, id := range p.lines() {
			p.take(id, "late")
		}
		p.healthy()
	})
}

func TestACardIsForgotten(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Item, Stock)
		var handles []string
		for _, l := range lines {
			handles = append(handles, p.take(l, "me").Handle)
		}
		p.take(lines[0], "other")
		kept, err := p.s.Accept(p.ctx, p.about(p.next(lines[1])))
		p.ok(err)
		before, err := p.s.TicketByID(p.ctx, "c1", kept.ID)
		p.ok(err)
		if before.Ticket.Handle != handles[1] {
			t.Fatalf("the desk sees %+v", before.Ticket)
		}
		_, err = p.s.TicketByID(p.ctx, "c2", kept.ID)
		p.refused(err, "queue.ticket_unknown")
		p.ok(p.s.Forget(p.ctx, "me"))
		p.ok(p.s.Forget(p.ctx, "me"))
		card, err := p.s.Card(p.ctx, "me", p.day.DayID)
		p.ok(err)
		if card.CheckedIn || len(card.Tickets) != 0 {
			t.Fatalf("the card still holds %+v", card)
		}
		for i, h := range handles {
			_, err := p.s.TicketByHandle(p.ctx, h)
			if handedIn := i == 1; handedIn {
				p.ok(err)
				continue
			}
			p.refused(err, "queue.ticket_unknown")
		}
		if got := p.next(lines[0]); got.Number != 2 {
			t.Fatalf("called %d", got.Number)
		}
		p.close()
		p.clock.Push(grace)
		_, err = p.s.Tick(p.ctx)
		p.ok(err)
		p.settle()
		f, err := p.s.DayFigures(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if f.Residents != 2 || f.Tickets != 4 {
			t.Fatalf("figures %+v", f)
		}
		p.healthy()
	})
}
