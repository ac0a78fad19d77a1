package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// G1, G2 and G3 of guarantees.md, each with a control: the same rig with the
// mechanism taken out must go red.

// rig is eight schedulers, each believing a clock of its own. A SQLite file is
// open in one process only, so there they share a database whose clock jumps.
type rig struct {
	t       *testing.T
	all     []*Service
	clocks  []*dbtest.Clock
	markets []Market
}

const schedulers = 8

func newRig(t *testing.T, url string, start time.Time, rules ...string) *rig {
	t.Helper()
	r := &rig{t: t}
	shared := !strings.HasPrefix(url, "postgres")
	var d *db.DB
	for i := range schedulers {
		if i == 0 || !shared {
			c := dbtest.NewClock(start)
			d = dbtest.Open(t, url, c.Now)
			r.clocks = append(r.clocks, c)
		}
		r.all = append(r.all, New(d, Options{}))
	}
	comm := must[Community](t)(r.all[0].SaveCommunity(t.Context(), Community{Slug: "c", Name: "c"}))
	for i, rule := range rules {
		m := Market{CommunityID: comm.ID, Slug: fmt.Sprint("m", i), Name: "m", Venue: "v", Opens: 540, Closes: 690, Holiday: NextWorkday}
		if err := m.Rule.UnmarshalJSON([]byte(rule)); err != nil {
			t.Fatal(err)
		}
		r.markets = append(r.markets, m)
	}
	return r
}

func (r *rig) save() {
	r.t.Helper()
	for i, m := range r.markets {
		r.markets[i] = must[Market](r.t)(r.all[0].SaveMarket(r.t.Context(), m))
	}
}

// storm lets all schedulers tick at once, again and again: before each tick the
// clock jumps to somewhere around base, and some ticks are killed half way.
func (r *rig) storm(base time.Time, jump time.Duration, rounds int) {
	r.t.Helper()
	var wg sync.WaitGroup
	for i, s := range r.all {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(7, uint64(i)))
			for range rounds {
				c := r.clocks[i%len(r.clocks)]
				c.Set(base.Add(time.Duration(rnd.Int64N(int64(2*jump))) - jump))
				ctx, kill := context.WithCancel(context.Background())
				if rnd.IntN(4) == 0 {
					go kill()
				}
				if _, err := s.Tick(ctx); err != nil && ctx.Err() == nil {
					r.t.Error(err)
				}
				kill()
			}
		})
	}
	wg.Wait()
}

func (r *rig) settle(at time.Time) {
	r.t.Helper()
	for _, c := range r.clocks {
		c.Set(at)
	}
	for range 2 {
		if _, err := r.all[0].Tick(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

// broken lists what is wrong with the days by now, empty if nothing is.
func (r *rig) broken(since, now time.Time) []string {
	r.t.Helper()
	var bad []string
	for _, b := range must[[]db.Broken](r.t)(r.all[0].db.Check(r.t.Context(), Invariants)) {
		bad = append(bad, b.Name)
	}
	for _, m := range r.markets {
		days := must[[]Day](r.t)(r.all[0].Days(r.t.Context(), m.CommunityID, DayFilter{MarketID: m.ID, Limit: 10000}))
		seen, held := map[Date]int{}, map[Date]int{}
		for _, d := range days {
			seen[d.Date]++
			held[d.HeldOn]++
			if got, want := d.State, d.StateAt(now); got != want {
				bad = append(bad, fmt.Sprintf("%s is %s, not %s", d.Date, got, want))
			}
		}
		for date, n := range seen {
			if n > 1 || held[date] > 1 {
				bad = append(bad, fmt.Sprintf("%s exists %d times", date, n))
			}
		}
		today := DateOf(now, shanghai)
		for rd := DateOf(since, shanghai); rd < today+60; rd++ {
			if !dueOn(m.Rule, rd) {
				continue
			}
			if on, ok := heldBy(rd, m.Holiday, Keep); ok && held[on] == 0 && on < today+60 {
				bad = append(bad, fmt.Sprintf("%s is missing", rd))
			}
		}
		bad = append(bad, r.histories(days)...)
	}
	return bad
}

// history says what is wrong with the transitions and events of the days.
func (r *rig) histories(days []Day) []string {
	r.t.Helper()
	type line struct {
		Day  string `db:"day"`
		Name string `db:"name"`
	}
	var states, told []line
	err := r.all[0].db.View(r.t.Context(), func(tx *db.Tx) error {
		if err := tx.Select(&states, `SELECT day_id AS day, state AS name FROM market_day_transitions ORDER BY day_id, seq, recorded_at`); err != nil {
			return err
		}
		return tx.Select(&told, `SELECT key AS day, name FROM outbox ORDER BY seq`)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	stateOf := strings.NewReplacer("market_day.", "", ".v1", "", "claiming_opened", "claiming", "opened", "open")
	history, heard := map[string][]string{}, map[string][]string{}
	for _, l := range states {
		history[l.Day] = append(history[l.Day], l.Name)
	}
	for _, l := range told {
		heard[l.Day] = append(heard[l.Day], stateOf.Replace(l.Name))
	}
	order := []string{"planned", "claiming", "confirmed", "open", "closed"}
	missed := []string{"planned", "missed"}
	var bad []string
	for _, d := range days {
		h := history[d.ID]
		if !slices.Equal(h, heard[d.ID]) {
			bad = append(bad, fmt.Sprintf("%s: history %v, events %v", d.Date, h, heard[d.ID]))
		}
		if n := len(h); n == 0 || h[n-1] != string(d.State) || (!slices.Equal(h, missed) && !(n <= len(order) && slices.Equal(h, order[:n]))) {
			bad = append(bad, fmt.Sprintf("%s is %s and went %v", d.Date, d.State, h))
		}
	}
	return bad
}

// unguarded replaces the day tables by copies without their unique constraints.
func (r *rig) unguarded() {
	r.t.Helper()
	var raw []byte
	for _, file := range []string{"0002_scheduler.sql", "0018_undo_steps.sql", "0022_undo_cancel.sql"} {
		more, err := os.ReadFile("../migrations/" + file)
		if err != nil {
			r.t.Fatal(err)
		}
		raw = append(raw, more...)
	}
	tables := regexp.MustCompile(`--.*`).ReplaceAllString(string(raw), "")
	create := func(name string) string {
		q := tables[strings.Index(tables, "CREATE TABLE "+name+" "):]
		q = q[:strings.Index(q, ";")]
		for _, guard := range []string{"    UNIQUE (market_id, date),\n", ",\n    UNIQUE (day_id, state)", ",\n    PRIMARY KEY (day_id, seq)"} {
			q = strings.Replace(q, guard, "", 1)
		}
		q = regexp.MustCompile(`,?\n    CHECK \(\(.*`).ReplaceAllString(q, "") // they would notice too
		if strings.Contains(q, "UNIQUE") {
			r.t.Fatalf("still guarded: %s", q)
		}
		return q
	}
	added := regexp.MustCompile(`ALTER TABLE market_days ADD COLUMN [^;]*`).FindString(tables)
	err := r.all[0].db.Update(r.t.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			`DROP TABLE market_day_undone`, `DROP TABLE market_day_transitions`, `DROP TABLE market_days`,
			create("market_days"), added, create("market_day_transitions"), create("market_day_undone"),
			`UPDATE markets SET planned_to = '2025-12-31', plan_at = 0`, `DELETE FROM outbox`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

var rigRules = []string{`{"monthly":{"days":[9,19,29]}}`, `{"weekly":{"weekdays":["wednesday"]}}`, `{"lunar":{"days":[3,8,13,18,23,28]}}`}

func TestG1OneDayPerDate(t *testing.T) {
	start := local(t, "2026-02-01 12:00")
	dbtest.EachURL(t, func(t *testing.T, url string) {
		r := newRig(t, url, start, rigRules...)
		r.save()
		now := start
		for range 3 {
			now = now.Add(36 * time.Hour)
			r.storm(now, 48*time.Hour, 3)
		}
		now = now.Add(96 * time.Hour)
		r.settle(now)
		if bad := r.broken(start, now); len(bad) > 0 {
			t.Fatalf("%d broken: %v", len(bad), bad)
		}
	})
}

func TestG1ControlWithoutUniqueGoesRed(t *testing.T) {
	start := local(t, "2026-02-01 12:00")
	dbtest.EachURL(t, func(t *testing.T, url string) {
		r := newRig(t, url, start, rigRules...)
		r.save()
		for range 5 { // on a busy machine one of the schedulers may have done all before the others began
			r.unguarded()
			r.storm(start, 48*time.Hour, 2)
			r.settle(start.Add(96 * time.Hour))
			for _, b := range r.broken(start, start.Add(96*time.Hour)) {
				if strings.Contains(b, "exists") {
					return
				}
			}
		}
		t.Fatal("without the constraint every day still exists once: the rig proves nothing")
	})
}

// After any outage one Tick has every due day and every transition written down.
func TestG2NothingIsMissingAfterAnOutage(t *testing.T) {
	start := local(t, "2026-01-05 08:00")
	dbtest.EachURL(t, func(t *testing.T, url string) {
		r := newRig(t, url, start, rigRules...)
		r.save()
		now := start
		rnd := rand.New(rand.NewPCG(1, 2))
		outages := []time.Duration{0, time.Second, time.Minute, 30 * time.Minute, 3 * time.Hour, 24 * time.Hour, 8 * 24 * time.Hour, 59 * 24 * time.Hour, 60 * 24 * time.Hour}
		for range 6 {
			outages = append(outages, time.Duration(rnd.Int64N(int64(60*24*time.Hour))))
		}
		red := 0
		for _, outage := range outages {
			now = now.Add(outage)
			r.clocks[0].Set(now)
			if len(r.broken(start, now)) > 0 {
				red++ // the control: before the Tick the same check complains
			}
			if _, err := r.all[0].Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if bad := r.broken(start, now); len(bad) > 0 {
				t.Fatalf("after an outage of %s: %v", outage, bad)
			}
			if now.Year() > 2026 {
				break // the oracle knows the holidays of 2026 only
			}
		}
		if red < 5 {
			t.Fatalf("the check complained about %d outages only: it proves nothing", red)
		}
	})
}

// Each transition happens once and in order, whatever the clocks do around
// opening and closing, and the clock never takes one back.
func TestG3EachTransitionOnce(t *testing.T) {
	start := local(t, "2026-01-05 08:00")
	dbtest.EachURL(t, func(t *testing.T, url string) {
		r := newRig(t, url, start, rigRules...)
		r.save()
		for _, at := range []string{"2026-01-06 18:00", "2026-01-07 09:00", "2026-01-07 11:30", "2026-01-09 09:00", "2026-01-09 11:30"} {
			r.storm(local(t, at), 3*time.Hour, 3)
		}
		before := r.states()
		r.settle(start) // the clock goes back for days
		for id, was := range before {
			if is := r.states()[id]; is != was {
				t.Fatalf("the clock took %s back to %s", was, is)
			}
		}
		end := local(t, "2026-01-12 08:00")
		r.settle(end)
		if bad := r.broken(start, end); len(bad) > 0 {
			t.Fatal(bad)
		}
	})
}

func (r *rig) states() map[string]State {
	out := map[string]State{}
	for _, m := range r.markets {
		for _, d := range must[[]Day](r.t)(r.all[0].Days(r.t.Context(), m.CommunityID, DayFilter{MarketID: m.ID})) {
			out[d.ID] = d.State
		}
	}
	return out
}

// The same instances without the compare-and-set: each believes what it read.
func TestG3ControlWithoutCompareAndSetGoesRed(t *testing.T) {
	start := local(t, "2026-01-05 08:00")
	dbtest.EachURL(t, func(t *testing.T, url string) {
		r := newRig(t, url, start, rigRules...)
		r.save()
		r.unguarded()
		r.settle(start)
		open := local(t, "2026-01-07 09:00")
		var read, done sync.WaitGroup
		read.Add(len(r.all))
		for i, s := range r.all {
			done.Go(func() {
				r.clocks[i%len(r.clocks)].Set(open)
				days, err := s.Days(t.Context(), r.markets[0].CommunityID, DayFilter{})
				read.Done()
				if err != nil {
					t.Error(err)
					return
				}
				read.Wait()
				for _, d := range days {
					if err := s.db.Update(t.Context(), func(tx *db.Tx) error { return believe(tx, d) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done.Wait()
		if bad := r.broken(start, open); len(bad) == 0 {
			t.Fatal("without compare-and-set nothing is broken: the rig proves nothing")
		}
	})
}

// believe makes the transitions of a day as if its row had not changed since it was read.
func believe(tx *db.Tx, d Day) error {
	_, err := tx.Exec(`UPDATE market_days SET state = $2 WHERE id = $1`, d.ID, d.State)
	if err == nil {
		_, err = advance(tx, d)
	}
	return err
}
