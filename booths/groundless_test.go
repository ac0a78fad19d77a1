package booths

import (
	"context"
	"strings"
	"testing"
)

// A market is made, its day begins to take claims, and only then somebody draws
// the ground: the day has it, with booths one can decide about.
func TestAGroundDrawnAfterClaimingBegan(t *testing.T) {
	each(t, func(w *world) {
		w.openClaiming()
		p := w.partner("甲")
		c := w.claim(p)
		w.layout("A", "B")
		b := w.booths()["B"]
		if b.ID == "" {
			t.Fatal("the booths of the day have no ids")
		}
		w.no(w.s.Override(context.Background(), organizer, "d1", Decision{ClaimID: c.ID, BoothID: b.ID, Reason: "离水近"}))
		w.confirm()
		w.expect("A= B=甲")
	})
}

// The same for a day that is published without a booth: who waits is offered one.
func TestAGroundDrawnAfterPublication(t *testing.T) {
	each(t, func(w *world) {
		w.openClaiming()
		w.claim(w.partner("甲"))
		w.confirm()
		if !strings.Contains(w.who(), "1:甲") {
			t.Fatalf("nobody waits: %s", w.who())
		}
		w.layout("A")
		if n := len(w.told("offer.made.v1")); n != 1 {
			t.Errorf("%d offers were made, want 1", n)
		}
	})
}
