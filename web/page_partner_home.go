package web

import (
	"slices"
	"time"

	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// partnerOf says on whose behalf a partner's page acts.
func (c *call) partnerOf(key string) booths.Scope {
	return booths.Scope{CommunityID: c.In.CommunityID, PartnerID: c.In.PartnerID, By: c.Actor.PersonID, Key: key}
}

// stall is what every page of a partner knows: where it is and for whom.
type stall struct {
	page
	Base    string // /p/:community
	As      string // ?partner=… for those who act for several
	Partner booths.Partner
}

// stall begins a page of the partner named by the scope.
func (c *call) stall(title string) (stall, error) {
	v := stall{page: c.console(title), Base: "/p/" + c.Community.Slug}
	if id := c.QueryParam("partner"); id != "" {
		v.As = "?partner=" + escapeQuery(id)
	}
	var err error
	v.Partner, err = c.server.Booths.Partner(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	return v, err
}

// partnerStart leads everybody to where they act as a partner.
func (s *Server) partnerStart(c *call) error {
	v := partnerStartView{page: c.console("stall.start")}
	for _, r := range c.Actor.Roles {
		if r.Kind != account.Partner {
			continue
		}
		community, err := s.Scheduler.Community(c.ctx(), r.CommunityID)
		if err != nil {
			return err
		}
		p, err := s.Booths.Partner(c.ctx(), booths.Scope{CommunityID: r.CommunityID, PartnerID: r.PartnerID}, r.PartnerID)
		if err != nil {
			return err
		}
		v.Places = append(v.Places, startPlace{Community: community.Name, Partner: p.Name, To: "/p/" + community.Slug + "?partner=" + p.ID})
	}
	if len(v.Places) == 1 {
		return c.redirect(v.Places[0].To)
	}
	return c.show(partnerStartPage(v))
}

// pastDay is a day the partner was asked for, and what it gave there.
type pastDay struct {
	booths.History
	Day    scheduler.Day
	Served int
	Stood  time.Duration
}

func (s *Server) partnerHome(c *call) error {
	at, err := c.stall("stall.title")
	if err != nil {
		return err
	}
	v := partnerHomeView{stall: at, Days: map[string]scheduler.Day{}}
	mine, err := s.Booths.MyDays(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return err
	}
	for _, m := range mine {
		if !at.Now.Before(m.ClosesAt) {
			continue
		}
		d, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, m.ID)
		if fault.KindOf(err) == fault.KindNotFound {
			continue // taken back before anybody had to do with it
		}
		if err != nil {
			return err
		}
		v.Days[m.ID] = d
		v.Ahead = append(v.Ahead, m)
	}
	slices.SortStableFunc(v.Ahead, func(a, b booths.MyDay) int { return a.OpensAt.Compare(b.OpensAt) })
	if v.Past, err = c.past(); err != nil {
		return err
	}
	return c.show(partnerHomePage(v))
}

// past is what the partner gave on the last days: people from the figures of
// its lines, hours from the opening to the closing.
func (c *call) past() ([]pastDay, error) {
	const most = 24
	history, err := c.server.Booths.History(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return nil, err
	}
	out := make([]pastDay, 0, most)
	counted := map[string]bool{}
	for _, h := range history[:min(most, len(history))] {
		p := pastDay{History: h}
		p.Day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, h.DayID)
		if fault.KindOf(err) == fault.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if h.Outcome == "kept" && !counted[h.DayID] { // two places on one day are one presence
			counted[h.DayID] = true
			p.Stood = stood(p.Day)
			lines, err := c.ownCounts(h.DayID)
			if err != nil {
				return nil, err
			}
			for _, l := range lines {
				p.Served += l.Served
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// stood is how long a day lasted, as it was held.
func stood(d scheduler.Day) time.Duration {
	if d.OpenedAt.IsZero() || d.ClosedAt.IsZero() {
		return 0
	}
	return max(0, d.ClosedAt.Sub(d.OpenedAt))
}
