package web

import "yiji/internal/account"

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
	names := map[string]string{}
	for _, one := range all {
		names[one.ID] = one.Slug
	}
	for _, r := range c.Actor.Roles {
		v.Work = append(v.Work, workOf(v.page, r, names[r.CommunityID]))
	}
	return c.show(indexPage(v))
}

// workOf is where somebody with a role works.
func workOf(p page, r account.Role, slug string) link {
	l := link{Text: p.T("account.role." + string(r.Kind))}
	switch r.Kind {
	case account.Admin:
		l.To = "/admin/communities"
	case account.Organizer:
		l.To = "/o/" + slug
	case account.Desk:
		l.To = "/desk/" + slug
	case account.Partner:
		l.To = "/p/" + slug + "?partner=" + r.PartnerID
	}
	if slug != "" {
		l.Text += " · " + slug
	}
	return l
}
