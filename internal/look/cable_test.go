//go:build !race

package look

import (
	"bytes"
	"io"
	"log"
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
// own switch it is also cut for service workers, and it can be bad: answers are
// lost on their way, or end in the middle.
type cable struct {
	base    string
	through http.Handler
	mu      sync.Mutex
	how     func(r *http.Request) http.HandlerFunc // what happens to a request; nil lets it through
	srv     *httptest.Server
}

func plug(t *testing.T, to string) *cable {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	quiet := log.New(io.Discard, "", 0) // broken connections are wanted
	c := &cable{through: &httputil.ReverseProxy{FlushInterval: -1, ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = target.Host
		r.Out.Header.Del("Origin") // the house knows itself by another port
	}}}
	c.mend()
	c.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		do := c.how(r)
		c.mu.Unlock()
		if do == nil {
			do = c.through.ServeHTTP
		}
		do(w, r)
	}))
	t.Cleanup(c.srv.Close)
	t.Cleanup(c.srv.CloseClientConnections)
	c.base = c.srv.URL
	return c
}

// drop ends a connection with the first bytes of an answer, if any.
func drop(w http.ResponseWriter, first []byte) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = conn.Write(first)
		conn.Close()
	}
}

func dropped(w http.ResponseWriter, _ *http.Request) { drop(w, nil) }

// eaten lets a request arrive; its answer is lost.
func (c *cable) eaten(w http.ResponseWriter, r *http.Request) {
	c.through.ServeHTTP(httptest.NewRecorder(), r)
	drop(w, nil)
}

// halved lets a request arrive; its answer ends in the middle.
func (c *cable) halved(w http.ResponseWriter, r *http.Request) {
	kept := httptest.NewRecorder()
	c.through.ServeHTTP(kept, r)
	var all bytes.Buffer
	answer := kept.Result()
	answer.ContentLength = int64(kept.Body.Len())
	if err := answer.Write(&all); err != nil {
		drop(w, nil)
		return
	}
	drop(w, all.Bytes()[:all.Len()-kept.Body.Len()/2-1])
}

// cut ends every connection and lets no new one through.
func (c *cable) cut() { c.lose("/") }

// lose ends every connection; addresses with this beginning are not reached.
func (c *cable) lose(begin string) {
	c.set(func(r *http.Request) http.HandlerFunc {
		if strings.HasPrefix(r.URL.Path, begin) {
			return dropped
		}
		return nil
	})
	c.srv.CloseClientConnections()
}

// swallow loses the answers to what is sent to addresses with this end.
func (c *cable) swallow(end string) { c.set(posts(end, c.eaten)) }

// posts treats what is sent to addresses with this end.
func posts(end string, do http.HandlerFunc) func(*http.Request) http.HandlerFunc {
	return func(r *http.Request) http.HandlerFunc {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, end) {
			return do
		}
		return nil
	}
}

func (c *cable) mend() { c.set(func(*http.Request) http.HandlerFunc { return nil }) }

func (c *cable) set(how func(*http.Request) http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.how = how
}

func itoa(n int) string { return strconv.Itoa(n) }
