package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/scheduler"
)

// An offered booth is taken by the one it is offered to and by nobody else;
// taking it twice is once.
func TestAnOfferIsAcceptedOverTheAPI(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.claims(f.grinder)
		f.claims(f.soy)
		f.until(at(11, 17, 9, 0))
		placed, waits := f.claim(f.grinder), f.claim(f.soy)
		if placed.Holding == nil {
			placed, waits = waits, placed
		}
		role := func(c booths.Claim) *program {
			return f.with(account.Role{Kind: account.Partner, CommunityID: f.place.ID, PartnerID: c.PartnerID})
		}
		leaves, gets := role(placed), role(waits)
		at := "/communities/" + f.place.Slug
		leaves.must(204, post, at+"/claims/"+placed.ID+"/withdraw", nil, nil)
		f.hear()
		var all list[booths.Claim]
		f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}).must(200, get, at+"/days/"+f.day.ID+"/claims", nil, &all)
		offer := ""
		for _, c := range all.Items {
			if c.ID == waits.ID && c.Offer != nil {
				offer = at + "/offers/" + c.Offer.ID + "/accept"
			}
		}
		if offer == "" {
			t.Fatalf("nothing is offered: %+v", all)
		}
		if r := leaves.ask(post, offer, nil); r.Status != 404 {
			t.Errorf("somebody else took the offer: %d", r.Status)
		}
		for range 2 {
			var c booths.Claim
			gets.must(200, post, offer, map[string]any{}, &c)
			if c.State != booths.ClaimPlaced || c.Holding == nil {
				t.Errorf("accepted: %+v", c)
			}
		}
	})
}

// Somebody who acts for two partners says for which one.
func TestOneWhoActsForTwoPartners(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		role := func(p booths.Partner) account.Role {
			return account.Role{Kind: account.Partner, CommunityID: f.place.ID, PartnerID: p.ID}
		}
		token := f.token(role(f.soy))
		link, err := f.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: role(f.grinder)})
		f.ok(err)
		var s session
		f.program(token).must(201, post, "/invitations/"+link, map[string]any{}, &s)
		both, claims := f.program(s.Token), "/communities/"+f.place.Slug+"/days/"+f.day.ID+"/claims"
		for _, p := range []booths.Partner{f.soy, f.grinder} {
			var c booths.Claim
			both.must(201, post, claims, map[string]any{"partner": p.ID}, &c)
			if c.PartnerID != p.ID {
				t.Errorf("claimed for %s, not %s", c.Partner, p.Name)
			}
			both.must(204, post, "/communities/"+f.place.Slug+"/claims/"+c.ID+"/withdraw?partner="+p.ID, nil, nil)
		}
		if r := both.ask(post, claims, map[string]any{"partner": f.doctors.ID}, db.NewID()); r.Status != 403 {
			t.Errorf("claimed for a third: %d", r.Status)
		}
	})
}

// A community sees and replays what is parked of its own market days.
func TestParkedEventsOfOneCommunity(t *testing.T) {
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	d := dbtest.Open(t, dbtest.SQLite(t), clock.Now)
	var replayed []string
	f := newFair(t, d, clock, func(o *Options) {
		o.Parked = func(ctx context.Context, limit int) (all []outbox.Parked, err error) {
			err = d.View(ctx, func(tx *db.Tx) error { all, err = outbox.AllParked(tx, limit); return err })
			return all, err
		}
		o.Replay = func(_ context.Context, consumer, key string) (int, error) {
			replayed = append(replayed, consumer+" "+key)
			return 1, errors.New("still broken")
		}
	})
	other := f.community("other")
	rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-11-20"]}`))
	f.ok(err)
	m, err := f.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: other.ID, Slug: "o", Name: "别处", Venue: "别处", Rule: rule, Opens: 540, Closes: 600})
	f.ok(err)
	theirs, err := f.Scheduler.NextDay(t.Context(), other.ID, m.ID)
	f.ok(err)
	f.ok(d.Update(t.Context(), func(tx *db.Tx) error {
		for _, key := range []string{f.day.ID, theirs.ID} {
			if err := outbox.Park(tx, "queue", outbox.Stored{ID: db.NewID(), Seq: 1, Key: key, Name: "x.v1"}, outbox.Failure{Why: "broken", Attempts: 6}); err != nil {
				return err
			}
		}
		return nil
	}))
	o, parked := f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}), "/communities/"+f.place.Slug+"/parked"
	var all list[parkedAnswer]
	o.must(200, get, parked, nil, &all)
	if len(all.Items) != 1 || all.Items[0].Key != f.day.ID || all.Items[0].Error != "broken" {
		t.Errorf("parked %+v", all)
	}
	var done replayAnswer
	o.must(200, post, parked+"/replay", map[string]any{"consumer": "queue", "key": f.day.ID}, &done)
	if done.Applied != 1 || done.Left != 1 || done.Error != "still broken" {
		t.Errorf("replayed %+v", done)
	}
	o.must(200, post, parked+"/replay", map[string]any{"consumer": "booths", "key": f.day.ID}, nil) // nothing is parked there
	if r := o.ask(post, parked+"/replay", map[string]any{"consumer": "queue", "key": theirs.ID}); r.Status != 404 {
		t.Errorf("replayed another community's day: %d", r.Status)
	}
	if want := "queue " + f.day.ID; strings.Join(replayed, ",") != want {
		t.Errorf("replayed %v, want %s", replayed, want)
	}
}

// A page open in a browser and a program are two ways in: a Bearer needs
// neither cookie nor form token, and a session that has ended is said.
func TestBearerNeedsNoCookie(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		p := f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID})
		r := p.must(200, post, "/communities/"+f.place.Slug+"/markets/m/exceptions", map[string]any{"kind": "skip", "date": "2026-12-19", "why": "x"}, nil)
		if len(r.Header["Set-Cookie"]) > 0 {
			t.Errorf("a program got cookies %v", r.Header["Set-Cookie"])
		}
		p.token = db.NewID()
		if r := p.ask(get, "/communities", nil); r.Status != 401 {
			t.Errorf("a session that never was: %d", r.Status)
		}
	})
}

// What the decoder lets through is what the document allows, whatever bytes come.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{}`, `{"ticket":"x"}`, `{"Ticket":"x"}`, `{"ticket":null}`, `{"ticket":"x","ticket":"y"}`, `{"version":1e2}`, `{"version":9223372036854775807}`,
		`[]`, ``, `{"ticket":"x"} `, `{} {}`, `{"reason":"\ud800"}`, "{\"reason\":\"\xff\"}", `{"a":{"b":[1,2,{"c":null}]}}`, `{"ticket":"x"`, "\ufeff{}"} {
		f.Add([]byte(s))
	}
	s := schemas{defs: object{}}
	ref := s.of(reflect.TypeFor[ticketOrder]())
	doc, err := json.Marshal(object{"components": object{"schemas": s.defs}, "root": ref})
	if err != nil {
		f.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		f.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(contractURL, v); err != nil {
		f.Fatal(err)
	}
	schema := compiler.MustCompile(contractURL + "#/root")
	fields := fieldsOf(reflect.TypeFor[ticketOrder]())
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in ticketOrder
		err := strict(raw, fields, &in)
		if err != nil {
			if fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("%q is our fault: %v", raw, err)
			}
			return
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%q was let through: %v", raw, err)
		}
	})
}
