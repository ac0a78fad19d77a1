package web

import (
	"slices"
	"time"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/scheduler"
)

// arrival is a partner with a booth on the day.
type arrival struct {
	phone
	At time.Time // zero while nobody has seen it
}

// arrivalsInto lists who is expected at the booths, those first who are not
// there yet, with whom to call: on the day, and after it for who was forgotten.
func (c *call) arrivalsInto(v *marketDayView, plan booths.DayPlan) error {
	onTheDay := v.State == scheduler.Confirmed && v.Day.HeldOn.String() == localDate(v.Community, v.Now).String()
	if !onTheDay && v.State != scheduler.Open && v.State != scheduler.Closed && v.State != scheduler.Settled {
		return nil
	}
	v.Noting = c.QueryParam("arrivals") != "" || v.form.On("partner")
	at, err := c.server.Booths.Arrivals(c.ctx(), c.In.CommunityID, v.Day.ID)
	if err != nil {
		return err
	}
	var contacts map[string]booths.Contact
	if v.organizes() {
		if contacts, err = c.server.Booths.Contacts(c.ctx(), c.In.CommunityID); err != nil {
			return err
		}
	}
	for _, b := range plan.Booths {
		if b.Claim == nil || b.Claim.Holding == nil {
			continue
		}
		k := b.Claim
		if i := slices.IndexFunc(v.Arrivals, func(a arrival) bool { return a.PartnerID == k.PartnerID }); i >= 0 {
			v.Arrivals[i].Booth += " " + b.Code
			continue
		}
		who := contacts[k.PartnerID]
		v.Arrivals = append(v.Arrivals, arrival{phone{Booth: b.Code, PartnerID: k.PartnerID, Partner: k.Partner, Person: who.Person, Number: who.Telephone}, at[k.PartnerID]})
	}
	slices.SortStableFunc(v.Arrivals, func(a, b arrival) int { return a.At.Compare(b.At) })
	return nil
}

// missed counts the partners nobody has seen yet.
func (v marketDayView) missed() (n int) {
	for _, a := range v.Arrivals {
		if a.At.IsZero() {
			n++
		}
	}
	return n
}

// awaits reports whether it is the hour in which one looks who is there.
func (v marketDayView) awaits() bool {
	return v.missed() > 0 && v.Now.Before(v.Day.OpensAt.Add(time.Hour))
}

// partnerArrives notes that a partner is there, or takes that back.
func (s *Server) partnerArrives(c *call) error {
	f := c.form("partner", "back")
	do, note := s.Booths.Arrive, "done.arrived"
	if f.On("back") {
		do, note = s.Booths.NotArrived, "done.not_arrived"
	}
	if err := do(c.ctx(), c.organizerScope(f.Key), c.Param("day"), f.Get("partner")); err != nil {
		return s.marketDayAgain(c, f, err)
	}
	return c.done("/o/"+c.Community.Slug+"/days/"+c.Param("day")+"?arrivals=noted#arrivals", note)
}

// came is how a place of a partner ended, in a word: that it came is said only
// where somebody saw it or its lines served somebody.
func came(h booths.History, g queue.Given) string {
	if h.Outcome == "kept" && !h.Arrived && g.Served == 0 {
		return "booths.outcome.placed"
	}
	return "booths.outcome." + h.Outcome
}
