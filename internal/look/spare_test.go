//go:build !race

package look

import (
	"fmt"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/demo/stage"
)

// stock is the line of things that run out.
func stock(t *testing.T, w *stage.World) queue.Line {
	t.Helper()
	all, err := w.App.Queue.Lines(t.Context(), w.CommunityID, w.Day)
	for _, l := range all {
		if l.Kind == queue.Stock && (l.State == queue.LineOpen || l.State == queue.LineSoldOut) {
			return l
		}
	}
	t.Fatal("no line has a stock", err)
	return queue.Line{}
}

// pieces lets so many of them be left.
func pieces(t *testing.T, w *stage.World, n int) queue.Line {
	t.Helper()
	l := stock(t, w)
	if _, err := w.App.Queue.AddStock(t.Context(), about(w, l), n-l.StockLeft); err != nil {
		t.Fatal(err)
	}
	return l
}

// block is what the desk has been lent last of a line.
func block(t *testing.T, w *stage.World, line string) (b struct {
	ID     string `db:"id"`
	Device string `db:"device"`
	First  int    `db:"first"`
	Last   int    `db:"last"`
}) {
	t.Helper()
	err := w.App.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Get(&b, `SELECT id, device, first, last FROM queue_blocks WHERE line_id = $1 ORDER BY first DESC LIMIT 1`, line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Things that run out, without a network: the desk has a fifth of what was left and
// no more, one number is taken back, one comes home too late and is said in words.
func TestDeskRunsOutWithoutANetwork(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	l := pieces(t, w, 33)
	left := func() int { return stock(t, w).StockLeft }
	browser.With(t, browser.Options{Width: 320, Touch: true}, func(p *browser.Page) {
		stocked(p, w, w.Base)
		if b := block(t, w, l.ID); b.Last-b.First+1 != 6 || left() != 27 {
			t.Fatalf("of 33 pieces the desk has numbers %d to %d, %d are left", b.First, b.Last, left())
		}
		button, last := "#line-"+l.ID+" button", 0
		p.Offline(true)
		for range 6 {
			p.Press(button)
			last = slipNumber(p, last)
		}
		p.Press("撤销这个号")
		p.WaitFor("it says so", `document.body.innerText.includes("这个号已撤销")`)
		p.Press(button)
		p.WaitFor("the desk has no more", `document.querySelector("#lost [data-why=none_left]").checkVisibility()`)
		online(t, w, l.ID, left())
		p.Offline(false)
		p.WaitFor("all are home", `!document.body.innerText.includes("未同步") && !document.body.innerText.includes("网络不通")`)
		if !p.Has("刚才的号还没有发出") {
			t.Error("the desk does not say that the last tap gave nothing")
		}
		if tk := ticket(t, w, l.ID, last); tk.State != queue.Left {
			t.Errorf("the number taken back is %s", tk.State)
		}
		if tk := ticket(t, w, l.ID, last-1); tk.State != queue.Waiting || left() != 1 {
			t.Errorf("the number before is %s, %d pieces are left", tk.State, left())
		}

		before := block(t, w, l.ID).ID
		pieces(t, w, 20)
		p.WaitFor("a fifth of the new pieces is lent, and others see that", fmt.Sprintf(`document.querySelector("#line-%s [data-stock]").textContent === "还剩 16 份"`, l.ID))
		b := block(t, w, l.ID)
		if b.ID == before {
			t.Fatal("nothing was lent of the new pieces")
		}
		p.Offline(true)
		p.Press(button)
		late := slipNumber(p, last)
		if err := w.App.Queue.End(t.Context(), w.CommunityID, b.ID, b.Device, "test"); err != nil {
			t.Fatal(err)
		}
		online(t, w, l.ID, left())
		p.Offline(false)
		p.WaitFor("the desk is told", `document.querySelector("#net [data-say=refused]").checkVisibility()`)
		if got := p.Text("#net [data-say=refused] li"); got != fmt.Sprintf("%d 号 %s\n已经发完了，请居民不用再等。", late, l.Service) {
			t.Errorf("the desk reads %q", got)
		}
		p.Press("知道了")
		p.WaitFor("it is done", `!document.querySelector("#net [data-say=refused]").checkVisibility()`)
		p.Reload()
		if p.Has("这些号没能补上") {
			t.Error("it says so again")
		}
		broken, err := w.App.DB.Check(t.Context(), queue.Invariants)
		if err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v %v", broken, err)
		}
	})
}
