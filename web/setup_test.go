package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/scheduler"
)

// october is when the tests of setting up happen: five weeks before 19 November 2026.
func october() time.Time { return time.Date(2026, 10, 14, 1, 0, 0, 0, time.UTC) }

// office is a community with an organizer at a browser, and one from elsewhere.
type office struct {
	*rig
	t       *testing.T
	place   scheduler.Community
	home    string
	mine    *browser
	foreign *browser
}

func atOffice(t *testing.T, do func(o *office)) {
	t.Helper()
	dbtest.EachAt(t, october, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		place, other := r.community("xiangyang"), r.community("other")
		do(&office{rig: r, t: t, place: place, home: "/o/" + place.Slug,
			mine:    r.browser(r.token(account.Role{Kind: account.Organizer, CommunityID: place.ID})),
			foreign: r.browser(r.token(account.Role{Kind: account.Organizer, CommunityID: other.ID}))})
	})
}

// market saves the fixture's market.
func (o *office) market(name string) scheduler.Market {
	o.t.Helper()
	m, err := o.Scheduler.SaveMarket(o.t.Context(), scheduler.Market{
		CommunityID: o.place.ID, Slug: name, Name: "市集 " + name, Venue: "门口", Opens: 9 * 60, Closes: 11*60 + 30,
		Rule: scheduler.Rule{Monthly: &scheduler.Monthly{Days: []int{19}}},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return m
}

// refused checks that somebody from elsewhere may neither look nor write.
func (o *office) refused(path string, posts ...string) {
	o.t.Helper()
	if path != "" {
		if a := o.foreign.get(path); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			o.t.Errorf("a foreigner reads %s: %d", path, a.Status)
		}
	}
	v := o.foreign.fill(o.foreign.get("/me").Body, "/me")
	for _, p := range posts {
		if a := o.foreign.post(p, v); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			o.t.Errorf("a foreigner writes %s: %d", p, a.Status)
		}
	}
}

// says checks the status of an answer and that texts stand in it.
func says(t *testing.T, a answer, status int, texts ...string) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d\n%.3000s", a.Status, status, plain(a.Body))
	}
	for _, s := range texts {
		if !strings.Contains(a.Body, s) {
			t.Errorf("the page does not say %q\n%s", s, a.Body)
		}
	}
}

// everything a browser would send of a form: hidden fields, what is filled in
// and what is chosen.
func (b *browser) whole(page, action string) url.Values {
	b.t.Helper()
	for _, f := range nodes(b.t, page, "form") {
		if attr(f, "action") != action {
			continue
		}
		v := url.Values{}
		for n := range f.Descendants() {
			name := attr(n, "name")
			switch {
			case n.Data == "input" && (attr(n, "type") == "checkbox" || attr(n, "type") == "radio"):
				if has(n.Attr, "checked") {
					v.Add(name, attr(n, "value"))
				}
			case n.Data == "input" && attr(n, "type") != "file":
				v.Add(name, attr(n, "value"))
			case n.Data == "textarea":
				text := ""
				if n.FirstChild != nil {
					text = n.FirstChild.Data
				}
				v.Add(name, text)
			case n.Data == "option" && has(n.Attr, "selected"):
				v.Set(attr(n.Parent, "name"), attr(n, "value"))
			case n.Data == "select":
				if first := n.FirstChild; first != nil && first.Data == "option" {
					v.Set(name, attr(first, "value"))
				}
			}
		}
		return v
	}
	b.t.Fatalf("no form posts to %s in\n%s", action, page)
	return nil
}

func has(attrs []html.Attribute, name string) bool {
	return slices.ContainsFunc(attrs, func(a html.Attribute) bool { return a.Key == name })
}

func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// plain is what one reads of a page.
func plain(page string) string {
	z, out := html.NewTokenizer(strings.NewReader(page)), strings.Builder{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " ")
		case html.TextToken:
			out.Write(z.Text())
		}
	}
}
