package web

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// form is what somebody typed, with what is wrong about it. Nothing typed is
// lost: a page that comes back shows it again.
type form struct {
	Token  string // proves that the form came from a page of ours
	Key    string // idempotency key: stays the same while the form comes back
	values url.Values
	names  []string
	sizes  map[string]int // rows of each table, once they were counted
	lang   string
	fault  *fault.Error
	wrong  map[string]string // the reason beside each field; what is about no field stands under ""
}

// form reads the fields of a form, or begins an empty one on GET. Only the
// named fields exist; a fault about any other field is shown above the form.
func (c *call) form(names ...string) form {
	f := form{Token: c.formToken(), names: names, lang: c.Lang, values: url.Values{}, sizes: map[string]int{}}
	if c.Request().Method == "POST" {
		sent := c.Request().PostForm
		f.Key = sent.Get(keyField)
		for _, n := range names {
			for _, v := range sent[n] {
				f.values.Add(n, tidyText(v))
			}
		}
	}
	if !isHandle(f.Key) {
		f.Key = db.NewID()
	}
	return f
}

// tidyText keeps what was typed but for bytes that are no text.
func tidyText(s string) string {
	if utf8.ValidString(s) {
		return strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Get is the text of a field, without space around it.
func (f form) Get(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is the text of a field as typed, for passwords.
func (f form) Raw(name string) string { return f.values.Get(name) }

// All are all values of a field that may be chosen several times.
func (f form) All(name string) []string { return f.values[name] }

// On reports whether a box is ticked.
func (f form) On(name string) bool { return f.values.Get(name) != "" }

// told reports whether something stands in, or is wrong with, one of the
// columns of a row.
func (f form) told(t table, row int, columns ...string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return f.Get(t.at(row, c)) != "" || f.Wrong(t.at(row, c)) != "" })
}

// Chosen reports whether value is among the values of the field.
func (f form) Chosen(name, value string) bool {
	for _, v := range f.values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// With fills in a field and returns the form, for editing what exists.
func (f form) With(name string, values ...string) form {
	f.values[name] = values
	return f
}

// Failed reports whether the form comes back because something is wrong.
func (f form) Failed() bool { return f.fault != nil }

// failed is the form with what is wrong about it. Each reason finds its field
// here and once: a form may have thousands of fields.
func (f form) failed(err *fault.Error) form {
	f.fault, f.wrong = err, map[string]string{}
	var general []string
	for _, e := range err.All() {
		says := message(f.lang, e)
		if name := f.about(e.Field); name != "" {
			if f.wrong[name] == "" {
				f.wrong[name] = says
			}
			continue
		}
		if inWords(e.Field) || strings.HasPrefix(e.Code, "roster.") && e.Field != "" { // a file's own words
			says += text.T(f.lang, "error.at", text.Args{"place": e.Field})
		}
		if !slices.Contains(general, says) {
			general = append(general, says)
		}
	}
	f.wrong[""] = strings.Join(general, " ")
	return f
}

// Wrong is the reason beside a field, "" when there is none.
func (f form) Wrong(name string) string {
	if name == "" {
		return ""
	}
	return f.wrong[name]
}

// General is the reason that belongs to no field of the form.
func (f form) General() string { return f.wrong[""] }

// written is the form with those reasons only that are about something written.
func (f form) written() form {
	f.wrong = maps.Clone(f.wrong)
	maps.DeleteFunc(f.wrong, func(name, _ string) bool { return f.Get(name) == "" })
	return f
}

// aloud is the form with every reason above it, for a page that does not show
// its fields any more.
func (f form) aloud() form {
	says := slices.DeleteFunc(slices.Sorted(maps.Values(f.wrong)), func(s string) bool { return s == "" })
	f.wrong = map[string]string{"": strings.Join(slices.Compact(says), " ")}
	return f
}

// inWords reports whether a field is said in words, not as programs call it.
func inWords(field string) bool {
	return strings.ContainsFunc(field, func(r rune) bool { return r > unicode.MaxASCII || r == ' ' })
}

// about is the form's field that a fault's field means: the same name, or the
// longest one it lies in ("rule" for "rule.monthly.days[0]").
func (f form) about(field string) string {
	best := ""
	for _, n := range f.names {
		rest, ok := strings.CutPrefix(field, n)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(n) > len(best) {
			best = n
		}
	}
	return best
}
