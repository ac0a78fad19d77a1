package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/notify"
	"yiji/scheduler"
)

// duty is what every organizer's page about one day knows.
type duty struct {
	page
	Base  string // /o/:community/days/:day
	Day   scheduler.Day
	State scheduler.State
}

// duty begins an organizer's page about the day of the path.
func (c *call) duty(title string) (duty, error) { return c.dutyOf(title, c.Param("day")) }

func (c *call) dutyOf(title, day string) (duty, error) {
	v := duty{page: c.console(title), Base: "/o/" + c.Community.Slug + "/days/" + day}
	var err error
	v.Day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, day)
	v.State = v.Day.StateAt(v.Now)
	return v, err
}

// messages is where the messages about the day are seen, those in one state
// or ("") all.
func (v duty) messages(state notify.State) string {
	to := v.office() + "/messages?day=" + v.Day.ID
	if state != "" {
		to += "&state=" + string(state)
	}
	return to
}

func (s *Server) marketDay(c *call) error {
	page, err := s.marketDayPage(c, c.form())
	if err != nil {
		return err
	}
	return c.show(page)
}

// marketDayPage is the day's page with a form that may have failed.
func (s *Server) marketDayPage(c *call, f form) (templ.Component, error) {
	at, err := c.duty("duty.title")
	if err != nil {
		return nil, err
	}
	v := marketDayView{duty: at, form: f}
	if v.Updating = c.QueryParam("updating") != "" && !c.hears(); v.Updating {
		v.Refresh = planRefresh
	}
	if err := c.standInto(&v); err != nil {
		return nil, err
	}
	if err := c.stepsInto(&v); err != nil {
		return nil, err
	}
	if v.Lines, err = s.Queue.Lines(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil && !unheard(err) {
		return nil, err
	}
	if slices.ContainsFunc(v.Lines, func(l queue.Line) bool { return !l.SuspectAt.IsZero() }) {
		if v.Hauls, err = s.Queue.Hauls(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil {
			return nil, err
		}
	}
	if v.Figures, err = s.Queue.DayFigures(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil && !unheard(err) {
		return nil, err
	}
	counts, err := s.Notify.CountsOf(c.ctx(), c.In.CommunityID, v.Day.ID)
	v.GivenUp = counts[notify.GivenUp]
	if err != nil {
		return nil, err
	}
	if v.State == scheduler.Open {
		now, err := c.running(v)
		if err != nil {
			return nil, err
		}
		return runningPage(now), nil
	}
	return marketDayPage(v), nil
}

// standInto counts the claims, and finds what nobody brings.
func (c *call) standInto(v *marketDayView) error {
	all, err := c.server.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, v.Day.ID)
	if unheard(err) {
		return nil
	}
	if err != nil {
		return err
	}
	plan, err := c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, v.Day.ID)
	if err != nil {
		return err
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	brought := map[string]bool{}
	for _, m := range all {
		if !m.Live() {
			continue
		}
		v.count(m)
		for _, o := range m.Services {
			brought[o.Name] = true
		}
		if i := slices.IndexFunc(partners, func(p booths.Partner) bool { return p.ID == m.PartnerID }); i >= 0 {
			brought[partners[i].Category] = true
		}
	}
	v.Booths = len(plan.Booths)
	v.Missing = slices.DeleteFunc(slices.Clone(plan.Wanted), func(w string) bool { return brought[w] })
	return c.arrivalsInto(v, plan)
}

func (v *marketDayView) count(m booths.Claim) {
	v.Claims++
	switch {
	case m.Holding != nil:
		v.Placed++
	case m.State == booths.ClaimWaiting:
		v.Waiting++
	}
	if m.Offer != nil {
		v.Offers++
	}
}

// dayStep is one step of the strip: 认领 → 排位 → 确认 → 开市 → 收市.
type dayStep struct {
	Key  string
	Look string // done, now, or later
	When string
}

// steps is the strip of a day.
func (p page) steps(d scheduler.Day, state scheduler.State, history []scheduler.Transition) []dayStep {
	at := stepTimes(d, history)
	out := []dayStep{
		{Key: "claim", When: p.shortText(at[0])}, {Key: "plan"}, {Key: "confirm", When: p.shortText(at[2])},
		{Key: "open", When: p.clockText(at[3])}, {Key: "close", When: p.clockText(at[4])},
	}
	for i, look := range stepLooks(d, state, p.Now) {
		out[i].Look = look
	}
	return out
}

// stepTimes are the times of the five steps: when they really were, for those
// that were made, and else as planned. Planning has none.
func stepTimes(d scheduler.Day, history []scheduler.Transition) [5]time.Time {
	out := [5]time.Time{0: d.ClaimsAt, 2: d.ConfirmAt, 3: d.OpensAt, 4: d.ClosesAt}
	of := map[scheduler.State]int{scheduler.Claiming: 0, scheduler.Confirmed: 2, scheduler.Open: 3, scheduler.Closed: 4}
	for _, h := range history {
		if i, ok := of[h.State]; ok && h.UndoneAt.IsZero() {
			out[i] = h.EffectiveAt
		}
	}
	return out
}

// stepLooks says of each of the five steps whether it is done, going on now or
// later. Claiming turns into planning when the first refusal of the standing
// partners is over; a day that is planned or confirmed waits, no step goes on.
func stepLooks(d scheduler.Day, state scheduler.State, now time.Time) (looks [5]string) {
	done := map[scheduler.State]int{scheduler.Claiming: 0, scheduler.Confirmed: 3, scheduler.Open: 3, scheduler.Closed: 4, scheduler.Settled: 5}[state]
	if state == scheduler.Claiming && !now.Before(d.StandingUntil) {
		done = 1
	}
	goesOn := state == scheduler.Claiming || state == scheduler.Open || state == scheduler.Closed
	for i := range looks {
		switch {
		case i < done:
			looks[i] = "done"
		case i == done && goesOn:
			looks[i] = "now"
		default:
			looks[i] = "later"
		}
	}
	return looks
}

// dayTask is the one thing to do now: a sentence, and where to do it.
type dayTask struct{ Says, To, Button string }

func (v marketDayView) task() dayTask {
	switch v.State {
	case scheduler.Planned:
		return dayTask{v.T("duty.do_planned", "at", v.momentText(v.Day.ClaimsAt)), v.office() + "/partners", v.T("office.partners")}
	case scheduler.Claiming:
		if v.Claims == 0 {
			return dayTask{v.T("duty.do_invite"), v.messages(""), v.T("duty.messages")}
		}
		return dayTask{v.T("duty.do_plan", "n", strconv.Itoa(v.Claims), "at", v.momentText(v.Day.ConfirmAt)), v.Base + "/plan", v.T("duty.plan")}
	case scheduler.Confirmed:
		return dayTask{v.T("duty.do_confirmed", "at", v.momentText(v.Day.OpensAt)), v.messages(""), v.T("duty.messages")}
	case scheduler.Open:
		return dayTask{Says: v.T("duty.do_open", "n", strconv.Itoa(v.waiting()))}
	case scheduler.Closed:
		return dayTask{v.T("duty.do_closed"), v.Base + "/summary", v.T("duty.summary")}
	case scheduler.Settled:
		return dayTask{v.T("duty.do_settled"), v.Base + "/summary", v.T("duty.summary")}
	case scheduler.Cancelled:
		return dayTask{Says: v.T("duty.do_cancelled", "why", v.Day.Reason)}
	}
	return dayTask{Says: v.T("duty.do_missed")}
}

func (v marketDayView) waiting() (n int) {
	for _, l := range v.Lines {
		n += l.Waiting
	}
	return n
}

func (v marketDayView) issued() (n int) {
	for _, l := range v.Lines {
		n += l.Issued
	}
	return n
}

// oddLines reports whether a line gives its numbers otherwise than all, or too fast.
func (v marketDayView) oddLines() bool {
	return slices.ContainsFunc(v.Lines, func(l queue.Line) bool { return l.DeskOnly || !l.SuspectAt.IsZero() })
}

// orders are the buttons that make sense now.
func (v marketDayView) orders() []string {
	switch {
	case !v.organizes():
		return nil
	case v.State == scheduler.Planned:
		return []string{"move", "cancel"}
	case v.State == scheduler.Claiming:
		return []string{"confirm", "move", "cancel"}
	case v.State == scheduler.Confirmed:
		return []string{"open", "move", "cancel"}
	case v.State == scheduler.Open:
		return []string{"close"}
	}
	return nil
}

// dayOrderPage asks, before something is done to a day: what it means, whom it
// affects, and the reason where one is needed.
func (s *Server) dayOrderPage(what string) handler {
	return func(c *call) error {
		v, err := c.orderView(what, c.form(orderFields...))
		if err != nil {
			return err
		}
		return c.show(orderPage(v))
	}
}

var orderFields = []string{"why", "replacement", "to", "opens", "closes"}

func (c *call) orderView(what string, f form) (orderView, error) {
	at, err := c.duty("duty.order_" + what)
	v := orderView{duty: at, What: what, form: f}
	if err != nil || what != "close" {
		return v, err
	}
	lines, err := c.server.Queue.Lines(c.ctx(), c.In.CommunityID, v.Day.ID)
	if unheard(err) {
		err = nil
	}
	for _, l := range lines {
		v.Waiting += l.Waiting
	}
	return v, err
}

// dayOrder does it.
func (s *Server) dayOrder(what string) handler {
	return func(c *call) error {
		f := c.form(orderFields...)
		if err := s.order(c, what, f); err != nil {
			v, gone := c.orderView(what, f)
			if gone != nil {
				return gone
			}
			return c.again(f, err, func(f form) templ.Component {
				v.form = f
				return orderPage(v)
			})
		}
		return c.stepped("done.duty_" + what)
	}
}

func (s *Server) order(c *call, what string, f form) error {
	ref := c.dayRef()
	var err error
	switch what {
	case "confirm":
		_, err = s.Scheduler.Confirm(c.ctx(), ref)
	case "open":
		_, err = s.Scheduler.Open(c.ctx(), ref)
	case "close":
		_, err = s.Scheduler.Close(c.ctx(), ref, f.Get("why"))
	case "cancel":
		var wrong fault.List
		var instead scheduler.Date
		if f.Get("replacement") != "" {
			instead, err = scheduler.ParseDate("replacement", f.Get("replacement"))
			wrong.Add(err)
		}
		wrong.Add(scheduler.CheckWhy(f.Get("why")))
		if err = wrong.Err(); err == nil {
			_, err = s.Scheduler.Cancel(c.ctx(), ref, f.Get("why"), instead)
		}
	case "move":
		var o scheduler.MoveOrder
		if o, err = moveOrder(f); err == nil {
			_, err = s.Scheduler.Move(c.ctx(), ref, o)
		}
	}
	return err
}

func moveOrder(f form) (o scheduler.MoveOrder, err error) {
	var wrong fault.List
	o.Why = f.Get("why")
	o.To, err = scheduler.ParseDate("to", f.Get("to"))
	wrong.Add(err)
	opens, err := scheduler.ParseTimeOfDay("opens", f.Get("opens"))
	wrong.Add(err)
	closes, err := scheduler.ParseTimeOfDay("closes", f.Get("closes"))
	wrong.Add(err)
	o.Opens, o.Closes = &opens, &closes
	wrong.Add(scheduler.CheckWhy(o.Why))
	return o, wrong.Err()
}

// filled fills the form of a move with what is true now.
func (v orderView) filled() form {
	if v.form.Failed() || v.What != "move" {
		return v.form
	}
	return v.form.With("to", v.Day.HeldOn.String()).With("opens", v.clockText(v.Day.OpensAt)).With("closes", v.clockText(v.Day.ClosesAt))
}

// lineText says how busy a line is.
func (v marketDayView) lineText(l queue.Line) string {
	return v.T("line.waiting", "n", strconv.Itoa(l.Waiting)) + " · " + v.T("line.issued", "n", strconv.Itoa(l.Issued))
}
