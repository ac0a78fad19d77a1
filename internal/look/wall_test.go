//go:build !race

package look

import (
	"strings"
	"testing"

	"yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/demo/stage"
)

// longest is a name of 24 characters, as services have them.
const longest = "中老年人骨密度筛查与营养膳食健康咨询指导服务窗口"

// walls are the screens people hang up: two televisions and one on its side.
var walls = [][2]int{{1920, 1080}, {1280, 720}, {1080, 1920}}

// The wall is read from ten metres: the number 160 px and more, the last call of
// each of twelve lines, names of 24 characters, all of it on the screen without scrolling, whatever
// the market does.
func TestWallIsReadFromAfar(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	browser.With(t, browser.Options{}, func(p *browser.Page) {
		for _, m := range []stage.Moment{stage.Planned, stage.Busy, stage.Settled} {
			w := stage.Open(t, m)
			if m == stage.Planned {
				afar(t, p, w, "before")
				d, err := w.App.Scheduler.Day(t.Context(), w.CommunityID, w.Day)
				if err != nil {
					t.Fatal(err)
				}
				w.Push(d.OpensAt.Sub(w.Now()))
			}
			afar(t, p, w, string(m))
			if m == stage.Busy {
				afar(t, p, w, "twelve lines")
				longNames(t, w)
				c := &caller{t: t, w: w}
				for i := range 6 {
					c.next(i % 2)
				}
				afar(t, p, w, "long names")
				afar(t, p, w, "twelve lines of long names")
			}
		}
		p.Problems()
	})
}

// longNames gives every line the longest name.
func longNames(t *testing.T, w *stage.World) {
	t.Helper()
	err := w.App.DB.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE queue_lines SET service = $1`, longest)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// afar measures the wall in every size.
func afar(t *testing.T, p *browser.Page, w *stage.World, when string) {
	t.Helper()
	for _, size := range walls {
		p.Dress(func(o *browser.Options) { o.Width, o.Height = size[0], size[1] })
		p.Open(w.Base + "/d/" + w.Day + "/screen")
		short := min(size[0], size[1])
		if strings.HasPrefix(when, "twelve") {
			if n := browser.Eval[int](p, `none => {
				const all = document.getElementById("last");
				while (all.children.length % 12) all.append(all.lastElementChild.cloneNode(true));
				for (const n of all.querySelectorAll(".n")) n.textContent = 100 + +n.textContent % 100;
				for (const b of all.querySelectorAll(".booth")) b.textContent = b.textContent.slice(0, 1) + "12";
				return all.children.length;
			}`, nil); n != 12 {
				t.Fatalf("%d lines on the wall", n)
			}
		}
		for _, wrong := range browser.Eval[[]string](p, `(w, h, short) => {
			const out = [], shown = s => [...document.querySelectorAll(s)].filter(e => e.checkVisibility());
			const px = e => parseFloat(getComputedStyle(e).fontSize);
			const least = (s, n) => { for (const e of shown(s)) if (px(e) < n) out.push(s + " has " + px(e) + " px, not " + n); };
			least(".newest .n", Math.max(160, short * .4));
			least(".newest .service", short * .05);
			least(".last .n, .last .booth", short * .07);
			least(".last .service, .ready .service, .rest p", short * .03);
			least("header h1, header p", 20);
			if (document.documentElement.scrollHeight > h || document.documentElement.scrollWidth > w) out.push("it scrolls: " + document.documentElement.scrollWidth + " × " + document.documentElement.scrollHeight);
			if (shown(".newest, .rest").length !== 1) out.push("what it says is not one thing");
			for (const e of shown(".newest > *, .ready > *")) if (e.getBoundingClientRect().bottom > e.parentElement.getBoundingClientRect().bottom) out.push(e.textContent + " is too high");
			for (const e of shown("main .n, main .service, main .booth, main p, header *")) {
				const r = e.getBoundingClientRect();
				if (r.left < 0 || r.right > w + 1 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline") out.push(e.textContent + " does not fit");
			}
			return out;
		}`, size[0], size[1], short) {
			t.Errorf("%s, %d × %d: %s", when, size[0], size[1], wrong)
		}
	}
}
