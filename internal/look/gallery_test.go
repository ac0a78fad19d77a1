//go:build gallery

package look

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yiji/internal/browser"
	"yiji/internal/demo/stage"
)

const galleryFolder = "../../docs/gallery"

// shot is one picture of the gallery.
type shot struct {
	row
	moment stage.Moment
	width  int
	lang   string
	theme  string
	front  string // of a picture on the README's first page: its name
}

// fronts are the README's three pictures: one telephone for each audience.
var fronts = map[string]string{"ticket-waiting": "resident", "/p/:community/lines/:line": "partner", "/o/:community": "organizer"}

func (s shot) file() string {
	if s.front != "" {
		return s.front + ".webp"
	}
	parts := []string{s.title(), string(s.moment), fmt.Sprint(s.width)}
	if s.lang != "" {
		parts = append(parts, s.lang)
	}
	if s.theme != "" {
		parts = append(parts, s.theme)
	}
	return strings.Join(parts, "_") + ".webp"
}

// shots are every page at its moments, small and wide; the most important ones
// in all languages and themes, too.
func shots() (out []shot) {
	for _, r := range pages {
		if r.not != "" {
			continue
		}
		for _, m := range r.at {
			out = append(out, shot{row: r, moment: m, width: 320}, shot{row: r, moment: m, width: 1080})
		}
		if !r.main {
			continue
		}
		if name := fronts[cmp.Or(r.name, r.path)]; name != "" {
			out = append(out, shot{row: r, moment: stage.Busy, width: 390, front: name})
		}
		m := r.at[len(r.at)/2]
		for _, lang := range []string{"zh-Hant", "en"} {
			out = append(out, shot{row: r, moment: m, width: 320, lang: lang})
		}
		for _, theme := range []string{"dark", "contrast", "outdoor"} {
			out = append(out, shot{row: r, moment: m, width: 320, theme: theme})
		}
	}
	return out
}

// TestGallery takes all pictures and writes them with a page that shows them.
func TestGallery(t *testing.T) {
	if !browser.Have(t) {
		t.Fatal("no browser, no pictures")
	}
	old, _ := filepath.Glob(filepath.Join(galleryFolder, "*.webp"))
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(galleryFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	worlds := map[stage.Moment]*stage.World{}
	for _, m := range stage.Moments {
		worlds[m] = stage.Open(t, m)
	}
	all := shots()
	t.Run("shot", func(t *testing.T) {
		for _, s := range all {
			t.Run(s.file(), func(t *testing.T) {
				t.Parallel()
				take(t, s, worlds[s.moment])
			})
		}
	})
	if err := os.WriteFile(filepath.Join(galleryFolder, "README.md"), []byte(album(all)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, s shot, w *stage.World) {
	browser.With(t, browser.Options{Width: s.width}, func(p *browser.Page) {
		s.enter(p, w)
		if s.lang != "" {
			p.Cookie(w.Base, "yiji_lang", s.lang)
		}
		p.Cookie(w.Base, themeCookie, s.theme)
		p.Open(s.address(w))
		picture := p.Screenshot
		if s.front != "" {
			picture = p.Screen
		}
		if err := os.WriteFile(filepath.Join(galleryFolder, s.file()), picture(), 0o644); err != nil {
			t.Error(err)
		}
		p.Problems() // TestEveryPage's to judge
	})
}

// album is the page of the gallery: a row a page and moment.
func album(all []shot) string {
	var b strings.Builder
	b.WriteString("# Gallery\n\nWritten by `make screenshots`: every page at the moments that matter, 320 and 1080 pixels wide, in a real browser.\n")
	last := ""
	slices.SortStableFunc(all, func(a, c shot) int { return strings.Compare(a.title(), c.title()) })
	for _, s := range all {
		if s.title() != last {
			last = s.title()
			fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n", last, s.path)
		}
		fmt.Fprintf(&b, "<img src=\"%s\" width=\"%d\" alt=\"%s\">\n", s.file(), min(s.width, 540)*3/4, strings.TrimSuffix(s.file(), ".webp"))
	}
	return b.String()
}
