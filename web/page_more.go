package web

// morePage lists the organizers' pages that have no tab of their own.
func (s *Server) morePage(c *call) error { return c.show(morePage(c.console("office.everything"))) }
