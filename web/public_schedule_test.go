package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/net/html"

	"yiji/internal/account"
	"yiji/scheduler"
)

// reads checks that a page was got and says all of it; no text may be missing.
func reads(t *testing.T, a answer, status int, want ...string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("%s: status %d, want %d\n%.600s", a.Path, a.Status, status, readable(t, a.Body))
	}
	said := readable(t, a.Body)
	for _, w := range want {
		if !strings.Contains(said, w) {
			t.Errorf("%s does not say %q but\n%s", a.Path, w, said)
		}
	}
	if status == http.StatusNotFound {
		return // such a page shows the code of its fault
	}
	for _, key := range []string{"public.", "desk.", "queue.", "scheduler.", "done.", "{n}", "{date}"} {
		if strings.Contains(said, key) {
			t.Errorf("%s shows a key or placeholder: %s", a.Path, key)
		}
	}
}

// silent checks that a page does not say something.
func silent(t *testing.T, a answer, never ...string) {
	t.Helper()
	for _, w := range never {
		if strings.Contains(a.Body, w) {
			t.Errorf("%s says %q", a.Path, w)
		}
	}
}

// readable is the text of a page as it is read, from the top to the bottom.
func readable(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "title" && n.Parent.Data != "noscript" {
			for _, word := range strings.Fields(n.Data) {
				b.WriteString(word + " ")
			}
		}
	}
	return b.String()
}

func TestTheIndexLeadsOn(t *testing.T) {
	r := start(t, sqlite(t))
	reads(t, r.browser().get("/"), 200, "这里还没有社区")
	one := r.community("one")
	if a := r.browser().get("/"); a.Path != "/c/one" {
		t.Errorf("one community: ended at %s", a.Path)
	}
	reads(t, r.browser(r.token(account.Role{Kind: account.Desk, CommunityID: one.ID})).get("/"), 200, "服务台志愿者 · 社区 one", "社区 one")
	r.community("two")
	a := r.browser().get("/")
	reads(t, a, 200, "社区 one", "社区 two")
	if len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("reading sets cookies: %v", a.Header["Set-Cookie"])
	}
}

func TestTheScheduleAnswersWhen(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b := f.browser()
		a := b.get("/c/xiangyang")
		reads(t, a, 200, "下一场：11月19日 周四 9:00，门口，还有 20 天", "农历十月十一", "计划有这些服务", "血压", "12月19日 周六", "冬月十一")
		if len(a.Header["Set-Cookie"]) != 0 {
			t.Error("reading the schedule sets cookies")
		}
		f.claims(f.doctors)
		f.until(at(11, 17, 12, 0))
		reads(t, b.get("/c/xiangyang"), 200, "还有 2 天", "健康区", "血压", "A1 号摊位")
		f.until(at(11, 18, 12, 0))
		reads(t, b.get("/c/xiangyang"), 200, "就在明天")
		f.until(at(11, 19, 9, 30))
		reads(t, b.get("/c/xiangyang"), 200, "正在开市，到 11:30，门口", "取号")
		f.until(at(11, 19, 12, 0))
		reads(t, b.get("/c/xiangyang"), 200, "下一场：12月19日", "以前的场次", "11月19日 周四")
		f.until(at(12, 20, 12, 0))
		reads(t, b.get("/c/xiangyang"), 200, "还没有排出下一场")
		for _, path := range []string{"/c/nobody", "/nowhere", "/t/aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
			a = b.get(path)
			reads(t, a, 404, "没有这一页", "请再扫一次海报上的码，或者回到首页。")
			silent(t, a, "编号", "404", "没有办成")
		}
		reads(t, b.get("/nowhere"), 404, "地址可能写错了，或者这一页已经没有了。")

		b.lang = "en"
		reads(t, b.get("/c/xiangyang"), 200, "No market is planned yet")
		b.lang = "zh-TW"
		reads(t, b.get("/c/xiangyang"), 200, "還沒有排出下一場")
	})
}

// What is special about a date is said in words: shifted by a holiday, moved,
// cancelled with what replaces it, skipped.
func TestExceptionsAreSaidInWords(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		rule, err := scheduler.ParseRule([]byte(`{"monthly":{"days":[19]}}`))
		f.ok(err)
		_, err = f.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: f.place.ID, Slug: "n", Name: "月月九", Venue: "广场", Rule: rule,
			Opens: 14 * 60, Closes: 16 * 60, Weekend: scheduler.NextWorkday, Holiday: scheduler.SkipDate})
		f.ok(err)
		f.tick()
		reads(t, f.browser().get("/c/xiangyang"), 200, "12月21日 周一", "12月19日 是周末，顺延到下一个工作日 12月21日")

		_, err = f.Scheduler.Move(t.Context(), scheduler.DayRef{CommunityID: f.place.ID, DayID: f.day.ID}, scheduler.MoveOrder{To: date(t, "2026-11-20"), Why: "下雨"})
		f.ok(err)
		f.hear()
		reads(t, f.browser().get("/c/xiangyang"), 200, "11月20日 周五", "11月19日 改到 11月20日：下雨")
		reads(t, f.browser().get("/d/"+f.day.ID), 200, "11月20日 周五", "改到 11月20日：下雨")

		_, err = f.Scheduler.Cancel(t.Context(), scheduler.DayRef{CommunityID: f.place.ID, DayID: f.day.ID}, "场地维修", date(t, "2026-11-27"))
		f.ok(err)
		f.hear()
		reads(t, f.browser().get("/c/xiangyang"), 200, "这一场取消了：场地维修。改在 11月27日 周五", "11月27日 周五")
		a := f.browser().get("/d/" + f.day.ID)
		reads(t, a, 200, "这一场取消了：场地维修", "改在 11月27日")
		silent(t, a, "/tickets")
	})
}

// A cancelled date is told first, and once: what, why, and which one is held.
func TestTheCancelledDateIsToldFirst(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		first := func(want ...string) {
			t.Helper()
			a := f.browser().get("/c/xiangyang")
			reads(t, a, 200, want...)
			said := readable(t, a.Body)
			if at := strings.Index(said, "这一场取消了"); at < 0 || at > strings.Index(said, want[1]) || strings.Count(said, "取消了") != 1 {
				t.Errorf("%d in %s", at, said)
			}
		}
		cancel := func(why string) {
			t.Helper()
			_, err := f.Scheduler.Cancel(t.Context(), scheduler.DayRef{CommunityID: f.place.ID, DayID: f.day.ID}, why, 0)
			f.ok(err)
			f.hear()
		}
		cancel("场地维修")
		first("11月19日 周四 这一场取消了：场地维修", "下一场：12月19日 周六 9:00")
		f.until(at(11, 20, 9, 0))
		silent(t, f.browser().get("/c/xiangyang"), "取消了") // it would be over by now
		next, err := f.Scheduler.NextDay(t.Context(), f.place.ID, f.market.ID)
		f.ok(err)
		f.day = next
		cancel("大雪")
		first("12月19日 周六 这一场取消了：大雪", "还没有排出下一场")
	})
}

func date(t *testing.T, s string) scheduler.Date {
	t.Helper()
	d, err := scheduler.ParseDate("", s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheCalendarFeed(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		read := func() (map[string]*ics.VEvent, string) {
			t.Helper()
			a := f.browser().get("/c/xiangyang/calendar.ics")
			if a.Status != 200 || a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" {
				t.Fatalf("%d %v", a.Status, a.Header)
			}
			cal, err := ics.ParseCalendar(strings.NewReader(a.Body))
			f.ok(err)
			out := map[string]*ics.VEvent{}
			for _, e := range cal.Events() {
				if out[e.Id()] != nil {
					t.Errorf("UID %s stands twice", e.Id())
				}
				out[e.Id()] = e
			}
			return out, a.Body
		}
		first, second := "2026-11-19-"+f.market.ID+"@yiji", "2026-12-19-"+f.market.ID+"@yiji"
		got, raw := read()
		if len(got) != 2 || got[first] == nil || got[second] == nil {
			t.Fatalf("entries %v\n%s", got, raw)
		}
		lines := strings.SplitAfter(raw, "\n")
		for _, l := range lines {
			if l != "" && (!strings.HasSuffix(l, "\r\n") || len(strings.TrimSuffix(l, "\r\n")) > 75) {
				t.Errorf("line %q", l)
			}
		}
		start, err := got[first].GetStartAt()
		f.ok(err)
		if !start.Equal(at(11, 19, 9, 0)) {
			t.Errorf("begins %v, want nine o'clock in Shanghai", start)
		}
		for _, want := range []string{"METHOD:PUBLISH", "X-WR-TIMEZONE:Asia/Shanghai", "DTSTART:20261119T010000Z", "DTEND:20261119T033000Z", "SUMMARY:幸福长九", "VERSION:2.0", "PRODID"} {
			if !strings.Contains(raw, want) {
				t.Errorf("the feed lacks %q\n%s", want, raw)
			}
		}
		silent(t, answer{Body: raw}, "ATTENDEE", "ORGANIZER") // dates, not invitations
		if _, again := read(); again != raw {
			t.Error("an unchanged feed changes")
		}

		ref := scheduler.DayRef{CommunityID: f.place.ID, DayID: f.day.ID}
		_, err = f.Scheduler.Move(t.Context(), ref, scheduler.MoveOrder{To: date(t, "2026-11-21"), Why: "下雨"})
		f.ok(err)
		got, raw = read()
		if start, _ := got[first].GetStartAt(); len(got) != 2 || !start.Equal(at(11, 21, 9, 0)) || !strings.Contains(raw, "【改期】") {
			t.Errorf("moved: %s", raw)
		}
		_, err = f.Scheduler.Cancel(t.Context(), ref, "停电", 0)
		f.ok(err)
		got, raw = read()
		if s := got[first].GetProperty(ics.ComponentPropertyStatus); len(got) != 2 || s == nil || s.Value != "CANCELLED" || !strings.Contains(raw, "停电") {
			t.Errorf("cancelled: %s", raw)
		}
	})
}

// In a zone with summer time the local hour stays and the instant moves.
func TestTheFeedKeepsTheLocalHour(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		c, err := f.Scheduler.SaveCommunity(t.Context(), scheduler.Community{Slug: "berlin", Name: "B", TimeZone: "Europe/Berlin", Locale: "en"})
		f.ok(err)
		rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-10-24","2026-10-25","2027-03-27","2027-03-28"]}`))
		f.ok(err)
		f.clock.Set(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
		_, err = f.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: c.ID, Slug: "m", Name: "Market", Venue: "Square, north; side\\wall", Rule: rule, Opens: 9 * 60, Closes: 11 * 60})
		f.ok(err)
		a := f.browser().get("/c/berlin/calendar.ics")
		var starts []string
		for _, l := range strings.Split(a.Body, "\r\n") {
			if s, ok := strings.CutPrefix(l, "DTSTART:"); ok {
				starts = append(starts, s)
			}
		}
		if want := []string{"20261024T070000Z", "20261025T080000Z", "20270327T080000Z", "20270328T070000Z"}; !slices.Equal(starts, want) {
			t.Errorf("%v, want %v", starts, want)
		}
		if !strings.Contains(a.Body, `Square\, north\; side\\wall`) {
			t.Errorf("special characters are not escaped\n%s", a.Body)
		}
	})
}

func TestTheScheduleIsLight(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.opened()
		for _, path := range []string{"/c/xiangyang", "/d/" + f.day.ID} {
			a := f.browser().get(path)
			sum := len(pack([]byte(a.Body)))
			for _, n := range nodes(t, a.Body, "link", "script", "img") {
				if file, ok := assets.files[attr(n, "href")+attr(n, "src")]; ok {
					sum += len(file.packed)
				}
			}
			if a.Status != http.StatusOK || sum > 30<<10 {
				t.Errorf("%s: %d bytes with everything it needs, at most 30 KB", path, sum)
			}
		}
	})
}

func dayFilter() scheduler.DayFilter { return scheduler.DayFilter{} }

// A market that was opened early comes before one that was to open before it,
// with its real hours; what is open beside it is said too.
func TestTheOpenMarketComesFirst(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-11-19"]}`))
		f.ok(err)
		late, err := f.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: f.place.ID, Slug: "n", Name: "晚来", Venue: "广场", Rule: rule, Opens: 9*60 + 30, Closes: 12 * 60})
		f.ok(err)
		f.tick()
		day, err := f.Scheduler.NextDay(t.Context(), f.place.ID, late.ID)
		f.ok(err)
		f.until(at(11, 19, 8, 40))
		_, err = f.Scheduler.Open(t.Context(), scheduler.DayRef{CommunityID: f.place.ID, DayID: day.ID})
		f.ok(err)
		f.hear()
		b, office := f.browser(), f.organizer()
		a := b.get("/c/xiangyang")
		reads(t, a, 200, "正在开市，到 12:00，广场", "8:40–12:00（原定 9:30–12:00）", "11月19日 周四 9:00")
		silent(t, a, "也在开市")
		reads(t, b.get("/d/"+day.ID), 200, "正在开市", "8:40–12:00（原定 9:30–12:00）", "请看现场安排")
		silent(t, b.get("/d/"+day.ID), "服务项目还在安排", "开市前提醒我")
		reads(t, f.desk().get("/desk/xiangyang"), 200, "8:40–12:00（原定 9:30–12:00）", "请看现场安排")
		wants(t, b.get("/api/v1/days/"+day.ID), 200, `"opens_at":"2026-11-19T09:30:00+08:00"`, `"opened_at":"2026-11-19T08:40:00+08:00"`)
		wants(t, office.get("/o/xiangyang"), 200, "<h2>晚来</h2>", "08:40–12:00（原定 09:30–12:00）", `<small class="when">08:40</small>`)

		f.until(at(11, 19, 9, 10))
		reads(t, b.get("/c/xiangyang"), 200, "正在开市，到 11:30，门口", "也在开市：晚来，到 12:00，广场", "8:40–12:00（原定 9:30–12:00）")
		silent(t, b.get("/c/xiangyang"), "11月19日 周四 9:30")
		wants(t, office.get("/o/xiangyang"), 200, "<h2>幸福长九</h2>", "<h2>晚来</h2>", "08:40–12:00（原定 09:30–12:00）")
	})
}
