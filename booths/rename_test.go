package booths

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
)

// Of sixteen partners that take one name at the same instant one gets it, also
// when two processes write; the others learn which field is in the way.
func TestOnePartnerOfAName(t *testing.T) {
	at := dbtest.NewClock(claiming)
	test := func(t *testing.T, all ...*Service) {
		const people = 16
		for _, rename := range []bool{false, true} {
			ids, errs := make([]string, people), make([]error, people)
			name := fmt.Sprintf("合伙人 rename=%v", rename)
			for i := range ids {
				if !rename {
					break
				}
				p, err := all[0].SavePartner(ctx, organizer, Partner{Name: fmt.Sprintf("伙伴%d", i), Kind: KindOrganisation, Services: []Offering{{Name: "修理", Kind: KindPerson, Minutes: 5}}})
				if err != nil {
					t.Fatal(err)
				}
				ids[i] = p.ID
			}
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range people {
				wg.Go(func() {
					<-start
					_, errs[i] = all[i%len(all)].SavePartner(ctx, organizer, Partner{ID: ids[i], Name: name, Kind: KindOrganisation, Services: []Offering{{Name: "修理", Kind: KindPerson, Minutes: 5}}})
				})
			}
			close(start)
			wg.Wait()
			won := 0
			for _, err := range errs {
				var f *fault.Error
				switch {
				case err == nil:
					won++
				case !errors.As(err, &f) || f.Code != "partner.twice" || f.Field != "name":
					t.Errorf("rename %v: told %v", rename, err)
				}
			}
			if won != 1 {
				t.Errorf("rename %v: %d partners got the name", rename, won)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		test(t, New(dbtest.Open(t, dbtest.SQLite(t), at.Now), Options{}))
	})
	if dbtest.HavePostgres(t) {
		t.Run("postgres", func(t *testing.T) {
			url := dbtest.Postgres(t)
			test(t, New(dbtest.Open(t, url, at.Now), Options{}), New(dbtest.Open(t, url, at.Now), Options{}))
		})
	}
}
