package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/scheduler"
)

// premises is an open market day with an id of everything the API's paths name,
// and another community with its own.
type premises struct {
	*fair
	own, other map[string]string // path parameter → value
	programs   map[string]*program
}

func newPremises(t *testing.T, f *fair) *premises {
	g := &premises{fair: f, programs: map[string]*program{}}
	line := f.opened()["血压"]
	claim := f.claim(f.doctors)
	ticket := f.number(line.ID)
	g.own = map[string]string{
		"community": f.place.Slug, "market": f.market.Slug, "day": f.day.ID, "line": line.ID, "partner": f.doctors.ID, "claim": claim.ID,
		"booth": claim.Holding.BoothID, "assignment": claim.Holding.ID, "offer": db.NewID(), "delivery": db.NewID(), "date": "2026-12-19",
		"ticket": ticket, "token": db.NewID(), "block": db.NewID(),
	}
	g.other = g.elsewhere()
	organizer := account.Role{Kind: account.Organizer, CommunityID: f.place.ID}
	g.programs["nobody"], g.programs["organizer"], g.programs["admin"] = f.program(), f.with(organizer), f.with(account.Role{Kind: account.Admin})
	return g
}

// number takes a number and returns its handle.
func (f *fair) number(line string) string {
	f.t.Helper()
	var t struct {
		Handle string `json:"handle"`
	}
	f.program().must(201, post, "/days/"+f.day.ID+"/lines/"+line+"/tickets", map[string]any{}, &t)
	return t.Handle
}

// elsewhere is another community with a market, a day and a partner of its own.
func (g *premises) elsewhere() map[string]string {
	g.t.Helper()
	c := g.community("elsewhere")
	rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-11-20"]}`))
	g.ok(err)
	m, err := g.Scheduler.SaveMarket(g.t.Context(), scheduler.Market{CommunityID: c.ID, Slug: "theirs", Name: "别处", Venue: "别处", Rule: rule, Opens: 540, Closes: 600})
	g.ok(err)
	g.tick()
	day, err := g.Scheduler.NextDay(g.t.Context(), c.ID, m.ID)
	g.ok(err)
	return map[string]string{"community": c.Slug, "market": m.ID, "day": day.ID}
}

// pathOf fills a row's path from one of several sets of values, in their order.
func pathOf(e endpoint, values ...map[string]string) string {
	parts := strings.Split(e.path, "/")
	for i, p := range parts {
		name, ok := strings.CutPrefix(p, ":")
		if !ok {
			continue
		}
		for _, v := range values {
			if v[name] != "" {
				parts[i] = v[name]
				break
			}
		}
	}
	return strings.Join(parts, "/")
}

// able is somebody whom the policy lets do it here.
func (g *premises) able(e endpoint) *program {
	if e.action == account.CommunityCreate {
		return g.programs["admin"]
	}
	return g.programs["organizer"]
}

// samples are bodies that are right, for every row that needs one.
var samples = map[string]string{
	"POST /sessions":                                                 `{"email":"a@example.org","password":"x"}`,
	"POST /preview":                                                  `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01"}`,
	"POST /communities":                                              `{"slug":"new","name":"新"}`,
	"PUT /communities/:community":                                    `{"name":"x"}`,
	"POST /communities/:community/invitations":                       `{"role":"desk"}`,
	"POST /communities/:community/markets":                           `{"slug":"x","name":"x","venue":"x","rule":{"monthly":{"days":[19]}},"opens":"09:00","closes":"11:00"}`,
	"PUT /communities/:community/markets/:market":                    `{"slug":"m","name":"x","venue":"x","rule":{"dates":["2026-11-19","2026-12-19"]},"opens":"09:00","closes":"11:30"}`,
	"POST /communities/:community/markets/:market/preview":           `{"slug":"m","name":"x","venue":"x","rule":{"dates":["2026-11-19"]},"opens":"09:00","closes":"11:30"}`,
	"POST /communities/:community/markets/:market/exceptions":        `{"kind":"skip","date":"2026-12-19","why":"x"}`,
	"PUT /communities/:community/markets/:market/layout":             `{"zones":[],"booths":[]}`,
	"POST /communities/:community/days/:day/cancel":                  `{"why":"x"}`,
	"POST /communities/:community/days/:day/undo":                    `{"step":"open"}`,
	"POST /communities/:community/days/:day/move":                    `{"why":"x","to":"2026-11-21"}`,
	"POST /communities/:community/partners":                          `{"name":"x","kind":"individual","services":[{"name":"x","kind":"person","minutes":3}]}`,
	"PUT /communities/:community/partners/:partner":                  `{"name":"x","kind":"individual","services":[{"name":"x","kind":"person","minutes":3}]}`,
	"PUT /communities/:community/partners/:partner/standing/:market": `{"items":[]}`,
	"POST /communities/:community/days/:day/override":                `{"claim":"x","reason":"x"}`,
	"POST /communities/:community/days/:day/claims":                  `{"partner":"x"}`,
	"POST /communities/:community/days/:day/booths/:booth/claim":     `{"partner":"x"}`,
	"POST /communities/:community/subscriptions":                     `{"market":"m","email":"a@example.org","closing":true}`,
	"POST /confirmations":                                            `{"token":"x"}`,
	"POST /communities/:community/lines/:line/void":                  `{"first":1}`,
	"POST /communities/:community/lines/:line/undo":                  `{"move":1}`,
	"POST /communities/:community/lines/:line/unvoid":                `{"void":"x"}`,
	"POST /communities/:community/parked/replay":                     `{"consumer":"queue","key":"x"}`,
	"POST /communities/:community/lines/:line/stock":                 `{"pieces":1}`,
	"POST /communities/:community/lines/:line/blocks":                `{"device":"x","size":1}`,
	"POST /communities/:community/lines/:line/takeback":              `{"key":"x"}`,
	"POST /communities/:community/blocks/:block/slips":               `{"device":"x","slips":[]}`,
	"POST /communities/:community/blocks/:block/end":                 `{"device":"x"}`,
}

var ticketVerbs = []string{"serve", "recall", "missed", "accept", "ready"}

func sampleOf(e endpoint) string {
	if s, ok := samples[e.method+" "+e.path]; ok {
		return s
	}
	for _, v := range ticketVerbs {
		if strings.HasSuffix(e.path, "/:line/"+v) {
			return `{"ticket":"x"}`
		}
	}
	return `{}`
}

// Every row × a field we do not know, of the wrong type, null, missing, given
// twice, in other capitals, and text that is no JSON: refused, naming the field.
func TestEveryRowRefusesWrongInput(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		g := newPremises(t, f)
		for _, e := range g.endpoints() {
			if e.method == get {
				g.wrongQueries(e)
				continue
			}
			fields := fieldsOf(e.do.in)
			g.refused(e, `{"nonsense":1}`, "nonsense", 400)
			g.refused(e, `[]`, "", 400)
			g.refused(e, `{"`, "", 400)
			g.refused(e, `{} {}`, "", 400)
			for _, m := range fields {
				g.wrongMember(e, m)
			}
		}
	})
}

func (g *premises) wrongMember(e endpoint, m member) {
	g.t.Helper()
	good := map[string]json.RawMessage{}
	g.ok(json.Unmarshal([]byte(sampleOf(e)), &good))
	without := map[string]json.RawMessage{}
	for name, v := range good {
		if name != m.name {
			without[name] = v
		}
	}
	wrong := `7`
	switch m.of.Type.Kind() {
	case reflect.Int, reflect.Int64, reflect.Bool:
		wrong = `"x"`
	}
	for _, v := range []string{wrong, `null`} {
		without[m.name] = json.RawMessage(v)
		raw, _ := json.Marshal(without)
		g.refused(e, string(raw), m.name, 400, 422)
	}
	delete(without, m.name)
	if m.required {
		raw, _ := json.Marshal(without)
		g.refused(e, string(raw), m.name, 422)
	}
	value := string(good[m.name])
	if value == "" {
		value = wrong
	}
	if kind := m.of.Type.Kind(); kind != reflect.Int && kind != reflect.Int64 && kind != reflect.Bool {
		for _, nul := range []string{`"a\u0000"`, `"\\\u0000"`, `{"\u0000":["\u0000"]}`} {
			without[m.name] = json.RawMessage(nul)
			raw, _ := json.Marshal(without)
			g.refused(e, string(raw), m.name, 400)
		}
	}
	g.refused(e, fmt.Sprintf(`{%q:%s,%q:%s}`, m.name, value, m.name, value), m.name, 400)
	g.refused(e, fmt.Sprintf(`{%q:%s}`, strings.ToUpper(m.name), value), strings.ToUpper(m.name), 400)
}

func (g *premises) wrongQueries(e endpoint) {
	g.t.Helper()
	at := pathOf(e, g.own)
	ask := func(query, field string) {
		g.t.Helper()
		r := g.able(e).ask(get, at+"?"+query, nil)
		if (r.Status != 400 && r.Status != 422) || r.Problem.Field != field {
			g.t.Errorf("%s?%s: %d, field %q, want 400 or 422 about %q", e.path, query, r.Status, r.Problem.Field, field)
		}
	}
	ask("nonsense=1", "nonsense")
	for _, m := range fieldsOf(e.do.in) {
		ask(m.name+"=1&"+m.name+"=1", m.name)
		ask(m.name+"=%00", m.name)
		if m.of.Type.Kind() == reflect.Int {
			ask(m.name+"=x", m.name)
			ask(m.name+"=-1", m.name)
			ask(m.name+"=100000", m.name)
		}
		if m.of.Tag.Get("format") != "" || m.of.Tag.Get("enum") != "" {
			ask(m.name+"=tomorrow", m.name)
		}
	}
}

// refused sends a body and wants one of the statuses and the field named.
func (g *premises) refused(e endpoint, body, field string, statuses ...int) {
	g.t.Helper()
	r := g.able(e).ask(e.method, pathOf(e, g.own), []byte(body), db.NewID())
	named := r.Problem.Field == field || strings.HasPrefix(r.Problem.Field, field+".") || strings.HasPrefix(r.Problem.Field, field+"[")
	if !slices.Contains(statuses, r.Status) || (field != "" && !named) || r.Problem.Reason == "" {
		g.t.Errorf("%s %s %s: %d %q about %q, want %v about %q", e.method, e.path, body, r.Status, r.Problem.Code, r.Problem.Field, statuses, field)
	}
}

// Nobody and somebody of another community: the policy answers before anything
// else; ids of another community are not found.
func TestEveryRowRefusesForeigners(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		g := newPremises(t, f)
		before := g.dump()
		for _, e := range g.endpoints() {
			if account.Public(e.action) {
				continue
			}
			body, what := []byte(sampleOf(e)), e.method+" "+e.path
			if e.method == get {
				body = nil
			}
			if r := g.programs["nobody"].ask(e.method, pathOf(e, g.own), body, db.NewID()); r.Status != 401 || r.Problem.Code != "account.sign_in" {
				t.Errorf("%s by nobody: %d %s", what, r.Status, r.Problem.Code)
			}
			if !strings.Contains(e.path, ":community") {
				continue
			}
			// An organizer of another community asks for ours, and for theirs with ids of ours.
			stranger := g.with(account.Role{Kind: account.Organizer, CommunityID: g.elsewhereID()})
			if r := stranger.ask(e.method, pathOf(e, g.own), body, db.NewID()); r.Status != 403 {
				t.Errorf("%s by a stranger: %d %s", what, r.Status, r.Raw)
			}
			if strings.Count(e.path, ":") < 2 {
				continue
			}
			theirs := map[string]string{"community": "elsewhere", "market": f.market.ID}
			if r := stranger.ask(e.method, pathOf(e, theirs, g.own), body, db.NewID()); r.Status != 404 {
				t.Errorf("%s with ids of another community: %d %s", what, r.Status, r.Raw)
			}
		}
		if after := g.dump(); after != before {
			t.Error("a refused request changed something")
		}
	})
}

func (g *premises) elsewhereID() string {
	g.t.Helper()
	c, err := g.Scheduler.CommunityBySlug(g.t.Context(), "elsewhere")
	g.ok(err)
	return c.ID
}

// dump is all there is but people, who come in for this test.
func (g *premises) dump() string {
	g.t.Helper()
	var out []string
	g.ok(g.db.View(g.t.Context(), func(tx *db.Tx) error {
		out = nil
		for _, table := range []string{"communities", "markets", "market_days", "booths_partners", "booths_claims", "booths_assignments", "queue_lines", "queue_tickets", "notify_subscriptions", "commands"} {
			var n int
			if err := tx.Get(&n, `SELECT COUNT(*) FROM `+table); err != nil {
				return err
			}
			out = append(out, fmt.Sprint(table, n))
		}
		var versions []string
		err := tx.Select(&versions, `SELECT id || version FROM queue_lines ORDER BY id`)
		out = append(out, versions...)
		return err
	}))
	return strings.Join(out, " ")
}

// Commands that create something need a key, and every key must be a sound one.
func TestKeysOfTheAPI(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		g := newPremises(t, f)
		keyed := 0
		for _, e := range g.endpoints() {
			if e.method == get {
				continue
			}
			at, body := pathOf(e, g.own), []byte(sampleOf(e))
			if e.keyed {
				keyed++
				if r := g.able(e).ask(e.method, at, body); r.Status != 400 || r.Problem.Code != "request.key" || r.Problem.Field != "Idempotency-Key" {
					t.Errorf("%s %s without a key: %d %+v", e.method, e.path, r.Status, r.Problem)
				}
			}
			if r := g.able(e).ask(e.method, at, body, strings.Repeat("k", 129)); r.Status != 400 || r.Problem.Code != "request.key" {
				t.Errorf("%s %s with a key too long: %d %+v", e.method, e.path, r.Status, r.Problem)
			}
		}
		if keyed < 4 {
			t.Errorf("%d commands need a key", keyed)
		}
	})
}

// What goes wrong for reasons of its own: status, code and field.
func TestRefusalsOfTheAPI(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		g := newPremises(t, f)
		tickets := "/days/" + f.day.ID + "/lines/" + g.own["line"] + "/tickets"
		markets := "/communities/" + f.place.Slug + "/markets"
		for _, c := range []struct {
			by, path, body string
			status         int
			code, field    string
		}{
			{"nobody", tickets, `{"visitor":"me"}`, 422, "request.visitor", "visitor"},
			{"nobody", tickets, `{"via":"desk"}`, 401, "account.sign_in", ""},
			{"nobody", tickets, `{"proxy":true}`, 401, "account.sign_in", ""},
			{"organizer", tickets, `{"via":"pigeon"}`, 422, "queue.via_unknown", "via"},
			{"nobody", "/days/" + db.NewID() + "/lines/x/tickets", `{}`, 404, "market_day.unknown", "day"},
			{"nobody", "/days/" + f.day.ID + "/check-in", `{"visitor":"me"}`, 422, "request.visitor", "visitor"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[32]}},"from":"2026-01-01"}`, 422, "", "rule.monthly.days[0]"},
			{"nobody", "/preview", `{"rule":{"cron":"TZ=0 0 9 * * *"},"from":"2026-01-01"}`, 422, "", "rule.cron"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"soon"}`, 422, "", "from"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","holiday":"party"}`, 422, "", "holiday"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","timezone":"Mars/Base"}`, 422, "", "timezone"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","count":100000}`, 422, "preview.count", "count"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","exceptions":[{"kind":"extra","date":"2026-01-25","why":"x"},{"kind":"extra","date":"2026-01-25","why":"y"}]}`, 422, "exception.twice", "exceptions[1].date"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","exceptions":[{"kind":"move","date":"2026-01-19","to":"2026-02-19","why":"x"}]}`, 409, "exception.taken", "exceptions[0].to"},
			{"nobody", "/preview", `{"rule":{"monthly":{"days":[19]}},"from":"2026-01-01","exceptions":[{"kind":"party","date":"2026-01-19","why":"x"}]}`, 422, "request.exception_kind", "exceptions[0].kind"},
			{"organizer", markets, `{"slug":"x","name":"x","venue":"x","rule":{"monthly":{"days":[19]}},"opens":"25:00","closes":"11:00"}`, 422, "", "opens"},
			{"organizer", markets, `{"slug":"x","name":"x","venue":"x","rule":{"monthly":{"days":[19]}},"opens":"09:00","closes":"11:00","leads":{"plan":1}}`, 400, "request.syntax", "leads.plan"},
			{"organizer", "/communities/" + f.place.Slug + "/invitations", `{"role":"emperor"}`, 422, "account.role_kind", "role"},
			{"organizer", "/communities/" + f.place.Slug + "/invitations", `{"role":"partner","partner":"x"}`, 404, "partner.unknown", "partner"},
			{"organizer", "/communities/" + f.place.Slug + "/days/" + f.day.ID + "/claims", `{}`, 422, "request.missing", "partner"},
			{"organizer", "/communities/" + f.place.Slug + "/days/" + f.day.ID + "/move", `{"to":"2026-11-20","why":"x"}`, 409, "", "day"},
			{"nobody", "/communities/" + f.place.Slug + "/subscriptions", `{"email":"a@example.org","closing":true}`, 422, "request.missing", "market"},
			{"nobody", "/communities/" + f.place.Slug + "/subscriptions", `{"market":"m","email":"nobody","closing":true}`, 422, "notify.email_form", "email"},
			{"nobody", "/communities/nowhere/subscriptions", `{"market":"m","email":"a@example.org","closing":true}`, 404, "community.unknown", ""},
			{"nobody", "/sessions", `{"email":"a@example.org","password":"x"}`, 401, "account.login_failed", ""},
		} {
			r := g.programs[c.by].ask(post, c.path, []byte(c.body), db.NewID())
			if r.Status != c.status || (c.code != "" && r.Problem.Code != c.code) || (c.field != "" && r.Problem.Field != c.field) {
				t.Errorf("%s %s: %d %s about %q, want %d %s about %q", c.path, c.body, r.Status, r.Problem.Code, r.Problem.Field, c.status, c.code, c.field)
			}
		}
	})
}
