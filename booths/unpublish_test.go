package booths

import (
	"context"
	"testing"

	"yiji/internal/db"
	"yiji/internal/event"
)

// An early confirmation is taken back: nobody holds a booth, claims are open
// again and can be planned; what was promised since stays promised; the same
// claims give the same plan.
func TestAPublicationIsTakenBack(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.layout("A", "B", "C")
		one, two, three := w.partner("一"), w.partner("二"), w.partner("三")
		w.openClaiming()
		c1, c2 := w.claim(one), w.claim(two)
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDayConfirmed(tx, event.MarketDayConfirmed{Day: theDay, EffectiveAt: tx.Now, UndoUntil: tx.Now.Add(UndoFor)})
		})
		planned := w.who()
		free := "A"
		for code, b := range w.booths() {
			if b.Claim == nil {
				free = code
			}
		}
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c1.ID, BoothID: w.booths()[free].ID, Reason: "树荫"}))
		undo := func() {
			w.hear(func(tx *db.Tx) error {
				return w.s.MarketDayUndone(tx, event.MarketDayUndone{Day: theDay, From: "confirmed", To: "claiming", OpensAt: opens, ClosesAt: closes, At: tx.Now})
			})
		}
		undo()
		undo() // a repeated reaction changes nothing
		day, err := w.s.DayBooths(ctx, "c1", "d1")
		w.no(err)
		for _, b := range day.Booths {
			if b.Claim != nil {
				t.Fatalf("%s is held by %s", b.Code, b.Claim.Partner)
			}
		}
		if c := w.claimNow(c1.ID); c.State != ClaimClaimed || c.Locked != free {
			t.Fatalf("what was decided since: %+v", c)
		}
		if c := w.claimNow(c2.ID); c.State != ClaimClaimed || c.Locked != "" || c.Holding != nil {
			t.Fatalf("what was planned: %+v", c)
		}
		w.claim(three)
		draft, err := w.s.Draft(ctx, "c1", "d1")
		w.no(err)
		if got := draft.places()[c1.ID]; got != free || len(draft.Assignments) != 3 {
			t.Fatalf("the new draft %+v, before %s", draft.Assignments, planned)
		}
		w.confirm()
		told := w.told(event.BoothsPublished{}.Name())
		if len(told) != 2 || len(decode[event.BoothsPublished](w, told[1]).Places) != 3 {
			t.Fatalf("published %d times", len(told))
		}
		if h := w.claimNow(c1.ID).Holding; h == nil || h.Code != free || w.claimNow(c2.ID).Holding == nil {
			t.Fatalf("stand %s", w.who())
		}
	})
}

// cancelUndone takes the cancellation of a confirmed day back, as one was before
// heard: booths, claims, waitlist and offer are there again.
func (w *world) cancelUndone(stood string) {
	w.t.Helper()
	for range 2 { // a repeated reaction changes nothing
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDayUndone(tx, event.MarketDayUndone{Day: theDay, From: "cancelled", To: "confirmed", OpensAt: opens, ClosesAt: closes, At: tx.Now})
		})
	}
	if got := w.who(); got != stood {
		w.t.Fatalf("stood %s, now %s", stood, got)
	}
	plan, err := w.s.DayBooths(context.Background(), "c1", "d1")
	w.no(err)
	if len(plan.Waitlist) != 1 || plan.Waitlist[0].Partner != "一" || plan.Waitlist[0].Offer == nil {
		w.t.Fatalf("waitlist %+v", plan.Waitlist)
	}
}

// After a publication was taken back the ground can still lose a booth that
// somebody stood on in that plan, and get it back.
func TestAGroundChangesAfterAPublicationWasTakenBack(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		w.openClaiming()
		c := w.claim(w.partner("一"))
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDayConfirmed(tx, event.MarketDayConfirmed{Day: theDay, EffectiveAt: tx.Now, UndoUntil: tx.Now.Add(UndoFor)})
		})
		stood := w.claimNow(c.ID).Holding.BoothID
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDayUndone(tx, event.MarketDayUndone{Day: theDay, From: "confirmed", To: "claiming", OpensAt: opens, ClosesAt: closes, At: tx.Now})
		})
		w.layout("C")
		w.no(w.s.CatchUp(context.Background(), "c1", "d1"))
		if all := w.booths(); len(all) != 1 {
			t.Fatalf("%+v", all)
		}
		w.no(w.s.UndoCatchUp(context.Background(), "c1", "d1"))
		if all := w.booths(); len(all) != 2 || all["A"].ID != stood && all["B"].ID != stood {
			t.Fatalf("%+v, somebody stood on %s", all, stood)
		}
	})
}
