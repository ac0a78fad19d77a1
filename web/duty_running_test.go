package web

import (
	"strings"
	"testing"

	"yiji/internal/account"
)

// With a phone on the market: everything is seen and done on one page.
func TestTheOpenDayIsRunFromOnePage(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		f.numbers(line.ID, 2)
		b, day := f.organizer(), f.dutyPath()
		page := b.get(day)
		wants(t, page, 200, "正在开市，2 位在等候", "到场", "A1 · 血压", "等候 2 位", "现在来约等", "暂停这一队", "突发情况", "电话", "提前收市", `http-equiv="refresh"`)

		pause := "/o/xiangyang/lines/" + line.ID + "/pause"
		page = pressIt(b, page, pause, "休息一下")
		wants(t, page, 200, "已暂停", "休息一下，马上回来", "继续")
		f.hear()
		wants(t, pressIt(b, page, "/o/xiangyang/lines/"+line.ID+"/resume", "继续"), 200, "这一队继续了")

		wants(t, b.get(day+"/phones"), 200, "A1", "没有留电话", "磨刀师傅")
		f.stranger(t, []string{day + "/incidents", day + "/phones", day + "/change"},
			[]string{pause, day + "/incidents", day + "/incidents/remove", day + "/change"})
	})
}

func TestIncidentsStandOnTheDay(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.opened()
		b, to := f.organizer(), f.dutyPath()+"/incidents"
		wants(t, b.get(to), 200, "没有突发情况", `value="09:00"`, "不要写姓名和电话")
		wants(t, b.send(to, to, "words", " ", "time", "09:00"), 422, "请写一句发生了什么")
		wants(t, b.send(to, to, "words", "老人晕倒", "time", "25:00"), 422, "时间请写成", "老人晕倒", `value="25:00"`)
		wants(t, b.send(to, to, "words", "老人晕倒", "time", "09:01"), 422, "这个时间还没到", "老人晕倒")
		f.clock.Set(at(11, 19, 9, 30))
		wants(t, b.send(to, to, "words", "老人晕倒，已送医，电话 13800138000", "time", "09:10"), 200, "已记下", "老人晕倒，已送医，电话 …", "09:10")
		wants(t, b.get(f.dutyPath()), 200, "老人晕倒，已送医")
		desk := f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: f.place.ID}))
		a := desk.send(to, to, "words", "停电", "time", "")
		wants(t, a, 200, "停电", "撤回（09:40 前）")
		lacks(t, desk.get(f.dutyPath()), "/phones", "暂停这一队")
		f.clock.Set(at(11, 19, 9, 41))
		wants(t, pressIt(desk, a, to+"/remove", "撤回（09:40 前）"), 409, "过了十分钟")
		lacks(t, b.get(to), to+"/remove")
	})
}

func TestABoothIsChangedWithItsLine(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["磨刀"]
		f.numbers(line.ID, 2)
		b, day := f.organizer(), f.dutyPath()
		to := day + "/change"
		page := b.get(to)
		wants(t, page, 200, "B1 · 磨刀师傅", "队伍和号会一起过去")
		mine, theirs := f.claim(f.grinder), f.claim(f.doctors)
		wants(t, b.send(to, to, "claim", mine.ID, "booth", mine.Holding.BoothID, "reason", "漏雨"), 422, "请选另一个摊位", "漏雨")
		wants(t, b.send(to, to, "claim", mine.ID, "booth", theirs.Holding.BoothID, "reason", ""), 422, "不能空着")
		a := b.send(to, to, "claim", mine.ID, "booth", theirs.Holding.BoothID, "reason", "漏雨")
		wants(t, a, 200, "磨刀师傅 现在在 A1", "换回 B1")
		f.hear()
		now := f.lines()
		if len(now) != 3 || now["磨刀"].ID != line.ID || now["磨刀"].BoothCode != "A1" || now["磨刀"].Waiting != 2 || now["血压"].BoothCode != "B1" {
			t.Fatalf("%+v", now)
		}
		wants(t, b.get(day), 200, "A1 · 磨刀", "等候 2 位")
		wants(t, pressIt(b, a, to, "换回 B1"), 200)
		f.hear()
		if got := f.lines()["磨刀"]; got.BoothCode != "B1" || got.Waiting != 2 {
			t.Errorf("%+v", got)
		}
		f.clock.Set(at(11, 19, 9, 11))
		lacks(t, b.get(day+"?changed="+mine.ID+"&back="+mine.Holding.BoothID), "换回")
		if strings.Contains(b.get(day+"?changed=x&back=y").Body, "换回") {
			t.Error("a way back from nowhere")
		}
	})
}
