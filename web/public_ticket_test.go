package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/event"
)

// A number from the first look to the end, in the words its holder reads.
func TestTheLifeOfANumber(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		f.numbers(lines["血压"].ID, 5)
		b := f.browser()
		a := f.take(b, lines["血压"].ID)
		page := a.Path
		reads(t, a, 200, "6", "前面还有 5 位", "约 11–19 分钟", "请到 A1 号摊位", "自动刷新")
		if strings.Contains(readable(t, a.Body), "现在叫到") {
			t.Error("it says who is called before anybody is")
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Error("a number's page may be kept by others")
		}
		silent(t, b.get(page+"?still=1"), `http-equiv="refresh"`)
		call := func() queue.Ticket {
			n, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: lines["血压"].ID}))
			f.ok(err)
			return n
		}
		call()
		call()
		a = b.get(page)
		reads(t, a, 200, "前面还有 3 位", "现在叫到 2 号", "快到您了，请在摊位旁边等")
		if !strings.Contains(a.Body, "held turn") {
			t.Error("near is not shown")
		}
		pause := f.cmd(queue.Ticket{LineID: lines["血压"].ID})
		pause.Reason = "换班"
		f.ok(f.Queue.Pause(t.Context(), pause))
		a = b.get(page)
		reads(t, a, 200, "暂停 换班", "您的号留着。恢复后再叫您。")
		silent(t, a, "前面还有", "下一个就是您", "快到您了", "请到 A1 号摊位", "held turn", "held go")
		f.ok(f.Queue.Resume(t.Context(), f.cmd(queue.Ticket{LineID: lines["血压"].ID})))
		for range 4 {
			call()
		}
		a = b.get(page)
		reads(t, a, 200, "轮到您了，请过来")
		if !strings.Contains(a.Body, "held go") {
			t.Error("being called is not shown")
		}
		f.clock.Set(f.clock.Now().Add(time.Minute))
		mine := f.ticket(a).Ticket
		_, err := f.Queue.Recall(t.Context(), f.cmd(mine))
		f.ok(err)
		reads(t, b.get(page), 200, "已经叫了 2 次")
		_, err = f.Queue.Missed(t.Context(), f.cmd(mine))
		f.ok(err)
		reads(t, b.get(page), 200, "下一个就是您", "刚才过号了，已为您往后排三位")
		call()
		_, err = f.Queue.Missed(t.Context(), f.cmd(mine))
		f.ok(err)
		a = b.get(page)
		reads(t, a, 200, "已过号", "请到摊位问一声，或者重新取号")
		silent(t, a, `http-equiv="refresh"`, `/leave"`, "下一场：") // today is not over
		f.until(at(11, 19, 11, 50))
		a = b.get(page)
		reads(t, a, 200, "已过号", "想办的话，请下一场再来取号。", "下一场：12月19日 周六")
		silent(t, a, "请到摊位问一声", "请到 A1 号摊位")
	})
}

// Two people who take ten minutes each are not near, whatever their number.
func TestNearIsAMatterOfMinutes(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["耳穴"]
		f.numbers(line.ID, 2)
		b := f.browser()
		page := f.take(b, line.ID).Path
		if a := b.get(page); strings.Contains(a.Body, "held turn") || !strings.Contains(a.Body, ":false:false") {
			t.Error("twenty minutes are near")
		}
		_, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: line.ID}))
		f.ok(err)
		reads(t, b.get(page), 200, "前面还有 1 位", "快到您了")
	})
}

// Nobody is sent to a booth where nobody stands, called or near.
func TestAReleasedBoothCallsNobody(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		b, c := f.browser(), f.browser()
		called, near := f.take(b, line.ID).Path, f.take(c, line.ID).Path
		_, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: line.ID}))
		f.ok(err)
		reads(t, b.get(called), 200, "轮到您了", "请到 A1 号摊位")
		f.ok(f.db.Update(t.Context(), func(tx *db.Tx) error {
			return f.Queue.BoothReleased(tx, event.BoothReleased{Day: event.Day{DayID: f.day.ID}, AssignmentID: line.AssignmentID})
		}))
		for _, a := range []answer{b.get(called), c.get(near)} {
			reads(t, a, 200, "暂停 摊主离开，请等工作人员安排", "您的号留着。恢复后再叫您。")
			silent(t, a, "轮到您了", "下一个就是您", "快到您了", "请到 A1 号摊位", "held go", "held turn", "请到")
		}
	})
}

// A number that will hardly be called today says so; it can be taken all the
// same, because it comes first next time.
func TestTheDayMayEndBeforeTheTurn(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		f.numbers(line.ID, 5)
		b, day, late := f.browser(), "/d/"+f.day.ID, "今天可能轮不到。没轮到的，下一场排在前面。"
		mine := f.take(b, line.ID).Path
		a := b.get(day)
		reads(t, a, 200, "约 ")
		if strings.Contains(readable(t, a.Body), late) {
			t.Error("late though there is time")
		}
		f.clock.Set(line.ClosesAt.Add(-5 * time.Minute))
		for _, a := range []answer{b.get(day), b.get(mine), f.desk().get("/desk/xiangyang")} {
			reads(t, a, 200, late)
			if strings.Contains(readable(t, a.Body), "约 ") {
				t.Errorf("%s says a time that goes beyond the closing", a.Path)
			}
		}
		reads(t, f.browser().get(day), 200, "取号")
		f.take(f.browser(), line.ID)
	})
}

func TestAnItemIsCollected(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["磨刀"].ID
		b := f.browser()
		page := f.take(b, line).Path
		n, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: line}))
		f.ok(err)
		_, err = f.Queue.Accept(t.Context(), f.cmd(n))
		f.ok(err)
		reads(t, b.get(page), 200, "东西已收下，好了就能取")
		_, err = f.Queue.Ready(t.Context(), f.cmd(n))
		f.ok(err)
		reads(t, b.get(page), 200, "东西好了，请来取", "请到 B1 号摊位")
		reads(t, b.get("/d/"+f.day.ID), 200, "可以取件：1")
		_, err = f.Queue.Serve(t.Context(), f.cmd(n))
		f.ok(err)
		a := b.get(page)
		reads(t, a, 200, "已完成", "说说您满意吗")
		silent(t, a, `/leave"`)
	})
}

func TestLeavingAndComingBack(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		b := f.browser()
		page := f.take(b, line).Path
		a := b.send(page, page+"/leave")
		reads(t, a, 200, "这个号已经不要了。", "还要这个号", "9:10 以前可以要回来")
		left := b.fill(a.Body, page+"/stay")
		a = b.post(page+"/stay", left)
		reads(t, a, 200, "号已恢复", "下一个就是您")
		reads(t, b.post(page+"/stay", left), 409, "最近十分钟没有可以撤销的", "不要这个号了")
		a = b.send(page, page+"/leave")
		f.clock.Set(at(11, 19, 9, 11))
		silent(t, b.get(page), "/stay")
		reads(t, b.post(page+"/stay", b.fill(a.Body, page+"/stay")), 409, "最近十分钟没有可以撤销的")
		if a := b.post(page+"/leave", nil); a.Status != 403 {
			t.Errorf("leaving without our form: %d", a.Status)
		}
		if a := b.post("/t/aaaaaaaaaaaaaaaaaaaaaaaaaa/leave", left); a.Status != 404 {
			t.Errorf("leaving with no number: %d", a.Status)
		}
		reads(t, f.take(b, line), 200, "2") // one may come again
	})
}

// Whoever was not served reads so, and finds the new number there next time.
func TestNotServedComesFirstNextTime(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"].ID
		b := f.browser()
		page := f.take(b, line).Path
		f.until(at(11, 19, 11, 31))
		a := b.get(page)
		reads(t, a, 200, "这一场没有轮到您", "下一场有这项服务时，您排在前面", "下一场：12月19日 周六")
		next, err := f.Scheduler.NextDay(t.Context(), f.place.ID, f.market.ID)
		f.ok(err)
		if !strings.Contains(a.Body, `href="/d/`+next.ID+`"`) {
			t.Error("no way to the next day")
		}
		f.until(at(11, 19, 11, 50))
		f.until(at(12, 1, 12, 0))
		f.day = next
		f.claims(f.doctors)
		f.until(at(12, 19, 9, 0))
		a = b.get(page)
		reads(t, a, 200, "这一场没有轮到您", "看下一场的新号")
		silent(t, a, "下一场：") // the new number leads there
		var to string
		for _, n := range nodes(t, a.Body, "a") {
			if n.FirstChild != nil && n.FirstChild.Data == "看下一场的新号" {
				to = attr(n, "href")
			}
		}
		reads(t, b.get(to), 200, "1", "上一场没轮到，这一场排在前面", "下一个就是您")
		reads(t, b.get("/d/"+next.ID+"/card"), 200, "上一场没轮到，这一场排在前面")
	})
}

// What still waits stands above what is over, whichever was taken first.
func TestTheCardBeginsWithWhatWaits(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		b := f.browser()
		f.numbers(lines["血压"].ID, 2)
		first := f.take(b, lines["磨刀"].ID).Path
		for i, service := range []string{"血压", "耳穴"} {
			f.clock.Set(at(11, 19, 9, 1+i))
			f.take(b, lines[service].ID)
		}
		card := "/d/" + f.day.ID + "/card"
		order := func(want ...string) {
			t.Helper()
			var got []string
			for _, n := range nodes(t, b.get(card).Body, "h2") {
				got = append(got, n.FirstChild.Data)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		order("磨刀", "血压", "耳穴")
		b.send(first, first+"/leave")
		order("血压", "耳穴", "磨刀")
	})
}

func TestDeletingOnesData(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		lines := f.opened()
		b := f.browser()
		page := f.take(b, lines["血压"].ID).Path
		f.take(b, lines["磨刀"].ID)
		card, day := b.cookie(cardCookie), "/d/"+f.day.ID
		a := b.send(day+"/card", day+"/card/forget")
		reads(t, a, 200, "您的数据已删除")
		silent(t, a, "您的号")
		if b.cookie(cardCookie) != "" {
			t.Error("the browser keeps the card")
		}
		reads(t, b.get(page), 404)
		reads(t, b.get(day+"/card"), 200, "您还没有取号")
		if l := f.lines()["血压"]; l.Waiting != 0 || l.Issued != 1 {
			t.Errorf("%+v", l)
		}
		next := f.take(b, lines["血压"].ID)
		if b.cookie(cardCookie) == card || b.cookie(cardCookie) == "" {
			t.Error("the new card can be tied to the old one")
		}
		// From the number's own page, by the holder of a slip too.
		slip := f.browser()
		reads(t, slip.send(next.Path, next.Path+"/forget"), 200, "您的数据已删除")
		reads(t, b.get(next.Path), 404)
		if a := slip.post(page+"/forget", nil); a.Status != 403 {
			t.Errorf("without our form: %d", a.Status)
		}
	})
}

func TestTheQRCodeOfANumber(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		b := f.browser()
		a := b.get(f.take(b, f.opened()["血压"].ID).Path + "/qr.svg")
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "image/svg+xml" || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", a.Status, a.Header)
		}
		if !strings.HasPrefix(a.Body, "<svg ") || strings.Count(a.Body, "h1v1h-1z") < 300 || len(a.Body) > 30<<10 {
			t.Errorf("%d bytes: %.200s", len(a.Body), a.Body)
		}
	})
}
