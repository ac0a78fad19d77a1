package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

func TestEveryRouteHasItsRowAndItsAction(t *testing.T) {
	r := start(t, dbtest.Open(t, dbtest.SQLite(t), nil))
	rows := map[string]bool{}
	for _, row := range r.routes() {
		at := row.method + " " + row.path
		if rows[at] {
			t.Errorf("%s stands twice in the table", at)
		}
		rows[at] = true
		if !account.Listed(row.action) {
			t.Errorf("%s: the policy has no row for action %q", at, row.action)
		}
		if row.where == nil || row.handle == nil {
			t.Errorf("%s: scope or handler is missing", at)
		}
		if strings.Contains(row.path, ":community") && !account.Public(row.action) && isNowhere(row.where) {
			t.Errorf("%s names a community, but its scope does not look at it", at)
		}
		if row.method != get && account.Public(row.action) && row.action == account.PublicRead {
			t.Errorf("%s changes something as %s", at, row.action)
		}
	}
	for _, e := range r.echo.Routes() {
		if e.Method != http.MethodHead && !rows[e.Method+" "+e.Path] {
			t.Errorf("%s %s is served without a row", e.Method, e.Path)
		}
	}
}

func isNowhere(where scope) bool {
	c := &call{}
	defer func() { _ = recover() }() // the others need a server
	return where(c) == nil
}

// Every route × every kind of actor × own and foreign community and partner:
// the answer is exactly what the policy says. The handlers are taken away, so
// that the test may ask everything; one database is enough for a policy.
func TestEveryRouteForEverybody(t *testing.T) {
	r := start(t, dbtest.Open(t, dbtest.SQLite(t), nil))
	own, other := r.community("own"), r.community("other")
	const myPartner, otherPartner = "aaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbb"
	rows := r.routes()
	for i := range rows {
		rows[i].handle = func(c *call) error { return c.NoContent(http.StatusNoContent) }
	}
	r.Server.door.limits.Off = true
	bare := r.newEcho(nil, rows)
	actors := map[string]account.Role{
		"nobody": {}, "admin": {Kind: account.Admin},
		"organizer": {Kind: account.Organizer, CommunityID: own.ID},
		"desk":      {Kind: account.Desk, CommunityID: own.ID},
		"kiosk":     {Kind: account.Kiosk, CommunityID: own.ID},
		"partner":   {Kind: account.Partner, CommunityID: own.ID, PartnerID: myPartner},
	}
	for name, role := range actors {
		token, actor := "", account.Actor{}
		if role.Kind != "" {
			token = r.token(role)
			actor = account.Actor{PersonID: "x", Roles: []account.Role{role}}
		}
		for _, row := range rows {
			for _, community := range []string{own.Slug, other.ID} {
				for _, partner := range []string{myPartner, otherPartner} {
					path := fillPath(row.path, community, partner)
					req := r.asked(row.method, path, token)
					res := httptest.NewRecorder()
					bare.ServeHTTP(res, req)
					to := account.Object{CommunityID: map[string]string{own.Slug: own.ID}[community], PartnerID: partner}
					if community == other.ID {
						to.CommunityID = other.ID
					}
					judge(t, name+" "+row.method+" "+path, row, account.Allow(actor, row.action, to) == nil, res)
				}
			}
		}
	}
}

// What is no text in an address is no address: for every parameter of every
// route, also where a database would stumble over it.
func TestNoAddressHasControlCharacters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		own := r.community("own")
		r.Server.door.limits.Off = true
		token := r.token(account.Role{Kind: account.Admin})
		asked := 0
		for _, row := range r.routes() {
			parts := strings.Split(row.path, "/")
			for i, p := range parts {
				if !strings.HasPrefix(p, ":") {
					continue
				}
				for _, odd := range []string{"%00", "a%1B", "%C2%85", "%FF"} {
					with := slices.Clone(parts)
					with[i] = odd
					path := fillPath(strings.Join(with, "/"), own.Slug, "bbbbbbbbbbbbbbbbbbbbbbbbbb")
					res := httptest.NewRecorder()
					r.Handler().ServeHTTP(res, r.asked(row.method, path, token))
					if asked++; res.Code != http.StatusNotFound {
						t.Errorf("%s %s: %d", row.method, path, res.Code)
					}
				}
			}
			if !strings.HasPrefix(row.path, apiRoot) {
				res := httptest.NewRecorder()
				r.Handler().ServeHTTP(res, r.asked(row.method, strings.Split(fillPath(row.path, own.Slug, "bbbbbbbbbbbbbbbbbbbbbbbbbb"), "?")[0]+"?partner=%00&back=%00&claim=%00&next=%00&q=%00", token))
				if res.Code >= 500 {
					t.Errorf("%s %s?partner=%%00: %d", row.method, row.path, res.Code)
				}
			}
		}
		if asked < 500 {
			t.Errorf("only %d addresses", asked)
		}
	})
}

// judge compares an answer with what the policy says. A line that does not
// exist is not found, whoever asks.
func judge(t *testing.T, what string, row route, allowed bool, res *httptest.ResponseRecorder) {
	t.Helper()
	refused := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	toLogin := res.Code == http.StatusSeeOther && strings.HasPrefix(res.Header().Get("Location"), "/login")
	switch {
	case allowed && res.Code == http.StatusNotFound && strings.Contains(row.path, ":line"):
	case allowed && res.Code != http.StatusNoContent:
		t.Errorf("%s (%s): %d, the policy allows it", what, row.action, res.Code)
	case !allowed && !toLogin && !slices.Contains(refused, res.Code):
		t.Errorf("%s (%s): %d, the policy denies it", what, row.action, res.Code)
	}
}

func fillPath(pattern, community, partner string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		switch {
		case p == ":community":
			parts[i] = community
		case p == ":partner":
			parts[i] = partner
		case strings.HasPrefix(p, ":"):
			parts[i] = "cccccccccccccccccccccccccc"
		}
	}
	path := strings.Join(parts, "/")
	if !strings.Contains(pattern, ":partner") {
		path += "?partner=" + partner
	}
	return path
}

// asked makes a request that passes everything but, perhaps, the policy.
func (r *rig) asked(method, path, token string) *http.Request {
	req := httptest.NewRequest(method, path, nil)
	if token != "" {
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: token})
	}
	if method == get {
		return req
	}
	secret := db.NewID()
	ec := r.echo.NewContext(httptest.NewRequest(get, "/", nil), httptest.NewRecorder())
	c := &call{Context: ec, server: r.Server}
	c.Request().AddCookie(&http.Cookie{Name: formCookie, Value: secret})
	kind, body := "application/x-www-form-urlencoded", tokenField+"="+c.formToken()
	if strings.HasPrefix(path, "/api/") {
		kind, body = "application/json", "{}"
	}
	post := httptest.NewRequest(method, path, strings.NewReader(body))
	post.Header.Set("Content-Type", kind)
	post.Header.Set("Idempotency-Key", "k")
	for _, k := range req.Cookies() {
		post.AddCookie(k)
	}
	post.AddCookie(&http.Cookie{Name: formCookie, Value: secret})
	return post
}
