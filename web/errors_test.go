package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/fault"
)

// ask runs one handler as a route of the server and returns its answer.
func (r *rig) ask(row route, req *http.Request) *httptest.ResponseRecorder {
	row.where, row.action = nowhere, account.PublicRead
	res := httptest.NewRecorder()
	r.headers(r.newEcho(nil, []route{row})).ServeHTTP(res, req)
	return res
}

func TestOneTableFromKindToStatus(t *testing.T) {
	r := start(t, sqlite(t))
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{fault.Invalid("x.y", "name", "bad"), 422, "x.y"},
		{fault.NotFound("x.y", "", "gone"), 404, "x.y"},
		{fault.Conflict("x.y", "", "late"), 409, "x.y"},
		{fault.Conflict("idempotency.body_differs", "", "other"), 422, "idempotency.body_differs"},
		{fault.Forbidden("account.not_allowed", "", "no"), 403, "account.not_allowed"},
		{fault.Forbidden("account.sign_in", "", "who"), 401, "account.sign_in"},
		{fault.Closed("queue.sold_out", "", "over"), 409, "queue.sold_out"},
		{fault.Closed("account.too_many_attempts", "", "slow"), 429, "account.too_many_attempts"},
		{errors.New("secret cause"), 500, "internal"},
		{fault.Internal(errors.New("secret cause")), 500, "internal"},
		{db.ErrStopped, 503, "unavailable"},
		{db.ErrDisk, 503, "disk"},
		{fault.Internal(fmt.Errorf("in a transaction: %w", db.ErrDisk)), 503, "disk"},
		{context.DeadlineExceeded, 503, "unavailable"},
		{echo.ErrNotFound, 404, "request.not_found"},
	} {
		row := route{method: get, path: "/api/x", handle: func(*call) error { return c.err }}
		req := httptest.NewRequest(get, "/api/x", nil)
		req.Header.Set("Accept-Language", "en")
		res := r.ask(row, req)
		var got struct{ Error Problem }
		if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v: %v in %s", c.err, err, res.Body)
		}
		if res.Code != c.status || got.Error.Code != c.code || got.Error.Message == "" || strings.HasPrefix(got.Error.Message, "error.") {
			t.Errorf("%v: %d %+v, want %d %s", c.err, res.Code, got.Error, c.status, c.code)
		}
		if strings.Contains(res.Body.String(), "secret") {
			t.Errorf("%v: the cause is told: %s", c.err, res.Body)
		}
		if again := res.Header().Get("Retry-After"); (again != "") != (c.status == 429 || c.status == 503) {
			t.Errorf("%v: Retry-After %q", c.err, again)
		}
		row.path = "/x"
		page := r.ask(row, httptest.NewRequest(get, "/x", nil))
		if c.code == "account.sign_in" {
			if page.Code != 303 || page.Header().Get("Location") != "/login?next=%2Fx" {
				t.Errorf("a page: %d %s", page.Code, page.Header().Get("Location"))
			}
			continue
		}
		sound(t, page.Body.String())
		if page.Code != c.status || strings.Contains(page.Body.String(), "secret") {
			t.Errorf("%v as a page: %d", c.err, page.Code)
		}
	}
	if !strings.Contains(r.log.String(), "secret cause") {
		t.Error("operators do not learn the cause")
	}
	for kind := fault.KindInternal; kind <= fault.KindClosed; kind++ {
		if statusOfKind[kind] == 0 {
			t.Errorf("kind %s has no status", kind)
		}
	}
}

func TestAPanicIsOneRequestsTrouble(t *testing.T) {
	r := start(t, sqlite(t))
	res := r.ask(route{method: get, path: "/x", handle: func(*call) error { panic("secret") }}, httptest.NewRequest(get, "/x", nil))
	if res.Code != 500 || strings.Contains(res.Body.String(), "secret") || !strings.Contains(r.log.String(), "secret") {
		t.Errorf("%d %s %s", res.Code, res.Body, r.log)
	}
}

func TestBodiesOfPrograms(t *testing.T) {
	r := start(t, sqlite(t))
	row := route{method: post, path: "/api/x", handle: func(c *call) error {
		var v struct {
			Name  string `json:"name"`
			Inner struct {
				Count int `json:"count"`
			} `json:"inner"`
		}
		if err := c.json(&v); err != nil {
			return err
		}
		return c.answer(200, v)
	}}
	for _, c := range []struct {
		kind, body, code, field string
		status                  int
	}{
		{"application/json", `{"name":"x","inner":{"count":2}}`, "", "", 200},
		{"application/json; charset=UTF-8", `{}`, "", "", 200},
		{"application/json; charset=gbk", `{}`, "request.media", "", 415},
		{"text/plain", `{}`, "request.media", "", 415},
		{"", `{}`, "request.media", "", 415},
		{"application/x-www-form-urlencoded", `name=x`, "request.media", "", 415},
		{"application/json", ``, "request.syntax", "", 400},
		{"application/json", `{"name":"x"`, "request.syntax", "", 400},
		{"application/json", `{"name":"x"} {}`, "request.syntax", "", 400},
		{"application/json", `{"name":7}`, "request.syntax", "name", 400},
		{"application/json", `{"inner":{"count":"two"}}`, "request.syntax", "inner.count", 400},
		{"application/json", `{"nmae":"x"}`, "request.syntax", "nmae", 400},
		{"application/json", `{"name":"` + strings.Repeat("x", bodyLimit) + `"}`, "request.too_large", "", 413},
	} {
		req := httptest.NewRequest(post, "/api/x", strings.NewReader(c.body))
		req.Header.Set("Content-Type", c.kind)
		res := r.ask(row, req)
		var got struct{ Error Problem }
		_ = json.Unmarshal(res.Body.Bytes(), &got)
		if res.Code != c.status || got.Error.Code != c.code || got.Error.Field != c.field {
			t.Errorf("%s %.40s: %d %+v, want %d %s at %q", c.kind, c.body, res.Code, got.Error, c.status, c.code, c.field)
		}
	}
	// A body that does not say how large it is.
	req := httptest.NewRequest(post, "/api/x", strings.NewReader(`{"name":"`+strings.Repeat("x", bodyLimit)+`"}`))
	req.ContentLength = -1
	req.Header.Set("Content-Type", "application/json")
	if res := r.ask(row, req); res.Code != 413 {
		t.Errorf("a long body of unknown length: %d", res.Code)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"name":"x","tags":["a"]}`, `{"name":1}`, `[]`, `{"name":"\ud800"}`, `{`, "\xff", `{"a":{}}`} {
		f.Add(s)
	}
	e := echo.New()
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequest(post, "/api/x", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		c := &call{Context: e.NewContext(req, httptest.NewRecorder())}
		var v struct {
			Name string   `json:"name"`
			Tags []string `json:"tags"`
		}
		if err := c.json(&v); err != nil && statusOf(faultOf(err)) != 400 {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestKeysOfCommands(t *testing.T) {
	for k, good := range map[string]bool{"": false, "a": true, strings.Repeat("k", 128): true, strings.Repeat("k", 129): false, "a b": false, "é": false} {
		req := httptest.NewRequest(post, "/api/x", nil)
		req.Header.Set("Idempotency-Key", k)
		c := &call{Context: echo.New().NewContext(req, httptest.NewRecorder())}
		if _, err := c.key(); (err == nil) != good {
			t.Errorf("key %q: %v", k, err)
		}
	}
}
