package scheduler

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yiji/internal/fault"
)

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{
		`{"monthly":{"days":[19],"months":[3,6,9,12],"month_end":"clamp"}}`, `{"monthly":{"nth":2,"weekday":"saturday"}}`,
		`{"weekly":{"every":2,"weekdays":["friday"],"from":"2026-01-02"}}`, `{"lunar":{"days":[3,8,13,18,23,28]}}`,
		`{"lunar":{"dates":["12-23","09-09"],"leap":"regular"}}`, `{"dates":["2026-03-01","2026-05-16"]}`, `{"cron":"0 9 8 * *"}`,
		`{"cron":"TZ=0"}`, `{"cron":"CRON_TZ=UTC 0 9 * * *"}`, `{"cron":"0 9 31 2 *"}`, `{"cron":"*/1000000000 * ? */7 1-5/2"}`, `{"cron":"@every 1ns"}`,
		`{"monthly":{"nth":0}}`, `{"monthly":null}`, `{"dates":["2026-02-31"]}`, "{\"cron\":\"\xff\"}", `[[[[[[[[`, `{"cron":"0 9 29 2 *"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseRule(raw)
		if err != nil {
			if fault.KindOf(err) != fault.KindInvalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		d, ok := r.Next(FirstDate)
		if !ok {
			t.Fatalf("%q was accepted and never happens", raw)
		}
		if again, err := ParseRule([]byte(r.String())); err != nil || !cmp.Equal(r, again) {
			t.Fatalf("%q does not survive writing: %v", raw, err)
		}
		s, err := r.Schedule(shanghai, 540)
		if err != nil || !s.Next(d.At(540, shanghai).Add(-time.Second)).Equal(d.At(540, shanghai)) {
			t.Fatalf("%q as a schedule: %v", raw, err)
		}
	})
}

func FuzzLoadHolidays(f *testing.F) {
	shipped, err := os.ReadFile("holidays/2026.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		string(shipped), "", "year: 2027", "year: 2027\nholidays:\n  - {name: 元旦, off: [2027-01-01, 2027-01-03], work: [2027-01-09]}\n",
		"year: 2027\nholidays: [{name: a, off: [2027-01-01]}]\n---\nyear: 2028\nholidays: [{name: a, off: [2028-01-01]}]",
		"a: &a [*a]", "? [a]: b", "year: !!binary AA==", "\xff\xfe", "year: 2027\nholidays: [{name: \"\\0\", off: [2027-01-01]}]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := DefaultCalendar().Load(bytes.NewReader(raw))
		if err != nil {
			if fault.KindOf(err) != fault.KindInvalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		for y := range c.years {
			for d := range c.years[y].marks {
				if c.Workday(d) && c.Weekend(d) {
					t.Fatalf("%s is a workday and a weekend", d)
				}
			}
		}
	})
}
