package web

import (
	"slices"

	"yiji/internal/account"
	"yiji/scheduler"
)

// indexPage lists the communities; where there is only one, it leads there.
// Who works here finds the way to the own pages first.
func (s *Server) indexPage(c *call) error {
	all, err := s.Scheduler.Communities(c.ctx())
	if err != nil {
		return err
	}
	if len(all) == 1 && !c.Actor.SignedIn() {
		return c.redirect("/c/" + all[0].Slug)
	}
	v := indexView{page: c.page("public.index"), Communities: all}
	for _, r := range c.Actor.Roles {
		i := slices.IndexFunc(all, func(one scheduler.Community) bool { return one.ID == r.CommunityID })
		l := link{To: workPath(r, ""), Text: v.T("account.role." + string(r.Kind))}
		if i >= 0 {
			l = link{To: workPath(r, all[i].Slug), Text: l.Text + " · " + all[i].Name}
		}
		v.Work = append(v.Work, l)
	}
	return c.show(indexPage(v))
}

// workPath is where somebody with a role works.
func workPath(r account.Role, slug string) string {
	switch r.Kind {
	case account.Admin:
		return "/admin/communities"
	case account.Organizer:
		return "/o/" + slug
	case account.Desk:
		return "/desk/" + slug
	case account.Kiosk:
		return "/kiosk/" + slug + "/setup"
	case account.Partner:
		return "/p/" + slug + "?partner=" + r.PartnerID
	}
	return "/"
}

// landing is where somebody begins who has come in: at the work of the one
// role there is, or where all of them stand.
func (c *call) landing(roles ...account.Role) string {
	if len(roles) != 1 {
		return "/"
	}
	if roles[0].CommunityID == "" {
		return workPath(roles[0], "")
	}
	k, err := c.server.Scheduler.Community(c.ctx(), roles[0].CommunityID)
	if err != nil {
		return "/"
	}
	return workPath(roles[0], k.Slug)
}
