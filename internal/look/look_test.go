//go:build !race

package look

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"yiji/internal/browser"
	"yiji/internal/demo/stage"
)

var widths = []int{320, 390, 1080}

// ways are sizes and themes a reader can choose; the first three are looked at
// on every page for residents, all on the most important ones.
var ways = [][2]string{{"", "light"}, {"2", "dark"}, {"3", "contrast"},
	{"", "dark"}, {"", "contrast"}, {"2", "light"}, {"2", "contrast"}, {"3", "light"}, {"3", "dark"}, {"", "outdoor"}, {"3", "outdoor"}}

const (
	sizeCookie  = "yiji_size"
	themeCookie = "yiji_theme"
)

// eachWay runs a test with scripts and without, on a phone.
func eachWay(t *testing.T, do func(t *testing.T, o browser.Options)) {
	t.Helper()
	for name, off := range map[string]bool{"script": false, "noscript": true} {
		t.Run(name, func(t *testing.T) { do(t, browser.Options{Width: 390, Touch: true, NoScript: off}) })
	}
}

// Every page opens at its moments, in every width, with scripts and without, and
// for residents in sizes and themes; what the checks find there is known.
func TestEveryPage(t *testing.T) {
	if !browser.Have(t) {
		return
	}
	l := newLedger(t)
	worlds := map[stage.Moment]*stage.World{}
	for _, m := range stage.Moments {
		worlds[m] = stage.Open(t, m)
	}
	t.Run("page", func(t *testing.T) {
		for _, r := range pages {
			if r.not != "" {
				continue
			}
			t.Run(r.title(), func(t *testing.T) {
				t.Parallel()
				browser.With(t, browser.Options{Width: widths[0]}, func(p *browser.Page) {
					hear := l.hear(r.title())
					for i, m := range r.at {
						lookAt(p, visit{r, worlds[m], i == 0}, hear)
					}
				})
				l.saw(r.title())
			})
		}
	})
	l.judge()
}

// visit is a page at a moment; what depends on the reader alone is looked at
// at its first.
type visit struct {
	row
	w     *stage.World
	first bool
}

// ways are the sizes and themes the visit deserves.
func (v visit) ways() [][2]string {
	switch {
	case v.bar != browser.Residents || !v.first:
		return ways[:1]
	case v.main:
		return ways
	}
	return ways[:3]
}

// lookAt opens one page in one world in all the ways it deserves.
func lookAt(p *browser.Page, v visit, hear func(string, []browser.Finding)) {
	open := func(how string) {
		if status := p.Open(v.address(v.w)); status != 200 {
			hear(how, []browser.Finding{{Check: "status", At: "html", Say: fmt.Sprintf("%d at %s", status, v.address(v.w))}})
		}
	}
	choose := func(way [2]string) {
		p.Cookie(v.w.Base, sizeCookie, way[0])
		p.Cookie(v.w.Base, themeCookie, way[1])
	}
	v.enter(p, v.w)
	choose([2]string{"", "auto"})
	for _, how := range []string{"noscript", "script"} {
		if how == "noscript" && !v.first { // what it lacks then it lacks at the first moment, too
			continue
		}
		for i, width := range widths {
			p.Dress(func(o *browser.Options) { o.Width, o.NoScript = width, how == "noscript" })
			if i == 0 || v.main {
				open(how)
			}
			hear(fmt.Sprintf("%s %d", how, width), p.Audit(v.bar))
		}
	}
	for i, way := range v.ways() {
		p.Dress(func(o *browser.Options) { o.Width, o.Cached = widths[i%2], true })
		choose(way)
		open("script")
		hear(strings.Join([]string{"size", way[0], way[1]}, " "), append(p.Audit(v.bar), p.Axe(v.bar.Contrast > 4.5)...))
	}
}

var mend = flag.String("ledger", "", "shrink: take away what is no longer found; grow: also add what is found")

const ledgerFile = "testdata/known.txt"

// ledger compares what is found with what is known.
type ledger struct {
	t     *testing.T
	mu    sync.Mutex
	known map[string]bool
	found map[string]string // line → where it was seen first, and how bad
	seen  map[string]bool   // pages looked at
}

func newLedger(t *testing.T) *ledger {
	l := &ledger{t: t, known: map[string]bool{}, found: map[string]string{}, seen: map[string]bool{}}
	f, err := os.Open(ledgerFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" && !strings.HasPrefix(line, "#") {
			l.known[line] = true
		}
	}
	return l
}

func (l *ledger) hear(page string) func(string, []browser.Finding) {
	return func(how string, list []browser.Finding) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, f := range list {
			line := fmt.Sprintf("%s | %s | %s", page, f.Check, f.At)
			if l.found[line] == "" {
				l.found[line] = how + ": " + f.Say
			}
		}
	}
}

// saw ends a page: all that is to be found there has been.
func (l *ledger) saw(page string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[page] = true
	if *mend != "" {
		l.write()
	}
}

// write keeps the ledger as it now is.
func (l *ledger) write() {
	kept := []string{}
	for line := range l.known {
		if page, _, _ := strings.Cut(line, " | "); l.found[line] != "" || !l.seen[page] && hasRow(page) {
			kept = append(kept, line)
		}
	}
	for line := range l.found {
		if page, _, _ := strings.Cut(line, " | "); *mend == "grow" && l.seen[page] && !l.known[line] {
			kept = append(kept, line)
		}
	}
	slices.Sort(kept)
	head := "# What the checks find on pages and nobody has mended yet: page | check | element. It only shrinks.\n"
	if err := os.WriteFile(ledgerFile, []byte(head+strings.Join(append(kept, ""), "\n")), 0o644); err != nil {
		l.t.Error(err)
	}
}

// judge fails on what is not known, and on what is known and no longer there.
func (l *ledger) judge() {
	l.t.Helper()
	for line := range l.known {
		page, _, _ := strings.Cut(line, " | ")
		if (l.seen[page] || !hasRow(page)) && l.found[line] == "" && *mend == "" {
			l.t.Errorf("mended, so take it out of %s (make look-shrink): %s", ledgerFile, line)
		}
	}
	for line, say := range l.found {
		if !l.known[line] && *mend != "grow" {
			l.t.Errorf("found: %s (%s)", line, say)
		}
	}
}

func hasRow(page string) bool {
	return slices.ContainsFunc(pages, func(r row) bool { return r.title() == page && r.not == "" })
}
