package queue

import (
	"slices"
	"time"
)

const (
	measuredLast  = 9 // service times that count
	measuredLeast = 3 // fewer say nothing: the service's usual minutes are taken

	soon = 10 * time.Minute // whose turn is expected within this stays close by
)

// estimate is the pure rule behind every waiting time that is shown: ahead
// people, each the median of the last measured service times (or the usual
// minutes while too few are measured), as a band of a quarter less to a
// quarter more, at least two minutes wide when anybody is ahead. A line that
// is not running has no honest time.
func estimate(ahead, minutes int, measured []time.Duration, state LineState) Band {
	if !calls(state) {
		return Band{}
	}
	if ahead <= 0 {
		return Band{Known: true, Hi: 1}
	}
	total := float64(ahead) * perPerson(minutes, measured).Minutes()
	lo, hi := int(total*0.75), int(total*1.25)+1
	return Band{Known: true, Lo: lo, Hi: max(hi, lo+2)}
}

// near is how many may be ahead of somebody who should stay close by; -1 is
// nobody, because the line calls nobody.
func near(minutes int, measured []time.Duration, state LineState) int {
	if !calls(state) {
		return -1
	}
	return int(soon / perPerson(minutes, measured))
}

// calls reports whether a line in this state calls people.
func calls(state LineState) bool { return state == LineOpen || state == LineSoldOut }

// perPerson is the median of the last measured times, else the usual minutes.
func perPerson(minutes int, measured []time.Duration) time.Duration {
	if len(measured) < measuredLeast {
		return time.Duration(max(1, minutes)) * time.Minute
	}
	sorted := slices.Sorted(slices.Values(measured[:min(len(measured), measuredLast)]))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
