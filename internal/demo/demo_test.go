package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"yiji/internal/db/dbtest"
)

// The whole main job, end to end over HTTP, on both databases: the year, the
// claims, the plan, the day with its 300 residents, the closing messages.
func TestTheWholeMarketOnBothDatabases(t *testing.T) {
	first := "" // the plan on the first database: the same input has the same plan
	dbtest.EachURL(t, func(t *testing.T, url string) {
		var timeline []string
		var sum Summary
		var pages Pages
		err := Run(t.Context(), Options{
			Database: url,
			Timeline: func(_ time.Time, line string) { timeline = append(timeline, line) },
			Done:     func(s Summary) { sum = s },
			Open:     func(p Pages) { pages = p },
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(timeline, "\n"))
		}
		if plan := fmt.Sprint(sum.Assignments); first == "" {
			first = plan
		} else if plan != first {
			t.Errorf("the same claims have two plans:\n%s\n%s", first, plan)
		}
		held := map[string]string{}
		for _, d := range sum.Dates {
			held[d.RuleDate] = d.Date
		}
		if len(held) != 12 || held["2026-02-19"] != "2026-02-24" || held["2026-06-19"] != "2026-06-22" || held["2026-11-19"] != "2026-11-19" {
			t.Errorf("dates: %v", held)
		}
		if pages.Partner == "" || pages.Day == "" {
			t.Errorf("where to look: %+v", pages)
		}
		if sum.Residents != 300 || len(sum.Assignments) != 6 || sum.Tickets < 400 || sum.Served < 100 || sum.CarriedOver == 0 {
			t.Errorf("the day: %+v", sum)
		}
		for _, kind := range []string{"closing_partner", "closing_resident", "closing_organizer", "claiming_opened", "booths_published"} {
			if sum.Messages[kind] == 0 {
				t.Errorf("no message of kind %s went out: %v", kind, sum.Messages)
			}
		}
	})
}

// Each broken promise is an error that says how many.
func TestBrokenPromisesAreLoud(t *testing.T) {
	good := Summary{Residents: 1, Tickets: 3, Served: 1, Missed: 1, CarriedOver: 1, Dates: make([]Date, 12)}
	if err := good.promises(); err != nil {
		t.Fatalf("a good market: %v", err)
	}
	for want, spoil := range map[string]func(*Summary){
		"invariants":         func(s *Summary) { s.Broken = 1 },
		"twice":              func(s *Summary) { s.Duplicates = 1 },
		"missing":            func(s *Summary) { s.Gaps = 1 },
		"given up":           func(s *Summary) { s.Deliveries.Failed = 1 },
		"dates":              func(s *Summary) { s.Dates = s.Dates[1:] },
		"residents":          func(s *Summary) { s.Residents = 0 },
		"tickets without an": func(s *Summary) { s.Served = 0 },
	} {
		bad := good
		spoil(&bad)
		if err := bad.promises(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Numbers that none of the residents was shown are a fault, unless people could
// look on and take some; a number that was shown and is not counted always is.
func TestWhoeverLooksOnMayJoinIn(t *testing.T) {
	for _, c := range []struct {
		counted int
		open    bool
		gaps    int
		fails   bool
	}{{3, false, 0, false}, {4, false, 1, true}, {2, false, 0, true}, {3, true, 0, false}, {4, true, 0, false}, {2, true, 0, true}} {
		w := &world{seen: newLedger(), open: c.open, clock: newClock(time.Now()), told: func(time.Time, string) {}}
		for _, n := range []int{1, 2, 3 + c.gaps} {
			w.seen.see(number{Line: "l", Number: n, ID: fmt.Sprint(n)})
		}
		sum := Summary{Tickets: c.counted, Gaps: w.seen.gaps()}
		if err := w.joined(&sum); (err != nil) != c.fails {
			t.Errorf("%+v: %v", c, err)
		}
	}
	w := &world{seen: newLedger(), open: true, clock: newClock(time.Now()), told: func(time.Time, string) {}}
	w.seen.see(number{Line: "l", Number: 2, ID: "2"}) // 1 was an onlooker's
	sum := Summary{Tickets: 2, Gaps: w.seen.gaps()}
	if err := w.joined(&sum); err != nil || sum.Gaps != 0 {
		t.Errorf("%v, %d gaps", err, sum.Gaps)
	}
}
