package web

import (
	"github.com/a-h/templ"

	"yiji/internal/account"
)

func (s *Server) loginPage(c *call) error {
	if c.Actor.SignedIn() && !c.Actor.Device() {
		return c.redirect(ourPath(c.QueryParam("next")))
	}
	return c.show(c.loginView(c.form("email", "password", "next").With("next", c.QueryParam("next"))))
}

func (s *Server) login(c *call) error {
	f := c.form("email", "password", "next")
	session, err := s.Account.Login(c.ctx(), account.Credentials{
		Email: f.Get("email"), Password: f.Raw("password"), Address: c.address(), Device: c.device(),
	})
	if err != nil {
		return c.again(f, err, c.loginView)
	}
	c.signIn(session)
	if f.Get("next") != "" {
		return c.redirect(ourPath(f.Get("next")))
	}
	who, err := s.Account.ActorBySession(c.ctx(), session)
	if err != nil {
		return err
	}
	return c.redirect(c.landing(who.Roles...))
}

func (c *call) loginView(f form) templ.Component {
	return loginPage(loginView{c.page("login.title"), f})
}

func (s *Server) logout(c *call) error {
	if err := s.Account.Logout(c.ctx(), c.sessionToken()); err != nil {
		return err
	}
	c.signOut()
	return c.done("/", "done.logout")
}
