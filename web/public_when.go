package web

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/text"
	"yiji/scheduler"
)

// when writes instants and dates as people at a place read them.
type when struct {
	zone *time.Location
	lang string
	now  time.Time
}

// when writes in a zone; a name nobody knows is UTC.
func (c *call) when(zone string) when {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return when{zone: loc, lang: c.Lang, now: c.server.clock()}
}

// Today is the local date.
func (w when) Today() scheduler.Date { return scheduler.DateOf(w.now, w.zone) }

// Clock is a local time of day: 9:00.
func (w when) Clock(t time.Time) string {
	return strings.TrimPrefix(t.In(w.zone).Format("15:04"), "0")
}

// Short is a date without its weekday: 11月19日.
func (w when) Short(d scheduler.Date) string {
	y, m, day := d.Civil()
	key := "public.date"
	if y != w.Today().Year() {
		key = "public.date_year"
	}
	return text.T(w.lang, key, text.Args{"year": strconv.Itoa(y), "month": strconv.Itoa(int(m)), "name": m.String(), "day": strconv.Itoa(day)})
}

// Date is a date with its weekday: 11月19日 周四.
func (w when) Date(d scheduler.Date) string {
	return w.Short(d) + " " + scheduler.WeekdayOf(d).In(w.lang)
}

// Lunar is the date of the lunar calendar: 十月十一.
func (w when) Lunar(d scheduler.Date) string { return scheduler.LunarOf(d).In(w.lang) }

// Away says how far a date is: 今天, 明天, 还有 3 天.
func (w when) Away(d scheduler.Date) string {
	switch n := int(d - w.Today()); {
	case n < 0:
		return ""
	case n == 0:
		return text.T(w.lang, "public.today", nil)
	case n == 1:
		return text.T(w.lang, "public.tomorrow", nil)
	default:
		return text.T(w.lang, "public.in_days", text.Args{"n": strconv.Itoa(n)})
	}
}

// nowText is when a page was written, for its modules: milliseconds since 1970.
func (p page) nowText() string { return strconv.FormatInt(p.Now.UnixMilli(), 10) }

// nowClock is the time of day at which a page was written.
func (p page) nowClock() string {
	return when{zone: zoneOf(p.Community.TimeZone)}.Clock(p.Now)
}

// zoneName is the community's time zone, for the clocks of modules.
func (p page) zoneName() string { return zoneOf(p.Community.TimeZone).String() }

// untilText says how long it is until something begins.
func (p page) untilText(left time.Duration) string {
	return p.lengthText("public.left", int((left+time.Minute-1)/time.Minute))
}

// lengthText says a length of time by the texts of a key: minutes, hours with
// minutes, or days with hours.
func (p page) lengthText(key string, minutes int) string {
	d, h, m := minutes/1440, minutes/60%24, minutes%60
	switch {
	case d > 0:
		key += "_days"
	case h > 0:
		key += "_hours"
	default:
		key += "_minutes"
	}
	return p.T(key, "d", strconv.Itoa(d), "h", strconv.Itoa(h), "m", strconv.Itoa(m))
}

// bandText says a wait by the texts of a key, in what people say it in: minutes,
// tens of minutes, beyond two hours hours; or, by the text late, that today may
// not be long enough. Modules do the same (static/words.js).
func (p page) bandText(key, late string, wait queue.Band) string {
	size, step := 1, 1
	switch {
	case wait.Late():
		return p.T(late)
	case wait.Hi > 120:
		key, size = key+"_hours", 60
	case wait.Hi > 60:
		step = 10
	}
	unit := size * step
	lo := wait.Lo / unit * step
	hi := max((wait.Hi+unit-1)/unit*step, lo+step)
	return p.T(key, "lo", strconv.Itoa(lo), "hi", strconv.Itoa(hi))
}

// bandWords are the texts of bandText for modules, which write the numbers in.
func (p page) bandWords(key, late string) templ.Attributes {
	return templ.Attributes{"data-text": p.T(key), "data-hours": p.T(key + "_hours"), "data-late": p.T(late)}
}

var isoDate = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// Words is a reason with its dates in words.
func (w when) Words(r text.Reason) string {
	args := text.Args{}
	for k, v := range r.Args {
		args[k] = isoDate.ReplaceAllStringFunc(v, func(s string) string {
			d, err := scheduler.ParseDate("", s)
			if err != nil {
				return s
			}
			return w.Short(d)
		})
	}
	return text.Reason{Code: r.Code, Args: args}.In(w.lang)
}

// marketDay finds the day of the address. Its id is the handle that stands on
// the poster; the page gets the day's community.
func (c *call) marketDay(id string) (scheduler.Day, error) {
	d, err := c.server.Scheduler.PublicDay(c.ctx(), id)
	if err != nil {
		return d, err
	}
	c.Community, err = c.server.Scheduler.Community(c.ctx(), d.CommunityID)
	return d, err
}
