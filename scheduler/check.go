package scheduler

import (
	"slices"
	"strconv"

	"yiji/internal/fault"
)

// at names an element of a list.
func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// check looks at the fields of the rule one by one.
func (r Rule) check() error {
	var set []string
	for _, p := range []struct {
		name string
		set  bool
	}{{"monthly", r.Monthly != nil}, {"weekly", r.Weekly != nil}, {"lunar", r.Lunar != nil}, {"dates", len(r.Dates) > 0}, {"cron", r.Cron != ""}} {
		if p.set {
			set = append(set, p.name)
		}
	}
	if len(set) == 0 {
		return fault.Invalid("rule.empty", "", "needs one of monthly, weekly, lunar, dates, cron")
	}
	if len(set) > 1 {
		return fault.Invalid("rule.ambiguous", set[1], "stands beside %s, a rule has exactly one part", set[0])
	}
	switch {
	case r.Monthly != nil:
		return inside(r.Monthly.check(), "monthly")
	case r.Weekly != nil:
		return inside(r.Weekly.check(), "weekly")
	case r.Lunar != nil:
		return inside(r.Lunar.check(), "lunar")
	case len(r.Dates) > 0:
		return checkDates(r.Dates)
	}
	return nil
}

func inside(err error, outer string) error {
	if err == nil {
		return nil
	}
	return fault.From(err).In(outer)
}

func checkDates(dates []Date) error {
	if len(dates) > 1000 {
		return fault.Invalid("rule.too_many", "dates", "has more than 1000 dates")
	}
	for i, d := range dates {
		if d < FirstDate || d > LastDate {
			return fault.Invalid("scheduler.date.out_of_range", at("dates", i), "is not between %s and %s", FirstDate, LastDate)
		}
		if slices.Contains(dates[:i], d) {
			return fault.Invalid("rule.twice", at("dates", i), "%s stands twice", d)
		}
	}
	return nil
}

// checkInts wants distinct numbers between lo and hi.
func checkInts(field string, list []int, lo, hi int) error {
	for i, n := range list {
		if n < lo || n > hi {
			return fault.Invalid("rule.out_of_range", at(field, i), "%d is not between %d and %d", n, lo, hi).
				Telling("lo", strconv.Itoa(lo), "hi", strconv.Itoa(hi))
		}
		if slices.Contains(list[:i], n) {
			return fault.Invalid("rule.twice", at(field, i), "%d stands twice", n)
		}
	}
	return nil
}

func (e MonthEnd) check() error {
	if e != "" && e != ClampDay && e != SkipDay {
		return fault.Invalid("rule.month_end", "month_end", "%q is neither clamp nor skip", string(e))
	}
	return nil
}

func (m *Monthly) check() error {
	var wrong fault.List
	wrong.Add(checkInts("months", m.Months, 1, 12))
	wrong.Add(m.MonthEnd.check())
	wrong.Add(m.checkDays())
	return wrong.Err()
}

func (m *Monthly) checkDays() error {
	byNth := m.Nth != 0 || m.Weekday != ""
	switch {
	case byNth && len(m.Days) > 0:
		return fault.Invalid("rule.ambiguous", "days", "stands beside nth and weekday, give one of them")
	case !byNth && len(m.Days) == 0:
		return fault.Invalid("rule.empty", "days", "needs days, or nth with weekday")
	case !byNth:
		return checkInts("days", m.Days, 1, 31)
	case m.Nth == 0:
		return fault.Invalid("rule.nth", "nth", "must be 1 to 5, or -1 for the last")
	case m.Nth < -1 || m.Nth > 5:
		return fault.Invalid("rule.nth", "nth", "%d is not 1 to 5, or -1 for the last", m.Nth)
	case m.MonthEnd != "":
		return fault.Invalid("rule.month_end", "month_end", "has no meaning beside nth: a month without it has none")
	}
	return m.Weekday.check("weekday")
}

func (w *Weekly) check() error {
	var wrong fault.List
	if w.Every < 0 || w.Every > 520 {
		wrong.Add(fault.Invalid("rule.out_of_range", "every", "%d is not between 1 and 520", w.Every).Telling("lo", "1", "hi", "520"))
	}
	if len(w.Weekdays) == 0 {
		wrong.Add(fault.Invalid("rule.empty", "weekdays", "needs at least one weekday"))
	}
	for i, d := range w.Weekdays {
		wrong.Add(d.check(at("weekdays", i)))
		if slices.Contains(w.Weekdays[:i], d) {
			wrong.Add(fault.Invalid("rule.twice", at("weekdays", i), "%s stands twice", d))
		}
	}
	if w.From == 0 && w.Every > 1 {
		wrong.Add(fault.Invalid("rule.empty", "from", "is needed to count every %d weeks", w.Every))
	}
	if w.From != 0 && (w.From < FirstDate || w.From > LastDate) {
		wrong.Add(fault.Invalid("scheduler.date.out_of_range", "from", "is not between %s and %s", FirstDate, LastDate))
	}
	return wrong.Err()
}

func (l *Lunar) check() error {
	switch l.Leap {
	case "", LeapRegular, LeapLeap, LeapBoth:
	default:
		return fault.Invalid("rule.leap", "leap", "%q is not regular, leap or both", string(l.Leap))
	}
	if err := l.MonthEnd.check(); err != nil {
		return err
	}
	switch {
	case len(l.Days) > 0 && len(l.Dates) > 0:
		return fault.Invalid("rule.ambiguous", "dates", "stands beside days, give one of them")
	case len(l.Days) > 0:
		return checkInts("days", l.Days, 1, 30)
	case len(l.Dates) == 0:
		return fault.Invalid("rule.empty", "days", "needs days or dates")
	}
	for i, d := range l.Dates {
		if err := d.check(at("dates", i)); err != nil {
			return err
		}
		if slices.Contains(l.Dates[:i], d) {
			return fault.Invalid("rule.twice", at("dates", i), "%s stands twice", d)
		}
	}
	return nil
}

func checkExceptions(list []Exception, opens, closes TimeOfDay) error {
	for i, e := range list {
		if err := e.check(opens, closes); err != nil {
			return fault.From(err).In(at("exceptions", i))
		}
	}
	return onceEach(list)
}

// onceEach refuses two exceptions of one date.
func onceEach(list []Exception) error {
	for i, e := range list {
		if slices.ContainsFunc(list[:i], func(o Exception) bool { return o.Date == e.Date }) {
			return fault.Invalid("exception.twice", at("exceptions", i)+".date", "%s has two exceptions", e.Date)
		}
	}
	return nil
}

func (e Exception) check(opens, closes TimeOfDay) error {
	inRange := func(d Date) bool { return d >= FirstDate && d <= LastDate }
	switch {
	case e.Kind != Skip && e.Kind != Move && e.Kind != Extra:
		return fault.Invalid("exception.kind", "kind", "%q is not skip, move or extra", string(e.Kind))
	case !inRange(e.Date):
		return fault.Invalid("scheduler.date.out_of_range", "date", "is not between %s and %s", FirstDate, LastDate)
	case e.Kind == Move && e.To == 0 && e.Opens == nil && e.Closes == nil:
		return fault.Invalid("exception.to", "to", "a move needs another date or other times")
	case e.Kind == Skip && (e.To != 0 || e.Opens != nil || e.Closes != nil):
		return fault.Invalid("exception.to", "to", "a skipped date has neither another date nor times")
	case e.To != 0 && !inRange(e.To):
		return fault.Invalid("scheduler.date.out_of_range", "to", "is not between %s and %s", FirstDate, LastDate)
	case max(e.To-e.Date, e.Date-e.To) > 366 && e.To != 0:
		return fault.Invalid("exception.to", "to", "is more than a year away")
	}
	if e.Opens != nil {
		opens = *e.Opens
	}
	if e.Closes != nil {
		closes = *e.Closes
	}
	if err := checkHours(opens, closes); err != nil {
		return err
	}
	return checkText("why", e.Why, true, 300)
}
