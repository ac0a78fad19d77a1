package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
)

// What one person asked with a key is nobody else's: two who think of the same
// key get a number each, and nobody uses up the keys of the desk.
func TestAKeyIsItsAskersOwn(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		take := "/days/" + f.day.ID + "/lines/" + f.opened()["血压"].ID + "/tickets"
		desk := account.Role{Kind: account.Desk, CommunityID: f.place.ID}
		askers := []*program{f.program(), f.with(desk), f.with(desk)}
		held := map[string]bool{}
		for _, p := range askers {
			var a, again queue.Ticket
			f.read(p.ask(post, take, map[string]any{}, "1"), 201, &a)
			f.read(p.ask(post, take, map[string]any{}, "1"), 201, &again)
			if a.Handle != again.Handle || held[a.Handle] {
				t.Errorf("number %d, then %d; somebody else's: %v", a.Number, again.Number, held[a.Handle])
			}
			held[a.Handle] = true
		}
		var a, b visitorAnswer
		f.read(askers[0].ask(post, "/days/"+f.day.ID+"/check-in", map[string]any{}, "1"), 200, &a)
		f.read(askers[1].ask(post, "/days/"+f.day.ID+"/check-in", map[string]any{}, "1"), 200, &b)
		if a.Visitor == b.Visitor {
			t.Error("two people got one card")
		}
	})
}

// read takes an answer of the API apart.
func (f *fair) read(r reply, status int, into any) {
	f.t.Helper()
	if r.Status != status {
		f.t.Fatalf("%d, not %d: %s", r.Status, status, r.Raw)
	}
	f.ok(json.Unmarshal(r.Raw, into))
}

// A key that anybody may think of counts for its address; a long one is known
// to its owner alone and is good wherever the telephone goes meanwhile.
func TestAShortKeyCountsForItsAddress(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		behind := start(t, f.db, func(o *Options) {
			o.Services, o.Clock = f.Services, f.clock.Now
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		})
		take := "/days/" + f.day.ID + "/lines/" + f.opened()["血压"].ID + "/tickets"
		from := func(address, key string) (got queue.Ticket) {
			p := behind.program()
			p.from = address
			f.read(p.ask(post, take, map[string]any{}, key), 201, &got)
			return got
		}
		long := db.NewID()
		if a, b := from("198.51.100.1", "1"), from("198.51.100.2", "1"); a.Handle == b.Handle {
			t.Errorf("another address got number %d too", a.Number)
		}
		if a, b := from("198.51.100.1", long), from("198.51.100.2", long); a.Handle != b.Handle {
			t.Errorf("the same key gave numbers %d and %d", a.Number, b.Number)
		}
	})
}

// A body that is cut off is its sender's trouble and no failure in our log;
// what holds handles is kept by no cache.
func TestABodyCutOffIsNoFailureOfOurs(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		take := "/days/" + f.day.ID + "/lines/" + f.opened()["血压"].ID + "/tickets"
		r := f.program().ask(post, take, map[string]any{}, "1")
		if r.Status != 201 || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d, %q", r.Status, r.Header.Get("Cache-Control"))
		}
		c, err := net.Dial("tcp", f.http.Listener.Addr().String())
		f.ok(err)
		defer c.Close()
		fmt.Fprintf(c, "POST %s%s HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 2\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{", apiRoot, take)
		f.ok(c.(*net.TCPConn).CloseWrite())
		said, err := http.ReadResponse(bufio.NewReader(c), nil)
		f.ok(err)
		said.Body.Close()
		if said.StatusCode != 400 || f.log.Len() > 0 {
			t.Errorf("%d, %s", said.StatusCode, f.log)
		}
	})
}
