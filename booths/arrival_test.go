package booths

import (
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

// Who has come is noted once, on the day, by the community, and can be taken
// back for ten minutes; what a partner's record says of the day comes from it.
func TestArrivalsOfPartners(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		one, two, without := w.partner("一"), w.partner("二"), w.partner("没有摊位")
		w.openClaiming()
		w.claim(one)
		w.claim(two)
		w.confirm()
		w.fails(w.s.Arrive(ctx, organizer, "d1", one.ID), "arrival.not_today")
		w.at.Set(opens.Add(-30 * time.Minute))
		w.fails(w.s.Arrive(ctx, organizer, "d1", without.ID), "arrival.no_booth")
		w.fails(w.s.Arrive(ctx, Scope{CommunityID: "c2"}, "d1", one.ID), "day.unknown")
		w.fails(w.s.Arrive(ctx, Scope{CommunityID: "c1", PartnerID: one.ID}, "d1", one.ID), "arrival.organizer")
		for range 2 {
			w.no(w.s.Arrive(ctx, organizer, "d1", one.ID))
			w.no(w.s.Arrive(ctx, organizer, "d1", two.ID))
		}
		w.no(w.s.NotArrived(ctx, organizer, "d1", two.ID))
		w.no(w.s.NotArrived(ctx, organizer, "d1", two.ID))
		at, err := w.s.Arrivals(ctx, "c1", "d1")
		w.no(err)
		if len(at) != 1 || !at[one.ID].Equal(opens.Add(-30*time.Minute)) {
			t.Fatalf("there are %v", at)
		}
		w.at.Set(opens.Add(-19 * time.Minute))
		w.fails(w.s.NotArrived(ctx, organizer, "d1", one.ID), "arrival.undo_late")
		w.at.Set(closes)
		w.hear(func(tx *db.Tx) error { return w.s.MarketDaySettled(tx, event.MarketDaySettled{Day: theDay}) })
		for _, p := range []Partner{one, two} {
			h, err := w.s.History(ctx, organizer, p.ID)
			w.no(err)
			if len(h) != 1 || h[0].Outcome != "kept" || h[0].Arrived != (p.ID == one.ID) {
				t.Errorf("%s: %+v", p.Name, h)
			}
		}
		w.no(w.s.Arrive(ctx, organizer, "d1", two.ID)) // forgotten on the day
	})
}
