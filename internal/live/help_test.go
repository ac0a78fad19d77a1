package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

var opens = time.Date(2026, 11, 19, 1, 0, 0, 0, time.UTC)

// tester is what testing.T and rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// fair is an open market day with a hub.
type fair struct {
	t     tester
	ctx   context.Context
	db    *db.DB
	clock *dbtest.Clock
	queue *queue.Service
	hub   *Hub
	day   event.Day
	lines []string
}

func eachFair(t *testing.T, do func(t *testing.T, f *fair)) {
	t.Helper()
	c := dbtest.NewClock(opens.Add(-time.Hour))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Push(opens.Add(-time.Hour).Sub(c.Now()))
		do(t, newFair(t, d, c))
	})
}

func newFair(t *testing.T, d *db.DB, c *dbtest.Clock, edit ...func(*Options)) *fair {
	t.Helper()
	f := &fair{t: t, ctx: t.Context(), db: d, clock: c, queue: queue.New(d)}
	f.hub = f.runs(t, d, edit...)
	return f.opened("d1", 3)
}

// runs starts a hub until the test ends.
func (f *fair) runs(t *testing.T, d *db.DB, edit ...func(*Options)) *Hub {
	t.Helper()
	o := Options{Queue: queue.New(d), Day: f.dayFrame, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Poll: time.Hour}
	for _, e := range edit {
		e(&o)
	}
	h := New(d, o)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return h
}

// dayFrame knows the days of these tests; the real ones are the scheduler's.
func (f *fair) dayFrame(tx *db.Tx, id string) (Day, error) {
	if !strings.HasPrefix(id, "d") {
		return Day{}, fault.NotFound("market_day.unknown", "day", "there is no such day")
	}
	return Day{State: "open", OpensAt: opens, ClosesAt: opens.Add(3 * time.Hour)}, nil
}

// opened is another day with lines: for people, and the last one with a stock.
func (f *fair) opened(id string, lines int) *fair {
	f.t.Helper()
	g := *f
	g.day = event.Day{DayID: id, MarketID: "m" + id, CommunityID: "c1", Date: "2026-11-19"}
	var services []event.Service
	for i := range lines {
		s := event.Service{ID: fmt.Sprint("s", i), Name: fmt.Sprint("服务", i), Kind: "person", Minutes: 5}
		if i == lines-1 {
			s.Kind, s.Stock = "stock", 6
		}
		services = append(services, s)
	}
	planned := event.MarketDayPlanned{Day: g.day, OpensAt: opens, ClosesAt: opens.Add(3 * time.Hour)}
	published := event.BoothsPublished{Day: g.day, Places: []event.Place{{AssignmentID: "a" + id, BoothID: "b", BoothCode: "A1", PartnerID: "p", ClaimID: "k", Services: services}}}
	hear(&g, planned, g.queue.MarketDayPlanned)
	hear(&g, published, g.queue.BoothsPublished)
	if wait := opens.Sub(g.clock.Now()); wait > 0 {
		g.clock.Push(wait)
	}
	hear(&g, event.MarketDayOpened{Day: g.day, EffectiveAt: opens, ClosesAt: planned.ClosesAt}, g.queue.MarketDayOpened)
	all, err := g.queue.Lines(g.ctx, "c1", id)
	g.ok(err)
	g.lines = nil
	for _, l := range all {
		g.lines = append(g.lines, l.ID)
	}
	return &g
}

// hear commits an event with what the queue does about it, as the bus would.
func hear[E event.Event](f *fair, e E, react func(*db.Tx, E) error) {
	f.t.Helper()
	f.ok(f.db.Update(f.ctx, func(tx *db.Tx) error {
		if err := outbox.Emit(tx, e); err != nil {
			return err
		}
		return react(tx, e)
	}))
}

func (f *fair) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("unexpected: %v", err)
	}
}

func (f *fair) take(line string) queue.Ticket {
	f.t.Helper()
	t, err := f.queue.Issue(f.ctx, queue.IssueRequest{DayID: f.day.DayID, LineID: line, Via: queue.Desk})
	f.ok(err)
	return t
}

func (f *fair) cmd(line string) queue.LineCommand {
	return queue.LineCommand{CommunityID: "c1", DayID: f.day.DayID, LineID: line, By: "booth"}
}

func (f *fair) next(line string) queue.Ticket {
	f.t.Helper()
	t, err := f.queue.Next(f.ctx, f.cmd(line))
	f.ok(err)
	return t
}

func (f *fair) head() (n int64) {
	f.t.Helper()
	f.ok(f.db.View(f.ctx, func(tx *db.Tx) (err error) { n, err = outbox.Head(tx); return err }))
	return n
}

// page is a page as live.js makes one: it keeps the newest frame of each line.
type page struct {
	mu    sync.Mutex
	id    int64 // of the last "at"
	lines map[string]Line
	day   *Day
	all   int    // complete pictures so far
	seen  []Line // every frame that came, in order
	came  chan struct{}
}

func newPage() *page { return &page{lines: map[string]Line{}, came: make(chan struct{})} }

// take reads a piece of a stream. Pieces end between events.
func (p *page) take(b []byte) {
	for block := range strings.SplitSeq(string(b), "\n\n") {
		var name, data, id string
		for row := range strings.SplitSeq(block, "\n") {
			key, value, _ := strings.Cut(row, ": ")
			switch key {
			case "event":
				name = value
			case "data":
				data = value
			case "id":
				id = value
			}
		}
		p.event(name, data, id)
	}
}

func (p *page) event(name, data, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id != "" && name != "at" {
		panic("an id on " + name)
	}
	switch name {
	case "all":
		p.all++
		p.lines, p.day = map[string]Line{}, nil
	case "line":
		l := read[Line](data)
		p.seen = append(p.seen, l)
		if was, ok := p.lines[l.Line]; !ok || was.At <= l.At {
			p.lines[l.Line] = l
		}
	case "day":
		d := read[Day](data)
		p.day = &d
	case "at":
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || data != id {
			panic("at " + data + " " + id)
		}
		p.id = n
		close(p.came)
		p.came = make(chan struct{})
	}
}

func read[T any](data string) (v T) {
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		panic(err)
	}
	return v
}

// until waits until the page shows what it should; the deadline is only for a
// test that fails.
func (p *page) until(t tester, what string, shows func(*page) bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		p.mu.Lock()
		ok, came := shows(p), p.came
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-came:
		case <-late:
			t.Fatalf("never seen: %s", what)
		}
	}
}

// last is the number up to which the page was told.
func (p *page) last() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

// frames are all lines that came so far, in order.
func (p *page) frames() []Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// picture is everything a page shows, but the numbers of events.
func (p *page) picture() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Line
	for _, l := range p.lines {
		l.At = 0
		if l.State != queue.LineRemoved {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b Line) int { return strings.Compare(a.Line, b.Line) })
	day := Day{}
	if p.day != nil {
		day = *p.day
		day.At = 0
	}
	b, _ := json.MarshalIndent([]any{day, all}, "", " ")
	return string(b)
}

// watch follows the day with a page until the test ends or send fails; what
// send returns an error for was not received.
func (f *fair) watch(t testing.TB, h *Hub, since int64, send func([]byte) error) (ended chan error) {
	t.Helper()
	ended = make(chan error, 1)
	r, err := h.enter(f.day.DayID, seat{address: "test"})
	f.ok(err)
	go func() {
		defer h.leave(r, seat{address: "test"})
		ended <- h.follow(f.ctx, r, since, send, nil)
	}()
	return ended
}

// watched is a page that follows the day.
func (f *fair) watched(t testing.TB, h *Hub) *page {
	t.Helper()
	p := newPage()
	f.watch(t, h, 0, func(b []byte) error { p.take(b); return nil })
	p.until(f.t, "the picture", func(p *page) bool { return p.id > 0 })
	return p
}

// stream reads a page from an HTTP answer.
func (p *page) stream(in io.Reader) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	var block strings.Builder
	for s.Scan() {
		if s.Text() != "" {
			block.WriteString(s.Text() + "\n")
			continue
		}
		p.take([]byte(block.String()))
		block.Reset()
	}
	return s.Err()
}
