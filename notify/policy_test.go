package notify

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The table of domain.md, row by row.
func TestDecide(t *testing.T) {
	due := local(19, 11, 30)
	for _, c := range []struct {
		name     string
		audience Audience
		due, now time.Time
		until    time.Time
		forced   bool
		at       time.Time
		why      string
	}{
		{"organizers always", ToOrganizer, due, due.Add(90 * 24 * time.Hour), time.Time{}, false, due.Add(90 * 24 * time.Hour), ""},
		{"webhooks and robots always", ToChannel, due, due.Add(90 * 24 * time.Hour), time.Time{}, false, due.Add(90 * 24 * time.Hour), ""},
		{"organizers at night", ToOrganizer, due, local(20, 3, 0), time.Time{}, false, local(20, 3, 0), ""},
		{"partner at once", ToPartner, due, due, time.Time{}, false, due, ""},
		{"partner at night", ToPartner, due, local(20, 3, 0), time.Time{}, false, local(20, 3, 0), ""},
		{"partner 72 h", ToPartner, due, due.Add(72 * time.Hour), time.Time{}, false, due.Add(72 * time.Hour), ""},
		{"partner later than 72 h", ToPartner, due, due.Add(72*time.Hour + time.Microsecond), time.Time{}, false, time.Time{}, whyTooLate},
		{"partner, asked for again", ToPartner, due, due.Add(100 * time.Hour), time.Time{}, true, due.Add(100 * time.Hour), ""},
		{"resident in time", ToResident, due, due, time.Time{}, false, due, ""},
		{"resident 9 h late, 20:30", ToResident, due, local(19, 20, 30), time.Time{}, false, local(19, 20, 30), ""},
		{"resident at 20:59:59", ToResident, local(19, 20, 0), local(19, 20, 59).Add(59 * time.Second), time.Time{}, false, local(19, 20, 59).Add(59 * time.Second), ""},
		{"resident at 21:00 waits for the morning", ToResident, local(19, 20, 45), local(19, 21, 0), time.Time{}, false, local(20, 8, 0), ""},
		{"resident at 21:00, due noon: the morning is too late", ToResident, due, local(19, 21, 0), time.Time{}, false, time.Time{}, whyTooLate},
		{"resident before 8:00", ToResident, local(19, 22, 0), local(20, 7, 59), time.Time{}, false, local(20, 8, 0), ""},
		{"resident at 8:00", ToResident, local(19, 22, 0), local(20, 8, 0), time.Time{}, false, local(20, 8, 0), ""},
		{"resident exactly 12 h", ToResident, local(19, 8, 0), local(19, 20, 0), time.Time{}, false, local(19, 20, 0), ""},
		{"resident over 12 h", ToResident, local(19, 8, 0), local(19, 20, 1), time.Time{}, false, time.Time{}, whyTooLate},
		{"resident, asked for again, still not at night", ToResident, due, local(22, 23, 0), time.Time{}, true, local(23, 8, 0), ""},
		{"open, one µs before closing", ToOrganizer, local(19, 9, 0), due.Add(-time.Microsecond), due, false, due.Add(-time.Microsecond), ""},
		{"open, at closing: never", ToOrganizer, local(19, 9, 0), due, due, false, time.Time{}, whyNotUseful},
		{"open, after closing, even asked for", ToChannel, local(19, 9, 0), due.Add(time.Hour), due, true, time.Time{}, whyNotUseful},
		{"reminder 31 min before", ToPartner, local(18, 18, 0), local(19, 8, 29), local(19, 8, 30), false, local(19, 8, 29), ""},
		{"reminder 30 min before the start", ToPartner, local(18, 18, 0), local(19, 8, 30), local(19, 8, 30), false, time.Time{}, whyNotUseful},
		{"a reminder 14 h late is still of use", ToResident, local(18, 18, 0), local(18, 22, 0), local(19, 8, 30), false, local(19, 8, 0), ""},
		{"resident's reminder at night goes at 8:00", ToResident, local(18, 23, 0), local(18, 23, 0), local(19, 8, 30), false, local(19, 8, 0), ""},
		{"resident's reminder at night for 8:00 opening", ToResident, local(18, 23, 0), local(18, 23, 0), local(19, 7, 30), false, time.Time{}, whyNotUseful},
	} {
		at, why := decide(timing{audience: c.audience, due: c.due, until: c.until, forced: c.forced}, c.now, shanghai)
		if why != c.why || why == "" && !at.Equal(c.at) {
			t.Errorf("%s: %s %q, want %s %q", c.name, at.In(shanghai), why, c.at.In(shanghai), c.why)
		}
	}
}

// What decide allows is always allowed hours, in any zone and over clock changes.
func TestDecideProperties(t *testing.T) {
	zones := []string{"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone := zoneOf(rapid.SampledFrom(zones).Draw(t, "zone"))
		due := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "due"), 0).UTC()
		now := due.Add(time.Duration(rapid.Int64Range(-10, 120*3600).Draw(t, "late")) * time.Second)
		at, why := decide(timing{audience: ToResident, due: due}, now, zone)
		if why != "" {
			return
		}
		if h := at.In(zone).Hour(); h < quietTo || h >= quietFrom || at.Before(now) || at.Sub(due) > residentLimit {
			t.Fatalf("due %s now %s: sent %s", due, now, at.In(zone))
		}
		if again, why := decide(timing{audience: ToResident, due: due}, at, zone); why != "" || !again.Equal(at) {
			t.Fatalf("asked again at %s it says %s %s", at, again, why)
		}
	})
}

func TestBackOffGrowsAndEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "id")
		total := time.Duration(0)
		for n := 1; n < attemptsMax; n++ {
			p := backOff(id, n, 0)
			base := pauses[min(n, len(pauses))-1]
			if p < base || p > base*6/5 || p != backOff(id, n, 0) {
				t.Fatalf("attempt %d: %s", n, p)
			}
			if backOff(id, n, time.Hour*30) != 30*time.Hour {
				t.Fatal("the pause the receiver asked for was shortened")
			}
			total += p
		}
		if total < 8*time.Hour {
			t.Fatalf("gave up after %s", total)
		}
	})
}

// Whatever is asked when, a bucket gives at most 18 in any minute (G18).
func TestBucketNeverGivesMoreThan18AMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens, since := int64(bucketSize*milli), local(19, 9, 0)
		now := since
		var given []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.Int64Range(0, 6_000_000).Draw(t, "µs")) * time.Microsecond)
			if tokens, since = refill(tokens, since, now); tokens >= milli {
				tokens -= milli
				given = append(given, now)
			}
		}
		for i := range given {
			if j := i + 18; j < len(given) && given[j].Sub(given[i]) < time.Minute {
				t.Fatalf("19 within %s", given[j].Sub(given[i]))
			}
		}
	})
}
