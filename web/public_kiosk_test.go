package web

import (
	"net/http"
	"strings"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/account"
)

func (f *fair) kiosk() *browser {
	f.t.Helper()
	return f.browser(f.token(account.Role{Kind: account.Kiosk, CommunityID: f.place.ID}))
}

// goesBack checks that a page leads to another by itself, also without scripts.
func goesBack(t *testing.T, a answer, to string) {
	t.Helper()
	if !strings.Contains(a.Body, `<meta http-equiv="refresh" content="30; url=`+to+`">`) {
		t.Errorf("%s does not go back to %s", a.Path, to)
	}
}

// One touch, one number, one series with the desk; who goes back finds the lines.
func TestTheKioskGivesNumbers(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		line := lines["血压"].ID
		take := "/kiosk/xiangyang/lines/" + line + "/tickets"
		b := f.kiosk()
		reads(t, b.get("/kiosk/xiangyang"), 200, "点一下，就取号", "血压", "A1 号摊位", "现在不用等", "简体", "English")
		f.numbers(line, 1)

		v := b.fill(b.get("/kiosk/xiangyang").Body, take)
		a := b.post(take, v)
		reads(t, a, 200, "血压", "2", "请到 A1 号摊位", "前面还有 1 位", "再取一个号", "手机扫一扫")
		goesBack(t, a, "/kiosk/xiangyang")
		if a.Path != "/kiosk/xiangyang/ticket" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the number stands at %s, %q", a.Path, a.Header.Get("Cache-Control"))
		}
		handle := strings.Split(attr(nodes(t, a.Body, "img")[0], "src"), "/")[2]
		reads(t, f.browser().get("/t/"+handle), 200, "前面还有 1 位")
		b.post(take, v) // touched twice, or asked again
		if n := f.lines()["血压"].Issued; n != 2 {
			t.Errorf("%d numbers after a second touch, want 2", n)
		}

		// The same person goes on: counted once.
		knife := "/kiosk/xiangyang/lines/" + lines["磨刀"].ID + "/tickets"
		reads(t, b.get("/kiosk/xiangyang?again=1"), 200, "再取一个号", "不取了")
		reads(t, b.send("/kiosk/xiangyang?again=1", knife), 200, "磨刀", "放下物品，好了来取")
		f.hear()
		got, err := f.Queue.DayFigures(t.Context(), f.place.ID, f.day.ID)
		f.ok(err)
		if got.Residents != 2 || got.Tickets != 3 {
			t.Errorf("%d residents with %d numbers, want 2 with 3", got.Residents, got.Tickets)
		}

		// The lines are back: nothing is left of it, and nobody goes on for her.
		b.get("/kiosk/xiangyang")
		if a := b.get("/kiosk/xiangyang/ticket"); a.Path != "/kiosk/xiangyang" {
			t.Errorf("the number of the person before stands at %s", a.Path)
		}
		if a := b.get("/kiosk/xiangyang?again=1"); strings.Contains(a.Body, "不取了") {
			t.Error("somebody else goes on for the person before")
		}
		if b.cookie(cardCookie) != "" {
			t.Error("the tablet holds a card")
		}
		if tk, err := f.Queue.TicketByID(t.Context(), f.place.ID, queue.TicketID(line, 2)); err != nil || tk.Ticket.Via != queue.Kiosk {
			t.Errorf("%+v %v", tk.Ticket, err)
		}
	})
}

// Who does not wait for the answer any more has no number: one that was given
// goes back, and none is begun.
func TestTheKioskGivesBackWhatNobodySaw(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		take := "/kiosk/xiangyang/lines/" + line + "/tickets"
		b := f.kiosk()
		seen, unseen := b.fill(b.get("/kiosk/xiangyang").Body, take), b.fill(b.get("/kiosk/xiangyang").Body, take)
		b.post(take, seen)
		seen.Set("late", "1")
		unseen.Set("late", "1")
		if a := b.post(take, seen); a.Path != "/kiosk/xiangyang" {
			t.Errorf("the answer is %d at %s", a.Status, a.Path)
		}
		b.post(take, unseen)
		l := f.lines()["血压"]
		if l.Issued != 1 || l.Waiting != 0 {
			t.Errorf("%d numbers, %d wait; want one that was given back", l.Issued, l.Waiting)
		}
	})
}

// What gives no numbers says so in words, and a line of the desk alone gives some.
func TestTheKioskSaysWhyNot(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b := f.kiosk()
		reads(t, b.get("/kiosk/xiangyang"), 200, "今天没有市集", "下一场：11月19日")
		f.claims(f.doctors)
		f.claims(f.soy)
		f.until(at(11, 19, 8, 0))
		reads(t, b.get("/kiosk/xiangyang"), 200, "9:00 开市，到时就能取号", "取号机设置")
		f.until(at(11, 19, 9, 0))
		lines := f.lines()
		soy, blood := lines["豆浆"], lines["血压"]
		f.ok(f.Queue.DeskOnly(t.Context(), queue.LineCommand{CommunityID: f.place.ID, DayID: f.day.ID, LineID: blood.ID, By: "o"}, true))
		take := "/kiosk/xiangyang/lines/" + blood.ID + "/tickets"
		reads(t, b.send("/kiosk/xiangyang", take), 200, "血压", "请到 A1 号摊位")

		late := b.fill(b.get("/kiosk/xiangyang").Body, "/kiosk/xiangyang/lines/"+soy.ID+"/tickets")
		f.numbers(soy.ID, 3)
		reads(t, b.get("/kiosk/xiangyang"), 200, "豆浆", "已发完")
		reads(t, b.post("/kiosk/xiangyang/lines/"+soy.ID+"/tickets", late), 409, "没有取到号", "好了")

		f.until(at(11, 19, 11, 30))
		a := b.get("/kiosk/xiangyang")
		reads(t, a, 200, "今天已收市", "下一场：12月19日")
		if strings.Contains(a.Body, "<button formaction") {
			t.Error("the market is over and a line can be touched")
		}
	})
}

// The tablet goes back to its own language for the next person.
func TestTheKioskSpeaksToTheNextPerson(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		b := f.kiosk()
		reads(t, b.get("/kiosk/xiangyang?lang=en"), 200, "Touch one to take a number")
		a := b.send("/kiosk/xiangyang", "/kiosk/xiangyang/lines/"+line+"/tickets")
		reads(t, a, 200, "Please go to booth A1")
		goesBack(t, a, "/kiosk/xiangyang?lang=zh-Hans")
		reads(t, b.get("/kiosk/xiangyang?lang=zh-Hans"), 200, "点一下，就取号")
	})
}

// A tablet in public reaches its own page and what everybody reads: no desk, no
// office, no account; and nobody else's login may stand there.
func TestTheKioskReachesNothingElse(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		b := f.kiosk()
		for _, path := range []string{"/desk/xiangyang", "/desk/xiangyang/tickets?number=1&line=" + lines["血压"].ID, "/o/xiangyang", "/o/xiangyang/people", "/p/xiangyang", "/me", "/o", "/admin/communities"} {
			if a := b.get(path); a.Status != http.StatusForbidden {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		other := f.community("other")
		for who, role := range map[string]account.Role{"organizer": {Kind: account.Organizer, CommunityID: f.place.ID}, "desk": {Kind: account.Desk, CommunityID: f.place.ID}, "stranger": {Kind: account.Kiosk, CommunityID: other.ID}} {
			if a := f.browser(f.token(role)).get("/kiosk/xiangyang"); a.Status != http.StatusForbidden {
				t.Errorf("%s: %d", who, a.Status)
			}
		}
		if a := b.get("/"); a.Status != 200 || strings.Contains(a.Body, "/logout") || strings.Contains(a.Body, `"/me"`) {
			t.Error("the tablet is offered an account")
		}
	})
}

// The organizer makes the link where she lets the desk in; the browser that
// opens it becomes the kiosk and is nobody else any more.
func TestAnOrganizerStandsAKioskUp(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		o := f.organizer()
		at := "/o/xiangyang/people"
		reads(t, o.get(at), 200, "自助取号机是放在入口的平板")
		made := o.send(at, at+"/invite", "kind", "kiosk", "label", "门口平板")
		reads(t, made, 200, "请在放到入口的那台平板上点开", "门口平板")
		link := made.Body[strings.Index(made.Body, "/invite/"):][:len("/invite/")+26]
		reads(t, o.get(link), 200, "自助取号机", "这台平板叫什么")
		reads(t, o.send(link, link, "name", "门口平板"), 200, "取号机设置", "58 毫米", "开始用")
		if a := o.get("/o/xiangyang"); a.Status != http.StatusForbidden {
			t.Errorf("the organizer's login still stands on the tablet: %d", a.Status)
		}
		reads(t, o.get("/kiosk/xiangyang"), 200, "今天没有市集")

		// A number of the desk for the tablet: it becomes the desk, not both.
		people := f.organizer()
		reads(t, people.get(at), 200, "门口平板")
		made = people.send(at, at+"/invite", "kind", "desk", "label", "张阿姨")
		link = made.Body[strings.Index(made.Body, "/invite/"):][:len("/invite/")+26]
		o.send(link, link, "name", "张阿姨")
		if kiosk, desk := o.get("/kiosk/xiangyang").Status, o.get("/desk/xiangyang").Status; kiosk != http.StatusForbidden || desk != 200 {
			t.Errorf("kiosk %d, desk %d", kiosk, desk)
		}
	})
}
