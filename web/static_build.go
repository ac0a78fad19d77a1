package web

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The files of static/ are put together once, when the program starts: no tool
// has to run before "go build", and what is read here is what was written.
//
//	css/NN-name.css → app.css     one stylesheet, in the order of the numbers
//	                → work.css    what only consoles need, 50 to 59: a telephone in the
//	                              street does not load it
//	                → wall.css    what only the screen on the wall needs, 60 to 69
//	                → kiosk.css   what only the tablet at the entrance needs, from 80
//	icons/name.svg  → icons.svg   one sprite, a symbol a file
//	name.js         → itself      with its imports led to their fingerprints

// built adds the files that stand for several.
func (l library) built(dir fs.FS) {
	l.add("app.css", stylesheet(dir, "css/[1-4]*.css", "css/7*.css"))
	l.add("work.css", stylesheet(dir, "css/5*.css", "css/7*.css")) // paper has the last word in both
	l.add("wall.css", stylesheet(dir, "css/6*.css"))
	l.add("kiosk.css", stylesheet(dir, "css/8*.css"))
	l.add("icons.svg", sprite(dir))
	for _, name := range inOrder(dir) {
		l.add(name, l.linked(read(dir, name)))
	}
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s*\n\s*`)
	cssTight   = regexp.MustCompile(`\s*([{};])\s*`)
)

// stylesheet joins the sheets of the patterns and leaves out what browsers do
// not read.
func stylesheet(dir fs.FS, patterns ...string) []byte {
	var names []string
	for _, p := range patterns {
		some, _ := fs.Glob(dir, p)
		names = append(names, some...)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		s := cssComment.ReplaceAllString(string(read(dir, n)), "")
		s = cssSpace.ReplaceAllString(s, "\n")
		b.WriteString(strings.TrimPrefix(cssTight.ReplaceAllString(s, "$1"), "\n"))
	}
	return []byte(b.String())
}

var svgBody = regexp.MustCompile(`(?s)<path stroke="none"[^>]*/>|<svg[^>]*>|</svg>|<!--.*?-->`)

// sprite makes one file of all icons (Tabler, 24 × 24, drawn by strokes).
func sprite(dir fs.FS) []byte {
	names, _ := fs.Glob(dir, "icons/*.svg")
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for _, n := range names {
		body := svgBody.ReplaceAllString(string(read(dir, n)), "")
		b.WriteString(`<symbol id="` + strings.TrimSuffix(path.Base(n), ".svg") + `" viewBox="0 0 24 24">`)
		b.WriteString(strings.Join(strings.Fields(body), " ") + `</symbol>`)
	}
	b.WriteString(`</svg>`)
	return []byte(b.String())
}

// moduleImport is how one module of ours names another.
var moduleImport = regexp.MustCompile(`(from|import) "\./([a-z_]+\.js)"`)

// inOrder lists the modules so that each comes after those it imports. One that
// imports itself in a circle comes last and keeps a plain name, which the test
// of the assets finds.
func inOrder(dir fs.FS) []string {
	names, _ := fs.Glob(dir, "*.js")
	slices.Sort(names)
	var out []string
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		if slices.Contains(out, name) || slices.Contains(above, name) {
			return
		}
		for _, m := range moduleImport.FindAllStringSubmatch(string(read(dir, name)), -1) {
			visit(m[2], append(above, name))
		}
		out = append(out, name)
	}
	for _, n := range names {
		visit(n, nil)
	}
	return out
}

// jsForUs is what only we read: lines of comment, and what a line is moved in by
// (no text of a module goes over several lines, the test of the assets says so).
var jsForUs = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]+`)

// linked leads the imports of a module to the addresses that hold a digest, and
// leaves out what browsers do not read.
func (l library) linked(raw []byte) []byte {
	return moduleImport.ReplaceAllFunc(jsForUs.ReplaceAll(raw, nil), func(m []byte) []byte {
		parts := moduleImport.FindSubmatch(m)
		at, ok := l.address[string(parts[2])]
		if !ok {
			return m
		}
		return []byte(string(parts[1]) + ` "` + at + `"`)
	})
}

func read(dir fs.FS, name string) []byte {
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil // not embedded: the test of the assets says so
	}
	return raw
}
