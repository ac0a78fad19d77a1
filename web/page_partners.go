package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/scheduler"
)

type partnersView struct {
	page
	List  []booths.Partner
	All   int
	Query string
	list  []booths.Partner
	told  // days that do not know the roster yet
}

// partnersPage lists the partners by the sound of their names; ?q= searches
// names, categories and services.
func (s *Server) partnersPage(c *call) error {
	list, err := s.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	v := partnersView{page: c.console("office.partners"), All: len(list), Query: strings.TrimSpace(tidyText(c.QueryParam("q")))}
	v.Modules, v.list = []string{"roster.js"}, list
	for _, p := range list {
		if v.matches(p) {
			v.List = append(v.List, p)
		}
	}
	if v.told, err = c.told(""); err != nil {
		return err
	}
	return c.show(partnersPage(v))
}

func (v partnersView) matches(p booths.Partner) bool {
	return strings.Contains(v.words(p), strings.ToLower(v.Query))
}

// words are what a partner is found by.
func (v partnersView) words(p booths.Partner) string {
	hay := p.Name + "\n" + p.Category + "\n" + known(v.Lang, "office.category_", p.Category)
	for _, o := range p.Services {
		hay += "\n" + o.Name
	}
	return strings.ToLower(hay)
}

// all are the partners the page holds: those that do not match too, hidden, so
// that roster.js finds them while one types; without a search the same.
func (v partnersView) all() []booths.Partner { return v.list }

// serviceNames is what a partner brings, in a line.
func serviceNames(p booths.Partner) string {
	names := make([]string, len(p.Services))
	for i, o := range p.Services {
		names[i] = o.Name
	}
	return strings.Join(names, "、")
}

// categories are offered; a community may use others of its own.
var categories = []string{"clinic", "care", "repair", "sharpening", "haircut", "legal", "finance", "education", "culture", "music", "fun", "food", "other"}

// categoryTokens turns the words people read back into the tokens behind them.
func categoryTokens(f form, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = categoryToken(f.lang, w)
	}
	return out
}

func categoryToken(lang, word string) string {
	for _, t := range categories {
		if text.T(lang, "office.category_"+t, nil) == word {
			return t
		}
	}
	return word
}

var (
	serviceTable = table{"services", []string{"name", "kind", "minutes", "price", "stock", "needs", "own", "shows", "loud"}}
	paperTable   = table{"qualifications", []string{"name", "number", "expires_on"}}
	partnerRows  = []table{serviceTable, paperTable}
	placeTable   = table{"standing", []string{"row", "services", "booths", "zones"}}
)

var partnerFields = []string{"name", "kind", "category", "loud", "w", "h", "size", "contact.person", "contact.telephone", "contact.email", "services", "step", "sure"}

// partnerLimit is the largest form of a partner: fifty services with their needs.
const partnerLimit = 256 << 10

// partnerView is one partner with all that belongs to it.
type partnerView struct {
	page
	form     form
	Partner  booths.Partner // ID "" while it is new
	Markets  []scheduler.Market
	standing map[string]form // by market
	People   []account.Person
	History  []booths.History
	Given    map[string]queue.Given // by day
	Joinable []joinDay              // days the partner could join by telephone
	Fresh    *freshLink
	notice   form // what is wrong about archiving or inviting
}

func (v partnerView) at() string {
	return v.office() + "/partners/" + cmp.Or(v.Partner.ID, "new")
}

// tellsMore reports whether what is folded away holds something, or something wrong.
func (v partnerView) tellsMore() bool {
	if v.form.rows(paperTable) > 1 || v.form.told(paperTable, 0, paperTable.cols...) || v.form.Get("kind") == booths.KindIndividual {
		return true
	}
	return slices.ContainsFunc([]string{"kind", "category", "contact.email", "loud", "w", "h", "size"}, func(name string) bool {
		return name != "kind" && v.form.Get(name) != "" || v.form.Wrong(name) != ""
	})
}

// expired marks papers that are over today.
func (v partnerView) expired() (out []booths.Qualification) {
	for _, q := range v.Partner.Qualifications {
		if q.Expired(localDate(v.Community, v.Now).String()) {
			out = append(out, q)
		}
	}
	return out
}

func (c *call) boothScope(f form) booths.Scope {
	return booths.Scope{CommunityID: c.In.CommunityID, By: c.Actor.PersonID, Key: f.Key}
}

// partner is the one the path names; an empty organisation for "new".
func (c *call) partner() (booths.Partner, error) {
	if c.Param("partner") == "" {
		return booths.Partner{Kind: booths.KindOrganisation}, nil
	}
	return c.server.Booths.Partner(c.ctx(), booths.Scope{CommunityID: c.In.CommunityID}, c.Param("partner"))
}

func (s *Server) partnerPage(c *call) error {
	p, err := c.partner()
	if err != nil {
		return err
	}
	v, err := c.partnerView(p, c.partnerForm(p))
	if err != nil {
		return err
	}
	return c.show(partnerPage(v))
}

func (c *call) partnerView(p booths.Partner, f form) (partnerView, error) {
	v := partnerView{page: c.console("office.partner_new"), form: f, Partner: p, standing: map[string]form{}, notice: c.form("sure", "label")}
	if p.ID == "" {
		return v, nil
	}
	v.page = c.console("office.partner_edit", "name", p.Name)
	var err error
	if v.Markets, err = c.server.Scheduler.Markets(c.ctx(), c.In.CommunityID); err != nil {
		return v, err
	}
	for _, m := range v.Markets {
		v.standing[m.ID] = c.standingForm(p, m.ID)
	}
	if v.History, err = c.server.Booths.History(c.ctx(), booths.Scope{CommunityID: c.In.CommunityID}, p.ID); err != nil {
		return v, err
	}
	if v.Joinable, err = c.joinableDays(p); err != nil {
		return v, err
	}
	if v.Given, err = c.server.Queue.GivenBy(c.ctx(), c.In.CommunityID, p.ID); err != nil {
		return v, err
	}
	people, err := c.server.Account.People(c.ctx(), c.In.CommunityID)
	for _, who := range people {
		if slices.ContainsFunc(who.Roles, func(r account.Role) bool { return r.PartnerID == p.ID }) {
			v.People = append(v.People, who)
		}
	}
	return v, err
}

// partnerAgain shows the page with one of its forms changed or refused.
func (c *call) partnerAgain(p booths.Partner, f form, failed error, put func(*partnerView, form)) error {
	v, err := c.partnerView(p, c.partnerForm(p))
	if err != nil {
		return err
	}
	if failed == nil {
		put(&v, f)
		return c.show(partnerPage(v))
	}
	return c.again(f, failed, func(f form) templ.Component {
		put(&v, f)
		return partnerPage(v)
	})
}

// partnerSave adds and drops rows, and saves.
func (s *Server) partnerSave(c *call) error {
	p, err := c.partner()
	if err != nil {
		return err
	}
	f := c.sheet(partnerRows, partnerFields...)
	put := func(v *partnerView, f form) { v.form = f }
	what, list, row := f.pressed()
	for _, t := range partnerRows {
		switch {
		case what == "add" && list == t.list:
			return c.partnerAgain(p, f.add(t, 1), nil, put)
		case what == "drop" && list == t.list:
			return c.partnerAgain(p, f.drop(t, row), nil, put)
		}
	}
	f = f.compact(serviceTable, "kind", "minutes").compact(paperTable)
	next, err := partnerOf(f, p)
	if err == nil {
		next, err = s.Booths.SavePartner(c.ctx(), c.boothScope(f), next)
	}
	if err != nil {
		if f.rows(serviceTable) == 0 {
			f = f.add(serviceTable, 1)
		}
		return c.partnerAgain(p, f, err, put)
	}
	return c.done("/o/"+c.Community.Slug+"/partners/"+next.ID, "done.saved")
}

// partnerArchive takes a partner out of use or back in. Standing places end
// with it, so that a partner who has some needs a tick.
func (s *Server) partnerArchive(c *call) error {
	p, err := c.partner()
	if err != nil {
		return err
	}
	f := c.form("archived", "sure")
	archive := f.On("archived")
	put := func(v *partnerView, f form) { v.notice = f }
	if archive && len(p.Standing) > 0 && !f.On("sure") {
		return c.partnerAgain(p, f, fault.Invalid("office.sure", "sure", "tick the box first"), put)
	}
	if err := s.Booths.ArchivePartner(c.ctx(), c.boothScope(f), p.ID, archive); err != nil {
		return c.partnerAgain(p, f, err, put)
	}
	if archive {
		return c.done("/o/"+c.Community.Slug+"/partners/"+p.ID, "done.partner_archived")
	}
	return c.done("/o/"+c.Community.Slug+"/partners/"+p.ID, "done.partner_back")
}

// partnerInvite makes a link for somebody of the partner, with the text to send.
func (s *Server) partnerInvite(c *call) error {
	p, err := c.partner()
	if err != nil {
		return err
	}
	f := c.form("label")
	token, err := s.Account.Invite(c.ctx(), c.Actor, account.Invitation{
		Role: account.Role{Kind: account.Partner, CommunityID: c.In.CommunityID, PartnerID: p.ID}, Label: cmp.Or(f.Get("label"), p.Name), Key: f.Key,
	})
	if err != nil {
		return c.partnerAgain(p, f, err, func(v *partnerView, f form) { v.notice = f })
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.partnerAgain(p, f, nil, func(v *partnerView, _ form) {
		v.Fresh, v.notice = c.fresh("office.wechat_partner", token, "partner", p.Name), c.form("sure", "label").anew()
	})
}
