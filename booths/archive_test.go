package booths

import "testing"

// An archived partner's standing places rest and are its own again when it is back.
func TestAPartnerThatIsBackHasItsStandingPlaces(t *testing.T) {
	for _, back := range []bool{false, true} {
		each(t, func(w *world) {
			w.layout("A")
			p := w.partner("常驻")
			w.no(w.s.SaveStanding(ctx, organizer, p.ID, "m1", []Standing{{MarketID: "m1", Wishes: Wishes{Booths: []string{"A"}}}}))
			w.no(w.s.ArchivePartner(ctx, organizer, p.ID, true))
			if back {
				w.no(w.s.ArchivePartner(ctx, organizer, p.ID, false))
			}
			w.openClaiming()
			all, err := w.s.ClaimsOf(ctx, "c1", "d1")
			w.no(err)
			if want := map[bool]int{false: 0, true: 1}[back]; len(all) != want {
				t.Errorf("back %v: %d claims for its standing places, want %d", back, len(all), want)
			}
		})
	}
}
