//go:build !race

// Not under the race detector: internal/demo plays the same market there.

package stage

import (
	"net/http"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/scheduler"
)

func status(t *testing.T, w *World, path, token string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, w.Base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: Cookie, Value: token})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// Every moment opens with what belongs to it, and two worlds do not see each other.
func TestEveryMoment(t *testing.T) {
	for _, m := range Moments {
		w := Open(t, m)
		has := map[string]bool{"setup": w.Setup != "", "community": w.Community != "", "day": w.Day != "", "line": w.Line != "",
			"unsubscribe": w.Unsubscribe != "", "delivery": w.Delivery != "", "waiting": w.Numbers[queue.Waiting].Handle != "", "served": w.Numbers[queue.Served].Handle != ""}
		want := map[string]bool{"setup": m == Bare, "community": m != Bare, "day": m == Planned || m == Busy || m == Settled, "line": m == Planned || m == Busy || m == Settled,
			"unsubscribe": m == Settled, "delivery": has["day"], "waiting": m == Busy, "served": m == Busy || m == Settled}
		for what := range want {
			if has[what] != want[what] {
				t.Errorf("%s: %s is %v, want %v", m, what, has[what], want[what])
			}
		}
		if m == Bare {
			continue
		}
		for path, kind := range map[string]account.Kind{"/admin/communities": account.Admin, "/o/" + w.Community: account.Organizer, "/desk/" + w.Community: account.Desk} {
			if got := status(t, w, path, w.Token(kind)); got != http.StatusOK {
				t.Errorf("%s: %s says %d", m, path, got)
			}
		}
	}
}

// Time stands still until it is pushed; then the house does what is due, and
// only in this world.
func TestPush(t *testing.T) {
	w, other := Open(t, Planned), Open(t, Planned)
	state := func(w *World) scheduler.State {
		d, err := w.App.Scheduler.Day(t.Context(), w.CommunityID, w.Day)
		if err != nil {
			t.Fatal(err)
		}
		return d.State
	}
	if got := state(w); got == scheduler.Open {
		t.Fatalf("two days before the day is %s", got)
	}
	w.Push(49*time.Hour + time.Minute)
	if got := state(w); got != scheduler.Open {
		t.Errorf("after the opening time the day is %s", got)
	}
	if got := state(other); got == scheduler.Open {
		t.Errorf("in another world the day is %s", got)
	}
}
