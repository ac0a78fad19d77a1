package queue

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
)

func (p *place) lease(line, device string, size int, key string) (Block, error) {
	return p.s.Lease(p.ctx, BlockRequest{CommunityID: p.day.CommunityID, LineID: line, Device: device, By: "desk", Size: size, Key: p.key(key)})
}

func (p *place) lent(line, device string, size int) Block {
	p.t.Helper()
	b, err := p.lease(line, device, size, line+device+p.clock.Now().String())
	p.ok(err)
	return b
}

func (p *place) sync(b Block, device string, slips ...Slip) []SlipResult {
	p.t.Helper()
	out, err := p.s.Sync(p.ctx, SyncRequest{CommunityID: p.day.CommunityID, BlockID: b.ID, Device: device, By: "desk", Slips: slips})
	p.ok(err)
	if len(out) != len(slips) {
		p.t.Fatalf("%d answers to %d slips", len(out), len(slips))
	}
	return out
}

// outage is one desk without a network: it gives numbers away for up to four
// hours of its own clock, then brings them home, some of them twice.
type outage struct {
	device string
	slips  []Slip
	block  Block
}

// G10: three desks cut off for different times while fifty phones take numbers
// online. Nobody gets a number that somebody else has, and nothing is lost.
func TestOfflineNumbersNeverMeetOnlineOnes(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		random := rand.New(rand.NewPCG(19, 11))
		seen := map[int]string{}
		give := func(n int, to string) {
			if was := seen[n]; was != "" && was != to {
				t.Fatalf("number %d was shown to %s and to %s", n, was, to)
			}
			seen[n] = to
		}
		var cut []*outage
		for i := range 3 {
			o := &outage{device: fmt.Sprint("desk", i)}
			o.block = p.lent(line, o.device, 20)
			cut = append(cut, o)
		}
		for minute := range 100 {
			p.clock.Push(time.Minute)
			if minute%2 == 0 {
				give(p.take(line, p.key("phone", minute)).Number, fmt.Sprint("phone", minute))
			}
			if o := cut[random.IntN(3)]; len(o.slips) < 20 && random.IntN(2) == 0 {
				slip := Slip{Number: o.block.First + len(o.slips), At: p.clock.Now(), Handle: db.NewID()}
				o.slips = append(o.slips, slip)
				give(slip.Number, o.device+slip.Handle)
			}
		}
		var all sync.WaitGroup
		for _, o := range cut {
			for range 2 { // the answer of the first try is lost: everything is brought twice, at once
				all.Go(func() {
					for _, r := range p.sync(o.block, o.device, o.slips...) {
						if r.Code != "" {
							t.Errorf("slip %d: %s", r.Number, r.Code)
						}
					}
				})
			}
		}
		all.Wait()
		l := p.line(line)
		if l.Issued != len(seen) {
			t.Errorf("%d numbers were shown, the line has %d", len(seen), l.Issued)
		}
		p.healthy()
	})
}

// The control: a desk that has lent nothing counts on from the last number it
// saw, as people do by hand; the phones count on, too.
func TestControlCountingOnByHandMakesTwins(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		last := p.take(line, "first").Number
		shown, twins := map[int]bool{}, 0
		for i := range 10 {
			shown[last+1+i] = true
		}
		for i := range 10 {
			if shown[p.take(line, p.key(i)).Number] {
				twins++
			}
		}
		if twins == 0 {
			t.Fatal("counting on by hand made no twin: the rig sees nothing")
		}
	})
}

// A slip stands behind those who had a number when it was given and before
// those who came later, whatever its number.
func TestASlipStandsByItsTime(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		b := p.lent(line, "d", 5) // 1 to 5
		p.clock.Push(time.Minute)
		early := p.take(line, "early")
		p.clock.Push(time.Minute)
		between := p.clock.Now()
		p.clock.Push(time.Minute)
		late := p.take(line, "late")
		p.clock.Push(time.Minute)
		p.sync(b, "d", Slip{Number: 1, At: between}, Slip{Number: 2, At: between.Add(time.Second)}, Slip{Number: 3, At: p.clock.Now().Add(time.Hour)})
		var got []int
		for range 5 {
			n := p.next(line)
			got = append(got, n.Number)
			_, err := p.s.Serve(p.ctx, p.about(n))
			p.ok(err)
		}
		if want := []int{early.Number, 1, 2, late.Number, 3}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("called %v, want %v", got, want)
		}
		p.healthy()
		p.close()
		p.settle()
		p.healthy()
	})
}

// The network came back after the market closed: the numbers exist, count with
// the time they were given at, and come first next time.
func TestSlipsBroughtAfterClosing(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		b := p.lent(line, "d", 5)
		p.clock.Push(time.Hour)
		given := p.clock.Now()
		p.close()
		p.settle()
		p.clock.Push(time.Hour)
		out := p.sync(b, "d", Slip{Number: 1, At: given}, Slip{Number: 2, At: p.closes().Add(time.Second)})
		if out[0].Code != "" || out[1].Code != "queue.day_closed" {
			t.Fatalf("answers %+v", out)
		}
		p.count()
		p.healthy()
		c, err := p.s.DayFigures(p.ctx, p.day.CommunityID, p.day.DayID)
		p.ok(err)
		if c.Tickets != 1 || c.CarriedOver != 1 || len(c.Arrivals) != 1 || !c.Arrivals[0].At.Equal(given.Truncate(slot)) {
			t.Errorf("figures %+v", c)
		}
		next := p.on("m1", "2026-12-19")
		next.opened(Person)
		if l := next.line(next.lines()[0]); l.Waiting != 1 {
			t.Errorf("%d wait on the next day, want the one of the slip", l.Waiting)
		}
		next.healthy()
	})
}

func TestABlockOfAStockLineKeepsItsPieces(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Stock)[0] // 5 pieces
		b := p.lent(line, "d", 3)
		p.take(line, "a")
		p.take(line, "b")
		_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "c", Via: Phone})
		p.refused(err, "queue.sold_out")
		p.sync(b, "d", Slip{Number: 1, At: p.clock.Now()})
		p.healthy()
		p.ok(p.s.End(p.ctx, p.day.CommunityID, b.ID, "d", "desk"))
		p.ok(p.s.End(p.ctx, p.day.CommunityID, b.ID, "d", "desk"))
		p.take(line, "c")
		if out := p.sync(b, "d", Slip{Number: 2, At: p.clock.Now()}, Slip{Number: 3, At: p.clock.Now()}); out[0].Code != "" || out[1].Code != "queue.sold_out" {
			t.Errorf("after the end of the block: %+v", out)
		}
		p.healthy()
		if l := p.line(line); l.State != LineSoldOut || l.Issued != 5 {
			t.Errorf("%+v", l)
		}
	})
}

func TestBlocksAreRefusedByName(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Person, 0)))
		line := p.lines()[0]
		_, err := p.lease(line, "d", 5, "early")
		p.refused(err, "queue.not_open")
		p.open()
		_, err = p.lease(line, "d", MaxBlock+1, "large")
		p.refused(err, "queue.block_size")
		_, err = p.lease(line, "", 5, "nobody")
		p.refused(err, "queue.device")
		_, err = p.lease("elsewhere", "d", 5, "where")
		p.refused(err, "queue.line_unknown")

		b, err := p.lease(line, "d", 40, "one")
		p.ok(err)
		again, err := p.lease(line, "d", 40, "one")
		p.ok(err)
		if again.ID != b.ID || again.First != b.First || p.line(line).Issued != 0 {
			t.Errorf("the same key made another block: %+v %+v", b, again)
		}
		_, err = p.lease(line, "other", 40, "one")
		p.refused(err, "idempotency.body_differs")
		_, err = p.lease(line, "d", 39, "one")
		p.refused(err, "idempotency.body_differs")
		_, err = p.lease(line, "d", 40, "more")
		p.refused(err, "queue.block_enough")
		p.ok(p.s.Pause(p.ctx, p.cmd(line)))
		_, err = p.lease(line, "d", 5, "paused") // it may be over when the network is gone
		p.ok(err)
		p.ok(p.s.Resume(p.ctx, p.cmd(line)))

		handle, now := db.NewID(), p.clock.Now()
		out := p.sync(b, "d",
			Slip{Number: 0, At: now}, Slip{Number: b.Last + 1, At: now}, Slip{Number: 3, At: now, Handle: "short"},
			Slip{Number: 4, At: now, Handle: handle}, Slip{Number: 5, At: now, Handle: handle}, Slip{Number: 4, At: now, Handle: handle},
			Slip{Number: 4, At: now, Handle: handle, Priority: true}, Slip{Number: 6, At: now.Add(-24 * time.Hour)})
		want := []string{"queue.slip_number", "queue.slip_number", "queue.slip_handle", "", "queue.slip_taken", "", "idempotency.body_differs", ""}
		for i, r := range out {
			if r.Code != want[i] {
				t.Errorf("slip %d: %q, want %q", i, r.Code, want[i])
			}
		}
		_, err = p.s.Sync(p.ctx, SyncRequest{CommunityID: p.day.CommunityID, BlockID: b.ID, Device: "thief", By: "desk"})
		p.refused(err, "queue.block_unknown")
		_, err = p.s.Sync(p.ctx, SyncRequest{CommunityID: "c2", BlockID: b.ID, Device: "d", By: "desk"})
		p.refused(err, "queue.block_unknown")
		p.refused(p.s.End(p.ctx, "c2", b.ID, "d", "desk"), "queue.block_unknown")
		_, err = p.s.Sync(p.ctx, SyncRequest{CommunityID: p.day.CommunityID, BlockID: b.ID, Device: "d", By: "desk", Slips: make([]Slip, MaxBlock+1)})
		p.refused(err, "queue.slips_many")
		if l := p.line(line); l.Issued != 2 || l.Waiting != 2 {
			t.Errorf("%+v", l)
		}
		p.clock.Set(p.closes()) // nobody has recorded the close yet
		_, err = p.lease(line, "d", 5, "late")
		p.refused(err, "queue.day_closed")
		p.close()
		_, err = p.lease(line, "d", 5, "later")
		p.refused(err, "queue.day_closed")
		p.healthy()
	})
}
