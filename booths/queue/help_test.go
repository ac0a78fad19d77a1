package queue

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// tester is what testing.T and rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// place is a market day with its service, clock and events.
type place struct {
	t     tester
	ctx   context.Context
	db    *db.DB
	s     *Service
	clock *dbtest.Clock
	name  string // of the test
	day   event.Day
	opens time.Time
	from  int64 // outbox number before which nothing is about this day
	seen  int64 // outbox number up to which figures were collected
}

const grace = 15 * time.Minute

func opening(date string) time.Time {
	d, err := time.Parse("2006-01-02", date)
	if err != nil {
		panic(err)
	}
	return d.Add(time.Hour) // 9:00 in Shanghai
}

// lasting is a testing.TB whose cleanups wait for the end of all tests.
type lasting struct{ testing.TB }

var atEnd []func()

func (l lasting) Cleanup(f func()) { atEnd = append(atEnd, f) }

func (l lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "queue")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, end := range slices.Backward(atEnd) {
		end()
	}
	os.Exit(code)
}

// shared are one SQLite and one PostgreSQL database for all tests that leave
// them healthy: making one costs more than most tests. Each test has markets
// of its own, and they run one after the other on one clock.
var shared = map[string]*db.DB{}
var sharedClock dbtest.Clock

// eachDay runs do on both databases, half an hour before a day opens.
func eachDay(t *testing.T, do func(t *testing.T, p *place)) {
	t.Helper()
	run := func(name string, where func(testing.TB) string) {
		t.Run(name, func(t *testing.T) {
			if shared[name] == nil {
				shared[name] = dbtest.Open(lasting{t}, where(lasting{t}), sharedClock.Now)
			}
			do(t, newPlace(t, shared[name], &sharedClock, t.Name()))
		})
	}
	run("sqlite", dbtest.SQLite)
	if dbtest.HavePostgres(t) {
		run("postgres", dbtest.Postgres)
	}
}

// eachOwnDay is eachDay on databases nobody else uses: for controls, which
// break something on purpose.
func eachOwnDay(t *testing.T, do func(t *testing.T, p *place)) {
	t.Helper()
	var c dbtest.Clock
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) { do(t, newPlace(t, d, &c, t.Name())) })
}

func newPlace(t tester, d *db.DB, c *dbtest.Clock, name string) *place {
	c.Set(opening("2026-11-19").Add(-30 * time.Minute))
	return (&place{t: t, ctx: context.Background(), db: d, s: New(d), clock: c, name: name}).on("m1", "2026-11-19")
}

// key is an idempotency key of this test.
func (p *place) key(parts ...any) string { return p.name + fmt.Sprint(parts...) }

// on plans another day.
func (p *place) on(market, date string) *place {
	p.t.Helper()
	q := *p
	market = p.name + "/" + market
	q.day = event.Day{DayID: market + "-" + date, MarketID: market, CommunityID: "c1", Date: date}
	q.opens = opening(date)
	q.ok(q.db.View(q.ctx, func(tx *db.Tx) (err error) {
		q.from, err = outbox.Head(tx)
		return err
	}))
	q.seen = q.from
	q.hear(func(tx *db.Tx) error {
		return q.s.MarketDayPlanned(tx, event.MarketDayPlanned{Day: q.day, OpensAt: q.opens, ClosesAt: q.closes()})
	})
	return &q
}

func (p *place) closes() time.Time { return p.opens.Add(150 * time.Minute) }

func (p *place) hear(react func(*db.Tx) error) {
	p.t.Helper()
	if err := p.db.Update(p.ctx, react); err != nil {
		p.t.Fatalf("reaction: %v", err)
	}
}

func service(id string, k Kind, stock int) event.Service {
	return event.Service{ID: id, Name: "服务" + id, Kind: string(k), Minutes: 5, Stock: stock}
}

func booth(assignment, code, partner string, services ...event.Service) event.Place {
	return event.Place{AssignmentID: assignment, BoothID: "booth-" + code, BoothCode: code, PartnerID: partner, ClaimID: "k", Services: services}
}

func (p *place) publish(places ...event.Place) {
	p.t.Helper()
	p.hear(func(tx *db.Tx) error {
		return p.s.BoothsPublished(tx, event.BoothsPublished{Day: p.day, Places: places})
	})
}

func (p *place) open() {
	p.t.Helper()
	if p.clock.Now().Before(p.opens) {
		p.clock.Set(p.opens)
	}
	p.hear(func(tx *db.Tx) error {
		return p.s.MarketDayOpened(tx, event.MarketDayOpened{Day: p.day, EffectiveAt: p.opens, ClosesAt: p.closes()})
	})
}

func (p *place) close() {
	p.t.Helper()
	if p.clock.Now().Before(p.closes()) {
		p.clock.Set(p.closes())
	}
	p.hear(func(tx *db.Tx) error {
		return p.s.MarketDayClosed(tx, event.MarketDayClosed{Day: p.day, EffectiveAt: p.closes(), ServeUntil: p.closes().Add(grace)})
	})
}

// opened is a day with one line each of the given kinds, open.
func (p *place) opened(kinds ...Kind) []string {
	p.t.Helper()
	var services []event.Service
	for i, k := range kinds {
		stock := 0
		if k == Stock {
			stock = 5
		}
		services = append(services, service(fmt.Sprintf("s%d", i), k, stock))
	}
	p.publish(booth("a1", "A1", "p1", services...))
	p.open()
	return p.lines()
}

// lines are the ids of the day's lines in the order of their services.
func (p *place) lines() []string {
	p.t.Helper()
	all, err := p.s.Lines(p.ctx, p.day.CommunityID, p.day.DayID)
	p.ok(err)
	var ids []string
	for _, l := range all {
		ids = append(ids, l.ID)
	}
	return ids
}

func (p *place) line(id string) Line {
	p.t.Helper()
	c, err := p.s.Line(p.ctx, p.day.CommunityID, p.day.DayID, id)
	p.ok(err)
	return c.Line
}

func (p *place) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("unexpected: %v", err)
	}
}

func (p *place) refused(err error, code string) {
	p.t.Helper()
	if !fault.Is(err, code) {
		p.t.Fatalf("error is %v, want %s", err, code)
	}
}

func (p *place) take(line, visitor string) Ticket {
	p.t.Helper()
	t, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: visitor, Via: Phone})
	p.ok(err)
	return t
}

func (p *place) cmd(line string) LineCommand {
	return LineCommand{CommunityID: p.day.CommunityID, DayID: p.day.DayID, LineID: line, By: "partner"}
}

func (p *place) about(t Ticket) LineCommand {
	c := p.cmd(t.LineID)
	c.TicketID = t.ID
	return c
}

// undo takes back what a page that was looked at now offers: the last move of
// the line, or of the ticket of c.
func (p *place) undo(c LineCommand) (Ticket, error) {
	err := p.s.db.View(p.ctx, func(tx *db.Tx) error {
		m, err := lastMove(tx, c.LineID, numberOf(c.LineID, c.TicketID), tx.Now.Add(-undoFor))
		c.Move = m.Seq
		return err
	})
	if err != nil {
		return Ticket{}, err
	}
	return p.s.Undo(p.ctx, c)
}

func (p *place) next(line string) Ticket {
	p.t.Helper()
	t, err := p.s.Next(p.ctx, p.cmd(line))
	p.ok(err)
	return t
}

// events returns what was told since the outbox number after.
func (p *place) events(after int64) []outbox.Stored {
	p.t.Helper()
	var all []outbox.Stored
	p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
		all = nil
		for {
			some, err := outbox.After(tx, outbox.Topic, after, 500)
			if err != nil || len(some) == 0 {
				return err
			}
			all = append(all, some...)
			after = some[len(some)-1].Seq
		}
	}))
	return all
}

// told counts the events of a name for this day, with a word in the payload.
func told[E event.Event](p *place, want func(E) bool) int {
	p.t.Helper()
	var zero E
	n := 0
	for _, e := range p.events(p.from) {
		if e.Name != zero.Name() || e.Key != p.day.DayID {
			continue
		}
		d, err := event.Decode[E]([]byte(e.Payload))
		p.ok(err)
		if want == nil || want(d) {
			n++
		}
	}
	return n
}

// count lets the consumer "figures" hear everything new.
func (p *place) count() {
	p.t.Helper()
	news := p.events(p.seen)
	p.hear(func(tx *db.Tx) error {
		for _, e := range news {
			p.seen = e.Seq
			if e.Key != p.day.DayID {
				continue
			}
			if err := collect(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func collect(tx *db.Tx, e outbox.Stored) error {
	switch e.Name {
	case event.VisitorCheckedIn{}.Name():
		return decoded(tx, e, Figures{}.VisitorCheckedIn)
	case event.VisitorDiscounted{}.Name():
		return decoded(tx, e, Figures{}.VisitorDiscounted)
	case event.TicketIssued{}.Name():
		return decoded(tx, e, Figures{}.TicketIssued)
	case event.TicketMoved{}.Name():
		return decoded(tx, e, Figures{}.TicketMoved)
	}
	return nil
}

func decoded[E event.Event](tx *db.Tx, e outbox.Stored, react func(*db.Tx, E) error) error {
	d, err := event.Decode[E]([]byte(e.Payload))
	if err != nil {
		return err
	}
	return react(tx, d)
}

// settle is what the scheduler and the bus do after the lines closed.
func (p *place) settle() {
	p.t.Helper()
	p.count()
	p.hear(func(tx *db.Tx) error {
		return Figures{}.MarketDaySettled(tx, event.MarketDaySettled{Day: p.day, ClosedAt: p.closes(), NextDate: "2026-12-19"})
	})
}

// healthy checks every invariant.
func (p *place) healthy() {
	p.t.Helper()
	broken, err := p.db.Check(p.ctx, Invariants)
	p.ok(err)
	if len(broken) > 0 {
		p.t.Fatalf("broken: %+v", broken)
	}
}
