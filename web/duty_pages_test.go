package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/outbox"
	"yiji/notify"
	"yiji/notify/channel"
	"yiji/scheduler"
)

func (f *fair) dutyPath() string { return "/o/xiangyang/days/" + f.day.ID }

func TestTheStripSaysWhatToDoNow(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		b, day := f.organizer(), f.dutyPath()
		first := b.get(day)
		wants(t, first, 200, "认领", "排位", "收市", "现在要做的事", "还没有人认领", "还没有人带来：血压、理发", "现在确认", "取消这一天")
		oneGreen(t, first)
		f.claims(f.doctors)
		f.claims(f.grinder)
		wants(t, b.get(day), 200, "已有 2 个认领", "还没有人带来：理发")
		page := b.get(day + "/confirm")
		wants(t, page, 200, "排位马上定下并公布", "先不做")
		page = pressIt(b, page, day+"/confirm", "确认排位")
		wants(t, page, 200, "排位已确认并公布", "提前开市")
		oneGreen(t, page)
		f.hear()
		wants(t, pressIt(b, page, day+"/undo", "撤销确认（还有 10 分钟）"), 200, "已撤销。", "已有 2 个认领", "现在确认", "，某人")
		f.hear()
		wants(t, b.send(day+"/confirm", day+"/confirm"), 200, "排位已确认并公布")
		f.hear()
		page = b.get(day + "/open")
		wants(t, page, 200, "最多可提前 60 分钟")
		wants(t, pressIt(b, page, day+"/open", "现在开市"), 409, "还太早")
		f.until(at(11, 19, 8, 30))
		b = f.organizer() // the session of three weeks ago has ended
		page = pressIt(b, b.get(day+"/open"), day+"/open", "现在开市")
		wants(t, page, 200, "开市了", "提前收市")
		f.hear()
		wants(t, pressIt(b, page, day+"/undo", "撤销开市（还有 10 分钟）"), 200, "已撤销。", "提前开市")
		f.hear()
		page = b.send(day+"/open", day+"/open")
		wants(t, page, 200, "开市了")
		f.hear()
		f.numbers(f.lines()["血压"].ID, 2)
		page = pressIt(b, page, day+"/undo", "撤销开市（还有 10 分钟）")
		wants(t, page, 409, "已经有人取号", "2 位在等候")
		lacks(t, page, "撤销开市（")
		lacks(t, b.get(day), "撤销开市（")
		wants(t, b.get(day), 200, "2 位在等候", "帮忙叫号", "人工")
		f.until(at(11, 19, 10, 10))
		_, err := f.Queue.Next(t.Context(), queue.LineCommand{CommunityID: f.place.ID, DayID: f.day.ID, LineID: f.lines()["血压"].ID, By: "booth"})
		f.ok(err)
		wall := "/d/" + f.day.ID + "/screen"
		wants(t, b.get(wall), 200, `id="newest"`, "血压")
		a := b.send(day+"/close", day+"/close", "why", strings.Repeat("雨", 301))
		wants(t, a, 422, "太长了", strings.Repeat("雨", 301))
		page = b.send(day+"/close", day+"/close", "why", "下雨")
		wants(t, page, 200, "收市了", "下雨")
		f.hear()
		wants(t, pressIt(b, page, day+"/undo", "撤销收市（还有 10 分钟）"), 200, "已撤销。", "正在开市")
		f.hear()
		wants(t, b.get(day), 200, "1 位在等候", "提前收市") // the other is called, as before
		wants(t, b.send(day+"/close", day+"/close", "why", "下雨"), 200, "收市了", "下雨")
		f.hear()
		f.until(at(11, 19, 12, 0))
		wants(t, b.get(day), 200, "看简报")
		wants(t, b.get(wall), 200, "已收市")
		strip := b.get(day)
		wants(t, strip, 200, `"when">08:30</small>`, `"when">10:10</small>`)
		lacks(t, strip, `"when">09:00</small>`, `"when">11:30</small>`)
		lacks(t, b.get(wall), `id="newest"`, "血压")
		wants(t, b.get(day+"/summary"), 200, "08:30–10:10（原定 09:00–11:30）", "08:30–10:10，")
	})
}

func TestADayIsMovedAndCancelled(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		b, day := f.organizer(), f.dutyPath()
		page := b.get(day + "/move")
		wants(t, page, 200, `value="2026-11-19"`, `value="09:00"`, "已有 1 个认领")
		a := b.post(day+"/move", b.fill(page.Body, day+"/move", "to", "2026-13-01", "opens", "十点", "closes", "12:00", "why", ""))
		wants(t, a, 422, `id="wrong-to"`, `id="wrong-opens"`, `id="wrong-why"`, `value="十点"`)
		a = b.post(day+"/move", b.fill(page.Body, day+"/move", "to", "2026-13-01", "opens", "10:00", "closes", "12:00", "why", "场地检修"))
		wants(t, a, 422, "日期请写成", `value="2026-13-01"`, `value="10:00"`, `value="场地检修"`)
		a = b.post(day+"/move", b.fill(page.Body, day+"/move", "to", "2026-11-20", "opens", "10:00", "closes", "12:00", "why", "场地检修"))
		wants(t, a, 200, "时间已改", "11月20日 周五 10:00–12:00")
		f.hear()
		a = b.send(day+"/cancel", day+"/cancel", "why", "", "replacement", "2026-11-26")
		wants(t, a, 422, "不能为空", `value="2026-11-26"`)
		a = b.send(day+"/cancel", day+"/cancel", "why", "", "replacement", "tomorrow")
		wants(t, a, 422, `id="wrong-why"`, `id="wrong-replacement"`)
		for _, what := range []string{"open", "close"} { // what cannot be done now comes back as the form with the reason
			a = b.post(day+"/"+what, b.fill(page.Body, day+"/move", "why", "台风"))
			wants(t, a, 409, `action="`+day+"/"+what+`"`, `role="alert"`)
		}
		a = b.send(day+"/cancel", day+"/cancel", "why", "台风", "replacement", "tomorrow")
		wants(t, a, 422, "日期请写成", `value="台风"`)
		a = b.send(day+"/cancel", day+"/cancel", "why", "台风", "replacement", "2026-12-19")
		wants(t, a, 409, "这一天已经有一场市集了", `value="台风"`)
		page = b.send(day+"/cancel", day+"/cancel", "why", "台风", "replacement", "")
		wants(t, page, 200, "已取消", "台风", "十分钟后通知大家")
		f.hear()
		lacks(t, b.get(day), "已有 1 个认领")
		page = b.get(day)
		wants(t, pressIt(b, page, day+"/undo", "撤销取消（还有 10 分钟）"), 200, "已撤销。", "取消这一天")
		f.hear()
		wants(t, b.get(day), 200, "已有 1 个认领", "11月20日 周五 10:00–12:00") // moved, as before
		wants(t, b.send(day+"/cancel", day+"/cancel", "why", "台风", "replacement", "2026-11-26"), 200, "已取消", "台风")
		f.hear()
		lacks(t, b.get(day), "取消这一天")
		days, err := f.Scheduler.Days(t.Context(), f.place.ID, scheduler.DayFilter{})
		f.ok(err)
		if len(days) != 3 {
			t.Errorf("%d days, want the cancelled one, its replacement and December", len(days))
		}
		wants(t, b.get("/o/xiangyang/messages?day="+f.day.ID), 200, "很抱歉", "台风")
	})
}

func TestThePlanExplainsItselfAndIsOverridden(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		f.claims(f.grinder)
		f.claims(f.soy)
		b, plan := f.organizer(), f.dutyPath()+"/plan"
		page := b.get(plan)
		wants(t, page, 200, "这是草案", "<svg", "<市>医院", "居民想要的服务只有您能提供", "候补", "就这样定")
		lacks(t, page, "<市>医院") // names are escaped
		claim := f.claim(f.soy)
		booth := choiceOf(t, page.Body, "booth", "B1")
		wants(t, b.send(plan, plan+"/override", "claim", claim.ID, "booth", booth, "reason", ""), 422, "这里不能空着")
		wants(t, b.send(plan+"?claim="+claim.ID, plan+"/override", "claim", claim.ID, "booth", booth, "reason", "老人要喝豆浆"), 200, "已定下", "主办方已定", "booth taken locked", "B1 已固定：老人要喝豆浆")
		held := b.get(plan + "?claim=" + claim.ID)
		wants(t, held, 200, `<p class="state">`, "B1 已固定：老人要喝豆浆")
		free := pressIt(b, held, plan+"/override", "不再固定")
		wants(t, free, 200, "不再固定，可以重新排")
		lacks(t, free, "B1 已固定", "booth taken locked")
		wants(t, b.send(plan+"?claim="+claim.ID, plan+"/override", "claim", claim.ID, "booth", booth, "reason", "老人要喝豆浆"), 200, "已定下")
		f.until(at(11, 17, 8, 0))
		b = f.organizer()
		wants(t, b.get(plan), 200, "排位已公布", "收回摊位")
		if h := f.claim(f.soy).Holding; h == nil || h.Code != "B1" {
			t.Fatalf("the lock did not hold: %+v", h)
		}
		wants(t, b.send(plan, plan+"/override", "claim", f.claim(f.grinder).ID, "booth", booth, "reason", "换一下"), 200, "已定下")
		f.hear()
		if f.claim(f.grinder).Holding == nil || f.claim(f.soy).Position != 1 {
			t.Error("the override did not move anybody")
		}
		ask := b.get(plan + "?release=" + f.claim(f.grinder).Holding.ID)
		wants(t, ask, 200, "确定收回 磨刀师傅 的摊位 B1 吗？")
		wants(t, pressIt(b, ask, plan+"/release", "收回摊位"), 200, "已收回", "正在问")
		f.hear()
		if f.claim(f.soy).Offer == nil {
			t.Error("the booth was offered to nobody")
		}
	})
}

func choiceOf(t *testing.T, page, field, label string) string {
	t.Helper()
	for _, s := range nodes(t, page, "select") {
		if attr(s, "name") != field {
			continue
		}
		for n := range s.Descendants() {
			if n.Data == "option" && n.FirstChild != nil && strings.HasPrefix(n.FirstChild.Data, label) {
				return attr(n, "value")
			}
		}
	}
	t.Fatalf("%s offers no %s", field, label)
	return ""
}

func TestTheReportWritesItself(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		f.numbers(line, 3)
		p, to := f.as(f.doctors), "/p/xiangyang/lines/"+line
		a := pressIt(p, p.get(to), to, "下一位")
		f.clock.Set(at(11, 19, 9, 6))
		a = pressIt(p, a, to, "下一位")
		pressIt(p, a, to, "完成")
		f.hear()
		b, sum := f.organizer(), f.dutyPath()+"/summary"
		wants(t, b.get(sum), 200, "还没有结束")
		f.until(at(11, 19, 11, 30))
		f.until(at(11, 19, 12, 0))
		wants(t, b.get(sum), 200, "完成率 66.7%", "发号 3 个", "09:00–09:05 人最多", "1 位没轮到", "下一场：12月19日 周六 09:00", "<svg")
		lacks(t, b.get(sum), "还没有结束", "余名居民")
		wants(t, b.get("/o/xiangyang/messages?day="+f.day.ID), 200, "谢谢大家来", "下一场：12月19日 周六 09:00–11:30，门口")
		for _, wrong := range []string{"许多", "-1", "1.5"} {
			wants(t, b.send(sum, sum, "residents", wrong), 422, "整数", `value="`+wrong+`"`)
		}
		wants(t, b.send(sum, sum, "residents", "300"), 200, "300余名居民参加", "登记到场居民 3 人", "≥ 300")
		wants(t, b.send(sum, sum, "residents", ""), 200, "登记到场居民 3 人")
		lacks(t, b.get(sum), "余名居民")
	})
}

func TestChannelsAreAddedTriedAndRemoved(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b, to := f.organizer(), "/o/xiangyang/channels"
		wants(t, b.get(to), 200, "还没有", "企业微信机器人")
		wants(t, b.send(to, to, "kind", "wecom", "name", "居民群", "target", "http://127.0.0.1/x", "lang", "zh-Hans"), 422, `value="居民群"`, `value="http://127.0.0.1/x"`)
		wants(t, b.send(to, to, "kind", "wecom", "name", "", "target", "https://evil.example/send", "secret", "x", "lang", "zh-Hans"), 422,
			`id="wrong-name"`, `id="wrong-secret"`, "在 qyapi.weixin.qq.com 上", `value="https://evil.example/send"`)
		v := b.fill(b.get(to).Body, to, "kind", "webhook", "name", "街道平台", "target", "https://example.org/hook", "lang", "zh-Hans")
		a := b.post(to, v)
		wants(t, a, 200, "已添加", "街道平台", "example.org", "whsec_")
		wants(t, b.post(to, v), 200)
		list, err := f.Notify.ChannelList(t.Context(), f.place.ID)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d channels, %v", len(list), err)
		}
		one := to + "/" + list[0].ID
		before, err := f.Notify.ChannelSecret(t.Context(), f.place.ID, list[0].ID)
		f.ok(err)
		a = pressIt(b, b.get(one), one+"/rotate", "换新密钥")
		wants(t, a, 200, "新密钥已生效", "旧密钥到")
		lacks(t, a, before)
		wants(t, pressIt(b, b.get(one), one+"/test", "发一条测试消息"), 200, "已排队", "等待发送")
		wants(t, b.send(one, one, "name", ""), 422)
		wants(t, b.send(one, one, "name", "平台", "lang", "en"), 200, "平台", "已保存")
		if list, _ = f.Notify.ChannelList(t.Context(), f.place.ID); list[0].Active {
			t.Error("a box left empty switches the channel off")
		}
		f.stranger(t, []string{to, one}, []string{to, one, one + "/test", one + "/rotate", one + "/delete"})
		wants(t, pressIt(b, b.get(one+"?delete=1"), one+"/delete", "删除"), 200, "已删除", "还没有")
		wants(t, b.get(one), 404)
	})
}

// stranger checks that an organizer of another community and a partner get nowhere.
func (f *fair) stranger(t *testing.T, gets, posts []string) {
	t.Helper()
	other := f.community("other")
	for who, b := range map[string]*browser{
		"an organizer of elsewhere": f.browser(f.token(account.Role{Kind: account.Organizer, CommunityID: other.ID})),
		"a partner":                 f.as(f.doctors),
	} {
		v := b.fill(b.get("/me").Body, "/logout")
		for _, g := range gets {
			if a := b.get(g); a.Status != http.StatusForbidden {
				t.Errorf("%s reads %s: %d", who, g, a.Status)
			}
			if a := b.get(strings.Replace(g, "/o/xiangyang/", "/o/other/", 1)); strings.Contains(g, f.day.ID) && a.Status != http.StatusNotFound && a.Status != http.StatusForbidden {
				t.Errorf("%s reads %s under their own community: %d", who, g, a.Status)
			}
		}
		for _, p := range posts {
			if a := b.post(p, v); a.Status != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", who, p, a.Status)
			}
		}
	}
}

func TestNobodyElseReachesTheDay(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		day := f.dutyPath()
		f.stranger(t, []string{day, day + "/plan", day + "/summary", "/o/xiangyang/messages?day=" + f.day.ID, day + "/confirm", day + "/move"},
			[]string{day + "/confirm", day + "/open", day + "/close", day + "/undo", day + "/cancel", day + "/move", day + "/plan/override", day + "/plan/release", day + "/summary"})
		if d, err := f.Scheduler.Day(t.Context(), f.place.ID, f.day.ID); err != nil || d.State != scheduler.Claiming {
			t.Errorf("the day is %s, %v", d.State, err)
		}
		desk := f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: f.place.ID}))
		a := desk.get(day)
		wants(t, a, 200, "认领")
		lacks(t, a, "取消这一天", day+"/plan")
		// Whoever helps out on another's page is led back to the own work.
		wants(t, a, 200, `class="home" href="/desk/xiangyang"`)
		desk.leadsOn(t, a)
		f.until(at(11, 19, 9, 0))
		help := f.organizer().get("/p/xiangyang/lines/" + f.lines()["血压"].ID)
		wants(t, help, 200, `class="home" href="/o/xiangyang"`)
		f.organizer().leadsOn(t, help)
		desk = f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: f.place.ID}))
		desk.leadsOn(t, desk.get(day))
		me := f.organizer().get("/me")
		wants(t, me, 200, "11月19日 周四 9:00")
		lacks(t, me, "UTC")
	})
}

// leadsOn follows every link of a page into the house's own work.
func (b *browser) leadsOn(t *testing.T, page answer) {
	t.Helper()
	for _, n := range nodes(t, page.Body, "a") {
		to := attr(n, "href")
		if !strings.HasPrefix(to, "/o/") && !strings.HasPrefix(to, "/p/") && !strings.HasPrefix(to, "/desk/") {
			continue
		}
		if a := b.get(to); a.Status != http.StatusOK {
			t.Errorf("%s leads to %s: %d", page.Path, to, a.Status)
		}
	}
}

func TestMessagesAreSeenAndSentAgain(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		_, err := f.Notify.ChannelSave(t.Context(), f.place.ID, notify.ChannelInput{Kind: channel.Folder, Name: "文件夹", Lang: "zh-Hans", Active: true, Key: "k"})
		f.ok(err)
		b, to := f.organizer(), "/o/xiangyang/messages"
		about := to + "?day=" + f.day.ID
		a := b.get(about)
		wants(t, a, 200, "还没有发出过消息", "点这里认领：http://", "/p/xiangyang/days/"+f.day.ID, "/d/"+f.day.ID, "11月16日 周一 18:00", "排位公布", "1 个群或邮箱", "开市了", "收市小结")
		lacks(t, a, "开始认领 →") // has gone out
		a = b.get(to)
		wants(t, a, 200, "12月19日 周六 幸福长九", "开始认领 → 1 个群或邮箱")
		lacks(t, a, "点这里认领")
		f.claims(f.doctors)
		f.until(at(11, 17, 8, 0))
		b = f.organizer()
		wants(t, b.get(about), 200, "当天有：", "血压", "排位公布", "文件夹", "等待发送 1", "马上发", "1 家合伙人")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Notify.Run(ctx) }()
		f.eventually(func() bool { return strings.Contains(b.get(about).Body, "已送到") })
		stop()
		f.ok(<-ended)
		list, err := f.Notify.Deliveries(t.Context(), f.place.ID, notify.Filter{DayID: f.day.ID, Kind: notify.PlanPublished})
		f.ok(err)
		letter := to + "/" + list[0].ID
		wants(t, b.get(letter), 200, "排位已公布", "已安排摊位 1 个", "再发一次", "送到", "文件夹", "11月19日 周四 幸福长九")
		wants(t, b.send(letter, letter), 200, "已排队再发", "等待发送")
		wants(t, b.get(about+"&state=queued&channel=folder"), 200, letter)
		wants(t, b.get(to+"?state=given_up"), 200, "没有这样的消息", "看全部消息")
		wants(t, b.get(to+"?channel=wecom&state=nonsense"), 200, "没有这样的消息")
		wants(t, b.get(to+"?day=nonsense"), 404)
		v := b.fill(b.get(to).Body, "/logout")
		wants(t, b.post(letter, v), 200, "等待发送") // twice is once
		wants(t, f.browser(f.token(account.Role{Kind: account.Organizer, CommunityID: f.community("third").ID})).get(strings.Replace(letter, "xiangyang", "third", 1)), 404)
	})
}

// What could not be delivered is on the first page, in plain words, with the
// contact masked; what went to many is one card.
func TestAFailureIsSeenAtOnce(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		keep := f.doctors
		keep.Contact = booths.Contact{Person: "王医生", Telephone: "13812341234", Email: "wang@example.com"}
		_, err := f.Booths.SavePartner(t.Context(), booths.Scope{CommunityID: f.place.ID}, keep)
		f.ok(err)
		robot, err := f.Notify.ChannelSave(t.Context(), f.place.ID, notify.ChannelInput{Kind: channel.WeCom, Name: "居民群", Target: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", Lang: "zh-Hans", Active: true, Key: "k"})
		f.ok(err)
		for i := range 31 {
			_, err := f.Notify.ChannelTest(t.Context(), f.place.ID, robot.ID, "t"+strconv.Itoa(i))
			f.ok(err)
		}
		f.claims(f.doctors)
		f.until(at(11, 17, 8, 0))
		b, to := f.organizer(), "/o/xiangyang/messages"
		wants(t, b.get(to+"?channel=mail"), 200, "王** 138****1234 w***@example.com", "马上发</b> <span class=\"grow\">测试 → 1 个群")
		lacks(t, b.get(to+"?channel=mail"), "13812341234", "wang@")
		mails, err := f.Notify.Deliveries(t.Context(), f.place.ID, notify.Filter{Channel: channel.Mail, Limit: 1})
		f.ok(err)
		wants(t, b.get(to+"/"+mails[0].ID), 200, "王** 138****1234", "/o/xiangyang/partners/"+f.doctors.ID)
		a := b.get(to + "?channel=wecom")
		all := "/messages?batch="
		wants(t, a, 200, "居民群", "qyapi.weixin.qq.com", "等待发送 31", "发给 31 个群或邮箱", "看全部 31 条", all)
		_, rest, _ := strings.Cut(a.Body, all)
		id, _, _ := strings.Cut(rest, `"`)
		a = b.get(to + "?batch=" + id)
		wants(t, a, 200, "测试", "居民群")
		if n := strings.Count(a.Body, "<li>"); n != 31 {
			t.Errorf("%d of 31 are listed", n)
		}
		wants(t, f.browser(f.token(account.Role{Kind: account.Organizer, CommunityID: f.community("third").ID})).get("/o/third/messages?batch="+id), 404)
		lacks(t, b.get("/o/xiangyang"), "没有送到")
		list, err := f.Notify.Deliveries(t.Context(), f.place.ID, notify.Filter{Kind: notify.PlanPublished, Channel: channel.WeCom})
		f.ok(err)
		f.ok(f.db.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE notify_deliveries SET state = 'given_up', why = 'wecom_93000', attempts = 1, finished_at = created_at WHERE id = $1`, list[0].ID)
			return err
		}))
		wants(t, b.get("/o/xiangyang"), 200, "最近七天有 1 条消息没有送到", to+"?state=given_up")
		wants(t, b.get(f.dutyPath()), 200, "有 1 条消息没有送到", to+"?day="+f.day.ID+"&state=given_up")
		a = b.get(to + "?state=given_up")
		wants(t, a, 200, "群机器人不收。请核对地址、密钥和关键词", "再发一次")
		wants(t, b.get("/o/xiangyang/channels"), 200, "群机器人不收")
		letter := to + "/" + list[0].ID
		wants(t, pressIt(b, a, letter, "再发一次"), 200, "已排队再发")
		lacks(t, b.get("/o/xiangyang"), "没有送到")
		f.until(at(11, 26, 8, 0))
	})
}

// eventually waits for what another goroutine does, with a deadline.
func (f *fair) eventually(done func() bool) {
	f.t.Helper()
	limit, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-limit:
			f.t.Fatal("it did not happen within 20 s")
		case <-tick.C:
		}
	}
}

func TestParkedEventsAreReplayed(t *testing.T) {
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	var parked []outbox.Parked
	var replayed []string
	failing := errors.New("broken pipe")
	f := newFair(t, dbtest.Open(t, dbtest.SQLite(t), clock.Now), clock, func(o *Options) {
		o.Parked = func(context.Context, int) ([]outbox.Parked, error) { return parked, nil }
		o.Replay = func(_ context.Context, consumer, key string) (int, error) {
			replayed = append(replayed, consumer+" "+key)
			if consumer == "booths" {
				return 1, nil
			}
			return 0, failing
		}
	})
	b, to := f.organizer(), "/o/xiangyang/parked"
	wants(t, b.get(to), 200, "没有，一切正常")
	other := f.community("other")
	elsewhere, err := f.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: other.ID, Slug: "m", Name: "别处", Venue: "广场", Rule: f.market.Rule, Opens: 9 * 60, Closes: 11 * 60})
	f.ok(err)
	foreign, err := f.Scheduler.NextDay(t.Context(), other.ID, elsewhere.ID)
	f.ok(err)
	parked = []outbox.Parked{
		{Consumer: "queue", EventID: "e1", Key: f.day.ID, Name: "market_day.opened.v1", Error: "no such line", Attempts: 6, ParkedAt: at(11, 1, 9, 0).UnixMicro()},
		{Consumer: "queue", EventID: "e2", Key: f.day.ID, Name: "market_day.closed.v1", Attempts: 0, ParkedAt: at(11, 1, 9, 5).UnixMicro()},
		{Consumer: "queue", EventID: "e3", Key: foreign.ID, Name: "ticket.issued.v1", Error: "secret of others", ParkedAt: at(11, 1, 9, 0).UnixMicro()},
		{Consumer: "booths", EventID: "e4", Key: f.day.ID, Name: "ticket.issued.v1", Error: "flat tyre", Attempts: 6, ParkedAt: at(11, 1, 9, 0).UnixMicro()},
	}
	page := b.get(to)
	wants(t, page, 200, "排队叫号", "这一天的队伍可能没有跟上", "2 件，从 11月1日 周日 09:00 起", "no such line", "再试一次")
	lacks(t, page, "secret of others", foreign.ID)
	wants(t, pressIt(b, page, to, "再试一次"), 409, "办成了 1 件，还有 2 件没有成")
	failing = nil
	wants(t, pressIt(b, page, to, "再试一次"), 200, "已经处理好了")
	// Each press tries every part, whatever fails before it, and nothing of others.
	if want := []string{"queue " + f.day.ID, "booths " + f.day.ID}; !slices.Equal(replayed, slices.Concat(want, want)) {
		t.Errorf("replayed %v", replayed)
	}
	f.stranger(t, []string{to}, []string{to})
}
