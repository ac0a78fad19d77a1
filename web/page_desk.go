package web

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// deskPage is where volunteers give numbers to people without a phone.
func (s *Server) deskPage(c *call) error {
	v, err := c.deskView(c.form("number", "line"))
	if err != nil {
		return err
	}
	return c.show(deskPage(v))
}

// deskView shows the days that are held today. ?with= names a number whose
// holder takes another one: it goes on the same card, so that people are
// counted once.
func (c *call) deskView(f form) (deskView, error) {
	w := c.when(c.Community.TimeZone)
	v := deskView{page: c.console("desk.title"), when: w, form: f}
	v.Modules, v.Login = []string{"desk.js"}, c.deskMark()
	days, err := c.server.Scheduler.Days(c.ctx(), c.Community.ID, scheduler.DayFilter{FromDate: w.Today(), ToDate: w.Today()})
	if err != nil {
		return v, err
	}
	for _, d := range days {
		one := deskDay{Day: d, State: d.StateAt(w.now)}
		if one.State == scheduler.Missed {
			continue
		}
		if one.Zones, err = c.zones(d.ID, nil); err != nil {
			return v, err
		}
		if one.Last, err = c.lastGiven(one); err != nil {
			return v, err
		}
		v.Days = append(v.Days, one)
	}
	if len(v.Days) == 0 {
		v.Next, err = c.server.Scheduler.NextDay(c.ctx(), c.Community.ID, "")
		if fault.KindOf(err) == fault.KindNotFound {
			err = nil
		}
	}
	if with := c.QueryParam("with"); with != "" && err == nil {
		t, err := c.server.Queue.TicketByID(c.ctx(), c.Community.ID, with)
		if err != nil {
			return v, err
		}
		v.With = &t
	}
	return v, err
}

// awaited reports whether the day opens later.
func (d deskDay) awaited(now time.Time) bool {
	return now.Before(d.OpensAt) && d.held() && d.State != scheduler.Open
}

// held reports whether the day is open or will be.
func (d deskDay) held() bool {
	return d.State == scheduler.Open || d.State == scheduler.Planned || d.State == scheduler.Claiming || d.State == scheduler.Confirmed
}

const deskRemembers = 5 // numbers given last

// lastGiven are the numbers the desk gave last on a day.
func (c *call) lastGiven(d deskDay) (out []deskGiven, err error) {
	list, err := c.server.Queue.DeskLast(c.ctx(), c.Community.ID, d.ID, deskRemembers)
	for _, t := range list {
		for _, z := range d.Zones {
			for _, l := range z.Lines {
				if l.ID == t.LineID {
					out = append(out, deskGiven{t, l.Line})
				}
			}
		}
	}
	return out, err
}

// deskIssue gives a number in one tap and shows its slip.
func (s *Server) deskIssue(c *call) error {
	f := c.form("priority", "proxy", "with")
	r := queue.IssueRequest{LineID: c.Param("line"), Via: queue.Desk, Priority: f.On("priority"), Proxy: f.On("proxy"),
		Key: f.Key + "." + c.Param("line") + "." + f.Get("with")}
	_, dayID, _, err := s.Queue.LineOwner(c.ctx(), r.LineID)
	if err != nil {
		return err
	}
	r.DayID, r.Visitor = dayID, s.handleFrom("slip", f.Key) // a retry asks for the same card
	if with := f.Get("with"); with != "" {
		t, err := s.Queue.TicketByID(c.ctx(), c.Community.ID, with)
		if err != nil {
			return err
		}
		r.Visitor = t.Ticket.Visitor
	}
	t, err := s.Queue.Issue(c.ctx(), r)
	if err == nil {
		return c.redirect(c.deskPath("/tickets/" + t.ID))
	}
	v, broken := c.deskView(c.form("number", "line"))
	if broken != nil {
		return err
	}
	return c.again(v.form, err, func(f form) templ.Component {
		v.form = f
		return deskPage(v)
	})
}

func (c *call) deskPath(more string) string { return "/desk/" + c.Community.Slug + more }

// deskFind looks a number up: the line and the number as it stands on the slip.
func (s *Server) deskFind(c *call) error {
	f := c.form("number", "line").With("number", c.QueryParam("number")).With("line", c.QueryParam("line"))
	n, err := strconv.Atoi(f.Get("number"))
	if f.Get("line") == "" {
		err = fault.Invalid("desk.line", "line", "must be the line of the number")
	} else if err != nil || n < 1 {
		err = fault.Invalid("desk.number", "number", "must be a number like 12")
	} else {
		id := queue.TicketID(f.Get("line"), n)
		if _, err = s.Queue.TicketByID(c.ctx(), c.Community.ID, id); err == nil {
			return c.redirect(c.deskPath("/tickets/" + id))
		}
		if fault.Is(err, "queue.ticket_unknown") {
			err = fault.NotFound("queue.ticket_unknown", "number", "there is no such number in this line")
		}
	}
	v, broken := c.deskView(f)
	if broken != nil {
		return broken
	}
	return c.again(f, err, func(f form) templ.Component {
		v.form = f
		return deskPage(v)
	})
}

// slipPage is a number to print, with what the desk can do for its holder.
func (s *Server) slipPage(c *call) error {
	v, err := c.slipView()
	if err != nil {
		return err
	}
	return c.show(slipPage(v))
}

func (c *call) slipView() (slipView, error) {
	t, err := c.server.Queue.TicketByID(c.ctx(), c.Community.ID, c.Param("ticket"))
	if err != nil {
		return slipView{}, err
	}
	d, err := c.server.Scheduler.Day(c.ctx(), c.Community.ID, t.Ticket.DayID)
	v := slipView{page: c.console("public.ticket", "n", strconv.Itoa(t.Ticket.Number)), when: c.when(d.TimeZone), TicketView: t, Day: d, form: c.form()}
	v.Modules = []string{"slip.js"}
	return v, err
}

// deskAct does something with the number of a slip for its holder.
func (c *call) deskAct(do func(handle string) error, done string) error {
	v, err := c.slipView()
	if err != nil {
		return err
	}
	if err = do(v.Ticket.Handle); err == nil {
		return c.done(c.deskPath("/tickets/"+v.Ticket.ID), done)
	}
	return c.again(v.form, err, func(f form) templ.Component {
		v.form = f
		return slipPage(v)
	})
}

func (s *Server) deskLeave(c *call) error {
	return c.deskAct(func(handle string) error { _, err := s.Queue.Leave(c.ctx(), handle); return err }, "done.ticket_left")
}

func (s *Server) deskStay(c *call) error {
	return c.deskAct(func(handle string) error { _, err := s.Queue.UndoLeave(c.ctx(), handle); return err }, "done.ticket_kept")
}
