package scheduler

import (
	"fmt"
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// Days planned before the notice of their year came follow it when it does,
// except those somebody has claimed.
func TestReviewWhenTheNoticeComes(t *testing.T) {
	onStage(t, "2026-12-20 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"dates":["2027-02-03","2027-02-09","2027-02-11"]}`)
		for _, d := range s.days(m) {
			if !d.Flagged || d.HeldOn != d.Date {
				t.Fatalf("planned without a notice: %+v", d)
			}
		}
		s.claim(s.dayOf(m, "2027-02-03"))
		cal, err := must[*Calendar](t)(s.Calendar(s.ctx)).Load(strings.NewReader("year: 2027\nholidays: [{name: 立春, off: [2027-02-03]}, {name: 春节, off: [2027-02-05, 2027-02-09]}]"))
		if err != nil {
			t.Fatal(err)
		}
		later := New(s.db, Options{Calendar: cal})
		claimed := must[[]Day](t)(later.ReviewFlagged(s.ctx))
		if len(claimed) != 1 || claimed[0].Date.String() != "2027-02-03" {
			t.Fatalf("left to decide: %v", claimed)
		}
		for date, want := range map[string]string{"2027-02-03": "2027-02-03 true", "2027-02-09": "2027-02-10 false", "2027-02-11": "2027-02-11 false"} {
			if d := s.dayOf(m, date); fmt.Sprint(d.HeldOn, " ", d.Flagged) != want {
				t.Errorf("%s: held on %s, flagged %v, want %s", date, d.HeldOn, d.Flagged, want)
			}
		}
	})
}

// P7: a tick costs what is due, not what exists.
func BenchmarkTick(b *testing.B) {
	for _, markets := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(markets), func(b *testing.B) {
			c := dbtest.NewClock(local(b, "2026-01-01 08:00"))
			d := dbtest.Open(b, dbtest.SQLite(b), c.Now)
			s := New(d, Options{})
			comm := must[Community](b)(s.SaveCommunity(b.Context(), Community{Slug: "c", Name: "c"}))
			m := must[Market](b)(s.SaveMarket(b.Context(), Market{
				CommunityID: comm.ID, Name: "m", Venue: "v", Rule: rule(b, `{"monthly":{"days":[19]}}`), Opens: 540, Closes: 690,
			}))
			fill(b, d, m.ID, markets)
			for b.Loop() {
				b.StopTimer()
				wakeHundred(b, d)
				b.StartTimer()
				if _, err := s.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fill copies a market and its days many times.
func fill(b *testing.B, d *db.DB, id string, n int) {
	b.Helper()
	err := d.Update(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO markets (id, community_id, slug, name, venue, rule, opens, closes, holiday, weekend, leads, wanted, created_at, planned_to, plan_at)
			SELECT 'm' || n.i, community_id, 'm' || n.i, name, venue, rule, opens, closes, holiday, weekend, leads, wanted, created_at, planned_to, plan_at
			FROM markets CROSS JOIN n WHERE id = $2`, n, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO market_days (id, market_id, community_id, date, held_on, state, opens_at, closes_at, claims_at,
				standing_until, confirm_at, serve_until, due_at, flagged, created_at)
			SELECT d.date || m.id, m.id, d.community_id, d.date, d.held_on, 'planned', opens_at, closes_at, claims_at,
				standing_until, confirm_at, serve_until, d.claims_at, flagged, d.created_at
			FROM markets m CROSS JOIN market_days d WHERE d.market_id = $1 AND m.id <> $1`, id)
		if err == nil { // nothing is due yet
			_, err = tx.Exec(`UPDATE market_days SET due_at = claims_at + 100000000000000 WHERE market_id <> $1`, id)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// wakeHundred makes 100 days due for their claims.
func wakeHundred(b *testing.B, d *db.DB) {
	b.Helper()
	err := d.Update(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM market_day_transitions WHERE day_id IN (SELECT '2026-01-19m' || i FROM (
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n) AS n)`)
		if err == nil {
			_, err = tx.Exec(`UPDATE market_days SET state = 'planned', due_at = claims_at WHERE id IN (SELECT '2026-01-19m' || i FROM (
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n) AS n)`)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
