package web

import (
	"time"

	"yiji/internal/account"
)

// accountAPI is coming in and oneself.
func (s *Server) accountAPI() []endpoint {
	return []endpoint{
		{method: post, path: "/sessions", summary: "Log in with address and password", action: account.SessionOpen, where: nowhere, do: on(s.apiLogin), status: 201},
		{method: del, path: "/sessions", summary: "Log out: end the session that asks", action: account.SessionManage, where: nowhere, do: on(s.apiLogout)},
		{method: post, path: "/setup/:token", summary: "Use the one-time set-up link: become the first administrator", action: account.SessionOpen, where: nowhere, do: on(s.apiSetup), status: 201},
		{method: get, path: "/invitations/:token", summary: "What a link is for; looking does not use it", action: account.SessionOpen, where: nowhere, do: on(s.apiInvitation)},
		{method: post, path: "/invitations/:token", summary: "Use an invitation or login link", action: account.SessionOpen, where: nowhere, do: on(s.apiAccept), status: 201},
		{method: get, path: "/me", summary: "Who I am", action: account.SessionManage, where: nowhere, do: on(s.apiMe)},
		{method: post, path: "/communities/:community/invitations", summary: "Invite somebody: a link that works once", action: account.AccountInvite, where: inCommunity, do: on(s.apiInvite), status: 201, keyed: true},
	}
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// session is what a program shows as "Authorization: Bearer …".
type session struct {
	Token string `json:"token"`
}

func (s *Server) apiLogin(c *call, in credentials) (session, error) {
	t, err := s.Account.Login(c.ctx(), account.Credentials{Email: in.Email, Password: in.Password, Address: c.address(), Device: c.device()})
	return session{t}, err
}

func (s *Server) apiLogout(c *call, _ none) (none, error) {
	return none{}, s.Account.Logout(c.ctx(), c.sessionToken())
}

// newPerson is what somebody says who comes by a link.
type newPerson struct {
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Password string `json:"password,omitempty"`
	Lang     string `json:"lang,omitempty" enum:"zh-Hans,zh-Hant,en"`
}

func (p newPerson) newcomer(c *call) account.Newcomer {
	return account.Newcomer{Name: p.Name, Email: p.Email, Password: p.Password, Lang: p.Lang, Device: c.device(), Key: c.given()}
}

func (s *Server) apiSetup(c *call, in newPerson) (session, error) {
	t, err := s.Account.AcceptSetup(c.ctx(), c.Param("token"), in.newcomer(c))
	return session{t}, err
}

// linkAnswer is what a link would give.
type linkAnswer struct {
	Role      string    `json:"role,omitempty" enum:"admin,organizer,desk,partner,kiosk"` // absent for a login link
	Login     bool      `json:"login"`                                                    // lets somebody known in again
	Name      string    `json:"name,omitempty"`                                           // of whom a login link is for
	Community string    `json:"community,omitempty"`                                      // its name
	Label     string    `json:"label,omitempty"`
	InvitedBy string    `json:"invited_by,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (s *Server) apiInvitation(c *call, _ none) (linkAnswer, error) {
	l, err := s.Account.Invitation(c.ctx(), c.Param("token"))
	if err != nil {
		return linkAnswer{}, err
	}
	a := linkAnswer{Login: l.Login, Name: l.Name, Label: l.Label, InvitedBy: l.InvitedBy, ExpiresAt: l.ExpiresAt}
	if !l.Login {
		a.Role = string(l.Role.Kind)
	}
	if l.Role.CommunityID == "" {
		return a, nil
	}
	k, err := s.Scheduler.Community(c.ctx(), l.Role.CommunityID)
	if err != nil {
		return a, err
	}
	a.Community = k.Name
	c.inZone(zoneNamed(k.TimeZone))
	return a, nil
}

func (s *Server) apiAccept(c *call, in newPerson) (session, error) {
	if c.Actor.SignedIn() {
		t, err := s.Account.Join(c.ctx(), c.Actor, c.Param("token"), in.newcomer(c))
		return session{t}, err
	}
	t, err := s.Account.Accept(c.ctx(), c.Param("token"), in.newcomer(c))
	return session{t}, err
}

// meAnswer is the one who asks.
type meAnswer struct {
	ID    string         `json:"id"`
	Name  string         `json:"name"`
	Lang  string         `json:"lang"`
	Roles []account.Role `json:"roles"`
}

func (s *Server) apiMe(c *call, _ none) (meAnswer, error) {
	return meAnswer{ID: c.Actor.PersonID, Name: c.Actor.Name, Lang: c.Actor.Lang, Roles: c.Actor.Roles}, nil
}

type inviteRequest struct {
	Role    string `json:"role" enum:"organizer,desk,partner,kiosk"`
	Partner string `json:"partner,omitempty"` // id, for role partner
	Label   string `json:"label,omitempty"`   // a note for oneself whom it is for
}

// inviteAnswer is the link; it is told once.
type inviteAnswer struct {
	Link string `json:"link"`
}

func (s *Server) apiInvite(c *call, in inviteRequest) (inviteAnswer, error) {
	if in.Partner != "" {
		if _, err := s.Booths.Partner(c.ctx(), c.as(""), in.Partner); err != nil {
			return inviteAnswer{}, err
		}
	}
	role := account.Role{Kind: account.Kind(in.Role), CommunityID: c.In.CommunityID, PartnerID: in.Partner}
	t, err := s.Account.Invite(c.ctx(), c.Actor, account.Invitation{Role: role, Label: in.Label, Key: c.given()})
	return inviteAnswer{s.base + "/invite/" + t}, err
}
