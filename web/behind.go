package web

import (
	"slices"
	"strconv"

	"yiji/booths"
	"yiji/scheduler"
)

// behind are days of one market that take claims and do not know yet what was
// changed since: another ground, new standing partners.
type behind struct {
	Market   string
	Days     []string // handles
	On       []scheduler.Date
	Ground   bool
	Partners []string
}

// told are such days and those that were just told and can go back.
type told struct{ Late, CaughtUp []behind }

// told finds them, of one market or ("") of all, by market.
func (c *call) told(market string) (v told, err error) {
	late, err := c.server.Booths.Behind(c.ctx(), c.In.CommunityID)
	if err != nil {
		return v, err
	}
	if v.Late, err = byMarket(late, market); err != nil {
		return v, err
	}
	days, err := c.server.Booths.CaughtUp(c.ctx(), c.In.CommunityID)
	if err != nil {
		return v, err
	}
	back := make([]booths.Behind, len(days))
	for i, d := range days {
		back[i].Day = d
	}
	v.CaughtUp, err = byMarket(back, market)
	return v, err
}

func byMarket(all []booths.Behind, market string) (out []behind, err error) {
	all = slices.DeleteFunc(all, func(b booths.Behind) bool { return market != "" && b.MarketID != market })
	for _, b := range all {
		i := slices.IndexFunc(out, func(o behind) bool { return o.Market == b.MarketID })
		if i < 0 {
			out, i = append(out, behind{Market: b.MarketID}), len(out)
		}
		on, wrong := scheduler.ParseDate("held_on", b.HeldOn)
		if wrong != nil {
			return nil, wrong
		}
		o := &out[i]
		o.Days, o.On, o.Ground = append(o.Days, b.ID), append(o.On, on), o.Ground || b.Ground
		for _, name := range b.Partners {
			if !slices.Contains(o.Partners, name) {
				o.Partners = append(o.Partners, name)
			}
		}
	}
	return out, nil
}

// behindNames is how many names the line says; the others are counted.
const behindNames = 3

// behindText says what the days do not know.
func (p page) behindText(b behind) string {
	out := ""
	if b.Ground {
		out = p.T("office.behind_ground")
	}
	if n := len(b.Partners); n > behindNames {
		out += p.T("office.behind_many", "names", p.listText(b.Partners[:behindNames]), "n", strconv.Itoa(n))
	} else if n > 0 {
		out += p.T("office.behind_partners", "names", p.listText(b.Partners))
	}
	return out
}

// behindDo is the button that tells them.
func (p page) behindDo(b behind) string {
	if len(b.Days) == 1 {
		return p.T("office.behind_do")
	}
	return p.T("office.behind_do_all")
}

// behindDays names them.
func (p page) behindDays(b behind) string {
	words := make([]string, len(b.On))
	for i, d := range b.On {
		words[i] = p.dayText(d)
	}
	return p.listText(words)
}
