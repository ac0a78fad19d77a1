//go:build !race

package web

import (
	"strings"
	"testing"

	chrome "yiji/internal/browser"
)

// On a small phone, in every size and in English too: one press leads to the
// partner's other line, nothing that stays lies over what is done with the
// number, and the words of buttons stay whole.
func TestPhoneALineFitsASmallPhone(t *testing.T) {
	watchedFair(t, func(t *testing.T, f *fair) {
		f.opened()
		f.numbers(f.lines()["血压"].ID, 3)
		f.numbers(f.lines()["耳穴"].ID, 3)
		chrome.With(t, chrome.Options{Width: 320, Height: 568}, func(p *chrome.Page) {
			f.at(p, f.doctors.ID, "耳穴")
			p.Press(".lines a:not([aria-current])")
			if l := f.lines()["血压"]; !strings.HasSuffix(p.URL(), l.ID) || p.Text(".lines [aria-current]") != "血压" {
				t.Errorf("one press leads to %s", p.URL())
			}
			p.Press(".thumb button")
			number(p, "1")
			f.clock.Set(at(11, 19, 9, 2)) // may be called again: a third button
			for _, way := range [][2]string{{"1", "zh-Hans"}, {"2", "zh-Hans"}, {"3", "zh-Hans"}, {"1", "en"}, {"2", "en"}, {"3", "en"}} {
				p.Cookie(f.http.URL, sizeCookie, way[0])
				p.Cookie(f.http.URL, langCookie, way[1])
				for _, high := range []int{568, 740, 844} {
					p.Dress(func(o *chrome.Options) { o.Height = high })
					p.Reload()
					if n := chrome.Eval[int](p, `document.querySelectorAll(".stage button").length`); n != 3 {
						t.Fatalf("%d buttons", n)
					}
					covered := chrome.Eval[[]string](p, `[...document.querySelectorAll(".stage button")].filter(b => {
						const r = b.getBoundingClientRect(), bar = document.querySelector(".thumb").getBoundingClientRect();
						return r.bottom > bar.top && r.top < bar.bottom;
					}).map(b => b.innerText)`)
					if len(covered) > 0 {
						t.Errorf("%v, %d high: %v are covered", way, high, covered)
					}
				}
				for _, x := range p.Audit(chrome.Standing) {
					t.Errorf("%v: %s", way, x)
				}
			}
			p.Open(f.http.URL + "/p/xiangyang/days/" + f.day.ID) // in the largest English
			if high := chrome.Eval[float64](p, `document.querySelector(".ground .mine text").getBoundingClientRect().height`); high < 28 {
				t.Errorf("the own booth is written %v px high on the plan", high)
			}
			if said := chrome.Eval[string](p, `[...document.querySelectorAll(".ground .booth text")].map(e => e.textContent).filter(s => s).sort().join(" ")`); said != "A1 B1" {
				t.Errorf("the plan says %q", said)
			}
			if !chrome.Eval[bool](p, `(() => {
				const box = document.querySelector(".counts").parentElement;
				return box.scrollWidth <= box.clientWidth && [...box.querySelectorAll("td.number")].every(e => e.dataset.head);
			})()`) {
				t.Error("the numbers of the day do not fit")
			}
			for _, x := range p.Audit(chrome.Standing) {
				t.Errorf("the day: %s", x)
			}
		})
	})
}
