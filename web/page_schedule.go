package web

import (
	"slices"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// schedulePage answers first when the next market is, then what it offers,
// then the coming dates with what is special about them.
func (s *Server) schedulePage(c *call) error {
	w := c.when(c.Community.TimeZone)
	all, err := c.occasions(w.Today(), w)
	if err != nil {
		return err
	}
	past, err := s.Scheduler.Days(c.ctx(), c.Community.ID, scheduler.DayFilter{
		ToDate: w.Today(), States: []scheduler.State{scheduler.Closed, scheduler.Settled}, Backwards: true, Limit: 6})
	if err != nil {
		return err
	}
	v := scheduleView{page: c.page("public.schedule", "name", c.Community.Name), when: w, Past: past}
	for _, o := range all {
		if o.State == scheduler.Closed || o.State == scheduler.Settled || !o.Closes.After(w.now) {
			continue
		}
		if v.Next == nil && !o.Off {
			v.Next = &o
		} else {
			v.Coming = append(v.Coming, o)
		}
	}
	if v.Next != nil && v.Next.DayID != "" {
		if v.Offers, err = c.zones(v.Next.DayID, nil); err != nil {
			return err
		}
	}
	if v.Next != nil && len(v.Offers) == 0 {
		v.Wanted = c.wanted(*v.Next)
	}
	return c.show(schedulePage(v))
}

// wanted names what the organizer wishes to be offered, while nothing is settled.
func (c *call) wanted(o occasion) []string {
	all := slices.Clone(o.Market.Wanted)
	l, err := c.server.Booths.Layout(c.ctx(), c.Community.ID, o.Market.ID)
	if err != nil {
		return all // the wishes of a ground nobody has drawn
	}
	for _, w := range l.Wanted {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// zones are a day's lines by zone. A day the queue has not heard of has none yet.
func (c *call) zones(dayID string, partners map[string]string) ([]zoneLines, error) {
	lines, err := c.server.Queue.Lines(c.ctx(), "", dayID)
	if fault.Is(err, "queue.day_unknown") {
		return nil, nil
	}
	var out []zoneLines
	at := map[string]int{}
	for _, l := range lines {
		if l.State == queue.LineRemoved {
			continue
		}
		i, ok := at[l.Zone]
		if !ok {
			i = len(out)
			at[l.Zone] = i
			out = append(out, zoneLines{Name: l.Zone})
		}
		out[i].Lines = append(out[i].Lines, offered{Line: l, Partner: partners[l.BoothID]})
	}
	return out, err
}
