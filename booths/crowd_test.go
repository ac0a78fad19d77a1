package booths

import (
	"errors"
	"sync"
	"testing"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// crowdAtOneBooth lets many partners take one booth at the same instant and
// counts winners and reasons.
func crowdAtOneBooth(w *world, n int) (winners int, losers map[string]int) {
	w.layout("A")
	w.openClaiming()
	w.confirm()
	ids := make([]string, n)
	w.hear(func(tx *db.Tx) error {
		for i := range ids {
			p, err := w.s.savePartner(tx, Partner{CommunityID: "c1", Name: "伙伴" + db.NewID(), Kind: KindIndividual,
				Services: []Offering{{Name: "修理", Kind: KindPerson, Minutes: 5}}})
			if err != nil {
				return err
			}
			ids[i] = p.ID
		}
		return nil
	})
	booth := w.booths()["A"].ID
	errs := make([]error, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i, id := range ids {
		all.Go(func() {
			<-start
			_, errs[i] = w.s.ClaimBooth(ctx, Scope{CommunityID: "c1", PartnerID: id, Key: db.NewID()}, "d1", booth, Ask{PartnerID: id})
		})
	}
	close(start)
	all.Wait()
	losers = map[string]int{}
	for _, err := range errs {
		var f *fault.Error
		switch {
		case err == nil:
			winners++
		case errors.As(err, &f):
			losers[f.Code]++
		default:
			losers[err.Error()]++
		}
	}
	return winners, losers
}

const crowdSize = 300

// TestOneBoothOneHolder is G5: of many partners at the same instant exactly one
// gets the booth and every other one learns why not.
func TestOneBoothOneHolder(t *testing.T) {
	each(t, func(w *world) {
		winners, losers := crowdAtOneBooth(w, crowdSize)
		if winners != 1 || losers["booth.taken"] != crowdSize-1 {
			t.Fatalf("%d winners, losers %v", winners, losers)
		}
		claims, err := w.s.ClaimsOf(ctx, "c1", "d1")
		w.no(err)
		if len(claims) != 1 || len(w.told("booth.assigned.v1")) != 1 {
			t.Fatalf("losers left %d claims", len(claims))
		}
	})
}

// TestControlWithoutTheIndex takes the mechanism of G5 away: then the same rig
// must find several holders. It proves that TestOneBoothOneHolder can fail.
func TestControlWithoutTheIndex(t *testing.T) {
	each(t, func(w *world) {
		w.hear(func(tx *db.Tx) error {
			_, err := tx.Exec(`DROP INDEX booths_assignments_one_holder`)
			return err
		})
		if winners, _ := crowdAtOneBooth(w, 20); winners < 2 {
			t.Fatalf("%d winners without the index: the rig proves nothing", winners)
		}
		broken, err := w.db.Check(ctx, Invariants)
		w.no(err)
		if len(broken) == 0 {
			t.Fatal("the invariants do not see two holders")
		}
		w.hear(func(tx *db.Tx) error { // leave a sound database behind
			return cancelDay(tx, "d1")
		})
	})
}
