package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/text"
)

// nonsense is what forms get that nobody means well.
var nonsense = []string{
	"", strings.Repeat("x", 10_000), "👵🏽𠮷野家 👨‍👩‍👧", "مريم العربية", "甲\u202e乙\u2066丙", "\x00\x07\x1b[31m", "\xff\xfe\xcd\xf5", "a\u2028b\u0085c",
	"-1", "NaN", "1e400", "99999999999999999999", "2026-02-31", `<script>alert(1)</script>'"`, "%s%n%00",
}

// paperForm is a form as it stood on a page.
type paperForm struct {
	by     *browser
	action string
	given  url.Values     // everything a browser would send
	typed  []string       // what one types or chooses
	most   map[string]int // their maxlength
	free   []string       // texts of one line or several, without a type of their own
}

// TestNoFormIsThrown posts nonsense into every form of every page: nothing
// breaks, what is wrong is said beside its field, and nothing that turns or
// controls a text is ever kept.
func TestNoFormIsThrown(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.doctors)
		seen := map[string]bool{}
		f.throwAll(seen, map[string]string{"day": f.day.ID})
		f.claims(f.grinder)
		f.claims(f.soy)
		f.until(at(11, 19, 9, 0))
		line := f.lines()["磨刀"].ID
		f.throwAll(seen, map[string]string{"day": f.day.ID, "line": line, "ticket": f.number(line)})
		if len(seen) < 40 {
			t.Errorf("only %d forms: the test looks in the wrong place", len(seen))
		}
		f.nothingOddIsKept()
	})
}

// throwAll throws at the forms of the day as it is, but for those seen already.
func (f *fair) throwAll(seen map[string]bool, values map[string]string) {
	f.t.Helper()
	all := f.forms(values)
	last := []string{"/logout", "/me/forget", "/me/sessions"} // they end what the others need
	for _, key := range slices.Sorted(maps.Keys(all)) {
		form := all[key]
		if seen[key] || slices.Contains(last, form.action) {
			continue
		}
		seen[key] = true
		f.tooLong(form)
		for _, v := range nonsense {
			f.throw(form, v)
		}
	}
}

// forms collects the forms of every page that somebody with every role sees.
func (f *fair) forms(values map[string]string) map[string]paperForm {
	f.t.Helper()
	into := map[string]paperForm{}
	here := account.Role{CommunityID: f.place.ID}
	as := func(kind account.Kind, partner string) *browser {
		r := here
		r.Kind, r.PartnerID = kind, partner
		return f.browser(f.token(r))
	}
	people := []*browser{f.browser(), as(account.Organizer, ""), as(account.Desk, ""), as(account.Partner, f.doctors.ID), f.browser(f.token(account.Role{Kind: account.Admin}))}
	values["community"], values["market"], values["partner"] = f.place.Slug, f.market.ID, f.doctors.ID
	handles := regexp.MustCompile(`[a-z2-7]{26}`)
	param := regexp.MustCompile(`:(\w+)`)
	for _, row := range f.Server.routes() {
		if row.method != get || row.stream || strings.HasPrefix(row.path, "/api/") || strings.HasSuffix(row.path, ".svg") || strings.HasSuffix(row.path, ".xlsx") {
			continue
		}
		known := true
		path := param.ReplaceAllStringFunc(row.path, func(p string) string {
			known = known && values[p[1:]] != ""
			return values[p[1:]]
		})
		for _, b := range people {
			if !known {
				continue
			}
			a := b.get(path)
			if a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
				continue
			}
			for _, n := range nodes(f.t, a.Body, "form") {
				if attr(n, "method") != "post" || attr(n, "enctype") != "" {
					continue
				}
				form := readForm(n, a.Path)
				form.by = b
				key := strings.Join([]string{handles.ReplaceAllString(form.action, ":"), strings.Join(form.typed, ","), form.given.Get("step"), form.given.Get("do")}, "|")
				if _, seen := into[key]; !seen && form.action != "" {
					into[key] = form
				}
			}
		}
	}
	return into
}

// readForm is a form as a browser would send it by its first button.
func readForm(n *html.Node, page string) paperForm {
	form := paperForm{action: attr(n, "action"), given: url.Values{}, most: map[string]int{}}
	if form.action == "" {
		form.action = page
	}
	pressed := false
	for e := range n.Descendants() {
		name, kind := attr(e, "name"), attr(e, "type")
		if e.Data == "button" && (!pressed || strings.Contains(form.given.Get("step"), ":") || attr(e, "value") == "preview") {
			pressed = true
			if to := attr(e, "formaction"); to != "" {
				form.action = to
			}
			if name != "" {
				form.given.Set(name, attr(e, "value"))
			}
		}
		if name == "" {
			continue
		}
		switch e.Data {
		case "textarea", "select":
			form.given.Set(name, "")
			form.typed = append(form.typed, name)
			for o := range e.Descendants() {
				if o.Data == "option" && has(o.Attr, "selected") {
					form.given.Set(name, attr(o, "value"))
				}
			}
		case "input":
			form.given.Add(name, attr(e, "value"))
			if kind != "hidden" {
				form.typed = append(form.typed, name)
			}
		default:
			continue
		}
		if most, err := strconv.Atoi(attr(e, "maxlength")); err == nil {
			form.most[name] = most
		}
		if e.Data == "textarea" || e.Data == "input" && (kind == "" || kind == "text") && attr(e, "inputmode") == "" {
			form.free = append(form.free, name)
		}
	}
	form.typed = slices.Compact(form.typed)
	return form
}

// listsAndRules are texts that are read as lists, rules or files; their elements are judged.
var listsAndRules = regexp.MustCompile(`^(wanted|notice|rule\..*|.*\.(own|accepts|booths|zones)|q)$`)

// tooLong says more than a field takes: it is refused beside the field, with the text kept.
func (f *fair) tooLong(form paperForm) {
	f.t.Helper()
	for _, name := range form.free {
		if form.most[name] == 0 && !listsAndRules.MatchString(name) {
			f.t.Errorf("%s: field %s takes any length", form.action, name)
		}
	}
	for name, most := range form.most {
		long := strings.Repeat("长", most+1)
		a := form.by.post(form.action, with(maps.Clone(form.given), name, long, keyField, db.NewID()))
		if a.Status != 422 || !strings.Contains(a.Body, `id="wrong-`+name+`"`) && !strings.Contains(a.Body, `class="wrong"`) || !strings.Contains(a.Body, long) && strings.Contains(a.Body, ` name="`+name+`"`) {
			f.t.Errorf("%s: %s of %d characters: %d, named %v, kept %v", form.action, name, most+1, a.Status, strings.Contains(a.Body, `id="wrong-`+name+`"`), strings.Contains(a.Body, long))
		}
	}
}

// throw sends one value in every field, then twice in each, then in what is hidden.
func (f *fair) throw(form paperForm, value string) {
	f.t.Helper()
	everywhere, twice, hidden := maps.Clone(form.given), maps.Clone(form.given), maps.Clone(form.given)
	for name := range form.given {
		switch {
		case name == tokenField || name == keyField:
		case slices.Contains(form.typed, name):
			everywhere.Set(name, value)
			twice[name] = []string{form.given.Get(name), value, value}
		default:
			hidden.Set(name, value)
		}
	}
	for what, v := range map[string]url.Values{"everywhere": everywhere, "twice": twice, "hidden": hidden} {
		if len(form.typed) == 0 && what != "hidden" || what != "everywhere" && !strings.ContainsAny(value, "\u202e\x00N%") {
			continue
		}
		v.Set(keyField, db.NewID())
		a := form.by.post(form.action, v)
		at := form.action + " " + what + " " + strconv.QuoteToASCII(value[:min(len(value), 20)])
		switch {
		case a.Status >= 500:
			f.t.Errorf("%s: %d", at, a.Status)
		case a.Status == 422 && what != "hidden" && !strings.Contains(a.Body, `class="wrong"`):
			f.t.Errorf("%s: %d without a word beside a field: %.300s", at, a.Status, plain(a.Body))
		case a.Status == 422 && what == "everywhere" && text.Plain(value) && len(value) < 50 && strings.TrimSpace(value) != "" && len(form.free) > 0 &&
			!strings.Contains(a.Body, html.EscapeString(value)):
			f.t.Errorf("%s: what was typed is lost", at)
		}
	}
}

// nothingOddIsKept looks into the database and at the pages afterwards.
func (f *fair) nothingOddIsKept() {
	f.t.Helper()
	var all bytes.Buffer
	f.ok(f.db.Dump(f.t.Context(), &all, nil, nil))
	z, err := gzip.NewReader(&all)
	f.ok(err)
	raw, err := io.ReadAll(z)
	f.ok(err)
	if !bytes.Contains(raw, []byte("مريم")) {
		f.t.Error("not even a good name is kept: the test looks in the wrong place")
	}
	for _, r := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x07\x1b\u2028\u0085" {
		escaped := `\u` + strings.ToLower(strconv.FormatInt(int64(0x10000+int(r)), 16)[1:])
		for _, form := range []string{string(r), escaped} {
			if i := bytes.Index(raw, []byte(form)); i >= 0 {
				f.t.Errorf("U+%04X is kept: %q", r, raw[max(0, i-80):min(len(raw), i+40)])
			}
		}
	}
}
