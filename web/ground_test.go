package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/text"
)

func sqlite(t *testing.T) *db.DB { return dbtest.Open(t, dbtest.SQLite(t), nil) }

func TestWhatEveryAnswerCarries(t *testing.T) {
	r := start(t, sqlite(t))
	b := r.browser()
	for _, path := range []string{"/login", "/nothing-here", "/healthz", asset("app.css")} {
		h := b.get(path).Header
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: promises https on http", path)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 404, "/nothing-here": 404, "/static/app.css": 404, "/login": 200} {
		if a := b.get(path); a.Status != want {
			t.Errorf("%s: %d, want %d", path, a.Status, want)
		}
	}
	if a := b.post("/nothing-here", nil); a.Status != http.StatusNotFound {
		t.Errorf("post to nowhere: %d", a.Status)
	}
	if a := b.post("/setup", nil); a.Status != http.StatusNotFound {
		t.Errorf("post to half an address: %d", a.Status)
	}
}

func TestCookiesOverHTTPS(t *testing.T) {
	r := start(t, sqlite(t), func(o *Options) { o.BaseURL = "https://yiji.example" })
	res := httptest.NewRecorder()
	r.Handler().ServeHTTP(res, httptest.NewRequest(get, "https://yiji.example/login?lang=en", nil))
	if len(res.Result().Cookies()) != 2 {
		t.Errorf("cookies %v, want the form's and the language's", res.Result().Cookies())
	}
	for _, k := range res.Result().Cookies() {
		if !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || !strings.HasPrefix(k.Name, "__Host-") {
			t.Errorf("cookie %+v", k)
		}
	}
	if res.Header().Get("Strict-Transport-Security") == "" {
		t.Error("https is not promised")
	}
}

func TestBadBaseURL(t *testing.T) {
	for _, u := range []string{"", "yiji.example", "ftp://x", "https://", "https://x/path", "://"} {
		if _, err := New(Options{BaseURL: u, Key: testKey}); err == nil {
			t.Errorf("base URL %q accepted", u)
		}
	}
}

func TestLanguages(t *testing.T) {
	r := start(t, sqlite(t))
	for accept, want := range map[string]string{
		"zh-CN": "zh-Hans", "zh-TW,zh;q=0.9": "zh-Hant", "zh-HK": "zh-Hant", "zh": "zh-Hans", "en-GB,en;q=0.8": "en", "fr, en;q=0.5": "en",
		"*": "zh-Hans", "ja": "zh-Hans", ";;;": "zh-Hans", "en;q=" + strings.Repeat("1", 300): "zh-Hans",
	} {
		b := r.browser()
		b.lang = accept
		if a := b.get("/login"); !strings.Contains(a.Body, `<html lang="`+want+`"`) {
			t.Errorf("Accept-Language %q: want %s", accept, want)
		}
	}
	b := r.browser()
	b.get("/login?lang=zh-Hant")
	if a := b.get("/login"); !strings.Contains(a.Body, "登入") {
		t.Error("the choice of a language is not remembered")
	}
	if a := b.get("/login?lang=xx&size=9"); !strings.Contains(a.Body, "登入") || !strings.Contains(a.Body, "size-1") {
		t.Error("a language or size that does not exist changes something")
	}
	b.get("/login?size=3")
	if a := b.get("/login"); !strings.Contains(a.Body, "size-3") {
		t.Error("the size is not remembered")
	}
	if b.get("/login?size=1"); strings.Contains(b.get("/login").Body, "size-3") {
		t.Error("the size cannot be taken back")
	}
}

// The looks are chosen on any page, keep what else its address says, and the
// page that answers a form leads back to the page of the form.
func TestLooksAreRemembered(t *testing.T) {
	r := start(t, sqlite(t))
	b := r.browser()
	if a := b.get("/login?next=%2Fme&theme=outdoor"); !strings.Contains(a.Body, "theme-outdoor") || !strings.Contains(a.Body, "/login?next=%2Fme&amp;size=2&amp;theme=outdoor") {
		t.Errorf("the page loses its address or its look:\n%.600s", a.Body)
	}
	if a := b.get("/login"); !strings.Contains(a.Body, "theme-outdoor") {
		t.Error("the theme is not remembered")
	}
	if a := b.get("/login?theme=%3Cscript%3E"); !strings.Contains(a.Body, "theme-outdoor") || strings.Contains(a.Body, "<script>") {
		t.Error("a theme nobody has drawn was taken")
	}
	if b.get("/login?theme=auto"); strings.Contains(b.get("/login").Body, "theme-") {
		t.Error("the theme cannot be taken back")
	}
}

func TestAssetsAreKeptForAYear(t *testing.T) {
	at := asset("app.css")
	for _, zip := range []bool{false, true} {
		req := httptest.NewRequest(get, at, nil)
		if zip {
			req.Header.Set("Accept-Encoding", "br, gzip")
		}
		res := httptest.NewRecorder()
		assets.ServeHTTP(res, req)
		var body io.Reader = res.Body
		if (res.Header().Get("Content-Encoding") == "gzip") != zip {
			t.Fatalf("compressed %v: %v", zip, res.Header())
		}
		if zip {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		raw, err := io.ReadAll(body)
		if want := assets.files[at].raw; err != nil || len(want) == 0 || !bytes.Equal(raw, want) {
			t.Errorf("other content: %v", err)
		}
		if c := res.Header().Get("Cache-Control"); !strings.Contains(c, "immutable") || !strings.HasPrefix(res.Header().Get("Content-Type"), "text/css") {
			t.Errorf("%q %v", c, res.Header())
		}
	}
}

// ≤ 30 KB with everything a page needs.
func TestTheGroundIsLight(t *testing.T) {
	r := start(t, sqlite(t))
	body := r.browser().get("/login").Body
	sum := len(pack([]byte(body)))
	for at, f := range assets.files {
		if strings.Contains(body, at) {
			sum += len(f.packed)
		}
	}
	if sum > 16<<10 {
		t.Errorf("an empty page with its files has %d bytes, want at most 16 KB of the 30", sum)
	}
}

func TestProxiesAreBelievedOnlyWhenTrusted(t *testing.T) {
	ask := func(r *rig, from, forwarded string) string {
		req := httptest.NewRequest(get, "/login", nil)
		req.RemoteAddr, req.Header = from+":1234", http.Header{"X-Forwarded-For": {forwarded}, "X-Real-Ip": {"203.0.113.99"}}
		return clientKey(r.echo.NewContext(req, httptest.NewRecorder()).RealIP())
	}
	direct := start(t, sqlite(t))
	if got := ask(direct, "192.0.2.1", "203.0.113.5"); got != "192.0.2.1" {
		t.Errorf("without proxies: %s", got)
	}
	behind := start(t, sqlite(t), func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")} })
	for _, c := range []struct{ from, forwarded, want string }{
		{"10.1.2.3", "203.0.113.5", "203.0.113.5"},
		{"10.1.2.3", "198.51.100.1, 203.0.113.5", "203.0.113.5"}, // what the client wrote itself is not believed
		{"10.2.2.3", "203.0.113.5", "10.2.2.3"},
		{"127.0.0.1", "203.0.113.5", "127.0.0.1"},
		{"10.1.2.3", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
	} {
		if got := ask(behind, c.from, c.forwarded); got != c.want {
			t.Errorf("from %s for %s: %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}

// 200 residents behind one address, each opening ten pages and taking two
// numbers within ten seconds; and one who floods.
func TestLimitsLetTheSquareThrough(t *testing.T) {
	now := time.Unix(0, 0)
	d := newDoorman(Limits{}, func() time.Time { return now })
	for second := range 10 {
		for range 200 {
			if err := d.admit("192.0.2.1", false); err != nil {
				t.Fatalf("second %d: %v", second, err)
			}
		}
		for range 40 {
			if err := d.admit("192.0.2.1", true); err != nil {
				t.Fatalf("second %d: %v", second, err)
			}
		}
		now = now.Add(time.Second)
	}
	refused := 0
	for range 5000 {
		if d.admit("192.0.2.66", true) != nil {
			refused++
		}
	}
	if refused != 5000-600 {
		t.Errorf("%d of 5000 at once were refused, want 4400", refused)
	}
	if err := d.admit("192.0.2.1", true); err != nil {
		t.Errorf("another address pays for it: %v", err)
	}
	for i := range 3 * generation {
		_ = d.admit(string(rune(i)), false)
	}
	if n := len(d.young) + len(d.old); n > 2*generation {
		t.Errorf("%d addresses are remembered", n)
	}
}

func TestItStopsGracefully(t *testing.T) {
	r := start(t, sqlite(t))
	entered, leave := make(chan struct{}), make(chan struct{})
	r.Server.handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusTeapot)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, l) }()
	answered := make(chan int, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	<-entered
	stop()
	<-r.stopping // streams are told to end while the request still runs
	close(leave)
	if got := <-answered; got != http.StatusTeapot {
		t.Errorf("the running request got %d", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestProbes(t *testing.T) {
	broken := errors.New("secret cause")
	r := start(t, sqlite(t), func(o *Options) {
		o.Ready = func(context.Context) error { return broken }
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1") })
	})
	b := r.browser()
	if a := b.get("/readyz"); a.Status != http.StatusServiceUnavailable || strings.Contains(a.Body, "secret") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := b.get("/healthz"); a.Status != 200 {
		t.Errorf("%d", a.Status)
	}
	if a := b.get("/metrics"); a.Body != "up 1" {
		t.Errorf("%q", a.Body)
	}
}

// Every text that a page or handler names must exist in every language.
func TestTextsThatPagesNameExist(t *testing.T) {
	names, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`(?:\bT\(|\.page\(|\.console\(|\.done\([^"\n]*"[^"\n]*"[^"\n]*, ?|\.done\([^"\n]*, ?)"([a-z0-9_]+\.[a-z0-9_.]+[a-z0-9_])"[,)]`)
	found := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") || (filepath.Ext(name) != ".go" && filepath.Ext(name) != ".templ") || name == "doc.go" {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(raw), -1) {
			found++
			for _, lang := range text.Langs {
				if !text.Has(lang, m[1]) {
					t.Errorf("%s names %s, which %s has no text for", name, m[1], lang)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d texts only; does the pattern still fit?", found)
	}
}
