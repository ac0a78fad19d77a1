package web

import (
	"slices"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// partnerLetter is the community's thanks for one day, to print: in the
// community's language, whatever the reader's is.
func (s *Server) partnerLetter(c *call) error {
	if slices.Contains(text.Langs, c.Community.Locale) {
		c.Lang = c.Community.Locale
	}
	at, err := c.stall("letter.title")
	if err != nil {
		return err
	}
	v := thanksView{stall: at}
	v.Modules = []string{"letter.js"}
	v.Console = false
	past, err := c.past()
	if err != nil {
		return err
	}
	for _, p := range past {
		if p.DayID == c.Param("day") && p.Stood > 0 {
			v.pastDay = p
		}
	}
	if v.DayID == "" {
		return fault.NotFound("letter.none", "day", "nothing was given on this day, or it has not been counted yet")
	}
	counts, err := c.ownCounts(v.DayID)
	if err != nil {
		return err
	}
	for _, l := range counts {
		if !slices.Contains(v.Services, l.Service) {
			v.Services = append(v.Services, l.Service)
		}
	}
	return c.show(thanksPage(v))
}
