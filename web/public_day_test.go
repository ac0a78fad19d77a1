package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
)

// cardOf is the visitor's card a browser holds, "" for none.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.base)
	for _, k := range b.http.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// take takes a number of a line from the day's page and ends on the ticket's.
func (f *fair) take(b *browser, line string) answer {
	f.t.Helper()
	a := b.send("/d/"+f.day.ID, "/d/"+f.day.ID+"/lines/"+line+"/tickets")
	f.hear()
	if a.Status != http.StatusOK || len(a.Path) != len("/t/")+26 {
		f.t.Fatalf("no number: %d %s\n%s", a.Status, a.Path, readable(f.t, a.Body))
	}
	return a
}

// ticket is what the house knows of the number a page shows.
func (f *fair) ticket(a answer) queue.TicketView {
	f.t.Helper()
	v, err := f.Queue.TicketByHandle(f.t.Context(), a.Path[len("/t/"):])
	f.ok(err)
	return v
}

// press is a command of the people at a booth.
func (f *fair) cmd(t queue.Ticket) queue.LineCommand {
	return queue.LineCommand{CommunityID: f.place.ID, DayID: f.day.ID, LineID: t.LineID, TicketID: t.ID, By: "booth"}
}

func TestTheDayPageInEveryState(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b, at0 := f.browser(), "/d/"+f.day.ID
		a := b.get(at0)
		reads(t, a, 200, "11月19日 周四 9:00 开市，门口", "还有 20 天", "服务项目还在安排")
		f.claims(f.doctors)
		f.claims(f.soy)
		f.until(at(11, 17, 12, 0))
		a = b.get(at0)
		reads(t, a, 200, "健康区", "血压", "<市>医院", "还没开始", "数量有限，先到先得")
		silent(t, a, `/tickets"`)
		f.until(at(11, 19, 9, 0))
		lines := f.lines()
		a = b.get(at0)
		reads(t, a, 200, "正在开市，到 11:30，门口", "现在不用等", "还剩 3 份", "取号")

		f.numbers(lines["血压"].ID, 4)
		_, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: lines["血压"].ID}))
		f.ok(err)
		reads(t, b.get(at0), 200, "前面还有 3 位", "约 6–12 分钟", "现在叫到 1 号")

		pause := f.cmd(queue.Ticket{LineID: lines["耳穴"].ID})
		pause.Reason = "医生去取耗材"
		f.ok(f.Queue.Pause(t.Context(), pause))
		stale := b.fill(a.Body, at0+"/lines/"+lines["耳穴"].ID+"/tickets")
		a = b.get(at0)
		reads(t, a, 200, "暂停", "医生去取耗材")
		if hasForm(t, a.Body, at0+"/lines/"+lines["耳穴"].ID+"/tickets") {
			t.Error("a paused line has a button")
		}
		reads(t, b.post(at0+"/lines/"+lines["耳穴"].ID+"/tickets", stale), 409, "这一队暂停了，请稍等", "血压") // an old page

		f.numbers(lines["豆浆"].ID, 3)
		a = b.get(at0)
		reads(t, a, 200, "已发完", "份数已经发完了")
		if hasForm(t, a.Body, at0+"/lines/"+lines["豆浆"].ID+"/tickets") {
			t.Error("a sold out line has a button")
		}

		f.clock.Set(at(11, 19, 11, 30)) // nobody has written down the close yet
		a = b.get(at0)
		reads(t, a, 200, "今天已收市", "下一场：12月19日")
		silent(t, a, `/tickets"`)
		reads(t, b.post(at0+"/lines/"+lines["血压"].ID+"/tickets", stale), 409, "今天已经收市，不再发号了")
		reads(t, b.get("/d/aaaaaaaaaaaaaaaaaaaaaaaaaa"), 404, "没有这个市集日")
	})
}

// One tap on the page of the QR code. The card begins with the first number
// and not before; a second tap and a form sent again give the same number.
func TestTakingANumber(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		b, take := f.browser(), "/d/"+f.day.ID+"/lines/"+line+"/tickets"
		page := b.get("/d/" + f.day.ID)
		b.get("/d/" + f.day.ID + "/card")
		if b.cookie(cardCookie) != "" {
			t.Error("looking begins a card")
		}
		v := b.fill(page.Body, take)
		one := b.post(take, v)
		reads(t, one, 200, "血压", "下一个就是您", "请到 A1 号摊位")
		card := b.cookie(cardCookie)
		if !isHandle(card) {
			t.Fatalf("card %q is not a handle of 128 bits", card)
		}
		if two := b.post(take, v); two.Path != one.Path {
			t.Error("a second tap gave another number")
		}
		// The answer was lost with its cookie: the browser asks again as it was before.
		lost := f.browserWith(b)
		u, _ := url.Parse(lost.base)
		lost.http.Jar.SetCookies(u, []*http.Cookie{{Name: cardCookie, MaxAge: -1}})
		if lost.cookie(cardCookie) != "" {
			t.Fatal("the test kept the card")
		}
		if again := lost.post(take, v); again.Path != one.Path || lost.cookie(cardCookie) != card {
			t.Errorf("after a lost answer: %s, want %s on card %s", again.Path, one.Path, card)
		}
		// From a new page the card still holds its number, and another for the family.
		page = b.get("/d/" + f.day.ID)
		reads(t, page, 200, "您的号：1", "帮家人再取一个号")
		two := b.send("/d/"+f.day.ID, take)
		reads(t, two, 200, "帮别人取的号", "前面还有 1 位")
		if n := f.ticket(two).Ticket; n.Number != 2 || !n.Proxy || n.Visitor != card {
			t.Errorf("%+v", n)
		}
		reads(t, b.get("/d/"+f.day.ID+"/card"), 200, "我的号", "血压", "前面还有 1 位")
		reads(t, f.browser().get("/d/"+f.day.ID+"/card"), 200, "您还没有取号")
		if f.lines()["血压"].Issued != 2 {
			t.Errorf("%d numbers", f.lines()["血压"].Issued)
		}
	})
}

func TestNumbersAreNotGivenToForms(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		b, take := f.browser(), "/d/"+f.day.ID+"/lines/"+line+"/tickets"
		if a := b.post(take, url.Values{}); a.Status != 403 {
			t.Errorf("without our form: %d", a.Status)
		}
		v := b.fill(b.get("/d/"+f.day.ID).Body, take)
		other, err := f.Scheduler.Days(t.Context(), f.place.ID, dayFilter())
		f.ok(err)
		wrong := other[len(other)-1].ID
		if a := b.post("/d/"+wrong+"/lines/"+line+"/tickets", v); a.Status != 404 {
			t.Errorf("a line of another day: %d", a.Status)
		}
		if a := b.post("/d/"+f.day.ID+"/lines/aaaaaaaaaaaaaaaaaaaaaaaaaa/tickets", v); a.Status != 404 {
			t.Errorf("no line: %d", a.Status)
		}
		if n := f.lines()["血压"].Issued; n != 0 {
			t.Errorf("%d numbers were given", n)
		}
	})
}

// Two hundred residents behind one address, one after another as fast as they
// can press, with the limits on: everybody gets a number, each its own. The
// twentieth part of them presses at the same time.
func TestTheWholeSquareTakesNumbersAtOnce(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		day, line := "/d/"+f.day.ID, f.opened()["血压"].ID
		take := day + "/lines/" + line + "/tickets"
		f.Server.door.now = f.clock.Now // in no time at all: nothing is allowed again meanwhile
		f.Server.door.limits.Off = false
		var seen sync.Map
		residents := make(chan *browser)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for b := range residents {
					b.press(day, take, &seen)
				}
			})
		}
		for range 200 {
			b := f.browser()
			b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			residents <- b
		}
		close(residents)
		all.Wait()
		if n := f.lines()["血压"].Issued; n != 200 {
			t.Errorf("%d numbers, want 200", n)
		}
		broken, err := f.db.Check(t.Context(), queue.Invariants)
		f.ok(err)
		if len(broken) > 0 {
			t.Errorf("broken: %v", broken)
		}
	})
}

var tokenOfPage = regexp.MustCompile(`name="(form_token|form_key)" value="([^"]+)"`)

// press takes a number as quickly as a program can: the page is not examined.
func (b *browser) press(page, to string, seen *sync.Map) {
	req, err := http.NewRequest(http.MethodGet, b.base+page, nil)
	if err != nil {
		b.t.Error(err)
		return
	}
	v := url.Values{}
	for _, m := range tokenOfPage.FindAllStringSubmatch(b.do(req).Body, 2) {
		v.Set(m[1], m[2])
	}
	a := b.post(to, v)
	if a.Status != http.StatusSeeOther {
		b.t.Errorf("status %d: %.300s", a.Status, a.Body)
	}
	if _, twice := seen.LoadOrStore(a.Header.Get("Location"), true); twice {
		b.t.Errorf("%s was given twice", a.Header.Get("Location"))
	}
}

// The wall shows numbers only, the newest and the last of every line, and loads itself again.
func TestTheWallScreen(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		screen := "/d/" + f.day.ID + "/screen"
		reads(t, f.browser().get(screen), 200, "11月19日 周四 9:00 开市")
		lines := f.opened()
		reads(t, f.browser().get(screen), 200, "请等候叫号", "9:00")
		f.numbers(lines["血压"].ID, 8)
		f.numbers(lines["磨刀"].ID, 1)
		knife, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: lines["磨刀"].ID}))
		f.ok(err)
		_, err = f.Queue.Ready(t.Context(), f.cmd(knife))
		f.ok(err)
		for i := range 7 {
			f.clock.Set(at(11, 19, 9, 1+i))
			_, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: lines["血压"].ID}))
			f.ok(err)
		}
		a := f.browser().get(screen)
		reads(t, a, 200, "B1 磨刀", "A1 血压", "可取")
		silent(t, a, "医院", "师傅", "/t/", "<form", "<a ")
		var calls []string
		for _, m := range regexp.MustCompile(`<b class="n">(\d+)</b>`).FindAllStringSubmatch(a.Body, -1) {
			calls = append(calls, m[1])
		}
		if !slices.Equal(calls, []string{"7", "7", "1"}) { // the newest, then every line's last, however long ago
			t.Errorf("calls %v", calls)
		}
		if !strings.Contains(a.Body, `<noscript><meta http-equiv="refresh" content="`+strconv.Itoa(screenRefresh)+`"`) {
			t.Error("the wall does not load itself again")
		}
		f.until(f.day.ClosesAt.Add(time.Hour))
		reads(t, f.browser().get(screen), 200, "今天已收市，谢谢大家", "下一场")
	})
}

// Strangers find only public things: what a handle does not open stays shut.
func TestWhatResidentsCannotReach(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.opened()
		for _, path := range []string{"/desk/xiangyang", "/desk/xiangyang/tickets"} {
			if a := f.browser().get(path); a.Path != "/login" {
				t.Errorf("%s: %d at %s", path, a.Status, a.Path)
			}
		}
		other := f.community("other")
		stranger := f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: other.ID}))
		if a := stranger.get("/desk/xiangyang"); a.Status != 403 {
			t.Errorf("a desk of another community: %d", a.Status)
		}
		for _, path := range []string{"/t/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/t/x", "/t/aaaaaaaaaaaaaaaaaaaaaaaaaa/qr.svg", "/unsubscribe/x"} {
			if a := f.browser().get(path); a.Status != 404 {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	})
}
