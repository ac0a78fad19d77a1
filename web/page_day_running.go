package web

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/fault"
)

// runningRefresh is how often the page of an open day loads itself again where
// no script follows it.
const runningRefresh = 30 // seconds

// runningView is the day while it is open, for a phone: who came, how busy each
// line is, and what can be done about it.
type runningView struct {
	marketDayView
	Incidents []queue.Incident
	Back      *wayBack // a booth has just been changed
	form      form
}

// wayBack is a change of booths that can be taken back.
type wayBack struct {
	Claim booths.Claim
	To    booths.Booth
}

func (c *call) running(at marketDayView) (runningView, error) {
	v := runningView{marketDayView: at, form: c.form()}
	v.Refresh, v.Modules = runningRefresh, []string{"duty.js"}
	if v.Updating { // nothing to follow yet
		v.Refresh, v.Modules = planRefresh, nil
	}
	var err error
	if v.Incidents, err = c.server.Queue.Incidents(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil && !unheard(err) {
		return v, err
	}
	if c.QueryParam("back") != "" && v.organizes() {
		v.Back, err = c.wayBack(c.QueryParam("changed"), c.QueryParam("back"))
	}
	return v, err
}

// wayBack finds where a claim stood before it was moved, if that was in the
// last ten minutes.
func (c *call) wayBack(claim, booth string) (*wayBack, error) {
	at, err := c.places()
	if err != nil {
		return nil, err
	}
	changes, err := c.server.Booths.Changes(c.ctx(), c.In.CommunityID, c.Param("day"))
	if err != nil {
		return nil, err
	}
	last := slices.IndexFunc(changes, func(x booths.Change) bool { return x.ClaimID == claim && x.What == "override" })
	if last < 0 || c.server.clock().Sub(db.Time(changes[last].AtMicros)) > 10*time.Minute {
		return nil, nil
	}
	for _, b := range at.Plan.Booths {
		for _, k := range at.Plan.Booths {
			if b.ID == booth && k.Claim != nil && k.Claim.ID == claim && k.ID != booth {
				return &wayBack{Claim: *k.Claim, To: b.Booth}, nil
			}
		}
	}
	return nil, nil
}

// nowCalled are the numbers a line is calling or serving, newest first.
func nowCalled(l queue.Line) string {
	var out []string
	for _, k := range l.Calls {
		if k.Open {
			out = append(out, strconv.Itoa(k.Number))
		}
	}
	return strings.Join(out, " · ")
}

// waitText is the waiting band of a line in words, "" when nothing honest can be said.
func (p page) waitText(l queue.Line) string {
	if !l.Wait.Known {
		return ""
	}
	return p.bandText("duty.wait", "duty.wait_late", l.Wait)
}

// lineSwitch is one button of a line on the organizer's page.
func (s *Server) lineSwitch(do func(context.Context, queue.LineCommand) error, note string) handler {
	return func(c *call) error {
		f := c.form("reason")
		communityID, dayID, _, err := s.Queue.LineOwner(c.ctx(), c.Param("line"))
		if err != nil {
			return err
		}
		cmd := queue.LineCommand{CommunityID: communityID, DayID: dayID, LineID: c.Param("line"), By: c.Actor.PersonID, Reason: f.Get("reason"), Key: f.Key}
		if err := do(c.ctx(), cmd); err != nil {
			return err
		}
		return c.done("/o/"+c.Community.Slug+"/days/"+dayID, note)
	}
}

// incidentFields: the time is one of the clock, on the day it is held.
var incidentFields = []string{"words", "time"}

func (s *Server) incidentsShow(c *call) error {
	v, err := c.incidentsView(c.form(incidentFields...))
	if err != nil {
		return err
	}
	v.form = v.form.With("time", v.clockText(v.Now))
	return c.show(incidentsPage(v))
}

func (c *call) incidentsView(f form) (incidentsView, error) {
	at, err := c.duty("incident.title")
	v := incidentsView{duty: at, form: f}
	if err != nil {
		return v, err
	}
	v.List, err = c.server.Queue.Incidents(c.ctx(), c.In.CommunityID, v.Day.ID)
	if unheard(err) {
		err = nil
	}
	return v, err
}

func (s *Server) incidentNote(c *call) error {
	f := c.form(incidentFields...)
	v, err := c.incidentsView(f)
	if err != nil {
		return err
	}
	in := queue.IncidentInput{CommunityID: c.In.CommunityID, DayID: v.Day.ID, Words: f.Get("words"), Key: f.Key}
	if in.At, err = v.moment(f.Get("time")); err == nil {
		_, err = s.Queue.IncidentNote(c.ctx(), in)
	}
	if err != nil {
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return incidentsPage(v)
		})
	}
	return c.done(v.Base+"/incidents", "done.incident_noted")
}

// moment is a time of day of the market day; "" or the running minute is now.
func (v duty) moment(clock string) (time.Time, error) {
	if clock == "" || clock == v.clockText(v.Now) {
		return time.Time{}, nil
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return t, fault.Invalid("queue.incident_time", "time", "%q is not a time of day", clock)
	}
	y, m, d := v.Day.HeldOn.Civil()
	return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, zoneOf(v.Community.TimeZone)), nil
}

func (s *Server) incidentRemove(c *call) error {
	f := c.form("incident")
	if err := s.Queue.IncidentRemove(c.ctx(), c.In.CommunityID, c.Param("day"), f.Get("incident")); err != nil {
		v, gone := c.incidentsView(c.form(incidentFields...))
		if gone != nil {
			return gone
		}
		return c.again(v.form, err, func(f form) templ.Component {
			v.form = f
			return incidentsPage(v)
		})
	}
	return c.done("/o/"+c.Community.Slug+"/days/"+c.Param("day")+"/incidents", "done.incident_removed")
}

// removable reports whether a note can still be taken back.
func (v incidentsView) removable(i queue.Incident) bool { return v.Now.Before(i.UndoUntil) }

var changeFields = []string{"claim", "booth", "reason"}

// places is the day with who stands where.
func (c *call) places() (groundsView, error) {
	at, err := c.duty("change.title")
	v := groundsView{duty: at}
	if err != nil {
		return v, err
	}
	v.Plan, err = c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, v.Day.ID)
	return v, err
}

func (s *Server) boothChangeShow(c *call) error {
	v, err := c.places()
	if err != nil {
		return err
	}
	v.form = c.form(changeFields...).With("claim", c.QueryParam("claim"))
	return c.show(boothChangePage(v))
}

func (s *Server) boothChange(c *call) error {
	f := c.form(changeFields...)
	v, err := c.places()
	if err != nil {
		return err
	}
	was := v.boothOf(f.Get("claim"))
	switch {
	case was == "":
		err = fault.Invalid("change.claim", "claim", "stands at no booth")
	case f.Get("booth") == "" || f.Get("booth") == was:
		err = fault.Invalid("change.booth", "booth", "choose another booth")
	default:
		d := booths.Decision{ClaimID: f.Get("claim"), BoothID: f.Get("booth"), Reason: f.Get("reason")}
		err = s.Booths.Override(c.ctx(), c.organizerScope(f.Key), v.Day.ID, d)
	}
	if err != nil {
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return boothChangePage(v)
		})
	}
	return c.done(v.Base+"?changed="+f.Get("claim")+"&back="+was, "done.duty_changed")
}

// boothOf is the booth a claim holds, "" for none.
func (v groundsView) boothOf(claim string) string {
	for _, b := range v.Plan.Booths {
		if b.Claim != nil && b.Claim.ID == claim {
			return b.ID
		}
	}
	return ""
}

func (v groundsView) whoChoices() (out []choice) {
	for _, b := range v.Plan.Booths {
		if b.Claim != nil {
			out = append(out, choice{b.Claim.ID, b.Code + " · " + b.Claim.Partner})
		}
	}
	return out
}

func (v groundsView) whereChoices() (out []choice) {
	for _, b := range v.Plan.Booths {
		who := v.T("plan.free")
		if b.Claim != nil {
			who = b.Claim.Partner
		}
		out = append(out, choice{b.ID, b.Code + " · " + who})
	}
	return out
}

// phone is somebody to call on the day.
type phone struct {
	Booth, PartnerID, Partner, Person, Number string
}

func (s *Server) phonesShow(c *call) error {
	v, err := c.phones()
	if err != nil {
		return err
	}
	return c.show(phonesPage(v))
}

// phones lists who stands at the booths, in their order, then who waits.
func (c *call) phones() (phonesView, error) {
	at, err := c.places()
	v := phonesView{groundsView: at}
	v.Title = c.T("phones.title")
	if err != nil {
		return v, err
	}
	contacts, err := c.server.Booths.Contacts(c.ctx(), c.In.CommunityID)
	if err != nil {
		return v, err
	}
	add := func(booth string, k booths.Claim) {
		who := contacts[k.PartnerID]
		v.List = append(v.List, phone{Booth: booth, PartnerID: k.PartnerID, Partner: k.Partner, Person: who.Person, Number: who.Telephone})
	}
	for _, b := range at.Plan.Booths {
		if b.Claim != nil {
			add(b.Code, *b.Claim)
		}
	}
	for _, k := range at.Plan.Waitlist {
		add(v.T("duty.waitlist"), k)
	}
	return v, nil
}
