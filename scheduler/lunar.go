package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/6tail/lunar-go/calendar"

	"yiji/internal/fault"
)

// Leap says which of two lunar months of the same number is meant in a year
// that has a leap month (闰月). A number without a twin is always meant.
type Leap string

// The leap policies. Empty means LeapRegular for dates (腊月廿三 comes once a
// year) and LeapBoth for days (a 逢三逢八 fair goes on in the leap month).
const (
	LeapRegular Leap = "regular" // the regular month
	LeapLeap    Leap = "leap"    // the leap month
	LeapBoth    Leap = "both"    // each of them
)

// Lunar is some days of every lunar month, or some dates of the lunar year.
// Day 30 in a month of 29 days follows MonthEnd.
type Lunar struct {
	Days     []int       `json:"days,omitempty" yaml:"days,omitempty,flow"`
	Dates    []LunarDate `json:"dates,omitempty" yaml:"dates,omitempty,flow"`
	Leap     Leap        `json:"leap,omitempty" yaml:"leap,omitempty"`
	MonthEnd MonthEnd    `json:"month_end,omitempty" yaml:"month_end,omitempty"`
}

// LunarDate is a month and day of the lunar year, written "12-23".
type LunarDate struct{ Month, Day int }

// ParseLunarDate reads "12-23"; field names the input in its fault.
func ParseLunarDate(field, s string) (LunarDate, error) {
	m, d, ok := strings.Cut(s, "-")
	month, err1 := strconv.Atoi(m)
	day, err2 := strconv.Atoi(d)
	l := LunarDate{month, day}
	if !ok || err1 != nil || err2 != nil || l.String() != s {
		return l, fault.Invalid("rule.lunar_date", field, "%q is not a lunar date, expected MM-DD such as 12-23", s)
	}
	return l, l.check(field)
}

func (l LunarDate) check(field string) error {
	if l.Month < 1 || l.Month > 12 || l.Day < 1 || l.Day > 30 {
		return fault.Invalid("rule.lunar_date", field, "%s is not between 01-01 and 12-30", l)
	}
	return nil
}

// String returns "12-23".
func (l LunarDate) String() string { return fmt.Sprintf("%02d-%02d", l.Month, l.Day) }

// MarshalText implements encoding.TextMarshaler.
func (l LunarDate) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *LunarDate) UnmarshalText(b []byte) error {
	v, err := ParseLunarDate("", string(b))
	if err == nil {
		*l = v
	}
	return err
}

// LunarDay is a date of the lunar calendar.
type LunarDay struct {
	Year, Month, Day int
	Leap             bool
}

// LunarOf returns the lunar date of d.
func LunarOf(d Date) LunarDay {
	ms := moons(d.Year())
	i, found := slices.BinarySearchFunc(ms, d, func(m moon, d Date) int { return cmp.Compare(m.first, d) })
	if !found {
		i--
	}
	m := ms[i]
	return LunarDay{Year: m.year, Month: m.month, Day: int(d-m.first) + 1, Leap: m.leap}
}

// moon is one lunar month.
type moon struct {
	first Date
	days  int
	year  int
	month int
	leap  bool
	twin  bool // the year has two months of this number
}

// moonsOf remembers the months of each lunar year asked for; at most 202 years.
var moonsOf = struct {
	sync.Mutex
	years map[int][]moon
}{years: map[int][]moon{}}

// moons returns, in order, the lunar months that cover the solar year.
func moons(year int) []moon {
	moonsOf.Lock()
	defer moonsOf.Unlock()
	if have, ok := moonsOf.years[year]; ok {
		return have
	}
	var out []moon
	for y := year - 1; y <= year; y++ {
		out = append(out, moonsOfLunarYear(y)...)
	}
	moonsOf.years[year] = out
	return out
}

func moonsOfLunarYear(y int) []moon {
	var out []moon
	list := calendar.NewLunarYear(y).GetMonthsInYear()
	for e := list.Front(); e != nil; e = e.Next() {
		m := e.Value.(*calendar.LunarMonth)
		s := calendar.NewSolarFromJulianDay(m.GetFirstJulianDay())
		num := m.GetMonth()
		out = append(out, moon{
			first: NewDate(s.GetYear(), time.Month(s.GetMonth()), s.GetDay()),
			days:  m.GetDayCount(), year: y, month: max(num, -num), leap: num < 0,
		})
	}
	for i := 1; i < len(out); i++ {
		if out[i].month == out[i-1].month {
			out[i].twin, out[i-1].twin = true, true
		}
	}
	return out
}

// search walks lunar months; each yields at most a few dates.
func (l *Lunar) search() search {
	return func(from Date) (Date, bool) {
		for y := from.Year(); y <= LastDate.Year(); y++ {
			best, found := Date(0), false
			for _, m := range moons(y) {
				for _, d := range l.in(m) {
					if d >= from && (!found || d < best) {
						best, found = d, true
					}
				}
			}
			if found {
				return best, true
			}
		}
		return 0, false
	}
}

// in returns the due dates of one lunar month, unsorted.
func (l *Lunar) in(m moon) []Date {
	leap := l.Leap
	if leap == "" {
		leap = LeapRegular
		if len(l.Days) > 0 {
			leap = LeapBoth
		}
	}
	if m.twin && leap != LeapBoth && m.leap != (leap == LeapLeap) {
		return nil
	}
	days := l.Days
	for _, d := range l.Dates {
		if d.Month == m.month {
			days = append(slices.Clip(days), d.Day)
		}
	}
	var out []Date
	for _, d := range days {
		if d > m.days && l.MonthEnd == SkipDay {
			continue
		}
		out = append(out, m.first+Date(min(d, m.days)-1))
	}
	return out
}
