package web

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/scheduler"
)

const (
	kioskShows   = 30              // seconds a number stands there; a touch begins them again
	kioskRefresh = 30              // seconds, without scripts
	kioskHolds   = 2 * time.Minute // how long the browser knows the number it shows
	kioskDense   = 6               // lines that have room one below the other
)

// kioskPage is the tablet at the entrance: one touch is one number. It forgets
// the number it has shown, unless the same person goes on.
func (s *Server) kioskPage(c *call) error {
	v, err := c.kioskView("kiosk.title")
	if err != nil {
		return err
	}
	if v.Again = c.QueryParam("again") != "" && c.cookie(kioskCookie) != ""; !v.Again && c.Request().Header.Get("X-Fresh") == "" {
		c.dropCookie(kioskCookie)
	}
	v.Refresh = kioskRefresh
	if v.Again {
		v.returns(kioskShows)
	}
	return c.show(kioskPage(v))
}

// kioskView shows the days of today.
func (c *call) kioskView(title string) (kioskView, error) {
	w := c.when(c.Community.TimeZone)
	v := kioskView{page: c.page(title), when: w, form: c.form()}
	v.Modules = []string{"kiosk.js"}
	days, err := c.server.Scheduler.Days(c.ctx(), c.Community.ID, scheduler.DayFilter{FromDate: w.Today(), ToDate: w.Today()})
	if err != nil {
		return v, err
	}
	for _, d := range days {
		one := kioskDay{Day: d, State: d.StateAt(w.now)}
		if one.State == scheduler.Missed {
			continue
		}
		if one.State == scheduler.Open {
			if one.Zones, err = c.zones(d.ID, nil); err != nil {
				return v, err
			}
		}
		v.Days = append(v.Days, one)
	}
	v.Next, err = c.server.Scheduler.NextDay(c.ctx(), c.Community.ID, "")
	if fault.KindOf(err) == fault.KindNotFound {
		err = nil
	}
	return v, err
}

// kioskIssue gives a number. The same key gives the same number again; what is
// "late" nobody waits for any more: a number that was given meanwhile goes back,
// and none is begun.
func (s *Server) kioskIssue(c *call) error {
	f := c.form("again", "late")
	r := queue.IssueRequest{LineID: c.Param("line"), Via: queue.Kiosk, Key: f.Key + "." + c.Param("line"), Visitor: s.handleFrom("kiosk", f.Key), Braked: f.On("late")}
	if f.On("again") {
		if t, err := s.Queue.TicketByHandle(c.ctx(), c.cookie(kioskCookie)); err == nil {
			r.Visitor = t.Ticket.Visitor
		}
	}
	_, dayID, _, err := s.Queue.LineOwner(c.ctx(), r.LineID)
	if err != nil {
		return err
	}
	r.DayID = dayID
	t, err := s.Queue.Issue(c.ctx(), r)
	switch {
	case err != nil:
		return c.kioskSorry(f, err)
	case f.On("late"):
		if _, err := s.Queue.Leave(c.ctx(), t.Handle); err != nil {
			return err
		}
		return c.redirect(c.kioskPath(""))
	}
	c.setCookie(kioskCookie, t.Handle, kioskHolds)
	return c.redirect(c.kioskPath("/ticket"))
}

// kioskSorry says why there is no number, and goes away by itself, too.
func (c *call) kioskSorry(f form, err error) error {
	v := kioskNumberView{page: c.page("kiosk.title")}
	v.Here = c.kioskPath("") // the reader's language is chosen on the page of the lines
	v.returns(kioskShows)
	return c.again(f, err, func(f form) templ.Component {
		v.Sorry = message(c.Lang, f.fault)
		return kioskNumberPage(v)
	})
}

// kioskTicket shows the number that was just given. Its address says nothing
// about it: who goes back in the browser finds the lines.
func (s *Server) kioskTicket(c *call) error {
	t, err := s.Queue.TicketByHandle(c.ctx(), c.cookie(kioskCookie))
	var d scheduler.Day
	if err == nil {
		d, err = s.Scheduler.Day(c.ctx(), c.Community.ID, t.Ticket.DayID)
	}
	if fault.KindOf(err) == fault.KindNotFound {
		return c.redirect(c.kioskPath(""))
	}
	if err != nil {
		return err
	}
	v := kioskNumberView{page: c.page("kiosk.title"), when: c.when(d.TimeZone), TicketView: t, Day: d}
	v.returns(kioskShows)
	return c.show(kioskNumberPage(v))
}

// kioskSetup is what is chosen once, on the tablet itself.
func (s *Server) kioskSetup(c *call) error { return c.show(kioskSetup(c.page("kiosk.setup"))) }

func (c *call) kioskPath(more string) string { return "/kiosk/" + c.Community.Slug + more }

// kioskHome is where the tablet goes back to by itself: the lines, in the
// language it stands there with, whatever the person before has read.
func (p page) kioskHome() string {
	home := "/kiosk/" + p.Community.Slug
	if p.Actor.Lang != p.Lang && text.Has(p.Actor.Lang, "kiosk.title") {
		home += "?lang=" + p.Actor.Lang
	}
	return home
}

// returns makes the page lead back to the lines after some seconds.
func (p *page) returns(seconds int) {
	p.Modules, p.Refresh, p.RefreshTo = []string{"kiosk.js"}, seconds, p.kioskHome()
}

// lines are those of today that are open, paused or given out, by market.
func (v kioskView) lines() (out []offered) {
	for _, d := range v.Days {
		for _, z := range d.Zones {
			out = append(out, z.Lines...)
		}
	}
	return out
}

// gives reports whether there is anything to choose from.
func (v kioskView) gives() bool { return len(v.lines()) > 0 }

// dense reports whether the lines need two columns wherever they stand.
func (v kioskView) dense() bool { return len(v.lines()) > kioskDense }

// follows are the addresses of the days that are followed.
func (v kioskView) follows() string {
	var out []string
	for _, d := range v.Days {
		if d.State != scheduler.Cancelled && d.State != scheduler.Settled {
			out = append(out, "/d/"+d.ID+"/live")
		}
	}
	return strings.Join(out, " ")
}
