package scheduler

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
)

// houses are the services of one installation: two processes where the
// database allows it.
func houses(t *testing.T, do func(t *testing.T, all []*Service)) {
	t.Helper()
	c := dbtest.NewClock(local(t, "2026-01-05 09:00"))
	t.Run("sqlite", func(t *testing.T) {
		do(t, []*Service{New(dbtest.Open(t, dbtest.SQLite(t), c.Now), Options{})})
	})
	if dbtest.HavePostgres(t) {
		t.Run("postgres", func(t *testing.T) {
			url := dbtest.Postgres(t)
			do(t, []*Service{New(dbtest.Open(t, url, c.Now), Options{}), New(dbtest.Open(t, url, c.Now), Options{})})
		})
	}
}

// oneOf lets 16 people do the same at once: one succeeds, the others are
// refused with a code that names the field.
func oneOf(t *testing.T, code, field string, do func(i int) error) {
	t.Helper()
	const people = 16
	errs := make([]error, people)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range people {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	won := 0
	for i, err := range errs {
		var f *fault.Error
		switch {
		case err == nil:
			won++
		case !errors.As(err, &f) || f.Kind != fault.KindConflict || f.Code != code || f.Field != field:
			t.Errorf("person %d was told %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d people succeeded", won, people)
	}
}

func plainMarket(t *testing.T, community, slug, name string) Market {
	t.Helper()
	return Market{CommunityID: community, Slug: slug, Name: name, Venue: "门口", Rule: rule(t, `{"monthly":{"days":[19]}}`), Opens: 9 * 60, Closes: 11 * 60}
}

func TestOneCommunityOfASlug(t *testing.T) {
	houses(t, func(t *testing.T, all []*Service) {
		made := make([]Community, 16)
		oneOf(t, "community.slug_taken", "slug", func(i int) (err error) {
			made[i], err = all[i%len(all)].CreateCommunity(t.Context(), Community{Slug: "xiangyang", Name: fmt.Sprintf("社区%d", i)})
			if err != nil {
				made[i] = Community{}
			}
			return err
		})
		have := must[Community](t)(all[0].CommunityBySlug(t.Context(), "xiangyang"))
		for _, c := range made {
			if c.ID != "" && c != have {
				t.Errorf("made %+v, stored is %+v", c, have)
			}
		}
		have.ID = ""
		if again := must[Community](t)(all[0].CreateCommunity(t.Context(), have)); again.Name != have.Name {
			t.Errorf("the same form sent again: %+v", again)
		}
	})
}

func TestOneMarketOfASlug(t *testing.T) {
	houses(t, func(t *testing.T, all []*Service) {
		c := must[Community](t)(all[0].SaveCommunity(t.Context(), Community{Slug: "c", Name: "社区"}))
		oneOf(t, "market.slug_taken", "slug", func(i int) error {
			_, err := all[i%len(all)].CreateMarket(t.Context(), plainMarket(t, c.ID, "jiu", fmt.Sprintf("市集%d", i)))
			return err
		})
		if list := must[[]Market](t)(all[0].Markets(t.Context(), c.ID)); len(list) != 1 {
			t.Errorf("%d markets", len(list))
		}
	})
}

func TestOneMarketTakesAnotherSlug(t *testing.T) {
	houses(t, func(t *testing.T, all []*Service) {
		c := must[Community](t)(all[0].SaveCommunity(t.Context(), Community{Slug: "c", Name: "社区"}))
		var markets []Market
		for i := range 16 {
			markets = append(markets, must[Market](t)(all[0].SaveMarket(t.Context(), plainMarket(t, c.ID, fmt.Sprintf("m%d", i), "市集"))))
		}
		oneOf(t, "market.slug_taken", "slug", func(i int) error {
			m := markets[i]
			m.Slug = "jiu"
			_, err := all[i%len(all)].SaveMarket(t.Context(), m)
			return err
		})
	})
}

// What a second process wants meanwhile is seen when its transaction is tried
// again: the slower one is refused with the reason, never with an internal error.
func TestSlugTakenWhileTheOtherWasSaving(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url := dbtest.Postgres(t)
	c := dbtest.NewClock(local(t, "2026-01-05 09:00"))
	d1, d2 := dbtest.Open(t, url, c.Now), dbtest.Open(t, url, c.Now)
	one, two := New(d1, Options{}), New(d2, Options{})
	k := must[Community](t)(one.SaveCommunity(t.Context(), Community{Slug: "c", Name: "社区"}))
	a := must[Market](t)(one.SaveMarket(t.Context(), plainMarket(t, k.ID, "a", "甲")))
	b := must[Market](t)(one.SaveMarket(t.Context(), plainMarket(t, k.ID, "b", "乙")))
	held, slow, fast := make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() {
		slow <- d1.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE markets SET slug = 'jiu' WHERE id = $1`, a.ID)
			close(held)
			return errors.Join(err, waitForLock(tx))
		})
	}()
	<-held
	go func() {
		b.Slug = "jiu"
		_, err := two.SaveMarket(t.Context(), b)
		fast <- err
	}()
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if err := <-fast; !fault.Is(err, "market.slug_taken") {
		t.Errorf("the other process was told %v", err)
	}
}

// waitForLock returns when another transaction waits for one of this.
func waitForLock(tx *db.Tx) error {
	for {
		var waiting int
		err := tx.Get(&waiting, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND (database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = current_database()))`)
		if err != nil || waiting > 0 {
			return err
		}
	}
}
