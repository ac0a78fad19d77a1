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
// not passed: three hundred phones that ask for the schedule are one rendering.
type shelf struct {
	changes func() int64
	mu      sync.Mutex
	pages   map[string]sheet
}

// sheet is a page as it was rendered last.
type sheet struct {
	as          standing
	tag         string
	raw, packed []byte
}

// standing is what a page was rendered from: the same changes, the same second.
type standing struct{ changes, second int64 }

// most sheets are a few per community; a flood of others empties the shelf.
const mostSheets = 2000

func newShelf(changes func() int64) *shelf {
	return &shelf{changes: changes, pages: map[string]sheet{}}
}

func (s *shelf) find(key string, as standing) (sheet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[key]
	return p, ok && p.as == as
}

func (s *shelf) put(key string, p sheet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= mostSheets {
		clear(s.pages)
	}
	s.pages[key] = p
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

// kept finds the page asked for as it was rendered last, if it still is so.
func (s *Server) kept(c *call) (sheet, bool) {
	if c.shelf = s.place(c); c.shelf == "" {
		return sheet{}, false
	}
	c.asOf = standing{s.shelf.changes(), s.clock().Unix()}
	return s.shelf.find(c.shelf, c.asOf)
}

// keep puts a page on the shelf, if it is one that everybody gets alike, and
// answers with it. These pages are compressed here and once, all others by the
// middleware.
func (c *call) keep(body []byte) error {
	sum := sha256.Sum256(body)
	p := sheet{as: c.asOf, tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, raw: body, packed: squeeze(body)}
	if c.shelf != "" {
		c.server.shelf.put(c.shelf, p)
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
