package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"yiji/internal/text"
	"yiji/scheduler"
)

const calendarPast = 90 // days that stay in the feed

// calendarFeed is the dates as a calendar that telephones subscribe to. It
// speaks the community's language: calendars send no wishes of their readers.
func (s *Server) calendarFeed(c *call) error {
	if slices.Contains(text.Langs, c.Community.Locale) && c.QueryParam("lang") == "" {
		c.Lang = c.Community.Locale
	}
	w := c.when(c.Community.TimeZone)
	all, err := c.occasions(w.Today()-calendarPast, w)
	if err != nil {
		return err
	}
	cal := ics.NewCalendarFor("yiji")
	cal.SetMethod(ics.MethodPublish)
	name := c.T("public.schedule", "name", c.Community.Name)
	cal.SetName(name)
	cal.SetXWRCalName(name)
	cal.SetXWRTimezone(c.Community.TimeZone)
	cal.SetRefreshInterval("PT6H")
	cal.SetXPublishedTTL("PT6H")
	for _, o := range all {
		if o.Off && o.State != scheduler.Cancelled {
			continue // skipped by the rule: it was never promised
		}
		c.entry(cal, o, w)
	}
	body := cal.Serialize(ics.WithNewLineWindows)
	c.Response().Header().Set("Content-Disposition", `inline; filename="`+c.Community.Slug+`.ics"`)
	return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(body))
}

// entry writes one date. Its UID is the market and the date of the rule, so
// that a promised date, its planned day and a moved one are the same entry.
func (c *call) entry(cal *ics.Calendar, o occasion, w when) {
	e := cal.AddEvent(o.RuleDate.String() + "-" + o.Market.ID + "@yiji")
	e.SetDtStampTime(w.Today().At(0, time.UTC)) // the same all day: an unchanged feed stays the same
	e.SetStartAt(o.Opens)
	e.SetEndAt(o.Closes)
	e.SetLocation(strings.Join(nonEmpty(o.Market.Venue, c.Community.Name, c.Community.Address), ", "))
	words := o.words(w)
	title := o.Market.Name
	switch {
	case o.Off:
		e.SetStatus(ics.ObjectStatusCancelled)
		title = c.T("public.cancelled_title", "name", title)
	case o.DayID == "":
		e.SetStatus(ics.ObjectStatusTentative)
	default:
		e.SetStatus(ics.ObjectStatusConfirmed)
		if o.HeldOn != o.RuleDate {
			title = c.T("public.moved_title", "name", title)
		}
	}
	e.SetSummary(title)
	to := c.server.base + "/c/" + c.Community.Slug
	if o.DayID != "" {
		to = c.server.base + "/d/" + o.DayID
	}
	e.SetURL(to)
	e.SetDescription(strings.Join(append(words, to), "\n"))
	e.SetTimeTransparency(ics.TransparencyTransparent)
}

func nonEmpty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
