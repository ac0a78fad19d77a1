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
	Several bool   // acts for several, here or elsewhere
	As      string // ?partner=… for those who act for several
	Partner booths.Partner
}

// stall begins a page of the partner named by the scope.
func (c *call) stall(title string) (stall, error) {
	v := stall{page: c.console(title), Base: "/p/" + c.Community.Slug}
	if id := c.QueryParam("partner"); id != "" {
		v.As = "?partner=" + escapeQuery(id)
	}
	acts := 0
	for _, r := range c.Actor.Roles {
		if r.Kind == account.Partner {
			acts++
		}
	}
	v.Several = acts > 1
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
	Day     scheduler.Day
	Ended   string // in a word
	Served  int
	Minutes int // spent with people
	Stood   time.Duration
}

func (s *Server) partnerHome(c *call) error {
	at, err := c.stall("stall.title")
	if err != nil {
		return err
	}
	v := partnerHomeView{stall: at, Days: map[string]scheduler.Day{}}
	v.Modules = []string{"claim.js"}
	mine, err := s.Booths.MyDays(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(mine, func(a, b booths.MyDay) int { return a.OpensAt.Compare(b.OpensAt) })
	for _, m := range mine {
		if !at.Now.Before(m.ClosesAt) {
			continue
		}
		if err := c.aheadInto(&v, m); err != nil {
			return err
		}
	}
	if v.Past, err = c.past(); err != nil {
		return err
	}
	return c.show(partnerHomePage(v))
}

// aheadInto puts one day to come on the page: on the card of what to do now,
// or in the list.
func (c *call) aheadInto(v *partnerHomeView, m booths.MyDay) error {
	d, err := c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, m.ID)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil // taken back before anybody had to do with it
	}
	if err != nil {
		return err
	}
	v.Days[m.ID] = d
	if state := d.StateAt(v.Now); state == scheduler.Open || state == scheduler.Closed {
		lines, err := c.ownLinesOf(m.ID)
		if err != nil {
			return err
		}
		v.Lines = append(v.Lines, lines...)
	}
	if v.Next == nil && m.State == booths.DayClaiming && !slices.ContainsFunc(m.Claims, booths.Claim.Live) {
		next, err := c.partnerDayView(m.ID)
		if err != nil {
			return err
		}
		if next.mayClaim() {
			v.Next = &next
			return nil
		}
	}
	v.Ahead = append(v.Ahead, m)
	return nil
}

// past is what the partner gave, the latest first: people from the figures of
// its lines, hours from the opening to the closing.
func (c *call) past() ([]pastDay, error) {
	const most = 400
	history, err := c.server.Booths.History(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return nil, err
	}
	given, err := c.server.Queue.GivenBy(c.ctx(), c.In.CommunityID, c.In.PartnerID)
	if err != nil {
		return nil, err
	}
	var out []pastDay
	counted := map[string]bool{}
	for _, h := range history[:min(most, len(history))] {
		p := pastDay{History: h, Ended: came(h, given[h.DayID])}
		p.Day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, h.DayID)
		if fault.KindOf(err) == fault.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.Ended == "booths.outcome.kept" && !counted[h.DayID] { // two places on one day are one presence
			counted[h.DayID] = true
			p.Stood, p.Served, p.Minutes = stood(p.Day), given[h.DayID].Served, int((given[h.DayID].ServedSeconds+59)/60)
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

// given are sums over past days.
type given struct {
	Days, Served int
	Stood        time.Duration
}

func (v partnerHomeView) given(year int) (g given) {
	for _, p := range v.Past {
		if y, _, _ := p.Day.HeldOn.Civil(); p.Stood > 0 && (year == 0 || y == year) {
			g.Days, g.Served, g.Stood = g.Days+1, g.Served+p.Served, g.Stood+p.Stood
		}
	}
	return g
}

// year is the year it is where the community is.
func (v partnerHomeView) year() int { return v.Now.In(zoneOf(v.Community.TimeZone)).Year() }
