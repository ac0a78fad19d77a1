package booths

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImport(t *testing.T) {
	each(t, func(w *world) {
		r, err := ParseRoster(xiangyang(t))
		w.no(err)
		r.Partners[0].Standing = true
		first, err := w.s.Import(ctx, "c1", "m1", r)
		w.no(err)
		if first.Created != 5 || first.Booths != 8 {
			t.Fatalf("%+v", first)
		}
		again, err := w.s.Import(ctx, "c1", "m1", r)
		w.no(err)
		if again.Unchanged != 5 || again.Changed != 0 || cmp.Diff(first.Partners, again.Partners) != "" {
			t.Fatalf("%+v", again)
		}
		r.Partners[1].Contact = Contact{Person: "王"}
		r.Partners[2].Services[0].Minutes++
		r.Partners[3].Standing = true
		if again, err = w.s.Import(ctx, "c1", "m1", r); err != nil || again.Changed != 3 || again.Unchanged != 2 {
			t.Fatalf("%+v %v", again, err)
		}
		r.Partners[3].Standing = false // a roster never ends a standing place
		r.Partners[2].Services[0].Minutes--
		w.no(w.s.SaveStanding(ctx, organizer, first.Partners[r.Partners[3].Name], "m1", nil))
		w.openClaiming()
		for _, rp := range r.Partners[1:] {
			p, err := w.s.Partner(ctx, organizer, first.Partners[rp.Name])
			w.no(err)
			for _, ask := range rp.Asks(p) {
				_, err := w.s.Claim(ctx, organizer, "d1", ask)
				w.no(err)
			}
		}
		w.confirm()
		placed := 0
		for _, b := range w.booths() {
			if b.Claim != nil {
				placed++
			}
		}
		if placed != 6 {
			t.Fatal(w.who())
		}
		r.Partners[0].Services[0].Minutes = -1
		_, err = w.s.Import(ctx, "c1", "m1", r)
		w.fails(err, "service.minutes_negative")
	})
}
