package notify

import (
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// The questions of every round use their partial indexes: a hundred thousand
// delivered messages must not slow down the next one.
func TestRoundsDoNotScan(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c)
	busy := false
	for query, args := range map[string][]any{dueQuery: {0}, soonQuery: {0}, claimQuery: {"mail", 0, 16}} {
		var plan []struct {
			ID      int    `db:"id"`
			Parent  int    `db:"parent"`
			NotUsed int    `db:"notused"`
			Detail  string `db:"detail"`
		}
		w.tell(func(tx *db.Tx) error { return tx.Select(&plan, "EXPLAIN QUERY PLAN "+query, args...) })
		for _, step := range plan {
			busy = busy || strings.Contains(step.Detail, "notify_deliveries_busy")
			if strings.Contains(step.Detail, "SCAN") || strings.Contains(step.Detail, "SEARCH") && !strings.Contains(step.Detail, "notify_deliveries_") {
				t.Errorf("%s\n%s", query, step.Detail)
			}
		}
	}
	if !busy { // else a flood to one receiver costs its square
		t.Error("the search for messages under way does not use its index")
	}
}
