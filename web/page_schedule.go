package web

import (
	"cmp"
	"slices"
	"strings"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// schedulePage answers first when the next market is, or which ones are open now,
// then what it offers,
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
	v := scheduleView{page: c.page("public.schedule", "name", c.Community.Name), when: w}
	v.Modules = []string{"share.js", "count.js"}
	v.Webcal = "webcal" + strings.TrimPrefix(strings.TrimPrefix(s.base, "https"), "http") + "/c/" + c.Community.Slug + "/calendar.ics"
	if v.Past, err = c.summaries(past); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b occasion) int { return cmp.Compare(a.rank(), b.rank()) })
	for _, o := range all {
		if o.State == scheduler.Closed || o.State == scheduler.Settled || !o.Closes.After(w.now) {
			continue
		}
		switch {
		case v.Next == nil && !o.Off:
			v.Next = &o
		case v.Next == nil && v.Dropped == nil:
			d := c.dated(o, w, all)
			v.Dropped = &d
		case o.State == scheduler.Open:
			v.Also = append(v.Also, o)
		default:
			v.Coming = append(v.Coming, c.dated(o, w, all))
		}
	}
	onceOnly(v.Coming)
	if v.Next != nil {
		if err := c.fillNext(&v); err != nil {
			return err
		}
	}
	return c.show(schedulePage(v))
}

// dated is a coming date as its line shows it; the market is named where there
// are several.
func (c *call) dated(o occasion, w when, all []occasion) datedLine {
	d := datedLine{occasion: o, Words: o.words(w)}
	if slices.ContainsFunc(all, func(other occasion) bool { return other.Market.ID != o.Market.ID }) {
		d.Name = o.Market.Name
	}
	return d
}

// onceOnly leaves out words that the date before has said already.
func onceOnly(all []datedLine) {
	said := []string(nil)
	for i := range all {
		words := all[i].Words
		all[i].Words = slices.DeleteFunc(slices.Clone(words), func(s string) bool { return slices.Contains(said, s) })
		said = words
	}
}

// fillNext adds what the next market offers and where its booths stand.
func (c *call) fillNext(v *scheduleView) (err error) {
	if v.Next.DayID != "" {
		if v.Offers, err = c.zones(v.Next.DayID, nil); err != nil {
			return err
		}
	}
	layout, err := c.server.Booths.Layout(c.ctx(), c.Community.ID, v.Next.Market.ID)
	if err != nil {
		return err
	}
	if len(v.Offers) == 0 && !settledOffers(v.Next.State) {
		v.Wanted = layout.Wanted // while nothing is settled
	}
	v.Ground = v.publicGround(c.standing(*v.Next, layout), v.Offers)
	v.Ground.marked(v.Offers)
	return nil
}

// settledOffers reports whether it is known what a day in this state offers.
func settledOffers(state scheduler.State) bool {
	return state == scheduler.Confirmed || state == scheduler.Open
}

// offersMissing is what a day says that has no lines: they come, or there are none.
func offersMissing(state scheduler.State) string {
	if settledOffers(state) {
		return "public.offers_none"
	}
	return "public.offers_later"
}

// standing are the booths as they stand on a date: those of its day, or of the
// market while the day has no copy of its own.
func (c *call) standing(o occasion, l booths.Layout) []booths.Booth {
	if o.DayID == "" {
		return l.Booths
	}
	return c.boothsOf(c.Community.ID, o.DayID, l.Booths)
}

// boothsOf are the booths of a day, else those given.
func (c *call) boothsOf(communityID, dayID string, all []booths.Booth) []booths.Booth {
	plan, err := c.server.Booths.DayBooths(c.ctx(), communityID, dayID)
	if err != nil || len(plan.Booths) == 0 {
		return all // the drawing is an addition: the page is right without it
	}
	all = make([]booths.Booth, len(plan.Booths))
	for i, b := range plan.Booths {
		all[i] = b.Booth
	}
	return all
}

// summaries say of past days how many came and how much was done.
func (c *call) summaries(past []scheduler.Day) ([]pastMarket, error) {
	ids, out := make([]string, len(past)), make([]pastMarket, len(past))
	for i, d := range past {
		ids[i], out[i].Day = d.ID, d
	}
	sums, err := c.server.Queue.Totals(c.ctx(), c.Community.ID, ids)
	for i := range out {
		out[i].Totals = sums[out[i].ID]
	}
	return out, err
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

// marked gives zones the colour and shape they have on the drawing; those of
// days without one are counted.
func (g ground) marked(all []zoneLines) {
	for i := range all {
		all[i].Mark = i
		for j, z := range g.Zones {
			if z.Name == all[i].Name {
				all[i].Mark = j
			}
		}
	}
}
