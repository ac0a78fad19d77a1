package web

import (
	"testing"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// What a market and its community are called reaches those who keep a copy, on
// every day that lies ahead; saving the same again tells nobody.
func TestNewNamesReachTheMessages(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		told := func() (n int) {
			t.Helper()
			f.ok(f.db.View(t.Context(), func(tx *db.Tx) error {
				all, err := outbox.After(tx, outbox.Topic, f.heard, 500)
				for _, e := range all {
					if e.Name == (event.MarketChanged{}).Name() {
						n++
					}
				}
				return err
			}))
			f.hear()
			return n
		}
		m := f.market
		_, err := f.Scheduler.SaveMarket(t.Context(), m)
		f.ok(err)
		c := f.place
		_, err = f.Scheduler.SaveCommunity(t.Context(), c)
		f.ok(err)
		if n := told(); n != 0 {
			t.Errorf("nothing has changed, and %d days were told so", n)
		}
		m.Name, m.Venue = "益路向阳", "室内大厅"
		_, err = f.Scheduler.SaveMarket(t.Context(), m)
		f.ok(err)
		days := told()
		c.Name = "向阳里社区"
		_, err = f.Scheduler.SaveCommunity(t.Context(), c)
		f.ok(err)
		if n := told(); days != 2 || n != days {
			t.Errorf("%d days heard of the market, %d of the community", days, n)
		}
		var called []string
		f.ok(f.db.View(t.Context(), func(tx *db.Tx) error {
			return tx.Select(&called, `SELECT DISTINCT market_name || ' ' || venue || ' ' || community_name FROM notify_days`)
		}))
		if len(called) != 1 || called[0] != "益路向阳 室内大厅 向阳里社区" {
			t.Errorf("%q", called)
		}
	})
}
