package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"yiji/booths"
	"yiji/internal/fault"
)

func TestAFormComesFromAPageOfOurs(t *testing.T) {
	r := start(t, sqlite(t))
	b, other := r.browser(), r.browser()
	mine := b.fill(b.get("/login").Body, "/login", "email", "a@example.org", "password", "riverstone-42")
	theirs := other.fill(other.get("/login").Body, "/login", "email", "a@example.org", "password", "riverstone-42")
	none := url.Values{"email": {"a@example.org"}}
	broken := url.Values{tokenField: {mine.Get(tokenField)[1:]}}
	for what, v := range map[string]url.Values{"no token": none, "another browser's token": theirs, "a broken token": broken} {
		if a := b.post("/login", v); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "页面放得太久了") {
			t.Errorf("%s: %d", what, a.Status)
		}
	}
	if a := r.browser().post("/login", mine); a.Status != http.StatusForbidden {
		t.Errorf("a stolen form without its cookie: %d", a.Status)
	}
	if a := b.post("/login", mine); a.Status != http.StatusUnauthorized {
		t.Errorf("our own form: %d, want the login to be judged", a.Status)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	r := start(t, sqlite(t))
	b := r.browser()
	v := b.fill(b.get("/login").Body, "/login", "email", "a@example.org")
	for _, h := range []http.Header{
		{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"null"}},
	} {
		req, err := http.NewRequest(post, b.base+"/login", strings.NewReader(v.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = h
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := b.do(req); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "请求来自别的网站") {
			t.Errorf("%v: %d", h, a.Status)
		}
	}
	// An old WebView sends none of these headers: the token decides.
	req, err := http.NewRequest(post, b.base+"/login", strings.NewReader(v.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := b.do(req); a.Status != http.StatusUnauthorized {
		t.Errorf("an old browser: %d", a.Status)
	}
}

func TestAPageTakesFormsOnly(t *testing.T) {
	r := start(t, sqlite(t))
	for kind, want := range map[string]int{"application/json": 415, "text/plain": 415, "": 415, "multipart/form-data": 400, "application/x-www-form-urlencoded": 403} {
		req := httptest.NewRequest(post, "/login", strings.NewReader(`{"email":"x"}`))
		req.Header.Set("Content-Type", kind)
		res := httptest.NewRecorder()
		r.Handler().ServeHTTP(res, req)
		if res.Code != want {
			t.Errorf("%q: %d, want %d", kind, res.Code, want)
		}
	}
	req := httptest.NewRequest(post, "/login", strings.NewReader("email="+strings.Repeat("x", bodyLimit)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res := httptest.NewRecorder()
	if r.Handler().ServeHTTP(res, req); res.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d", res.Code)
	}
	b := r.browser() // over a real connection: who sends everything reads the answer
	for lang, says := range map[string][]string{"zh-CN": {"最多 64 KB", "写好的内容还在"}, "zh-TW": {"最多 64 KB", "上一頁"}, "en": {"at most 64 KB", "go back"}} {
		b.lang = lang
		for _, size := range []int{bodyLimit, 3 << 20} {
			reads(t, b.post("/login", url.Values{"email": {strings.Repeat("x", size)}}), http.StatusRequestEntityTooLarge, says...)
		}
	}
}

func TestTheReasonStandsBesideItsField(t *testing.T) {
	f := form{names: []string{"rule", "rule.monthly", "name"}, lang: "en"}
	for _, c := range []struct{ field, beside string }{
		{"name", "name"}, {"names", ""}, {"rule.monthly.days[0]", "rule.monthly"}, {"rule.weekly", "rule"}, {"rule[1]", "rule"}, {"other", ""}, {"", ""},
	} {
		f = f.failed(fault.Invalid("x.unknown", c.field, "bad"))
		for _, n := range f.names {
			if got := f.Wrong(n) != ""; got != (n == c.beside) {
				t.Errorf("fault at %q: beside %s %v", c.field, n, got)
			}
		}
		if got := f.General() != ""; got != (c.beside == "") {
			t.Errorf("fault at %q: in general %v", c.field, got)
		}
	}
	f = f.anew()
	if f.Wrong("name") != "" || f.General() != "" || f.Failed() {
		t.Error("a form without a fault shows one")
	}
}

func TestWhatIsNoNumber(t *testing.T) {
	for typed, want := range map[string]int{"": 0, "3.5": 350, "-1": -100, "３": 300, "1e2": 10000} {
		f := form{values: url.Values{"w": {typed}}}
		if got, err := f.hundredths("w"); err != nil || got != want {
			t.Errorf("%q is %d, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"NaN", "Inf", "-inf", "1e400", "1e8", "四", "1,5", "--1"} {
		f := form{values: url.Values{"w": {typed}}}
		if got, err := f.hundredths("w"); err == nil || fault.From(err).Field != "w" {
			t.Errorf("%q is %d, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"1e400", "99999999999", "-1e400"} {
		f := form{values: url.Values{"w": {typed}}}
		if _, err := f.hundredths("w"); !fault.Is(err, "office.decimal_range") {
			t.Errorf("%q: %v, the range is not said", typed, err)
		}
	}
}

// A row more costs the same in a small form and in a large one.
func TestFillingAFormIsLinear(t *testing.T) {
	cost := func(n int) float64 {
		var l booths.Layout
		for i := range n {
			l.Booths = append(l.Booths, booths.Booth{Code: strconv.Itoa(i), Features: []string{"power"}})
		}
		return testing.AllocsPerRun(1, func() {
			f := form{values: url.Values{}, sizes: map[string]int{}}.withLayout(l)
			if got := f.compact(boothTable); got.rows(boothTable) != n {
				t.Fatalf("%d rows of %d", got.rows(boothTable), n)
			}
		})
	}
	if few, many := cost(400), cost(1600); many > 6*few {
		t.Errorf("four times the rows are %.1f times the work", many/few)
	}
}

func TestWhatWasTypedIsKept(t *testing.T) {
	r := start(t, sqlite(t))
	var got form
	row := route{method: post, path: "/x", handle: func(c *call) error {
		got = c.form("name", "many", "text")
		return c.NoContent(http.StatusNoContent)
	}}
	b := r.browser()
	v := b.fill(b.get("/login").Body, "/login")
	v.Set("name", "  李\xff四 👵 ")
	v["many"] = []string{"a", "b"}
	v.Set("text", "one\r\ntwo")
	v.Set("else", "not asked for")
	req := httptest.NewRequest(post, "/x", strings.NewReader(v.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	u, _ := url.Parse(b.base)
	for _, k := range b.http.Jar.Cookies(u) {
		req.AddCookie(k)
	}
	if res := r.ask(row, req); res.Code != http.StatusNoContent {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	if got.Get("name") != "李\uFFFD四 👵" || !got.Chosen("many", "b") || len(got.All("many")) != 2 || got.Get("text") != "one\ntwo" || got.Get("else") != "" {
		t.Errorf("%+v", got.values)
	}
	if got.Key != v.Get(keyField) {
		t.Error("the key did not stay")
	}
	if edited := got.With("name", "x"); edited.Get("name") != "x" || edited.Key != got.Key {
		t.Error("the field was not filled in")
	}
}
