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

// publicFeatures are what residents look for; what a stall needs is of no use to them.
var publicFeatures = []string{"wheelchair", "indoors", "shade", "quiet"}

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
	g.Marks = p.marks(all, publicFeatures)
	for i, b := range all {
		one := &g.Booths[i]
		icons := iconsOf(b, publicFeatures)
		one.Short, one.Icons, one.Plain = "", icons[:min(len(icons), 3)], true
	}
	return g
}

// byCode are the booths in the order of their codes: zones follow in the order
// of their first booth, as the lists of lines do.
func byCode(all []booths.Booth) []booths.Booth {
	return slices.SortedStableFunc(slices.Values(all), func(a, b booths.Booth) int { return cmp.Compare(a.Code, b.Code) })
}
