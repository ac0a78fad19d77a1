package scheduler

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
)

var shanghai = mustZone("Asia/Shanghai")

func mustZone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// local is a local time in Shanghai, "2026-01-19 09:00".
func local(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v.UTC()
}

func day(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate("", s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rule(t testing.TB, s string) Rule {
	t.Helper()
	r, err := ParseRule([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return r
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// stage is a service on a database with a clock, and the xiangyang community.
type stage struct {
	*Service
	t     *testing.T
	ctx   context.Context
	clock *dbtest.Clock
	comm  Community
}

// onStage runs do on both databases, the clock standing at the given local time.
func onStage(t *testing.T, start string, do func(t *testing.T, s *stage)) {
	t.Helper()
	t.Parallel()
	c := dbtest.NewClock(local(t, start))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(t, start))
		s := &stage{Service: New(d, Options{}), t: t, ctx: t.Context(), clock: c}
		s.comm = must[Community](t)(s.SaveCommunity(s.ctx, Community{Slug: "xiangyang", Name: "泰前街道向阳社区", City: "泰安市"}))
		do(t, s)
	})
}

func (s *stage) market(rule string, change ...func(*Market)) Market {
	s.t.Helper()
	m := Market{
		CommunityID: s.comm.ID, Slug: "jiu", Name: "幸福长“9”·益路向阳", Venue: "党群服务中心门口", Opens: 9 * 60, Closes: 11*60 + 30,
		Holiday: NextWorkday,
	}
	if err := json.Unmarshal([]byte(rule), &m.Rule); err != nil {
		s.t.Fatal(err)
	}
	for _, f := range change {
		f(&m)
	}
	return must[Market](s.t)(s.SaveMarket(s.ctx, m))
}

func (s *stage) tick() time.Time { s.t.Helper(); return must[time.Time](s.t)(s.Tick(s.ctx)) }

func (s *stage) tickAt(at string) { s.t.Helper(); s.clock.Set(local(s.t, at)); s.tick() }

func (s *stage) days(m Market) []Day {
	s.t.Helper()
	return must[[]Day](s.t)(s.Days(s.ctx, m.CommunityID, DayFilter{MarketID: m.ID, Limit: 1000}))
}

func (s *stage) dayOf(m Market, date string) Day {
	s.t.Helper()
	for _, d := range s.days(m) {
		if d.Date.String() == date {
			return d
		}
	}
	s.t.Fatalf("no day for %s", date)
	return Day{}
}

func (s *stage) ref(d Day) DayRef { return DayRef{s.comm.ID, d.ID, "wang"} }

// told is an event as it lies in the outbox.
type told struct {
	Name    string `db:"name"`
	Key     string `db:"key"`
	Payload string `db:"payload"`
}

func events(t testing.TB, d *db.DB, dayID string) []told {
	t.Helper()
	var out []told
	err := d.View(context.Background(), func(tx *db.Tx) error {
		return tx.Select(&out, `SELECT name, key, payload FROM outbox WHERE $1 = '' OR key = $1 ORDER BY seq`, dayID)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func names(list []told) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Name
	}
	return out
}

func decode[E event.Event](t testing.TB, list []told) E {
	t.Helper()
	var zero E
	for _, e := range list {
		if e.Name == zero.Name() {
			return must[E](t)(event.Decode[E]([]byte(e.Payload)))
		}
	}
	t.Fatalf("no %s among %v", zero.Name(), names(list))
	return zero
}

// house is a scheduler of one community on a Monday morning, for properties that
// many markets are made for.
func house(t *testing.T) (*dbtest.Clock, *Service, Community) {
	t.Helper()
	c := dbtest.NewClock(local(t, "2026-01-05 08:00"))
	s := New(dbtest.Open(t, dbtest.SQLite(t), c.Now), Options{})
	return c, s, must[Community](t)(s.SaveCommunity(t.Context(), Community{Slug: "c", Name: "社区"}))
}
