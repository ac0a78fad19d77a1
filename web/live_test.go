package web

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/live"
	"yiji/scheduler"
)

// liveFair is a fair whose day can be followed.
func liveFair(t *testing.T, o live.Options) *fair {
	t.Helper()
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	d := dbtest.Open(t, dbtest.SQLite(t), clock.Now)
	o.Queue = queue.New(d)
	o.Day = func(tx *db.Tx, id string) (live.Day, error) {
		d, err := scheduler.PublicDayIn(tx, id)
		return live.Day{State: string(d.StateAt(tx.Now)), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt}, err
	}
	hub := live.New(d, o)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return newFair(t, d, clock, func(w *Options) { w.Live = hub })
}

// follows opens the stream of the day and returns what to read its next event
// of a kind with.
func (f *fair) follows(address string) (res *http.Response, next func(kind, with string) string) {
	f.t.Helper()
	q, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.http.URL+address, nil)
	f.ok(err)
	q.Header.Set("Accept-Encoding", "gzip")
	res, err = http.DefaultTransport.RoundTrip(q)
	f.ok(err)
	f.t.Cleanup(func() { res.Body.Close() })
	s := bufio.NewScanner(res.Body)
	return res, func(kind, with string) string {
		f.t.Helper()
		for s.Scan() {
			if s.Text() == "event: "+kind && s.Scan() && strings.Contains(s.Text(), with) {
				return s.Text()
			}
		}
		f.t.Fatalf("the stream ended without %s %s", kind, with)
		return ""
	}
}

func TestADayIsFollowedLive(t *testing.T) {
	f := liveFair(t, live.Options{})
	lines := f.opened()
	path := "/d/" + f.day.ID + "/live"
	res, next := f.follows(path)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || res.Header.Get("Cache-Control") != "no-store" ||
		res.Header.Get("Content-Encoding") != "" || res.Header.Get("Content-Security-Policy") != policyHeader {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	next("all", lines["血压"].ID)
	next("day", `"state":"open"`)
	b := f.browser()
	mine := f.ticket(f.take(b, lines["血压"].ID))
	if now := next("line", `"order":[[1,1]]`); !strings.Contains(now, fmt.Sprintf(`"near":%d,`, mine.Line.Near)) {
		t.Errorf("the page and the frame differ in who is near: %s", now)
	}
	_, err := f.Queue.Next(t.Context(), f.cmd(queue.Ticket{LineID: lines["血压"].ID}))
	f.ok(err)
	called := next("line", `"called":[1]`)
	card, err := f.Queue.Card(t.Context(), b.cookie(cardCookie), f.day.ID)
	f.ok(err)
	if strings.Contains(called, card.Visitor) || strings.Contains(called, card.Tickets[0].Ticket.Handle) {
		t.Error("a frame names whose number it is")
	}
	_, err = f.Scheduler.Close(t.Context(), scheduler.DayRef{CommunityID: f.place.ID, DayID: f.day.ID}, "下雨")
	f.ok(err)
	f.hear()
	next("day", `"state":"closed"`)
	next("line", `"state":"closing"`)

	if a := b.get(path + ".json"); a.Status != 200 || !strings.Contains(a.Body, `"called":[1]`) || a.Header.Get("ETag") == "" {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
	}
	for _, p := range []string{path, path + ".json"} {
		unknown := strings.Replace(p, f.day.ID, "aaaaaaaaaaaaaaaaaaaaaaaaaa", 1)
		if a := b.get(unknown); a.Status != 404 {
			t.Errorf("%s: %d", unknown, a.Status)
		}
	}
}

// Who is too many is sent to the picture, which has no limit of its own.
func TestTooManyFollow(t *testing.T) {
	f := liveFair(t, live.Options{PerAddress: 2})
	path := "/d/" + f.day.ID + "/live"
	for range 2 {
		_, next := f.follows(path)
		next("at", "")
	}
	res, _ := f.follows(path)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if a := f.browser().get(path + ".json"); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	wall := "/d/" + f.day.ID + "/screen/live" // has places of its own
	_, next := f.follows(wall)
	next("at", "")
	if a := f.browser().get(wall + ".json"); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	staff := f.organizer()
	req, err := http.NewRequest(http.MethodHead, f.http.URL+path, nil)
	f.ok(err)
	if res, err := staff.http.Do(req); err != nil || res.StatusCode != 200 {
		t.Errorf("somebody who runs the day is refused: %v %v", res, err)
	}
}

func TestWithoutLiveUpdatesPagesAreToldSo(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		for _, p := range []string{"/live", "/live.json"} {
			if a := f.browser().get("/d/" + f.day.ID + p); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %d", p, a.Status)
			}
		}
	})
}
