package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"yiji/booths/queue"
	"yiji/internal/fault"
)

const (
	screenRefresh = 5 // seconds, without scripts
	screenBefore  = 5 // earlier calls beside the newest
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
	v.Wall = true
	v.Modules, v.State, v.Refresh = []string{"screen.js"}, d.StateAt(v.now), screenRefresh
	v.take(lines)
	if v.over() {
		if v.Next, err = c.nextAfter(d); err != nil {
			return err
		}
	}
	return c.show(screenPage(v))
}

// take reads what the lines have called and what is ready.
func (v *screenView) take(lines []queue.Line) {
	type spoken struct {
		Line   string `json:"line"`
		Number int    `json:"number"`
		Calls  int    `json:"calls"`
	}
	before := []spoken{}
	for _, l := range lines {
		for _, k := range l.Calls {
			v.Calls = append(v.Calls, screenCall{k, l})
			before = append(before, spoken{l.ID, k.Number, k.Calls})
		}
		if len(l.Ready) > 0 {
			v.Ready = append(v.Ready, l)
		}
	}
	slices.SortStableFunc(v.Calls, func(a, b screenCall) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Line.BoothCode, b.Line.BoothCode), cmp.Compare(b.Number, a.Number))
	})
	v.Calls = v.Calls[:min(len(v.Calls), 1+screenBefore)]
	if raw, err := json.Marshal(before); err == nil {
		v.Before = string(raw)
	}
}

// count says how long it is until the market opens, in whole minutes.
func (v screenView) count() string {
	if minutes := int((v.Day.OpensAt.Sub(v.now) + time.Minute - 1) / time.Minute); minutes > 0 {
		return v.lengthText("screen.in", minutes)
	}
	return v.T("screen.soon")
}
