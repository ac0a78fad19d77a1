package web

import (
	"errors"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// dayPage shows the lines of a day with what one can do in each of them.
func (s *Server) dayPage(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	v, err := c.dayView(d)
	if err != nil {
		return err
	}
	return c.show(dayPage(v))
}

func (c *call) dayView(d scheduler.Day) (dayView, error) {
	w := c.when(d.TimeZone)
	v := dayView{page: c.page("public.day", "name", d.MarketName), when: w, Day: d, State: d.StateAt(w.now), form: c.form()}
	names, err := c.partnersAt(d)
	if err != nil {
		return v, err
	}
	if v.Zones, err = c.zones(d.ID, names); err != nil {
		return v, err
	}
	v.Ground = v.publicGround(c.boothsOf(d.CommunityID, d.ID, nil), v.Zones)
	v.Ground.marked(v.Zones)
	v.Modules = []string{"share.js", "count.js"}
	if v.open() || v.State == scheduler.Confirmed {
		v.Live, v.Modules = "/d/"+d.ID+"/live", []string{"share.js", "count.js", "day.js"}
	}
	if v.done() {
		sums, err := c.server.Queue.Totals(c.ctx(), d.CommunityID, []string{d.ID})
		if err != nil {
			return v, err
		}
		v.Came = sums[d.ID]
	}
	if !v.open() {
		v.Next, err = c.nextAfter(d)
	}
	return v, errors.Join(err, c.markMine(&v))
}

// nextAfter is the market's next day besides d, or the one that is open; zero
// when none is planned.
func (c *call) nextAfter(d scheduler.Day) (scheduler.Day, error) {
	next, err := c.server.Scheduler.NextDay(c.ctx(), d.CommunityID, d.MarketID)
	if fault.KindOf(err) == fault.KindNotFound || next.ID == d.ID {
		return scheduler.Day{}, nil
	}
	return next, err
}

// partnersAt says who stands at which booth.
func (c *call) partnersAt(d scheduler.Day) (map[string]string, error) {
	plan, err := c.server.Booths.DayBooths(c.ctx(), d.CommunityID, d.ID)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil, nil // not heard of yet
	}
	names := map[string]string{}
	for _, b := range plan.Booths {
		if b.Claim != nil && b.Claim.Holding != nil {
			names[b.ID] = b.Claim.Partner
		}
	}
	return names, err
}

// markMine puts the visitor's own living numbers beside their lines.
func (c *call) markMine(v *dayView) error {
	visitor := c.card(false)
	if visitor == "" {
		return nil
	}
	card, err := c.server.Queue.Card(c.ctx(), visitor, v.Day.ID)
	if err != nil {
		return err
	}
	v.Held = len(card.Tickets)
	mine := map[string][]queue.Ticket{}
	for _, t := range card.Tickets {
		if !t.Ticket.State.Ended() {
			mine[t.Ticket.LineID] = append(mine[t.Ticket.LineID], t.Ticket)
		}
	}
	for i := range v.Zones {
		for j := range v.Zones[i].Lines {
			l := &v.Zones[i].Lines[j]
			l.Mine = mine[l.ID]
		}
	}
	return nil
}

// takeNumber gives the visitor a number: one tap on the day's page. The key of
// the form and the card make a second tap, or a form sent again, the same number.
func (s *Server) takeNumber(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	f := c.form("proxy")
	key := f.Key + "." + c.Param("line")
	if f.On("proxy") {
		key += ".proxy"
	}
	t, err := c.issue(queue.IssueRequest{DayID: d.ID, LineID: c.Param("line"), Visitor: c.card(true), Via: queue.Phone,
		Proxy: f.On("proxy"), Key: key})
	if err == nil {
		return c.done("/t/"+t.Handle, "")
	}
	v, broken := c.dayView(d)
	if broken != nil {
		return err
	}
	return c.again(f, err, func(f form) templ.Component {
		v.form = f
		return dayPage(v)
	})
}
