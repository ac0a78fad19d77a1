package web

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"yiji/internal/text"
	"yiji/scheduler"
)

// zoneOf is a community's time zone; an unknown one is UTC, shown as such nowhere.
func zoneOf(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// clockText is the time of day of an instant where the community is.
func (p page) clockText(t time.Time) string {
	return t.In(zoneOf(p.Community.TimeZone)).Format("15:04")
}

// dateText is a date with its weekday: 11月19日 周四.
func (p page) dateText(d scheduler.Date) string {
	_, month, day := d.Civil()
	return p.T("notify.date", "month", p.T("notify.month."+strconv.Itoa(int(month))), "day", strconv.Itoa(day),
		"weekday", scheduler.WeekdayOf(d).In(p.Lang))
}

// dayText is a date with its weekday, and with its year when that is another
// than the running one: 11月19日 周四.
func (p page) dayText(d scheduler.Date) string {
	if year, _, _ := d.Civil(); year != localDate(p.Community, p.Now).Year() {
		return strconv.Itoa(year) + " · " + p.dateText(d)
	}
	return p.dateText(d)
}

// dateSaid is dayText of a date as forms write it.
func (p page) dateSaid(written string) string {
	d, err := scheduler.ParseDate("date", written)
	if err != nil {
		return written
	}
	return p.dayText(d)
}

// shortText is date and time where the community is, as short as it can be: 11月16日 18:00.
func (p page) shortText(t time.Time) string {
	_, month, day := scheduler.DateOf(t, zoneOf(p.Community.TimeZone)).Civil()
	return p.T("paper.date", "month", p.T("notify.month."+strconv.Itoa(int(month))), "day", strconv.Itoa(day)) + " " + p.clockText(t)
}

// momentText is date and time of an instant where the community is.
func (p page) momentText(t time.Time) string {
	return p.dateText(scheduler.DateOf(t, zoneOf(p.Community.TimeZone))) + " " + p.clockText(t)
}

// hoursText is a day's date with its opening and closing time.
func (p page) hoursText(d scheduler.Day) string {
	return p.dateText(d.HeldOn) + " " + p.hoursBy(d, p.clockText)
}

// hoursBy is a day's opening and closing time as a clock writes them: what they
// really were, once they are known, with what was planned beside them where it
// differs.
func (p page) hoursBy(d scheduler.Day, clock func(time.Time) string) string {
	opens, closes := clock(d.OpensAt), clock(d.ClosesAt)
	opened, closed := clock(openedAt(d)), clock(closedAt(d))
	text := span(opened, closed)
	if opens != opened || closes != closed {
		text += p.T("day.hours_planned", "opens", opens, "closes", closes)
	}
	return text
}

// glue joins what no line may end between.
const glue = "\u2060"

// span is from one time to another: 09:00–11:30, never torn at its dash.
func span(from, to string) string { return from + glue + "–" + glue + to }

// dash stands between two numbers of a text, or their places.
var dash = regexp.MustCompile(`([0-9}])–([0-9{])`)

// whole makes the spans of a text untearable.
func whole(s string) string {
	if !strings.Contains(s, "–") {
		return s
	}
	return dash.ReplaceAllString(s, "$1"+glue+"–"+glue+"$2")
}

// openedAt is when a day really opened, or will.
func openedAt(d scheduler.Day) time.Time {
	if !d.OpenedAt.IsZero() {
		return d.OpenedAt
	}
	return d.OpensAt
}

// closedAt is when a day really closed, or will.
func closedAt(d scheduler.Day) time.Time {
	if !d.ClosedAt.IsZero() {
		return d.ClosedAt
	}
	return d.ClosesAt
}

// listText joins words as the language does.
func (p page) listText(words []string) string { return strings.Join(words, p.T("notify.comma")) }

// featuresText names what a booth has or a service needs.
func (p page) featuresText(features []string) string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f
		if key := "booths.feature." + f; text.Has(p.Lang, key) {
			names[i] = p.T(key)
		}
	}
	return p.listText(names)
}

// hoursOf writes a span in hours with one decimal.
func hoursOf(d time.Duration) string { return strconv.FormatFloat(d.Hours(), 'f', 1, 64) }

// minutesOf is the mean of a sum of seconds over n, in whole minutes; "–" for nobody.
func minutesOf(seconds int64, n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.FormatInt((seconds+int64(n)*30)/(int64(n)*60), 10)
}
