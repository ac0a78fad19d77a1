package web

import (
	"cmp"
	"slices"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// What a partner fills in on the page of a day.
var (
	claimFields      = []string{"sheet", "services", "wish1", "wish2", "zones"}
	takeFields       = []string{"booth", "services"}
	substituteFields = []string{"assignment", "partner", "reason", "agreed"}
)

func (s *Server) partnerDay(c *call) error {
	v, err := c.partnerDayView(c.Param("day"))
	if err != nil {
		return err
	}
	for i, m := range v.Claims {
		if m.Holding != nil && m.Holding.ID == c.QueryParam("release") {
			v.Leaving = &v.Claims[i]
		}
	}
	return c.show(partnerDayPage(v))
}

// partnerDayView gathers everything one partner sees of one day.
func (c *call) partnerDayView(id string) (partnerDayView, error) {
	v := partnerDayView{take: c.form(takeFields...), substitute: c.form(substituteFields...), button: c.form()}
	var err error
	if v.stall, err = c.stall("stall.day"); err != nil {
		return v, err
	}
	v.Modules = []string{"claim.js"}
	if v.Day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, id); err != nil {
		return v, err
	}
	v.State = v.Day.StateAt(v.Now)
	if v.Plan, err = c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, id); err != nil {
		return v, err
	}
	last, err := c.lastClaim(v.Plan.Day)
	if err != nil {
		return v, err
	}
	v.claim, v.Again = c.claimForm(v.Partner, last), last != nil
	if err := c.claimsInto(&v); err != nil {
		return v, err
	}
	if v.brought() == "" { // what was brought the last time has its place already
		for _, o := range v.unclaimed() {
			v.claim = v.claim.With("services", append(slices.Clone(v.claim.All("services")), o.ID)...)
		}
	}
	return v, c.linesInto(&v)
}

// claimsInto finds the partner's own claims, and which wishes of the organizer
// nobody has answered yet.
func (c *call) claimsInto(v *partnerDayView) error {
	all, err := c.server.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, v.Day.ID)
	if err != nil {
		return err
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	categories := map[string]string{}
	for _, p := range partners {
		categories[p.ID] = p.Category
		if p.ID != v.Partner.ID && !p.Archived {
			v.Others = append(v.Others, choice{p.ID, p.Name})
		}
	}
	brought := map[string]bool{}
	for _, m := range all {
		if m.Live() {
			brought[categories[m.PartnerID]] = true
			for _, o := range m.Services {
				brought[o.Name] = true
			}
		}
		if m.PartnerID == v.Partner.ID {
			v.Claims = append(v.Claims, m)
		}
	}
	for _, w := range v.Plan.Wanted {
		v.Wanted = append(v.Wanted, wanted{Name: known(c.Lang, "office.category_", w), Brought: brought[w], Own: bringsWanted(v.Partner, w)})
	}
	return nil
}

// bringsWanted reports whether a partner can answer a wish of the organizer.
func bringsWanted(p booths.Partner, wish string) bool {
	return p.Category == wish || slices.ContainsFunc(p.Services, func(o booths.Offering) bool { return o.Name == wish })
}

// linesInto finds the partner's own lines and numbers of the day.
func (c *call) linesInto(v *partnerDayView) (err error) {
	if v.Lines, err = c.ownLinesOf(v.Day.ID); err != nil {
		return err
	}
	v.Counts, err = c.ownCounts(v.Day.ID)
	return err
}

func (c *call) ownLinesOf(dayID string) ([]queue.Line, error) {
	lines, err := c.server.Queue.Lines(c.ctx(), c.In.CommunityID, dayID)
	if err != nil && !unheard(err) {
		return nil, err
	}
	return slices.DeleteFunc(lines, func(l queue.Line) bool { return l.PartnerID != c.In.PartnerID }), nil
}

// unheard reports whether a day exists whose news has not reached a service
// yet: its page shows what is known.
func unheard(err error) bool {
	return fault.Is(err, "queue.day_unknown") || fault.Is(err, "day.unknown")
}

// ownCounts are the figures of the partner's lines on a day.
func (c *call) ownCounts(dayID string) ([]queue.LineCount, error) {
	f, err := c.server.Queue.DayFigures(c.ctx(), c.In.CommunityID, dayID)
	if err != nil && !unheard(err) {
		return nil, err
	}
	return slices.DeleteFunc(f.Lines, func(l queue.LineCount) bool { return l.PartnerID != c.In.PartnerID }), nil
}

// partnerDayAgain shows the day once more with the form that failed in its place.
func (c *call) partnerDayAgain(f form, failed error, put func(*partnerDayView, form)) error {
	v, err := c.partnerDayView(c.Param("day"))
	if err != nil {
		return err
	}
	return c.again(f, failed, func(f form) templ.Component {
		put(&v, f)
		return partnerDayPage(v)
	})
}

// toDay leads back to the page of the day.
func (c *call) toDay(key string) error {
	to := "/p/" + c.Community.Slug + "/days/" + c.Param("day")
	if id := c.QueryParam("partner"); id != "" {
		to += "?partner=" + escapeQuery(id)
	}
	return c.done(to, key)
}

func (s *Server) partnerClaim(c *call) error {
	p, err := s.Booths.Partner(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return err
	}
	f := c.form(claimFieldsOf(p)...)
	if err := c.claimFrom(f, p); err != nil {
		return c.partnerDayAgain(f, err, func(v *partnerDayView, f form) { v.claim = f })
	}
	return c.toDay("done.stall_claimed")
}

// claimFrom asks for what the form of a claim says.
func (c *call) claimFrom(f form, p booths.Partner) error {
	ask := booths.Ask{PartnerID: c.In.PartnerID, Services: f.All("services")}
	for _, w := range []string{f.Get("wish1"), f.Get("wish2")} {
		if w != "" && !slices.Contains(ask.Wishes.Booths, w) {
			ask.Wishes.Booths = append(ask.Wishes.Booths, w)
		}
	}
	ask.Wishes.Zones = f.All("zones")
	if f.On("sheet") && len(ask.Services) == 0 {
		return fault.Invalid("claim.nothing", "services", "at least one service")
	}
	if err := c.brings(f, p); err != nil {
		return err
	}
	_, err := c.server.Booths.Claim(c.ctx(), c.acting(c.partnerOf(f.Key)), c.Param("day"), ask)
	return err
}

// acting widens the scope of somebody who does not act for the partner but for
// the community: then the record says who did it.
func (c *call) acting(of booths.Scope) booths.Scope {
	if !c.Actor.Has(account.Role{Kind: account.Partner, CommunityID: of.CommunityID, PartnerID: of.PartnerID}) {
		of.PartnerID = ""
	}
	return of
}

func (s *Server) partnerWithdraw(c *call) error {
	f := c.form("claim")
	if err := s.Booths.Withdraw(c.ctx(), c.partnerOf(f.Key), f.Get("claim")); err != nil {
		return c.partnerDayAgain(f, err, func(v *partnerDayView, f form) { v.button = f })
	}
	return c.toDay("done.stall_withdrawn")
}

func (s *Server) partnerTake(c *call) error {
	f := c.form(takeFields...)
	ask := booths.Ask{PartnerID: c.In.PartnerID, Services: f.All("services")}
	if _, err := s.Booths.ClaimBooth(c.ctx(), c.partnerOf(f.Key), c.Param("day"), f.Get("booth"), ask); err != nil {
		return c.partnerDayAgain(f, err, func(v *partnerDayView, f form) { v.take = f })
	}
	return c.toDay("done.stall_taken")
}

func (s *Server) partnerRelease(c *call) error {
	f := c.form("assignment", "reason")
	if err := s.Booths.Release(c.ctx(), c.partnerOf(f.Key), f.Get("assignment"), f.Get("reason")); err != nil {
		return c.partnerDayAgain(f, err, func(v *partnerDayView, f form) { v.button = f })
	}
	return c.toDay("done.stall_released")
}

func (s *Server) partnerSubstitute(c *call) error {
	f := c.form(substituteFields...)
	ask, err := booths.Ask{PartnerID: f.Get("partner")}, error(nil)
	if !f.On("agreed") {
		err = fault.Invalid("substitute.agreed", "agreed", "ask the substitute first")
	} else {
		_, err = s.Booths.Substitute(c.ctx(), c.partnerOf(f.Key), f.Get("assignment"), ask, f.Get("reason"))
	}
	if err != nil {
		return c.partnerDayAgain(f, err, func(v *partnerDayView, f form) { v.substitute = f })
	}
	return c.toDay("done.stall_substituted")
}

// mayClaim, mayTake and mayLeave repeat what the service will judge, so that
// only buttons that work are shown.
func (v partnerDayView) mayClaim() bool {
	switch v.Plan.State {
	case booths.DayClaiming:
		return v.Now.Before(v.Plan.ConfirmAt) && len(v.unclaimed()) > 0
	case booths.DayPublished:
		return v.Now.Before(v.Plan.OpensAt) && len(v.unclaimed()) > 0
	}
	return false
}

// late reports whether places are given already: what one asks for now waits.
func (v partnerDayView) late() bool { return v.Plan.State == booths.DayPublished }

// word is a text of the form of a claim: to the partner, or about it.
func (v partnerDayView) word(what string) string {
	if v.Telephoned {
		return "claimfor." + what
	}
	return "stall." + what
}

// doText is what the button of the form says.
func (v partnerDayView) doText() string {
	switch {
	case v.late():
		return v.word("late_do")
	case v.Telephoned:
		return "claimfor.do"
	}
	return "stall.claim_do"
}

// unseen is the form that failed and is not on the page any more: its reason
// stands at the top.
func (v partnerDayView) unseen() form {
	switch {
	case v.claim.Failed() && !v.mayClaim():
		return v.claim
	case v.take.Failed() && !v.mayTake():
		return v.take
	case v.substitute.Failed() && !slices.ContainsFunc(v.Claims, v.holds(v.substitute.Get("assignment"))):
		return v.substitute
	}
	return v.button
}

// holds tells which claim holds by an assignment that can still be handed over.
func (v partnerDayView) holds(assignmentID string) func(booths.Claim) bool {
	return func(c booths.Claim) bool { return c.Holding != nil && c.Holding.ID == assignmentID && v.mayLeave() }
}

func (v partnerDayView) published() bool {
	return v.Plan.State == booths.DayPublished || v.Plan.State == booths.DaySettled
}

func (v partnerDayView) mayLeave() bool {
	return v.Plan.State == booths.DayPublished && v.Now.Before(v.Plan.OpensAt)
}

func (v partnerDayView) mayTake() bool {
	return v.mayLeave() && len(v.free()) > 0 && (v.waits() || len(v.unclaimed()) > 0)
}

// waits reports whether a claim is on the waitlist: a free booth goes to it.
func (v partnerDayView) waits() bool {
	return slices.ContainsFunc(v.Claims, func(c booths.Claim) bool { return c.State == booths.ClaimWaiting })
}

// unclaimed are the partner's services that have no place on this day yet.
func (v partnerDayView) unclaimed() (out []booths.Offering) {
	used := map[string]bool{}
	for _, c := range v.Claims {
		if c.Live() {
			for _, o := range c.Services {
				used[o.ID] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(v.Partner.Services), func(o booths.Offering) bool { return used[o.ID] })
}

// services are what one may tick, with what each needs.
func (v partnerDayView) services() (out []choice) {
	for _, o := range v.unclaimed() {
		label := o.Name
		if len(o.Needs) > 0 {
			label += v.T("stall.needs", "needs", v.featuresText(o.Needs))
		}
		out = append(out, choice{o.ID, label})
	}
	return out
}

// boothLabel names a booth with its zone and what it has.
func (p page) boothLabel(b booths.Booth) string {
	label := b.Code
	if b.Zone != "" {
		label += " · " + b.Zone
	}
	if len(b.Features) > 0 {
		label += " · " + p.featuresText(b.Features)
	}
	return label
}

// free are the booths nobody holds and nobody is asked about.
func (v partnerDayView) free() (out []choice) {
	for _, b := range v.Plan.Booths {
		if b.Claim == nil && b.Offered == nil && b.ID != "" {
			out = append(out, choice{b.ID, v.boothLabel(b.Booth)})
		}
	}
	return out
}

// boothWishes are all booths by code, for the wishes of a claim.
func (v partnerDayView) boothWishes() []choice {
	out := []choice{{"", v.T("stall.wish_any")}}
	for _, b := range v.Plan.Booths {
		out = append(out, choice{b.Code, v.boothLabel(b.Booth)})
	}
	return out
}

func (v partnerDayView) zoneWishes() (out []choice) {
	for _, z := range v.Plan.Zones {
		if len(z.Accepts) == 0 || slices.Contains(z.Accepts, v.Partner.Category) {
			out = append(out, choice{z.Name, z.Name})
		}
	}
	return out
}

// ground is the plan as this partner sees it: its own booths stand out, the
// others say who is there once the plan is published.
func (v partnerDayView) ground() ground {
	held, all := map[string]*booths.Claim{}, make([]booths.Booth, len(v.Plan.Booths))
	for i, b := range v.Plan.Booths {
		held[b.Code], all[i] = b.Claim, b.Booth
	}
	g := v.drawing(all, func(b booths.Booth) (string, string) {
		switch c := held[b.Code]; {
		case c == nil:
			return "free", ""
		case c.PartnerID == v.Partner.ID:
			return "mine", c.Partner
		default:
			return "taken", c.Partner
		}
	})
	return g.ofOne("mine")
}

// beside are the booths next to the partner's own, the nearest first.
func (v partnerDayView) beside() (out []booths.DayBooth) {
	var own []booths.Booth
	for _, b := range v.Plan.Booths {
		if b.Claim != nil && b.Claim.PartnerID == v.Partner.ID {
			own = append(own, b.Booth)
		} else if b.Claim != nil {
			out = append(out, b)
		}
	}
	if len(own) == 0 {
		return nil
	}
	far := func(b booths.DayBooth) (best int) {
		for i, o := range own {
			dx, dy := int(b.X-o.X), int(b.Y-o.Y)
			if d := dx*dx + dy*dy; i == 0 || d < best {
				best = d
			}
		}
		return best
	}
	slices.SortStableFunc(out, func(a, b booths.DayBooth) int { return cmp.Compare(far(a), far(b)) })
	return out[:min(3, len(out))]
}

// placed reports whether the partner holds a booth on this day.
func (v partnerDayView) placed() bool {
	return slices.ContainsFunc(v.Claims, func(c booths.Claim) bool { return c.Holding != nil })
}

// claimed reports whether something of the partner's still counts on this day.
func (v partnerDayView) claimed() bool { return slices.ContainsFunc(v.Claims, booths.Claim.Live) }

// gave reports whether there is something to thank for.
func (v partnerDayView) gave() bool { return v.placed() && !v.Day.ClosedAt.IsZero() }

// running reports whether lines can be run now, or soon.
func (v partnerDayView) running() bool {
	return v.State == scheduler.Confirmed || v.State == scheduler.Open || v.State == scheduler.Closed
}
