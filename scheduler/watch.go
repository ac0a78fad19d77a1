package scheduler

import (
	"context"
	"time"

	"yiji/internal/db"
)

// Invariants are the sentences about market days that hold at every commit.
var Invariants = []db.Invariant{
	{Name: "a market day stands once per market and date", SQL: `SELECT market_id, date FROM market_days
		GROUP BY market_id, date HAVING COUNT(*) > 1`},
	{Name: "a market day closes after it opens", SQL: `SELECT id FROM market_days WHERE closes_at <= opens_at`},
	{Name: "the last transition of a day is its state", SQL: `SELECT d.id FROM market_days d
		JOIN market_day_transitions t ON t.day_id = d.id
		WHERE t.seq = (SELECT MAX(l.seq) FROM market_day_transitions l WHERE l.day_id = d.id) AND t.state <> d.state`},
	{Name: "a closed day was open before", SQL: `SELECT c.day_id FROM market_day_transitions c WHERE c.state = 'closed'
		AND NOT EXISTS (SELECT 1 FROM market_day_transitions o
			WHERE o.day_id = c.day_id AND o.state = 'open' AND o.seq < c.seq)`},
	{Name: "transitions are effective in the order they were recorded", SQL: `SELECT a.day_id FROM market_day_transitions a
		JOIN market_day_transitions b ON b.day_id = a.day_id AND b.seq = a.seq + 1
		WHERE a.state IN ('open', 'closed') AND b.state IN ('closed', 'settled') AND b.effective_at < a.effective_at`},
}

// LateTransitions counts the clock's transitions of all days that were recorded
// more than tolerance after they were effective.
func (s *Service) LateTransitions(ctx context.Context, tolerance time.Duration) (n int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(*) FROM market_day_transitions
			WHERE actor = 'clock' AND recorded_at - effective_at > $1`, tolerance.Microseconds())
	})
	return n, err
}

// Location loads the IANA time zone an organizer or operator names; field is
// what a refusal is about.
func Location(field, name string) (*time.Location, error) { return loadZone(field, name) }
