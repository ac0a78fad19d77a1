package scheduler

import "time"

// windows are the instants a day's life is planned by.
//
//	claims ─────── standing ───────────── confirm ─────── opens ─── closes ─ serve
//	   │ standing     │ everybody claims     │ plan final
//	   │ come first   │
//
// Claims that open late – the market was saved late, or the scheduler slept –
// do not lose their window silently: late moves the confirmation later so that
// MinClaimHours remain where the opening allows it, at most up to two hours
// before the opening and at least half of the time that is left until it, and
// gives standing partners the length of their first refusal again, at most half
// of that. The event of the opening carries the real instants, so partners are
// told them. Of a day that nobody knew of before, none lies in the past: since.
type windows struct {
	opens, closes             time.Time
	claims, standing, confirm time.Time
	serve                     time.Time
}

// Slack of the windows.
const (
	claimGrace   = 5 * time.Minute // a delay nobody has to be told of
	confirmSpare = 2 * time.Hour   // a moved confirmation stays this long before the opening
)

// plan computes the windows of a day held on a date.
func (l LeadTimes) plan(heldOn Date, opens, closes TimeOfDay, loc *time.Location) windows {
	w := windows{opens: heldOn.At(opens, loc), closes: heldOn.At(closes, loc)}
	if !w.closes.After(w.opens) { // a clock change swallowed the market: keep its length
		w.closes = w.opens.Add(time.Duration(closes-opens) * time.Minute)
	}
	w.confirm = earlier((heldOn-Date(l.ConfirmDays)).At(l.ConfirmAt, loc), w.opens)
	w.standing = earlier((heldOn-Date(l.StandingDays)).At(l.ClaimAt, loc), w.confirm)
	w.claims = earlier((heldOn-Date(l.ClaimDays)).At(l.ClaimAt, loc), w.standing)
	w.serve = w.closes.Add(l.serve())
	return w
}

// late returns the windows when claims open at now instead of at w.claims.
func (w windows) late(now time.Time, minClaim time.Duration) windows {
	if now.Sub(w.claims) <= claimGrace {
		return w
	}
	left := w.opens.Sub(now)
	if left <= 0 {
		return w // no window is left, and none is pretended
	}
	latest := now.Add(max(left-confirmSpare, left/2).Truncate(time.Microsecond))
	w.confirm = later(later(w.confirm, now), earlier(now.Add(minClaim), latest))
	again := earlier(now.Add(w.standing.Sub(w.claims)), now.Add(w.confirm.Sub(now)/2))
	w.standing = earlier(later(w.standing, again), w.confirm).Truncate(time.Microsecond)
	return w
}

// since returns the windows of a day that is planned at now: none begins before.
func (w windows) since(now time.Time, minClaim time.Duration) windows {
	w = w.late(now, minClaim)
	w.claims = later(w.claims, now)
	w.standing = later(w.standing, w.claims)
	w.confirm = later(w.confirm, w.standing)
	return w
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
