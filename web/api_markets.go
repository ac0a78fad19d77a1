package web

import (
	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// marketAPI is what organizers decide about when: communities, markets, days.
func (s *Server) marketAPI() []endpoint {
	const market, day = "/communities/:community/markets/:market", "/communities/:community/days/:day"
	return []endpoint{
		{method: post, path: "/communities", summary: "Create a community", action: account.CommunityCreate, where: nowhere, do: on(s.apiCommunityCreate), status: 201},
		{method: put, path: "/communities/:community", summary: "Change a community; its slug stays", action: account.CommunityEdit, where: inCommunity, do: on(s.apiCommunitySave)},
		{method: get, path: "/communities/:community/markets", summary: "The markets of a community", action: account.MarketRead, where: inCommunity, do: on(s.apiMarkets)},
		{method: post, path: "/communities/:community/markets", summary: "Create a market and plan its days", action: account.MarketEdit, where: inCommunity, do: on(s.apiMarketCreate), status: 201},
		{method: get, path: market, summary: "One market, by slug or id", action: account.MarketRead, where: inCommunity, do: on(s.apiMarket)},
		{method: put, path: market, summary: "Change a market; days with claims or tickets need a choice", action: account.MarketEdit, where: inCommunity, do: on(s.apiMarketSave)},
		{method: post, path: market + "/preview", summary: "What changing a market would do to its planned days", action: account.MarketEdit, where: inCommunity, do: on(s.apiMarketPreview)},
		{method: post, path: market + "/exceptions", summary: "Skip, move or add a single date", action: account.DayPlan, where: inCommunity, do: on(s.apiException)},
		{method: del, path: market + "/exceptions/:date", summary: "Take the exception of a date back", action: account.DayPlan, where: inCommunity, do: on(s.apiExceptionRemove)},
		{method: get, path: market + "/layout", summary: "The ground of a market", action: account.LayoutRead, where: inCommunity, do: on(s.apiLayout)},
		{method: put, path: market + "/layout", summary: "Replace the ground of a market; lengths in centimetres. Days that take claims keep theirs: the answer names them, catch-up gives them this one", action: account.LayoutEdit, where: inCommunity, do: on(s.apiLayoutSave)},
		{method: get, path: market + "/behind", summary: "Days that take claims and do not know the market's present ground or standing partners", action: account.LayoutRead, where: inCommunity, do: on(s.apiBehind)},
		{method: post, path: day + "/catch-up", summary: "Give a day that takes claims the present ground and standing partners of its market", action: account.LayoutEdit, where: inCommunity, do: on(s.apiCatchUp)},
		{method: post, path: day + "/catch-up/undo", summary: "Give a day back the ground and claims it had before, within ten minutes", action: account.LayoutEdit, where: inCommunity, do: on(s.apiUndoCatchUp)},
		{method: post, path: day + "/confirm", summary: "End claiming now and publish the plan", action: account.PlanConfirm, where: inCommunity, do: on(s.apiConfirm)},
		{method: post, path: day + "/open", summary: "Open the day now", action: account.DayOpen, where: inCommunity, do: on(s.apiOpen)},
		{method: post, path: day + "/close", summary: "Close the day now", action: account.DayClose, where: inCommunity, do: on(s.apiClose)},
		{method: post, path: day + "/undo", summary: "Take an early confirmation, opening or closing, or a cancellation back, within ten minutes", action: account.DayPlan, where: inCommunity, do: on(s.apiUndo)},
		{method: post, path: day + "/cancel", summary: "Call the day off", action: account.DayPlan, where: inCommunity, do: on(s.apiCancel)},
		{method: post, path: day + "/move", summary: "Hold the day at another date or time", action: account.DayPlan, where: inCommunity, do: on(s.apiMove)},
	}
}

// communityRequest is a community as it is written down.
type communityRequest struct {
	Name     string `json:"name"`
	City     string `json:"city,omitempty"`
	Address  string `json:"address,omitempty"`
	Phone    string `json:"phone,omitempty"`
	TimeZone string `json:"timezone,omitempty"` // Asia/Shanghai without
	Locale   string `json:"locale,omitempty" enum:"zh-Hans,zh-Hant,en"`
}

func (in communityRequest) community(slug string) scheduler.Community {
	return scheduler.Community{Slug: slug, Name: in.Name, City: in.City, Address: in.Address, Phone: in.Phone, TimeZone: in.TimeZone, Locale: in.Locale}
}

type newCommunity struct {
	Slug string `json:"slug"`
	communityRequest
}

// apiCommunityCreate never overwrites a community of the same slug; the same
// request again is once.
func (s *Server) apiCommunityCreate(c *call, in newCommunity) (scheduler.Community, error) {
	return s.Scheduler.CreateCommunity(c.ctx(), in.community(in.Slug))
}

func (s *Server) apiCommunitySave(c *call, in communityRequest) (scheduler.Community, error) {
	return s.Scheduler.SaveCommunity(c.ctx(), in.community(c.Community.Slug))
}

func (s *Server) apiMarkets(c *call, _ none) (list[scheduler.Market], error) {
	all, err := s.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	return list[scheduler.Market]{all}, err
}

// marketNamed finds a market of the community by slug or id.
func (c *call) marketNamed(name string) (scheduler.Market, error) {
	all, err := c.server.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	for _, m := range all {
		if m.ID == name || m.Slug == name {
			return m, nil
		}
	}
	if err == nil {
		err = fault.NotFound("market.unknown", "market", "there is no such market here")
	}
	return scheduler.Market{}, err
}

func (s *Server) apiMarket(c *call, _ none) (scheduler.Market, error) {
	return c.marketNamed(c.Param("market"))
}

// marketRequest is a market as it is written down.
type marketRequest struct {
	Slug       string             `json:"slug"`
	Name       string             `json:"name"`
	Venue      string             `json:"venue"`
	Rule       ruleField          `json:"rule"`
	Opens      string             `json:"opens" format:"hm"`
	Closes     string             `json:"closes" format:"hm"`
	Holiday    string             `json:"holiday,omitempty" enum:"keep,skip,next-workday,previous-workday,next-same-weekday"`
	Weekend    string             `json:"weekend,omitempty" enum:"keep,skip,next-workday,previous-workday,next-same-weekday"`
	Leads      *leadsField        `json:"leads,omitempty"`
	Exceptions []exceptionRequest `json:"exceptions,omitempty"`
}

func (in marketRequest) market(c *call) (scheduler.Market, error) {
	r := reading{}
	m := scheduler.Market{
		CommunityID: c.In.CommunityID, Slug: in.Slug, Name: in.Name, Venue: in.Venue, Rule: in.Rule.Rule,
		Opens: r.timeOfDay("opens", in.Opens), Closes: r.timeOfDay("closes", in.Closes),
		Holiday: r.policy("holiday", in.Holiday), Weekend: r.policy("weekend", in.Weekend), Exceptions: r.exceptions(in.Exceptions),
	}
	if in.Leads != nil {
		m.Leads = in.Leads.LeadTimes
	}
	return m, r.err
}

func (s *Server) apiMarketCreate(c *call, in marketRequest) (scheduler.Market, error) {
	m, err := in.market(c)
	if err != nil {
		return m, err
	}
	return s.Scheduler.CreateMarket(c.ctx(), m)
}

// marketChange is a market with a decision for every day that somebody counts on.
type marketChange struct {
	marketRequest
	Choices map[string]choiceRequest `json:"choices,omitempty"` // by day id
}

type choiceRequest struct {
	Action string `json:"action" enum:"keep,move,cancel"`
	To     string `json:"to,omitempty" format:"date"`
	Why    string `json:"why,omitempty"`
}

// changed is the market of the path as the request wants it.
func (in marketChange) changed(c *call) (m scheduler.Market, choices map[string]scheduler.Choice, err error) {
	have, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return m, nil, err
	}
	if m, err = in.market(c); err != nil {
		return m, nil, err
	}
	m.ID = have.ID
	if in.Leads == nil {
		m.Leads = have.Leads
	}
	r := reading{}
	choices = map[string]scheduler.Choice{}
	for day, k := range in.Choices {
		choices[day] = scheduler.Choice{Action: scheduler.Action(k.Action), To: r.date("choices."+day+".to", k.To), Why: k.Why}
	}
	return m, choices, r.err
}

func (s *Server) apiMarketSave(c *call, in marketChange) (scheduler.Market, error) {
	m, choices, err := in.changed(c)
	if err != nil {
		return m, err
	}
	return s.Scheduler.ApplyEdit(c.ctx(), m, choices)
}

// affectedAnswer is a planned day an edit touches.
type affectedAnswer struct {
	Day      dayAnswer `json:"day"`
	Offer    string    `json:"offer,omitempty" format:"date"` // where the new rule holds it
	NeedsSay bool      `json:"needs_say"`                     // has claims or tickets: needs a choice
}

type editAnswer struct {
	Affected []affectedAnswer `json:"affected"`
	Next     []scheduler.Line `json:"next"`
}

func (s *Server) apiMarketPreview(c *call, in marketRequest) (editAnswer, error) {
	m, _, err := marketChange{marketRequest: in}.changed(c)
	if err != nil {
		return editAnswer{}, err
	}
	e, err := s.Scheduler.PreviewEdit(c.ctx(), m)
	out := editAnswer{Next: scheduler.Lines(e.Next, c.Lang)}
	for _, a := range e.Affected {
		out.Affected = append(out.Affected, affectedAnswer{Day: c.dayOf(a.Day), Offer: a.Offer.String(), NeedsSay: a.NeedsSay})
	}
	return out, err
}

func (s *Server) apiException(c *call, in exceptionRequest) (scheduler.Market, error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return m, err
	}
	r := reading{}
	e := r.exception("", in)
	if r.err != nil {
		return m, r.err
	}
	return s.Scheduler.AddException(c.ctx(), c.In.CommunityID, m.ID, e)
}

func (s *Server) apiExceptionRemove(c *call, _ none) (scheduler.Market, error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return m, err
	}
	date, err := scheduler.ParseDate("date", c.Param("date"))
	if err != nil {
		return m, err
	}
	return s.Scheduler.RemoveException(c.ctx(), c.In.CommunityID, m.ID, date)
}

func (s *Server) apiLayout(c *call, _ none) (booths.Layout, error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return booths.Layout{}, err
	}
	return s.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
}

// layoutSaved is a ground that was saved, and the days that have another one
// until they catch up.
type layoutSaved struct {
	booths.Layout
	Behind []behindDay `json:"behind"`
}

// behindDay is a day that takes claims and does not know what came after they
// had begun.
type behindDay struct {
	Day      string   `json:"day"`
	Date     string   `json:"date"`
	HeldOn   string   `json:"held_on"`
	Ground   bool     `json:"ground"`   // it has another ground, or other wishes, than its market
	Partners []string `json:"partners"` // standing partners who have no claim on it
}

func (s *Server) apiLayoutSave(c *call, in booths.Layout) (out layoutSaved, err error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return out, err
	}
	if err := s.Booths.SaveLayout(c.ctx(), c.In.CommunityID, m.ID, in); err != nil {
		return out, err
	}
	if out.Layout, err = s.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID); err != nil {
		return out, err
	}
	late, err := s.apiBehind(c, none{})
	out.Behind = late.Items
	return out, err
}

func (s *Server) apiBehind(c *call, _ none) (out list[behindDay], err error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return out, err
	}
	all, err := s.Booths.Behind(c.ctx(), c.In.CommunityID)
	for _, b := range all {
		if b.MarketID == m.ID {
			out.Items = append(out.Items, behindDay{Day: b.ID, Date: b.Date, HeldOn: b.HeldOn, Ground: b.Ground, Partners: b.Partners})
		}
	}
	return out, err
}

func (s *Server) apiUndoCatchUp(c *call, _ none) (none, error) {
	return none{}, s.Booths.UndoCatchUp(c.ctx(), c.In.CommunityID, c.Param("day"))
}

func (s *Server) apiCatchUp(c *call, _ none) (none, error) {
	return none{}, s.Booths.CatchUp(c.ctx(), c.In.CommunityID, c.Param("day"))
}

func (c *call) dayRef() scheduler.DayRef {
	return scheduler.DayRef{CommunityID: c.In.CommunityID, DayID: c.Param("day")}
}

// dayDone answers a command about a day.
func (c *call) dayDone(d scheduler.Day, err error) (dayAnswer, error) {
	if err != nil {
		return dayAnswer{}, err
	}
	return c.dayOf(d), nil
}

func (s *Server) apiConfirm(c *call, _ none) (dayAnswer, error) {
	return c.dayDone(s.Scheduler.Confirm(c.ctx(), c.dayRef()))
}

func (s *Server) apiOpen(c *call, _ none) (dayAnswer, error) {
	return c.dayDone(s.Scheduler.Open(c.ctx(), c.dayRef()))
}

type whyRequest struct {
	Why string `json:"why,omitempty"`
}

func (s *Server) apiClose(c *call, in whyRequest) (dayAnswer, error) {
	return c.dayDone(s.Scheduler.Close(c.ctx(), c.dayRef(), in.Why))
}

type undoRequest struct {
	Step string `json:"step" enum:"confirmed,open,closed,cancelled"`
}

func (s *Server) apiUndo(c *call, in undoRequest) (dayAnswer, error) {
	return c.dayDone(s.undoStep(c, in.Step))
}

type cancelRequest struct {
	Why string `json:"why"`
	To  string `json:"to,omitempty" format:"date"` // the date that replaces the day
}

func (s *Server) apiCancel(c *call, in cancelRequest) (dayAnswer, error) {
	r := reading{}
	to := r.date("to", in.To)
	if r.err != nil {
		return dayAnswer{}, r.err
	}
	return c.dayDone(s.Scheduler.Cancel(c.ctx(), c.dayRef(), in.Why, to))
}

type moveRequest struct {
	To     string `json:"to,omitempty" format:"date"` // the same date without
	Opens  string `json:"opens,omitempty" format:"hm"`
	Closes string `json:"closes,omitempty" format:"hm"`
	Why    string `json:"why"`
}

func (s *Server) apiMove(c *call, in moveRequest) (dayAnswer, error) {
	r := reading{}
	o := scheduler.MoveOrder{To: r.date("to", in.To), Opens: r.maybeTime("opens", in.Opens), Closes: r.maybeTime("closes", in.Closes), Why: in.Why}
	if r.err != nil {
		return dayAnswer{}, r.err
	}
	return c.dayDone(s.Scheduler.Move(c.ctx(), c.dayRef(), o))
}
