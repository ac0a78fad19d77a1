package web

import (
	"slices"
	"strconv"
	"strings"

	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/notify"
	"yiji/scheduler"
)

// myPlace is a community one works for, and as what.
type myPlace struct {
	Community scheduler.Community
	Kinds     []account.Kind
}

type placesView struct {
	page
	Places []myPlace
	Admin  bool
}

// officesPage leads to one's own communities; with only one it goes there.
func (s *Server) officesPage(c *call) error {
	all, err := s.Scheduler.Communities(c.ctx())
	if err != nil {
		return err
	}
	v := placesView{Admin: c.Actor.Is(account.Admin, "")}
	for _, k := range all {
		p := myPlace{Community: k}
		for _, kind := range account.Kinds {
			if kind != account.Admin && c.Actor.Is(kind, k.ID) {
				p.Kinds = append(p.Kinds, kind)
			}
		}
		if len(p.Kinds) > 0 || v.Admin {
			v.Places = append(v.Places, p)
		}
	}
	if len(v.Places) == 1 && len(v.Places[0].Kinds) == 1 && !v.Admin {
		return c.redirect(v.Places[0].path(v.Places[0].Kinds[0]))
	}
	v.page = c.console("office.mine")
	return c.show(officesPage(v))
}

// path is where somebody of this kind works.
func (p myPlace) path(k account.Kind) string {
	switch k {
	case account.Desk:
		return "/desk/" + p.Community.Slug
	case account.Partner:
		return "/p/" + p.Community.Slug
	}
	return "/o/" + p.Community.Slug
}

// officeView is the organizers' first page: the next market, what is missing,
// whom to call.
type officeView struct {
	page
	Next     *scheduler.Day // nil: nothing is planned
	State    scheduler.State
	History  []scheduler.Transition // of Next
	Claims   int                    // live claims for it
	Waiting  int                    // of them on the waitlist
	Markets  []scheduler.Market
	Also     []scheduler.Day // open beside it
	Coming   []scheduler.Day // the days after it
	Past     []scheduler.Day // the last ones, with their reports
	Missing  []lack
	told              // days that do not know the newest plan or roster
	Silent   []caller // have not claimed
	Asked    []caller // have not answered an offer
	More     int      // silent ones that are not listed
	Trouble  []lack   // what went wrong behind the pages
	Grounds  bool     // some market has booths
	Partners int      // how many bring something
}

// lack is something missing, with the page where it is mended.
type lack struct {
	Text string
	Path string
	Do   string // the button that mends it
}

// caller is a partner with whom to call.
type caller struct {
	Partner booths.Partner
	About   string
}

// tel is a telephone number as an address: digits and a leading +.
func tel(number string) string {
	return "tel:" + strings.Map(func(r rune) rune {
		if (r >= '0' && r <= '9') || r == '+' {
			return r
		}
		return -1
	}, number)
}

// callsShown bounds how many contacts one page opens, callsOpen how many of
// them are not folded away.
const (
	callsShown = 20
	callsOpen  = 4
)

func (s *Server) officePage(c *call) error {
	if account.Allow(c.Actor, account.MarketRead, c.In) != nil { // an admin who does not work here (yet)
		return c.show(doorPage(c.console("office.title", "name", c.Community.Name)))
	}
	v := officeView{page: c.console("office.title", "name", c.Community.Name)}
	var err error
	if v.Markets, err = s.Scheduler.Markets(c.ctx(), c.In.CommunityID); err != nil {
		return err
	}
	next, err := s.Scheduler.NextDay(c.ctx(), c.In.CommunityID, "")
	if err != nil && fault.KindOf(err) != fault.KindNotFound {
		return err
	}
	if err == nil {
		v.Next, v.State = &next, next.StateAt(v.Now)
		if v.History, err = s.Scheduler.History(c.ctx(), c.In.CommunityID, next.ID); err != nil {
			return err
		}
	}
	if err := c.otherDays(&v); err != nil {
		return err
	}
	partners, err := s.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	partners = slices.DeleteFunc(partners, func(p booths.Partner) bool { return p.Archived })
	if err := c.lacks(&v, partners); err != nil {
		return err
	}
	if v.told, err = c.told(""); err != nil {
		return err
	}
	if err := c.callers(&v, partners); err != nil {
		return err
	}
	if err := c.trouble(&v); err != nil {
		return err
	}
	return c.show(officePage(v))
}

// lacks finds what is missing before the next market.
func (c *call) lacks(v *officeView, partners []booths.Partner) error {
	o := v.office()
	if len(v.Markets) == 0 {
		v.Missing = append(v.Missing, lack{Text: v.T("office.lack_market"), Path: o + "/markets/new"})
	}
	for _, m := range v.Markets {
		l, err := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
		if err != nil {
			return err
		}
		v.Grounds = v.Grounds || len(l.Booths) > 0
		if len(l.Booths) == 0 {
			v.Missing = append(v.Missing, lack{v.T("office.lack_layout", "market", m.Name), o + "/markets/" + m.ID + "/layout", v.T("office.do_layout")})
		}
	}
	v.Partners = len(partners)
	if len(partners) == 0 {
		v.Missing = append(v.Missing, lack{v.T("office.lack_partners"), o + "/partners", v.T("office.do_partners")})
	}
	if v.Community.Phone == "" {
		v.Missing = append(v.Missing, lack{v.T("office.lack_phone"), "/admin/communities/" + v.Community.Slug, v.T("office.do_phone")})
	}
	return c.lacksOfDates(v, partners)
}

// trouble finds messages that reached nobody of late, and what stands still.
func (c *call) trouble(v *officeView) error {
	failed, err := c.server.Notify.FailedSince(c.ctx(), c.In.CommunityID, v.Now.Add(-failureNews))
	if failed > 0 {
		v.Trouble = append(v.Trouble, lack{Text: v.T("office.failed", "n", strconv.FormatInt(failed, 10)), Path: v.office() + "/messages?state=" + string(notify.GivenUp)})
	}
	if err != nil {
		return err
	}
	parked, err := c.parkedView(form{})
	if n := len(parked.Groups); n > 0 {
		v.Trouble = append(v.Trouble, lack{Text: v.T("office.stuck", "n", strconv.Itoa(n)), Path: v.office() + "/parked"})
	}
	return err
}

// lacksOfDates: years without holidays, papers that will have expired.
func (c *call) lacksOfDates(v *officeView, partners []booths.Partner) error {
	today := localDate(v.Community, v.Now)
	days, err := c.server.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{FromDate: today, Limit: 50})
	if err != nil {
		return err
	}
	years := []int{today.Year(), (today + 92).Year()} // what is asked for in a quarter is to be loaded now
	for _, d := range days {
		years = append(years, d.HeldOn.Year())
	}
	slices.Sort(years)
	cal, err := c.server.Scheduler.Calendar(c.ctx())
	if err != nil {
		return err
	}
	say, load := "office.lack_holidays", ""
	if account.Allow(c.Actor, account.CalendarEdit, account.Object{}) == nil {
		say, load = "office.lack_holidays_load", "/admin/holidays"
	}
	for _, y := range slices.Compact(years) {
		if len(v.Markets) > 0 && !cal.Knows(y) {
			v.Missing = append(v.Missing, lack{v.T(say, "year", strconv.Itoa(y)), load, v.T("office.do_holidays")})
		}
	}
	on := today
	if v.Next != nil {
		on = v.Next.HeldOn
	}
	for _, p := range partners {
		for _, q := range p.Qualifications {
			if q.Expired(on.String()) {
				v.Missing = append(v.Missing, lack{v.T("office.lack_paper", "partner", p.Name, "paper", q.Name, "date", v.dateSaid(q.ExpiresOn)), v.office() + "/partners/" + p.ID, v.T("office.do_paper", "partner", p.Name)})
			}
		}
	}
	return nil
}

// callers finds who has not claimed and who has not answered, while that counts.
func (c *call) callers(v *officeView, partners []booths.Partner) error {
	if v.Next == nil || (v.State != scheduler.Claiming && v.State != scheduler.Confirmed) {
		return nil
	}
	claims, err := c.server.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, v.Next.ID)
	if err != nil && fault.KindOf(err) != fault.KindNotFound {
		return err
	}
	spoke, asked := map[string]bool{}, map[string]string{}
	for _, k := range claims {
		spoke[k.PartnerID] = true
		if k.Live() {
			v.Claims++
		}
		if k.State == booths.ClaimWaiting {
			v.Waiting++
		}
		if k.Offer != nil {
			asked[k.PartnerID] = v.T("office.offer_until", "booth", k.Offer.Code, "when", v.momentText(k.Offer.ExpiresAt))
		}
	}
	for _, p := range partners {
		about, offered := asked[p.ID]
		if !offered && (spoke[p.ID] || v.State != scheduler.Claiming) {
			continue
		}
		if len(v.Silent)+len(v.Asked) >= callsShown {
			v.More++
			continue
		}
		if offered {
			v.Asked = append(v.Asked, caller{p, about})
		} else {
			v.Silent = append(v.Silent, caller{Partner: p})
		}
	}
	return c.openContacts(v.Asked, v.Silent)
}

// openContacts fills in whom to call.
func (c *call) openContacts(lists ...[]caller) error {
	var ids []string
	for _, k := range slices.Concat(lists...) {
		ids = append(ids, k.Partner.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	contacts, err := c.server.Booths.Contacts(c.ctx(), c.In.CommunityID, ids...)
	for _, list := range lists {
		for i := range list {
			list[i].Partner.Contact = contacts[list[i].Partner.ID]
		}
	}
	return err
}

// todo is the one thing to do now: its text and where it is done.
func (v officeView) todo() lack {
	if v.Next == nil {
		if len(v.Markets) == 0 {
			return lack{Text: v.T("office.todo_market"), Path: v.office() + "/markets/new"}
		}
		return lack{Text: v.T("office.todo_none_planned"), Path: v.office() + "/markets"}
	}
	day := v.office() + "/days/" + v.Next.ID
	switch v.State {
	case scheduler.Claiming:
		return lack{Text: v.T("office.todo_plan"), Path: day + "/plan"}
	case scheduler.Confirmed:
		return lack{Text: v.T("office.todo_open"), Path: day}
	case scheduler.Open:
		return lack{Text: v.T("office.todo_run"), Path: day}
	}
	for _, l := range v.Missing {
		if l.Path != "" {
			return lack{Text: l.Do, Path: l.Path}
		}
	}
	return lack{Text: v.T("office.todo_invite", "when", v.momentText(v.Next.ClaimsAt)), Path: v.office() + "/partners"}
}

// inDays says how far the next day is.
func (v officeView) inDays() string {
	switch n := v.Next.HeldOn - localDate(v.Community, v.Now); {
	case n <= 0:
		return v.T("office.today")
	case n == 1:
		return v.T("office.tomorrow")
	default:
		return v.T("office.in_days", "n", strconv.Itoa(int(n)))
	}
}

// guideStep is one of the three steps to a first market.
type guideStep struct {
	Key, Icon, State, Path string // State as of a step
}

// guide leads a fresh community through its first market: until it has all it
// needs, or a market was held without. Claims that open meanwhile end nothing.
func (v officeView) guide() []guideStep {
	done := [3]bool{len(v.Markets) > 0, len(v.Markets) > 0 && v.Grounds, v.Partners > 0}
	if done[0] && done[1] && done[2] || slices.ContainsFunc(v.Past, held) {
		return nil
	}
	o := v.office()
	out := []guideStep{{Key: "market", Icon: "calendar-plus", Path: o + "/markets/new"}, {Key: "ground", Icon: "layout-board"}, {Key: "partners", Icon: "users", Path: o + "/partners"}}
	if len(v.Markets) > 0 {
		out[1].Path = o + "/markets/" + v.Markets[0].ID + "/layout"
	}
	now := false
	for i := range out {
		switch {
		case done[i]:
			out[i].State = "done"
		case now:
			out[i].State = "later"
		default:
			out[i].State, now = "now", true
		}
	}
	return out
}

// held reports whether a day really was.
func held(d scheduler.Day) bool { return d.State == scheduler.Closed || d.State == scheduler.Settled }

// began reports whether the next day is more than a date.
func (v officeView) began() bool { return v.Next != nil && v.State != scheduler.Planned }

// nextLook is the look of the next day's button: the guide's goes before it.
func (v officeView) nextLook() string {
	if len(v.guide()) > 0 {
		return "second"
	}
	return ""
}

// missing leaves out what the guide says already.
func (v officeView) missing() (out []lack) {
	guided := map[string]bool{}
	for _, g := range v.guide() {
		guided[g.Path] = true
	}
	for _, l := range v.Missing {
		if l.Path == "" || !guided[l.Path] {
			out = append(out, l)
		}
	}
	return out
}
