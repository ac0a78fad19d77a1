package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"yiji/internal/fault"
)

// Rule says on which local dates a market is due. Exactly one of its parts is
// set. It knows no time of day and no zone: both are applied to its dates.
type Rule struct {
	Monthly *Monthly `json:"monthly,omitempty" yaml:"monthly,omitempty"`
	Weekly  *Weekly  `json:"weekly,omitempty" yaml:"weekly,omitempty"`
	Lunar   *Lunar   `json:"lunar,omitempty" yaml:"lunar,omitempty"`
	Dates   []Date   `json:"dates,omitempty" yaml:"dates,omitempty,flow"`
	Cron    string   `json:"cron,omitempty" yaml:"cron,omitempty"`
}

// MonthEnd says what happens to a day its month does not have.
type MonthEnd string

// The month-end policies; empty means ClampDay.
const (
	ClampDay MonthEnd = "clamp" // the last day of the month instead
	SkipDay  MonthEnd = "skip"  // that month has none
)

// Monthly is either some days of the month or the nth weekday of the month
// (Nth 1 to 5, or -1 for the last; a month without a fifth one has none).
type Monthly struct {
	Days     []int    `json:"days,omitempty" yaml:"days,omitempty,flow"`
	Nth      int      `json:"nth,omitempty" yaml:"nth,omitempty"`
	Weekday  Weekday  `json:"weekday,omitempty" yaml:"weekday,omitempty"`
	Months   []int    `json:"months,omitempty" yaml:"months,omitempty,flow"`
	MonthEnd MonthEnd `json:"month_end,omitempty" yaml:"month_end,omitempty"`
}

// Weekly is some weekdays of every nth week. Weeks begin on Monday and are
// counted from the week of From; nothing is due before From. From may be zero
// when Every is 1.
type Weekly struct {
	Every    int       `json:"every" yaml:"every"`
	Weekdays []Weekday `json:"weekdays" yaml:"weekdays,flow"`
	From     Date      `json:"from,omitzero" yaml:"from,omitempty"`
}

// Weekday is the lower-case English name of a day of the week.
type Weekday string

var weekdays = []Weekday{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// WeekdayOf returns the name of a date's weekday.
func WeekdayOf(d Date) Weekday { return weekdays[d.Weekday()] }

func (w Weekday) check(field string) error {
	if !slices.Contains(weekdays, w) {
		return fault.Invalid("rule.weekday_unknown", field, "%q is not a weekday, use monday to sunday", string(w))
	}
	return nil
}

// Schedule returns the rule as a robfig schedule: the instants at which its
// dates reach opensAt in loc. It never ends in an endless search: after
// LastDate it answers the zero time.
func (r Rule) Schedule(loc *time.Location, opensAt TimeOfDay) (cron.Schedule, error) {
	if loc == nil {
		return nil, fault.Invalid("scheduler.timezone.unknown", "timezone", "a time zone is needed")
	}
	if opensAt < 0 || opensAt >= 24*60 {
		return nil, fault.Invalid("scheduler.time.malformed", "opens", "is not a time of day")
	}
	next, err := r.compile()
	if err != nil {
		return nil, err
	}
	return schedule{next, loc, opensAt}, nil
}

// schedule applies the time of day to the dates of a rule.
type schedule struct {
	next    search
	loc     *time.Location
	opensAt TimeOfDay
}

// Next implements cron.Schedule.
func (s schedule) Next(t time.Time) time.Time {
	// a gap may carry an instant over midnight: look from the day before
	for from := DateOf(t, s.loc) - 1; ; {
		d, ok := s.next(from)
		if !ok {
			return time.Time{}
		}
		if at := d.At(s.opensAt, s.loc); at.After(t) {
			return at
		}
		from = d + 1
	}
}

// Next returns the first date of the rule on or after from; false when there
// is none up to LastDate, or the rule is not valid.
func (r Rule) Next(from Date) (Date, bool) {
	next, err := r.compile()
	if err != nil {
		return 0, false
	}
	return next(from)
}

// says reports whether d is one of the rule's dates.
func (r Rule) says(d Date) bool {
	next, ok := r.Next(d)
	return ok && next == d
}

// search answers the first due date on or after its argument.
type search func(from Date) (Date, bool)

// bounded keeps a search inside FirstDate and LastDate.
func bounded(s search) search {
	return func(from Date) (Date, bool) {
		d, ok := s(max(from, FirstDate))
		return d, ok && d <= LastDate
	}
}

// compile checks the rule and returns its search.
func (r Rule) compile() (search, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var s search
	var err error
	switch {
	case r.Monthly != nil:
		s = r.Monthly.search()
	case r.Weekly != nil:
		s = r.Weekly.search()
	case r.Lunar != nil:
		s = r.Lunar.search()
	case len(r.Dates) > 0:
		s = searchDates(r.Dates)
	default:
		s, err = searchCron(r.Cron)
	}
	if err != nil {
		return nil, err
	}
	s = bounded(s)
	if _, ok := s(FirstDate); !ok {
		return nil, fault.Invalid("rule.never", r.field(), "never happens: no date up to %s fits", LastDate)
	}
	return s, nil
}

// field names the part that is set.
func (r Rule) field() string {
	switch {
	case r.Monthly != nil:
		return "monthly"
	case r.Weekly != nil:
		return "weekly"
	case r.Lunar != nil:
		return "lunar"
	case len(r.Dates) > 0:
		return "dates"
	}
	return "cron"
}

// Validate checks the rule; its faults name the field inside the rule.
func (r Rule) Validate() error {
	_, err := r.compile()
	return err
}

// search walks months; each yields its due days in order.
func (m *Monthly) search() search {
	return func(from Date) (Date, bool) {
		y, mon, _ := from.Civil()
		for ; y <= LastDate.Year(); y, mon = nextMonth(y, mon) {
			if len(m.Months) > 0 && !slices.Contains(m.Months, int(mon)) {
				continue
			}
			best, found := Date(0), false
			for _, d := range m.in(y, mon) {
				if d >= from && (!found || d < best) {
					best, found = d, true
				}
			}
			if found {
				return best, true
			}
		}
		return 0, false
	}
}

func nextMonth(y int, m time.Month) (int, time.Month) {
	if m == time.December {
		return y + 1, time.January
	}
	return y, m + 1
}

// in returns the due dates of one month, unsorted.
func (m *Monthly) in(y int, mon time.Month) []Date {
	first, last := NewDate(y, mon, 1), NewDate(y, mon+1, 0)
	if m.Nth != 0 {
		want := time.Weekday(slices.Index(weekdays, m.Weekday))
		d := first + Date((int(want)-int(first.Weekday())+7)%7) + Date(7*(m.Nth-1))
		if m.Nth < 0 {
			d = last - Date((int(last.Weekday())-int(want)+7)%7)
		}
		if d > last {
			return nil
		}
		return []Date{d}
	}
	var out []Date
	for _, n := range m.Days {
		d := first + Date(n-1)
		if d > last && m.MonthEnd == SkipDay {
			continue
		}
		out = append(out, min(d, last))
	}
	return out
}

// search jumps over the weeks between.
func (w *Weekly) search() search {
	every := max(w.Every, 1)
	due := [7]bool{}
	for _, d := range w.Weekdays {
		due[slices.Index(weekdays, d)] = true
	}
	return func(from Date) (Date, bool) {
		d := max(from, w.From)
		for d <= LastDate {
			if off := (d.week() - w.From.week()) % every; w.From != 0 && off != 0 {
				d = Date((d.week()+every-off)*7 - 3) // the Monday of the next due week
				continue
			}
			if due[d.Weekday()] {
				return d, true
			}
			d++
		}
		return 0, false
	}
}

func searchDates(dates []Date) search {
	sorted := slices.Sorted(slices.Values(dates))
	return func(from Date) (Date, bool) {
		i, _ := slices.BinarySearch(sorted, from)
		if i == len(sorted) {
			return 0, false
		}
		return sorted[i], true
	}
}

// searchCron asks robfig on a calendar without clock changes: the dates on
// which the expression fires at least once. robfig gives up after five years
// (29 February over 2100), so we ask on from where it stopped.
func searchCron(expr string) (search, error) {
	spec, err := parseCron(expr)
	if err != nil {
		return nil, err
	}
	return func(from Date) (Date, bool) {
		for from <= LastDate {
			t := spec.Next(from.utc().Add(-time.Second))
			if !t.IsZero() {
				return DateOf(t, time.UTC), true
			}
			from = NewDate(from.Year()+4, time.January, 1)
		}
		return 0, false
	}, nil
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// parseCron accepts five plain fields and nothing else: robfig panics on a
// bare TZ=, and zones and intervals are not the rule's to say.
func parseCron(expr string) (s *cron.SpecSchedule, err error) {
	bad := func(reason string, args ...any) (*cron.SpecSchedule, error) {
		return nil, fault.Invalid("rule.cron", "cron", reason, args...)
	}
	fields := strings.Fields(expr)
	switch {
	case len(expr) > 200:
		return bad("is longer than 200 characters")
	case strings.Contains(expr, "="):
		return bad("must not name a time zone (TZ=, CRON_TZ=): the community has one")
	case strings.Contains(expr, "@"):
		return bad("must have five fields, @every and other short forms are not accepted")
	case len(fields) != 5:
		return bad("must have five fields (minute hour day month weekday), found %d", len(fields))
	}
	for i, f := range fields {
		name := [...]string{"minute", "hour", "day of month", "month", "weekday"}[i]
		if strings.Trim(f, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*?,-/") != "" {
			return bad("field %s: %q contains a character that does not belong there", name, f)
		}
		for part := range strings.SplitSeq(f, ",") {
			if part == "" {
				return bad("field %s: %q has an empty entry", name, f)
			}
		}
	}
	defer func() {
		if r := recover(); r != nil {
			s, err = bad("cannot be read: %v", r)
		}
	}()
	sched, err := cronParser.Parse(strings.Join(fields, " "))
	if err != nil {
		hint := ""
		if strings.Contains(fields[4], "7") {
			hint = "; Sunday is 0"
		}
		return bad("%s%s", err.Error(), hint)
	}
	s = sched.(*cron.SpecSchedule)
	s.Location = time.UTC
	return s, nil
}
