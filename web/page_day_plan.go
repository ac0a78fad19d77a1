package web

import (
	"slices"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/scheduler"
)

var decisionFields = []string{"claim", "booth", "reason"}

// organizerScope acts for the whole community.
func (c *call) organizerScope(key string) booths.Scope {
	return booths.Scope{CommunityID: c.In.CommunityID, By: c.Actor.PersonID, Key: key}
}

func (s *Server) planShow(c *call) error {
	v, err := c.planView()
	if err != nil {
		return err
	}
	if v.publishing() {
		return c.show(planWaitPage(v))
	}
	if id := c.QueryParam("claim"); id != "" {
		v.form = v.form.With("claim", id)
	}
	if id := c.QueryParam("booth"); id != "" {
		v.form = v.form.With("booth", id)
	}
	if err := c.foresee(&v); err != nil {
		return err
	}
	for i, m := range v.Claims {
		if m.Holding != nil && m.Holding.ID == c.QueryParam("release") {
			v.Leaving = &v.Claims[i]
		}
	}
	return c.show(planPage(v))
}

// planView gathers the plan: a draft while partners claim, the truth afterwards.
func (c *call) planView() (planView, error) {
	at, err := c.duty("plan.title")
	v := planView{duty: at, form: c.form(decisionFields...), release: c.form("assignment", "reason")}
	if err != nil {
		return v, err
	}
	community, id := c.In.CommunityID, v.Day.ID
	if v.Plan, err = c.server.Booths.DayBooths(c.ctx(), community, id); err != nil {
		return v, err
	}
	if v.publishing() {
		v.Refresh = planRefresh
	} else if v.Plan.State == booths.DayClaiming {
		if err := c.draftInto(&v); err != nil {
			return v, err
		}
	}
	if v.Claims, err = c.server.Booths.ClaimsOf(c.ctx(), community, id); err != nil {
		return v, err
	}
	if v.Changes, err = c.server.Booths.Changes(c.ctx(), community, id); err != nil {
		return v, err
	}
	if slices.ContainsFunc(v.Changes, func(x booths.Change) bool { return x.What == "claim" }) {
		if v.names, err = c.names(); err != nil {
			return v, err
		}
	}
	v.fill()
	return v, nil
}

// planRefresh is after how many seconds a page looks for the plan that is about to be published.
const planRefresh = 2

// publishing reports whether the day is confirmed and its plan is not known yet:
// who stands where is being decided now.
func publishing(d scheduler.State, plan booths.DayPlan) bool {
	return (d == scheduler.Confirmed || d == scheduler.Open) && plan.State == booths.DayClaiming
}

func (v planView) publishing() bool { return publishing(v.State, v.Plan) }

func (c *call) draftInto(v *planView) error {
	draft, err := c.server.Booths.Draft(c.ctx(), c.In.CommunityID, v.Day.ID)
	if fault.Is(err, "plan.published") { // in this very moment: the plan is the truth now
		v.Plan, err = c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, v.Day.ID)
		return err
	}
	if err != nil {
		return err
	}
	v.Draft = &draft
	return nil
}

// planRow is a booth with who stands there, or would.
type planRow struct {
	Booth   booths.Booth
	Claim   *booths.Claim // nil while it is free
	Offered *booths.Claim
	Reasons []string
}

// planWait is a claim without a booth, and why.
type planWait struct {
	Claim    booths.Claim
	Position int
	Reasons  []string
}

func (v *planView) fill() {
	claims := map[string]*booths.Claim{}
	for i := range v.Claims {
		claims[v.Claims[i].ID] = &v.Claims[i]
	}
	v.claims = claims
	if v.Draft != nil {
		v.fillDraft()
		return
	}
	for _, b := range v.Plan.Booths {
		r := planRow{Booth: b.Booth, Claim: b.Claim, Offered: b.Offered}
		if b.Claim != nil && b.Claim.Holding != nil {
			r.Reasons = booths.Sentences(b.Claim.Holding.Reasons, v.Lang)
		}
		v.Rows = append(v.Rows, r)
	}
	for _, w := range v.Plan.Waitlist {
		v.Waits = append(v.Waits, planWait{Claim: w, Position: w.Position, Reasons: booths.Sentences(w.Reasons, v.Lang)})
	}
}

func (v *planView) fillDraft() {
	at := map[string]booths.Assignment{}
	for _, a := range v.Draft.Assignments {
		at[a.Booth] = a
	}
	for _, b := range v.Plan.Booths {
		r := planRow{Booth: b.Booth}
		if a, taken := at[b.Code]; taken {
			r.Claim, r.Reasons = v.claims[a.Key], booths.Sentences(a.Reasons, v.Lang)
		}
		v.Rows = append(v.Rows, r)
	}
	for _, w := range v.Draft.Waitlist {
		if c := v.claims[w.Key]; c != nil {
			v.Waits = append(v.Waits, planWait{Claim: *c, Position: w.Position, Reasons: booths.Sentences(w.Reasons, v.Lang)})
		}
	}
}

// planAgain shows the plan once more with the form that failed in its place.
func (c *call) planAgain(f form, failed error, put func(*planView, form)) error {
	v, err := c.planView()
	if err != nil {
		return err
	}
	return c.again(f, failed, func(f form) templ.Component {
		put(&v, f)
		return planPage(v)
	})
}

func (c *call) toPlan(key string) error {
	return c.done("/o/"+c.Community.Slug+"/days/"+c.Param("day")+"/plan", key)
}

func (s *Server) planOverride(c *call) error {
	f := c.form(decisionFields...)
	d := booths.Decision{ClaimID: f.Get("claim"), BoothID: f.Get("booth"), Reason: f.Get("reason")}
	if err := s.Booths.Override(c.ctx(), c.organizerScope(f.Key), c.Param("day"), d); err != nil {
		return c.planAgain(f, err, func(v *planView, f form) { v.form = f })
	}
	return c.toPlan("done.plan_decided")
}

func (s *Server) planRelease(c *call) error {
	f := c.form("assignment", "reason")
	if err := s.Booths.Release(c.ctx(), c.organizerScope(f.Key), f.Get("assignment"), f.Get("reason")); err != nil {
		return c.planAgain(f, err, func(v *planView, f form) { v.release = f })
	}
	return c.toPlan("done.plan_released")
}

// editable reports whether places can still be decided.
func (v planView) editable() bool {
	if v.publishing() {
		return false
	}
	switch v.Plan.State {
	case booths.DayClaiming:
		return true
	case booths.DayPublished:
		return v.Now.Before(v.Plan.ClosesAt)
	}
	return false
}

func (v planView) claimChoices() (out []choice) {
	for _, c := range v.Claims {
		if c.Live() {
			label := c.Partner + " · " + v.servicesText(c.Services)
			if c.Holding != nil {
				label += " (" + c.Holding.Code + ")"
			} else if c.Locked != "" {
				label += " (" + v.T("plan.locked", "booth", c.Locked) + ")"
			}
			out = append(out, choice{c.ID, label})
		}
	}
	return out
}

func (v planView) boothChoices() []choice {
	out := []choice{{"", v.T("plan.no_booth")}}
	for _, b := range v.Plan.Booths {
		out = append(out, choice{b.ID, v.boothLabel(b.Booth)})
	}
	return out
}

// ground is the plan drawn, with who stands where.
func (v planView) ground() ground {
	rows, all := map[string]planRow{}, make([]booths.Booth, len(v.Rows))
	for i, r := range v.Rows {
		rows[r.Booth.Code], all[i] = r, r.Booth
	}
	g := v.drawing(all, func(b booths.Booth) (string, string) {
		switch r := rows[b.Code]; {
		case r.Claim != nil:
			return "taken", r.Claim.Partner
		case r.Offered != nil:
			return "offered", v.T("plan.asked", "partner", r.Offered.Partner)
		}
		return "free", ""
	})
	locked := false
	for i, b := range g.Booths {
		if why := v.lockText(rows[b.Code].Claim); why != "" {
			locked = true
			g.Booths[i].Class += " locked"
			g.Booths[i].Words += " · " + why
			g.Booths[i].Icons = append([]string{"lock"}, b.Icons...)
		}
	}
	if locked {
		g.Marks = append(g.Marks, groundMark{Icon: "lock", Word: v.T("plan.locked_tag")})
	}
	return g
}

// lockText says which place of the draft is kept for a claim and why, "" for none.
func (v planView) lockText(c *booths.Claim) string {
	if v.Draft == nil || c == nil || c.Locked == "" {
		return ""
	}
	why := v.T("plan.lock_reason")
	if i := slices.IndexFunc(v.Changes, func(x booths.Change) bool { return x.What == "override" && x.ClaimID == c.ID && x.Booth != "" }); i >= 0 {
		why = v.Changes[i].Reason // the latest
	}
	return v.T("plan.locked_why", "booth", c.Locked, "why", why)
}

// chosenRow is the place of the claim that is being decided.
func (v planView) chosenRow() (planRow, bool) {
	i := slices.IndexFunc(v.Rows, func(r planRow) bool { return r.Claim != nil && r.Claim == v.chosen() })
	if i < 0 {
		return planRow{}, false
	}
	return v.Rows[i], true
}

// disturbances are the sentences about neighbours that could not be kept apart.
func (v planView) disturbances() (out []string) {
	if v.Draft != nil {
		for _, d := range v.Draft.Disturbances {
			out = append(out, booths.Sentences(d.Reasons, v.Lang)...)
		}
		return out
	}
	for _, c := range v.Changes {
		if c.What == "disturbance" {
			out = append(out, v.T("plan.disturbed", "quiet", c.Booth, "loud", c.Reason))
		}
	}
	return out
}

// decisions are the changes people made, in words.
func (v planView) decisions() (out []string) {
	for _, c := range v.Changes {
		if c.What == "disturbance" {
			continue
		}
		who := ""
		if m := v.claims[c.ClaimID]; m != nil {
			who = m.Partner
		}
		out = append(out, v.momentText(db.Time(c.AtMicros))+" · "+v.T("plan.change_"+c.What, "partner", who, "booth", c.Booth, "who", v.names[c.Who])+" "+c.Reason)
	}
	return out
}
