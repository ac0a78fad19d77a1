package web

import (
	"slices"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// publicAPI is what everybody may ask, also without an account.
func (s *Server) publicAPI() []endpoint {
	return []endpoint{
		{method: post, path: "/preview", summary: "The dates of a rule, without saving anything", action: account.SessionOpen, where: nowhere, do: on(s.apiPreview)},
		{method: get, path: "/communities", summary: "All communities", action: account.PublicRead, where: nowhere, do: on(s.apiCommunities)},
		{method: get, path: "/communities/:community", summary: "One community, by slug or id", action: account.PublicRead, where: inCommunity, do: on(s.apiCommunity)},
		{method: get, path: "/communities/:community/days", summary: "Market days in the order they are held", action: account.PublicRead, where: inCommunity, do: on(s.apiDays)},
		{method: get, path: "/days/:day", summary: "One market day with its lines", action: account.PublicRead, where: nowhere, do: on(s.apiDay)},
		{method: post, path: "/days/:day/check-in", summary: "Count a visitor who takes no number (yet)", action: account.TicketTake, where: nowhere, do: on(s.apiCheckIn)},
		{method: post, path: "/days/:day/lines/:line/tickets", summary: "Take a number", action: account.TicketTake, where: nowhere, do: on(s.apiTake), status: 201, keyed: true},
		{method: get, path: "/tickets/:ticket", summary: "A ticket as its holder sees it", action: account.TicketFollow, where: nowhere, do: on(s.apiTicket)},
		{method: post, path: "/tickets/:ticket/leave", summary: "Give the number up", action: account.TicketFollow, where: nowhere, do: on(s.apiLeave)},
		{method: post, path: "/tickets/:ticket/stay", summary: "Take giving up back, within ten minutes", action: account.TicketFollow, where: nowhere, do: on(s.apiStay)},
	}
}

func (s *Server) apiCommunities(c *call, _ none) (list[scheduler.Community], error) {
	all, err := s.Scheduler.Communities(c.ctx())
	return list[scheduler.Community]{all}, err
}

func (s *Server) apiCommunity(c *call, _ none) (scheduler.Community, error) { return c.Community, nil }

type daysQuery struct {
	From   string `json:"from,omitempty" format:"date"` // first date held
	To     string `json:"to,omitempty" format:"date"`   // last date held
	State  string `json:"state,omitempty" enum:"planned,claiming,confirmed,open,closed,settled,cancelled,missed"`
	Market string `json:"market,omitempty"` // slug or id
	Limit  int    `json:"limit,omitempty"`  // 1 to 500, 100 without
}

// dayAnswer is a market day as everybody may read it.
type dayAnswer struct {
	ID         string    `json:"id"`
	Community  string    `json:"community"` // id
	Market     string    `json:"market"`    // id
	MarketSlug string    `json:"market_slug"`
	MarketName string    `json:"market_name"`
	Venue      string    `json:"venue"`
	TimeZone   string    `json:"timezone"`
	Date       string    `json:"date" format:"date"`    // what the rule says: the identity
	HeldOn     string    `json:"held_on" format:"date"` // when it takes place
	Weekday    string    `json:"weekday"`
	Lunar      string    `json:"lunar"`
	State      string    `json:"state" enum:"planned,claiming,confirmed,open,closed,settled,cancelled,missed"` // what is true now
	OpensAt    time.Time `json:"opens_at"`
	ClosesAt   time.Time `json:"closes_at"`
	OpenedAt   time.Time `json:"opened_at,omitzero"` // what it really was, once it is known
	ClosedAt   time.Time `json:"closed_at,omitzero"`
	ClaimsAt   time.Time `json:"claims_at"`
	ConfirmAt  time.Time `json:"confirm_at"`
	Why        string    `json:"why,omitempty"`                    // the organizer's words about a change
	MovedTo    string    `json:"moved_to,omitempty" format:"date"` // replaces a cancelled day
	Reasons    []string  `json:"reasons"`                          // what the rule says about the date
}

func (c *call) dayOf(d scheduler.Day) dayAnswer {
	a := dayAnswer{
		ID: d.ID, Community: d.CommunityID, Market: d.MarketID, MarketSlug: d.MarketSlug, MarketName: d.MarketName, Venue: d.Venue, TimeZone: d.TimeZone,
		Date: d.Date.String(), HeldOn: d.HeldOn.String(), Weekday: string(scheduler.WeekdayOf(d.HeldOn)), Lunar: scheduler.LunarOf(d.HeldOn).In(c.Lang),
		State: string(d.StateAt(c.server.clock())), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt, OpenedAt: d.OpenedAt, ClosedAt: d.ClosedAt, ClaimsAt: d.ClaimsAt, ConfirmAt: d.ConfirmAt,
		Why: d.Reason, MovedTo: d.MovedTo.String(),
	}
	for _, r := range d.Reasons {
		a.Reasons = append(a.Reasons, r.In(c.Lang))
	}
	return a
}

func (s *Server) apiDays(c *call, q daysQuery) (list[dayAnswer], error) {
	var out list[dayAnswer]
	f, err := c.dayFilter(q)
	if err != nil {
		return out, err
	}
	days, err := s.Scheduler.Days(c.ctx(), c.In.CommunityID, f)
	for _, d := range days {
		out.Items = append(out.Items, c.dayOf(d))
	}
	return out, err
}

func (c *call) dayFilter(q daysQuery) (f scheduler.DayFilter, err error) {
	r := reading{}
	f = scheduler.DayFilter{FromDate: r.date("from", q.From), ToDate: r.date("to", q.To), Limit: q.Limit}
	switch {
	case r.err != nil:
		return f, r.err
	case q.Limit < 0 || q.Limit > 500:
		return f, fault.Invalid("request.limit", "limit", "must be 1 to 500")
	case q.State != "" && !slices.Contains(scheduler.States, scheduler.State(q.State)):
		return f, fault.Invalid("request.state", "state", "%q is not a state of a day", q.State)
	case q.State != "":
		f.States = []scheduler.State{scheduler.State(q.State)}
	}
	if q.Market != "" {
		m, err := c.marketNamed(q.Market)
		f.MarketID = m.ID
		return f, err
	}
	return f, nil
}

// openDay is a day with its lines.
type openDay struct {
	dayAnswer
	Lines []lineAnswer `json:"lines"`
}

// lineAnswer is a line as everybody may read it: numbers only.
type lineAnswer struct {
	ID        string       `json:"id"`
	Service   string       `json:"service"`
	Kind      string       `json:"kind" enum:"person,item,stock"`
	BoothCode string       `json:"booth_code"`
	Zone      string       `json:"zone"`
	Partner   string       `json:"partner"` // its name
	State     string       `json:"state" enum:"planned,open,paused,sold_out,closing,closed,removed"`
	Why       string       `json:"why,omitempty"` // the reason of a pause
	Minutes   int          `json:"minutes"`       // one service usually takes
	Issued    int          `json:"issued"`        // the highest number given
	Waiting   int          `json:"waiting"`
	Wait      queue.Band   `json:"wait"`  // minutes, for somebody who would come now
	Calls     []queue.Call `json:"calls"` // the last five, newest first
	Ready     []int        `json:"ready"` // items that can be picked up
	StockLeft *int         `json:"stock_left,omitempty"`
	DeskOnly  bool         `json:"desk_only,omitempty"` // numbers are given at the desk only
	Version   int64        `json:"version"`
}

func lineOf(l queue.Line, partner string) lineAnswer {
	a := lineAnswer{
		ID: l.ID, Service: l.Service, Kind: string(l.Kind), BoothCode: l.BoothCode, Zone: l.Zone, Partner: partner, State: string(l.State), Why: l.Why,
		Minutes: l.Minutes, Issued: l.Issued, Waiting: l.Waiting, Wait: l.Wait, Calls: l.Calls, Ready: l.Ready, Version: l.Version, DeskOnly: l.DeskOnly,
	}
	if l.Kind == queue.Stock {
		a.StockLeft = &l.StockLeft
	}
	return a
}

func (s *Server) apiDay(c *call, _ none) (openDay, error) {
	var out openDay
	d, err := s.Scheduler.PublicDay(c.ctx(), c.Param("day"))
	if err != nil {
		return out, err
	}
	c.inZone(zoneNamed(d.TimeZone))
	out.dayAnswer = c.dayOf(d)
	lines, err := s.Queue.Lines(c.ctx(), d.CommunityID, d.ID)
	if err != nil || len(lines) == 0 {
		return out, ifHeard(err)
	}
	names, err := c.partnersOf(d)
	for _, l := range lines {
		out.Lines = append(out.Lines, lineOf(l, names[l.PartnerID]))
	}
	return out, err
}

// ifHeard forgives that another part of the house has not heard of a day yet.
func ifHeard(err error) error {
	if unheard(err) {
		return nil
	}
	return err
}

// partnersOf names those who have a place on a day, by their ids.
func (c *call) partnersOf(d scheduler.Day) (map[string]string, error) {
	claims, err := c.server.Booths.ClaimsOf(c.ctx(), d.CommunityID, d.ID)
	names := make(map[string]string, len(claims))
	for _, k := range claims {
		names[k.PartnerID] = k.Partner
	}
	return names, ifHeard(err)
}

type checkInRequest struct {
	Visitor string `json:"visitor,omitempty" pattern:"^[a-z2-7]{26}$"` // the card of numbers; without one it is made
}

// visitorAnswer is the card: 128 random bits that only its holder knows.
type visitorAnswer struct {
	Visitor string `json:"visitor"`
}

func (s *Server) apiCheckIn(c *call, in checkInRequest) (visitorAnswer, error) {
	if err := checkVisitor(in.Visitor); err != nil {
		return visitorAnswer{}, err
	}
	v, err := s.Queue.CheckIn(c.ctx(), c.Param("day"), in.Visitor, queue.Phone, c.ownKey())
	return visitorAnswer{v}, err
}

func checkVisitor(v string) error {
	if v != "" && !isHandle(v) {
		return fault.Invalid("request.visitor", "visitor", "must be 26 of the letters a to z and digits 2 to 7, or absent for a new one")
	}
	return nil
}

type takeRequest struct {
	Visitor  string `json:"visitor,omitempty" pattern:"^[a-z2-7]{26}$"` // the card the number goes on; without one it is made
	Priority bool   `json:"priority,omitempty"`                         // who issues numbers decides whom it is for
	Via      string `json:"via,omitempty" enum:"phone,desk,kiosk"`      // desk and kiosk for those who issue numbers only
	Proxy    bool   `json:"proxy,omitempty"`                            // for somebody else although the card waits already; desk only
}

func (s *Server) apiTake(c *call, in takeRequest) (queue.Ticket, error) {
	place, err := s.placeOf(c, c.Param("day"))
	if err != nil {
		return queue.Ticket{}, err
	}
	c.inZone(place.zone)
	via := queue.Via(in.Via)
	if via == "" {
		via = queue.Phone
	}
	if via != queue.Phone || in.Proxy || in.Priority {
		do := account.TicketIssue
		if via == queue.Kiosk && !in.Proxy && !in.Priority && c.Actor.Device() {
			do = account.TicketTouch
		}
		if err := account.Allow(c.Actor, do, account.Object{CommunityID: place.community}); err != nil {
			return queue.Ticket{}, err
		}
	}
	if err := checkVisitor(in.Visitor); err != nil {
		return queue.Ticket{}, err
	}
	return c.issue(queue.IssueRequest{DayID: c.Param("day"), LineID: c.Param("line"), Visitor: in.Visitor,
		Via: via, Priority: in.Priority, Proxy: in.Proxy, Key: c.ownKey()})
}

// ticketAnswer is what the holder of a ticket sees.
type ticketAnswer struct {
	Ticket    queue.Ticket `json:"ticket"`
	Line      lineAnswer   `json:"line"`
	Ahead     int          `json:"ahead"`
	Wait      queue.Band   `json:"wait"`
	Next      string       `json:"next,omitempty"`      // handle of the number it became on the next day
	UndoUntil time.Time    `json:"undo_until,omitzero"` // giving up can be taken back until then
}

func (s *Server) apiTicket(c *call, _ none) (ticketAnswer, error) {
	v, err := s.Queue.TicketByHandle(c.ctx(), c.Param("ticket"))
	if err != nil {
		return ticketAnswer{}, err
	}
	d, err := s.Scheduler.PublicDay(c.ctx(), v.Ticket.DayID)
	if err != nil {
		return ticketAnswer{}, err
	}
	c.inZone(zoneNamed(d.TimeZone))
	names, err := c.partnersOf(d)
	return ticketAnswer{Ticket: v.Ticket, Line: lineOf(v.Line, names[v.Line.PartnerID]), Ahead: v.Ahead, Wait: v.Wait, Next: v.Next, UndoUntil: v.UndoUntil}, err
}

func (s *Server) apiLeave(c *call, _ none) (queue.Ticket, error) {
	t, err := s.Queue.Leave(c.ctx(), c.Param("ticket"))
	return c.heldTicket(t, err)
}

func (s *Server) apiStay(c *call, _ none) (queue.Ticket, error) {
	t, err := s.Queue.UndoLeave(c.ctx(), c.Param("ticket"))
	return c.heldTicket(t, err)
}

func (c *call) heldTicket(t queue.Ticket, err error) (queue.Ticket, error) {
	if err != nil {
		return t, err
	}
	place, err := c.server.placeOf(c, t.DayID)
	c.inZone(place.zone)
	return t, err
}

type previewRequest struct {
	Rule       ruleField          `json:"rule"`
	Holiday    string             `json:"holiday,omitempty" enum:"keep,skip,next-workday,previous-workday,next-same-weekday"`
	Weekend    string             `json:"weekend,omitempty" enum:"keep,skip,next-workday,previous-workday,next-same-weekday"`
	TimeZone   string             `json:"timezone,omitempty"`
	From       string             `json:"from" format:"date"`
	Count      int                `json:"count,omitempty"` // 1 to 1000, 12 without
	Exceptions []exceptionRequest `json:"exceptions,omitempty"`
}

// previewAnswer is the dates held and, apart, those a policy or exception skips.
type previewAnswer struct {
	Items   []scheduler.Line `json:"items"`
	Skipped []scheduler.Line `json:"skipped"`
}

func (s *Server) apiPreview(c *call, in previewRequest) (previewAnswer, error) {
	cal, err := s.Scheduler.Calendar(c.ctx())
	if err != nil {
		return previewAnswer{}, err
	}
	r := reading{}
	p := scheduler.Input{Rule: in.Rule.Rule, Holiday: r.policy("holiday", in.Holiday), Weekend: r.policy("weekend", in.Weekend), From: r.date("from", in.From),
		Count: in.Count, Calendar: cal, Exceptions: r.exceptions(in.Exceptions)}
	if in.TimeZone != "" && r.err == nil {
		_, r.err = scheduler.Location("timezone", in.TimeZone)
	}
	if r.err == nil && (in.Count < 0 || in.Count > 1000) {
		r.err = fault.Invalid("preview.count", "count", "must be 1 to 1000")
	}
	if r.err != nil {
		return previewAnswer{}, r.err
	}
	said := p.Exceptions
	p.Exceptions = nil
	if p, err = p.Admit(said); err != nil {
		return previewAnswer{}, err
	}
	all, err := scheduler.PreviewAll(p)
	out := previewAnswer{Items: scheduler.Lines(all, c.Lang)}
	for _, o := range all {
		if o.Skipped {
			out.Skipped = append(out.Skipped, o.In(c.Lang))
		}
	}
	return out, err
}
