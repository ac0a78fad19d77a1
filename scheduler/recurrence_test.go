package scheduler

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/6tail/lunar-go/calendar"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"yiji/internal/fault"
)

// due is the oracle: does the rule say this date? It looks at the date alone
// and shares nothing with the search.
func dueOn(r Rule, d Date) bool {
	t := time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, time.UTC)
	lastOfMonth := t.AddDate(0, 0, 1).Month() != t.Month()
	switch {
	case r.Monthly != nil:
		m := r.Monthly
		if len(m.Months) > 0 && !slices.Contains(m.Months, int(t.Month())) {
			return false
		}
		if m.Nth != 0 {
			if !strings.EqualFold(t.Weekday().String(), string(m.Weekday)) {
				return false
			}
			return (t.Day()-1)/7+1 == m.Nth || (m.Nth == -1 && t.AddDate(0, 0, 7).Month() != t.Month())
		}
		beyond := slices.ContainsFunc(m.Days, func(n int) bool { return n > t.Day() })
		return slices.Contains(m.Days, t.Day()) || (m.MonthEnd != SkipDay && lastOfMonth && beyond)
	case r.Weekly != nil:
		w := r.Weekly
		if !slices.ContainsFunc(w.Weekdays, func(d Weekday) bool { return strings.EqualFold(t.Weekday().String(), string(d)) }) {
			return false
		}
		if w.From == 0 {
			return true
		}
		monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }
		from := time.Date(1970, 1, 1+int(w.From), 0, 0, 0, 0, time.UTC)
		weeks := int(monday(t).Sub(monday(from)).Hours()) / (7 * 24)
		return !t.Before(from) && weeks%w.Every == 0
	case r.Lunar != nil:
		return lunarDue(r.Lunar, t)
	case len(r.Dates) > 0:
		return slices.Contains(r.Dates, d)
	}
	return cronDue(r.Cron, t)
}

func lunarDue(l *Lunar, t time.Time) bool {
	lunar, next := lunarOn(t), lunarOn(t.AddDate(0, 0, 1))
	lastOfMonth := next.GetDay() == 1
	month, leap := lunar.GetMonth(), lunar.GetMonth() < 0
	if leap {
		month = -month
	}
	twin := calendar.NewLunarYear(lunar.GetYear()).GetLeapMonth() == month
	policy := l.Leap
	if policy == "" && len(l.Days) > 0 {
		policy = LeapBoth
	}
	if twin && ((leap && (policy == "" || policy == LeapRegular)) || (!leap && policy == LeapLeap)) {
		return false
	}
	hits := func(day int) bool {
		return day == lunar.GetDay() || (day == 30 && lunar.GetDay() == 29 && lastOfMonth && l.MonthEnd != SkipDay)
	}
	return slices.ContainsFunc(l.Days, hits) ||
		slices.ContainsFunc(l.Dates, func(d LunarDate) bool { return d.Month == month && hits(d.Day) })
}

var lunarSeen = map[time.Time]*calendar.Lunar{}

func lunarOn(t time.Time) *calendar.Lunar {
	if lunarSeen[t] == nil {
		y, m, d := t.Date()
		lunarSeen[t] = calendar.NewSolarFromYmd(y, int(m), d).GetLunar()
	}
	return lunarSeen[t]
}

// cronDue reads the day fields of the small expressions the generator makes.
func cronDue(expr string, t time.Time) bool {
	f := strings.Fields(expr)
	hit := func(field string, v int) bool {
		for part := range strings.SplitSeq(field, ",") {
			lo, hi, ranged := strings.Cut(part, "-")
			if !ranged {
				hi = lo
			}
			a, _ := strconv.Atoi(lo)
			b, _ := strconv.Atoi(hi)
			if part == "*" || (a <= v && v <= b) {
				return true
			}
		}
		return false
	}
	dom, dow := hit(f[2], t.Day()), hit(f[4], int(t.Weekday()))
	day := dom || dow // cron: either, when both are restricted
	if f[2] == "*" || f[4] == "*" {
		day = dom && dow
	}
	return hit(f[3], int(t.Month())) && day
}

func someInts(lo, hi, most int) *rapid.Generator[[]int] {
	return rapid.SliceOfNDistinct(rapid.IntRange(lo, hi), 1, most, rapid.ID[int])
}

var someDate = rapid.Custom(func(t *rapid.T) Date {
	return Date(rapid.IntRange(int(NewDate(2001, 1, 1)), int(NewDate(2190, 1, 1))).Draw(t, "date"))
})

var someWeekdays = rapid.SliceOfNDistinct(rapid.SampledFrom(weekdays), 1, 4, rapid.ID[Weekday])

// someRule makes every kind of rule; it may be one that never happens.
var someRule = rapid.Custom(func(t *rapid.T) Rule {
	ends := rapid.SampledFrom([]MonthEnd{"", ClampDay, SkipDay})
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		m := &Monthly{Days: someInts(1, 31, 4).Draw(t, "days"), MonthEnd: ends.Draw(t, "end")}
		if rapid.Bool().Draw(t, "in months") {
			m.Months = someInts(1, 12, 4).Draw(t, "months")
		}
		return Rule{Monthly: m}
	case 1:
		m := &Monthly{Nth: rapid.SampledFrom([]int{1, 2, 3, 4, 5, -1}).Draw(t, "nth"), Weekday: rapid.SampledFrom(weekdays).Draw(t, "weekday")}
		if rapid.Bool().Draw(t, "in months") {
			m.Months = someInts(1, 12, 4).Draw(t, "months")
		}
		return Rule{Monthly: m}
	case 2:
		w := &Weekly{Every: rapid.IntRange(1, 9).Draw(t, "every"), Weekdays: someWeekdays.Draw(t, "weekdays")}
		if w.Every > 1 || rapid.Bool().Draw(t, "from") {
			w.From = Date(rapid.IntRange(int(NewDate(2024, 1, 1)), int(NewDate(2027, 1, 1))).Draw(t, "from"))
		}
		return Rule{Weekly: w}
	case 3:
		return Rule{Lunar: &Lunar{Days: someInts(1, 30, 6).Draw(t, "days"), MonthEnd: ends.Draw(t, "end"),
			Leap: rapid.SampledFrom([]Leap{"", LeapRegular, LeapLeap, LeapBoth}).Draw(t, "leap")}}
	case 4:
		dates := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) LunarDate {
			return LunarDate{rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 30).Draw(t, "d")}
		}), 1, 3, rapid.ID[LunarDate]).Draw(t, "dates")
		return Rule{Lunar: &Lunar{Dates: dates, MonthEnd: ends.Draw(t, "end"),
			Leap: rapid.SampledFrom([]Leap{"", LeapRegular, LeapLeap, LeapBoth}).Draw(t, "leap")}}
	case 5:
		return Rule{Dates: rapid.SliceOfNDistinct(someDate, 1, 8, rapid.ID[Date]).Draw(t, "dates")}
	}
	field := func(name string, lo, hi int) string {
		switch rapid.IntRange(0, 2).Draw(t, name) {
		case 0:
			return "*"
		case 1:
			a := rapid.IntRange(lo, hi).Draw(t, name+" a")
			return fmt.Sprintf("%d-%d", a, rapid.IntRange(a, hi).Draw(t, name+" b"))
		}
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(someInts(lo, hi, 3).Draw(t, name)), " ", ","), "[]")
	}
	return Rule{Cron: fmt.Sprintf("%d %d %s %s %s", rapid.IntRange(0, 59).Draw(t, "min"), rapid.IntRange(0, 23).Draw(t, "hour"),
		field("dom", 1, 31), field("month", 1, 12), field("dow", 0, 6))}
})

// Every rule yields exactly the dates the oracle finds by walking every day.
func TestRulesAgainstEveryDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := someRule.Draw(t, "rule")
		from := someDate.Draw(t, "from")
		if rapid.Bool().Draw(t, "near") {
			from = NewDate(2025, 1, 1) + from%900
		}
		if err := r.Validate(); err != nil {
			if !fault.Is(err, "rule.never") {
				t.Fatalf("%s: %v", r, err)
			}
			for d := from; d < from+250; d++ {
				if dueOn(r, d) {
					t.Fatalf("%s never happens, but does on %s", r, d)
				}
			}
			return
		}
		var want, got []Date
		to := from + 250
		for d := from; d <= to; d++ {
			if dueOn(r, d) {
				want = append(want, d)
			}
		}
		for d := from; ; d++ {
			var ok bool
			if d, ok = r.Next(d); !ok || d > to {
				break
			}
			got = append(got, d)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s from %s:\n got %v\nwant %v", r, from, got, want)
		}
	})
}

// A rule survives its written forms, JSON and YAML.
func TestRulesSurviveWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := someRule.Draw(t, "rule")
		if r.Validate() != nil {
			t.Skip("never happens")
		}
		back, err := ParseRule([]byte(r.String()))
		if err != nil || !cmp.Equal(r, back) {
			t.Fatalf("JSON %s: %v\n%s", r, err, cmp.Diff(r, back))
		}
		raw, err := yaml.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back = Rule{}
		if err := yaml.Unmarshal(raw, &back); err != nil || !cmp.Equal(r, back) {
			t.Fatalf("YAML %s: %v\n%s", raw, err, cmp.Diff(r, back))
		}
	})
}

var zones = []string{"Asia/Shanghai", "UTC", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu"}

// As a robfig schedule a rule yields each of its dates once, in order, at the
// right wall-clock time, over every clock change; two of them agree wherever
// one starts.
func TestScheduleOverClockChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := someRule.Draw(t, "rule")
		if r.Validate() != nil {
			t.Skip("never happens")
		}
		loc := mustZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		opens := TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "opens"))
		s, err := r.Schedule(loc, opens)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDate(2005, 1, 1) + Date(rapid.IntRange(0, 9000).Draw(t, "start"))
		at := d.At(opens, loc).Add(-time.Duration(rapid.IntRange(1, 86400).Draw(t, "before")) * time.Second)
		for range 30 {
			next := s.Next(at)
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("%s: after %s comes %s", r, at, next)
			}
			wall := next.In(loc)
			if got := TimeOfDay(wall.Hour()*60 + wall.Minute()); got != opens {
				// only a gap may carry it forward, by the gap's length
				if !inGap(wall, opens) {
					t.Fatalf("%s: %s shows %s, not %s", r, next, got, opens)
				}
			} else if on := DateOf(next, loc); !dueOn(r, on) && !(dueOn(r, on-1) && DateOf((on-1).At(12*60, loc), loc) == on) {
				// Samoa had no 30 December 2011: what was due then is due a day later
				t.Fatalf("%s: %s is not due", r, wall)
			}
			if mid := at.Add(next.Sub(at) / 2); !s.Next(mid).Equal(next) {
				t.Fatalf("%s: from %s comes %s, from %s %s", r, at, next, mid, s.Next(mid))
			}
			at = next
		}
	})
}

// inGap reports whether no instant of that local day shows the time of day.
func inGap(wall time.Time, opens TimeOfDay) bool {
	for m := -26 * 60; m <= 26*60; m++ {
		w := wall.Add(time.Duration(m) * time.Minute)
		if TimeOfDay(w.Hour()*60+w.Minute()) == opens && w.Day() == wall.Day() {
			return false
		}
	}
	return true
}

func TestGapAndOverlap(t *testing.T) {
	ny := mustZone("America/New_York")
	for _, c := range []struct{ date, opens, want string }{
		{"2026-03-08", "02:30", "2026-03-08T03:30:00-04:00"}, // the hour does not exist
		{"2026-11-01", "01:30", "2026-11-01T01:30:00-04:00"}, // the hour comes twice: the first
		{"2026-11-01", "02:30", "2026-11-01T02:30:00-05:00"},
	} {
		opens, err := ParseTimeOfDay("", c.opens)
		if err != nil {
			t.Fatal(err)
		}
		if got := day(t, c.date).At(opens, ny).In(ny).Format(time.RFC3339); got != c.want {
			t.Errorf("%s %s is %s, want %s", c.date, c.opens, got, c.want)
		}
	}
	s, err := rule(t, `{"weekly":{"weekdays":["sunday"]}}`).Schedule(ny, 90)
	if err != nil {
		t.Fatal(err)
	}
	first := s.Next(time.Date(2026, 10, 31, 0, 0, 0, 0, ny))
	if next := s.Next(first); DateOf(next, ny) != day(t, "2026-11-08") {
		t.Fatalf("the overlap fired twice: %s then %s", first, next)
	}
}

func TestRuleTable(t *testing.T) {
	for _, c := range []struct{ rule, from, want string }{
		{`{"monthly":{"days":[19]}}`, "2026-01-01", "2026-01-19 2026-02-19 2026-03-19"},
		{`{"monthly":{"days":[31]}}`, "2026-01-01", "2026-01-31 2026-02-28 2026-03-31 2026-04-30"},
		{`{"monthly":{"days":[31],"month_end":"skip"}}`, "2026-01-01", "2026-01-31 2026-03-31 2026-05-31"},
		{`{"monthly":{"days":[30,31]}}`, "2026-02-01", "2026-02-28 2026-03-30 2026-03-31"},
		{`{"monthly":{"days":[19],"months":[3,6,9,12],"month_end":"clamp"}}`, "2026-01-01", "2026-03-19 2026-06-19 2026-09-19"},
		{`{"monthly":{"nth":2,"weekday":"saturday"}}`, "2026-01-01", "2026-01-10 2026-02-14 2026-03-14"},
		{`{"monthly":{"nth":5,"weekday":"saturday"}}`, "2026-01-01", "2026-01-31 2026-05-30 2026-08-29"},
		{`{"monthly":{"nth":5,"weekday":"saturday","months":[2]}}`, "2026-01-01", "2048-02-29 2076-02-29 2116-02-29"},
		{`{"monthly":{"nth":-1,"weekday":"friday"}}`, "2026-01-01", "2026-01-30 2026-02-27"},
		{`{"weekly":{"every":2,"weekdays":["friday"],"from":"2026-01-02"}}`, "2026-01-01", "2026-01-02 2026-01-16 2026-01-30"},
		{`{"weekly":{"every":2,"weekdays":["monday","sunday"],"from":"2026-01-02"}}`, "2026-01-01", "2026-01-04 2026-01-12 2026-01-18"},
		{`{"weekly":{"weekdays":["friday"]}}`, "2026-01-01", "2026-01-02 2026-01-09"},
		{`{"lunar":{"days":[3,8,13,18,23,28]}}`, "2026-02-17", "2026-02-19 2026-02-24 2026-03-01"},
		{`{"lunar":{"dates":["12-23","09-09"]}}`, "2026-01-01", "2026-02-10 2026-10-18 2027-01-30"},
		{`{"lunar":{"dates":["12-30"]}}`, "2026-01-01", "2026-02-16 2027-02-05 2028-01-25"},                    // the eve of 春节 in years of 29 and 30
		{`{"lunar":{"dates":["12-30"],"month_end":"skip"}}`, "2026-01-01", "2030-02-02 2033-01-30 2034-02-18"}, // five years without a 年三十
		{`{"lunar":{"dates":["06-01"]}}`, "2025-01-01", "2025-06-25 2026-07-14"},
		{`{"lunar":{"dates":["06-01"],"leap":"leap"}}`, "2025-01-01", "2025-07-25 2026-07-14"},
		{`{"lunar":{"dates":["06-01"],"leap":"both"}}`, "2025-01-01", "2025-06-25 2025-07-25 2026-07-14"},
		{`{"lunar":{"days":[1]}}`, "2025-06-25", "2025-06-25 2025-07-25 2025-08-23"},
		{`{"lunar":{"days":[1],"leap":"regular"}}`, "2025-06-25", "2025-06-25 2025-08-23"},
		{`{"dates":["2026-05-16","2026-03-01"]}`, "2026-01-01", "2026-03-01 2026-05-16"},
		{`{"cron":"0 9 8 * *"}`, "2026-01-01", "2026-01-08 2026-02-08"},
		{`{"cron":"0 9 8-14 * 6"}`, "2026-01-01", "2026-01-03 2026-01-08 2026-01-09"}, // OR, as cron says it
		{`{"cron":"*/5 * 29 2 *"}`, "2095-01-01", "2096-02-29 2104-02-29"},            // over 2100
	} {
		r, from := rule(t, c.rule), day(t, c.from)
		var got []string
		for range strings.Fields(c.want) {
			d, ok := r.Next(from)
			if !ok {
				break
			}
			got, from = append(got, d.String()), d+1
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.rule, got, c.want)
		}
	}
}

// What is refused, and which field is named.
func TestBadRules(t *testing.T) {
	for _, c := range []struct{ rule, code, field string }{
		{``, "scheduler.input.malformed", ""}, {`[]`, "scheduler.input.malformed", ""}, {`{}`, "rule.empty", ""}, {`null`, "scheduler.input.malformed", ""},
		{`{"monthly":{"days":[19]}} {}`, "scheduler.input.malformed", ""},
		{`{"dayly":{}}`, "scheduler.input.unknown_key", "dayly"},
		{`{"Monthly":{"days":[19]}}`, "scheduler.input.unknown_key", "Monthly"},
		{`{"monthly":{"day":19}}`, "scheduler.input.unknown_key", "monthly.day"},
		{`{"monthly":{}}`, "rule.empty", "monthly.days"},
		{`{"monthly":{"days":[]}}`, "scheduler.input.empty", "monthly.days"},
		{`{"monthly":{"days":[0]}}`, "rule.out_of_range", "monthly.days[0]"},
		{`{"monthly":{"days":[1,32]}}`, "rule.out_of_range", "monthly.days[1]"},
		{`{"monthly":{"days":[1,1]}}`, "rule.twice", "monthly.days[1]"},
		{`{"monthly":{"days":["19"]}}`, "scheduler.input.malformed", "monthly.days[0]"},
		{`{"monthly":{"days":[1.5]}}`, "scheduler.input.malformed", "monthly.days[0]"},
		{`{"monthly":{"days":[1e999]}}`, "scheduler.input.malformed", "monthly.days[0]"},
		{`{"monthly":{"days":19}}`, "scheduler.input.malformed", "monthly.days"},
		{`{"monthly":{"days":[19],"days":[20]}}`, "scheduler.input.malformed", "monthly.days"},
		{`{"monthly":{"days":[19],"months":[]}}`, "scheduler.input.empty", "monthly.months"},
		{`{"monthly":{"days":[19],"months":[13]}}`, "rule.out_of_range", "monthly.months[0]"},
		{`{"monthly":{"days":[19],"month_end":"last"}}`, "rule.month_end", "monthly.month_end"},
		{`{"monthly":{"days":[30,31],"months":[2],"month_end":"skip"}}`, "rule.never", "monthly"},
		{`{"monthly":{"nth":0,"weekday":"saturday"}}`, "rule.nth", "monthly.nth"},
		{`{"monthly":{"nth":6,"weekday":"saturday"}}`, "rule.nth", "monthly.nth"},
		{`{"monthly":{"nth":-2,"weekday":"saturday"}}`, "rule.nth", "monthly.nth"},
		{`{"monthly":{"nth":2}}`, "rule.weekday_unknown", "monthly.weekday"},
		{`{"monthly":{"nth":2,"weekday":"Samstag"}}`, "rule.weekday_unknown", "monthly.weekday"},
		{`{"monthly":{"nth":2,"weekday":"saturday","days":[3]}}`, "rule.ambiguous", "monthly.days"},
		{`{"monthly":{"days":[19]},"cron":"0 9 8 * *"}`, "rule.ambiguous", "cron"},
		{`{"weekly":{"every":0,"weekdays":["friday"]}}`, "rule.out_of_range", "weekly.every"},
		{`{"weekly":{"every":2,"weekdays":["friday"]}}`, "rule.empty", "weekly.from"},
		{`{"weekly":{"weekdays":[]}}`, "scheduler.input.empty", "weekly.weekdays"},
		{`{"weekly":{"weekdays":["friday","fri"]}}`, "rule.weekday_unknown", "weekly.weekdays[1]"},
		{`{"weekly":{"weekdays":["friday"],"from":"2026-02-30"}}`, "scheduler.date.malformed", "weekly.from"},
		{`{"lunar":{}}`, "rule.empty", "lunar.days"},
		{`{"lunar":{"days":[31]}}`, "rule.out_of_range", "lunar.days[0]"},
		{`{"lunar":{"dates":["13-01"]}}`, "rule.lunar_date", "lunar.dates[0]"},
		{`{"lunar":{"dates":["1-1"]}}`, "rule.lunar_date", "lunar.dates[0]"},
		{`{"lunar":{"dates":["12-23"],"leap":"never"}}`, "rule.leap", "lunar.leap"},
		{`{"lunar":{"dates":["12-23"],"days":[1]}}`, "rule.ambiguous", "lunar.dates"},
		{`{"dates":[]}`, "scheduler.input.empty", "dates"},
		{`{"dates":["2026-02-31"]}`, "scheduler.date.malformed", "dates[0]"},
		{`{"dates":["2026-03-01","2026-03-01"]}`, "rule.twice", "dates[1]"},
		{`{"dates":["1026-03-01"]}`, "scheduler.date.out_of_range", "dates[0]"},
		{`{"cron":""}`, "rule.empty", "cron"},
		{`{"cron":"TZ=0"}`, "rule.cron", "cron"}, {`{"cron":"TZ=0 0 9 8 * *"}`, "rule.cron", "cron"},
		{`{"cron":"CRON_TZ=Asia/Shanghai 0 9 8 * *"}`, "rule.cron", "cron"},
		{`{"cron":"@every 1h"}`, "rule.cron", "cron"}, {`{"cron":"@monthly"}`, "rule.cron", "cron"},
		{`{"cron":"0 0 9 8 * *"}`, "rule.cron", "cron"}, {`{"cron":"0 9 8 *"}`, "rule.cron", "cron"},
		{`{"cron":"0 9 8 * 7"}`, "rule.cron", "cron"}, {`{"cron":"0 9 , * *"}`, "rule.cron", "cron"},
		{`{"cron":"0 9 1,,2 * *"}`, "rule.cron", "cron"}, {`{"cron":"0 9 -1 * *"}`, "rule.cron", "cron"},
		{`{"cron":"0 9 ٣ * *"}`, "rule.cron", "cron"}, {`{"cron":"0 9 😀 * *"}`, "rule.cron", "cron"},
		{`{"cron":"0 9 31 2 *"}`, "rule.never", "cron"}, {`{"cron":"0 9 30,31 2 *"}`, "rule.never", "cron"},
		{`{"cron":9}`, "scheduler.input.malformed", "cron"},
		{"{\"cron\":\"\xff\"}", "scheduler.text.encoding", ""},
		{strings.Repeat("[", 100000), "rule.too_long", ""}, {strings.Repeat("[", 1000), "scheduler.input.malformed", ""},
	} {
		_, err := ParseRule([]byte(c.rule))
		f := fault.From(err)
		if err == nil || f.Kind != fault.KindInvalid || f.Code != c.code || (f.Field != c.field && c.rule[0] != '[') {
			t.Errorf("%.60s: %v (code %v)", c.rule, err, f)
		}
	}
}

// The lunar calendar against dates everybody knows.
func TestLunarAgainstKnownDates(t *testing.T) {
	for date, want := range map[string]string{
		"2020-01-25": "正月初一", "2021-02-12": "正月初一", "2022-02-01": "正月初一", "2023-01-22": "正月初一", "2024-02-10": "正月初一",
		"2025-01-29": "正月初一", "2026-02-17": "正月初一", "2027-02-06": "正月初一", "2028-01-26": "正月初一", "2029-02-13": "正月初一",
		"2033-12-22": "闰冬月初一", "2025-07-25": "闰六月初一", "2023-03-22": "闰二月初一", "2020-05-23": "闰四月初一",
		"2026-06-19": "五月初五", "2026-09-25": "八月十五", "2026-10-18": "九月初九", "2026-02-10": "腊月廿三", "2026-01-07": "冬月十九", "2026-03-08": "正月二十", "2027-02-05": "腊月廿九", "2030-02-02": "腊月三十",
	} {
		if got := LunarOf(day(t, date)).In("zh-Hans"); got != want {
			t.Errorf("%s is %s, want %s", date, got, want)
		}
	}
	if got := LunarOf(day(t, "2025-07-27")); got.In("en") != "lunar leap 06-03" || got.In("zh-Hant") != "閏六月初三" || LunarOf(day(t, "2026-02-10")).In("zh-Hant") != "臘月廿三" {
		t.Errorf("%+v is %s, %s", got, got.In("en"), got.In("zh-Hant"))
	}
}

func TestDateForms(t *testing.T) {
	type box struct {
		D Date      `json:"d"`
		T TimeOfDay `json:"t"`
	}
	rapid.Check(t, func(t *rapid.T) {
		b := box{someDate.Draw(t, "d"), TimeOfDay(rapid.IntRange(0, 1439).Draw(t, "t"))}
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var back box
		if err := json.Unmarshal(raw, &back); err != nil || back != b {
			t.Fatalf("%s: %v %v", raw, back, err)
		}
		if got := b.D.utc().Weekday(); got != b.D.Weekday() {
			t.Fatalf("%s is a %s, not a %s", b.D, got, b.D.Weekday())
		}
	})
	for _, bad := range []string{"2026-1-1", "2026-02-29", "26-01-01", "2026-01-01T00:00:00Z", "１９", "1999-12-31", "2200-01-01", " 2026-01-01"} {
		if d, err := ParseDate("date", bad); err == nil {
			t.Errorf("%q was read as %s", bad, d)
		}
	}
	for _, bad := range []string{"9:00", "24:00", "09:60", "0900", "", "09:00:00"} {
		if v, err := ParseTimeOfDay("opens", bad); err == nil {
			t.Errorf("%q was read as %s", bad, v)
		}
	}
}
