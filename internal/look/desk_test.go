//go:build !race

package look

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
)

// counter is somebody at the desk of a world, on the page at an address of it.
func counter(p *browser.Page, w *stage.World, base string) {
	p.Cookie(base, stage.Cookie, w.Token(account.Desk))
	p.Open(base + "/desk/" + w.Community)
}

// stocked is a desk that has numbers ready for when the network goes, and the
// first line that gives any.
func stocked(p *browser.Page, w *stage.World, base string) (line, button string) {
	counter(p, w, base)
	p.WaitFor("the switch for outages", `["keep", "unkeep"].some(i => document.getElementById(i).checkVisibility({visibilityProperty: true}))`)
	if p.Has("#keep") {
		p.Press("先备好断网用的号")
	}
	p.WaitFor("numbers are ready", `document.querySelector("#unkeep").checkVisibility({visibilityProperty: true}) && +/\d+/.exec(document.querySelector("#standby span").textContent)?.[0] >= 20`)
	return tapped(p)
}

// tapped is the first line that gives numbers, and its button.
func tapped(p *browser.Page) (line, button string) {
	line = browser.Eval[string](p, `[...document.querySelectorAll("li[data-line]")].find(l => l.querySelector("button") && !l.dataset.left).dataset.line`)
	return line, "#line-" + line + " button"
}

// ticket is a number as the house knows it.
func ticket(t *testing.T, w *stage.World, line string, number int) queue.Ticket {
	t.Helper()
	v, err := w.App.Queue.TicketByID(t.Context(), w.CommunityID, queue.TicketID(line, number))
	if err != nil {
		t.Fatal(line, number, err)
	}
	return v.Ticket
}

// slipNumber waits for a slip that is not the one before.
func slipNumber(p *browser.Page, before int) int {
	p.WaitFor("the next slip", fmt.Sprintf(`+document.querySelector(".slip .big")?.textContent > 0 && +document.querySelector(".slip .big").textContent !== %d`, before))
	n, _ := strconv.Atoi(p.Text(".slip .big"))
	return n
}

// moved is how far the page has moved by itself since it was opened, as the
// browser's layout shifts count it.
func moved(p *browser.Page) float64 {
	return browser.Eval[float64](p, `new Promise(done => {
		let sum = 0;
		new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) sum += e.value; }).observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum))));
	})`)
}

// A volunteer's finger is on its way while the scripts start: the switch for
// outages once pushed the lines down, and the tap fell on it.
func TestNothingMovesUnderTheDesksFinger(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		p.Cookie(w.Base, stage.Cookie, w.Token(account.Desk))
		for _, want := range []string{"#keep", "#unkeep"} { // before numbers are ready, and after
			p.Open(w.Base + "/desk/" + w.Community)
			p.WaitFor("the scripts have begun", `document.querySelector("`+want+`").checkVisibility({visibilityProperty: true})`)
			top := `Math.round(document.querySelector("[name=priority]").getBoundingClientRect().top + scrollY)`
			at := browser.Eval[int](p, top)
			if got := moved(p); got > 0.001 {
				t.Errorf("while %s appears the page moves by %v", want, got)
			}
			if want == "#keep" {
				stocked(p, w, w.Base)
			}
			if now := browser.Eval[int](p, top); now != at {
				t.Errorf("the first box stood at %d, now at %d", at, now)
			}
		}
	})
}

// One tap, a slip, another thought, and found again: with scripts on the same
// page, without on a page of its own.
func TestDeskGivesANumber(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		browser.With(t, o, func(p *browser.Page) {
			counter(p, w, w.Base)
			line, button := tapped(p)
			p.Press(".toggle [name=priority]")
			p.Press(button)
			n := slipNumber(p, 0)
			p.WaitFor("whom the slip is for", `document.body.innerText.includes("老人、残疾人优先")`)
			if tk := ticket(t, w, line, n); !tk.Priority || tk.Proxy || tk.Via != queue.Desk {
				t.Errorf("the number is %+v", tk)
			}
			p.Press("居民不要这个号了")
			p.WaitFor("it can be taken back", `document.body.innerText.includes("还要这个号")`)
			if tk := ticket(t, w, line, n); tk.State != queue.Left {
				t.Errorf("given up it is %s", tk.State)
			}
			p.Press("还要这个号")
			p.WaitFor("it waits again", `!document.body.innerText.includes("还要这个号")`)
			if tk := ticket(t, w, line, n); tk.State != queue.Waiting {
				t.Errorf("kept it is %s", tk.State)
			}

			p.Press("下一位居民")
			if p.Has(".toggle :checked") {
				t.Error("the next person has the priority of the one before")
			}
			p.Press(".toggle [name=proxy]")
			p.Press(button)
			m := slipNumber(p, n)
			if tk := ticket(t, w, line, m); tk.Priority || !tk.Proxy || m != n+1 {
				t.Errorf("the number for somebody at home is %+v", tk)
			}

			p.Open(w.Base + "/desk/" + w.Community)
			if !p.Has(fmt.Sprintf("#recent a[href$=\"%s\"]", queue.TicketID(line, n))) {
				t.Error("the slip cannot be printed again")
			}
			if got := browser.Eval[string](p, `document.querySelector("[name=line]").value`); got != "" {
				t.Error("a line is looked in that nobody chose:", got)
			}
			p.Choose("[name=line]", line)
			p.Type("[name=number]", "900")
			p.Press("查找")
			p.WaitFor("an unknown number is said where it was asked for", `(b => b && b.top >= 0 && b.bottom <= innerHeight)(document.querySelector("#find .wrong")?.getBoundingClientRect())`)
			if got := p.Problems(); len(got) != 1 || !strings.Contains(got[0], "404") {
				t.Error("beside the answer that there is none the browser says", got)
			}
			p.Type("[name=number]", strconv.Itoa(n))
			p.Press("查找")
			if got := slipNumber(p, 0); got != n {
				t.Errorf("looked for %d, found %d", n, got)
			}
		})
	})
}

// A slip is one page of the paper that was chosen, once, with or without scripts.
func TestSlipOnPaper(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		browser.With(t, o, func(p *browser.Page) {
			p.Cookie(w.Base, stage.Cookie, w.Token(account.Desk))
			slip := w.Base + "/desk/" + w.Community + "/tickets/" + w.Slip
			for _, paper := range []struct {
				name  string
				width float64
			}{{"58 毫米", 58}, {"80 毫米", 80}, {"A4 纸", 210}} {
				p.Open(slip)
				p.Press(paper.name)
				p.Open(slip) // it is remembered
				if got := p.Sheets(); len(got) != 1 || math.Abs(got[0].Width-paper.width) > 1 {
					t.Errorf("%s: printed on %v", paper.name, got)
				}
			}
			p.Dress(func(o *browser.Options) { o.Print = true })
			if size := browser.Eval[float64](p, `parseFloat(getComputedStyle(document.querySelector(".slip .big")).fontSize)`); size < 48 {
				t.Errorf("the number is %v px on paper, less than 36 pt", size)
			}
			if p.Has("居民不要这个号了") || p.Has(".foot") {
				t.Error("buttons are printed")
			}
		})
	})
}

// The network is cut: two tabs give five numbers between them, no number twice,
// and when it is back all are in the house, with the times they were given at.
func TestDeskWithoutANetwork(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		line, button := stocked(p, w, w.Base)
		q := p.Tab()
		stocked(q, w, w.Base)
		for _, one := range []*browser.Page{p, q} {
			one.Offline(true)
		}
		var given []int
		last := map[*browser.Page]int{}
		for _, one := range []*browser.Page{p, q, p, q, p} {
			one.Press(button)
			n := slipNumber(one, last[one])
			last[one] = n
			if slices.Contains(given, n) {
				t.Errorf("%d was given twice: %v", n, given)
			}
			given = append(given, n)
		}
		p.WaitFor("the page says how many", `document.body.innerText.includes("未同步 5 条")`)
		given = append(given, online(t, w, line, 3)...)

		before := w.Now()
		w.Push(20 * time.Minute)
		for _, one := range []*browser.Page{p, q} {
			one.Offline(false)
		}
		p.WaitFor("all are home and it says so", `!document.body.innerText.includes("未同步") && /已同步 \d 条/.test(document.body.innerText)`)
		slices.Sort(given)
		if len(slices.Compact(given)) != 8 {
			t.Errorf("twins among %v", given)
		}
		for _, n := range given {
			// Times run on in the browser while the world stands still: minutes are plenty.
			if tk := ticket(t, w, line, n); tk.IssuedAt.After(before.Add(5 * time.Minute)) {
				t.Errorf("number %d has the time %s, it was given before %s", n, tk.IssuedAt, before)
			}
		}
		p.Press("下一位居民")
		p.Press(button)
		if n := slipNumber(p, last[p]); slices.Contains(given, n) {
			t.Errorf("with a network %d was given again", n)
		}
	})
}

// Without numbers of its own a desk that is cut off gives none: the slip of the
// person before is gone, and so are the words that it gives any.
func TestDeskWithNothingReady(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		counter(p, w, w.Base)
		_, button := tapped(p)
		p.WaitFor("it can get some ready", `document.querySelector("#keep").checkVisibility({visibilityProperty: true}) && document.querySelector("#keep").getBoundingClientRect().height >= 60`)
		p.Press(button)
		slipNumber(p, 0)
		p.Offline(true)
		p.Press(button)
		p.WaitFor("no number", `document.querySelector("#nothing").checkVisibility() && !document.querySelector(".slip").checkVisibility()`)
		if p.Has("正在发备用号") {
			t.Error("the desk says that it gives numbers")
		}
		p.Offline(false)
	})
}

// online gives numbers by phone while the desk is cut off.
func online(t *testing.T, w *stage.World, line string, n int) (out []int) {
	t.Helper()
	for range n {
		tk, err := w.App.Queue.Issue(t.Context(), queue.IssueRequest{DayID: w.Day, LineID: line, Via: queue.Phone})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tk.Number)
	}
	return out
}

// The number was given and its answer lost: the person gets one from the block,
// and the other one is given up as soon as the network is back.
func TestDeskLostAnswer(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		line, button := stocked(p, w, w.Base)
		next := online(t, w, line, 1)[0] + 1
		p.Block("*://*:*/desk/*/tickets/*") // the answer is there; the way to it is not
		p.Press(button)
		n := slipNumber(p, 0)
		if n == next {
			t.Fatalf("the answer with %d was not lost", n)
		}
		p.Block()
		p.WaitFor("all are home", `!document.querySelector("#net").hidden && document.querySelector("#net [data-say=unsynced]").hidden`)
		if tk := ticket(t, w, line, n); tk.State != queue.Waiting {
			t.Errorf("the number on the slip is %s", tk.State)
		}
		if tk := ticket(t, w, line, next); tk.State != queue.Left {
			t.Errorf("the number nobody has seen is %s", tk.State)
		}
	})
}
