package queue

import (
	"sync/atomic"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// BenchmarkIssue is the durable path of a number without HTTP: rule, card,
// ticket, check-in and both events, 64 at once over eight lines.
func BenchmarkIssue(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchIssue(b, dbtest.SQLite) })
	if dbtest.HavePostgres(b) {
		b.Run("postgres", func(b *testing.B) { benchIssue(b, dbtest.Postgres) })
	}
}

func benchIssue(b *testing.B, where func(testing.TB) string) {
	c := dbtest.NewClock(opening("2026-11-19"))
	var d *db.DB = dbtest.Open(b, where(b), c.Now)
	p := newPlace(b, d, c, "bench")
	lines := p.opened(Person, Person, Person, Person, Person, Person, Person, Person)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			_, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: lines[i%8], Via: Phone, Key: p.key("k", i)})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
	p.healthy()
}
