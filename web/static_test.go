package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// An asset or icon that a page names and nobody has drawn would be an empty
// address: every name in the sources is looked up.
func TestEveryNamedAssetExists(t *testing.T) {
	sources, _ := filepath.Glob("*.templ")
	more, _ := filepath.Glob("*.go")
	asked, drawn := regexp.MustCompile(`(?:asset|Modules = \[\]string\{|, )\(?"([a-z_]+\.(?:css|js|svg|mp3))"`), regexp.MustCompile(`\bicon(?:\(|: ?)"([a-z-]+)"`)
	sprite := string(assets.files[asset("icons.svg")].raw)
	found := 0
	for _, file := range append(sources, more...) {
		if strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(raw), -1) {
			if found++; asset(m[1]) == "" {
				t.Errorf("%s names %s, which does not exist", file, m[1])
			}
		}
		for _, m := range drawn.FindAllStringSubmatch(string(raw), -1) {
			if found++; !strings.Contains(sprite, `id="`+m[1]+`"`) {
				t.Errorf("%s names the icon %s, which does not exist", file, m[1])
			}
		}
	}
	if found < 10 {
		t.Fatalf("only %d names found: the patterns of this test are out of date", found)
	}
}

// A change of an inner module changes the address of every module above it:
// else a browser would keep the old one for a year.
func TestModulesImportByFingerprint(t *testing.T) {
	build := func(inner string) library {
		l := library{address: map[string]string{}, files: map[string]file{}}
		l.built(fstest.MapFS{
			"a.js": {Data: []byte(`import { x } from "./b.js";`)},
			"b.js": {Data: []byte(`export * from "./c.js";`)},
			"c.js": {Data: []byte(inner)},
		})
		return l
	}
	one, two := build("export const x = 1"), build("export const x = 2")
	for _, n := range []string{"a.js", "b.js", "c.js"} {
		if one.address[n] == two.address[n] || one.address[n] == "" {
			t.Errorf("%s keeps the address %q when c.js changes", n, one.address[n])
		}
	}
	if got := string(one.files[one.address["a.js"]].raw); got != `import { x } from "`+one.address["b.js"]+`";` {
		t.Errorf("a.js says %s", got)
	}
}

// Every import in the modules we ship leads to a fingerprint.
func TestNoModuleImportsAPlainName(t *testing.T) {
	for name, at := range assets.address {
		if strings.HasSuffix(name, ".js") && strings.Contains(string(assets.files[at].raw), `from "./`) {
			t.Errorf("%s imports a name that no browser finds", name)
		}
	}
}

func TestTheStylesheetIsWhole(t *testing.T) {
	css := string(assets.files[asset("app.css")].raw)
	for name, only := range map[string]string{"work.css": ".tabs{", "wall.css": ".wall{", "kiosk.css": ".kiosk{"} {
		if sheet := string(assets.files[asset(name)].raw); strings.Contains(css, only) || !strings.Contains(sheet, only) {
			t.Errorf("%s is not apart from the sheet of all", name)
		}
	}
	if strings.Contains(css, "/*") || strings.Count(css, "{") != strings.Count(css, "}") {
		t.Error("the stylesheet keeps comments or its braces do not meet")
	}
	if a, b := strings.Index(css, "--paper"), strings.Index(css, "@media print"); a < 0 || b < a {
		t.Error("the sheets are not in the order of their numbers")
	}
}

// A text over several lines would lose what its lines are moved in by.
func TestNoTextOfAModuleGoesOverSeveralLines(t *testing.T) {
	names, err := fs.Glob(staticFiles, "static/*.js")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		for i, line := range strings.Split(string(read(staticFiles, n)), "\n") {
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%s:%d: %s", n, i+1, line)
			}
		}
	}
}
