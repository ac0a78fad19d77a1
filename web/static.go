package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assets are the files of static/, each under a name that holds the digest of
// its content: browsers keep them for a year and still never show an old one.
var assets = loadAssets()

type library struct {
	address map[string]string // app.css → /static/app.1a2b3c4d5e.css
	files   map[string]file   // by address
}

type file struct {
	kind        string
	raw, packed []byte
}

// asset is the address of a file of static/; a file that does not exist is
// found by the test of the pages that name it.
func asset(name string) string { return assets.address[name] }

func loadAssets() library {
	l := library{address: map[string]string{}, files: map[string]file{}}
	dir, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return l
	}
	for _, kind := range []string{"*.svg", "*.mp3", "*.webmanifest"} {
		names, _ := fs.Glob(dir, kind)
		for _, n := range names {
			l.add(n, read(dir, n))
		}
	}
	l.built(dir)
	return l
}

func (l library) add(name string, raw []byte) {
	sum := sha256.Sum256(raw)
	ext := path.Ext(name)
	f := file{kind: kinds[ext], raw: raw, packed: pack(raw)}
	at := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
	l.address[name], l.files[at] = at, f
}

// kinds do not come from the machine's table of types: it differs from one to the next.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".mp3": "audio/mpeg", ".webmanifest": "application/manifest+json",
}

// pack compresses once and as well as possible; nil when it does not help.
func pack(raw []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, err = z.Write(raw)
	if err != nil || z.Close() != nil || b.Len() >= len(raw) {
		return nil
	}
	return b.Bytes()
}

// ServeHTTP implements http.Handler.
func (l library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := l.files[r.URL.Path]
	if !ok || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.raw
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
