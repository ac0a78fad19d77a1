package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows says which of our packages a package may import, and why that is all.
// "…" stands for a folder with everything below it.
var arrows = map[string][]string{
	"cmd/yiji":                  {"internal/app", "internal/fault", "internal/text", "internal/demo", "scheduler", "booths", "internal/db", "internal/outbox", "internal/account", "internal/seal"}, // flags in, exit code out
	"internal/demo":             {"internal/app", "web", "internal/db", "internal/fault", "internal/text", "scheduler", "booths", "booths/queue", "notify", "internal/account"},                     // drives the real server
	"internal/demo/stage":       {"internal/demo", "internal/app", "internal/db", "internal/db/dbtest", "web", "booths/queue", "internal/account", "notify", "notify/channel", "scheduler"},         // for tests: the played market, stopped
	"internal/look":             {},                                                                                                                                                                 // tests only: every page in a browser
	"internal/app":              {"web", "scheduler", "booths", "booths/queue", "notify", "notify/channel", "internal/account", "internal/live", "internal/bus", "internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/seal", "internal/text"},
	"web":                       {"scheduler", "booths", "booths/queue", "notify", "notify/channel", "internal/account", "internal/live", "internal/outbox", "internal/db", "internal/fault", "internal/text"},
	"scheduler":                 {"internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/text"},
	"booths":                    {"internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/text", "internal/seal"},
	"booths/queue":              {"internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/text"},
	"notify":                    {"notify/channel", "internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/text", "internal/seal"},
	"notify/channel":            {"internal/fault", "internal/text"},
	"internal/account":          {"internal/outbox", "internal/db", "internal/event", "internal/fault", "internal/text", "internal/seal"},
	"internal/backup":           {"internal/db", "internal/fault"},
	"internal/browser":          {},                                                                                     // for tests: knows pages, not ours
	"internal/live":             {"booths/queue", "internal/outbox", "internal/db", "internal/event", "internal/fault"}, // shows what the queue says, stores nothing
	"internal/bus":              {"internal/outbox", "internal/db", "internal/event", "internal/fault"},
	"internal/outbox":           {"internal/db", "internal/event"},
	"internal/db":               {"internal/fault", "migrations"},
	"internal/db/dbtest":        {"internal/db"},
	"internal/db/dbtest/withpg": {"internal/db/dbtest"},
	"internal/event":            {},
	"internal/fault":            {},
	"internal/seal":             {},
	"internal/text":             {},
	"internal/arch":             {},
	"migrations":                {},
}

// homes says where a dependency may be imported: one place knows each.
var homes = map[string][]string{
	"github.com/robfig/cron":              {"scheduler"},
	"github.com/6tail/lunar-go":           {"scheduler"},
	"github.com/ThreeDotsLabs/watermill":  {"internal/bus"},
	"github.com/nats-io":                  {"internal/bus"},
	"github.com/labstack/echo":            {"web"},
	"github.com/a-h/templ":                {"web"},
	"github.com/jmoiron/sqlx":             {"internal/db", "internal/db/dbtest"},
	"github.com/lib/pq":                   {"internal/db"},
	"modernc.org/sqlite":                  {"internal/db"},
	"github.com/pressly/goose":            {"internal/db"},
	"github.com/alecthomas/kong":          {"cmd/yiji"},
	"github.com/wneessen/go-mail":         {"notify/channel"},
	"github.com/alexedwards/argon2id":     {"internal/account"},
	"github.com/prometheus/client_golang": {"internal/app"},
	"github.com/xuri/excelize":            {"booths", "web"},
	"github.com/arran4/golang-ical":       {"web"},
	"rsc.io/qr":                           {"web"},
	"github.com/mozillazg/go-pinyin":      {"booths"},
	"github.com/cheggaaa/pb":              {"cmd/yiji", "internal/demo"},
	"github.com/chromedp":                 {"internal/browser"},
}

// Sizes: what one reads in one go.
const (
	fileMost, fileP90 = 500, 300
	funcMost, funcP90 = 80, 35
	paramsMost        = 4
)

type source struct {
	pkg  string // folder below the root, with slashes
	path string
	test bool
	file *ast.File
	set  *token.FileSet
}

const root = "../.."

// sources parses every Go file we wrote: not generated, not the bench module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "bench" || name == "testdata" || name == "node_modules" || (strings.HasPrefix(name, ".") && p != root)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_templ.go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		all = append(all, source{pkg: filepath.ToSlash(rel), path: p, test: strings.HasSuffix(name, "_test.go"), file: f, set: set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Fatalf("only %d files found: the test looks in the wrong place", len(all))
	}
	return all
}

func imports(s source) (out []string) {
	for _, i := range s.file.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

func TestArrows(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		allowed, known := arrows[s.pkg]
		if !known {
			t.Errorf("%s: package %s has no row in arrows: say whom it may import", s.path, s.pkg)
			continue
		}
		for _, i := range imports(s) {
			own, ours := strings.CutPrefix(i, "yiji/")
			if ours && !slices.Contains(allowed, own) && own != s.pkg && !strings.HasPrefix(own, s.pkg+"/templates") {
				t.Errorf("%s imports %s: no arrow leads there", s.path, own)
			}
		}
	}
}

func TestHomes(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, i := range imports(s) {
			for dep, home := range homes {
				if i != dep && !strings.HasPrefix(i, dep+"/") {
					continue
				}
				used[dep] = true
				if !s.test && !slices.Contains(home, s.pkg) {
					t.Errorf("%s imports %s, whose home is %v", s.path, i, home)
				}
			}
		}
	}
	for _, pillar := range []string{"github.com/robfig/cron", "github.com/ThreeDotsLabs/watermill", "github.com/labstack/echo", "github.com/jmoiron/sqlx", "github.com/lib/pq"} {
		if !used[pillar] {
			t.Errorf("pillar %s is not used", pillar)
		}
	}
}

// No table is read by a package that does not own it: domains hear each
// other's events instead. A table's owner is the prefix of its name.
func TestTablesHaveOneReader(t *testing.T) {
	prefixes := map[string]string{"booths_": "booths", "queue_": "booths/queue", "notify_": "notify", "account_": "internal/account"}
	for _, s := range sources(t) {
		if s.test || s.pkg == "internal/arch" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			words := strings.FieldsFunc(lit.Value, func(r rune) bool {
				return !(r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z')
			})
			for i, w := range words {
				if i == 0 || !slices.Contains([]string{"FROM", "JOIN", "INTO", "UPDATE"}, words[i-1]) {
					continue
				}
				for prefix, owner := range prefixes {
					if strings.HasPrefix(w, prefix) && s.pkg != owner {
						t.Errorf("%s: %s touches table %s of %s", s.set.Position(lit.Pos()), s.pkg, w, owner)
					}
				}
			}
			return true
		})
	}
}

func TestEveryPackageAndExportedNameIsDocumented(t *testing.T) {
	doc := map[string]bool{}
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		seen[s.pkg] = true
		if s.file.Doc != nil {
			doc[s.pkg] = true
		}
		for _, d := range s.file.Decls {
			undocumented(s, d, func(pos token.Pos, name string) {
				t.Errorf("%s: %s is exported and not documented", s.set.Position(pos), name)
			})
		}
	}
	for pkg := range seen {
		if !doc[pkg] {
			t.Errorf("package %s has no doc comment", pkg)
		}
	}
}

func undocumented(s source, d ast.Decl, report func(token.Pos, string)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
			report(d.Pos(), d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					report(spec.Pos(), spec.Name.Name)
				}
			case *ast.ValueSpec:
				if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					report(spec.Pos(), spec.Names[0].Name)
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if g, ok := t.(*ast.IndexExpr); ok {
		t = g.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

func TestSizes(t *testing.T) {
	var files, funcs []int
	for _, s := range sources(t) {
		lines := s.set.File(s.file.Pos()).LineCount()
		if lines > fileMost {
			t.Errorf("%s has %d lines, at most %d", s.path, lines, fileMost)
		}
		if s.test {
			continue
		}
		files = append(files, lines)
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			funcs = append(funcs, n)
			if n > funcMost {
				t.Errorf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, n, funcMost)
			}
			if p := params(f); p > paramsMost {
				t.Errorf("%s: %s has %d parameters after ctx, at most %d", s.path, f.Name.Name, p, paramsMost)
			}
		}
	}
	if p := p90(files); p > fileP90 {
		t.Errorf("nine of ten files have up to %d lines, want %d", p, fileP90)
	}
	if p := p90(funcs); p > funcP90 {
		t.Errorf("nine of ten functions have up to %d lines, want %d", p, funcP90)
	}
}

func params(f *ast.FuncDecl) (n int) {
	for i, p := range f.Type.Params.List {
		if sel, ok := p.Type.(*ast.SelectorExpr); i == 0 && ok && sel.Sel.Name == "Context" {
			continue
		}
		n += max(1, len(p.Names))
	}
	return n
}

func p90(ns []int) int {
	slices.Sort(ns)
	return ns[len(ns)*9/10]
}

// Names that say nothing about what is inside are refused.
func TestFolderNames(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains([]string{"utils", "util", "common", "models", "helpers"}, path.Base(s.pkg)) {
			t.Errorf("%s: a folder %s says nothing", s.path, path.Base(s.pkg))
		}
	}
}

// The first half of `make test` runs under the race detector, the second every
// test of these folders without it, and of web only the tests named TestPhone:
// a test that says "not raced" anywhere else would never run.
func TestEveryTestRuns(t *testing.T) {
	second := []string{"internal/look", "internal/browser", "internal/demo", "internal/demo/stage"}
	n := 0
	for _, s := range sources(t) {
		if !s.test || slices.Contains(second, s.pkg) || !notRaced(s.file) {
			continue
		}
		n++
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && strings.HasPrefix(f.Name.Name, "Test") && (s.pkg != "web" || !strings.HasPrefix(f.Name.Name, "TestPhone")) {
				t.Errorf("%s: %s is run in neither half", s.path, f.Name.Name)
			}
		}
	}
	if n == 0 {
		t.Error("no such file was found: the test looks in the wrong place")
	}
}

func notRaced(f *ast.File) bool {
	return len(f.Comments) > 0 && f.Comments[0].Pos() < f.Package && strings.Contains(f.Comments[0].List[0].Text, "go:build !race")
}
