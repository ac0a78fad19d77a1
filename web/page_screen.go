package web

import (
	"cmp"
	"slices"

	"yiji/booths/queue"
	"yiji/internal/fault"
)

const (
	screenRefresh = 5 // seconds
	screenCalls   = 5 // earlier calls beside the newest
)

// screenCall is one call as the wall shows it: numbers only.
type screenCall struct {
	queue.Call
	Line queue.Line
}

// screenPage is the wall: the newest call largest, the last five beside it.
func (s *Server) screenPage(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	lines, err := s.Queue.Lines(c.ctx(), "", d.ID)
	if err != nil && !fault.Is(err, "queue.day_unknown") {
		return err
	}
	v := screenView{page: c.page("public.screen", "name", d.MarketName), when: c.when(d.TimeZone), Day: d}
	v.State, v.Refresh = d.StateAt(v.now), screenRefresh
	for _, l := range lines {
		for _, k := range l.Calls {
			v.Calls = append(v.Calls, screenCall{k, l})
		}
		if len(l.Ready) > 0 {
			v.Ready = append(v.Ready, l)
		}
	}
	slices.SortStableFunc(v.Calls, func(a, b screenCall) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Line.BoothCode, b.Line.BoothCode), cmp.Compare(b.Number, a.Number))
	})
	v.Calls = v.Calls[:min(len(v.Calls), 1+screenCalls)]
	return c.show(screenPage(v))
}
