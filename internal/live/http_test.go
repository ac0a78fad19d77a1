package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/db/dbtest"
)

// serves a hub over real connections as web does, with its time limits.
func (f *fair) serves(t *testing.T, http2 bool) *httptest.Server {
	t.Helper()
	stop := make(chan struct{})
	m := http.NewServeMux()
	m.HandleFunc("/d/{day}/live", func(w http.ResponseWriter, q *http.Request) {
		if err := f.hub.Stream(w, q, Visit{Day: q.PathValue("day"), Address: "somebody", Stop: stop}); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	m.HandleFunc("/d/{day}/live.json", func(w http.ResponseWriter, q *http.Request) {
		if err := f.hub.Picture(w, q, q.PathValue("day")); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s := httptest.NewUnstartedServer(m)
	s.Config.ReadTimeout, s.Config.WriteTimeout = 2*time.Second, 2*time.Second
	if s.EnableHTTP2 = http2; http2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	return s
}

// opens a stream with a page behind it.
func (f *fair) opens(t *testing.T, s *httptest.Server, id string) (*page, *http.Response, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/d/"+f.day.DayID+"/live", nil)
	f.ok(err)
	if id != "" {
		q.Header.Set("Last-Event-ID", id)
	}
	res, err := s.Client().Do(q)
	f.ok(err)
	p := newPage()
	go func() {
		defer res.Body.Close()
		_ = p.stream(res.Body) // ends when the test or the server does
	}()
	return p, res, cancel
}

func oneFair(t *testing.T, edit ...func(*Options)) *fair {
	t.Helper()
	c := dbtest.NewClock(opens.Add(-time.Hour))
	return newFair(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c, edit...)
}

// A stream outlives the limits of ordinary requests, over HTTP/1.1, where it
// takes its connection along, and over HTTP/2, where it cannot.
func TestStreams(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("http2 ", http2), func(t *testing.T) {
			f := oneFair(t, func(o *Options) { o.Beat = 40 * time.Millisecond })
			s := f.serves(t, http2)
			p, res, leave := f.opens(t, s, "")
			if (res.ProtoMajor == 2) != http2 {
				t.Fatalf("%s", res.Proto)
			}
			h := res.Header
			if h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-store" || h.Get("X-Accel-Buffering") != "no" || h.Get("Content-Encoding") != "" {
				t.Errorf("%v", h)
			}
			p.until(t, "the picture", func(p *page) bool { return p.all == 1 && len(p.lines) == 3 && p.day != nil })
			for range 80 { // each a sign of life: 30 ms and more, longer than the limit of a request in all
				p.mu.Lock()
				came := p.came
				p.mu.Unlock()
				select {
				case <-came:
				case <-time.After(time.Minute):
					t.Fatal("no sign of life")
				}
			}
			f.take(f.lines[0])
			p.until(t, "a number", func(p *page) bool { return p.lines[f.lines[0]].Issued == 1 })
			back, _, _ := f.opens(t, s, fmt.Sprint(p.last()))
			f.take(f.lines[1])
			back.until(t, "what is new", func(p *page) bool { return p.lines[f.lines[1]].Issued == 1 })
			if back.all != 0 || len(back.lines) != 1 {
				t.Errorf("came back to %d pictures, %d lines", back.all, len(back.lines))
			}
			leave() // the page is closed; its place is free after some signs of life
			f.until(t, "one left", func() bool { return f.hub.Stats().Watchers == 1 })
			f.take(f.lines[0])
			back.until(t, "the next number", func(p *page) bool { return p.lines[f.lines[0]].Issued == 2 })
		})
	}
}

// until asks again and again; the deadline is only for a test that fails.
func (f *fair) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

// A connection that takes no bytes is dropped, may come back, and costs the
// others nothing.
func TestAConnectionThatTakesNothingIsDropped(t *testing.T) {
	f := oneFair(t, func(o *Options) { o.Stall = 100 * time.Millisecond })
	s := f.serves(t, false)
	p, _, _ := f.opens(t, s, "")
	d := net.Dialer{}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	f.ok(err)
	defer conn.Close()
	f.ok(conn.(*net.TCPConn).SetReadBuffer(4 << 10))
	_, err = fmt.Fprintf(conn, "GET /d/%s/live HTTP/1.1\r\nHost: x\r\n\r\n", f.day.DayID)
	f.ok(err)
	f.until(t, "both are there", func() bool { return f.hub.Stats().Watchers == 2 })
	long := f.cmd(f.lines[0])
	n := 0
	f.until(t, "dropped", func() bool { // a kilobyte each time, until no buffer takes more
		n++
		long.Reason = fmt.Sprint(n)
		f.ok(f.queue.Pause(f.ctx, long))
		p.until(t, "the pause", func(p *page) bool { return p.lines[f.lines[0]].Why == long.Reason })
		f.ok(f.queue.Resume(f.ctx, f.cmd(f.lines[0])))
		p.until(t, "the end of the pause", func(p *page) bool { return p.lines[f.lines[0]].State == queue.LineOpen })
		return f.hub.Stats().Dropped == 1
	})
	f.until(t, "its place is free", func() bool { return f.hub.Stats().Watchers == 1 })
	back, _, _ := f.opens(t, s, "1")
	back.until(t, "everything", func(p *page) bool { return p.all == 1 && len(p.lines) == 3 })
}

// A connection that is killed in the middle takes nobody with it.
func TestAKilledConnection(t *testing.T) {
	f := oneFair(t, func(o *Options) { o.Beat = 20 * time.Millisecond })
	s := f.serves(t, false)
	p, _, _ := f.opens(t, s, "")
	for range 10 {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		f.ok(err)
		_, err = fmt.Fprintf(conn, "GET /d/%s/live HTTP/1.1\r\nHost: x\r\n\r\n", f.day.DayID)
		f.ok(err)
		_, err = io.ReadFull(conn, make([]byte, 20))
		f.ok(err)
		f.ok(conn.(*net.TCPConn).SetLinger(0)) // the end comes as a reset
		f.ok(conn.Close())
		f.take(f.lines[0])
	}
	p.until(t, "ten numbers", func(p *page) bool { return p.lines[f.lines[0]].Issued == 10 })
	f.until(t, "the killed are gone", func() bool { return f.hub.Stats().Watchers == 1 })
}

func TestPicture(t *testing.T) {
	f := oneFair(t)
	s := f.serves(t, false)
	ask := func(tag string) (*http.Response, map[string]any) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/d/d1/live.json", nil)
		f.ok(err)
		q.Header.Set("If-None-Match", tag)
		res, err := s.Client().Do(q)
		f.ok(err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		f.ok(err)
		var v map[string]any
		if len(body) > 0 {
			f.ok(json.Unmarshal(body, &v))
		}
		return res, v
	}
	res, v := ask("")
	if res.StatusCode != 200 || len(v["lines"].([]any)) != 3 || v["day"].(map[string]any)["state"] != "open" {
		t.Fatalf("%d %v", res.StatusCode, v)
	}
	tag := res.Header.Get("ETag")
	reads := f.hub.Stats().Reads
	for _, same := range []string{tag, `"x", W/` + tag} {
		if res, v := ask(same); res.StatusCode != 304 || v != nil {
			t.Errorf("%s: %d", same, res.StatusCode)
		}
	}
	if n := f.hub.Stats().Reads - reads; n != 0 {
		t.Errorf("%d reads for nothing new", n)
	}
	f.take(f.lines[0])
	f.until(t, "the number", func() bool {
		res, v := ask(tag)
		return res.StatusCode == 200 && int64(v["at"].(float64)) == f.head()
	})
	if h := f.hub; h.Stats().Watchers != 0 {
		t.Errorf("%+v", h.Stats())
	}
}

// What cannot be hijacked or flushed is no reason to fail; a HEAD has no body.
func TestHeadOfAStream(t *testing.T) {
	f := oneFair(t)
	w := httptest.NewRecorder()
	err := f.hub.Stream(w, httptest.NewRequest(http.MethodHead, "/", nil), Visit{Day: "d1"})
	if err != nil || w.Code != 200 || w.Body.Len() > 0 || f.hub.Stats().Watchers != 0 {
		t.Errorf("%v %d %q %+v", err, w.Code, w.Body, f.hub.Stats())
	}
	if err := New(f.db, Options{Most: -1}).Stream(w, httptest.NewRequest(http.MethodGet, "/", nil), Visit{}); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
}
