package scheduler

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"yiji/internal/fault"
)

// HolidayYear is the State Council's notice for one year: which days are off
// and which Saturdays and Sundays are worked instead (调休). A notice may reach
// a few days into its neighbour years.
type HolidayYear struct {
	Year  int
	marks map[Date]mark
}

// mark is what a notice says about one date.
type mark struct {
	holiday string
	work    bool
}

// Calendar knows holidays and 调休 workdays of some years. It is immutable.
type Calendar struct{ years map[int]HolidayYear }

//go:embed holidays/*.yaml
var shipped embed.FS

// DefaultCalendar returns the years that ship in the binary.
func DefaultCalendar() *Calendar { return defaultCalendar() }

// defaultCalendar loads the embedded notices once; a broken one is a fault of
// the build that the first test shows.
var defaultCalendar = sync.OnceValue(func() *Calendar {
	c := &Calendar{}
	files, err := shipped.ReadDir("holidays")
	for _, f := range files {
		r, openErr := shipped.Open("holidays/" + f.Name())
		if openErr == nil {
			c, openErr = c.Load(r)
		}
		err = errors.Join(err, openErr)
	}
	if err != nil {
		panic(fmt.Sprintf("scheduler: embedded holidays: %v", err))
	}
	return c
})

// Load returns the calendar with the years of a YAML file added; a year it
// already knew is replaced.
func (c *Calendar) Load(r io.Reader) (*Calendar, error) {
	years, err := LoadHolidays(r)
	if err != nil {
		return nil, err
	}
	out := &Calendar{years: map[int]HolidayYear{}}
	if c != nil {
		maps.Copy(out.years, c.years)
	}
	for _, y := range years {
		out.years[y.Year] = y
	}
	return out, nil
}

// Knows reports whether there is a notice for the year.
func (c *Calendar) Knows(year int) bool { _, ok := c.years[year]; return ok }

// mark finds what any notice says about d, its own year's first.
func (c *Calendar) mark(d Date) (mark, bool) {
	y := d.Year()
	for _, y := range [...]int{y, y + 1, y - 1} {
		if m, ok := c.years[y].marks[d]; ok {
			return m, true
		}
	}
	return mark{}, false
}

// Holiday returns the name of the holiday on which d is off.
func (c *Calendar) Holiday(d Date) (string, bool) {
	if m, ok := c.mark(d); ok && !m.work {
		return m.holiday, true
	}
	return "", false
}

// Workday reports whether d is worked: a 调休 day, or a weekday that is not off.
func (c *Calendar) Workday(d Date) bool {
	if m, ok := c.mark(d); ok {
		return m.work
	}
	return !saturdayOrSunday(d)
}

// Weekend reports whether d is a Saturday or Sunday that is neither off nor worked.
func (c *Calendar) Weekend(d Date) bool {
	_, marked := c.mark(d)
	return saturdayOrSunday(d) && !marked
}

func saturdayOrSunday(d Date) bool {
	return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
}

const maxHolidays = 1 << 20

// LoadHolidays reads one notice per YAML document, strictly:
//
//	year: 2026
//	source: …
//	holidays:
//	  - {name: 春节, off: [2026-02-15, 2026-02-23], work: [2026-02-14, 2026-02-28]}
//
// off is the first and the last day off; work the 调休 days and may be empty.
func LoadHolidays(r io.Reader) ([]HolidayYear, error) {
	limited := &io.LimitedReader{R: r, N: maxHolidays + 1}
	dec := yaml.NewDecoder(limited)
	var out []HolidayYear
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if limited.N <= 0 {
			return nil, malformed("", "is longer than %d bytes", maxHolidays)
		}
		if errors.Is(err, io.EOF) && len(out) > 0 {
			return out, nil
		}
		if err != nil {
			return nil, malformed("", "is not a YAML file of holidays: %v", err)
		}
		y, err := holidayYear(&doc)
		if err != nil {
			return nil, err
		}
		for _, have := range out {
			if have.Year == y.Year {
				return nil, fault.Invalid("holidays.twice", "year", "%d stands twice", y.Year)
			}
		}
		out = append(out, y)
	}
}

func holidayYear(doc *yaml.Node) (HolidayYear, error) {
	y := HolidayYear{marks: map[Date]mark{}}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return y, malformed("", "is empty")
	}
	n, err := readYAML(doc.Content[0], "", 0)
	if err != nil {
		return y, err
	}
	var list []holiday
	err = n.each(map[string]func(node) error{
		"year":     func(v node) (err error) { y.Year, err = intOf(v); return err },
		"source":   func(v node) error { _, err := stringOf(v); return err },
		"holidays": func(v node) (err error) { list, err = listOf(v, holidayOf); return err },
	})
	if err != nil {
		return y, err
	}
	if y.Year < FirstDate.Year() || y.Year > LastDate.Year() {
		return y, fault.Invalid("holidays.year", "year", "%d is not between %d and %d", y.Year, FirstDate.Year(), LastDate.Year())
	}
	if len(list) == 0 {
		return y, fault.Invalid("scheduler.input.empty", "holidays", "is missing")
	}
	for i, h := range list {
		if err := y.add(h); err != nil {
			return y, fault.From(err).In(at("holidays", i))
		}
	}
	return y, nil
}

// holiday is one entry of a notice.
type holiday struct {
	name      string
	off, work []Date
}

func holidayOf(n node) (holiday, error) {
	var h holiday
	err := n.each(map[string]func(node) error{
		"name": func(v node) (err error) { h.name, err = stringOf(v); return err },
		"off":  func(v node) (err error) { h.off, err = listOf(v, dateOf); return err },
		"work": func(v node) (err error) {
			if v.kind != "list" || len(v.values) > 0 {
				h.work, err = listOf(v, dateOf)
			}
			return err
		},
	})
	if err == nil && h.off == nil {
		err = fault.Invalid("scheduler.input.empty", n.field+".off", "is missing: the first and the last day off")
	}
	return h, err
}

// add marks the days of one holiday and refuses contradictions.
func (y *HolidayYear) add(h holiday) error {
	if err := checkText("name", h.name, true, 50); err != nil {
		return err
	}
	if len(h.off) > 2 {
		return fault.Invalid("holidays.off", "off", "has %d dates, wanted the first and the last day off", len(h.off))
	}
	first, last := h.off[0], h.off[len(h.off)-1]
	if last < first {
		return fault.Invalid("holidays.off", "off", "ends on %s, before it begins on %s", last, first)
	}
	if last-first >= 31 {
		return fault.Invalid("holidays.off", "off", "is longer than 31 days")
	}
	for d := first; d <= last; d++ {
		if err := y.mark("off", d, mark{holiday: h.name}); err != nil {
			return err
		}
	}
	for i, d := range h.work {
		if err := y.mark(at("work", i), d, mark{holiday: h.name, work: true}); err != nil {
			return err
		}
	}
	return nil
}

func (y *HolidayYear) mark(field string, d Date, m mark) error {
	if d < NewDate(y.Year-1, time.December, 1) || d > NewDate(y.Year+1, time.January, 31) {
		return fault.Invalid("holidays.other_year", field, "%s does not belong to %d", d, y.Year)
	}
	if have, twice := y.marks[d]; twice {
		return fault.Invalid("holidays.twice", field, "%s is already said of %s", d, have.holiday)
	}
	y.marks[d] = m
	return nil
}
