//go:build !race

package look

import (
	"context"
	"strings"
	"testing"

	"yiji/booths"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
	"yiji/scheduler"
)

// eachDesk is a wide screen with a mouse, with scripts and without.
func eachDesk(t *testing.T, do func(t *testing.T, o browser.Options)) {
	t.Helper()
	for name, off := range map[string]bool{"script": false, "noscript": true} {
		t.Run(name, func(t *testing.T) { do(t, browser.Options{Width: 1080, Height: 900, NoScript: off}) })
	}
}

// atWork opens a page as the organizer of a world.
func atWork(p *browser.Page, w *stage.World, path string) {
	p.Cookie(w.Base, stage.Cookie, w.Token(organizer))
	p.Open(w.Base + "/o/" + w.Community + path)
}

func ground(t *testing.T, w *stage.World) map[string]booths.Booth {
	t.Helper()
	l, err := w.App.Booths.Layout(context.Background(), w.CommunityID, w.Market)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]booths.Booth{}
	for _, b := range l.Booths {
		out[b.Code] = b
	}
	return out
}

func theMarket(t *testing.T, w *stage.World) scheduler.Market {
	t.Helper()
	m, err := w.App.Scheduler.Market(context.Background(), w.CommunityID, w.Market)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The rule of a market is changed while its dates are looked at, and one date
// is left out and taken back in by one tap each.
func TestASeriesIsEdited(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Planned)
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "/markets/"+w.Market)
			p.Press(`[aria-label="停办 12月19日 周六"]`)
			p.WaitFor("the date is left out", `document.querySelector("#dates s")?.innerText.includes("12月19日")`)
			if m := theMarket(t, w); len(m.Exceptions) != 1 || m.Exceptions[0].Kind != scheduler.Skip {
				t.Fatalf("%+v", m.Exceptions)
			}
			p.Press(`[aria-label="撤销这个例外 12月19日 周六"]`)
			p.WaitFor("the date is back", `!document.querySelector("#dates s")`)
			if m := theMarket(t, w); len(m.Exceptions) != 0 {
				t.Fatalf("%+v", m.Exceptions)
			}
			p.Type(`[name="rule.monthly.days"]`, "21")
			if !o.NoScript {
				p.WaitFor("the dates follow what is typed", `document.getElementById("dates").innerText.includes("2027 · 1月21日")`)
				p.WaitFor("the rule is said", `document.getElementById("said").innerText.includes("每月21日")`)
				p.Choose(`[name="kind"]`, "nth")
				p.WaitFor("the other kind brings its fields", `document.querySelector('[name="rule.monthly.nth"]')`)
				p.Choose(`[name="kind"]`, "days")
				p.WaitFor("the first kind is back with what was typed", `document.querySelector('[name="rule.monthly.days"]')?.value === "21"`)
			}
			if m := theMarket(t, w); m.Rule.Monthly.Days[0] != 19 {
				t.Fatal("looking has saved something")
			}
			p.Press(`button[value="preview"]`)
			p.WaitFor("the preview", `document.body.innerText.includes("2027 · 1月21日")`)
		})
	})
}

// A booth is moved by mouse and by keys, undone and saved; without scripts its
// numbers are written.
func TestAPlanIsDrawn(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Planned)
		was := ground(t, w)
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "/markets/"+w.Market+"/layout")
			if o.NoScript {
				p.Type(`[name="booths[0].x"]`, "7.5")
				p.Press(`#layout button[value="save"]`)
				p.WaitFor("it is saved", `document.querySelector(".note")`)
				if got := ground(t, w)["A1"]; got.X != 750 {
					t.Fatalf("A1 stands at %d", got.X)
				}
				return
			}
			sameZones(p)
			p.Choose("#grid", "100")
			at := func() string {
				return browser.Eval[string](p, `document.querySelector('[name="booths[7].x"]').value + " " + document.querySelector('[name="booths[7].y"]').value`)
			}
			start := at()
			scale := browser.Eval[float64](p, `document.querySelector(".ground").getScreenCTM().a`)
			p.Drag(`[data-i="7"]`, `[data-i="7"]`, 631*scale, 12*scale)
			moved := at()
			if moved == start {
				t.Fatalf("C1 did not move from %s", start)
			}
			p.Press(`[data-do="undo"]`)
			if got := at(); got != start {
				t.Fatalf("undone to %s, was %s", got, start)
			}
			p.Press(`[data-do="redo"]`)
			if got := at(); got != moved {
				t.Fatalf("redone to %s, was %s", got, moved)
			}
			browser.Eval[bool](p, `(document.querySelector('[data-i="0"]').focus(), true)`)
			p.Key("ArrowRight")
			p.Key("ArrowRight")
			p.Key("ArrowDown")
			p.Press(`[data-do="copy"]`)
			p.WaitFor("the copy is there", `document.querySelectorAll("[data-row]").length === 9`)
			p.Key("Delete")
			p.WaitFor("the copy is gone", `document.querySelectorAll("[data-row]").length === 8`)
			p.Press(`#layout button[value="save"]`)
			p.WaitFor("it is saved", `document.querySelector(".note")`)
			now := ground(t, w)
			if now["A1"].X != was["A1"].X+20 || now["A1"].Y != was["A1"].Y+10 {
				t.Errorf("A1 by keys: %+v, was %+v", now["A1"], was["A1"])
			}
			if now["C1"].X%100 != 0 || now["C1"].X < was["C1"].X+500 || len(now) != len(was) || len(now["A1"].Features) != len(was["A1"].Features) {
				t.Errorf("C1 by mouse: %+v, was %+v; %d booths", now["C1"], was["C1"], len(now))
			}
		})
	})
}

// Somebody who waits is put on a booth, with what that changes told before and
// a reason, and it is undone.
func TestAPlaceIsDecided(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Planned)
		late, claim := latecomer(t, w)
		holder := func(code string) string {
			plan, err := w.App.Booths.DayBooths(t.Context(), w.CommunityID, w.Day)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range plan.Booths {
				if b.Code == code && b.Claim != nil {
					return b.Claim.Partner
				}
			}
			return ""
		}
		was := holder("A2")
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "/days/"+w.Day+"/plan")
			booth := browser.Eval[string](p, `[...document.querySelectorAll(".board .booth")].find(b => b.textContent.includes("A2")).dataset.booth`)
			if o.NoScript {
				p.Press(`[data-claim="` + claim.ID + `"]`)
				p.Press(`[data-booth="` + booth + `"]`)
			} else {
				p.Drag(`[data-claim="`+claim.ID+`"] strong`, `[data-booth="`+booth+`"]`)
			}
			p.WaitFor("what it would change", `document.getElementById("effects").innerText.includes("`+was+` 让出 A2")`)
			if holder("A2") != was {
				t.Fatal("looking has decided something")
			}
			p.Type("#f-reason", "请他站在树荫下")
			p.Press("就这样定")
			p.WaitFor("it is decided", `document.querySelector(".note")`)
			if got := holder("A2"); got != late.Name {
				t.Fatalf("%s stands at A2", got)
			}
			p.Press("撤销")
			p.WaitFor("it is undone", `document.querySelector(".note")?.innerText.includes("已撤销")`)
			if got := holder("A2"); got != was {
				t.Fatalf("%s stands at A2, was %s", got, was)
			}
			if o.NoScript {
				return
			}
			// By tap: the claim, then the booth; nothing is loaded anew.
			browser.Eval[bool](p, `(window.stays = true)`)
			p.Press(`[data-claim="` + claim.ID + `"]`)
			p.WaitFor("the claim is chosen", `document.querySelector('[data-claim][aria-current]')`)
			p.Press(`[data-booth="` + booth + `"]`)
			p.WaitFor("what it would change", `document.getElementById("effects").innerText.includes("让出 A2") && window.stays`)
		})
	})
}

// A partner is added on a phone without a scroll: who, whom to call, what they
// bring, and the button to keep it.
func TestAPartnerIsAddedOnAPhone(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Planned)
	browser.With(t, browser.Options{Width: 390, Height: 844, Touch: true}, func(p *browser.Page) {
		atWork(p, w, "/partners/new")
		if low := browser.Eval[float64](p, `Math.max(document.querySelector("button[value=save]").getBoundingClientRect().bottom, ...[...document.querySelectorAll("main form input")].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().bottom))`); low > 844-56 { // above the tabs
			t.Errorf("the form ends at %g", low)
		}
		p.Type("[name=name]", "阳光眼镜店")
		p.Type(`[name="contact.telephone"]`, "13805380000")
		p.Type(`[name="services[0].name"]`, "免费修眼镜")
		p.Press("保存")
		p.WaitFor("it is kept", `!location.pathname.endsWith("/new") && document.querySelector("main h1").innerText.includes("阳光眼镜店")`)
		if got := browser.Eval[string](p, `document.querySelector('[name="services[0].minutes"]').value`); got != "5" {
			t.Errorf("a visit takes %q minutes, want what the form offers", got)
		}
	})
}

// The roster is searched by a form, and while one types.
func TestTheRosterIsSearched(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Planned)
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "/partners")
			p.Type("#f-q", "磨刀")
			if o.NoScript {
				p.Press("查找")
			}
			p.WaitFor("only one is left", `[...document.querySelectorAll("#roster > li")].filter(e => e.checkVisibility()).length === 1`)
			if got := p.Text("#roster"); !strings.Contains(got, "磨剪子磨菜刀") {
				t.Errorf("found %q", got)
			}
			if !p.Has(`a[href$="/import/roster.xlsx"]`) {
				t.Error("the roster cannot be taken out")
			}
		})
	})
}

// sameZones compares the zones that a script draws with those the server drew.
func sameZones(p *browser.Page) {
	p.WaitFor("the script's zones are the server's", `fetch(location.href).then(r => r.text()).then(text => {
		const zones = root => [...root.querySelectorAll(".ground .zone, .ground .zone-name[class*=z-]")].map(e => [e.getAttribute("class"), ...["x", "y", "width", "height", "rx", "font-size"].map(a => e.getAttribute(a)), e.textContent].join());
		const want = zones(new DOMParser().parseFromString(text, "text/html")), got = zones(document);
		if (want.length < 4 || want.join() !== got.join()) throw new Error(want.join(" ") + " | " + got.join(" "));
		return true;
	})`)
}
