package scheduler

import (
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

const notice2027 = "year: 2027\nholidays:\n  - {name: 元旦, off: [2027-01-01, 2027-01-03], work: [2027-01-09]}\n  - {name: 春节, off: [2027-02-05, 2027-02-09]}\n"

// A notice that was loaded counts at once, in every process and after a restart.
func TestALoadedNoticeIsEverybodys(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock(local(t, "2026-11-01 08:00")).Now, func(t *testing.T, d *db.DB) {
		one, other := New(d, Options{}), New(d, Options{})
		knows := func(s *Service) bool { return must[*Calendar](t)(s.Calendar(t.Context())).Knows(2027) }
		e := must[HolidayEdit](t)(one.PreviewHolidays(t.Context(), []byte(notice2027)))
		if len(e.Years) != 1 || len(e.Known) != 0 || knows(one) || knows(other) {
			t.Fatalf("looking has loaded it: %+v", e)
		}
		must[[]Day](t)(one.SaveHolidays(t.Context(), "x", []byte(notice2027)))
		if !knows(one) || !knows(other) || !knows(New(d, Options{})) {
			t.Fatal("somebody has not heard of it")
		}
		must[[]Day](t)(other.SaveHolidays(t.Context(), "x", []byte("year: 2027\nholidays: [{name: 立春, off: [2027-02-04]}]")))
		if _, off := must[*Calendar](t)(one.Calendar(t.Context())).Holiday(day(t, "2027-01-01")); off {
			t.Error("the first notice of the year is still believed")
		}
	})
}

func TestALineOfANoticeIsNamed(t *testing.T) {
	for text, line := range map[string]int{
		strings.Replace(notice2027, "2027-01-09", "2029-01-09", 1): 3,
		strings.Replace(notice2027, "2027-02-09", "2027-02-31", 1): 4,
		strings.Replace(notice2027, "name: 春节, ", "", 1):           4,
		"year: 2027\nholidays: [\n":                                2,
	} {
		_, err := LoadHolidays(strings.NewReader(text))
		if got := HolidayLine([]byte(text), err); err == nil || got < line || got > line+1 {
			t.Errorf("line %d, want %d: %v", got, line, err)
		}
	}
}

// A market that is made during the hours of its first date begins with the next
// one; one that is made before has its day, however late somebody looks (G2).
func TestAMarketBeginsWithADateItCanStillOpen(t *testing.T) {
	for at, days := range map[string]int{"2026-11-19 08:59": 1, "2026-11-19 09:00": 0, "2026-11-19 10:00": 0} {
		dbtest.EachAt(t, dbtest.NewClock(local(t, at)).Now, func(t *testing.T, d *db.DB) {
			s := New(d, Options{})
			c := must[Community](t)(s.SaveCommunity(t.Context(), Community{Slug: "c", Name: "c"}))
			m := Market{CommunityID: c.ID, Name: "m", Venue: "v", Opens: 540, Closes: 690, Rule: Rule{Dates: []Date{day(t, "2026-11-19")}}}
			must[Market](t)(s.SaveMarket(t.Context(), m))
			if got := must[[]Day](t)(s.Days(t.Context(), c.ID, DayFilter{})); len(got) != days {
				t.Errorf("%s: %d days, want %d", at, len(got), days)
			}
		})
	}
}
