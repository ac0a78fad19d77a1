package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"yiji/internal/text"
	"yiji/scheduler"
)

// ruleWords says a market's rule in one sentence: “每月19日 9:00–11:30，遇节假日推到下一个工作日”.
func ruleWords(lang string, m scheduler.Market) string {
	s := whole(text.T(lang, "office.say_hours", text.Args{"rule": ruleAlone(lang, m.Rule), "opens": m.Opens.String(), "closes": m.Closes.String()}))
	if m.Holiday != "" && m.Holiday != scheduler.Keep {
		s += text.T(lang, "office.say_holiday", text.Args{"policy": text.T(lang, "office.policy_"+string(m.Holiday), nil)})
	}
	if m.Weekend != "" && m.Weekend != scheduler.Keep {
		s += text.T(lang, "office.say_weekend", text.Args{"policy": text.T(lang, "office.policy_"+string(m.Weekend), nil)})
	}
	return s
}

func ruleAlone(lang string, r scheduler.Rule) string {
	say := func(key string, pairs ...string) string { return translate(lang, "office.say_"+key, pairs) }
	switch {
	case r.Monthly != nil:
		return monthlyWords(lang, *r.Monthly)
	case r.Weekly != nil:
		days := make([]string, len(r.Weekly.Weekdays))
		for i, d := range r.Weekly.Weekdays {
			days[i] = d.In(lang)
		}
		if r.Weekly.Every > 1 {
			return say("weekly_every", "n", strconv.Itoa(r.Weekly.Every), "weekdays", inARow(lang, days))
		}
		return say("weekly", "weekdays", inARow(lang, days))
	case r.Lunar != nil && len(r.Lunar.Days) > 0:
		days := make([]string, len(r.Lunar.Days))
		for i, d := range r.Lunar.Days {
			days[i] = lunarDayName(lang, d)
		}
		return say("lunar_days", "days", inARow(lang, days))
	case r.Lunar != nil:
		dates := make([]string, len(r.Lunar.Dates))
		for i, d := range r.Lunar.Dates {
			dates[i] = scheduler.LunarDay{Month: d.Month, Day: d.Day}.In(lang)
		}
		return say("lunar_dates", "dates", inARow(lang, dates))
	case len(r.Dates) > 0:
		return say("dates", "n", strconv.Itoa(len(r.Dates)), "first", r.Dates[0].String(), "last", r.Dates[len(r.Dates)-1].String())
	}
	return say("cron", "cron", r.Cron)
}

func monthlyWords(lang string, m scheduler.Monthly) string {
	say := func(key string, pairs ...string) string { return translate(lang, "office.say_"+key, pairs) }
	months := make([]string, len(m.Months))
	for i, n := range m.Months {
		months[i] = text.T(lang, "office.month", text.Args{"n": strconv.Itoa(n)})
	}
	of := inARow(lang, months)
	if m.Nth != 0 {
		nth := say("nth_" + strconv.Itoa(m.Nth))
		if of != "" {
			return say("nth_of", "months", of, "nth", nth, "weekday", m.Weekday.In(lang))
		}
		return say("nth", "nth", nth, "weekday", m.Weekday.In(lang))
	}
	days := inARow(lang, spelled(m.Days))
	if of != "" {
		return say("days_of", "months", of, "days", days)
	}
	return say("days", "days", days)
}

// inARow joins names as the language does.
func inARow(lang string, names []string) string {
	if lang == "en" {
		return strings.Join(names, ", ")
	}
	return strings.Join(names, "、")
}

// lunarDayName is 初三, 廿三; its number in English.
func lunarDayName(lang string, day int) string {
	if lang == "en" || day < 1 || day > 30 {
		return strconv.Itoa(day)
	}
	return strings.TrimPrefix(scheduler.LunarDay{Month: 1, Day: day}.In(lang), "正月")
}

// datesOfForm reads from the form what decides about dates and nothing else:
// a name can still be missing while one looks at them.
func datesOfForm(f form, old scheduler.Market) (m scheduler.Market, err error) {
	m = old
	m.Name, m.Venue, m.Leads = cmp.Or(m.Name, "·"), cmp.Or(m.Venue, "·"), scheduler.DefaultLeads()
	if m.Rule, err = ruleOfForm(f); err != nil {
		return m, err
	}
	if m.Opens, err = scheduler.ParseTimeOfDay("opens", f.Get("opens")); err != nil {
		return m, err
	}
	if m.Closes, err = scheduler.ParseTimeOfDay("closes", f.Get("closes")); err != nil {
		return m, err
	}
	if m.Holiday, err = scheduler.ParsePolicy("holiday", f.Get("holiday")); err != nil {
		return m, err
	}
	m.Weekend, err = scheduler.ParsePolicy("weekend", f.Get("weekend"))
	return m, err
}

// marketDates shows the form as it stands, with the dates it would have.
// What is wrong stands at its field, once something is written there.
func (c *call) marketDates(old scheduler.Market, f form) error {
	v, err := c.marketView(old, f)
	if err != nil {
		return err
	}
	v.Draft, v.Next, v.Words = true, nil, ""
	m, err := datesOfForm(f, old)
	if err == nil {
		v.Next, err = c.server.Scheduler.PreviewMarket(c.ctx(), m, localDate(c.Community, v.Now), 12)
	}
	if err != nil {
		v.form = f.failed(faultOf(err)).written()
		v.Untold = len(v.form.wrong) > 0
	} else {
		v.Words = ruleWords(c.Lang, m)
	}
	return c.show(marketPage(v))
}

// excepted is the exception that made a date what it is, nil for none.
func (v marketView) excepted(o scheduler.Occurrence) *scheduler.Exception {
	for i, e := range v.Market.Exceptions {
		if e.Date == o.RuleDate || e.Kind == scheduler.Extra && e.Date == o.Date {
			return &v.Market.Exceptions[i]
		}
	}
	return nil
}

// later are the exceptions that the list of dates does not show.
func (v marketView) later() (out []scheduler.Exception) {
	for _, e := range v.Market.Exceptions {
		shown := false
		for _, o := range v.Next {
			shown = shown || e.Date == o.RuleDate || e.Date == o.Date
		}
		if !shown {
			out = append(out, e)
		}
	}
	return out
}

// flaggedYears are the years of a list whose holidays nobody knows yet.
func flaggedYears(list []scheduler.Occurrence) (years []string) {
	for _, o := range list {
		if y := strconv.Itoa(o.Date.Year()); o.Flagged && !slices.Contains(years, y) {
			years = append(years, y)
		}
	}
	return years
}

// besides leaves out of a date's reasons what is said once above the list.
func besides(o scheduler.Occurrence) scheduler.Occurrence {
	o.Reasons = slices.DeleteFunc(slices.Clone(o.Reasons), func(r text.Reason) bool { return r.Code == "scheduler.flagged" })
	return o
}
