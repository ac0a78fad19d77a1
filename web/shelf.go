package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// A page that everybody gets alike – nobody is logged in, no message waits – is
// rendered once and kept while nothing has been committed and the second has
// not passed: three hundred phones that ask for the schedule are one rendering,
// also when they all ask while it goes on.
type shelf struct {
	changes  func() int64
	mu       sync.Mutex
	pages    map[string]*leaf
	rendered int // pages since the start
}

// leaf is one page: as it was rendered last, and who renders it now.
type leaf struct {
	turn chan struct{} // full while somebody renders
	sheet
}

// sheet is a page as it was rendered last.
type sheet struct {
	as          standing
	tag         string
	raw, packed []byte
}

// standing is what a page was rendered from: the changes until then, the second.
type standing struct{ changes, second int64 }

// covers reports whether a page of this standing is not older than asked for.
func (s standing) covers(asked standing) bool {
	return s.changes >= asked.changes && s.second >= asked.second
}

// most sheets are a few per community; a flood of others empties the shelf.
const mostSheets = 2000

func newShelf(changes func() int64) *shelf {
	return &shelf{changes: changes, pages: map[string]*leaf{}}
}

// leaf finds a page, or the place for it.
func (s *shelf) leaf(key string) *leaf {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.pages[key]
	if l == nil {
		if len(s.pages) >= mostSheets {
			clear(s.pages)
		}
		l = &leaf{turn: make(chan struct{}, 1)}
		s.pages[key] = l
	}
	return l
}

// forget takes back the place of what turned out to be no page for all: of
// addresses that lead nowhere there is no end.
func (s *shelf) forget(key string, l *leaf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.raw == nil && s.pages[key] == l {
		delete(s.pages, key)
	}
}

func (s *shelf) read(l *leaf, asked standing) (sheet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.sheet, l.raw != nil && l.as.covers(asked)
}

func (s *shelf) put(l *leaf, p sheet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.sheet = p
	s.rendered++
}

// place finds where the page asked for lies, if it is one that everybody gets
// alike; "" when it is not.
func (s *Server) place(c *call) string {
	r := c.Request()
	if !c.route.alike || s.shelf.changes == nil || r.URL.RawQuery != "" || c.sessionToken() != "" || c.cookie(noteCookie) != "" {
		return ""
	}
	lang := c.Lang
	if lang == "" {
		lang = accepted(r)
	}
	return strings.Join([]string{r.URL.Path, lang, c.Size, c.Theme}, "\x00")
}

// kept finds the page asked for as it was rendered last, if no change has come
// since it was asked for. If one has, it is the caller's turn to render it, until
// leave, and nobody else does meanwhile: the others wait, at most
// as long as their request may take, and get the same.
func (s *Server) kept(c *call) (p sheet, ok bool, leave func()) {
	nothing := func() {}
	key := s.place(c)
	if key == "" {
		return p, false, nothing
	}
	asked, l := s.standing(), s.shelf.leaf(key)
	if p, ok = s.shelf.read(l, asked); ok {
		return p, true, nothing
	}
	select {
	case l.turn <- struct{}{}:
	case <-c.Request().Context().Done():
		return p, false, nothing
	}
	turn := &turn{leaf: l, as: s.standing(), leave: sync.OnceFunc(func() { s.shelf.forget(key, l); <-l.turn })}
	if p, ok = s.shelf.read(l, asked); ok {
		turn.leave()
		return p, true, nothing
	}
	c.turn = turn
	return p, false, turn.leave
}

// turn is one request's to render a page for all.
type turn struct {
	leaf  *leaf
	as    standing
	leave func()
}

// standing is taken before a page is rendered: what changes meanwhile makes it old.
func (s *Server) standing() standing { return standing{s.shelf.changes(), s.clock().Unix()} }

// keep puts a page on the shelf, if it is one that everybody gets alike, and
// answers with it. These pages are compressed here and once, all others by the
// middleware. The turn ends before the answer travels: nobody waits for
// somebody else's slow network.
func (c *call) keep(body []byte) error {
	sum := sha256.Sum256(body)
	p := sheet{tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, raw: body, packed: squeeze(body)}
	if c.turn != nil {
		p.as = c.turn.as
		c.server.shelf.put(c.turn.leaf, p)
		c.turn.leave()
	}
	return c.hand(p)
}

// hand answers with a sheet: 304 to those who have it.
func (c *call) hand(p sheet) error {
	h := c.Response().Header()
	h.Set("ETag", p.tag)
	h.Set("Vary", "Accept-Encoding, Accept-Language, Cookie")
	if c.Request().Header.Get("If-None-Match") == p.tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.page200(p.raw, p.packed)
}

func (c *call) page200(raw, packed []byte) error {
	body, h := raw, c.Response().Header()
	if packed != nil && zips(c.Request()) {
		h.Set(echo.HeaderContentEncoding, "gzip")
		body = packed
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.HTMLBlob(http.StatusOK, body)
}

func zips(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") }

var squeezers = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression); return z }}

// squeeze compresses a page; nil when it is too small to be worth it. The form
// tokens in pages are masked anew each time, so that their length tells nothing.
func squeeze(raw []byte) []byte {
	if len(raw) < 1400 { // one packet
		return nil
	}
	var b bytes.Buffer
	z := squeezers.Get().(*gzip.Writer)
	defer squeezers.Put(z)
	z.Reset(&b)
	if _, err := z.Write(raw); err != nil || z.Close() != nil || b.Len() >= len(raw) {
		return nil
	}
	return b.Bytes()
}
