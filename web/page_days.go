package web

import (
	"slices"

	"yiji/scheduler"
)

// How many days one page lists: on the organizers' first page, and on the page
// of all days.
const (
	daysAtHome   = 6
	daysToCome   = 60
	daysBehind   = 24
	behindAtHome = 3
)

// daysView lists market days, each a way to its plan, messages and report.
type daysView struct {
	page
	Coming, Past []scheduler.Day
	Earlier      scheduler.Date // the page before this date has more; 0: there is none
}

// coming lists the days that are not over, the next one first.
func (c *call) coming(limit int) ([]scheduler.Day, error) {
	return c.server.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{Limit: limit,
		States: []scheduler.State{scheduler.Planned, scheduler.Claiming, scheduler.Confirmed, scheduler.Open}})
}

// behind lists the days that are over up to a date (0: all), the last one first.
func (c *call) behind(to scheduler.Date, limit int) ([]scheduler.Day, error) {
	return c.server.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{ToDate: to, Limit: limit, Backwards: true,
		States: []scheduler.State{scheduler.Closed, scheduler.Settled, scheduler.Cancelled, scheduler.Missed}})
}

// daysPage lists every market day; older ones on further pages.
func (s *Server) daysPage(c *call) error {
	v := daysView{page: c.console("office.days")}
	var to scheduler.Date
	var err error
	if before := c.QueryParam("before"); before != "" {
		if to, err = scheduler.ParseDate("before", before); err != nil {
			return err
		}
		to--
	} else if v.Coming, err = c.coming(daysToCome); err != nil {
		return err
	}
	if v.Past, err = c.behind(to, daysBehind); err != nil {
		return err
	}
	if len(v.Past) == daysBehind {
		v.Past, v.Earlier = wholeDates(v.Past)
	}
	return c.show(daysPage(v))
}

// wholeDates leaves out the last date of a full list, of which there may be
// more, and says where the next page begins.
func wholeDates(days []scheduler.Day) ([]scheduler.Day, scheduler.Date) {
	last := days[len(days)-1].HeldOn
	for i, d := range days {
		if d.HeldOn == last && i > 0 {
			return days[:i], last + 1
		}
	}
	return days, last
}

// otherDays finds the days beside the next one for the organizers' first page.
func (c *call) otherDays(v *officeView) (err error) {
	if v.Coming, err = c.coming(daysAtHome); err != nil {
		return err
	}
	v.Coming = slices.DeleteFunc(v.Coming, func(d scheduler.Day) bool {
		next, open := v.Next != nil && d.ID == v.Next.ID, d.StateAt(v.Now) == scheduler.Open
		if open && !next {
			v.Also = append(v.Also, d)
		}
		return next || open
	})
	v.Past, err = c.behind(0, behindAtHome)
	return err
}
