package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/internal/fault"
	"yiji/scheduler"
)

var (
	zoneTable  = table{"zones", []string{"name", "accepts"}}
	boothTable = table{"booths", []string{"code", "zone", "x", "y", "w", "h", "features", "own"}}
	groundRows = []table{zoneTable, boothTable}
)

// layoutLimit is the largest form of a ground: some thousand booths.
const layoutLimit = 1 << 20

// layoutView is the ground of a market as one edits it.
type layoutView struct {
	page
	form    form
	Market  scheduler.Market
	Drawing ground
	Past    []scheduler.Day // days whose ground can be looked at and taken over
	told                    // days that took their copy before this ground was saved
	From    *scheduler.Day  // the form shows this day's ground, nothing is saved yet
	Saved   bool            // the market has a ground
	Unsaved bool            // what the form shows is not what is saved
}

func (s *Server) layoutPage(c *call) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	l, err := s.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
	if err != nil {
		return err
	}
	v, err := c.layoutView(m, len(l.Booths) > 0)
	if err != nil {
		return err
	}
	if from := c.QueryParam("from"); from != "" {
		d, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, from)
		if err != nil {
			return err
		}
		plan, err := s.Booths.DayBooths(c.ctx(), c.In.CommunityID, from)
		if err != nil {
			return err
		}
		l = booths.Layout{Zones: plan.Zones}
		for _, b := range plan.Booths {
			l.Booths = append(l.Booths, b.Booth)
		}
		v.From = &d
	}
	v.form = c.form("step").withLayout(l)
	v.Drawing = v.draw(l)
	return c.show(layoutPage(v))
}

func (c *call) layoutView(m scheduler.Market, saved bool) (layoutView, error) {
	v := layoutView{page: c.console("office.layout_of", "market", m.Name), Market: m, Saved: saved, Unsaved: c.Request().Method == post || c.QueryParam("from") != ""}
	v.Modules = []string{"layout.js"}
	days, err := c.server.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{MarketID: m.ID, Limit: 60, Backwards: true})
	for _, d := range days {
		switch d.StateAt(v.Now) {
		case scheduler.Confirmed, scheduler.Open, scheduler.Closed, scheduler.Settled:
			if len(v.Past) < 6 {
				v.Past = append(v.Past, d)
			}
		}
	}
	if err != nil {
		return v, err
	}
	v.told, err = c.told(m.ID)
	return v, err
}

func (v layoutView) draw(l booths.Layout) ground {
	return v.drawing(l.Booths, func(b booths.Booth) (string, string) { return "free", v.featuresText(b.Features) })
}

// withLayout fills the form with a ground, and gives an empty one some rows.
func (f form) withLayout(l booths.Layout) form {
	for _, z := range l.Zones {
		words := make([]string, len(z.Accepts))
		for k, t := range z.Accepts {
			words[k] = known(f.lang, "office.category_", t)
		}
		f = f.add(zoneTable, 1, "name", z.Name, "accepts", strings.Join(words, "、"))
	}
	for i, b := range l.Booths {
		boxed, own := splitFeatures(b.Features)
		f = f.add(boothTable, 1, "code", b.Code, "zone", b.Zone, "x", metres(b.X), "y", metres(b.Y),
			"w", decimal(int(b.W)), "h", decimal(int(b.H)), "own", own).
			With(boothTable.at(i, "features"), boxed...)
	}
	if len(l.Zones) == 0 {
		f = f.add(zoneTable, 2)
	}
	if len(l.Booths) == 0 {
		f = f.add(boothTable, 4)
	}
	return f
}

// metres writes a length; the corner of the ground is 0, not nothing.
func metres(n booths.CM) string { return strconv.FormatFloat(n.Metres(), 'f', -1, 64) }

// layoutOfForm reads a ground; row i of the form is element i of the list.
func layoutOfForm(f form) (l booths.Layout, err error) {
	var wrong fault.List
	for i := range f.rows(zoneTable) {
		l.Zones = append(l.Zones, booths.Zone{Name: f.Get(zoneTable.at(i, "name")), Accepts: categoryTokens(f, listed(f.Get(zoneTable.at(i, "accepts"))))})
	}
	for i := range f.rows(boothTable) {
		b := booths.Booth{
			Code: f.Get(boothTable.at(i, "code")), Zone: f.Get(boothTable.at(i, "zone")),
			Features: append(slices.Clone(f.All(boothTable.at(i, "features"))), listed(f.Get(boothTable.at(i, "own")))...),
		}
		for col, into := range map[string]*booths.CM{"x": &b.X, "y": &b.Y, "w": &b.W, "h": &b.H} {
			n, err := f.hundredths(boothTable.at(i, col))
			wrong.Add(err)
			*into = booths.CM(n)
		}
		l.Booths = append(l.Booths, b)
	}
	wrong.Add(l.Check())
	return l, wrong.Err()
}

// layoutSave adds and drops rows, draws, and at last saves.
func (s *Server) layoutSave(c *call) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	f := c.sheet(groundRows, "step")
	what, list, row := f.pressed()
	for _, t := range groundRows {
		switch {
		case what == "add" && list == t.list:
			return c.layoutAgain(m, f.add(t, min(max(row, 1), 10)), nil)
		case what == "drop" && list == t.list:
			return c.layoutAgain(m, f.drop(t, row), nil)
		}
	}
	f = f.compact(zoneTable).compact(boothTable, "zone")
	l, err := layoutOfForm(f)
	if err == nil && what == "save" {
		err = c.saveGround(m, l)
	}
	if err != nil || what != "save" {
		return c.layoutAgain(m, f, err)
	}
	return c.done(c.marketPath(m)+"/layout", "done.layout_saved")
}

// saveGround saves what was drawn; what is wished for is written with the market.
func (c *call) saveGround(m scheduler.Market, l booths.Layout) error {
	old, err := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
	if err != nil {
		return err
	}
	l.Wanted = old.Wanted
	return c.server.Booths.SaveLayout(c.ctx(), c.In.CommunityID, m.ID, l)
}

func (c *call) layoutAgain(m scheduler.Market, f form, failed error) error {
	l, err := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
	if err != nil {
		return err
	}
	v, err := c.layoutView(m, len(l.Booths) > 0)
	if err != nil {
		return err
	}
	typed, err := layoutOfForm(f.compact(zoneTable).compact(boothTable, "zone"))
	if err == nil {
		v.Drawing = v.draw(typed)
	}
	v.form = f
	if failed == nil {
		return c.show(layoutPage(v))
	}
	return c.again(f, failed, func(f form) templ.Component {
		v.form = f
		return layoutPage(v)
	})
}

// layoutApply tells days that took their copy already the market's present
// ground and standing partners.
func (s *Server) layoutApply(c *call) error {
	return c.eachDay("done.layout_applied", s.Booths.CatchUp)
}

// layoutUndo gives days back what they had before.
func (s *Server) layoutUndo(c *call) error {
	return c.eachDay("done.layout_undone", s.Booths.UndoCatchUp)
}

// eachDay does something for the days of a market that the form names.
func (c *call) eachDay(done string, do func(ctx context.Context, communityID, dayID string) error) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	f := c.form("day", "back")
	for _, id := range f.All("day") {
		d, err := c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, id)
		if err != nil {
			return err
		}
		if d.MarketID != m.ID {
			return fault.NotFound("market_day.unknown", "day", "the day is one of another market")
		}
		if err := do(c.ctx(), c.In.CommunityID, d.ID); err != nil {
			l, gone := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
			if gone != nil {
				return gone
			}
			return c.layoutAgain(m, c.form("step").withLayout(l), err)
		}
	}
	return c.done(cmp.Or(f.Get("back"), c.marketPath(m)+"/layout"), done)
}
