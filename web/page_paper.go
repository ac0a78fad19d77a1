package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// paperSizes are the formats each sheet is made for, the usual one first.
var paperSizes = map[string][]string{
	"poster": {"a4", "a3"},
	"plan":   {"a4", "a3"},
	"signin": {"a4"},
	"phones": {"a4"},
	"slips":  {"sheet", "roll58", "roll80"},
}

const (
	slipsMost = 300
	blankRows = 3 // on a sign-in sheet, for those nobody expected
)

// slip is a number on paper.
type slip struct {
	Service string
	Number  int
}

func (s *Server) papersShow(c *call) error {
	v, err := c.paperView("plan")
	if err != nil {
		return err
	}
	v.Title = c.T("paper.title")
	v.form = c.form().With("from", "1").With("count", "15")
	return c.show(papersPage(v))
}

// paperShow is one kind of paper, in the size the address asks for.
func (s *Server) paperShow(kind string, sheet func(paperView) templ.Component) handler {
	return func(c *call) error {
		v, err := c.paperView(kind)
		if err != nil {
			return err
		}
		switch kind {
		case "phones":
			list, err := c.phones()
			if err != nil {
				return err
			}
			v.Phones = list.List
		case "slips":
			if v.Numbers, err = slipsAsked(c); err != nil {
				return err
			}
		}
		return c.show(sheet(v))
	}
}

func (c *call) paperView(kind string) (paperView, error) {
	at, err := c.places()
	v := paperView{groundsView: at, Size: c.QueryParam("size"), Link: c.server.base + "/d/" + at.Day.ID}
	if !slices.Contains(paperSizes[kind], v.Size) {
		v.Size = paperSizes[kind][0]
	}
	v.Title = c.T("paper." + kind)
	v.Modules = []string{"paper.js"}
	return v, err
}

// slipsAsked are the numbers the address asks for.
func slipsAsked(c *call) ([]slip, error) {
	from, count := 1, 15
	for name, into := range map[string]*int{"from": &from, "count": &count} {
		n, err := wholeNumber(name, c.QueryParam(name))
		if err != nil {
			return nil, err
		}
		if n != 0 {
			*into = n
		}
	}
	switch {
	case from < 1 || from > 9999:
		return nil, fault.Invalid("paper.from", "from", "must be between 1 and 9999")
	case count < 1 || count > slipsMost:
		return nil, fault.Invalid("paper.count", "count", "must be between 1 and %d", slipsMost)
	}
	service := shorten(strings.TrimSpace(tidyText(c.QueryParam("service"))), 24)
	out := make([]slip, count)
	for i := range out {
		out[i] = slip{service, from + i}
	}
	return out, nil
}

func (v paperView) slipSizes() (out []choice) {
	for _, s := range paperSizes["slips"] {
		out = append(out, choice{s, v.T("paper.size_" + s)})
	}
	return out
}

// shortDate is the date without its weekday: 11月19日.
func (v paperView) shortDate() string {
	_, month, day := v.Day.HeldOn.Civil()
	return v.T("paper.date", "month", v.T("notify.month."+strconv.Itoa(int(month))), "day", strconv.Itoa(day))
}

func (v paperView) weekday() string { return scheduler.WeekdayOf(v.Day.HeldOn).In(v.Lang) }

// zoneServices are what is offered in a zone.
type zoneServices struct {
	Name     string
	Services []string
}

// byZone is what is offered, zone by zone, each service once.
func (v paperView) byZone() (out []zoneServices) {
	for _, b := range v.Plan.Booths {
		if b.Claim == nil {
			continue
		}
		i := slices.IndexFunc(out, func(z zoneServices) bool { return z.Name == b.Zone })
		if i < 0 {
			i = len(out)
			out = append(out, zoneServices{Name: b.Zone})
		}
		for _, s := range b.Claim.Services {
			if !slices.Contains(out[i].Services, s.Name) {
				out[i].Services = append(out[i].Services, s.Name)
			}
		}
	}
	return out
}

func (v paperView) offeredWords() (out []string) {
	for _, z := range v.byZone() {
		out = append(out, z.Services...)
	}
	return out
}

// ground is the drawing; who stands where is in the list below it, whole.
func (v paperView) ground() ground {
	who, all := map[string]string{}, make([]booths.Booth, len(v.Plan.Booths))
	for i, b := range v.Plan.Booths {
		all[i] = b.Booth
		if b.Claim != nil {
			who[b.Code] = b.Claim.Partner
		}
	}
	g := v.drawing(all, func(b booths.Booth) (string, string) {
		if who[b.Code] == "" {
			return "free", ""
		}
		return "taken", who[b.Code]
	})
	for i := range g.Booths {
		g.Booths[i].Short, g.Booths[i].Plain = "", true
	}
	return g
}
