package booths

import (
	"context"
	"fmt"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/seal"
)

var (
	opens     = time.Date(2026, 11, 19, 1, 0, 0, 0, time.UTC)
	closes    = opens.Add(150 * time.Minute)
	claiming  = opens.AddDate(0, 0, -21)
	standing  = opens.AddDate(0, 0, -14)
	confirm   = opens.AddDate(0, 0, -3)
	organizer = Scope{CommunityID: "c1", By: "account-1"}
	theDay    = event.Day{DayID: "d1", MarketID: "m1", CommunityID: "c1", Date: "2026-11-19"}
)

// world is one community with one market and what a test does there.
type world struct {
	t  *testing.T
	db *db.DB
	s  *Service
	at *dbtest.Clock
}

// each runs a test on both databases and holds the invariants at its end.
func each(t *testing.T, do func(w *world)) {
	t.Helper()
	at := &dbtest.Clock{}
	dbtest.EachAt(t, at.Now, func(t *testing.T, d *db.DB) {
		at.Set(claiming.AddDate(0, 0, -10))
		box, err := seal.New(seal.NewKey())
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, db: d, s: New(d, Options{Box: box}), at: at}
		do(w)
		broken, err := d.Check(context.Background(), Invariants)
		if err != nil || len(broken) > 0 {
			t.Fatalf("invariants broken: %v %v", broken, err)
		}
	})
}

func (w *world) no(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fails(err error, code string) {
	w.t.Helper()
	if !fault.Is(err, code) {
		w.t.Fatalf("got %v, want %s", err, code)
	}
}

// hear lets the service react to an event as the bus would.
func (w *world) hear(react func(tx *db.Tx) error) {
	w.t.Helper()
	w.no(w.db.Update(context.Background(), react))
}

// told returns the events of a name in order.
func (w *world) told(name string) []outbox.Stored {
	w.t.Helper()
	var all []outbox.Stored
	w.no(w.db.View(context.Background(), func(tx *db.Tx) (err error) {
		all, err = outbox.After(tx, outbox.Topic, 0, 100_000)
		return err
	}))
	out := []outbox.Stored{}
	for _, e := range all {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

func decode[E event.Event](w *world, s outbox.Stored) E {
	w.t.Helper()
	e, err := event.Decode[E]([]byte(s.Payload))
	w.no(err)
	return e
}

func (w *world) layout(codes ...string) {
	w.t.Helper()
	l := Layout{Zones: []Zone{{Name: "Z"}}}
	for i, c := range codes {
		l.Booths = append(l.Booths, Booth{Code: c, Zone: "Z", X: CM(i * 300), Features: []string{"power"}})
	}
	w.no(w.s.SaveLayout(context.Background(), "c1", "m1", l))
}

func (w *world) partner(name string, needs ...string) Partner {
	w.t.Helper()
	p, err := w.s.SavePartner(context.Background(), organizer, Partner{
		Name: name, Kind: KindIndividual, Category: "repair",
		Services: []Offering{{Name: "修理", Kind: KindPerson, Minutes: 5, Needs: needs}},
	})
	w.no(err)
	return p
}

func (w *world) plan() {
	w.t.Helper()
	w.hear(func(tx *db.Tx) error {
		return w.s.MarketDayPlanned(tx, event.MarketDayPlanned{Day: theDay, HeldOn: theDay.Date, OpensAt: opens, ClosesAt: closes})
	})
}

func (w *world) openClaiming() {
	w.t.Helper()
	w.plan()
	w.at.Set(claiming)
	w.hear(func(tx *db.Tx) error {
		return w.s.MarketDayClaimingOpened(tx, event.MarketDayClaimingOpened{Day: theDay, EffectiveAt: claiming, StandingUntil: standing, ConfirmAt: confirm})
	})
}

func (w *world) confirm() {
	w.t.Helper()
	w.at.Set(confirm)
	w.hear(func(tx *db.Tx) error {
		return w.s.MarketDayConfirmed(tx, event.MarketDayConfirmed{Day: theDay, EffectiveAt: confirm})
	})
}

func (w *world) claim(p Partner) Claim {
	w.t.Helper()
	c, err := w.s.Claim(context.Background(), Scope{CommunityID: "c1", PartnerID: p.ID}, "d1", Ask{PartnerID: p.ID})
	w.no(err)
	w.at.Set(w.at.Now().Add(time.Second))
	return c
}

func (w *world) booths() map[string]DayBooth {
	w.t.Helper()
	plan, err := w.s.DayBooths(context.Background(), "c1", "d1")
	w.no(err)
	out := map[string]DayBooth{}
	for _, b := range plan.Booths {
		out[b.Code] = b
	}
	return out
}

// who says which partner stands where: "A=甲 B=".
func (w *world) who() string {
	w.t.Helper()
	plan, err := w.s.DayBooths(context.Background(), "c1", "d1")
	w.no(err)
	out := ""
	for _, b := range plan.Booths {
		name := ""
		if b.Claim != nil {
			name = b.Claim.Partner
		}
		out += fmt.Sprintf("%s=%s ", b.Code, name)
	}
	for _, c := range plan.Waitlist {
		out += fmt.Sprintf("%d:%s ", c.Position, c.Partner)
	}
	return out
}

func (w *world) expect(want string) {
	w.t.Helper()
	if got := w.who(); got != want+" " {
		w.t.Fatalf("stand %q, want %q", got, want)
	}
}
