//go:build !race

package web

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"yiji/booths"
	"yiji/internal/account"
	chrome "yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/live"
	"yiji/scheduler"
)

// watchedFair is the fair with live pages, as in the real house.
func watchedFair(t *testing.T, do func(t *testing.T, f *fair)) {
	t.Helper()
	if !chrome.Have(t) {
		return
	}
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	d := dbtest.Open(t, dbtest.SQLite(t), clock.Now)
	var hub *live.Hub
	f := newFair(t, d, clock, func(o *Options) {
		hub = live.New(d, live.Options{Queue: o.Queue, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Day: func(tx *db.Tx, dayID string) (live.Day, error) {
			day, err := scheduler.PublicDayIn(tx, dayID)
			return live.Day{State: string(day.StateAt(tx.Now)), OpensAt: day.OpensAt.UTC(), ClosesAt: day.ClosesAt.UTC()}, err
		}})
		o.Live = hub
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	do(t, f)
}

// both runs do in a browser with and in one without JavaScript.
func both(t *testing.T, do func(t *testing.T, f *fair, o chrome.Options)) {
	t.Helper()
	for name, o := range map[string]chrome.Options{"script": {Touch: true}, "no script": {Touch: true, NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			watchedFair(t, func(t *testing.T, f *fair) { do(t, f, o) })
		})
	}
}

// lets a person in who acts for a partner.
func (f *fair) lets(p *chrome.Page, role account.Role) {
	p.Cookie(f.http.URL, sessionCookie, f.token(role))
}

func (f *fair) acts(partnerID string) account.Role {
	return account.Role{Kind: account.Partner, CommunityID: f.place.ID, PartnerID: partnerID}
}

// count presses and says what was pressed.
type thumb struct {
	*chrome.Page
	taps int
}

func (p *thumb) tap(what string) {
	p.taps++
	p.Press(what)
}

// From the link to the claim: two presses, when everything is filled in.
func TestPhoneFromTheLinkToTheClaim(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		link, err := f.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: f.acts(f.doctors.ID)})
		f.ok(err)
		chrome.With(t, o, func(page *chrome.Page) {
			p := &thumb{Page: page}
			p.Open(f.http.URL + "/invite/" + link)
			p.tap("是我，进入")
			if !p.Has("还缺，正好您能带来") || p.Text("[data-brings]") != "血压、耳穴" {
				t.Errorf("the next market is not there: %s", p.Text("main"))
			}
			p.tap(".claim button.full")
			f.hear()
			for _, says := range []string{"报名成功。", "排好位置", "11月16日 周一 18:00", "社区也会在微信群或电话里告诉您"} {
				if !p.Has(says) {
					t.Errorf("does not say %q: %s", says, p.Text("main"))
				}
			}
			if p.taps > 3 {
				t.Errorf("%d presses from the link to the claim, 3 are the most", p.taps)
			}
			if c := f.claim(f.doctors); len(c.Services) != 2 {
				t.Errorf("claimed %+v", c)
			}
			p.Press("来不了？")
			p.Press("撤回报名")
			f.hear()
			if c := f.claim(f.doctors); c.State != booths.ClaimWithdrawn || !p.Has("已撤回") {
				t.Errorf("still %s: %s", c.State, p.Text("main"))
			}
		})
	})
}

// What differs from the last time is changed on the same page, and is filled in the next time.
func TestPhoneAClaimIsChangedOnItsPage(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		id := f.soy.Services[0].ID
		chrome.With(t, o, func(p *chrome.Page) {
			f.lets(p, f.acts(f.soy.ID))
			p.Open(f.http.URL + "/p/xiangyang")
			p.Press(".claim summary")
			p.Press("[name=services]") // off
			p.Press(".claim button.full")
			if p.Text(".wrong") != "请至少选一项服务。" {
				t.Errorf("nothing is brought: %s", p.Text("main"))
			}
			p.Press("[name=services]")
			p.Type("[name='stock."+id+"']", "dozens")
			p.Press(".claim button.full")
			if got := p.Text(".wrong"); got == "" || !p.Has("[name='stock."+id+"']") || chrome.Eval[string](p, `s => document.querySelector(s).value`, "[name='stock."+id+"']") != "dozens" {
				t.Errorf("what is wrong does not stand beside what was typed: %q", got)
			}
			p.Type("[name='stock."+id+"']", "40")
			if !o.NoScript && p.Text("[data-brings]") != "豆浆 40 份" {
				t.Errorf("the line beside the button says %q", p.Text("[data-brings]"))
			}
			p.Choose("[name=wish1]", "B1")
			p.Press(".claim button.full")
			f.hear()
			c := f.claim(f.soy)
			if len(c.Services) != 1 || c.Services[0].Stock != 40 || len(c.Wishes.Booths) != 1 {
				t.Errorf("claimed %+v", c)
			}
		})
	})
}

// waited is the fair with its plan published and one partner on the waitlist.
func (f *fair) waited() (holder, waiter booths.Partner) {
	f.claims(f.doctors)
	f.claims(f.grinder)
	f.claims(f.soy)
	f.until(at(11, 17, 8, 0))
	if f.claim(f.soy).Holding != nil {
		return f.soy, f.grinder
	}
	return f.grinder, f.soy
}

func TestPhoneABoothIsReleasedDeclinedAndAccepted(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		holder, waiter := f.waited()
		chrome.With(t, o, func(p *chrome.Page) {
			f.lets(p, f.acts(holder.ID))
			p.Open(f.http.URL + "/p/xiangyang/days/" + f.day.ID)
			if p.Text(".place-code .big") != "B1" || !p.Has(".booth.mine") || !p.Has("旁边是谁") {
				t.Errorf("the own booth is not there: %s", p.Text("main"))
			}
			p.Press("来不了，让出摊位")
			p.Press("确定让出")
			f.hear()
			w := p.Another(o)
			f.lets(w, f.acts(waiter.ID))
			w.Open(f.http.URL + "/p/xiangyang")
			if !w.Has(".offer [data-left]") {
				t.Fatalf("no offer with the time left: %s", w.Text("main"))
			}
			w.Press("去答复")
			w.Press("这次不要")
			f.hear()
			if !w.Has("候补第 1 位") {
				t.Errorf("declined: %s", w.Text("main"))
			}
			w.Choose("[name=booth]", f.boothCalled("B1"))
			w.Press("要这个摊位")
			f.hear()
			if w.Text(".place-code .big") != "B1" {
				t.Errorf("the free booth was not taken: %s", w.Text("main"))
			}
		})
	})
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		holder, waiter := f.waited()
		f.ok(f.Booths.Release(t.Context(), booths.Scope{CommunityID: f.place.ID}, f.claim(holder).Holding.ID, ""))
		f.hear()
		chrome.With(t, o, func(p *chrome.Page) {
			f.lets(p, f.acts(waiter.ID))
			p.Open(f.http.URL + "/p/xiangyang/days/" + f.day.ID)
			p.Press("去答复")
			p.Press("我要")
			f.hear()
			if p.Text(".place-code .big") != "B1" {
				t.Errorf("accepted: %s", p.Text("main"))
			}
		})
	})
}

func (f *fair) boothCalled(code string) string {
	f.t.Helper()
	plan, err := f.Booths.DayBooths(f.t.Context(), f.place.ID, f.day.ID)
	f.ok(err)
	for _, b := range plan.Booths {
		if b.Code == code {
			return b.ID
		}
	}
	f.t.Fatalf("no booth %s", code)
	return ""
}

func TestPhoneOnlyWhoWasAskedStandsIn(t *testing.T) {
	both(t, func(t *testing.T, f *fair, o chrome.Options) {
		holder, waiter := f.waited()
		chrome.With(t, o, func(p *chrome.Page) {
			f.lets(p, f.acts(holder.ID))
			p.Open(f.http.URL + "/p/xiangyang/days/" + f.day.ID)
			p.Press("请别的合伙人代替一天")
			p.Choose("[name=partner]", waiter.ID)
			p.Press("请他代替")
			if !p.Has("请先和对方说好，再打勾。") || chrome.Eval[string](p, `document.querySelector("[name=partner]").value`) != waiter.ID {
				t.Fatalf("nobody was asked: %s", p.Text("main"))
			}
			p.Press("[name=agreed]")
			p.Press("请他代替")
			f.hear()
			if c := f.claim(waiter); c.Holding == nil || !p.Has("已请对方代替。") {
				t.Errorf("%+v: %s", c, p.Text("main"))
			}
		})
	})
}
