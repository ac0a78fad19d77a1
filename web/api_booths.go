package web

import (
	"strings"

	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/fault"
)

// boothAPI is who stands where: partners, claims, the plan and single edits.
func (s *Server) boothAPI() []endpoint {
	const community, day = "/communities/:community", "/communities/:community/days/:day"
	return []endpoint{
		{method: get, path: community + "/partners", summary: "The partners of a community, without contacts", action: account.PartnerList, where: inCommunity, do: on(s.apiPartners)},
		{method: post, path: community + "/partners", summary: "Admit a partner", action: account.PartnerAdmit, where: inCommunity, do: on(s.apiPartnerCreate), status: 201},
		{method: get, path: community + "/partners/:partner", summary: "One partner, without its contact", action: account.PartnerRead, where: ofPartner, do: on(s.apiPartner)},
		{method: put, path: community + "/partners/:partner", summary: "Change a partner; services keep their ids by name, a contact left out stays", action: account.PartnerEdit, where: ofPartner, do: on(s.apiPartnerSave)},
		{method: put, path: community + "/partners/:partner/standing/:market", summary: "Replace the standing places of a partner at a market", action: account.PartnerAdmit, where: ofPartner, do: on(s.apiStanding)},
		{method: get, path: day + "/plan", summary: "The plan: a draft with reasons before publication, who stands where after", action: account.PlanRead, where: inCommunity, do: on(s.apiPlan)},
		{method: get, path: day + "/claims", summary: "Every claim of a day, those waiting in their order", action: account.ClaimList, where: inCommunity, do: on(s.apiClaims)},
		{method: post, path: day + "/claims", summary: "Ask for a place on a day", action: account.ClaimMake, where: asPartner, do: on(s.apiClaim), status: 201, keyed: true},
		{method: post, path: day + "/booths/:booth/claim", summary: "Take a free booth, by id or code, after publication", action: account.ClaimMake, where: asPartner, do: on(s.apiClaimBooth), status: 201, keyed: true},
		{method: post, path: day + "/override", summary: "Decide over the plan, with a reason", action: account.PlanOverride, where: inCommunity, do: on(s.apiOverride)},
		{method: post, path: community + "/claims/:claim/withdraw", summary: "Take a claim back", action: account.ClaimMake, where: asPartner, do: on(s.apiWithdraw)},
		{method: post, path: community + "/assignments/:assignment/release", summary: "Give a booth back", action: account.ClaimMake, where: asPartner, do: on(s.apiRelease)},
		{method: post, path: community + "/offers/:offer/accept", summary: "Take an offered booth", action: account.OfferAnswer, where: asPartner, do: on(s.apiAcceptOffer)},
		{method: post, path: community + "/offers/:offer/decline", summary: "Say no to an offered booth", action: account.OfferAnswer, where: asPartner, do: on(s.apiDeclineOffer)},
	}
}

// as is the scope of what is done for a partner; "" is the whole community.
func (c *call) as(partner string) booths.Scope {
	return booths.Scope{CommunityID: c.In.CommunityID, PartnerID: partner, By: c.Actor.PersonID, Key: c.given()}
}

// own is the scope of the one who asks: all partners for an organizer,
// otherwise the partner the actor acts for.
func (c *call) own() booths.Scope {
	if c.Actor.Is(account.Organizer, c.In.CommunityID) {
		return c.as(c.QueryParam("partner"))
	}
	return c.as(c.In.PartnerID)
}

func (s *Server) apiPartners(c *call, _ none) (list[booths.Partner], error) {
	all, err := s.Booths.Partners(c.ctx(), c.In.CommunityID)
	return list[booths.Partner]{all}, err
}

// partnerRequest is a partner as it is written down. The contact is sealed and
// never answered.
type partnerRequest struct {
	Name           string                 `json:"name"`
	Kind           string                 `json:"kind" enum:"organisation,individual"`
	Category       string                 `json:"category,omitempty"`
	Loud           bool                   `json:"loud,omitempty"`
	W              booths.CM              `json:"w,omitempty"`
	H              booths.CM              `json:"h,omitempty"`
	Services       []booths.Offering      `json:"services"`
	Qualifications []booths.Qualification `json:"qualifications,omitempty"`
	Contact        *booths.Contact        `json:"contact,omitempty"`
}

func (in partnerRequest) partner(id string) booths.Partner {
	p := booths.Partner{ID: id, Name: in.Name, Kind: in.Kind, Category: in.Category, Loud: in.Loud, W: in.W, H: in.H,
		Services: in.Services, Qualifications: in.Qualifications}
	if in.Contact != nil {
		p.Contact = *in.Contact
	}
	return p
}

func (s *Server) apiPartnerCreate(c *call, in partnerRequest) (booths.Partner, error) {
	return s.Booths.SavePartner(c.ctx(), c.as(""), in.partner(""))
}

func (s *Server) apiPartner(c *call, _ none) (booths.Partner, error) {
	return s.Booths.Partner(c.ctx(), c.as(""), c.In.PartnerID)
}

func (s *Server) apiPartnerSave(c *call, in partnerRequest) (booths.Partner, error) {
	have, err := s.Booths.Partner(c.ctx(), c.as(""), c.In.PartnerID)
	if err != nil {
		return have, err
	}
	p := in.partner(have.ID)
	if in.Contact == nil {
		p.Contact = have.Contact
	}
	if _, err := s.Booths.SavePartner(c.ctx(), c.as(""), p); err != nil {
		return have, err
	}
	return s.apiPartner(c, none{})
}

type standingRequest struct {
	Items []standingPlace `json:"items"` // an empty list ends them
}

type standingPlace struct {
	Services []string      `json:"services,omitempty"` // names or ids; all without
	Wishes   booths.Wishes `json:"wishes,omitzero"`
}

func (s *Server) apiStanding(c *call, in standingRequest) (booths.Partner, error) {
	m, err := c.marketNamed(c.Param("market"))
	if err != nil {
		return booths.Partner{}, err
	}
	p, err := s.apiPartner(c, none{})
	if err != nil {
		return p, err
	}
	var places []booths.Standing
	for _, item := range in.Items {
		places = append(places, booths.Standing{MarketID: m.ID, Services: serviceIDs(p, item.Services), Wishes: item.Wishes})
	}
	if err := s.Booths.SaveStanding(c.ctx(), c.as(""), p.ID, m.ID, places); err != nil {
		return p, fault.From(err).Renamed(func(field string) string { return strings.Replace(field, "standing[", "items[", 1) })
	}
	return s.apiPartner(c, none{})
}

// serviceIDs turns names of a partner's services into ids; what is no name is
// left for the service to judge.
func serviceIDs(p booths.Partner, names []string) []string {
	byName := map[string]string{}
	for _, o := range p.Services {
		byName[o.Name] = o.ID
	}
	var ids []string
	for _, n := range names {
		if id, ok := byName[n]; ok {
			n = id
		}
		ids = append(ids, n)
	}
	return ids
}

// planAnswer is a plan. Before publication it is what would come out now;
// afterwards the booths say who stands where.
type planAnswer struct {
	Published bool `json:"published"`
	booths.PlanView
	Booths []booths.DayBooth `json:"booths"`
}

func (s *Server) apiPlan(c *call, _ none) (planAnswer, error) {
	plan, err := s.Booths.DayBooths(c.ctx(), c.In.CommunityID, c.Param("day"))
	if err != nil {
		return planAnswer{}, err
	}
	out := planAnswer{Published: plan.State != booths.DayPlanned && plan.State != booths.DayClaiming, Booths: plan.Booths}
	if out.Published {
		out.PlanView = c.placed(plan)
		return out, nil
	}
	day, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, c.Param("day"))
	if err != nil {
		return out, err
	}
	if publishing(day.StateAt(s.clock()), plan) {
		return out, fault.Closed("plan.publishing", "day", "the plan is being published just now; ask again in a moment")
	}
	draft, err := s.Booths.Draft(c.ctx(), c.In.CommunityID, c.Param("day"))
	if fault.Is(err, "plan.published") { // in this very moment
		return s.apiPlan(c, none{})
	}
	out.PlanView = draft.In(c.Lang)
	return out, err
}

// placed is a published plan in the form of a draft.
func (c *call) placed(plan booths.DayPlan) booths.PlanView {
	var v booths.PlanView
	count := map[string]int{}
	for _, b := range plan.Booths {
		if b.Claim == nil || b.Claim.Holding == nil {
			continue
		}
		h := b.Claim.Holding
		pair := booths.PairView{Partner: b.Claim.Partner, Place: count[b.Claim.PartnerID], Booth: b.Code, Score: h.Score}
		count[b.Claim.PartnerID]++
		v.Pairs = append(v.Pairs, pair)
		v.Assignments = append(v.Assignments, booths.AssignmentView{PairView: pair, Reasons: booths.Sentences(h.Reasons, c.Lang)})
	}
	for i, k := range plan.Waitlist {
		v.Waitlist = append(v.Waitlist, booths.WaitView{Partner: k.Partner, Place: count[k.PartnerID], Position: i + 1, Reasons: booths.Sentences(k.Reasons, c.Lang)})
		count[k.PartnerID]++
	}
	return v
}

func (s *Server) apiClaims(c *call, _ none) (list[booths.Claim], error) {
	all, err := s.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, c.Param("day"))
	return list[booths.Claim]{all}, err
}

type claimRequest struct {
	Partner  string        `json:"partner,omitempty"`  // id; one's own without
	Services []string      `json:"services,omitempty"` // names or ids; all that have no place yet without
	Wishes   booths.Wishes `json:"wishes,omitzero"`
}

// ask is what a request asks for, and in which scope. Who names a partner must
// be allowed to act for it.
func (c *call) ask(in claimRequest) (booths.Scope, booths.Ask, error) {
	partner := c.In.PartnerID
	if in.Partner != "" && in.Partner != partner {
		partner = in.Partner
		if err := account.Allow(c.Actor, c.route.action, account.Object{CommunityID: c.In.CommunityID, PartnerID: partner}); err != nil {
			return booths.Scope{}, booths.Ask{}, err
		}
	}
	if partner == "" {
		return booths.Scope{}, booths.Ask{}, fault.Invalid("request.missing", "partner", "is missing: an organizer says for whom")
	}
	p, err := c.server.Booths.Partner(c.ctx(), c.as(partner), partner)
	return c.acting(c.as(partner)), booths.Ask{PartnerID: partner, Services: serviceIDs(p, in.Services), Wishes: in.Wishes}, err
}

func (s *Server) apiClaim(c *call, in claimRequest) (booths.Claim, error) {
	scope, ask, err := c.ask(in)
	if err != nil {
		return booths.Claim{}, err
	}
	return s.Booths.Claim(c.ctx(), scope, c.Param("day"), ask)
}

func (s *Server) apiClaimBooth(c *call, in claimRequest) (booths.Claim, error) {
	scope, ask, err := c.ask(in)
	if err != nil {
		return booths.Claim{}, err
	}
	booth, err := c.booth(c.Param("booth"))
	if err != nil {
		return booths.Claim{}, err
	}
	return s.Booths.ClaimBooth(c.ctx(), scope, c.Param("day"), booth, ask)
}

// booth is the id of a booth of the day, named by id or code.
func (c *call) booth(name string) (string, error) {
	if name == "" || isHandle(name) {
		return name, nil
	}
	plan, err := c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, c.Param("day"))
	for _, b := range plan.Booths {
		if b.Code == name && b.ID != "" {
			return b.ID, nil
		}
	}
	if err == nil {
		err = fault.NotFound("booth.unknown", "booth", "there is no such booth on this day")
	}
	return "", err
}

type overrideRequest struct {
	Claim  string `json:"claim"`
	Booth  string `json:"booth,omitempty"` // id or code; without one a decided place is taken back
	Reason string `json:"reason"`
}

func (s *Server) apiOverride(c *call, in overrideRequest) (none, error) {
	booth, err := c.booth(in.Booth)
	if err != nil {
		return none{}, err
	}
	return none{}, s.Booths.Override(c.ctx(), c.as(""), c.Param("day"), booths.Decision{ClaimID: in.Claim, BoothID: booth, Reason: in.Reason})
}

func (s *Server) apiWithdraw(c *call, _ none) (none, error) {
	return none{}, s.Booths.Withdraw(c.ctx(), c.own(), c.Param("claim"))
}

type reasonRequest struct {
	Reason string `json:"reason,omitempty"`
}

func (s *Server) apiRelease(c *call, in reasonRequest) (none, error) {
	return none{}, s.Booths.Release(c.ctx(), c.own(), c.Param("assignment"), in.Reason)
}

func (s *Server) apiAcceptOffer(c *call, _ none) (booths.Claim, error) {
	return s.Booths.AcceptOffer(c.ctx(), c.own(), c.Param("offer"))
}

func (s *Server) apiDeclineOffer(c *call, _ none) (none, error) {
	return none{}, s.Booths.DeclineOffer(c.ctx(), c.own(), c.Param("offer"))
}
