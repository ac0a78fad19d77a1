package web

import (
	"cmp"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/internal/account"
)

// What somebody fills in who comes by a link.
func (c *call) newcomerForm() form {
	return c.form("name", "email", "password").With("lang", c.Lang)
}

func (c *call) newcomer(f form) account.Newcomer {
	return account.Newcomer{
		Name: f.Get("name"), Email: f.Get("email"), Password: f.Raw("password"),
		Lang: c.Lang, Device: c.device(), Key: f.Key,
	}
}

// setupPage shows the one-time set-up link; looking does not use it.
func (s *Server) setupPage(c *call) error {
	if err := s.Account.Setup(c.ctx(), c.Param("token")); err != nil {
		return err
	}
	return c.show(c.setupView(c.newcomerForm()))
}

func (s *Server) setup(c *call) error {
	f := c.newcomerForm()
	session, err := s.Account.AcceptSetup(c.ctx(), c.Param("token"), c.newcomer(f))
	if err != nil {
		return c.again(f, err, c.setupView)
	}
	c.signIn(session)
	return c.done(c.landing(account.Role{Kind: account.Admin}), "done.setup")
}

func (c *call) setupView(f form) templ.Component {
	return linkPage(linkView{page: c.page("setup.title"), form: f})
}

// invitePage shows what a link would give; looking does not use it.
func (s *Server) invitePage(c *call) error {
	l, err := s.Account.Invitation(c.ctx(), c.Param("token"))
	if err != nil {
		return err
	}
	return c.show(c.inviteView(l)(c.newcomerForm().With("name", c.greeted(l))))
}

func (s *Server) invite(c *call) error {
	f, token := c.newcomerForm(), c.Param("token")
	l, _ := s.Account.Invitation(c.ctx(), token) // where it leads; whether it works is said by what follows
	session, err := "", error(nil)
	if c.joins(l) {
		session, err = s.Account.Join(c.ctx(), c.Actor, token, c.newcomer(f))
	} else if session, err = s.Account.Accept(c.ctx(), token, c.newcomer(f)); err == nil {
		err = s.Account.Logout(c.ctx(), c.sessionToken()) // a tablet becomes another's, or somebody's browser a tablet
	}
	if err != nil {
		if l, gone := s.Account.Invitation(c.ctx(), token); gone == nil {
			return c.again(f, err, c.inviteView(l))
		}
		return err
	}
	c.signIn(session)
	if l.Login {
		return c.done("/", "done.welcome")
	}
	return c.done(c.landing(l.Role), "done.welcome")
}

// joins reports whether a link adds its role to the one who is logged in. A
// kiosk is nobody else: it begins anew on either side.
func (c *call) joins(l account.Link) bool {
	return c.Actor.SignedIn() && !c.Actor.Device() && l.Role.Kind != account.Kiosk
}

func (c *call) inviteView(l account.Link) func(form) templ.Component {
	title := "invite.title"
	if l.Login {
		title = "invite.login_title"
	}
	return func(f form) templ.Component {
		return linkPage(linkView{page: c.page(title), form: f, Link: &l, Joins: c.joins(l), Place: c.placeOf(l), Partner: c.partnerInvited(l)})
	}
}

// greeted is how the one who opens a link is probably called: as the organizer
// noted, or the partner's contact, or the partner itself.
func (c *call) greeted(l account.Link) string {
	if l.Role.Kind == account.Kiosk {
		return cmp.Or(l.Label, c.T("account.role.kiosk"))
	}
	if l.Role.PartnerID == "" {
		return ""
	}
	p, err := c.server.Booths.Partner(c.ctx(), booths.Scope{CommunityID: l.Role.CommunityID}, l.Role.PartnerID)
	if err != nil {
		return l.Label
	}
	return cmp.Or(l.Label, p.Contact.Person, p.Name)
}

// partnerInvited is the name of the partner a link lets act for; "" for another link.
func (c *call) partnerInvited(l account.Link) string {
	if l.Role.PartnerID == "" {
		return ""
	}
	p, err := c.server.Booths.Partner(c.ctx(), booths.Scope{CommunityID: l.Role.CommunityID}, l.Role.PartnerID)
	if err != nil {
		return ""
	}
	return p.Name
}

// placeOf is the name of the community of a link; without one the page does without.
func (c *call) placeOf(l account.Link) string {
	if l.Role.CommunityID == "" {
		return ""
	}
	got, err := c.server.Scheduler.Community(c.ctx(), l.Role.CommunityID)
	if err != nil {
		return ""
	}
	return got.Name
}
