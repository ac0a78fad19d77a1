package queue

import (
	"fmt"
	"testing"
	"time"
)

func TestHaulsAreWhatOneSourceTookVeryFast(t *testing.T) {
	n := 0
	taking := func(source string, count int, every time.Duration, from time.Duration) (out []taken) {
		for i := range count {
			n++
			out = append(out, taken{LineID: "l", Number: n, Source: source, State: Waiting, At: (from + time.Duration(i)*every).Microseconds()})
		}
		return out
	}
	join := func(all ...[]taken) (out []taken) {
		for _, a := range all {
			out = append(out, a...)
		}
		return out
	}
	for _, c := range []struct {
		name string
		all  []taken
		want []int // how long each run is
	}{
		{"nobody", nil, nil},
		{"a square at its pace", taking("a", 200, 3*time.Second, 0), nil},
		{"one fewer than many", taking("a", Many-1, time.Second, 0), nil},
		{"many", taking("a", Many, time.Second, 0), []int{Many}},
		{"a machine for five minutes", taking("a", 300, time.Second, 0), []int{300}},
		{"two neighbours", join(taking("a", 20, time.Second, 0), taking("b", 20, time.Second, 0)), nil},
		{"a machine twice", join(taking("a", 40, time.Second, 0), taking("a", 50, time.Second, time.Hour)), []int{40, 50}},
		{"a machine behind an honest address", join(taking("a", 20, 20*time.Second, 0), taking("a", 60, time.Second/10, time.Hour), taking("a", 20, 20*time.Second, 2*time.Hour)), []int{60}},
	} {
		var got []int
		for _, run := range haulsOf(c.all) {
			got = append(got, len(run))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: runs of %v, want %v", c.name, got, c.want)
		}
	}
}

// takes gets a number by phone from a place.
func (p *place) takes(line, source string) (Ticket, error) {
	return p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Phone, Source: source})
}

// A machine stands between honest residents; what it took is made void, they
// move up, the pieces are free, and all of it can be taken back.
func TestAHaulIsMadeVoidAndComesBack(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Stock, 50)))
		p.open()
		line := p.lines()[0]
		take := func(n int, source string) (last Ticket) {
			for range n {
				var err error
				last, err = p.takes(line, source)
				p.ok(err)
				p.clock.Push(time.Second)
			}
			return last
		}
		take(3, "square")
		ghost := take(40, "machine")
		honest := take(1, "square")
		p.next(line)
		p.ok(p.s.Suspect(p.ctx, p.day.DayID, line))
		ahead := func(want int) {
			t.Helper()
			v, err := p.s.TicketByHandle(p.ctx, honest.Handle)
			p.ok(err)
			if v.Ahead != want {
				t.Errorf("%d ahead, want %d", v.Ahead, want)
			}
		}
		hauls := func() []Haul {
			t.Helper()
			all, err := p.s.Hauls(p.ctx, p.day.CommunityID, p.day.DayID)
			p.ok(err)
			return all
		}
		ahead(42)
		seen := hauls()
		if len(seen) != 1 || seen[0].First != 4 || seen[0].Last != 43 || seen[0].Numbers != 40 || seen[0].Waiting != 40 || seen[0].To.Sub(seen[0].From) != 39*time.Second {
			t.Fatalf("%+v", seen)
		}
		if _, err := p.s.Hauls(p.ctx, "another", p.day.DayID); err == nil {
			t.Error("another community sees it")
		}
		_, err := p.s.Void(p.ctx, p.cmd(line), 5)
		p.refused(err, "queue.haul_over")
		cmd := p.cmd(line)
		cmd.Key = p.key("void")
		h, err := p.s.Void(p.ctx, cmd, 4)
		p.ok(err)
		again, err := p.s.Void(p.ctx, cmd, 4)
		p.ok(err)
		if h.VoidID == "" || again.VoidID != h.VoidID || h.Numbers != 40 {
			t.Errorf("%+v, then %+v", h, again)
		}
		ahead(2)
		p.healthy() // every number has its row, every move its reason
		if got := p.line(line); got.StockLeft != 46 || got.Issued != 44 {
			t.Errorf("%d pieces left of 50, %d issued", got.StockLeft, got.Issued)
		}
		v, err := p.s.TicketByHandle(p.ctx, ghost.Handle)
		p.ok(err)
		if !v.Ticket.Void || v.Ticket.State != Left {
			t.Errorf("%+v", v.Ticket)
		}
		_, err = p.s.UndoLeave(p.ctx, ghost.Handle)
		p.refused(err, "queue.nothing_to_undo")
		_, err = p.takes(line, "machine")
		p.refused(err, "queue.desk_please")
		p.count()
		if c, err := p.s.DayFigures(p.ctx, p.day.CommunityID, p.day.DayID); err != nil || c.Residents != 4 || c.Arrivals[0].People != 4 || c.Lines[0].Left != 40 {
			t.Errorf("%+v, %v", c, err)
		}

		_, err = p.s.Unvoid(p.ctx, p.cmd(line), "nothing")
		p.refused(err, "queue.void_unknown")
		p.ok(p.s.SellOut(p.ctx, p.cmd(line)))
		_, err = p.s.AddStock(p.ctx, p.cmd(line), 39) // one of the forty finds no piece
		p.ok(err)
		back, err := p.s.Unvoid(p.ctx, p.cmd(line), h.VoidID)
		p.ok(err)
		if twice, err := p.s.Unvoid(p.ctx, p.cmd(line), h.VoidID); err != nil || back != 39 || twice != 0 {
			t.Errorf("%d came back, then %d, %v", back, twice, err)
		}
		ahead(41)
		p.healthy()
		p.count()
		if c, err := p.s.DayFigures(p.ctx, p.day.CommunityID, p.day.DayID); err != nil || c.Residents != 43 {
			t.Errorf("%d residents, %v", c.Residents, err)
		}

		h, err = p.s.Void(p.ctx, p.cmd(line), 4)
		p.ok(err)
		p.clock.Push(undoFor)
		_, err = p.s.Unvoid(p.ctx, p.cmd(line), h.VoidID)
		p.refused(err, "queue.void_final")
		p.close()
		p.clock.Push(grace)
		_, err = p.s.Tick(p.ctx)
		p.ok(err)
		p.settle()
		if left := hauls(); len(left) != 0 {
			t.Errorf("after the day it is still known where numbers were taken: %+v", left)
		}
		p.healthy()
	})
}

// A source that has the brake on gets no new number, but the one it has.
func TestTheBrakeSendsToTheDesk(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		r := IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "card" + p.name, Via: Phone, Source: "square", Key: p.key("k")}
		first, err := p.s.Issue(p.ctx, r)
		p.ok(err)
		r.Braked = true
		if again, err := p.s.Issue(p.ctx, r); err != nil || again.ID != first.ID {
			t.Errorf("a retry got %+v, %v", again, err)
		}
		r.Visitor, r.Key = "another", p.key("l")
		_, err = p.s.Issue(p.ctx, r)
		p.refused(err, "queue.desk_please")
		r.Via = Desk
		r.Braked = false
		_, err = p.s.Issue(p.ctx, r)
		p.ok(err)
		p.healthy()
	})
}
