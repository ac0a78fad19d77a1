package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"yiji/booths"
	"yiji/scheduler"
)

func wants(t *testing.T, a answer, status int, words ...string) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s: status %d, want %d\n%s", a.Path, a.Status, status, words0(a.Body))
	}
	text := html.UnescapeString(a.Body)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Fatalf("%s does not say %q:\n%s", a.Path, w, words0(a.Body))
		}
	}
}

func lacks(t *testing.T, a answer, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(a.Body, w) {
			t.Fatalf("%s says %q:\n%s", a.Path, w, words0(a.Body))
		}
	}
}

// words0 keeps a failing page readable.
func words0(body string) string {
	if _, main, found := strings.Cut(body, "<main"); found {
		return main
	}
	return body
}

// pressIt sends the form of a page whose button says so.
func pressIt(b *browser, page answer, to, says string) answer {
	b.t.Helper()
	for _, f := range nodes(b.t, page.Body, "form") {
		if attr(f, "action") != to {
			continue
		}
		v, hit := url.Values{}, false
		for n := range f.Descendants() {
			if n.Data == "input" {
				v.Add(attr(n, "name"), attr(n, "value"))
			}
			if n.Data == "button" && buttonSays(n) == says {
				hit = true
				if name := attr(n, "name"); name != "" {
					v.Set(name, attr(n, "value"))
				}
			}
		}
		if hit {
			return b.post(to, v)
		}
	}
	b.t.Fatalf("no button %q posts to %s in\n%s", says, to, words0(page.Body))
	return answer{}
}

// buttonSays is the first text of a button: what it does, before what stands small below.
func buttonSays(button *html.Node) string {
	for n := range button.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			return strings.TrimSpace(n.Data)
		}
	}
	return ""
}

func TestAPartnerClaimsAndWithdraws(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		b := f.as(f.doctors)
		if a := b.get("/p"); a.Path != "/p/xiangyang" {
			t.Fatalf("/p leads to %s", a.Path)
		}
		wants(t, b.get("/p/xiangyang"), 200, "<市>医院", "11月19日 周四 09:00–11:30", "看这一场", "还没有记录")
		day := "/p/xiangyang/days/" + f.day.ID
		wants(t, b.get(day), 200, "报名这一场", "血压", "还缺", "安静", "A1 · 健康区 · 电源、安静")

		a := b.send(day, day+"/claims", "services", "nothing", "wish1", "A1", "zones", "健康区")
		wants(t, a, 422, "没有这项服务")
		if !strings.Contains(a.Body, `value="A1" selected`) || !strings.Contains(a.Body, `value="健康区" checked`) {
			t.Error("what was chosen is lost")
		}
		a = b.send(day, day+"/claims", "services", f.doctors.Services[0].ID, "wish1", "B1", "wish2", "A1")
		f.hear()
		wants(t, a, 200, "报名成功。", "已有人带来", "耳穴")
		c := f.claim(f.doctors)
		if len(c.Services) != 1 || len(c.Wishes.Booths) != 2 || c.Wishes.Booths[0] != "B1" {
			t.Errorf("claimed %+v", c)
		}
		a = pressIt(b, b.get(day), day+"/withdraw", "撤回报名")
		wants(t, a, 200, "已撤回", "报名这一场")
		if c := f.claim(f.doctors); c.State != booths.ClaimWithdrawn {
			t.Errorf("still %s", c.State)
		}
	})
}

func TestTheSameClaimSentTwiceIsOne(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b, day := f.as(f.grinder), "/p/xiangyang/days/"+f.day.ID
		v := b.fill(b.get(day).Body, day+"/claims", "services", f.grinder.Services[0].ID)
		wants(t, b.post(day+"/claims", v), 200)
		wants(t, b.post(day+"/claims", v), 200)
		v.Set("wish1", "A1")
		wants(t, b.post(day+"/claims", v), 422, "这张表已经提交过别的内容")
		all, err := f.Booths.ClaimsOf(t.Context(), f.place.ID, f.day.ID)
		if err != nil || len(all) != 1 {
			t.Errorf("%d claims, %v", len(all), err)
		}
	})
}

func TestABoothIsGivenBackOfferedAndAccepted(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		f.claims(f.grinder)
		f.claims(f.soy)
		f.until(at(11, 17, 8, 0))
		day := "/p/xiangyang/days/" + f.day.ID
		var holder, waiter = f.grinder, f.soy
		if f.claim(f.soy).Holding != nil {
			holder, waiter = f.soy, f.grinder
		}
		b, w := f.as(holder), f.as(waiter)
		wants(t, b.get(day), 200, "您的摊位", `>B1</b>`, "<svg", "让出摊位")
		wants(t, w.get(day), 200, "候补第 1 位", "撤回报名")
		held := f.claim(holder).Holding.ID
		ask := b.get(day + "?release=" + held)
		wants(t, ask, 200, "确定让出摊位 B1 吗？", "不让，我会来")
		a := pressIt(b, ask, day+"/release", "确定让出")
		f.hear()
		wants(t, a, 200, "摊位已让出")
		offer := f.claim(waiter).Offer
		if offer == nil {
			t.Fatal("the booth was offered to nobody")
		}
		to := "/p/xiangyang/offers/" + offer.ID
		wants(t, b.get(to), 404, "没有找到这个空位通知")
		page := w.get(to)
		wants(t, page, 200, "摊位 B1 轮到您了", "我要", "这次不要")
		a = pressIt(w, page, to, "我要")
		f.hear()
		wants(t, a, 200, "摊位是您的了", `>B1</b>`)
		wants(t, w.get(to), 200, "您已经接受了")
		a = w.post(to, w.fill(page.Body, to, "answer", "no"))
		wants(t, a, 409, "您已经接受了")
	})
}

func TestAnOfferIsDeclinedAndTheBoothTakenDirectly(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.grinder)
		f.until(at(11, 17, 8, 0))
		f.claims(f.soy)
		day, b := "/p/xiangyang/days/"+f.day.ID, f.as(f.soy)
		offer := f.claim(f.soy).Offer
		if offer != nil {
			to := "/p/xiangyang/offers/" + offer.ID
			a := pressIt(b, b.get(to), to, "这次不要")
			f.hear()
			wants(t, a, 200, "已谢绝")
			wants(t, b.get(to), 200, "您已经谢绝了")
		}
		plan, err := f.Booths.DayBooths(t.Context(), f.place.ID, f.day.ID)
		f.ok(err)
		free := ""
		for _, x := range plan.Booths {
			if x.Claim == nil {
				free = x.ID
			}
		}
		wants(t, b.send(day, day+"/booths", "booth", "nowhere"), 404, "没有找到这个摊位")
		d := f.as(f.doctors)
		a := d.send(day, day+"/booths", "booth", free, "services", f.doctors.Services[0].ID)
		f.hear()
		wants(t, a, 200, "摊位是您的了", "您直接认领了空位")
		wants(t, b.get(day), 200, "候补第 1 位")
	})
}

func TestASubstituteStandsInForADay(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.grinder)
		f.until(at(11, 17, 8, 0))
		day, b := "/p/xiangyang/days/"+f.day.ID, f.as(f.grinder)
		held := f.claim(f.grinder).Holding
		v := b.fill(b.get(day).Body, day+"/substitute", "partner", "nobody", "reason", "感冒了", "agreed", "yes")
		a := b.post(day+"/substitute", v)
		wants(t, a, 404, "没有找到这个合伙人")
		if !strings.Contains(a.Body, `value="感冒了"`) {
			t.Error("the reason is lost")
		}
		a = b.send(day, day+"/substitute", "partner", f.soy.ID, "reason", "感冒了", "agreed", "yes")
		f.hear()
		if held.Code == "A1" { // the zone of A1 takes clinics only
			wants(t, a, 409)
			return
		}
		wants(t, a, 200, "已请对方代替")
		wants(t, f.as(f.soy).get(day), 200, `>B1</b>`, "今天代替磨刀师傅")
	})
}

func TestNobodyActsForAnotherPartner(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		day := "/p/xiangyang/days/" + f.day.ID
		b := f.as(f.grinder)
		v := b.fill(b.get("/p/xiangyang").Body, "/logout")
		v.Set("agreed", "yes")
		v.Set("claim", f.claim(f.doctors).ID)
		v.Set("assignment", f.claim(f.doctors).Holding.ID)
		for _, to := range []string{"/withdraw", "/release", "/substitute"} {
			if a := b.post(day+to, v); a.Status != http.StatusNotFound {
				t.Errorf("%s of another's: %d", to, a.Status)
			}
			if a := b.post(day+to+"?partner="+f.doctors.ID, v); a.Status != http.StatusForbidden {
				t.Errorf("%s as another: %d", to, a.Status)
			}
		}
		for _, to := range []string{day, "/p/xiangyang"} {
			if a := b.get(to + "?partner=" + f.doctors.ID); a.Status != http.StatusForbidden {
				t.Errorf("%s: %d", to, a.Status)
			}
		}
		line := "/p/xiangyang/lines/" + lines["血压"].ID
		if a := b.get(line); a.Status != http.StatusForbidden {
			t.Errorf("another's line: %d", a.Status)
		}
		v.Set("do", "next")
		if a := b.post(line, v); a.Status != http.StatusForbidden {
			t.Errorf("another's line pressed: %d", a.Status)
		}
		if c := f.claim(f.doctors); c.Holding == nil {
			t.Error("the booth is gone")
		}
	})
}

func TestALineIsRunWithOneThumb(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		f.numbers(line, 4)
		b, to := f.as(f.doctors), "/p/xiangyang/lines/"+line
		page := b.get(to)
		wants(t, page, 200, "血压", "等候 4 位", "开始叫号", "下一位", "叫 1 号", "接着是：1 · 2 · 3 · 4")
		if !strings.Contains(page.Body, `<noscript><meta http-equiv="refresh"`) {
			t.Error("without a script the console does not look for new numbers")
		}
		one := pressIt(b, page, to, "下一位")
		wants(t, one, 200, "1 号", "请过来", "过号", "1 号算完成", "后可以再叫")
		stale := pressIt(b, page, to, "下一位") // the old page, sent again: the same number
		wants(t, stale, 200, "1 号", "等候 3 位")
		two := pressIt(b, one, to, "下一位")
		wants(t, two, 200, "2 号", "等候 2 位")
		f.clock.Set(at(11, 19, 9, 2))
		two = b.get(to)
		wants(t, pressIt(b, two, to, "再叫一次"), 200, "叫了 2 次")
		wants(t, pressIt(b, two, to, "过号"), 200, "开始叫号", "撤销：2 号 过号")
		back := b.get(to)
		for _, n := range nodes(t, back.Body, "button") {
			if strings.HasPrefix(buttonSays(n), "撤销") {
				wants(t, pressIt(b, back, to, buttonSays(n)), 200, "2 号", "请过来")
			}
		}
		wants(t, pressIt(b, b.get(to), to, "完成"), 200, "开始叫号")
		f.hear()
		wants(t, b.get("/p/xiangyang/days/"+f.day.ID), 200, "今天的数字", "去叫号")
	})
}

func TestTwoWhoPressAtOnceCallOne(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		f.numbers(line, 4)
		to := "/p/xiangyang/lines/" + line
		b, c := f.as(f.doctors), f.as(f.doctors)
		pb, pc := b.get(to), c.get(to)
		wants(t, pressIt(b, pb, to, "下一位"), 200, "等候 3 位")
		wants(t, pressIt(c, pc, to, "下一位"), 409, "同伴先按了", "1 号 叫号", "等候 3 位")

		wants(t, pressIt(b, b.get(to), to, "完成"), 200, "撤销：1 号 完成")
		pb, pc = b.get(to), c.get(to)
		says := func(page answer) (undo string) {
			for _, n := range nodes(t, page.Body, "button") {
				if s := buttonSays(n); strings.HasPrefix(s, "撤销") {
					undo = s
				}
			}
			return undo
		}
		wants(t, pressIt(b, pb, to, says(pb)), 200, "1 号", "请过来")
		wants(t, pressIt(c, pc, to, says(pc)), 409, "别人刚刚撤销过", "1 号", "请过来") // not the call as well
	})
}

func TestItemsAreTakenInReadyAndFetched(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["磨刀"].ID
		f.numbers(line, 2)
		b, to := f.as(f.grinder), "/p/xiangyang/lines/"+line
		a := pressIt(b, b.get(to), to, "下一位")
		a = pressIt(b, a, to, "收下")
		wants(t, a, 200, "办理中", "好了")
		a = pressIt(b, a, to, "下一位") // the first knife stays on the stage
		wants(t, a, 200, "2 号", "收下", "手上的活（1 件）")
		a = pressIt(b, a, to, "好了")
		wants(t, a, 200, "取走")
		a = pressIt(b, a, to, "取走")
		lacks(t, a, "取走</button>")
		a = pressIt(b, a, to, "休息一下")
		wants(t, a, 200, "暂停", "马上回来", "继续")
		lacks(t, a, "下一位</button>")
		wants(t, pressIt(b, a, to, "继续"), 200, "下一位")
	})
}

// The reason of a pause is read in everybody's own language; a few words of the
// partner's own stand as they are, and too many come back beside their field.
func TestAPauseHasItsReason(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["磨刀"].ID
		b, to := f.as(f.grinder), "/p/xiangyang/lines/"+line
		a := pressIt(b, b.get(to), to, "材料或设备问题")
		wants(t, a, 200, "材料或设备有问题，正在处理")
		english := f.browser()
		english.lang = "en"
		wants(t, english.get("/d/"+f.day.ID), 200, "A problem with material or equipment")
		a = pressIt(b, a, to, "继续")
		write := func(words string) answer {
			v := b.fill(a.Body, to, "do", "pause_short", "reason", words)
			return b.post(to, v)
		}
		long := strings.Repeat("长", 41)
		refused := write(long)
		wants(t, refused, 422, "最多 40 个字", long)
		lacks(t, refused, "暂停</span>")
		wants(t, write("磨刀石去换新的"), 200, "磨刀石去换新的")
		wants(t, f.browser().get("/d/"+f.day.ID), 200, "磨刀石去换新的")
	})
}

func TestStockIsCountedAndAdded(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.soy)
		f.until(at(11, 19, 9, 0))
		line := f.lines()["豆浆"].ID
		f.numbers(line, 3)
		b, to := f.as(f.soy), "/p/xiangyang/lines/"+line
		page := b.get(to)
		wants(t, page, 200, "已发完", "份可以领（共 3 份）", "下一位")
		for wrong, why := range map[string]string{"many": "请填一个整数", "0": "份数不对", "-9": "份数不对"} {
			v := stockForm(b, page, to)
			v.Set("pieces", wrong)
			a := b.post(to, v)
			wants(t, a, 422, why)
			if !strings.Contains(a.Body, `value="`+wrong+`"`) {
				t.Errorf("%q is lost", wrong)
			}
		}
		v := stockForm(b, page, to)
		v.Set("pieces", "5")
		wants(t, b.post(to, v), 200, "份可以领（共 8 份）", "正在取号")
		wants(t, b.post(to, v), 200, "共 8 份") // the same press sent again
		other := f.as(f.soy)
		page, seen := b.get(to), other.get(to) // two look at the same moment, and press
		wants(t, pressIt(b, page, to, "+10"), 200, "共 18 份")
		wants(t, pressIt(other, seen, to, "+10"), 409, "同伴先按了", "现在还有 15 份", "共 18 份")
		wants(t, pressIt(other, other.get(to), to, "−1"), 200, "共 17 份")
	})
}

func stockForm(b *browser, page answer, to string) url.Values {
	b.t.Helper()
	for _, f := range nodes(b.t, page.Body, "form") {
		v := url.Values{}
		for n := range f.Descendants() {
			if n.Data == "input" && attr(n, "type") == "hidden" {
				v.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		if attr(f, "action") == to && v.Get("do") == "stock" {
			return v
		}
	}
	b.t.Fatal("no form for pieces")
	return nil
}

func TestWhatAPartnerGave(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		f.numbers(line, 2)
		b, to := f.as(f.doctors), "/p/xiangyang/lines/"+line
		a := pressIt(b, b.get(to), to, "下一位")
		pressIt(b, a, to, "下一位")
		f.hear()
		f.until(at(11, 19, 11, 30))
		f.until(at(11, 19, 12, 0))
		wants(t, b.get("/p/xiangyang"), 200, "服务人次", "如约到场", "2.5", ">1<")
		wants(t, b.get("/p/xiangyang/days/"+f.day.ID), 200, "今天的数字")
		wants(t, b.get(to), 200, "这一队已经结束")
	})
}

// A day that is taken back before anybody had to do with it leaves the other
// days where they are.
func TestAPartnersPageOutlivesADayTakenBack(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		date, err := scheduler.ParseDate("date", "2026-12-19")
		f.ok(err)
		f.until(at(11, 1, 9, 0))
		b := f.as(f.grinder)
		wants(t, b.get("/p/xiangyang"), 200, "11月19日")
		_, err = f.Scheduler.AddException(t.Context(), f.place.ID, f.market.ID, scheduler.Exception{Kind: scheduler.Skip, Date: date, Why: "下雪"})
		f.ok(err)
		f.tick()
		_, err = f.Scheduler.RemoveException(t.Context(), f.place.ID, f.market.ID, date)
		f.ok(err)
		f.tick()
		wants(t, b.get("/p/xiangyang"), 200, "11月19日")
	})
}

// After closing nobody waits, so nothing is said about waiting: what a line gave is.
func TestAClosedLineSaysWhatItGave(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		f.numbers(line.ID, 2)
		b := f.as(f.doctors)
		places := []string{"/p/xiangyang/lines/" + line.ID, "/p/xiangyang/days/" + f.day.ID}
		for _, p := range places {
			wants(t, b.get(p), 200, "等候 2 位")
		}
		f.until(at(11, 19, 11, 30))
		f.until(at(11, 19, 12, 0))
		for _, p := range places {
			a := b.get(p)
			wants(t, a, 200, "已发 2 号")
			lacks(t, a, "等候 0 位")
		}
	})
}
