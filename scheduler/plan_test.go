package scheduler

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yiji/internal/fault"
	"yiji/internal/text"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The market of 向阳社区 in 2026: 春节 and 端午 are shifted, weekends are kept.
func TestXiangyang2026(t *testing.T) {
	in := Input{Rule: rule(t, `{"monthly":{"days":[19]}}`), Holiday: NextWorkday, Weekend: Keep, From: day(t, "2026-01-01"), Count: 13}
	all, err := PreviewAll(in)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, lang := range text.Langs {
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		for _, l := range Lines(all, lang) {
			if err := enc.Encode(l); err != nil {
				t.Fatal(err)
			}
		}
	}
	const file = "testdata/xiangyang-2026.jsonl"
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Error(diff)
	}
	// what the golden file must say, whatever it says
	shifted := map[string]string{}
	for _, o := range Held(all) {
		if o.Shifted {
			shifted[o.RuleDate.String()] = o.Date.String()
		}
	}
	if diff := cmp.Diff(map[string]string{"2026-02-19": "2026-02-24", "2026-06-19": "2026-06-22"}, shifted); diff != "" {
		t.Error(diff)
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		date             string
		holiday, weekend Policy
		want             string
		reason           string
	}{
		{"2026-02-19", Keep, SkipDate, "2026-02-19", ""}, // an off day is not a weekend
		{"2026-02-19", SkipDate, Keep, "skipped", "scheduler.holiday.skip"},
		{"2026-02-19", NextWorkday, Keep, "2026-02-24", "scheduler.holiday.next-workday"},
		{"2026-02-19", PreviousWorkday, Keep, "2026-02-14", "scheduler.holiday.previous-workday"}, // a 调休 Saturday
		{"2026-02-19", NextSameWeekday, Keep, "2026-02-26", "scheduler.holiday.next-same-weekday"},
		{"2026-10-02", NextWorkday, Keep, "2026-10-08", "scheduler.holiday.next-workday"},
		{"2026-10-03", NextSameWeekday, Keep, "2026-10-10", "scheduler.holiday.next-same-weekday"},
		{"2026-10-04", NextSameWeekday, NextWorkday, "2026-10-12", "scheduler.weekend.next-workday"}, // both are asked
		{"2026-04-19", NextWorkday, NextWorkday, "2026-04-20", "scheduler.weekend.next-workday"},
		{"2026-04-19", NextWorkday, PreviousWorkday, "2026-04-17", "scheduler.weekend.previous-workday"},
		{"2026-04-19", NextWorkday, SkipDate, "skipped", "scheduler.weekend.skip"},
		{"2026-09-19", Keep, NextWorkday, "2026-09-20", "scheduler.weekend.next-workday"}, // the Sunday after is worked
		{"2026-09-19", Keep, NextSameWeekday, "2026-10-10", "scheduler.weekend.next-same-weekday"},
		{"2026-09-20", SkipDate, SkipDate, "2026-09-20", ""}, // 调休: neither holiday nor weekend
		{"2026-02-28", SkipDate, SkipDate, "2026-02-28", ""},
		{"2026-12-19", Keep, NextSameWeekday, "skipped", "scheduler.weekend.nowhere"},
	} {
		in := Input{Rule: Rule{Dates: []Date{day(t, c.date)}}, Holiday: c.holiday, Weekend: c.weekend, From: day(t, "2026-01-01")}
		all, err := PreviewAll(in)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v: %v %v", c, all, err)
		}
		o, got, code := all[0], all[0].Date.String(), ""
		if o.Skipped {
			got = "skipped"
		}
		for _, r := range o.Reasons {
			if r.Code != "scheduler.flagged" {
				code = r.Code
			}
			for _, lang := range text.Langs {
				if s := r.In(lang); s == r.Code || strings.ContainsAny(s, "{}") {
					t.Errorf("%s in %s: %s", r.Code, lang, s)
				}
			}
		}
		if got != c.want || code != c.reason || o.Shifted != (!o.Skipped && o.Date != o.RuleDate) {
			t.Errorf("%s holiday %s weekend %s: %s (%s), want %s (%s)", c.date, c.holiday, c.weekend, got, code, c.want, c.reason)
		}
	}
}

func TestTwoOnOneDateAreOneDay(t *testing.T) {
	in := Input{Rule: rule(t, `{"monthly":{"days":[19,20,24],"months":[2]}}`), Holiday: NextWorkday, From: day(t, "2026-02-01"), To: day(t, "2026-03-31")}
	got, err := Preview(in)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	o := got[0]
	if o.Date != day(t, "2026-02-24") || o.RuleDate != o.Date || o.Shifted || !slices.Equal(o.Merged, []Date{day(t, "2026-02-19"), day(t, "2026-02-20")}) {
		t.Fatalf("%+v", o)
	}
	in.Rule = rule(t, `{"monthly":{"days":[20,19],"months":[2]}}`)
	if got, err = Preview(in); err != nil || len(got) != 1 || got[0].RuleDate != day(t, "2026-02-19") {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestExceptionsInPreview(t *testing.T) {
	ten := TimeOfDay(10 * 60)
	in := Input{
		Rule: rule(t, `{"monthly":{"days":[19]}}`), Holiday: NextWorkday, From: day(t, "2026-01-01"), Count: 4,
		Exceptions: []Exception{
			{Kind: Skip, Date: day(t, "2026-01-19"), Why: "考试"},
			{Kind: Move, Date: day(t, "2026-02-19"), To: day(t, "2026-02-25"), Why: "元宵"},
			{Kind: Move, Date: day(t, "2026-03-19"), Opens: &ten, Why: "晚一点"},
			{Kind: Extra, Date: day(t, "2026-03-01"), Why: "学雷锋"},
			{Kind: Move, Date: day(t, "2026-04-01"), To: day(t, "2026-04-02"), Why: "stale: not a date of the rule"},
		},
	}
	all, err := PreviewAll(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range all {
		s := o.Date.String() + " " + o.RuleDate.String() + " " + o.ReasonIn("en")
		if o.Skipped {
			s += " (skipped)"
		}
		got = append(got, s)
	}
	want := []string{
		"2026-01-19 2026-01-19 2026-01-19 is not held: 考试 (skipped)",
		"2026-02-25 2026-02-19 2026-02-19 is moved to 2026-02-25: 元宵",
		"2026-03-01 2026-03-01 an extra day: 学雷锋",
		"2026-03-19 2026-03-19 2026-03-19 has other hours: 晚一点",
		"2026-04-19 2026-04-19 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestYearsWithoutDataAreFlagged(t *testing.T) {
	held, err := Preview(Input{Rule: rule(t, `{"monthly":{"days":[31]}}`), Holiday: NextWorkday, Weekend: NextWorkday, From: day(t, "2026-12-01"), Count: 2})
	if err != nil || held[0].Flagged || !held[1].Flagged || !strings.Contains(held[1].ReasonIn("zh-Hans"), "2027") {
		t.Fatalf("%+v %v", held, err)
	}
	// the date itself is known, the search for a workday leaves the year
	held, err = Preview(Input{Rule: rule(t, `{"dates":["2026-12-26"]}`), Weekend: NextSameWeekday, From: day(t, "2026-12-01")})
	if err != nil || len(held) != 0 {
		t.Fatalf("%+v %v", held, err)
	}
}

// plainDays is the 2026 notice written out by hand, sharing nothing with the loader.
var plainDays = sync.OnceValues(func() (off, work map[Date]bool) {
	off, work = map[Date]bool{}, map[Date]bool{}
	for _, r := range [][2]string{{"01-01", "01-03"}, {"02-15", "02-23"}, {"04-04", "04-06"}, {"05-01", "05-05"}, {"06-19", "06-21"}, {"09-25", "09-27"}, {"10-01", "10-07"}} {
		first, _ := time.Parse(time.DateOnly, "2026-"+r[0])
		for t := first; t.Format("01-02") <= r[1]; t = t.AddDate(0, 0, 1) {
			off[NewDate(t.Date())] = true
		}
	}
	for _, s := range []string{"01-04", "02-14", "02-28", "05-09", "09-20", "10-10"} {
		t, _ := time.Parse(time.DateOnly, "2026-"+s)
		work[NewDate(t.Date())] = true
	}
	return off, work
})

// heldBy is the oracle of one date: the words of the domain text, one by one.
func heldBy(d Date, holiday, weekend Policy) (Date, bool) {
	off, work := plainDays()
	saturdayOrSunday := func(d Date) bool { return d.utc().Weekday()%6 == 0 }
	isWeekend := func(d Date) bool { return saturdayOrSunday(d) && !off[d] && !work[d] }
	workday := func(d Date) bool { return work[d] || (!saturdayOrSunday(d) && !off[d]) }
	apply := func(p Policy, d Date, free func(Date) bool) (Date, bool) {
		switch p {
		case SkipDate:
			return d, false
		case NextWorkday:
			for d++; !workday(d); d++ {
			}
		case PreviousWorkday:
			for d--; !workday(d); d-- {
			}
		case NextSameWeekday:
			for end := d + 371; ; {
				if d += 7; free(d) {
					break
				} else if d >= end {
					return d, false
				}
			}
		}
		return d, true
	}
	ok := true
	if off[d] {
		d, ok = apply(holiday, d, func(d Date) bool { return !off[d] })
	}
	if ok && isWeekend(d) {
		d, ok = apply(weekend, d, workday)
	}
	return d, ok
}

// Previews agree with the oracle: every rule date is held where its policies
// say, or skipped visibly; a date is held once; the window and the count cut
// and change nothing.
func TestPreviewAgainstEveryDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Input{
			Rule: someRule.Draw(t, "rule"), Holiday: rapid.SampledFrom(Policies).Draw(t, "holiday"), Weekend: rapid.SampledFrom(Policies).Draw(t, "weekend"),
			From: NewDate(2025, 12, 1) + Date(rapid.IntRange(0, 300).Draw(t, "from")),
		}
		in.To = in.From + Date(rapid.IntRange(0, 120).Draw(t, "days"))
		if in.Rule.Validate() != nil {
			t.Skip("never happens")
		}
		got, err := PreviewAll(in)
		if err != nil {
			t.Fatal(err)
		}
		type day struct {
			natural bool
			first   Date
			rules   []Date
		}
		want, skipped := map[Date]day{}, []Date{}
		for r := in.From - 900; r <= in.To+100; r++ {
			if !dueOn(in.Rule, r) {
				continue
			}
			d, ok := heldBy(r, in.Holiday, in.Weekend)
			if !ok && r >= in.From && r <= in.To {
				skipped = append(skipped, r)
			}
			if ok && d >= in.From && d <= in.To {
				w := want[d]
				if len(w.rules) == 0 {
					w.first = r
				}
				w.natural = w.natural || r == d
				w.rules = append(w.rules, r)
				want[d] = w
			}
		}
		var gotSkipped []Date
		for i, o := range got {
			if i > 0 && o.Date < got[i-1].Date {
				t.Fatalf("%s stands after %s", o.Date, got[i-1].Date)
			}
			if o.Skipped {
				gotSkipped = append(gotSkipped, o.Date)
				continue
			}
			w, ok := want[o.Date]
			identity := w.first
			if w.natural {
				identity = o.Date
			}
			if !ok || o.RuleDate != identity || len(o.Merged)+1 != len(w.rules) || o.Shifted != (o.Date != o.RuleDate) {
				t.Fatalf("%s %+v: got %+v, want %+v (identity %s)", in.Rule, in, o, w, identity)
			}
			if o.Shifted && len(o.Reasons) == 0 {
				t.Fatalf("%s is shifted without a reason", o.RuleDate)
			}
			delete(want, o.Date)
		}
		if len(want) > 0 || !slices.Equal(gotSkipped, skipped) && len(gotSkipped)+len(skipped) > 0 {
			t.Fatalf("%s %s %s: missing %v; skipped %v, want %v", in.Rule, in.Holiday, in.Weekend, want, gotSkipped, skipped)
		}
		checkCount(t, in, Held(got))
	})
}

// checkCount asks for the first few only: they must be the same.
func checkCount(t *rapid.T, in Input, held []Occurrence) {
	if len(held) == 0 {
		return
	}
	in.Count, in.To = rapid.IntRange(1, len(held)).Draw(t, "count"), 0
	few, err := Preview(in)
	if err != nil || len(few) != in.Count {
		t.Fatalf("%d of %d dates: %v", len(few), in.Count, err)
	}
	for i, o := range few {
		if o.Date != held[i].Date || o.RuleDate != held[i].RuleDate {
			t.Fatalf("with a count of %d, date %d is %s, not %s", in.Count, i, o.Date, held[i].Date)
		}
	}
}

// A market that is never held ends its search.
func TestHopelessPreviewEnds(t *testing.T) {
	all, err := PreviewAll(Input{Rule: rule(t, `{"weekly":{"weekdays":["saturday"]}}`), Weekend: SkipDate, From: day(t, "2027-01-01"), Count: 12})
	if err != nil || len(Held(all)) != 0 || len(all) == 0 || len(all) > 130 {
		t.Fatalf("%d dates, %v", len(all), err)
	}
	for field, in := range map[string]Input{
		"count": {Count: -1, From: day(t, "2026-01-01")}, "from": {}, "holiday": {Holiday: "x", From: day(t, "2026-01-01")}, "weekend": {Weekend: "x", From: day(t, "2026-01-01")},
	} {
		in.Rule = rule(t, `{"monthly":{"days":[19]}}`)
		if _, err := PreviewAll(in); err == nil || fault.From(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestLoadHolidays(t *testing.T) {
	const head = "year: 2027\nholidays:\n  - "
	for _, c := range []struct{ yaml, field string }{
		{"", ""}, {"[]", ""}, {"year: 2027", "holidays"}, {"holidays: [{name: a, off: [2027-01-01]}]", "year"},
		{"year: 1999\nholidays: [{name: a, off: [2027-01-01]}]", "year"}, {"year: abc\nholidays: []", "year"}, {"year: 2027\nholidays: []", "holidays"},
		{"year: 2027\nyear: 2028", "year"}, {"years: 2027", "years"},
		{head + "{name: 元旦, off: [2027-01-01, 2027-01-03], wrok: []}", "holidays[0].wrok"},
		{head + "{name: 元旦}", "holidays[0].off"}, {head + "{off: [2027-01-01]}", "holidays[0].name"},
		{head + "{name: 元旦, off: []}", "holidays[0].off"},
		{head + "{name: 元旦, off: [2027-01-03, 2027-01-01]}", "holidays[0].off"},
		{head + "{name: 元旦, off: [2027-01-01, 2027-01-02, 2027-01-03]}", "holidays[0].off"},
		{head + "{name: 元旦, off: [2027-01-01, 2027-06-01]}", "holidays[0].off"},
		{head + "{name: 元旦, off: [2027-02-30]}", "holidays[0].off[0]"},
		{head + "{name: 元旦, off: [2026-01-01]}", "holidays[0].off"},
		{head + "{name: 元旦, off: [2027-01-01], work: [2027-01-01]}", "holidays[0].work[0]"},
		{head + "{name: a, off: [2027-01-01]}\n  - {name: b, off: [2027-01-01]}", "holidays[1].off"},
		{head + "{name: a, off: [2027-01-01]}\n---\nyear: 2027\nholidays: [{name: a, off: [2027-01-01]}]", "year"},
		{"a: &a [*a]", "a"}, {"year: 2027\nholidays: {", ""},
	} {
		_, err := LoadHolidays(strings.NewReader(c.yaml))
		f := fault.From(err)
		if err == nil || f.Kind != fault.KindInvalid || (f.Field != c.field && c.field != "a") {
			t.Errorf("%q: %v", c.yaml, err)
		}
	}
	c, err := DefaultCalendar().Load(strings.NewReader(head + "{name: 元旦, off: [2026-12-31, 2027-01-03], work: [2027-01-09]}"))
	if err != nil {
		t.Fatal(err)
	}
	if name, off := c.Holiday(day(t, "2026-12-31")); !off || name != "元旦" || !c.Knows(2027) || !c.Knows(2026) || DefaultCalendar().Knows(2027) {
		t.Error("a notice reaches into the year before and leaves the default alone")
	}
	if !c.Workday(day(t, "2027-01-09")) || c.Weekend(day(t, "2027-01-09")) || c.Workday(day(t, "2027-01-02")) || !c.Weekend(day(t, "2027-01-10")) {
		t.Error("workdays of 2027")
	}
}
