package live

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yiji/booths/queue"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// waits is a page's connection that takes nothing until the test lets it.
type waits struct {
	*page
	gate   chan struct{}
	writes int
}

func (w *waits) send(b []byte) error {
	<-w.gate
	w.mu.Lock()
	w.writes++
	w.mu.Unlock()
	w.take(b)
	return nil
}

// One that reads slowly holds nobody up, and gets the newest state in one piece.
func TestASlowWatcherHoldsNobodyUp(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		slow := &waits{page: newPage(), gate: make(chan struct{})}
		f.watch(t, f.hub, 0, slow.send)
		quick := []*page{f.watched(t, f.hub), f.watched(t, f.hub)}
		const commands = 40
		for n := 1; n <= commands; n++ {
			f.take(f.lines[n%2])
			for _, p := range quick { // each sees every number before the next is given
				p.until(t, "a number", func(p *page) bool { return p.lines[f.lines[0]].Issued+p.lines[f.lines[1]].Issued == n })
			}
		}
		close(slow.gate)
		truth := f.truth()
		for _, p := range []*page{slow.page, quick[0]} {
			p.until(t, "the newest state", func(p *page) bool { return p.shows(truth) })
		}
		if slow.writes > 2 {
			t.Errorf("%d writes: what was old was sent, too", slow.writes)
		}
		if slow.picture() != quick[0].picture() {
			t.Errorf("slow %s\nquick %s", slow.picture(), quick[0].picture())
		}
	})
}

// The control: telling by a send that blocks, in the place of a number that each
// watcher keeps for itself, lets the slow one stop all.
func TestASendThatBlocksWouldStopAll(t *testing.T) {
	f := &fair{t: t, ctx: t.Context(), clock: dbtest.NewClock(opens)}
	f.db = dbtest.Open(t, dbtest.SQLite(t), f.clock.Now)
	f.queue = queue.New(f.db)
	slow, quick := make(chan []byte), make(chan []byte, 100)
	told := make(chan struct{}, 100)
	free := make(chan struct{})
	f.hub = New(f.db, Options{Queue: f.queue, Day: f.dayFrame, Poll: time.Hour})
	f.hub.onPut = func(r *room) {
		told <- struct{}{}
		for _, to := range []chan []byte{slow, quick} {
			select {
			case to <- r.last.body:
			case <-free:
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.hub.Run(ctx) }()
	f = f.opened("d1", 2)
	f.watch(t, f.hub, 0, func([]byte) error { return nil })
	<-told
	f.take(f.lines[0]) // committed, and the quick one is not told: the hub hangs in the slow one
	select {
	case <-quick:
		t.Error("the quick one was told: this control proves nothing")
	case f.hub.asks <- make(chan struct{}):
		t.Error("the hub goes on: this control proves nothing")
	case <-time.After(200 * time.Millisecond):
	}
	close(free)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A day that nobody watches is not read, and a hub with no watchers reads nothing.
func TestOnlyWatchedDaysAreRead(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		other := f.opened("d2", 2)
		before := f.hub.Stats()
		if before.Reads != 0 || before.Rooms != 0 {
			t.Errorf("nobody watches, and there were %d reads of %d days", before.Reads, before.Rooms)
		}
		p := f.watched(t, f.hub)
		frames := f.hub.Stats().Frames
		for range 5 {
			other.take(other.lines[0])
		}
		f.take(f.lines[0])
		p.until(t, "the number", func(p *page) bool { return p.lines[f.lines[0]].Issued == 1 })
		sent := func() int64 { return int64(f.hub.Stats().Frames - frames) }
		for give := time.Now().Add(time.Minute); sent() < 2 && time.Now().Before(give); { // counted after they were handed out
			runtime.Gosched()
		}
		if n := sent(); n != 2 { // the line and the arrivals
			t.Errorf("%d frames for one number", n)
		}
		if s := f.hub.Stats(); s.Watchers != 1 || s.Rooms != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// Whoever comes back with a number of long ago, or of a database that was put
// back since, is shown everything; with a number that is remembered only what is new.
func TestComingBack(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		old := f.head()
		f.take(f.lines[0])
		p := f.watched(t, f.hub)
		at := p.last()
		f.take(f.lines[1])
		p.until(t, "a number", func(p *page) bool { return p.lines[f.lines[1]].Issued == 1 })
		for _, c := range []struct {
			name  string
			since int64
			all   int
			lines int
		}{{"remembered", at, 0, 1}, {"newest", p.last(), 0, 0}, {"too old", old, 1, 3}, {"of the future", at + 1000, 1, 3}, {"none", 0, 1, 3}} {
			q := newPage()
			f.watch(t, f.hub, c.since, func(b []byte) error { q.take(b); return nil })
			q.until(t, c.name, func(q *page) bool { return q.id == p.last() })
			if q.all != c.all || len(q.lines) != c.lines {
				t.Errorf("%s: %d complete pictures, %d lines; want %d, %d", c.name, q.all, len(q.lines), c.all, c.lines)
			}
		}
	})
}

// Lines that come, go, move to another time or get more pieces are told, too.
func TestWhatHappensToLines(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		p := f.watched(t, f.hub)
		stock := f.lines[2]
		_, err := f.queue.AddStock(f.ctx, f.cmd(stock), 3)
		f.ok(err)
		p.until(t, "more pieces", func(p *page) bool { l := p.lines[stock]; return l.StockLeft != nil && *l.StockLeft == 9 })
		pause := f.cmd(f.lines[0])
		pause.Reason = "吃饭"
		f.ok(f.queue.Pause(f.ctx, pause))
		p.until(t, "the pause", func(p *page) bool {
			l := p.lines[f.lines[0]]
			return l.State == queue.LinePaused && l.Why == "吃饭" && !l.Wait.Known
		})
		f.take(f.lines[1])
		hear(f, event.BoothReleased{Day: f.day, AssignmentID: "ad1", BoothID: "b"}, f.queue.BoothReleased)
		p.until(t, "who has numbers is paused, who has none is gone", func(p *page) bool {
			return p.lines[f.lines[1]].WhyCode == queue.WhyReleased && p.lines[f.lines[0]].State == queue.LineRemoved && p.lines[stock].State == queue.LineRemoved
		})
		if q := f.watched(t, f.hub); len(q.lines) != 1 {
			t.Errorf("%d lines are left, want 1", len(q.lines))
		}
		back := event.BoothAssigned{Day: f.day, Place: event.Place{AssignmentID: "again", BoothID: "b", BoothCode: "A1", PartnerID: "q", ClaimID: "k",
			Services: []event.Service{{ID: "new", Name: "新的", Kind: "person", Minutes: 2}}}}
		hear(f, back, f.queue.BoothAssigned)
		p.until(t, "a new line", func(p *page) bool { return len(p.lines) == 4 })
		closes := opens.Add(time.Hour) // early
		f.clock.Push(closes.Sub(f.clock.Now()))
		f.next(newest(f))
		hear(f, event.MarketDayClosed{Day: f.day, EffectiveAt: closes, ServeUntil: closes.Add(15 * time.Minute)}, f.queue.MarketDayClosed)
		p.until(t, "who was called is still served", func(p *page) bool { return p.lines[newest(f)].State == queue.LineClosing })
	})
}

// newest is the line 新的, with one number given.
func newest(f *fair) string {
	f.t.Helper()
	all, err := f.queue.Lines(f.ctx, "c1", f.day.DayID)
	f.ok(err)
	for _, l := range all {
		if l.Service != "新的" {
			continue
		}
		if l.Issued == 0 {
			f.take(l.ID)
		}
		return l.ID
	}
	f.t.Fatalf("no new line")
	return ""
}

// The screen speaks every call: however much came together, the last five are
// in the frame with their counts.
func TestNoCallIsLost(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		slow := &waits{page: newPage(), gate: make(chan struct{})}
		f.watch(t, f.hub, 0, slow.send)
		for range 5 {
			f.take(f.lines[0])
		}
		for range 5 {
			f.clock.Push(time.Second)
			f.next(f.lines[0])
		}
		f.clock.Push(time.Minute)
		again := f.cmd(f.lines[0])
		again.TicketID = f.lines[0] + "-3"
		_, err := f.queue.Recall(f.ctx, again)
		f.ok(err)
		close(slow.gate)
		slow.until(t, "the calls", func(p *page) bool {
			c := p.lines[f.lines[0]].Calls
			return len(c) == 5 && c[0].Number == 3 && c[0].Calls == 2 && c[1].Number == 5 && c[4].Number == 1
		})
	})
}

// A call made in one process is seen by those who watch in another.
func TestTwoProcesses(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url, c := dbtest.Postgres(t), dbtest.NewClock(opens.Add(-time.Hour))
	f := newFair(t, dbtest.Open(t, url, c.Now), c)
	far := f.runs(t, dbtest.Open(t, url, c.Now))
	near, other := f.watched(t, f.hub), f.watched(t, far)
	for n := 1; n <= 20; n++ {
		f.take(f.lines[0])
		called := f.next(f.lines[0])
		for _, p := range []*page{near, other} {
			p.until(t, "the call", func(p *page) bool { c := p.lines[f.lines[0]].Calls; return len(c) > 0 && c[0].Number == called.Number })
		}
	}
	// A page that changes over brings a number the other process may not have heard of.
	q := newPage()
	f.watch(t, far, near.last(), func(b []byte) error { q.take(b); return nil })
	f.take(f.lines[1])
	q.until(t, "what came after", func(q *page) bool { return q.lines[f.lines[1]].Issued == 1 })
	if q.all != 0 {
		t.Error("it was shown everything again")
	}
}

// Two hundred residents behind one address follow three pages each; a machine
// gets no more than they, and neither takes the places of walls and staff.
func TestLimits(t *testing.T) {
	const most, reserve = 1000, 100
	for _, c := range []struct {
		name string
		o    Options
		want map[string]int // how many of a thousand got a place
	}{
		{"with a reserve", Options{Most: most, Reserve: reserve}, map[string]int{"square": 600, "elsewhere": 300, "wall": 20, "another wall": 20, "staff": 60}},
		{"the control: without one", Options{Most: most, Reserve: -1, PerAddress: most}, map[string]int{"square": most, "elsewhere": 0, "wall": 0, "another wall": 0, "staff": 0}},
	} {
		f := &fair{t: t, ctx: t.Context()}
		c.o.Day = f.dayFrame
		h := New(dbtest.Open(t, dbtest.SQLite(t), nil), c.o)
		for _, who := range []struct {
			name string
			seat seat
		}{
			{"square", seat{Public, "square"}}, {"elsewhere", seat{Public, "elsewhere"}}, {"wall", seat{Wall, "square"}},
			{"another wall", seat{Wall, "hall"}}, {"staff", seat{Staff, "square"}},
		} {
			var got atomic.Int64
			var wg sync.WaitGroup
			for range most {
				wg.Go(func() {
					if _, err := h.enter("d1", who.seat); err == nil {
						got.Add(1)
					} else if err != ErrFull {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if int(got.Load()) != c.want[who.name] {
				t.Errorf("%s: %s got %d places, want %d", c.name, who.name, got.Load(), c.want[who.name])
			}
		}
		if s := h.Stats(); s.Watchers != most {
			t.Errorf("%s: %+v", c.name, s)
		}
		r, err := h.enter("d2", seat{Public, "late"})
		if err != ErrFull {
			t.Errorf("%s: one more: %v", c.name, err)
		}
		h.mu.Lock()
		r = h.rooms["d1"]
		h.mu.Unlock()
		for range reserve + 1 {
			h.leave(r, seat{Public, "square"})
		}
		if _, err := h.enter("d2", seat{Public, "late"}); err != nil {
			t.Errorf("%s: a place is free: %v", c.name, err)
		}
	}
}

// A hub that stops ends every stream and leaves nothing behind; a day that does
// not exist has its reason.
func TestItEndsCleanly(t *testing.T) {
	c := dbtest.NewClock(opens.Add(-time.Hour))
	d := dbtest.Open(t, dbtest.SQLite(t), c.Now)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f := &fair{t: t, ctx: context.Background(), db: d, clock: c, queue: queue.New(d)}
	f.hub = New(d, Options{Queue: f.queue, Day: f.dayFrame})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.hub.Run(ctx) }()
	f = f.opened("d1", 2)
	var streams []chan error
	for range 20 {
		streams = append(streams, f.watch(t, f.hub, 0, func([]byte) error { return nil }))
	}
	streams = append(streams, f.watch(t, f.hub, 0, func([]byte) error { return os.ErrDeadlineExceeded }))
	if err := <-streams[20]; err != os.ErrDeadlineExceeded || f.hub.Stats().Dropped != 1 {
		t.Errorf("%v, dropped %d", err, f.hub.Stats().Dropped)
	}
	none := *f
	none.day.DayID = "x"
	if err := <-none.watch(t, f.hub, 0, func([]byte) error { return nil }); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("a day that does not exist: %v", err)
	}
	stop()
	for _, s := range streams[:20] {
		if err := <-s; err != nil {
			t.Error(err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := f.hub.enter("d1", seat{address: "late"}); err != ErrFull {
		t.Errorf("it still takes watchers: %v", err)
	}
}
