package web

import (
	"net/http"
	"net/url"
	"slices"

	"yiji/internal/text"
)

// looks are how a reader wants pages to be: asked for by the address now
// (?lang= ?size= ?theme=) or before, which a cookie remembers.
type looks struct {
	Lang  string // of text.Langs
	Size  string // of sizes; "" is the first
	Theme string // of themes; "" follows the browser
	Paper string // of papers: what slips are printed on
}

var (
	sizes  = []string{"1", "2", "3"} // 大, 特大, 最大
	themes = []string{"auto", "light", "dark", "contrast", "outdoor"}
	papers = []string{"none", "58", "80", "a4"}
)

// wish is one of the looks: where it is asked for, where it is remembered.
type wish struct {
	query, cookie string
	among         []string // the first is what it is when nobody asks; of the language there is none
	into          func(*looks) *string
}

var wishes = []wish{
	{"lang", langCookie, append([]string{""}, text.Langs...), func(l *looks) *string { return &l.Lang }},
	{"size", sizeCookie, sizes, func(l *looks) *string { return &l.Size }},
	{"theme", themeCookie, themes, func(l *looks) *string { return &l.Theme }},
	{"paper", paperCookie, papers, func(l *looks) *string { return &l.Paper }},
}

// remembered are the looks the address asks for, or else the cookies.
func (c *call) remembered() looks {
	var l looks
	for _, w := range wishes {
		value := c.cookie(w.cookie)
		if q := c.QueryParam(w.query); q != "" && slices.Contains(w.among, q) {
			value = q
		}
		if slices.Contains(w.among[1:], value) {
			*w.into(&l) = value
		}
	}
	return l
}

// choose keeps what a page's address asks for in cookies.
func (c *call) choose() {
	if c.api() || c.Request().Method != http.MethodGet {
		return
	}
	for _, w := range wishes {
		q := c.QueryParam(w.query)
		switch {
		case q == "" || !slices.Contains(w.among, q):
		case q == w.among[0]:
			c.dropCookie(w.cookie)
		default:
			c.setCookie(w.cookie, q, longLived)
		}
	}
}

// stands is the address the reader can load again: of the answer to a form it
// is the page the form stood on.
func (c *call) stands() (path, query string) {
	r := c.Request()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return ourPath(r.URL.EscapedPath()), r.URL.RawQuery
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == "" {
		return ourPath(r.URL.EscapedPath()), ""
	}
	return ourPath(from.EscapedPath()), from.RawQuery
}

// with is the address of this page in another look.
func (p page) with(query, value string) string {
	q, err := url.ParseQuery(p.Query)
	if err != nil {
		q = url.Values{}
	}
	q.Set(query, value)
	return p.Here + "?" + q.Encode()
}

// class tells the stylesheet of the reader's looks and the page's audience.
func (p page) class() string {
	c := "size-1"
	if p.Size != "" {
		c = "size-" + p.Size
	}
	if p.Theme != "" {
		c += " theme-" + p.Theme
	}
	if p.Paper != "" {
		c += " paper-" + p.Paper
	}
	if p.Console {
		c += " console"
	}
	return c + " for-" + string(p.audience())
}

// audience is whom a page is for; each has a layout of its own.
type audience string

const (
	residents  audience = "residents"
	partners   audience = "partners"
	desk       audience = "desk"
	organizers audience = "organizers"
	kiosk      audience = "kiosk" // residents, at the tablet of the house
)

// audience follows from where the page stands.
func (p page) audience() audience {
	switch {
	case under(p.Here, "/o"), under(p.Here, "/admin"):
		return organizers
	case under(p.Here, "/p"):
		return partners
	case under(p.Here, "/desk"):
		return desk
	case under(p.Here, "/kiosk"):
		return kiosk
	}
	return residents
}

func under(path, top string) bool {
	return path == top || len(path) > len(top) && path[:len(top)+1] == top+"/"
}
