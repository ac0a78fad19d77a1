package notify

import (
	"hash/fnv"
	"strconv"
	"time"
)

// Audience is who is told; it decides how late and at which hours.
type Audience string

// The audiences.
const (
	ToOrganizer Audience = "organizer"
	ToChannel   Audience = "channel"
	ToPartner   Audience = "partner"
	ToResident  Audience = "resident"
)

// How late a message may be, and when residents may be written to.
const (
	partnerLimit  = 72 * time.Hour
	residentLimit = 12 * time.Hour
	quietFrom     = 21 // hour of the day, local
	quietTo       = 8
	lateAfter     = 30 * time.Minute // from here on a message says that it is late
	reminderLead  = 30 * time.Minute // a reminder is useful until this long before opening
	burstPause    = time.Minute      // late messages wait this long for others to the same person
)

// Reasons why a message is not sent.
const (
	whyTooLate      = "too_late"     // past the limit of its audience
	whyNotUseful    = "not_useful"   // overtaken: after the start, after closing, offer over
	whyNoAddress    = "no_address"   // the person has no mail address
	whyGone         = "gone"         // the person or channel is not there any more
	whyUnsubscribed = "unsubscribed" // the resident took it back, or it was forgotten
)

// timing is what the rules need to know about a message.
type timing struct {
	audience Audience
	due      time.Time // when it should have been told
	until    time.Time // useful until, zero: always
	forced   bool      // an organizer asked for it again: the limit of lateness is off
	asked    bool      // the resident waits for it: no quiet hours
}

// decide says from when on a message may go out, or why it may not at all.
//
//	organizers, channels   always
//	partners               up to 72 h late
//	residents              up to 12 h late, and only between 08:00 and 21:00 of the day's zone, but what they wait for
//	reminders and all else that is of use until a known instant: until then, and never after it
func decide(m timing, now time.Time, zone *time.Location) (at time.Time, why string) {
	at = now
	limit := time.Duration(0)
	switch m.audience {
	case ToPartner:
		limit = partnerLimit
	case ToResident:
		if limit = residentLimit; !m.asked {
			at = afterQuiet(now, zone)
		}
	}
	if limit > 0 && !m.forced && m.until.IsZero() && at.Sub(m.due) > limit {
		return now, whyTooLate
	}
	if !m.until.IsZero() && !at.Before(m.until) {
		return now, whyNotUseful
	}
	return at, ""
}

// afterQuiet returns now, or the next 08:00 when now lies in the quiet hours.
func afterQuiet(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	y, m, d := local.Date()
	switch h := local.Hour(); {
	case h < quietTo:
		return time.Date(y, m, d, quietTo, 0, 0, 0, zone).UTC()
	case h >= quietFrom:
		return time.Date(y, m, d+1, quietTo, 0, 0, 0, zone).UTC()
	}
	return now
}

// isLate reports whether a message says that it is late.
func isLate(due, now time.Time) bool { return now.Sub(due) > lateAfter }

// pauses grow; the last one is repeated until giving up.
var pauses = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute,
	20 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// Giving up: this many attempts, or this long after the first.
const (
	attemptsMax = 12
	giveUpAfter = 24 * time.Hour
)

// backOff is the pause after the n-th attempt (from 1) of a delivery: growing,
// at least what the receiver asked for, spread by up to 20 % in a way that
// differs between deliveries but not between runs.
func backOff(deliveryID string, n int, asked time.Duration) time.Duration {
	p := pauses[min(max(n, 1), len(pauses))-1]
	h := fnv.New32a()
	h.Write([]byte(deliveryID + "#" + strconv.Itoa(n)))
	p += p * time.Duration(h.Sum32()%1000) / 5000
	return max(p, asked)
}

// zoneOf loads a time zone; a day's zone was checked by the scheduler, so an
// unknown one is treated as UTC.
func zoneOf(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}
