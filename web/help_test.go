package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/seal"
	"yiji/notify"
	"yiji/scheduler"
)

// rig is the whole server on a real database, as people reach it.
type rig struct {
	*Server
	t    *testing.T
	db   *db.DB
	http *httptest.Server
	log  *bytes.Buffer
}

var testKey = []byte("0123456789abcdef0123456789abcdef")

// start runs a server on d; edit may change its options.
func start(t *testing.T, d *db.DB, edit ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, db: d, log: &bytes.Buffer{}}
	r.http = httptest.NewUnstartedServer(nil)
	o := Options{Services: services(t, d), Key: testKey, Changes: d.Changes, BaseURL: "http://" + r.http.Listener.Addr().String(),
		Clock: d.Now, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
	for _, e := range edit {
		e(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	r.http.Config.Handler = s.Handler()
	r.http.Start()
	t.Cleanup(r.http.Close)
	return r
}

func services(t *testing.T, d *db.DB) Services {
	t.Helper()
	people, err := account.New(d, account.Options{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	tell, err := notify.New(d, notify.Options{Key: testKey, OutboxDir: t.TempDir(), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	return Services{
		Account: people, Scheduler: scheduler.New(d, scheduler.Options{}), Booths: booths.New(d, booths.Options{Box: box}),
		Queue: queue.New(d), Notify: tell,
	}
}

// community makes a community.
func (r *rig) community(slug string) scheduler.Community {
	r.t.Helper()
	c, err := r.Scheduler.SaveCommunity(r.t.Context(), scheduler.Community{Slug: slug, Name: "社区 " + slug, TimeZone: "Asia/Shanghai", Locale: "zh-Hans"})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// token makes a session for somebody with a role; nobody for a nil role.
func (r *rig) token(role account.Role) string {
	r.t.Helper()
	link, err := r.Account.Invite(r.t.Context(), account.Operator(), account.Invitation{Role: role})
	if err != nil {
		r.t.Fatal(err)
	}
	session, err := r.Account.Accept(r.t.Context(), link, account.Newcomer{Name: "某人"})
	if err != nil {
		r.t.Fatal(err)
	}
	return session
}

// browser is somebody at a browser without JavaScript.
type browser struct {
	t    *testing.T
	http *http.Client
	base string
	lang string
}

// answer is what a browser got.
type answer struct {
	Status int
	Header http.Header
	Body   string
	Path   string // where it ended after redirects
}

// browser begins without cookies; a token logs it in.
func (r *rig) browser(token ...string) *browser {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	b := &browser{t: r.t, http: &http.Client{Jar: jar}, base: r.http.URL, lang: "zh-CN"}
	if len(token) > 0 {
		u, _ := url.Parse(r.http.URL)
		jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: token[0]}})
	}
	return b
}

// browserWith is the same browser after its session has ended: the other cookies stay.
func (r *rig) browserWith(b *browser) *browser {
	r.t.Helper()
	n := r.browser()
	u, _ := url.Parse(b.base)
	for _, k := range b.http.Jar.Cookies(u) {
		if k.Name != sessionCookie {
			n.http.Jar.SetCookies(u, []*http.Cookie{k})
		}
	}
	return n
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	if req.Header.Get("Accept-Language") == "" {
		req.Header.Set("Accept-Language", b.lang)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{Status: res.StatusCode, Header: res.Header, Body: strings.ReplaceAll(string(body), glue, ""), Path: res.Request.URL.Path}
}

// get opens a page and checks that it is a sound one.
func (b *browser) get(path string) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	a := b.do(req)
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		sound(b.t, a.Body)
	}
	return a
}

// send opens the page at from, fills in its form whose action is to, and sends
// it as a browser would, hidden fields included. values are names and values in turn.
func (b *browser) send(from, to string, values ...string) answer {
	b.t.Helper()
	return b.post(to, b.fill(b.get(from).Body, to, values...))
}

// fill takes a form out of a page and writes into it.
func (b *browser) fill(page, action string, values ...string) url.Values {
	b.t.Helper()
	v := hidden(b.t, page, action)
	for i := 0; i+1 < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	return v
}

func (b *browser) post(path string, v url.Values) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(v.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.base)
	a := b.do(req)
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		sound(b.t, a.Body)
	}
	return a
}

// nodes lists the elements of a page with one of the names, in order.
func nodes(t *testing.T, page string, names ...string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		for _, name := range names {
			if n.Type == html.ElementNode && (name == "*" || n.Data == name) {
				out = append(out, n)
			}
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// hidden reads the hidden fields of the form with an action ("" posts to its own page).
func hidden(t *testing.T, page, action string) url.Values {
	t.Helper()
	for _, f := range nodes(t, page, "form") {
		if a := attr(f, "action"); a != action && a != "" || a == "" && hasForm(t, page, action) {
			continue
		}
		v := url.Values{}
		for n := range f.Descendants() {
			if n.Data == "input" && attr(n, "type") == "hidden" {
				v.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		return v
	}
	t.Fatalf("no form posts to %s in\n%s", action, page)
	return nil
}

func hasForm(t *testing.T, page, action string) bool {
	for _, f := range nodes(t, page, "form") {
		if attr(f, "action") == action {
			return true
		}
	}
	return false
}

// sound checks what every page of ours must be: nothing inline, one heading of
// the first kind, a language, labels for all fields, tokens in all forms, no text missing.
func sound(t *testing.T, page string) {
	t.Helper()
	ids, labels, headings := map[string]bool{}, map[string]bool{}, 0
	for _, n := range nodes(t, page, "*") {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("<%s %s=%q> is inline code", n.Data, a.Key, a.Val)
			}
		}
		if id := attr(n, "id"); id != "" {
			ids[id] = true
		}
		switch n.Data {
		case "style":
			t.Error("a page has a <style>")
		case "script":
			if attr(n, "src") == "" {
				t.Error("a page has a <script> with code")
			}
		case "h1":
			headings++
		case "html":
			if attr(n, "lang") == "" {
				t.Error("a page has no language")
			}
		case "label":
			labels[attr(n, "for")] = true
		}
		if src := attr(n, "src") + attr(n, "href"); strings.Contains(src, "//") && (n.Data == "link" || n.Data == "img" || n.Data == "script") {
			t.Errorf("<%s> is fetched from another host: %s", n.Data, src)
		}
	}
	if headings != 1 {
		t.Errorf("a page has %d <h1>, want one\n%s", headings, page)
	}
	soundForms(t, page, labels)
}

func soundForms(t *testing.T, page string, labels map[string]bool) {
	t.Helper()
	for _, f := range nodes(t, page, "form") {
		token := attr(f, "method") != "post"
		for n := range f.Descendants() {
			token = token || attr(n, "name") == tokenField
			kind := attr(n, "type")
			if (n.Data == "input" && kind != "hidden" && kind != "checkbox" && kind != "radio") || n.Data == "select" || n.Data == "textarea" {
				if !labels[attr(n, "id")] && attr(n, "aria-label") == "" {
					t.Errorf("field %s has no label", attr(n, "name"))
				}
			}
		}
		if !token {
			t.Errorf("the form to %q has no token", attr(f, "action"))
		}
	}
}
