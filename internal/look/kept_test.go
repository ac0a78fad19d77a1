//go:build !race

package look

import (
	"slices"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
)

const (
	// printing counts what goes to the printer.
	printing = `window.printed = 0; window.print = () => { window.printed++ };`
	isKept   = `caches.match(location.pathname, {cacheName: "desk"}).then(k => k && k.text()).then(s => s?.includes("paper-58"))`
)

// The page of the desk is loaded again while the network is cut, and once more
// in another tab: it opens, gives numbers, prints their slips and says what is
// not brought home; afterwards everything is, with its own time.
func TestDeskLoadedWithoutANetwork(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	c := plug(t, w.Base)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Before(printing)
		line, button := stocked(p, w, c.base)
		p.Press("58 毫米")
		p.WaitFor("the page is kept", isKept)
		p.Press(button)
		given := []int{slipNumber(p, 0)}

		c.cut()
		if status := p.Reload(); status != 200 {
			t.Fatalf("without a network the page says %d", status)
		}
		p.WaitFor("it says that the network is gone", `document.body.innerText.includes("网络不通，正在发备用号")`)
		p.Press(button)
		given = append(given, slipNumber(p, 0))
		if printed := browser.Eval[int](p, `printed`); printed != 1 {
			t.Errorf("%d slips went to the printer, want one", printed)
		}
		if sheets := p.Sheets(); len(sheets) != 1 || sheets[0].Width > 60 {
			t.Errorf("the slip of an outage is printed on %v", sheets)
		}
		if got, want := p.Text(".slip [data-market]"), browser.Eval[string](p, `document.querySelector("[data-day]").dataset.market`); got != want || got == "" {
			t.Errorf("the slip is of the market %q, want %q", got, want)
		}
		given = append(given, online(t, w, line, 2)...)

		q := p.Tab()
		q.Before(printing)
		q.Open(p.URL())
		q.WaitFor("the other tab knows what is not brought home", `document.body.innerText.includes("未同步 1 条")`)
		if !q.Has("#recent [data-slip]") {
			t.Error("the slip of before cannot be printed again")
		}
		q.Press(button)
		given = append(given, slipNumber(q, 0))
		before := w.Now()
		w.Push(20 * time.Minute)
		c.mend()
		for _, one := range []*browser.Page{p, q} {
			browser.Eval[bool](one, `dispatchEvent(new Event("online"))`)
			one.WaitFor("all is home", `!document.body.innerText.includes("未同步") && !document.body.innerText.includes("网络不通")`)
			one.Problems() // the cut connections
		}
		slices.Sort(given)
		if len(slices.Compact(slices.Clone(given))) != 5 {
			t.Errorf("twins among %v", given)
		}
		for _, n := range given {
			if tk := ticket(t, w, line, n); tk.IssuedAt.After(before.Add(5*time.Minute)) || tk.State != queue.Waiting {
				t.Errorf("number %d of %s is %s, it was given before %s", n, tk.IssuedAt, tk.State, before)
			}
		}
	})
}

// What a machine keeps of the desk is for the login that opened it: another one
// is not shown it, and going leaves nothing.
func TestKeptDeskIsOnePersons(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	c := plug(t, w.Base)
	const none = `caches.open("desk").then(c => c.keys()).then(k => k.length === 0)`
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		keep := func() string {
			counter(p, w, c.base)
			p.Press("58 毫米")
			p.WaitFor("the page is kept", isKept)
			return p.URL()
		}
		desk := keep()
		p.Cookie(c.base, "yiji_desk", "somebodyelse")
		c.lose("/desk/")
		p.Open(desk)
		p.WaitFor("somebody else is not shown the page", `!location.pathname.startsWith("/desk/")`)
		p.WaitFor("it is gone", none)
		c.mend()

		keep()
		p.Press(".self summary")
		p.Press("退出登录")
		p.WaitFor("going leaves nothing", none)
		if got := browser.Eval[string](p, `document.cookie`); got != "" {
			t.Errorf("a cookie stays: %s", got)
		}
		p.Problems() // the cut connections
	})
}

// The organizer lets a line be the desk's alone, and takes that back: a page of
// the day that is open changes its button, without being loaded again.
func TestTheDeskAloneIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	l := quiet(t, w)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Open(w.Base + "/d/" + w.Day)
		browser.Eval[bool](p, `window.same = true`)
		boss := p.Another(browser.Options{Width: 390})
		boss.Cookie(w.Base, stage.Cookie, w.Token(organizer))
		boss.Open(w.Base + "/o/" + w.Community + "/days/" + w.Day)
		turn := `form[action$="/lines/` + l.ID + `/desk-only"] button`
		boss.Press(turn)
		p.WaitFor("words in the place of the button", `!document.querySelector("#line-`+l.ID+` form") && document.querySelector("#line-`+l.ID+` .state").innerText.includes("服务台")`)
		boss.Press(turn)
		p.WaitFor("the button again", `document.querySelector("#line-`+l.ID+` form button")`)
		if !browser.Eval[bool](p, `window.same`) {
			t.Error("the page was loaded again")
		}
	})
}
