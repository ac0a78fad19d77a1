package web

// morePage lists every page of the organizers.
func (s *Server) morePage(c *call) error {
	markets, err := s.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	return c.show(morePage(moreView{c.console("office.everything"), markets}))
}
