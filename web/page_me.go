package web

import (
	"strings"

	"github.com/a-h/templ"

	"yiji/internal/account"
)

func (s *Server) mePage(c *call) error {
	v, err := c.meView()
	if err != nil {
		return err
	}
	return c.show(mePage(v))
}

func (c *call) meView() (meView, error) {
	p, err := c.server.Account.Me(c.ctx(), c.Actor)
	if err != nil {
		return meView{}, err
	}
	list, err := c.server.Account.Sessions(c.ctx(), c.Actor)
	if err != nil {
		return meView{}, err
	}
	zone, err := c.ownZone()
	return meView{
		page: c.page("me.title"), when: c.when(zone), Person: p, Sessions: list, other: c.form(),
		profile:  c.form("name", "email", "present").With("name", p.Name).With("email", p.Email).With("present"),
		password: c.form("present", "password").With("present").With("password"),
	}, err
}

// ownZone is the time zone of the first community one works for.
func (c *call) ownZone() (string, error) {
	for _, r := range c.Actor.Roles {
		if r.CommunityID != "" {
			k, err := c.server.Scheduler.Community(c.ctx(), r.CommunityID)
			return k.TimeZone, err
		}
	}
	return timeZones[0], nil
}

// meAgain shows the account once more, with the form that failed in its place.
func (c *call) meAgain(f form, failed error, put func(*meView, form)) error {
	v, err := c.meView()
	if err != nil {
		return err
	}
	return c.again(f, failed, func(f form) templ.Component {
		put(&v, f)
		return mePage(v)
	})
}

func (s *Server) meSave(c *call) error {
	f := c.form("name", "email", "present")
	err := s.Account.Edit(c.ctx(), c.Actor, account.Profile{
		Name: f.Get("name"), Email: f.Get("email"), Lang: c.Lang, Present: f.Raw("present"),
	})
	if err != nil {
		return c.meAgain(f, err, func(v *meView, f form) { v.profile = f })
	}
	return c.done("/me", "done.saved")
}

func (s *Server) mePassword(c *call) error {
	f := c.form("present", "password")
	session, err := s.Account.SetPassword(c.ctx(), c.Actor, f.Raw("present"), f.Raw("password"))
	if err != nil {
		return c.meAgain(f, err, func(v *meView, f form) { v.password = f })
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
	c.signOut()
	return c.done("/", "done.forgotten")
}

// machines are the devices people know by name, by what their browsers say of
// themselves; the first that fits.
var machines = [][2]string{{"iPhone", "iphone"}, {"iPad", "ipad"}, {"HarmonyOS", "harmony"}, {"Android", "android"}, {"Windows", "windows"}, {"Macintosh", "mac"}, {"Linux", "linux"}}

// deviceWords says on which device somebody is logged in and in what, in words
// instead of in a browser's own.
func (p page) deviceWords(agent string) []string {
	device, in := "other", "browser"
	for _, m := range machines {
		if strings.Contains(agent, m[0]) {
			device = m[1]
			break
		}
	}
	if strings.Contains(agent, "MicroMessenger") {
		in = "wechat"
	}
	return []string{p.T("me.on_" + device), p.T("me.in_" + in)}
}
