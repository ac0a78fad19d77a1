package web

import (
	"time"

	"yiji/internal/account"
	"yiji/internal/text"
	"yiji/scheduler"
)

const donePrefix = "done."

// page is what every page knows; the typed struct of a page embeds it.
type page struct {
	Title string
	looks
	Actor     account.Actor
	Community scheduler.Community // zero outside of one
	Now       time.Time
	Note      string   // what has just been done, once
	Console   bool     // smaller type for those who work with it all day
	Wall      bool     // it fills a wall
	Here      string   // path of the page
	Query     string   // what stands behind it in the address
	Logout    form     // every page of somebody known has the button
	Modules   []string // scripts of this page, of static/; it is complete without them
	Refresh   int      // seconds after which the page loads itself again, 0 is never
	RefreshTo string   // or another page, "" is this one
}

// page begins a page whose title is the text of key.
func (c *call) page(key string, args ...string) page {
	p := page{
		Title: c.T(key, args...), looks: c.looks, Actor: c.Actor, Community: c.Community,
		Now: c.server.clock(), Note: c.takeNote(),
	}
	p.Here, p.Query = c.stands()
	if p.person() {
		p.Logout = c.form()
	}
	return p
}

// console begins a page for those who work with it: organizers, desk, partners.
func (c *call) console(key string, args ...string) page {
	p := c.page(key, args...)
	p.Console = true
	return p
}

// T is a text in the reader's language; args are names and values in turn.
func (p page) T(key string, args ...string) string { return whole(translate(p.Lang, key, args)) }

// Reason is a reason of a rule in the reader's language.
func (p page) Reason(r text.Reason) string { return r.In(p.Lang) }

// takeNote reads what the last request has done, and forgets it. Scripts that
// ask for a page's words leave it to the page somebody sees.
func (c *call) takeNote() string {
	if c.Request().Header.Get("X-Fresh") != "" {
		return ""
	}
	key := donePrefix + c.cookie(noteCookie)
	if key == donePrefix {
		return ""
	}
	c.dropCookie(noteCookie)
	if !text.Has(c.Lang, key) {
		return ""
	}
	return c.T(key)
}
