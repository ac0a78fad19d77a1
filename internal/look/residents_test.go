//go:build !race

package look

import (
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/demo/stage"
	"yiji/internal/text"
)

// senses are what a test's browser lacks: a voice and a motor that keep what
// they were told.
const senses = `
	window.said = []; window.shaken = 0;
	Object.defineProperty(window, "speechSynthesis", { value: { speak(u) { window.said.push(u.text) }, cancel() {}, speaking: false } });
	window.SpeechSynthesisUtterance = class { constructor(t) { this.text = t } };
	Navigator.prototype.vibrate = () => { window.shaken++; return true };`

// quiet finds a line of the day on which a resident can take a number, with
// nobody in it: 豆浆 is quick.
func quiet(t *testing.T, w *stage.World) queue.Line {
	t.Helper()
	all, err := w.App.Queue.Lines(t.Context(), "", w.Day)
	if err != nil {
		t.Fatal(err)
	}
	best := -1
	for i, l := range all {
		if l.State == queue.LineOpen && l.Kind == queue.Person && (best < 0 || l.Waiting < all[best].Waiting) {
			best = i
		}
	}
	if best < 0 {
		t.Fatal("no line is open")
	}
	return all[best]
}

func about(w *stage.World, l queue.Line) queue.LineCommand {
	return queue.LineCommand{CommunityID: w.CommunityID, DayID: w.Day, LineID: l.ID, Key: db.NewID()}
}

// callAll calls and serves until the number is called.
func callUntil(t *testing.T, w *stage.World, l queue.Line, number int) queue.Ticket {
	t.Helper()
	for {
		c := about(w, l)
		n, err := w.App.Queue.Next(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if n.Number == number {
			return n
		}
		serve(t, w, l, n)
	}
}

func serve(t *testing.T, w *stage.World, l queue.Line, n queue.Ticket) {
	t.Helper()
	c := about(w, l)
	c.TicketID = n.ID
	if _, err := w.App.Queue.Serve(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func issued(t *testing.T, w *stage.World, l queue.Line) int {
	t.Helper()
	all, err := w.App.Queue.Lines(t.Context(), "", w.Day)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.ID == l.ID {
			return one.Issued
		}
	}
	t.Fatal("the line is gone")
	return 0
}

func takeIn(l queue.Line) string { return "#line-" + l.ID + " form button" }

// A resident's whole way: the schedule, the day, a number in two taps, the call,
// being served, and how it was.
func TestAResidentsWay(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		l := quiet(t, w)
		if _, err := w.App.Queue.Issue(t.Context(), queue.IssueRequest{DayID: w.Day, LineID: l.ID, Via: queue.Desk}); err != nil {
			t.Fatal(err)
		}
		l.Issued++ // somebody is before
		browser.With(t, o, func(p *browser.Page) {
			p.Before(senses)
			see := func(what, words string) { // live with scripts; without them one looks again
				t.Helper()
				if o.NoScript {
					p.Reload()
				}
				p.WaitFor(what, `document.body.innerText.replace(/\s+/g, " ").includes("`+words+`")`)
			}
			p.Open(w.Base + "/c/" + w.Community)
			p.Press(".next .button") // the first tap
			p.Press(takeIn(l))       // the second
			p.WaitFor("the number", `location.pathname.startsWith("/t/") && +document.querySelector(".held .big").innerText === `+itoa(l.Issued+1))
			if !o.NoScript {
				p.Press("[data-sound]")
			}
			other, err := w.App.Queue.Next(t.Context(), about(w, l))
			if err != nil {
				t.Fatal(err)
			}
			see("how far the line has come", "现在叫到 "+itoa(other.Number)+" 号")
			serve(t, w, l, other)
			mine := callUntil(t, w, l, l.Issued+1)
			see("being called", "轮到您了")
			p.WaitFor("green", `!!document.querySelector(".held.go")`)
			if !o.NoScript {
				p.WaitFor("the number said twice", `said.some(s => (s.match(/`+itoa(mine.Number)+` 号/g) || []).length === 2) && shaken > 0`)
			}
			serve(t, w, l, mine)
			see("being done", "已完成")
			p.Press("满意")
			if !p.Has("谢谢您的评价") {
				t.Errorf("after the mark: %s", p.Text("main"))
			}
		})
		f, err := w.App.Queue.FeedbackOf(t.Context(), w.CommunityID, w.Day)
		if err != nil || f.Good == 0 {
			t.Errorf("the mark is not there: %+v %v", f, err)
		}
	})
}

// Giving a number up, taking it back, and another one for the family, each live
// on the card.
func TestLeaveStayAndFamily(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		l := quiet(t, w)
		browser.With(t, o, func(p *browser.Page) {
			p.Open(w.Base + "/d/" + w.Day)
			p.Press(takeIn(l))
			p.Press("不要这个号了")
			if !p.Has("这个号已经不要了") {
				t.Fatal("leaving is not said")
			}
			p.Press("还要这个号")
			if !p.Has("号已恢复") {
				t.Fatal("coming back is not said")
			}
			p.Press("看别的服务")
			p.Press(takeIn(l)) // now for the family
			p.WaitFor("the second number", `location.pathname.startsWith("/t/") && document.body.innerText.includes("帮别人取的号")`)
			p.Press("我的号")
			if got := browser.Eval[int](p, `document.querySelectorAll(".held").length`); got != 2 {
				t.Errorf("%d numbers on the card, want 2", got)
			}
			callUntil(t, w, l, l.Issued+2)
			if o.NoScript {
				p.Reload()
			}
			p.WaitFor("the family's number is called", `document.querySelectorAll(".held.go").length >= 1`)
			p.Press("删除我的数据")
			p.Press("确定删除")
			if !p.Has("您的数据已删除") || p.Has("我的号（") {
				t.Error("the numbers are still there")
			}
			if !o.NoScript && browser.Eval[bool](p, `caches.open("pages").then(c => c.keys()).then(k => k.length > 0)`) {
				t.Error("the telephone still keeps the page of a number")
			}
		})
	})
}

// Two taps, and the same form sent twice, are one number.
func TestTwoTapsAreOneNumber(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Busy)
	l := quiet(t, w)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Open(w.Base + "/d/" + w.Day)
		browser.Eval[bool](p, `s => { const b = document.querySelector(s); b.click(); b.click(); b.click(); return true }`, takeIn(l))
		p.WaitFor("the number", `location.pathname.startsWith("/t/")`)
		if n := issued(t, w, l); n != l.Issued+1 {
			t.Errorf("three taps gave %d numbers", n-l.Issued)
		}
	})
}

// The answer to a tap is lost: the telephone asks again with the same key, also
// after the page was loaded anew, and gets the number it already has.
func TestALostAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Busy)
	l := quiet(t, w)
	c := plug(t, w.Base)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Open(c.base + "/d/" + w.Day)
		c.swallow("/tickets") // the question arrives, the answer does not
		p.Press(takeIn(l))
		p.WaitFor("being told that it goes on", `!document.getElementById("taking").hidden`)
		if got := p.Text(takeIn(l)); got != "正在取号…" {
			t.Errorf("the button says %q", got)
		}
		if n := issued(t, w, l); n != l.Issued+1 {
			t.Fatalf("%d numbers were given, want one: the answer alone is lost", n-l.Issued)
		}
		c.mend()
		p.Reload()
		p.WaitFor("the number", `location.pathname.startsWith("/t/")`)
		if got := p.Text(".held .big"); got != itoa(l.Issued+1) {
			t.Errorf("number %s, want %d", got, l.Issued+1)
		}
		if n := issued(t, w, l); n != l.Issued+1 {
			t.Errorf("asking again gave %d numbers", n-l.Issued)
		}
		if browser.Eval[bool](p, `localStorage.getItem("yiji.take") !== null`) {
			t.Error("the question is still written down")
		}
		p.Problems() // the cut connections
	})
}

// A number's page without a network: it says how old it is, can be loaded again,
// comes back by itself, and speaks of the call that came meanwhile.
func TestATicketWithoutANetwork(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Busy)
	l := quiet(t, w)
	c := plug(t, w.Base)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Before(senses)
		p.Cookie(c.base, "yiji_lang", "zh-Hans") // the driver tells the page what it reads, not its worker
		p.Open(c.base + "/d/" + w.Day)
		p.Press(takeIn(l))
		p.Press("[data-sound]")
		p.WaitFor("the page is kept", `navigator.serviceWorker.controller && caches.match(location.pathname).then(k => k && k.text()).then(s => !!s && s.includes("held"))`)
		c.cut()
		p.WaitFor("the network is missed", `!document.getElementById("stale").hidden`)
		if got := p.Text("#stale"); !strings.Contains(got, "网络不通，显示的是 10:15 的情况") {
			t.Errorf("it says %q", got)
		}
		p.Reload()
		if got := p.Text(".held .big"); got != itoa(l.Issued+1) {
			t.Fatalf("without a network the page shows %q", got)
		}
		if got := p.Text("#stale"); !strings.Contains(got, "10:15") {
			t.Errorf("loaded without a network it says %q", got)
		}
		p.Open(c.base + "/c/" + w.Community)
		if !p.Has("现在没有网络，看过的号还在。") || !p.Has("再试一次") {
			t.Errorf("another page without a network: %s", p.Text("main"))
		}
		if !browser.Eval[bool](p, `document.getElementById("kept").getBoundingClientRect().top > document.querySelector(".button").getBoundingClientRect().bottom`) {
			t.Error("the list of numbers, which comes a moment later, moves the button under the finger")
		}
		p.Press(l.Service + "：" + itoa(l.Issued+1) + " 号")
		if got := p.Text(".held .big"); got != itoa(l.Issued+1) {
			t.Fatalf("the kept number shows %q", got)
		}
		w.Push(time.Minute)
		callUntil(t, w, l, l.Issued+1)
		if p.Has(".held.go") {
			t.Error("green without having heard of it")
		}
		c.mend()
		browser.Eval[bool](p, `window.dispatchEvent(new Event("online"))`)
		p.WaitFor("the call is seen", `!!document.querySelector(".held.go") && document.getElementById("stale").hidden`)
		p.WaitFor("the call is heard", `said.some(s => s.includes("轮到您了"))`)
		c.cut()
		p.Open(c.base + "/c/" + w.Community + "?lang=en")
		c.mend()
		p.Press("再试一次")
		p.WaitFor("the page that was wanted, in the language that was wanted", `!!document.querySelector(".next") && document.documentElement.lang === "en"`)
		p.WaitFor("the words for no network follow the language", `caches.match("/offline", { cacheName: "files" }).then(k => k && k.text()).then(s => !!s && s.includes("There is no network"))`)
		p.Problems() // the cut connections
	})
}

// The day's numbers move while one looks, without the page being loaded.
func TestTheDayMovesByItself(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Busy)
	l := quiet(t, w)
	browser.With(t, browser.Options{Width: 390, Touch: true}, func(p *browser.Page) {
		p.Open(w.Base + "/d/" + w.Day)
		browser.Eval[bool](p, `window.same = true`)
		// the server writes the same (TestWaitsAreSaidAsPeopleSayThem)
		waits := browser.Eval[string](p, `async none => {
			const { scaled } = await import(performance.getEntriesByType("resource").map(e => e.name).find(u => u.includes("/static/words.")));
			return [[0, 2], [45, 60], [45, 61], [30, 90], [120, 120], [73, 121], [180, 180]].map(([lo, hi]) => scaled({ lo, hi, left: 999 })).map(w => w.lo + "–" + w.hi + " " + w.unit).join(", ");
		}`, nil)
		if want := "0–2 text, 45–60 text, 40–70 text, 30–90 text, 120–130 text, 1–3 hours, 3–4 hours"; waits != want {
			t.Errorf("the page's script says %s, want %s", waits, want)
		}
		for range 3 {
			if _, err := w.App.Queue.Issue(t.Context(), queue.IssueRequest{DayID: w.Day, LineID: l.ID, Via: queue.Desk}); err != nil {
				t.Fatal(err)
			}
		}
		waiting := `document.querySelector("#line-` + l.ID + ` [data-waiting]").innerText.includes("` + itoa(l.Waiting+3) + `")`
		p.WaitFor("three more wait", waiting)
		pause := about(w, l)
		pause.Reason = "换班"
		if err := w.App.Queue.Pause(t.Context(), pause); err != nil {
			t.Fatal(err)
		}
		p.WaitFor("the pause stands in the place of the button", `document.querySelector("#line-`+l.ID+` .state")?.innerText.includes("换班") && !document.querySelector("#line-`+l.ID+` form")`)
		if !browser.Eval[bool](p, `window.same`) {
			t.Error("the page was loaded again")
		}
	})
}

// Dates, times and weekdays are not torn apart, no line begins or ends with the
// dot between two facts, none is one character; on the open day the first button
// is seen on a small phone without scrolling, in every size and language.
func TestWordsStayWhole(t *testing.T) {
	t.Parallel()
	planned, busy := stage.Open(t, stage.Planned), stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 320, Height: 568, Touch: true}, func(p *browser.Page) {
		for _, size := range []string{"", "2", "3"} {
			for _, w := range []*stage.World{planned, busy} {
				paths := []string{"/c/" + w.Community, "/d/" + w.Day}
				if w == busy {
					p.Cookie(w.Base, stage.CardCookie, w.Numbers[queue.Waiting].Visitor)
					paths = append(paths, "/t/"+w.Numbers[queue.Waiting].Handle, "/d/"+w.Day+"/card")
				}
				for _, path := range paths {
					p.Cookie(w.Base, sizeCookie, size)
					p.Open(w.Base + path)
					for _, wrong := range browser.Eval[[]string](p, torn, nil) {
						t.Errorf("size %q, %s: %s", size, path, wrong)
					}
				}
			}
			p.Cookie(busy.Base, stage.CardCookie, "")
			for _, lang := range text.Langs {
				p.Cookie(busy.Base, "yiji_lang", lang)
				p.Open(busy.Base + "/d/" + busy.Day)
				if low := browser.Eval[float64](p, `document.querySelector(".queue form button").getBoundingClientRect().bottom`); low > 568 {
					t.Errorf("size %q, %s: the first button ends at %g", size, lang, low)
				}
			}
			p.Cookie(busy.Base, "yiji_lang", "")
		}
	})
}

// torn are the lines of a page that end or begin where they should not.
const torn = `none => [...document.querySelectorAll("main :is(h1, p, .date)")].filter(e => e.checkVisibility()).flatMap(e => {
	const walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT), range = document.createRange(), lines = [];
	let at = null;
	for (let n; (n = walk.nextNode());) for (let i = 0; i < n.length; i++) {
		range.setStart(n, i), range.setEnd(n, i + 1);
		const r = range.getClientRects()[0];
		if (!r || !r.width) continue;
		if (at === null || r.top > at + r.height / 2) lines.push(""), at = r.top;
		lines[lines.length - 1] += n.data[i];
	}
	const all = lines.map(s => s.trim()).join("|"), out = [];
	if (/\d\|?月\|\d|\d\|[月日]|月\|\d|周\|[一二三四五六日]|\d\|?:\|\d|\d\|:|–\||[A-Z]\d\|号|号\|摊/.test(all)) out.push("torn: " + all);
	if (lines.some(s => /^·| ·$/.test(s.trim()))) out.push("a dot at an end: " + all);
	if (lines.length > 1 && lines.at(-1).replace(/[\s，。：；！？“”·]/g, "").length === 1) out.push("one character alone: " + all);
	return out;
})`

// Asking to be told, and the calendar.
func TestSubscribeAndCalendar(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Planned)
		browser.With(t, o, func(p *browser.Page) {
			p.Open(w.Base + "/c/" + w.Community)
			if got := browser.Eval[string](p, `[...document.links].map(a => a.href).filter(h => h.endsWith("/calendar.ics")).join(" ")`); !strings.HasPrefix(got, "webcal://") || !strings.Contains(got, " http://") {
				t.Errorf("the calendar's links: %s", got)
			}
			file := browser.Eval[string](p, `path => fetch(path).then(r => r.text())`, "/c/"+w.Community+"/calendar.ics")
			if !strings.HasPrefix(file, "BEGIN:VCALENDAR") || strings.Count(file, "BEGIN:VEVENT") < 3 {
				t.Errorf("the calendar: %.200s", file)
			}
			p.Press("开市前提醒我")
			p.Press("[name=reminder]")
			p.Type("[name=email]", "li@example.org")
			p.Press("告诉我")
			if !p.Has("请到邮箱里确认") {
				t.Errorf("after asking: %s", p.Text("main"))
			}
		})
	})
}

// One can show the page to a neighbour.
func TestShowingThePage(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 320, Touch: true}, func(p *browser.Page) {
		p.Open(w.Base + "/c/" + w.Community)
		if strings.Contains(strings.Join(addresses(p), " "), "qr.svg") {
			t.Error("the code is fetched before anybody wants it")
		}
		p.Press("给邻居看二维码")
		p.WaitFor("the code", `document.querySelector(".qr").complete && document.querySelector(".qr").naturalWidth > 0`)
	})
}

func addresses(p *browser.Page) (out []string) {
	for _, r := range p.Requests() {
		out = append(out, r.URL)
	}
	return out
}
