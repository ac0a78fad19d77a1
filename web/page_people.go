package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/internal/account"
	"yiji/internal/fault"
)

// peopleView is who may come in: people, links that wait, ways to make more.
type peopleView struct {
	page
	People   []account.Person
	Links    []account.Link
	Partners map[string]string // names by id
	Fresh    *freshLink        // a link just made, shown this once
	form     form
}

// freshLink is a link that is shown once: nobody can read it again.
type freshLink struct {
	URL     string
	Message string // ready to paste into WeChat
}

func (v peopleView) of(k account.Kind) (out []account.Person) {
	for _, p := range v.People {
		if slices.ContainsFunc(p.Roles, func(r account.Role) bool { return r.Kind == k }) {
			out = append(out, p)
		}
	}
	return out
}

// waiting are the links one can still do something about, and the last ones used.
func (v peopleView) waiting() []account.Link {
	return slices.DeleteFunc(slices.Clone(v.Links), func(l account.Link) bool { return l.State == account.LinkUsed })
}

// canJoin: an admin who is no organizer here may become one.
func (v peopleView) canJoin() bool {
	return v.Actor.Is(account.Admin, "") && !v.Actor.Is(account.Organizer, v.Community.ID)
}

func (v peopleView) who(l account.Link) string {
	switch {
	case l.Name != "":
		return l.Name
	case l.Label != "":
		return l.Label
	}
	return v.Partners[l.Role.PartnerID]
}

func (v peopleView) when(t time.Time) string { return v.momentText(t) }

var peopleFields = []string{"kind", "label", "person", "link", "sure", "partner"}

func (s *Server) peoplePage(c *call) error {
	v, err := c.peopleView(c.form(peopleFields...))
	if err != nil {
		return err
	}
	return c.show(peoplePage(v))
}

func (c *call) peopleView(f form) (peopleView, error) {
	v := peopleView{page: c.console("office.people"), form: f, Partners: map[string]string{}}
	var err error
	if v.People, err = c.server.Account.People(c.ctx(), c.In.CommunityID); err != nil {
		return v, err
	}
	if v.Links, err = c.server.Account.Links(c.ctx(), c.In.CommunityID); err != nil {
		return v, err
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	for _, p := range partners {
		v.Partners[p.ID] = p.Name
	}
	return v, err
}

// peopleAgain shows the page with what is wrong, or with a link just made.
func (c *call) peopleAgain(f form, failed error, link *freshLink) error {
	v, err := c.peopleView(f)
	if err != nil {
		return err
	}
	v.Fresh = link
	if failed == nil {
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.show(peoplePage(v))
	}
	return c.again(f, failed, func(f form) templ.Component {
		v.form = f
		return peoplePage(v)
	})
}

// fresh makes the text for WeChat around a token.
func (c *call) fresh(key, token string, args ...string) *freshLink {
	url := c.server.base + "/invite/" + token
	args = append(args, "place", c.Community.Name, "url", url)
	return &freshLink{URL: url, Message: c.T(key, args...)}
}

func (c *call) peoplePath() string { return "/o/" + c.Community.Slug + "/people" }

// peopleInvite makes a link for an organizer or somebody at the desk, or for the tablet at the entrance.
func (s *Server) peopleInvite(c *call) error {
	f := c.form(peopleFields...)
	kind := account.Kind(f.Get("kind"))
	if kind != account.Organizer && kind != account.Desk && kind != account.Kiosk {
		kind = "" // chosen by nobody
	}
	token, err := s.Account.Invite(c.ctx(), c.Actor, account.Invitation{
		Role: account.Role{Kind: kind, CommunityID: c.In.CommunityID}, Label: f.Get("label"), Key: f.Key,
	})
	if err != nil {
		beside := map[string]string{"role": "kind"}
		return c.peopleAgain(f, fault.From(err).Renamed(func(field string) string { return cmp.Or(beside[field], field) }), nil)
	}
	key := "office.wechat_role"
	if kind == account.Kiosk {
		key = "office.kiosk_link"
	}
	return c.peopleAgain(c.form().anew(), nil, c.fresh(key, token, "role", c.T("account.role."+string(kind))))
}

// peopleJoin makes an admin an organizer of the community too.
func (s *Server) peopleJoin(c *call) error {
	err := s.Account.Grant(c.ctx(), c.Actor, c.Actor.PersonID, account.Role{Kind: account.Organizer, CommunityID: c.In.CommunityID})
	if err != nil {
		return c.peopleAgain(c.form(peopleFields...), err, nil)
	}
	return c.done("/o/"+c.Community.Slug, "done.joined")
}

// peopleLink issues a link again or withdraws it; issuing again is the undo of withdrawing.
func (s *Server) peopleLink(c *call) error {
	f := c.form(append(peopleFields, "step")...)
	if f.Get("step") == "revoke" {
		if err := s.Account.RevokeLink(c.ctx(), c.Actor, f.Get("link")); err != nil {
			return c.peopleAgain(f, err, nil)
		}
		return c.done(c.peoplePath(), "done.link_revoked")
	}
	token, err := s.Account.Reissue(c.ctx(), c.Actor, f.Get("link"), f.Key)
	if err != nil {
		return c.peopleAgain(f, err, nil)
	}
	return c.peopleAgain(f.anew(), nil, c.fresh("office.wechat_again", token))
}

// peoplePerson acts on somebody: a login link, the end of all sessions, or the
// end of a role, which needs a tick because a person without a role is forgotten.
func (s *Server) peoplePerson(c *call) error {
	f := c.form(append(peopleFields, "step")...)
	person := f.Get("person")
	switch f.Get("step") {
	case "login":
		token, err := s.Account.LoginLink(c.ctx(), c.Actor, c.In.CommunityID, person, f.Key)
		if err != nil {
			return c.peopleAgain(f, err, nil)
		}
		return c.peopleAgain(f.anew(), nil, c.fresh("office.wechat_login", token))
	case "sessions":
		if err := s.Account.EndSessionsOf(c.ctx(), c.Actor, c.In.CommunityID, person); err != nil {
			return c.peopleAgain(f, err, nil)
		}
		return c.done(c.peoplePath(), "done.sessions_of")
	}
	if !f.On("sure") {
		return c.peopleAgain(f, fault.Invalid("office.sure", "", "tick the box first"), nil)
	}
	role := account.Role{Kind: account.Kind(f.Get("kind")), CommunityID: c.In.CommunityID, PartnerID: f.Get("partner")}
	if err := s.Account.RevokeRole(c.ctx(), c.Actor, person, role); err != nil {
		return c.peopleAgain(f, err, nil)
	}
	return c.done(c.peoplePath(), "done.role_revoked")
}

// absent tells the person a row of the page is about from the others.
func (v peopleView) wrongAbout(person string) bool {
	return v.form.Failed() && strings.TrimSpace(v.form.Get("person")) == person
}
