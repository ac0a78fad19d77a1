package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"yiji/internal/account"
)

// A page that is kept is the page that would be rendered now: a change is seen
// by the next who asks, and nobody gets what is somebody else's.
func TestAKeptPageIsNeverOld(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		path := "/c/" + f.place.Slug
		f.browser().get(path)
		if len(f.Server.shelf.pages) == 0 {
			t.Fatal("nothing is kept")
		}
		rename := func(name string) {
			m := f.market
			m.Name = name
			saved, err := f.Scheduler.SaveMarket(t.Context(), m)
			f.ok(err)
			f.market = saved
		}
		rename("改了名的市集")
		if a := f.browser().get(path); !strings.Contains(a.Body, "改了名的市集") {
			t.Error("the page is old")
		}
		if a := f.browser().get(path + "?lang=en"); !strings.Contains(a.Body, `lang="en"`) {
			t.Error("another language gets the kept page")
		}
		if a := f.browser().get(path); !strings.Contains(a.Body, `lang="zh-Hans"`) {
			t.Error("the wish of one is kept for all")
		}
		boss := f.browser(f.token(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}))
		if a := boss.get(path); !strings.Contains(a.Body, "/logout") {
			t.Error("somebody logged in gets the page of nobody")
		}
		if a := f.browser().get(path); strings.Contains(a.Body, "/logout") {
			t.Error("nobody gets the page of somebody")
		}

		// The control: told of no change, the shelf hands out an old page within the second.
		f.Server.shelf.changes = func() int64 { return 0 }
		f.browser().get(path)
		rename("又改了名")
		if a := f.browser().get(path); strings.Contains(a.Body, "又改了名") {
			t.Error("without changes the page was new: this test sees nothing")
		}
	})
}

// Those who ask for a page while it is rendered wait and get the same, and a
// reader who does not take the answer keeps nobody from the next.
func TestAPageIsRenderedOnceForAll(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		path := "/c/" + f.place.Slug
		f.browser().get(path)
		before, m := f.Server.shelf.count(), f.market
		m.Name = "改了名的市集"
		_, err := f.Scheduler.SaveMarket(t.Context(), m)
		f.ok(err)
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if a := f.browser().get(path); a.Status != 200 || !strings.Contains(a.Body, m.Name) {
					t.Errorf("%d, or an old page", a.Status)
				}
			})
		}
		all.Wait()
		if n := f.Server.shelf.count() - before; n != 1 {
			t.Errorf("rendered %d times for 40 readers", n)
		}

		stuck := &deaf{ResponseRecorder: httptest.NewRecorder(), deaf: make(chan struct{})}
		m.Name = "又改了名"
		_, err = f.Scheduler.SaveMarket(t.Context(), m)
		f.ok(err)
		all.Go(func() { f.Server.Handler().ServeHTTP(stuck, httptest.NewRequest(get, path, nil)) })
		for f.Server.shelf.count() == before+1 {
			runtime.Gosched()
		}
		m.Name = "第三个名字"
		_, err = f.Scheduler.SaveMarket(t.Context(), m)
		f.ok(err)
		if a := f.browser().get(path); !strings.Contains(a.Body, m.Name) {
			t.Error("an old page")
		}
		close(stuck.deaf)
		all.Wait()
	})
}

// deaf takes no answer until it is let go.
type deaf struct {
	*httptest.ResponseRecorder
	deaf chan struct{}
}

func (d *deaf) Write(b []byte) (int, error) {
	<-d.deaf
	return d.ResponseRecorder.Write(b)
}

// Addresses that are no page of ours take no room.
func TestOnlyPagesLieOnTheShelf(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		for i := range 5 {
			if a := f.browser().get("/c/nobody" + strconv.Itoa(i)); a.Status != 404 {
				t.Error(a.Status)
			}
		}
		if n := len(f.Server.shelf.pages); n != 0 {
			t.Errorf("%d places are kept for pages that are not", n)
		}
	})
}

func TestPagesTravelLight(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		ask := func(path string, header ...string) *http.Response {
			req, err := http.NewRequest(get, f.http.URL+path, nil)
			f.ok(err)
			req.Header.Set("Accept-Encoding", "gzip")
			for i := 0; i+1 < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			f.ok(err)
			t.Cleanup(func() { _ = res.Body.Close() })
			return res
		}
		for _, path := range []string{"/c/" + f.place.Slug, "/c/" + f.place.Slug, "/d/" + f.day.ID} {
			res := ask(path)
			if res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
				t.Fatalf("%s: %v", path, res.Header)
			}
			z, err := gzip.NewReader(res.Body)
			f.ok(err)
			body, err := io.ReadAll(z)
			f.ok(err)
			if plain := f.browser().get(path).Body; !strings.HasPrefix(string(body), "<!") || !strings.HasSuffix(strings.TrimSpace(plain), "</html>") {
				t.Errorf("%s is not whole", path)
			}
		}
		tag := ask("/c/" + f.place.Slug).Header.Get("ETag")
		if res := ask("/c/"+f.place.Slug, "If-None-Match", tag); tag == "" || res.StatusCode != http.StatusNotModified {
			t.Errorf("who has the page gets it again: %q %d", tag, res.StatusCode)
		}
		if res := ask("/login"); res.StatusCode != 200 {
			t.Errorf("%d", res.StatusCode)
		}
	})
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rendered
}
