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
	screenRefresh = 5  // seconds, without scripts
	screenLines   = 12 // whose last calls have room; of more those that called last
)

// screenCall is one call as the wall shows it: numbers only.
type screenCall struct {
	queue.Call
	Line queue.Line
}

// screenPage is the wall: the newest call largest, the last one of every line below it.
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
		for i, k := range l.Calls {
			if i == 0 {
				v.Board = append(v.Board, screenCall{k, l})
			}
			before = append(before, spoken{l.ID, k.Number, k.Calls})
		}
		if len(l.Ready) > 0 {
			v.Ready = append(v.Ready, l)
		}
	}
	place := func(a, b screenCall) int {
		return cmp.Or(cmp.Compare(a.Line.BoothCode, b.Line.BoothCode), cmp.Compare(a.Line.Service, b.Line.Service))
	}
	slices.SortStableFunc(v.Board, func(a, b screenCall) int { return cmp.Or(b.At.Compare(a.At), place(a, b)) })
	if len(v.Board) > 0 {
		v.Newest = v.Board[0]
	}
	v.Board = v.Board[:min(len(v.Board), screenLines)]
	slices.SortStableFunc(v.Board, place) // one finds one's booth where it was
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
