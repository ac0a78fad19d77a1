//go:build !race

package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/account"
	chrome "yiji/internal/browser"
)

// number waits until a number is on the stage and no button is waiting for an answer.
func number(p *chrome.Page, n string) {
	p.WaitFor("number "+n+" on the stage", `document.querySelector(".stage .big")?.textContent === "`+n+`" && !document.querySelector("#line [aria-busy]")`)
}

func (f *fair) at(p *chrome.Page, partner, service string) queue.Line {
	f.t.Helper()
	l, ok := f.lines()[service]
	if !ok {
		f.t.Fatalf("no line for %s", service)
	}
	f.lets(p, f.acts(partner))
	p.Open(f.http.URL + "/p/xiangyang/lines/" + l.ID)
	return l
}

// Ten people, one of whom does not come, one press too many taken back, a pause.
func TestPhoneTenPeopleAreServedWithOneThumb(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		f.numbers(f.opened()["血压"].ID, 10)
		chrome.With(t, o, func(p *chrome.Page) {
			l := f.at(p, f.doctors.ID, "血压")
			next := func(want string) { p.Press(".thumb button"); number(p, want) }
			next("1")
			next("2")
			p.Press("过号")
			number(p, "–")
			next("3")
			next("4")
			p.Press(".undo button") // the last press: 4 was not called yet, but 3 stays served
			p.WaitFor("4 waits again", `document.querySelector("#line").innerText.includes("接着是：4")`)
			next("4")
			next("5")
			next("2") // comes again three places later
			p.Press("#pause summary")
			p.Press("休息一下")
			p.WaitFor("paused", `document.querySelector("#line").innerText.includes("休息一下，马上回来。") && !document.querySelector("#line [aria-busy]")`)
			p.Press("继续")
			p.WaitFor("on again", `document.querySelector(".thumb")?.innerText.includes("下一位")`)
			for _, n := range []string{"6", "7", "8", "9", "10"} {
				next(n)
			}
			p.Press("完成")
			number(p, "–")
			f.hear()
			given, err := f.Queue.GivenBy(t.Context(), f.place.ID, f.doctors.ID)
			f.ok(err)
			if g := given[f.day.ID]; g.Served != 10 || f.lines()["血压"].Waiting != 0 || l.Issued != 10 {
				t.Errorf("served %+v", g)
			}
		})
	})
}

// Two at one line press at the same moment, each seeing the same picture: one
// number is called, and the other one is told which.
func TestPhoneTwoThumbsCallOneNumber(t *testing.T) {
	for name, o := range map[string]chrome.Options{"script": {Touch: true}, "no script": {Touch: true, NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			watchedFair(t, func(t *testing.T, f *fair) {
				f.numbers(f.opened()["血压"].ID, 4)
				chrome.With(t, o, func(a *chrome.Page) {
					// A live page would show the other's press before one can press oneself.
					a.Block("*://*:*/d/*")
					f.at(a, f.doctors.ID, "血压")
					b := a.Another(o)
					b.Block("*://*:*/d/*")
					f.at(b, f.doctors.ID, "血压")
					a.Press(".thumb button")
					number(a, "1")
					b.Press(".thumb button")
					b.WaitFor("told what the other did", `document.querySelector("[role=alert]")?.innerText.includes("1 号 叫号")`)
					number(b, "1")
					if f.lines()["血压"].Waiting != 3 {
						t.Error("two were called")
					}
				})
			})
		})
	}
}

func TestPhoneTheNumberWaitingChangesByItself(t *testing.T) {
	watchedFair(t, func(t *testing.T, f *fair) {
		f.numbers(f.opened()["血压"].ID, 2)
		chrome.With(t, chrome.Options{Touch: true}, func(p *chrome.Page) {
			l := f.at(p, f.doctors.ID, "血压")
			f.numbers(l.ID, 3)
			p.WaitFor("five wait", `document.querySelector("[data-waiting]").innerText === "等候 5 位"`)
			p.WaitFor("and stand in order", `document.querySelector("#line").innerText.includes("1 · 2 · 3 · 4 · 5")`)
			q := p.Another(chrome.Options{Touch: true})
			f.at(q, f.doctors.ID, "血压")
			q.Press(".thumb button")
			number(q, "1")
			number(p, "1") // what the other one did
		})
	})
}

// The network is cut before the press: it is said, kept over a reload's worth
// of time, and sent once when the network is back.
func TestPhoneAPressWithoutNetworkIsSentOnce(t *testing.T) {
	watchedFair(t, func(t *testing.T, f *fair) {
		f.numbers(f.opened()["血压"].ID, 4)
		chrome.With(t, chrome.Options{Touch: true}, func(p *chrome.Page) {
			l := f.at(p, f.doctors.ID, "血压")
			p.Offline(true)
			p.Press(".thumb button")
			p.WaitFor("the page says so", `!document.querySelector("[data-net]").hidden && !document.querySelector("[data-kept]").hidden`)
			if !chrome.Eval[bool](p, `[...document.querySelectorAll("#line button")].every(b => b.disabled)`) {
				t.Error("one can press again before there is an answer")
			}
			if f.lines()["血压"].Waiting != 4 {
				t.Error("called without a network")
			}
			p.Offline(false)
			number(p, "1")
			p.WaitFor("and says no more", `document.querySelector("[data-net]").hidden`)
			if got := f.lines()["血压"]; got.Waiting != 3 || l.Version == got.Version {
				t.Errorf("%d wait", got.Waiting)
			}
			p.Problems()
		})
	})
}

// An order that was kept when the page went away is given when it comes back, once.
func TestPhoneAKeptOrderOutlivesThePage(t *testing.T) {
	watchedFair(t, func(t *testing.T, f *fair) {
		f.numbers(f.opened()["血压"].ID, 4)
		chrome.With(t, chrome.Options{Touch: true}, func(p *chrome.Page) {
			f.at(p, f.doctors.ID, "血压")
			chrome.Eval[bool](p, `(() => {
				const form = document.querySelector(".thumb form"), id = document.getElementById("line").dataset.line;
				const order = {to: form.action, body: new URLSearchParams(new FormData(form)).toString(), at: Date.now()};
				localStorage.setItem("yiji.line." + id, JSON.stringify(order));
				return true;
			})()`)
			p.Reload()
			number(p, "1")
			if left := chrome.Eval[int](p, `localStorage.length`); left != 0 {
				t.Errorf("%d orders are still kept", left)
			}
			p.Reload()
			number(p, "1")
			if got := f.lines()["血压"].Waiting; got != 3 {
				t.Errorf("%d wait", got)
			}
		})
	})
}

// The network is cut after the server did it and before the answer came: the
// page repeats the order with its key, and it is not done twice.
func TestPhoneALostAnswerIsAskedForAgain(t *testing.T) {
	watchedFair(t, func(t *testing.T, f *fair) {
		f.numbers(f.opened()["血压"].ID, 4)
		var posts atomic.Int32
		real := f.http.Config.Handler
		f.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/lines/") || posts.Add(1) > 1 {
				real.ServeHTTP(w, r)
				return
			}
			real.ServeHTTP(httptest.NewRecorder(), r) // done, and never told
			panic(http.ErrAbortHandler)
		})
		chrome.With(t, chrome.Options{Touch: true}, func(p *chrome.Page) {
			f.at(p, f.doctors.ID, "血压")
			p.Press(".thumb button")
			number(p, "1")
			if got := f.lines()["血压"].Waiting; got != 3 || posts.Load() < 2 {
				t.Errorf("%d wait after %d orders", got, posts.Load())
			}
			p.Problems() // the connection that was cut
		})
	})
}

func TestPhonePiecesAreCountedByThumb(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		f.claims(f.soy)
		f.until(at(11, 19, 9, 0))
		f.numbers(f.lines()["豆浆"].ID, 2)
		chrome.With(t, o, func(p *chrome.Page) {
			f.at(p, f.soy.ID, "豆浆")
			left := func(n string) {
				p.WaitFor(n+" pieces left", `document.querySelector(".pieces .big").innerText === "`+n+`" && !document.querySelector("#line [aria-busy]")`)
			}
			open := func() {
				if !chrome.Eval[bool](p, `document.getElementById("stock").open`) {
					p.Press("#stock summary")
				}
			}
			left("1")
			open()
			p.Press("+10")
			left("11")
			open()
			p.Press("−1")
			left("10")
			p.Press(".thumb button")
			number(p, "1")
			open()
			p.Press("领完了，不再发号")
			left("0")
			if l := f.lines()["豆浆"]; l.State != queue.LineSoldOut || l.Waiting != 1 {
				t.Errorf("sold out: %s, %d wait", l.State, l.Waiting)
			}
			open()
			p.Type("[name=pieces]:not([type=hidden])", "-50")
			p.Press("增加")
			p.WaitFor("the reason stands beside", `document.querySelector("#stock .wrong")?.innerText.length > 0`)
			if got := chrome.Eval[string](p, `document.querySelector("#f-pieces").value`); got != "-50" {
				t.Errorf("what was typed is %q", got)
			}
		})
	})
}

func TestPhoneItemsLieInAListUntilFetched(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		f.numbers(f.opened()["磨刀"].ID, 2)
		chrome.With(t, o, func(p *chrome.Page) {
			f.at(p, f.grinder.ID, "磨刀")
			p.Press(".thumb button")
			number(p, "1")
			p.Press("收下")
			p.WaitFor("in the list", `document.querySelector(".works")?.innerText.includes("办理中")`)
			p.Press(".thumb button")
			number(p, "2")
			if p.Text(".works .n") != "1" {
				t.Errorf("the first knife is gone: %s", p.Text("#line"))
			}
			p.Press("好了")
			p.WaitFor("ready", `document.querySelector(".works")?.innerText.includes("取走")`)
			p.Press("取走")
			p.WaitFor("fetched", `!document.querySelector(".works")`)
		})
	})
}

func TestPhoneALetterIsOneSheet(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		f.numbers(f.opened()["血压"].ID, 2)
		b, to := f.as(f.doctors), "/p/xiangyang/lines/"+f.lines()["血压"].ID
		pressIt(b, pressIt(b, b.get(to), to, "下一位"), to, "下一位")
		f.hear()
		f.until(at(11, 19, 11, 30))
		f.until(at(11, 19, 12, 0))
		o.Lang = "en"
		chrome.With(t, o, func(p *chrome.Page) {
			f.lets(p, f.acts(f.doctors.ID))
			p.Open(f.http.URL + "/p/xiangyang?lang=en")
			if p.Text(".figures dd") != "1" || !p.Has("2.5") {
				t.Errorf("what was given: %s", p.Text("main"))
			}
			p.Press("Letter of thanks")
			for _, says := range []string{"感谢信", "尊敬的<市>医院：", "2026年11月19日 周四", "血压", "2.5", "社区 xiangyang"} {
				if !p.Has(says) {
					t.Errorf("the letter does not say %q: %s", says, p.Text("main"))
				}
			}
			pages, _ := p.Printed()
			if pages != 1 {
				t.Errorf("the letter has %d pages", pages)
			}
		})
		if a := f.as(f.grinder).get("/p/xiangyang/days/none/letter"); a.Status != http.StatusNotFound {
			t.Errorf("a letter for nothing: %d", a.Status)
		}
	})
}

func TestPhoneSomebodyWhoActsForTwo(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		session := f.token(f.acts(f.soy.ID))
		who, err := f.Account.ActorBySession(t.Context(), session)
		f.ok(err)
		link, err := f.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: f.acts(f.grinder.ID)})
		f.ok(err)
		session, err = f.Account.Join(t.Context(), who, link, account.Newcomer{Name: "某人"})
		f.ok(err)
		chrome.With(t, o, func(p *chrome.Page) {
			p.Cookie(f.http.URL, sessionCookie, session)
			p.Open(f.http.URL + "/p")
			p.Press("进入：磨刀师傅")
			p.Press(".claim button.full")
			f.hear()
			if !p.Has("报名成功。") || f.claim(f.grinder).PartnerID != f.grinder.ID {
				t.Errorf("claimed for another: %s", p.Text("main"))
			}
			p.Press("回到我的市集")
			p.Press("换一家合伙人")
			if !p.Has("进入：豆浆铺") {
				t.Errorf("the way back: %s", p.Text("main"))
			}
		})
	})
}
