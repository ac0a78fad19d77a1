package web

import (
	"cmp"
	"slices"
	"strconv"

	"yiji/booths"
)

// zoneMarks is how many zones have a colour and a shape of their own.
const zoneMarks = 4

var zoneShapes = [zoneMarks]string{"●", "■", "▲", "◆"}

func markClass(i int) string { return "z-" + strconv.Itoa(i%zoneMarks) }

// Features residents look for, and their icons; what a stall needs is of no
// use to them.
var publicFeatures = []struct{ name, icon string }{{"wheelchair", "wheelchair"}, {"indoors", "building"}, {"shade", "umbrella"}, {"quiet", "leaf"}}

// publicGround is the drawing for residents: what is offered where.
func (p page) publicGround(all []booths.Booth, zones []zoneLines) ground {
	all = byCode(all)
	services := map[string][]string{}
	for _, z := range zones {
		for _, l := range z.Lines {
			services[l.BoothCode] = append(services[l.BoothCode], l.Service)
		}
	}
	g := p.drawing(all, func(b booths.Booth) (class, who string) {
		if len(services) > 0 && len(services[b.Code]) == 0 {
			return "free", ""
		}
		return "taken", p.listText(services[b.Code])
	})
	g.Marks = nil
	for i, b := range all {
		one := &g.Booths[i]
		one.Short, one.Icons, one.Plain = "", nil, true
		for _, f := range publicFeatures {
			if slices.Contains(b.Features, f.name) && len(one.Icons) < 3 {
				one.Icons = append(one.Icons, f.icon)
			}
		}
	}
	for _, f := range publicFeatures {
		var codes []string
		for _, b := range all {
			if slices.Contains(b.Features, f.name) {
				codes = append(codes, b.Code)
			}
		}
		if len(codes) > 0 {
			g.Legend = append(g.Legend, groundWord{Icon: f.icon, Text: p.T("booths.feature." + f.name), Codes: p.listText(codes)})
		}
	}
	return g
}

// groundWord is one feature in words.
type groundWord struct{ Icon, Text, Codes string }

// byCode are the booths in the order of their codes: zones follow in the order
// of their first booth, as the lists of lines do.
func byCode(all []booths.Booth) []booths.Booth {
	return slices.SortedStableFunc(slices.Values(all), func(a, b booths.Booth) int { return cmp.Compare(a.Code, b.Code) })
}
