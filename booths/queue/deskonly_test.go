package queue

import (
	"testing"

	"yiji/internal/event"
)

func (p *place) forOther(line, visitor, key string, via Via) (Ticket, error) {
	return p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: visitor, Via: via, Proxy: true, Key: key})
}

// A phone holds its own number and five for others on a day, over all lines;
// one that is over makes room, the desk gives more.
func TestAPhoneHoldsFiveForOthers(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		lines := p.opened(Person, Person)
		p.take(lines[0], "va")
		var last Ticket
		for i := range MaxProxies {
			var err error
			last, err = p.forOther(lines[i%2], "va", p.key("k", i), Phone)
			p.ok(err)
		}
		issued := p.line(lines[0]).Issued
		_, err := p.forOther(lines[0], "va", p.key("k", MaxProxies), Phone)
		p.refused(err, "queue.proxy_most")
		if got := p.line(lines[0]).Issued; got != issued {
			t.Errorf("the refused number was counted: %d, was %d", got, issued)
		}
		again, err := p.forOther(lines[(MaxProxies-1)%2], "va", p.key("k", MaxProxies-1), Phone)
		p.ok(err)
		if again.ID != last.ID {
			t.Errorf("the same key got %s, was %s", again.ID, last.ID)
		}
		_, err = p.forOther(lines[0], "vb", "", Phone)
		p.ok(err) // another card
		_, err = p.forOther(lines[0], "va", "", Desk)
		p.ok(err)
		for range 2 { // the desk's counts, too: two must go before the phone has room
			_, err = p.forOther(lines[0], "va", "", Phone)
			p.refused(err, "queue.proxy_most")
			held, err := p.s.Card(p.ctx, "va", p.day.DayID)
			p.ok(err)
			for _, v := range held.Tickets {
				if v.Ticket.Proxy && v.Ticket.State == Waiting {
					_, err = p.s.Leave(p.ctx, v.Ticket.Handle)
					p.ok(err)
					break
				}
			}
		}
		_, err = p.forOther(lines[0], "va", "", Phone)
		p.ok(err)
		p.healthy()
	})
}

// A line of the desk gives no number to a phone until that is taken back; who
// holds one keeps it, and the desk goes on.
func TestALineOfTheDeskAlone(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		mine := p.take(line, "va")
		p.ok(p.s.DeskOnly(p.ctx, p.cmd(line), true))
		p.ok(p.s.DeskOnly(p.ctx, p.cmd(line), true))
		if !p.line(line).DeskOnly {
			t.Fatal("the line does not say so")
		}
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "vb", Via: Phone})
		p.refused(err, "queue.desk_only")
		if again := p.take(line, "va"); again.ID != mine.ID {
			t.Errorf("who has number %s is shown %s", mine.ID, again.ID)
		}
		for _, via := range []Via{Desk, Kiosk} {
			_, err = p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: via})
			p.ok(err)
		}
		if got := p.next(line); got.ID != mine.ID {
			t.Errorf("called %s", got.ID)
		}
		p.ok(p.s.DeskOnly(p.ctx, p.cmd(line), false))
		if got := p.take(line, "vb"); got.Number != 4 {
			t.Errorf("by phone again: number %d", got.Number)
		}
		for _, to := range []string{"desk_only", "phone_again"} {
			if n := told(p, func(e event.LineChanged) bool { return e.To == to }); n != 1 {
				t.Errorf("%s was told %d times", to, n)
			}
		}
		other := p.cmd(line)
		other.CommunityID = "c2"
		p.refused(p.s.DeskOnly(p.ctx, other, true), "queue.line_unknown")
		p.healthy()
	})
}

func TestSuspicionIsNotedAndChangesNothing(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.ok(p.s.Suspect(p.ctx, p.day.DayID, line))
		if got := p.line(line); !got.SuspectAt.Equal(p.clock.Now()) || got.State != LineOpen {
			t.Errorf("%+v", got)
		}
		p.take(line, "va")
		p.healthy()
	})
}

// A line of the desk alone lends numbers to it; a tap whose answer was lost is
// taken back by its key, once, and nobody's else.
func TestTheDeskTakesBackALostTap(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.ok(p.s.DeskOnly(p.ctx, p.cmd(line), true))
		b := p.lent(line, "d", 3)
		tap := func(key string) Ticket {
			n, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Desk, Key: p.key(key)})
			p.ok(err)
			return n
		}
		back := func(key string, want int) {
			t.Helper()
			n, err := p.s.TakeBack(p.ctx, p.day.CommunityID, line, p.key(key))
			p.ok(err)
			if n != want {
				t.Errorf("%s: number %d was taken back, want %d", key, n, want)
			}
		}
		state := func(n Ticket, want State) {
			t.Helper()
			v, err := p.s.TicketByID(p.ctx, p.day.CommunityID, n.ID)
			p.ok(err)
			if v.Ticket.State != want {
				t.Errorf("number %d is %s, want %s", n.Number, v.Ticket.State, want)
			}
		}
		lost, other := tap("lost"), tap("other")
		if lost.Number != b.Last+1 {
			t.Errorf("after a block to %d the desk gives %d", b.Last, lost.Number)
		}
		if out := p.sync(b, "d", Slip{Number: b.First, At: p.clock.Now()}); out[0].Code != "" {
			t.Errorf("the slip given instead: %+v", out)
		}
		back("lost", lost.Number)
		back("lost", lost.Number)
		back("never", 0)
		_, err := p.s.TakeBack(p.ctx, "c2", line, p.key("other"))
		p.refused(err, "queue.line_unknown")
		state(lost, Left)
		state(other, Waiting)

		called := p.next(line)
		if called.Number != other.Number { // the slip came later than both
			t.Errorf("called %d, want %d", called.Number, other.Number)
		}
		back("other", other.Number) // somebody has been called: it stays
		state(other, Called)
		p.healthy()
	})
}
