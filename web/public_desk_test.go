package web

import (
	"strings"
	"testing"

	"yiji/internal/account"
)

func (f *fair) desk() *browser {
	f.t.Helper()
	return f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: f.place.ID}))
}

func TestTheDeskGivesNumbers(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		b := f.desk()
		reads(t, b.get("/desk/xiangyang"), 200, "今天没有市集", "下一场：11月19日")
		lines := f.opened()
		line := lines["血压"].ID
		issue := "/desk/xiangyang/lines/" + line + "/tickets"
		reads(t, b.get("/desk/xiangyang"), 200, "血压", "现在不用等", "发号", "查号")

		v := b.fill(b.get("/desk/xiangyang").Body, issue)
		a := b.post(issue, v) // one tap
		reads(t, a, 200, "血压", "1", "请到 A1 号摊位", "11月19日 周四 9:00", "扫码看排到哪了", "下一个就是您")
		if again := b.post(issue, v); again.Path != a.Path {
			t.Error("a second tap gave another number")
		}
		slip := nodes(t, a.Body, "img")
		if len(slip) != 1 || b.get(attr(slip[0], "src")).Header.Get("Content-Type") != "image/svg+xml" {
			t.Error("the slip has no QR code")
		}
		handle := strings.Split(attr(slip[0], "src"), "/")[2]
		reads(t, f.browser().get("/t/"+handle), 200, "下一个就是您") // what the code leads to

		a = b.send("/desk/xiangyang", issue, "priority", "1", "proxy", "1")
		reads(t, a, 200, "2", "老人、残疾人优先", "每3位安排1位优先", "帮别人取的号")

		// The same person takes another line: counted once.
		with := a.Path[strings.LastIndex(a.Path, "/")+1:]
		again := "/desk/xiangyang?with=" + with
		reads(t, b.get(again), 200, "给 2 号（血压）的居民再发一个号")
		knife := "/desk/xiangyang/lines/" + lines["磨刀"].ID + "/tickets"
		reads(t, b.send(again, knife), 200, "磨刀", "放下物品，好了来取")
		f.hear()
		counts, err := f.Queue.DayFigures(t.Context(), f.place.ID, f.day.ID)
		f.ok(err)
		if counts.Residents != 2 || counts.Tickets != 3 {
			t.Errorf("%d residents with %d numbers, want 2 with 3", counts.Residents, counts.Tickets)
		}
		if b.cookie(cardCookie) != "" {
			t.Error("the desk's own browser holds a card")
		}
	})
}

func TestTheDeskIsToldWhenItOpens(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		f.until(at(11, 19, 8, 0))
		b := f.desk()
		reads(t, b.get("/desk/xiangyang"), 200, "9:00 开市，到时就能发号", "血压")
		f.until(at(11, 19, 9, 0))
		if a := b.get("/desk/xiangyang"); strings.Contains(a.Body, "到时就能发号") {
			t.Error("the market is open and the desk is told to wait")
		}
	})
}

func TestTheDeskFindsAndGivesUpNumbers(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		line := lines["血压"].ID
		f.numbers(line, 3)
		b := f.desk()
		a := b.get("/desk/xiangyang/tickets?line=" + line + "&number=2")
		reads(t, a, 200, "2", "前面还有 1 位", "居民不要这个号了")
		slip := a.Path
		for _, wrong := range []string{"", "x", "0", "-1"} {
			a = b.get("/desk/xiangyang/tickets?line=" + line + "&number=" + wrong)
			reads(t, a, 422, "请填数字，例如 12", "发号")
		}
		a = b.get("/desk/xiangyang/tickets?line=" + line + "&number=77")
		reads(t, a, 404, "没有这个号")
		if !strings.Contains(a.Body, `value="77"`) || !strings.Contains(a.Body, `value="`+line+`" selected`) {
			t.Error("what was typed was lost")
		}
		a = b.send(slip, slip+"/leave")
		reads(t, a, 200, "这个号已经不要了", "还要这个号")
		reads(t, b.send(slip, slip+"/stay"), 200, "号已恢复", "前面还有 1 位")

		other := f.community("other")
		stranger := f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: other.ID}))
		if a := stranger.get(slip); a.Status != 403 {
			t.Errorf("a slip of another community: %d", a.Status)
		}
		foreign := strings.Replace(slip, "xiangyang", "other", 1)
		if a := stranger.get(foreign); a.Status != 404 {
			t.Errorf("a foreign number under one's own community: %d", a.Status)
		}
		v := stranger.fill(stranger.get("/me").Body, "/me/forget")
		for _, path := range []string{foreign + "/leave", "/desk/other/lines/" + line + "/tickets"} {
			if a := stranger.post(path, v); a.Status != 404 {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		if a := stranger.post(slip+"/leave", v); a.Status != 403 {
			t.Errorf("leaving for another community: %d", a.Status)
		}
		if l := f.lines()["血压"]; l.Waiting != 3 || l.Issued != 3 {
			t.Errorf("%+v", l)
		}
	})
}

func TestTheDeskIsToldWhyNot(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		f.claims(f.soy)
		f.until(at(11, 19, 9, 0))
		line := f.lines()["豆浆"].ID
		b, issue := f.desk(), "/desk/xiangyang/lines/"+line+"/tickets"
		page := b.get("/desk/xiangyang").Body
		f.numbers(line, 3)
		reads(t, b.post(issue, b.fill(page, issue)), 409, "已经发完了", "服务台", "血压")
		reads(t, b.get("/desk/xiangyang"), 200, "已发完")
		f.clock.Set(at(11, 19, 11, 30))
		reads(t, b.get("/desk/xiangyang"), 200, "不再发号")
		if a := b.get("/desk/xiangyang?with=nothing"); a.Status != 404 {
			t.Errorf("with an unknown number: %d", a.Status)
		}
	})
}
