package booths

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

var ctx = context.Background()

func TestPartnerIsKept(t *testing.T) {
	each(t, func(w *world) {
		p := Partner{
			Name: " 社区医院 ", Kind: KindOrganisation, Category: "clinic",
			Services:       []Offering{{Name: "测血压", Kind: KindPerson, Minutes: 3, Needs: []string{"quiet"}}, {Name: "豆浆", Kind: KindStock, Minutes: 1, Stock: 200, Price: 150}},
			Qualifications: []Qualification{{Name: "执业许可", Number: "X1", ExpiresOn: "2026-12-31"}},
			Contact:        Contact{Person: "王医生", Telephone: "13800000000"},
		}
		scope := organizer
		scope.Key = "k1"
		saved, err := w.s.SavePartner(ctx, scope, p)
		w.no(err)
		again, err := w.s.SavePartner(ctx, scope, p)
		w.no(err)
		if diff := cmp.Diff(saved, again); diff != "" {
			t.Fatalf("the same key made another answer: %s", diff)
		}
		other := p
		other.Name = "别的"
		_, err = w.s.SavePartner(ctx, scope, other)
		w.fails(err, "idempotency.body_differs")
		_, err = w.s.SavePartner(ctx, organizer, Partner{Name: "社区 医院", Kind: KindOrganisation, Services: p.Services})
		w.no(err) // another name: the space counts
		_, err = w.s.SavePartner(ctx, organizer, Partner{Name: "社区医院", Kind: KindOrganisation, Services: p.Services})
		w.fails(err, "partner.twice")
		_, err = w.s.SavePartner(ctx, organizer, Partner{Name: "社区\u200B医院\u3164", Kind: KindOrganisation, Services: p.Services})
		w.fails(err, "partner.twice") // it looks the same
		got, err := w.s.Partner(ctx, organizer, saved.ID)
		w.no(err)
		if got.Contact != p.Contact || got.Name != "社区医院" || !got.Qualifications[0].Expired("2027-01-01") || got.Services[1].Stock != 200 {
			t.Fatalf("%+v", got)
		}
		var sealed string
		w.no(w.db.View(ctx, func(tx *db.Tx) error {
			return tx.Get(&sealed, `SELECT contact FROM booths_partners WHERE id = $1`, saved.ID)
		}))
		if sealed == "" || strings.Contains(sealed, "1380") {
			t.Fatalf("the contact is not sealed: %q", sealed)
		}
		_, err = w.s.Partner(ctx, Scope{CommunityID: "c2"}, saved.ID)
		w.fails(err, "partner.unknown")
		_, err = w.s.Partner(ctx, Scope{CommunityID: "c1", PartnerID: "other"}, saved.ID)
		w.fails(err, "partner.unknown")

		got.Services = []Offering{{Name: "豆浆", Kind: KindStock, Minutes: 1, Stock: 100}, {Name: "心电图", Kind: KindPerson, Minutes: 8}}
		changed, err := w.s.SavePartner(ctx, organizer, got)
		w.no(err)
		if changed.Services[0].ID != saved.Services[1].ID || changed.Services[1].ID == saved.Services[0].ID {
			t.Fatal("services keep their ids by name")
		}
		all, err := w.s.Partners(ctx, "c1")
		w.no(err)
		if len(all) != 2 || all[0].Contact != (Contact{}) {
			t.Fatalf("%+v", all)
		}
		w.hear(func(tx *db.Tx) error {
			contacts, err := w.s.PartnerContacts(tx, []string{saved.ID, "nobody"})
			if err != nil || len(contacts) != 1 || contacts[saved.ID].Person != "王医生" {
				t.Errorf("%v %v", contacts, err)
			}
			names, err := w.s.PartnerNames(tx, []string{saved.ID})
			if names[saved.ID] != "社区医院" {
				t.Error(names)
			}
			return err
		})
	})
}

func TestClaimWindows(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A")
		p := w.partner("甲")
		ask, scope := Ask{PartnerID: p.ID}, Scope{CommunityID: "c1", PartnerID: p.ID, Key: "k"}
		_, err := w.s.Claim(ctx, scope, "d1", ask)
		w.fails(err, "day.unknown")
		w.plan()
		_, err = w.s.Claim(ctx, scope, "d1", ask)
		w.fails(err, "claim.not_yet")
		w.openClaiming()
		_, err = w.s.Claim(ctx, Scope{CommunityID: "c2"}, "d1", ask)
		w.fails(err, "day.unknown")
		_, err = w.s.Claim(ctx, Scope{CommunityID: "c1", PartnerID: "other"}, "d1", ask)
		w.fails(err, "partner.unknown")
		first, err := w.s.Claim(ctx, scope, "d1", ask)
		w.no(err)
		again, err := w.s.Claim(ctx, scope, "d1", ask)
		w.no(err)
		if first.ID != again.ID || len(w.told("claim.made.v1")) != 1 {
			t.Fatal("the same key claimed twice")
		}
		scope.Key = ""
		_, err = w.s.Claim(ctx, scope, "d1", ask)
		w.fails(err, "claim.twice")
		_, err = w.s.Claim(ctx, scope, "d1", Ask{PartnerID: p.ID, Services: []string{"x"}})
		w.fails(err, "claim.service_unknown")
		w.no(w.s.Withdraw(ctx, scope, first.ID))
		w.no(w.s.Withdraw(ctx, scope, first.ID))
		w.fails(w.s.Withdraw(ctx, Scope{CommunityID: "c2"}, first.ID), "claim.unknown")
		w.at.Set(confirm)
		_, err = w.s.Claim(ctx, scope, "d1", ask)
		w.fails(err, "claim.confirming")
		w.confirm()
		late, err := w.s.Claim(ctx, scope, "d1", ask)
		w.no(err)
		if late.State != ClaimWaiting || late.Offer == nil || late.Offer.Code != "A" {
			t.Fatalf("a late claim gets the free booth offered: %+v", late)
		}
		w.at.Set(opens)
		_, err = w.s.Claim(ctx, organizer, "d1", ask)
		w.fails(err, "claim.over")
		days, err := w.s.MyDays(ctx, scope, p.ID)
		w.no(err)
		if len(days) != 1 || len(days[0].Claims) != 2 {
			t.Fatalf("%+v", days)
		}
		_, err = w.s.Tick(ctx)
		w.no(err)
	})
}

// TestLifeOfAPlan: standing partners claim by themselves, the draft shows, the
// organizer decides, the plan is published and told, and everybody who was
// there is remembered for the next one.
func TestLifeOfAPlan(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B", "C")
		regular, early, late, wet := w.partner("常驻"), w.partner("早"), w.partner("晚"), w.partner("水", "water")
		w.no(w.s.SaveStanding(ctx, organizer, regular.ID, "m1", []Standing{{MarketID: "m1", Wishes: Wishes{Booths: []string{"B"}}}}))
		w.openClaiming()
		w.openClaiming() // heard again: nothing twice
		e, l := w.claim(early), w.claim(late)
		w.claim(wet)
		w.claim(w.partner("尾"))
		draft, err := w.s.Draft(ctx, "c1", "d1")
		w.no(err)
		if got := draft.places(); len(got) != 3 || got[e.ID] == "" || got[l.ID] == "" {
			t.Fatalf("draft %v", got)
		}
		a := w.booths()["A"]
		w.fails(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: l.ID, BoothID: a.ID}), "text.empty")
		w.fails(w.s.Override(ctx, Scope{CommunityID: "c1", PartnerID: late.ID}, "d1", Decision{ClaimID: l.ID, BoothID: a.ID, Reason: "x"}), "override.organizer")
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: l.ID, BoothID: a.ID, Reason: "轮椅"}))
		w.confirm()
		w.confirm()
		w.expect("A=晚 B=常驻 C=早 1:尾 2:水")
		if n := len(w.told("booths.published.v1")); n != 1 {
			t.Fatalf("published %d times", n)
		}
		told := decode[event.BoothsPublished](w, w.told("booths.published.v1")[0])
		if len(told.Places) != 3 || len(told.Waitlist) != 2 || told.Places[0].Services[0].Name != "修理" || told.Waitlist[1].PartnerID != wet.ID {
			t.Fatalf("%+v", told)
		}
		if why := w.booths()["B"].Claim.Holding.Reasons; len(why) == 0 {
			t.Fatal("no reasons")
		}
		changes, err := w.s.Changes(ctx, "c1", "d1")
		w.no(err)
		if len(changes) != 1 || changes[0].Reason != "轮椅" || changes[0].Who != "account-1" {
			t.Fatalf("%+v", changes)
		}
		_, err = w.s.Draft(ctx, "c1", "d1")
		w.fails(err, "plan.published")
		w.at.Set(closes.Add(time.Hour))
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDaySettled(tx, event.MarketDaySettled{Day: theDay})
		})
		history, err := w.s.History(ctx, organizer, regular.ID)
		w.no(err)
		if diff := cmp.Diff([]History{{DayID: "d1", MarketID: "m1", HeldOn: "2026-11-19", Booth: "B", Outcome: "kept"}}, history); diff != "" {
			t.Fatal(diff)
		}
		w.no(w.s.ReuseLayout(ctx, "c1", "d1", "m2"))
		reused, err := w.s.Layout(ctx, "c1", "m2")
		w.no(err)
		if len(reused.Booths) != 3 || reused.Booths[0].ID != "" {
			t.Fatalf("%+v", reused)
		}
	})
}

// TestLifeOfAnOffer: a released booth goes to the first on the waitlist whom it
// fits; declined or run out, to the next; the deadline decides.
func TestLifeOfAnOffer(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A")
		one, two, three, wet := w.partner("一"), w.partner("二"), w.partner("三"), w.partner("水", "water")
		w.openClaiming()
		for _, p := range []Partner{one, wet, two, three} {
			w.claim(p)
		}
		w.confirm()
		w.expect("A=一 1:二 2:三 3:水")
		hold := w.booths()["A"].Claim.Holding.ID
		w.fails(w.s.Release(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, hold, ""), "assignment.unknown")
		w.no(w.s.Release(ctx, Scope{CommunityID: "c1", PartnerID: one.ID}, hold, "生病"))
		w.no(w.s.Release(ctx, Scope{CommunityID: "c1", PartnerID: one.ID}, hold, "生病"))
		first := w.booths()["A"].Offered
		if first == nil || first.Partner != "二" || !first.Offer.ExpiresAt.Equal(confirm.Add(24*time.Hour)) {
			t.Fatalf("offered to %+v", first)
		}
		_, err := w.s.AcceptOffer(ctx, Scope{CommunityID: "c1", PartnerID: three.ID}, first.Offer.ID)
		w.fails(err, "offer.unknown")
		_, err = w.s.ClaimBooth(ctx, organizer, "d1", w.booths()["A"].ID, Ask{PartnerID: three.ID})
		w.fails(err, "booth.offered")
		next, err := w.s.Tick(ctx)
		w.no(err)
		if !next.Equal(first.Offer.ExpiresAt) {
			t.Fatalf("next deadline %v", next)
		}
		w.at.Set(first.Offer.ExpiresAt)
		_, err = w.s.AcceptOffer(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, first.Offer.ID)
		w.fails(err, "offer.expired") // nobody has recorded it yet, the time decides
		_, err = w.s.Tick(ctx)
		w.no(err)
		second := w.booths()["A"].Offered
		if second == nil || second.Partner != "三" {
			t.Fatalf("offered to %+v", second)
		}
		w.no(w.s.DeclineOffer(ctx, Scope{CommunityID: "c1", PartnerID: three.ID}, second.Offer.ID))
		w.no(w.s.DeclineOffer(ctx, Scope{CommunityID: "c1", PartnerID: three.ID}, second.Offer.ID))
		if again := w.booths()["A"].Offered; again != nil {
			t.Fatalf("offered twice to %s", again.Partner)
		}
		if n := len(w.told("offer.ended.v1")); n != 2 {
			t.Fatalf("%d offers ended", n)
		}
		got, err := w.s.ClaimBooth(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, "d1", w.booths()["A"].ID, Ask{PartnerID: two.ID})
		w.no(err)
		if got.Holding == nil || got.Holding.Why != "direct" {
			t.Fatalf("%+v", got)
		}
		w.expect("A=二 1:三 2:水")
		history, err := w.s.History(ctx, organizer, one.ID)
		w.no(err)
		if len(history) != 1 || history[0].Outcome != "dropped" {
			t.Fatalf("%+v", history)
		}
	})
}

func TestAcceptedOffer(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A")
		one, two := w.partner("一"), w.partner("二")
		w.openClaiming()
		c := w.claim(one)
		w.claim(two)
		w.confirm()
		w.no(w.s.Withdraw(ctx, organizer, c.ID))
		offer := w.booths()["A"].Offered.Offer
		for range 2 { // accepting twice answers the same
			got, err := w.s.AcceptOffer(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, offer.ID)
			w.no(err)
			if got.Holding == nil || got.Holding.Why != "offer" {
				t.Fatalf("%+v", got)
			}
		}
		w.fails(w.s.DeclineOffer(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, offer.ID), "offer.accepted")
		assigned := w.told("booth.assigned.v1")
		if len(assigned) != 1 || decode[event.BoothAssigned](w, assigned[0]).Why != "offer" {
			t.Fatalf("%v", assigned)
		}
		if next, err := w.s.Tick(ctx); err != nil || !next.IsZero() {
			t.Fatalf("%v %v", next, err)
		}
	})
}

func TestSingleEdits(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B", "C")
		one, two, guest := w.partner("一"), w.partner("二"), w.partner("客")
		w.openClaiming()
		c1, c2 := w.claim(one), w.claim(two)
		w.confirm()
		b := w.booths()
		from := w.who()
		holder := map[string]string{}
		for code, booth := range b {
			if booth.Claim != nil {
				holder[booth.Claim.ID] = code
			}
		}
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c1.ID, BoothID: b[holder[c2.ID]].ID, Reason: "换"}))
		after := w.booths()
		if after[holder[c2.ID]].Claim.ID != c1.ID || after[holder[c1.ID]].Claim.ID != c2.ID {
			t.Fatalf("no swap: %s to %s", from, w.who())
		}
		hold := after[holder[c1.ID]].Claim.Holding.ID // held by 二 now
		sub, err := w.s.Substitute(ctx, Scope{CommunityID: "c1", PartnerID: two.ID}, hold, Ask{PartnerID: guest.ID}, "替一天")
		w.no(err)
		if sub.Partner != "客" || sub.Holding.Why != "substitute" {
			t.Fatalf("%+v", sub)
		}
		_, err = w.s.Substitute(ctx, organizer, hold, Ask{PartnerID: guest.ID}, "")
		w.fails(err, "booth.released")
		history, err := w.s.History(ctx, organizer, two.ID)
		w.no(err)
		if len(history) != 0 {
			t.Fatal("who sends a substitute is no drop-out")
		}
		// taking a place away: the claim ends
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: sub.ID, Reason: "缺证"}))
		if w.booths()[holder[c1.ID]].Claim != nil {
			t.Fatal("still there")
		}
		released, assigned := w.told("booth.released.v1"), w.told("booth.assigned.v1")
		if len(released) != 4 || len(assigned) != 3 {
			t.Fatalf("%d released, %d assigned", len(released), len(assigned))
		}
		// pushed out by an organizer: first on the waitlist, and offered what is free
		w.claim(two)
		plan, err := w.s.DayBooths(ctx, "c1", "d1")
		w.no(err)
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: plan.Waitlist[0].ID, BoothID: w.booths()[holder[c2.ID]].ID, Reason: "需要"}))
		plan, err = w.s.DayBooths(ctx, "c1", "d1")
		w.no(err)
		if len(plan.Waitlist) != 1 || plan.Waitlist[0].Partner != "一" || plan.Waitlist[0].Offer == nil {
			t.Fatalf("%s", w.who())
		}
		stood := w.who()
		w.hear(func(tx *db.Tx) error {
			return w.s.MarketDayCancelled(tx, event.MarketDayCancelled{Day: theDay, Reason: "雨"})
		})
		for _, booth := range w.booths() {
			if booth.Claim != nil || booth.Offered != nil {
				t.Fatalf("still held: %s", w.who())
			}
		}
		_, err = w.s.Claim(ctx, organizer, "d1", Ask{PartnerID: guest.ID})
		w.fails(err, "claim.over")
		w.cancelUndone(stood)
	})
}

func TestDayLayout(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		p := w.partner("甲")
		w.openClaiming()
		c := w.claim(p)
		before := w.booths()
		w.layout("X") // the market changes, the day keeps its copy
		if len(w.booths()) != 2 {
			t.Fatal("the day lost its copy")
		}
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c.ID, BoothID: before["B"].ID, Reason: "树荫"}))
		w.behind("d1 true")
		l := Layout{Booths: []Booth{{Code: "A"}, {Code: "C", X: 300}}}
		w.no(w.s.SaveLayout(ctx, "c1", "m1", l))
		w.fails(w.s.CatchUp(ctx, "c1", "d1"), "layout.booth_locked")
		l.Booths = append(l.Booths, Booth{Code: "B", X: 100})
		w.no(w.s.SaveLayout(ctx, "c1", "m1", l))
		w.no(w.s.CatchUp(ctx, "c1", "d1"))
		after := w.booths()
		if len(after) != 3 || after["B"].ID != before["B"].ID || after["B"].X != 100 {
			t.Fatalf("%+v", after)
		}
		w.behind()
		w.fails(w.s.CatchUp(ctx, "c2", "d1"), "day.unknown")
		w.fails(w.s.SaveLayout(ctx, "c2", "m1", l), "layout.market_unknown")
		w.confirm()
		w.layout("X")
		w.behind() // what is published is changed place by place
		w.fails(w.s.CatchUp(ctx, "c1", "d1"), "layout.published")
		if k := fault.KindOf(w.s.CatchUp(ctx, "c1", "d1")); k != fault.KindClosed {
			t.Errorf("what is published is %v, want closed", k)
		}
		w.expect("A= B=甲 C=")
	})
}

// Who becomes a standing partner after claims have opened is not on that day
// until the organizer says so; who has spoken for it is left alone.
func TestALateRosterReachesTheDay(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		gone, stays := w.partner("去"), w.partner("留")
		for _, p := range []Partner{gone, stays} {
			w.no(w.s.SaveStanding(ctx, organizer, p.ID, "m1", []Standing{{}}))
		}
		w.openClaiming()
		w.behind()
		claims, err := w.s.ClaimsOf(ctx, "c1", "d1")
		w.no(err)
		for _, c := range claims {
			if c.PartnerID == gone.ID {
				w.no(w.s.Withdraw(ctx, organizer, c.ID))
			}
		}
		late, idle := w.partner("迟"), w.partner("闲")
		w.no(w.s.SaveStanding(ctx, organizer, late.ID, "m1", []Standing{{}}))
		w.no(w.s.SaveStanding(ctx, organizer, idle.ID, "m1", []Standing{{}}))
		w.no(w.s.ArchivePartner(ctx, organizer, idle.ID, true))
		w.behind("d1 false 迟")
		w.no(w.s.CatchUp(ctx, "c1", "d1"))
		w.no(w.s.CatchUp(ctx, "c1", "d1")) // twice changes nothing
		w.behind()
		claims, err = w.s.ClaimsOf(ctx, "c1", "d1")
		w.no(err)
		live := map[string]bool{}
		for _, c := range claims {
			live[c.Partner] = c.Live() && c.Standing
		}
		if len(claims) != 3 || !live["留"] || !live["迟"] || live["去"] {
			t.Fatalf("%+v", claims)
		}
	})
}

// behind holds which days do not know their market's ground or partners.
func (w *world) behind(want ...string) {
	w.t.Helper()
	all, err := w.s.Behind(ctx, "c1")
	w.no(err)
	var got []string
	for _, b := range all {
		got = append(got, strings.TrimSpace(fmt.Sprint(b.ID, " ", b.Ground, " ", strings.Join(b.Partners, " "))))
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("%q, want %q", got, want)
	}
}

func TestOfferUntil(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		before, want time.Duration
		ok           bool
	}{
		{72 * time.Hour, day, true},
		{36 * time.Hour, 18 * time.Hour, true},
		{time.Hour, 30 * time.Minute, true},
		{15 * time.Minute, 10 * time.Minute, true},
		{5 * time.Minute, 5 * time.Minute, true},
		{0, 0, false},
		{-time.Hour, 0, false},
	} {
		got, ok := offerUntil(opens.Add(-c.before), opens, day)
		if ok != c.ok || (ok && got.Sub(opens.Add(-c.before)) != c.want) || got.After(opens) {
			t.Errorf("%v before: until %v %v", c.before, got, ok)
		}
	}
}
