package web

import (
	"cmp"
	"slices"
	"time"

	"yiji/internal/text"
	"yiji/scheduler"
)

// occasion is one date of a market: a day that is planned, or one the rule
// promises further ahead. Its identity is the market and the date of the rule.
type occasion struct {
	Market   scheduler.Market
	RuleDate scheduler.Date
	HeldOn   scheduler.Date
	Opens    time.Time
	Closes   time.Time
	Opened   time.Time // really, zero before
	DayID    string    // "" while the day is not planned yet
	State    scheduler.State
	Off      bool // cancelled or skipped: it is not held
	Reasons  []text.Reason
	Why      string         // an organizer's words about a cancellation
	MovedTo  scheduler.Date // what replaces a cancelled day
}

const datesAhead = 12 // of each market

// occasions lists the dates of a community's markets from a date on, planned
// days and promised ones, in the order they are held.
func (c *call) occasions(from scheduler.Date, w when) ([]occasion, error) {
	s := c.server.Scheduler
	markets, err := s.Markets(c.ctx(), c.Community.ID)
	if err != nil {
		return nil, err
	}
	days, err := s.Days(c.ctx(), c.Community.ID, scheduler.DayFilter{FromDate: from, Limit: 500})
	if err != nil {
		return nil, err
	}
	var all []occasion
	for _, m := range markets {
		planned := plannedOf(m, days, w)
		promised, err := s.PreviewMarket(c.ctx(), m, w.Today(), datesAhead)
		if err != nil {
			return nil, err
		}
		for _, o := range promised {
			if _, ok := planned[o.RuleDate]; !ok {
				if p := promisedDate(m, o, w); p.Off || p.Opens.After(w.now) { // what has begun without a day is not held
					planned[o.RuleDate] = p
				}
			}
		}
		for _, o := range planned {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b occasion) int {
		return cmp.Or(cmp.Compare(a.HeldOn, b.HeldOn), a.Opens.Compare(b.Opens), cmp.Compare(a.Market.Slug, b.Market.Slug), cmp.Compare(a.RuleDate, b.RuleDate))
	})
	return all, nil
}

// plannedOf are the days of a market by the date of the rule; where a
// cancelled one was planned anew the living one counts.
func plannedOf(m scheduler.Market, days []scheduler.Day, w when) map[scheduler.Date]occasion {
	out := map[scheduler.Date]occasion{}
	for _, d := range days {
		if d.MarketID != m.ID || d.State == scheduler.Missed {
			continue
		}
		if was, ok := out[d.Date]; ok && !was.Off {
			continue
		}
		out[d.Date] = plannedDay(m, d, w)
	}
	return out
}

func plannedDay(m scheduler.Market, d scheduler.Day, w when) occasion {
	o := occasion{Market: m, RuleDate: d.Date, HeldOn: d.HeldOn, Opens: d.OpensAt, Closes: d.ClosesAt, Opened: d.OpenedAt, DayID: d.ID,
		State: d.StateAt(w.now), Reasons: d.Reasons}
	if o.State == scheduler.Cancelled {
		o.Off, o.Why, o.MovedTo, o.Reasons = true, d.Reason, d.MovedTo, nil
	}
	return o
}

func promisedDate(m scheduler.Market, p scheduler.Occurrence, w when) occasion {
	opens, closes := m.Opens, m.Closes
	if p.Opens != nil {
		opens = *p.Opens
	}
	if p.Closes != nil {
		closes = *p.Closes
	}
	return occasion{Market: m, RuleDate: p.RuleDate, HeldOn: p.Date, Opens: p.Date.At(opens, w.zone), Closes: p.Date.At(closes, w.zone),
		State: scheduler.Planned, Off: p.Skipped, Reasons: p.Reasons}
}

// rank puts a market that is open before all others, whenever it was to open.
func (o occasion) rank() int {
	if o.State == scheduler.Open {
		return 0
	}
	return 1
}

// hours are the date's hours in a day's words.
func (o occasion) hours() scheduler.Day {
	return scheduler.Day{OpensAt: o.Opens, ClosesAt: o.Closes, OpenedAt: o.Opened}
}

// words are what there is to say about the date.
func (o occasion) words(w when) []string {
	var out []string
	if o.State == scheduler.Cancelled {
		key, args := "public.cancelled", text.Args{"why": o.Why}
		if o.MovedTo != 0 {
			key, args["to"] = "public.cancelled_moved", w.Date(o.MovedTo)
		}
		out = append(out, text.T(w.lang, key, args))
	}
	for _, r := range o.Reasons {
		out = append(out, w.Words(r))
	}
	return out
}
