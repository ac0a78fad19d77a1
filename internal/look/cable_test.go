//go:build !race

package look

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// cable is the network between a browser and the house. Unlike the browser's
// own switch it is also cut for service workers.
type cable struct {
	base string
	mu   sync.Mutex
	gone bool
	eats string // answers to POSTs of addresses with this end are lost
	srv  *httptest.Server
}

func plug(t *testing.T, to string) *cable {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{}
	through := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = target.Host
		r.Out.Header.Del("Origin") // the house knows itself by another port
	}}
	c.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		gone, eats := c.gone, c.eats
		c.mu.Unlock()
		if gone {
			drop(w)
			return
		}
		if eats != "" && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, eats) {
			through.ServeHTTP(httptest.NewRecorder(), r)
			drop(w)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(c.srv.Close)
	t.Cleanup(c.srv.CloseClientConnections)
	c.base = c.srv.URL
	return c
}

// drop ends a connection without a word.
func drop(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// cut ends every connection and lets no new one through.
func (c *cable) cut() {
	c.set(true, "")
	c.srv.CloseClientConnections()
}

// swallow loses the answers to what is sent to addresses with this end.
func (c *cable) swallow(end string) { c.set(false, end) }

func (c *cable) mend() { c.set(false, "") }

func (c *cable) set(gone bool, eats string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone, c.eats = gone, eats
}

func itoa(n int) string { return strconv.Itoa(n) }
