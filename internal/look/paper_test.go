//go:build !race

package look

import (
	"regexp"
	"strconv"
	"testing"

	"yiji/internal/account"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
	"yiji/internal/text"
)

var mediaBox = regexp.MustCompile(`/MediaBox \[0 0 ([0-9]+)[0-9.]* ([0-9]+)[0-9.]*\]`)

// Every sheet comes out of a printer in its size and on as few pages as it
// should, in every language. Sizes are in points.
func TestSheetsPrint(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	sheets := []struct {
		path          string
		pages         int // at most
		width, height int
	}{
		{"/paper/poster?size=a4", 1, 594, 841}, {"/paper/poster?size=a3", 1, 841, 1190},
		{"/paper/plan?size=a4", 1, 594, 841}, {"/paper/plan?size=a3", 1, 841, 1190},
		{"/paper/signin", 1, 594, 841}, {"/paper/phones", 1, 594, 841},
		{"/paper/slips?count=15", 1, 594, 841},
		{"/paper/slips?count=3&size=roll58", 3, 164, 198}, {"/paper/slips?count=3&size=roll80", 3, 226, 226},
		{"/report", 3, 594, 841},
	}
	w := stage.Open(t, stage.Settled)
	browser.With(t, browser.Options{Width: 1080}, func(p *browser.Page) {
		p.Cookie(w.Base, stage.Cookie, w.Token(account.Organizer))
		for _, lang := range text.Langs {
			p.Cookie(w.Base, "yiji_lang", lang)
			for _, s := range sheets {
				p.Open(w.Base + "/o/" + w.Community + "/days/" + w.Day + s.path)
				n, pdf := p.Printed()
				if n == 0 || n > s.pages {
					t.Errorf("%s %s: %d pages, want %d", lang, s.path, n, s.pages)
				}
				if m := mediaBox.FindSubmatch(pdf); m == nil || !points(string(m[1]), s.width) || !points(string(m[2]), s.height) {
					t.Errorf("%s %s: the paper is %q, want %d × %d", lang, s.path, m, s.width, s.height)
				}
			}
		}
	})
}

// points allows the point by which a browser rounds millimetres.
func points(got string, want int) bool {
	n, err := strconv.Atoi(got)
	return err == nil && n >= want-1 && n <= want+1
}
