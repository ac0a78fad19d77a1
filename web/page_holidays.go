package web

import (
	"cmp"
	"strconv"

	"github.com/a-h/templ"

	"yiji/internal/text"
	"yiji/scheduler"
)

// holidaysLimit is the largest notice that is read: some decades of them.
const holidaysLimit = 1 << 20

var holidayFields = []string{"file", "notice", "step"}

type holidaysView struct {
	page
	form  form
	Years []int // of this and the next two years, those with a notice
	None  []int // and those without
	Edit  *scheduler.HolidayEdit
}

// holidaysPage loads a year's holidays and days worked instead (调休).
func (s *Server) holidaysPage(c *call) error {
	v, err := c.holidaysView(c.form(holidayFields...))
	if err != nil {
		return err
	}
	return c.show(holidaysPage(v))
}

func (c *call) holidaysView(f form) (holidaysView, error) {
	v := holidaysView{page: c.console("office.holidays"), form: f}
	cal, err := c.server.Scheduler.Calendar(c.ctx())
	if err != nil {
		return v, err
	}
	this := v.Now.UTC().Year()
	for y := this; y < this+3; y++ {
		if cal.Knows(y) {
			v.Years = append(v.Years, y)
		} else {
			v.None = append(v.None, y)
		}
	}
	return v, nil
}

// holidaysLoad shows what a notice changes, then loads it. What was typed or
// sent as a file stands in the page's text again.
func (s *Server) holidaysLoad(c *call) error {
	f := c.form(holidayFields...)
	_, sent, err := c.upload("file")
	if err != nil {
		return err
	}
	if len(sent) > 0 {
		f = f.With("notice", tidyText(string(sent)))
	}
	raw := []byte(f.Get("notice"))
	edit, err := s.Scheduler.PreviewHolidays(c.ctx(), raw)
	if err == nil && f.Get("step") == "save" {
		if _, err = s.Scheduler.SaveHolidays(c.ctx(), c.Actor.PersonID, raw); err == nil {
			return c.done("/admin/holidays", "done.holidays_loaded")
		}
	}
	v, gone := c.holidaysView(f)
	if gone != nil {
		return gone
	}
	if err == nil {
		v.Edit = &edit
		return c.show(holidaysPage(v))
	}
	line := scheduler.HolidayLine(raw, err)
	said := faultOf(err).Renamed(func(field string) string { return noticePlace(c.Lang, line, field) })
	return c.again(f, said, func(f form) templ.Component {
		v.form = f
		return holidaysPage(v)
	})
}

// noticePlace says where in a notice something is wrong.
func noticePlace(lang string, line int, field string) string {
	if line == 0 {
		return cmp.Or(field, "notice")
	}
	return text.T(lang, "office.holidays_line", text.Args{"line": strconv.Itoa(line), "field": field})
}

func (v holidaysView) replaces(year int) bool {
	for _, y := range v.Edit.Known {
		if y == year {
			return true
		}
	}
	return false
}

func offWords(o scheduler.HolidayOff) string {
	if o.First == o.Last {
		return o.Name + " " + o.First.String()
	}
	return o.Name + " " + o.First.String() + " – " + o.Last.String()
}
