package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"yiji/internal/account"
)

// Every route of /api/ is in the document and the other way round.
func TestDocumentAndRoutesAreTheSame(t *testing.T) {
	r := start(t, sqlite(t))
	c := r.contract()
	described, routed := map[string]bool{}, map[string]bool{}
	for path, item := range c.doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, e := range r.echo.Routes() {
		if strings.HasPrefix(e.Path, "/api/") && e.Method != http.MethodHead {
			routed[e.Method+" "+docPath(e.Path)] = true
		}
	}
	if !maps.Equal(described, routed) {
		t.Errorf("described and routed differ:\n%v\n%v", slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(routed)))
	}
	if len(routed) < 50 {
		t.Errorf("only %d routes", len(routed))
	}
}

// The document is whole: every operation is named once, says who may, and
// every schema in it can be compiled; none is one that nothing fits.
func TestDocumentIsWhole(t *testing.T) {
	r := start(t, sqlite(t))
	c := r.contract()
	if v := c.doc["openapi"]; v != "3.1.0" {
		t.Errorf("openapi %v", v)
	}
	names := map[string]string{}
	for path, item := range c.doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := op.(map[string]any)
			id, _ := o["operationId"].(string)
			if id == "" || names[id] != "" {
				t.Errorf("%s %s: operationId %q is missing or also that of %s", method, path, id, names[id])
			}
			names[id] = method + " " + path
			if o["summary"] == "" || o["security"] == nil {
				t.Errorf("%s %s has no summary or does not say who may", method, path)
			}
			params := fmt.Sprint(o["parameters"])
			for _, part := range strings.Split(path, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok && !strings.Contains(params, "name:"+strings.TrimSuffix(name, "}")) {
					t.Errorf("%s %s does not describe %s", method, path, part)
				}
			}
		}
	}
	for name, schema := range c.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if strings.Contains(fmt.Sprint(schema), "has no schema") {
			t.Errorf("%s has a member that JSON cannot say: %v", name, schema)
		}
		if _, err := c.compiler.Compile(contractURL + pointer("components", "schemas", name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is secret is in no answer: nothing the document describes carries a
// contact or an address, and only those who hold a ticket read its handle.
func TestNoAnswerHasAContact(t *testing.T) {
	r := start(t, sqlite(t))
	s := schemas{defs: object{}}
	for _, e := range r.endpoints() {
		if e.do.out != typeOfNone {
			s.of(e.do.out)
		}
	}
	for name, schema := range s.defs {
		for member := range schema.(object)["properties"].(object) {
			for _, secret := range []string{"contact", "telephone", "email", "password", "secret"} {
				if strings.Contains(strings.ToLower(member), secret) {
					t.Errorf("%s answers %s", name, member)
				}
			}
		}
	}
}

func TestTheControlOfTheDocument(t *testing.T) {
	c := start(t, sqlite(t)).contract()
	at := pointer("components", "schemas", "DaysQuery")
	if err := c.validate(at, []byte(`{}`)); err == nil {
		t.Error("a schema that is not there was compiled")
	}
	at = pointer("components", "schemas", "LineAnswer")
	if err := c.validate(at, []byte(`{"id":"x"}`)); err == nil {
		t.Error("members are missing and the document does not mind")
	}
	for _, wrong := range []string{`{"token":7}`, `{"token":"x","more":1}`, `[]`} {
		if err := c.validate(pointer("components", "schemas", "Session"), []byte(wrong)); err == nil {
			t.Errorf("the document lets %s pass", wrong)
		}
	}
}

// An error's message is in the language the caller asks for, whoever is logged
// in; its reason is English, as the document says.
func TestErrorsSpeakTheCallersLanguage(t *testing.T) {
	r := start(t, sqlite(t))
	k := r.community("here")
	p := r.with(account.Role{Kind: account.Organizer, CommunityID: k.ID})
	reasons := map[string]bool{}
	for lang, says := range map[string]string{"en": "There is no such", "zh-TW": "沒有", "zh-CN": "没有", "": "没有"} {
		p.lang = lang
		a := p.ask(http.MethodGet, "/communities/here/partners/aaaaaaaaaaaaaaaaaaaaaaaaaa", nil)
		if a.Status != 404 || !strings.Contains(a.Problem.Message, says) {
			t.Errorf("%q reads %+v", lang, a.Problem)
		}
		reasons[a.Problem.Reason] = true
	}
	if len(reasons) != 1 || !reasons["there is no such partner in this community"] {
		t.Errorf("%v", reasons)
	}
	// Who sends too much is known all the same: without a wish in the request it
	// is the language they chose for themselves.
	a, err := r.Account.ActorBySession(t.Context(), p.token)
	if err == nil {
		err = r.Account.Edit(t.Context(), a, account.Profile{Name: "Wang", Lang: "en"})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.lang = ""
	if a := p.ask(http.MethodPut, "/communities/here", map[string]any{"name": strings.Repeat("x", bodyLimit)}); a.Status != 413 || a.Problem.Message != "What was sent is too large: at most 64 KB." {
		t.Errorf("too large: %d %+v", a.Status, a.Problem)
	}
	problem := fmt.Sprint(r.contract().doc["components"].(map[string]any)["schemas"].(map[string]any)["Problem"])
	for _, s := range []string{"Accept-Language", "always in English"} {
		if !strings.Contains(problem, s) {
			t.Errorf("the document does not say %q: %s", s, problem)
		}
	}
}
