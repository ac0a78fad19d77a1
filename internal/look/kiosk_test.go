//go:build !race

package look

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
)

// entrance is the tablet at the entrance of a world.
func entrance(p *browser.Page, w *stage.World) {
	p.Cookie(w.Base, stage.Cookie, w.Token(account.Kiosk))
	p.Open(w.Base + "/kiosk/" + w.Community)
}

// touched is the first line that gives numbers, and its tile.
func touched(p *browser.Page) (line, tile string) {
	line = browser.Eval[string](p, `[...document.querySelectorAll("li[data-line]")].find(l => l.querySelector("button") && !l.querySelector("[data-stock]")).dataset.line`)
	return line, `[data-line="` + line + `"] button`
}

// standing waits for the number on the tablet.
func standing(p *browser.Page) int {
	p.WaitFor("the number", `+document.querySelector(".number .big")?.textContent > 0`)
	n, _ := strconv.Atoi(p.Text(".number .big"))
	return n
}

const linesAgain = `document.querySelector(".kiosk [data-line] button")?.checkVisibility() && !document.querySelector(".number")`

// One touch, a number of 160 px with the way to it, and nothing of it left for
// the next person: not on the page, not one step back.
func TestTheKioskGivesANumber(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		o.Width, o.Height = 1024, 768
		browser.With(t, o, func(p *browser.Page) {
			entrance(p, w)
			line, tile := touched(p)
			p.Press(tile)
			n := standing(p)
			if tk := ticket(t, w, line, n); tk.Via != queue.Kiosk || tk.State != queue.Waiting {
				t.Errorf("the number is %+v", tk)
			}
			bar := browser.Residents
			bar.Weight = 0 // of two pages
			found := p.Audit(bar)
			if !o.NoScript { // without, it goes back by the only way there is
				found = append(found, p.Axe(true)...)
			}
			for _, f := range found {
				t.Error(f)
			}
			for _, wrong := range browser.Eval[[]string](p, fits, 1024, 768, 88) {
				t.Error(wrong)
			}
			p.Press("再取一个号")
			p.WaitFor("the same person goes on", `document.querySelector("[name=again]") && !document.querySelector(".number")`)
			p.Press(tile)
			if again := standing(p); again != n {
				t.Errorf("the same person has %d and %d in one line", n, again)
			}
			p.Press("好了")
			p.WaitFor("the lines", linesAgain)
			p.WaitFor("nobody goes on", `!document.querySelector("[name=again]")`)
			if !o.NoScript {
				p.Press(tile)
				standing(p)
				p.Press("好了")
				p.WaitFor("the lines", linesAgain)
			}
			p.Open(w.Base + "/kiosk/" + w.Community + "/ticket")
			p.WaitFor("the lines", linesAgain)
		})
	})
}

// The answer is lost, the touch is repeated, time runs out: one number. Seconds
// are made short.
func TestTheKioskWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 768, Height: 1024, Touch: true}, func(p *browser.Page) {
		entrance(p, w)
		line, tile := touched(p)
		before := givenSoFar(t, w, line)
		p.Block("*://*:*/kiosk/*/ticket") // the number is given; the way to it is cut
		p.Press(tile)
		p.WaitFor("it says so", `document.querySelector("#lost").checkVisibility() && document.body.innerText.includes("请到服务台取号")`)
		p.Block()
		if n := standing(p); n != before+1 {
			t.Errorf("the number is %d after %d", n, before)
		}
		if got := givenSoFar(t, w, line); got != before+1 {
			t.Errorf("%d numbers were given", got-before)
		}
		p.Press("好了")
		p.WaitFor("the lines", linesAgain)

		// Who goes to the desk instead has no second number: it goes back.
		p.Block("*://*:*/kiosk/*/ticket")
		p.Press(tile)
		p.WaitFor("it says so", `document.querySelector("#lost").checkVisibility()`)
		p.Press("不等了")
		p.WaitFor("the lines", `!document.querySelector("#lost").checkVisibility()`)
		p.Block()
		p.WaitFor("it was brought home", `localStorage.getItem("yiji.kiosk") === "[]"`)
		if tk := ticket(t, w, line, before+2); tk.State != queue.Left {
			t.Errorf("the number nobody has seen is %s", tk.State)
		}
		p.Problems()
	})
	browser.With(t, browser.Options{Width: 768, Height: 1024, Touch: true}, func(p *browser.Page) {
		p.Before(`{ const every = window.setInterval; window.setInterval = (f, ms) => every(f, ms === 1000 ? 20 : ms); }`)
		entrance(p, w)
		_, tile := touched(p)
		p.Press(tile)
		p.WaitFor("it went away by itself", linesAgain+` && performance.getEntriesByType("resource").some(e => e.name.endsWith("/tickets"))`)
	})
}

// givenSoFar is how many numbers a line has given.
func givenSoFar(t *testing.T, w *stage.World, line string) int {
	t.Helper()
	all, err := w.App.Queue.Lines(t.Context(), w.CommunityID, w.Day)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.ID == line {
			return l.Issued
		}
	}
	t.Fatal("no such line")
	return 0
}

// fits says what of the tablet's page is not on its screen, or too small to touch.
const fits = `(w, h, least) => {
	const out = [], shown = s => [...document.querySelectorAll(s)].filter(e => e.checkVisibility());
	const root = document.documentElement;
	if (root.scrollHeight > h || root.scrollWidth > w) out.push("it scrolls: " + root.scrollWidth + " × " + root.scrollHeight);
	for (const e of shown(".kiosk button, .kiosk a.button, .kiosk nav a")) if (e.getBoundingClientRect().height < least) out.push(e.textContent + " is " + e.getBoundingClientRect().height + " px high");
	for (const e of shown(".number .big")) if (parseFloat(getComputedStyle(e).fontSize) < 160) out.push("the number is too small");
	for (const e of shown("li > *, li b, .number *, .rest p")) {
		const r = e.getBoundingClientRect();
		if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline" || r.right > w + 1 || r.bottom > h + 1) out.push(e.textContent + " does not fit");
	}
	return out;
}`

// tablets are how it stands at the entrance, and a screen on the wall.
var tablets = [][2]int{{1024, 768}, {768, 1024}, {1920, 1080}}

// Six lines and twelve, also of the longest names, are on the tablet without
// scrolling, and every one can be touched by an unsteady finger.
func TestTheKioskFits(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{NoScript: true}, func(p *browser.Page) {
		p.Cookie(w.Base, stage.Cookie, w.Token(account.Kiosk))
		for _, n := range []int{2, 6, 12} {
			for _, size := range tablets {
				p.Dress(func(o *browser.Options) { o.Width, o.Height = size[0], size[1] })
				p.Open(w.Base + "/kiosk/" + w.Community)
				for _, name := range []string{"", longest} {
					browser.Eval[int](p, `(n, name) => {
						const all = document.querySelector(".kiosk ul");
						while (all.children.length > n) all.lastElementChild.remove();
						for (let i = 0; all.children.length < n; i++) all.append(all.children[i].cloneNode(true));
						document.getElementById("whole").classList.toggle("dense", n > 6);
						if (name) for (const b of all.querySelectorAll("li > * > b")) b.textContent = name;
						return all.children.length;
					}`, n, name)
					for _, wrong := range browser.Eval[[]string](p, fits, size[0], size[1], 88) {
						t.Errorf("%d lines %q, %d × %d: %s", n, name, size[0], size[1], wrong)
					}
				}
			}
		}
		p.Problems()
	})
}

// A tablet with a printer, chosen once in its settings, prints each number by
// itself: one slip of that paper with the number, the line and the booth.
func TestTheKioskPrintsASlip(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 1024, Height: 768}, func(p *browser.Page) {
		p.Before(`window.printed = 0; window.print = () => { window.printed++ }`)
		entrance(p, w)
		_, tile := touched(p)
		p.Press(tile)
		standing(p)
		if n := browser.Eval[int](p, `window.printed`); n != 0 {
			t.Errorf("%d slips without a printer", n)
		}
		p.Open(w.Base + "/kiosk/" + w.Community + "/setup")
		p.Press("58 毫米")
		p.Open(w.Base + "/kiosk/" + w.Community)
		p.Press(tile)
		number := strconv.Itoa(standing(p))
		p.WaitFor("it prints by itself, once", `window.printed === 1`)
		if got := p.Sheets(); len(got) != 1 || math.Abs(got[0].Width-58) > 1 {
			t.Errorf("printed on %v", got)
		}
		p.Dress(func(o *browser.Options) { o.Print = true })
		slip := browser.Eval[string](p, `document.querySelector(".slip").innerText`)
		code := browser.Eval[string](p, `document.querySelector(".number .lead").textContent.match(/[A-Z]\d+/)[0]`)
		if !strings.Contains(slip, number) || !strings.Contains(slip, code) || p.Has(".kiosk .number") || p.Has(".onward") {
			t.Errorf("on paper for %s at %s: %s", number, code, p.Text("body"))
		}
		p.Problems()
	})
}
