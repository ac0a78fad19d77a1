package web

import (
	"github.com/a-h/templ"

	"yiji/internal/fault"
	"yiji/scheduler"
)

var exceptionFields = []string{"exception.kind", "exception.date", "exception.to", "exception.opens", "exception.closes", "exception.why", "sure"}

// exceptionOf reads an exception; its faults lie in "exception".
func exceptionOf(f form) (e scheduler.Exception, err error) {
	e.Kind, e.Why = scheduler.ExceptionKind(f.Get("exception.kind")), f.Get("exception.why")
	if e.Date, err = scheduler.ParseDate("exception.date", f.Get("exception.date")); err != nil {
		return e, err
	}
	if to := f.Get("exception.to"); to != "" {
		if e.To, err = scheduler.ParseDate("exception.to", to); err != nil {
			return e, err
		}
	}
	for name, into := range map[string]**scheduler.TimeOfDay{"exception.opens": &e.Opens, "exception.closes": &e.Closes} {
		if f.Get(name) == "" {
			continue
		}
		t, err := scheduler.ParseTimeOfDay(name, f.Get(name))
		if err != nil {
			return e, err
		}
		*into = &t
	}
	return e, nil
}

// exceptionAdd skips, moves or adds one date. A date that partners have
// claimed needs a tick after one has read whom it concerns.
func (s *Server) exceptionAdd(c *call) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	f := c.form(exceptionFields...)
	e, err := exceptionOf(f)
	if err != nil {
		return c.exceptionAgain(m, f, nil, err)
	}
	warn, err := c.touchedBy(m, e)
	if err != nil {
		return c.exceptionAgain(m, f, nil, err)
	}
	if len(warn) > 0 && !f.On("sure") {
		return c.exceptionAgain(m, f, warn, fault.Conflict("market.edit_affects", "sure", "partners have claimed that day"))
	}
	if _, err = s.Scheduler.AddException(c.ctx(), c.In.CommunityID, m.ID, e); err != nil {
		fl := faultOf(err)
		if fl.Field != "" {
			fl = fl.In("exception")
		}
		return c.exceptionAgain(m, f, warn, fl)
	}
	return c.done(c.marketPath(m), "done.exception_added")
}

func (c *call) marketPath(m scheduler.Market) string {
	return "/o/" + c.Community.Slug + "/markets/" + m.ID
}

// touchedBy finds the days with claims or numbers that an exception changes.
func (c *call) touchedBy(m scheduler.Market, e scheduler.Exception) (out []touchedDay, err error) {
	m.Exceptions = []scheduler.Exception{e}
	edit, err := c.server.Scheduler.PreviewEdit(c.ctx(), m)
	if err != nil {
		fl := faultOf(err)
		if rest, ok := cutField(fl.Field, "exceptions[0]"); ok {
			fl2 := *fl
			fl2.Field = "exception" + rest
			return nil, &fl2
		}
		return nil, err
	}
	for _, a := range edit.Affected {
		if !a.NeedsSay {
			continue
		}
		t, err := c.touched(a)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func cutField(field, prefix string) (string, bool) {
	if len(field) < len(prefix) || field[:len(prefix)] != prefix {
		return "", false
	}
	return field[len(prefix):], true
}

func (c *call) exceptionAgain(m scheduler.Market, f form, warn []touchedDay, failed error) error {
	v, err := c.marketAsSaved(m)
	if err != nil {
		return err
	}
	v.Warn = warn
	return c.again(f, failed, func(f form) templ.Component {
		v.exception = f
		return marketPage(v)
	})
}

// exceptionRemove takes an exception back: the undo of adding it.
func (s *Server) exceptionRemove(c *call) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	f := c.form("date")
	date, err := scheduler.ParseDate("date", f.Get("date"))
	if err == nil {
		_, err = s.Scheduler.RemoveException(c.ctx(), c.In.CommunityID, m.ID, date)
	}
	if err != nil && !fault.Is(err, "exception.unknown") {
		return c.exceptionAgain(m, c.form(exceptionFields...), nil, err)
	}
	return c.done(c.marketPath(m), "done.exception_removed")
}
