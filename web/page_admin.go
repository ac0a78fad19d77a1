package web

import (
	"slices"

	"github.com/a-h/templ"

	"yiji/internal/text"
	"yiji/scheduler"
)

// communityFields are what a community is asked for; the slug only once.
var communityFields = []string{"slug", "name", "city", "address", "phone", "timezone", "locale"}

// timeZones are offered; a community that has another one keeps it.
var timeZones = []string{"Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Asia/Singapore"}

func communityOf(f form) scheduler.Community {
	return scheduler.Community{
		Slug: f.Get("slug"), Name: f.Get("name"), City: f.Get("city"), Address: f.Get("address"),
		Phone: f.Get("phone"), TimeZone: f.Get("timezone"), Locale: f.Get("locale"),
	}
}

// adminPage lists the communities and asks for a new one.
func (s *Server) adminPage(c *call) error {
	show, err := c.adminView()
	if err != nil {
		return err
	}
	return c.show(show(c.form(communityFields...).With("timezone", timeZones[0]).With("locale", text.Langs[0])))
}

func (c *call) adminView() (func(form) templ.Component, error) {
	list, err := c.server.Scheduler.Communities(c.ctx())
	return func(f form) templ.Component {
		return adminPage(adminView{page: c.console("office.communities"), List: list, form: f})
	}, err
}

// communityCreate makes a community. The slug is its natural key: the same
// form sent twice is once, another community of that slug is not overwritten.
func (s *Server) communityCreate(c *call) error {
	f := c.form(communityFields...)
	want := communityOf(f)
	if _, err := s.Scheduler.CreateCommunity(c.ctx(), want); err != nil {
		show, gone := c.adminView()
		if gone != nil {
			return gone
		}
		return c.again(f, err, show)
	}
	return c.done("/o/"+want.Slug+"/people", "done.community_made")
}

// communityPage edits one community.
func (s *Server) communityPage(c *call) error {
	k := c.Community
	f := c.form(communityFields...).With("slug", k.Slug).With("name", k.Name).With("city", k.City).With("address", k.Address).
		With("phone", k.Phone).With("timezone", k.TimeZone).With("locale", k.Locale)
	return c.show(c.communityView(f))
}

func (c *call) communityView(f form) templ.Component {
	return communityPage(communityView{page: c.console("office.community_edit"), form: f})
}

func (s *Server) communitySave(c *call) error {
	f := c.form(communityFields...).With("slug", c.Community.Slug)
	if _, err := s.Scheduler.SaveCommunity(c.ctx(), communityOf(f)); err != nil {
		return c.again(f, err, c.communityView)
	}
	return c.done("/admin/communities/"+c.Community.Slug, "done.saved")
}

func zoneChoices(f form) []choice {
	names := timeZones
	if z := f.Get("timezone"); z != "" && !slices.Contains(names, z) {
		names = append(slices.Clone(names), z)
	}
	out := make([]choice, len(names))
	for i, n := range names {
		out[i] = choice{Value: n, Label: zoneName(f.lang, n)}
	}
	return out
}

func zoneName(lang, zone string) string {
	if key := "office.zone." + zone; text.Has(lang, key) {
		return text.T(lang, key, nil) + " (" + zone + ")"
	}
	return zone
}

func langChoices() []choice {
	out := make([]choice, len(text.Langs))
	for i, l := range text.Langs {
		out[i] = choice{Value: l, Label: langName(l)}
	}
	return out
}
