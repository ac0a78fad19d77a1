package web

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
	"rsc.io/qr"

	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/scheduler"
)

// office is where the organizers of the page's community work.
func (p page) office() string { return "/o/" + p.Community.Slug }

// organizes reports whether the reader works in the page's community; an admin
// sees some of its pages without.
func (p page) organizes() bool { return p.Actor.Is(account.Organizer, p.Community.ID) }

// quiet is the form of a button: nothing to fill in, nothing wrong.
func (p page) quiet() form { return p.Logout }

// localDate is the community's today.
func localDate(k scheduler.Community, t time.Time) scheduler.Date {
	return scheduler.DateOf(t, zoneOf(k.TimeZone))
}

// qrPath draws a QR code as one path of unit squares; size is its width with
// the quiet zone around it. A text too long for a code has none.
func qrPath(content string) (path string, size int) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return "", 0
	}
	const margin = 4
	var b strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	return b.String(), code.Size + 2*margin
}

// table is a list of rows inside a form: the field of column "code" in row 2
// of "booths" is called "booths[2].code", as faults call it.
type table struct {
	list string
	cols []string
}

func (t table) at(i int, col string) string {
	if col == "" {
		return t.list + "[" + strconv.Itoa(i) + "]"
	}
	return t.list + "[" + strconv.Itoa(i) + "]." + col
}

// count says how many rows were sent; the first column is always sent.
func (t table) count(has func(name string) bool) int {
	n := 0
	for has(t.at(n, t.cols[0])) {
		n++
	}
	return n
}

// names are the fields of n rows.
func (t table) names(n int) (out []string) {
	for i := range n {
		out = append(out, t.at(i, ""))
		for _, c := range t.cols {
			out = append(out, t.at(i, c))
		}
	}
	return out
}

// rows is how many rows of the table the form has.
func (f form) rows(t table) int {
	n, counted := f.sizes[t.list]
	if !counted {
		n = t.count(f.values.Has)
		f.sizes[t.list] = n
	}
	return n
}

// keep returns the form with some rows only; those below move up.
func (f form) keep(t table, wanted func(row int) bool) form {
	n, to := f.rows(t), 0
	for i := range n {
		if !wanted(i) {
			continue
		}
		for _, c := range t.cols {
			f.values[t.at(to, c)] = f.values[t.at(i, c)]
		}
		to++
	}
	for i := to; i < n; i++ {
		for _, c := range t.cols {
			delete(f.values, t.at(i, c))
		}
	}
	f.sizes[t.list] = to
	return f
}

// drop returns the form without one row.
func (f form) drop(t table, row int) form {
	return f.keep(t, func(i int) bool { return i != row })
}

// add returns the form with n more empty rows at the end; given are names and
// values of the columns that begin filled.
func (f form) add(t table, n int, given ...string) form {
	for range n {
		i := f.rows(t)
		for _, c := range t.cols {
			f.names = append(f.names, t.at(i, c))
		}
		f.names = append(f.names, t.at(i, ""))
		f.values[t.at(i, t.cols[0])] = []string{""}
		for g := 0; g+1 < len(given); g += 2 {
			f.values[t.at(i, given[g])] = given[g+1 : g+2]
		}
		f.sizes[t.list] = i + 1
	}
	return f
}

// compact returns a copy of the form without the rows whose first column is empty and
// that say nothing else but what is chosen for them (the columns of ignore).
func (f form) compact(t table, ignore ...string) form {
	f.values, f.sizes = maps.Clone(f.values), maps.Clone(f.sizes)
	return f.keep(t, func(i int) bool {
		return slices.ContainsFunc(t.cols, func(c string) bool { return f.Get(t.at(i, c)) != "" && !slices.Contains(ignore, c) })
	})
}

// sheet reads a form that holds tables beside its single fields.
func (c *call) sheet(tables []table, names ...string) form {
	sent := c.Request().PostForm
	for _, t := range tables {
		names = append(names, t.names(t.count(sent.Has))...)
	}
	return c.form(names...)
}

// pressed reads what a button of the form asks for: "drop:booths:3".
func (f form) pressed() (what, list string, row int) {
	parts := strings.Split(f.Get("step"), ":")
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	row, err := strconv.Atoi(parts[2])
	if err != nil {
		row = -1
	}
	return parts[0], parts[1], row
}

// listed splits what somebody wrote as a list: by commas, 、, ; or line breaks.
func listed(s string) (out []string) {
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",,、;;\n\t", r) }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// number reads a whole number, also one typed in full-width digits; empty is 0.
func (f form) number(name string) (int, error) { return wholeNumber(name, f.Get(name)) }

func wholeNumber(name, s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(norm.NFKC.String(s))
	if err != nil || n < -1_000_000_000 || n > 1_000_000_000 {
		return 0, fault.Invalid("office.number", name, "%q is not a whole number", s)
	}
	return n, nil
}

// hundredths reads a decimal number with at most two digits after the point, as
// hundredths: metres as centimetres, yuan as fen; empty is 0.
func (f form) hundredths(name string) (int, error) {
	s := f.Get(name)
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(norm.NFKC.String(s), 64)
	if math.Abs(v) > 1e6 { // also where it is too large to be read
		return 0, fault.Invalid("office.decimal_range", name, "must be 0 to 1000000")
	}
	if err != nil || math.IsNaN(v) {
		return 0, fault.Invalid("office.decimal", name, "%q is not a number", s)
	}
	if v < 0 {
		return int(v*100 - 0.5), nil
	}
	return int(v*100 + 0.5), nil
}

// decimal writes hundredths as people do: 350 is 3.5; 0 is empty.
func decimal(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(n)/100, 'f', -1, 64)
}

// known is the text of a key in the reader's language, or the word itself for
// one that has none: categories and features may be anybody's own.
func known(lang, prefix, word string) string {
	if key := prefix + word; text.Has(lang, key) {
		return text.T(lang, key, nil)
	}
	return word
}
