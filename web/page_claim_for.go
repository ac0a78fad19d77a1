package web

import (
	"slices"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/scheduler"
)

// claimForView is an organizer at the telephone: a partner has called and joins
// through him. Without a partner the page asks for whom.
type claimForView struct {
	duty
	Who  []choice        // who could still join
	Form *partnerDayView // of the partner named
	form form
}

func (s *Server) claimForShow(c *call) error {
	v, err := c.claimForView(c.QueryParam("partner"))
	if err != nil {
		return err
	}
	return c.show(claimForPage(v))
}

func (c *call) claimForView(partner string) (claimForView, error) {
	at, err := c.duty("claimfor.title")
	v := claimForView{duty: at, form: c.form("partner")}
	if err != nil {
		return v, err
	}
	if partner == "" {
		v.Who, err = c.couldClaim()
		return v, err
	}
	c.In.PartnerID = partner
	theirs, err := c.partnerDayView(v.Day.ID)
	if err != nil {
		return v, err
	}
	theirs.Base, theirs.As, theirs.Telephoned = "/o/"+c.Community.Slug, "?partner="+escapeQuery(partner), true
	v.Form, v.Title, v.Modules = &theirs, c.T("claimfor.title_of", "partner", theirs.Partner.Name), theirs.Modules
	return v, nil
}

// couldClaim are the partners in use with a service that has no place on the day.
func (c *call) couldClaim() (out []choice, err error) {
	claims, err := c.server.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, c.Param("day"))
	if err != nil {
		return nil, err
	}
	placed := map[string]bool{}
	for _, k := range claims {
		for _, o := range k.Services {
			placed[o.ID] = placed[o.ID] || k.Live()
		}
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	for _, p := range partners {
		if !p.Archived && slices.ContainsFunc(p.Services, func(o booths.Offering) bool { return !placed[o.ID] }) {
			out = append(out, choice{p.ID, p.Name})
		}
	}
	return out, err
}

// joinable reports whether partners can join on the day now.
func (v duty) joinable() bool {
	return v.organizes() && (v.State == scheduler.Claiming || v.State == scheduler.Confirmed)
}

// joinDay is a day that can be joined now.
type joinDay struct {
	ID string
	On scheduler.Date
}

// joinableDays are the days a partner in use could join now.
func (c *call) joinableDays(p booths.Partner) (out []joinDay, err error) {
	if p.Archived {
		return nil, nil
	}
	days, err := c.server.Booths.MyDays(c.ctx(), c.organizerScope(""), p.ID)
	for _, d := range days {
		if (d.State == booths.DayClaiming || d.State == booths.DayPublished) && c.server.clock().Before(d.OpensAt) {
			on, err := scheduler.ParseDate("held_on", d.HeldOn)
			if err != nil {
				return nil, err
			}
			out = append(out, joinDay{d.ID, on})
		}
	}
	return out, err
}

// overText says why nobody, or this partner, can join now.
func (v claimForView) overText() string {
	switch {
	case v.Form.now() != "":
		return v.Form.now()
	case len(v.Form.unclaimed()) == 0:
		return v.T("claimfor.all")
	}
	return v.T("claimfor.over")
}

// claimFor joins for a partner by the rules that hold for itself.
func (s *Server) claimFor(c *call) error {
	c.In.PartnerID = c.QueryParam("partner")
	p, err := s.Booths.Partner(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return err
	}
	f := c.form(claimFieldsOf(p)...)
	if err := c.claimFrom(f, p); err != nil {
		v, gone := c.claimForView(p.ID)
		if gone != nil {
			return gone
		}
		return c.again(f, err, func(f form) templ.Component {
			v.Form.claim = f
			return claimForPage(v)
		})
	}
	return c.toPlan("done.claimed_for")
}

// names are the people of the community by handle, for records of who did what.
func (c *call) names() (map[string]string, error) {
	all, err := c.server.Account.People(c.ctx(), c.In.CommunityID)
	out := make(map[string]string, len(all))
	for _, p := range all {
		out[p.ID] = p.Name
	}
	return out, err
}
