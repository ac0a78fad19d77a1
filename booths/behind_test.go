package booths

import (
	"slices"
	"testing"
)

// What a day got from its market can be given back for ten minutes: the booths
// come back as they were, and who was claimed for can be claimed for again.
func TestCatchingUpIsTakenBack(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		w.openClaiming()
		before := w.booths()
		w.fails(w.s.UndoCatchUp(ctx, "c1", "d1"), "layout.undo_late")
		late, held := w.partner("迟"), w.partner("定")
		for _, p := range []Partner{late, held} {
			w.no(w.s.SaveStanding(ctx, organizer, p.ID, "m1", []Standing{{}}))
		}
		w.layout("B", "C")
		w.no(w.s.CatchUp(ctx, "c1", "d1"))
		w.no(w.s.CatchUp(ctx, "c1", "d1")) // twice is once: the way back leads to the first
		claims := w.claimsOf("迟", "定")
		w.fails(w.s.UndoCatchUp(ctx, "c2", "d1"), "day.unknown")
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: claims["定"].ID, BoothID: w.booths()["C"].ID, Reason: "近水"}))
		w.fails(w.s.UndoCatchUp(ctx, "c1", "d1"), "layout.booth_locked")
		w.claimsOf("迟", "定") // a refusal undoes nothing
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: claims["定"].ID, BoothID: w.booths()["B"].ID, Reason: "近水"}))
		w.caughtUp("d1")
		w.no(w.s.UndoCatchUp(ctx, "c1", "d1"))
		w.caughtUp()
		after := w.booths()
		if len(after) != 2 || after["A"].ID != before["A"].ID || after["B"].ID != before["B"].ID {
			t.Fatalf("%+v, want %+v", after, before)
		}
		w.claimsOf("定") // decided about meanwhile: it stays
		w.fails(w.s.UndoCatchUp(ctx, "c1", "d1"), "layout.undo_late")
		w.behind("d1 true 迟")

		w.no(w.s.CatchUp(ctx, "c1", "d1"))
		w.claimsOf("迟", "定")
		w.at.Push(UndoFor)
		w.caughtUp()
		w.fails(w.s.UndoCatchUp(ctx, "c1", "d1"), "layout.undo_late")
		w.claimsOf("迟", "定")
	})
}

// A ground sent with ids gives no booth a foreign one.
func TestABoothOfAMarketHasNoID(t *testing.T) {
	each(t, func(w *world) {
		w.no(w.s.SaveLayout(ctx, "c1", "m1", Layout{Booths: []Booth{{ID: "x", Code: "A"}, {ID: "x", Code: "B"}}}))
		w.openClaiming()
		if all := w.booths(); len(all) != 2 || all["A"].ID == "x" || all["B"].ID == "x" {
			t.Fatalf("%+v", all)
		}
	})
}

// claimsOf holds who claims for the day, by name.
func (w *world) claimsOf(names ...string) map[string]Claim {
	w.t.Helper()
	all, err := w.s.ClaimsOf(ctx, "c1", "d1")
	w.no(err)
	out := map[string]Claim{}
	for _, c := range all {
		out[c.Partner] = c
	}
	for _, n := range names {
		if !out[n].Live() {
			w.t.Fatalf("%s does not claim: %+v", n, all)
		}
	}
	if len(all) != len(names) {
		w.t.Fatalf("%d claims, want %d", len(all), len(names))
	}
	return out
}

// caughtUp holds which days can go back.
func (w *world) caughtUp(want ...string) {
	w.t.Helper()
	days, err := w.s.CaughtUp(ctx, "c1")
	w.no(err)
	var got []string
	for _, d := range days {
		got = append(got, d.ID)
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("%q can go back, want %q", got, want)
	}
}
