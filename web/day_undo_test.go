package web

import (
	"context"
	"strings"
	"testing"

	"yiji/internal/db/dbtest"
)

// A step's answer shows what follows from it; when that takes long the page
// says so and looks again.
func TestAfterAStepTheFiguresAreRight(t *testing.T) {
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	slow, hear := false, func() {}
	f := newFair(t, dbtest.Open(t, dbtest.SQLite(t), clock.Now), clock, func(o *Options) {
		o.Heard = func(context.Context) error {
			if slow {
				return context.DeadlineExceeded
			}
			hear()
			return nil
		}
	})
	hear = f.hear
	f.claims(f.doctors)
	b, day := f.organizer(), f.dutyPath()
	wants(t, b.send(day+"/confirm", day+"/confirm"), 200, "排位已确认并公布", "已安排</dt><dd>1</dd>")
	page := b.get(day)
	wants(t, pressIt(b, page, day+"/undo", "撤销确认（还有 10 分钟）"), 200, "已撤销。", "已安排</dt><dd>0</dd>")
	slow = true
	page = b.send(day+"/confirm", day+"/confirm")
	wants(t, page, 200, "数字正在更新", `http-equiv="refresh"`, "已安排</dt><dd>0</dd>")
	slow = false
	page = b.get(day + "?updating=1")
	wants(t, page, 200, "已安排</dt><dd>1</dd>")
	lacks(t, page, "数字正在更新", `http-equiv="refresh"`)
}

// oneGreen holds that one button of a page says what to do next.
func oneGreen(t *testing.T, a answer) {
	t.Helper()
	var green []string
	for _, n := range nodes(t, a.Body, "a", "button") {
		look := " " + attr(n, "class") + " "
		if (n.Data == "button" || strings.Contains(look, " button ")) && !strings.Contains(look, " second ") && !strings.Contains(look, " danger ") &&
			!strings.Contains(look, " quiet ") && !strings.Contains(look, " choose ") {
			green = append(green, plain(attr(n, "href")+" "+look))
		}
	}
	if len(green) != 1 {
		t.Errorf("%d green buttons: %q", len(green), green)
	}
}
