package web

import (
	"cmp"
	"slices"
	"strconv"

	"yiji/booths"
	"yiji/internal/fault"
)

// foresee finds what the decision that is being made would change.
func (c *call) foresee(v *planView) error {
	v.Modules = []string{"board.js"}
	d := booths.Decision{ClaimID: v.form.Get("claim"), BoothID: v.form.Get("booth")}
	if v.claims[d.ClaimID] == nil || d.BoothID == "" || !v.editable() {
		return nil
	}
	after, err := c.server.Booths.Foresee(c.ctx(), c.organizerScope(""), v.Day.ID, d)
	switch kind := fault.KindOf(err); {
	case err == nil:
		v.After = &after
	case kind == fault.KindConflict || kind == fault.KindNotFound || kind == fault.KindInvalid:
		v.Unable = message(c.Lang, faultOf(err))
	default:
		return err
	}
	return nil
}

// chosen is the claim that is being decided, nil for none.
func (v planView) chosen() *booths.Claim { return v.claims[v.form.Get("claim")] }

// board is the drawing as one decides on it: with a claim chosen a booth is
// where it would go; without, a booth chooses who stands there.
func (v planView) board() ground {
	g := v.ground()
	if !v.editable() {
		return g
	}
	at := map[string]*booths.Claim{}
	for _, r := range v.Rows {
		at[r.Booth.Code] = cmp.Or(r.Claim, r.Offered)
	}
	who, to := v.chosen(), v.form.Get("booth")
	for i, b := range g.Booths {
		if to != "" && b.ID == to || to == "" && who != nil && at[b.Code] != nil && at[b.Code].ID == who.ID {
			g.Booths[i].Class += " chosen"
		}
	}
	return g.leading(func(b groundBooth) string {
		switch {
		case b.ID == "":
			return ""
		case who != nil:
			return v.decideAt(who.ID, b.ID)
		case at[b.Code] != nil:
			return v.decideAt(at[b.Code].ID, "")
		}
		return ""
	})
}

// decideAt is the plan with a claim and a booth chosen.
func (v planView) decideAt(claim, booth string) string {
	at := v.Base + "/plan?claim=" + claim
	if booth != "" {
		at += "&booth=" + booth
	}
	return at + "#decide"
}

// effects says what a decision would change, one sentence each.
func (v planView) effects() (out []string) {
	if v.After == nil {
		return nil
	}
	for _, m := range v.After.Moves {
		switch {
		case m.From == "":
			out = append(out, v.T("plan.effect_gets", "partner", m.Partner, "to", m.To))
		case m.To == "":
			out = append(out, v.T("plan.effect_waits", "partner", m.Partner, "from", m.From))
		default:
			out = append(out, v.T("plan.effect_moves", "partner", m.Partner, "from", m.From, "to", m.To))
		}
	}
	for _, d := range v.After.Disturbances {
		out = append(out, booths.Sentences(d.Reasons, v.Lang)...)
	}
	if len(out) == 0 {
		out = append(out, v.T("plan.effect_none"))
	}
	return out
}

// option is a booth a claim could have, and how good it is for the plan.
type option struct {
	Booth string
	Score string
	Here  bool
}

// options are the booths a claim fits, the best first, while the plan is a draft.
func (v planView) options(c *booths.Claim, here string) (out []option) {
	if v.Draft == nil || c == nil {
		return nil
	}
	place := 0
	for _, a := range v.Draft.Assignments {
		if a.Key == c.ID {
			place = a.Place
		}
	}
	for _, w := range v.Draft.Waitlist {
		if w.Key == c.ID {
			place = w.Place
		}
	}
	var pairs []booths.Pair
	for _, p := range v.Draft.Pairs {
		if p.Partner == c.Partner && p.Place == place {
			pairs = append(pairs, p)
		}
	}
	slices.SortStableFunc(pairs, func(a, b booths.Pair) int { return cmp.Compare(b.Score, a.Score) })
	for _, p := range pairs[:min(len(pairs), 5)] {
		out = append(out, option{p.Booth, strconv.FormatInt(p.Score-pairs[0].Score, 10), p.Booth == here})
	}
	return out
}

// undoable is the decision that can still be taken back, nil for none.
func (v planView) undoable() *booths.Change {
	for i := range v.Changes {
		if v.Changes[i].Undoable {
			return &v.Changes[i]
		}
	}
	return nil
}

// planUndo takes the last decision back.
func (s *Server) planUndo(c *call) error {
	f := c.form("change")
	if err := s.Booths.Undo(c.ctx(), c.organizerScope(f.Key), c.Param("day"), f.Get("change")); err != nil {
		return c.planAgain(f, err, func(v *planView, f form) { v.release = f })
	}
	return c.toPlan("done.plan_undone")
}
