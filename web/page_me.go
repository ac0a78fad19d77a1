package web

import (
	"github.com/a-h/templ"

	"yiji/internal/account"
)

func (s *Server) mePage(c *call) error { return c.me(nil, form{}, nil) }

// me shows one's own account. One of its forms may come back with what was
// typed: which is the number of that form's path, f what was typed, failed why.
func (c *call) me(which *string, f form, failed error) error {
	p, err := c.server.Account.Me(c.ctx(), c.Actor)
	if err != nil {
		return err
	}
	list, err := c.server.Account.Sessions(c.ctx(), c.Actor)
	if err != nil {
		return err
	}
	v := meView{
		page: c.page("me.title"), Person: p, Sessions: list, other: c.form(),
		profile:  c.form("name", "email", "present").With("name", p.Name).With("email", p.Email).With("present"),
		password: c.form("present", "password").With("present").With("password"),
	}
	if which == nil {
		return c.show(mePage(v))
	}
	return c.again(f, failed, func(f form) templ.Component {
		if *which == "password" {
			v.password = f
		} else {
			v.profile = f
		}
		return mePage(v)
	})
}

func (s *Server) meSave(c *call) error {
	f, which := c.form("name", "email", "present"), "profile"
	err := s.Account.Edit(c.ctx(), c.Actor, account.Profile{
		Name: f.Get("name"), Email: f.Get("email"), Lang: c.Lang, Present: f.Raw("present"),
	})
	if err != nil {
		return c.me(&which, f, err)
	}
	return c.done("/me", "done.saved")
}

func (s *Server) mePassword(c *call) error {
	f, which := c.form("present", "password"), "password"
	session, err := s.Account.SetPassword(c.ctx(), c.Actor, f.Raw("present"), f.Raw("password"))
	if err != nil {
		return c.me(&which, f, err)
	}
	c.signIn(session)
	return c.done("/me", "done.password")
}

func (s *Server) meSessions(c *call) error {
	f := c.form("session")
	var err error
	if id := f.Get("session"); id != "" {
		err = s.Account.EndSession(c.ctx(), c.Actor, id)
	} else {
		err = s.Account.EndOtherSessions(c.ctx(), c.Actor)
	}
	if err != nil {
		return err
	}
	return c.done("/me", "done.sessions")
}

func (s *Server) meForget(c *call) error {
	if err := s.Account.Forget(c.ctx(), c.Actor); err != nil {
		return err
	}
	c.dropCookie(sessionCookie)
	return c.done("/", "done.forgotten")
}
