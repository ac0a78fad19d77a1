package web

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"yiji/internal/account"
	"yiji/internal/db"
)

// contract is the served OpenAPI document with the schemas it speaks of. All
// servers serve the same, so it is compiled once.
type contract struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
}

const contractURL = "https://example.org/openapi.json"

var theContract struct {
	sync.Mutex
	raw []byte
	of  *contract
}

// contract reads the document as a program would.
func (r *rig) contract() *contract {
	r.t.Helper()
	res := httptest.NewRecorder()
	r.Handler().ServeHTTP(res, httptest.NewRequest(get, apiRoot+"/openapi.json", nil))
	if res.Code != http.StatusOK {
		r.t.Fatalf("openapi.json: %d %s", res.Code, res.Body)
	}
	theContract.Lock()
	defer theContract.Unlock()
	if theContract.of != nil && bytes.Equal(theContract.raw, res.Body.Bytes()) {
		return theContract.of
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(res.Body.Bytes()))
	if err != nil {
		r.t.Fatal(err)
	}
	c := &contract{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(contractURL, doc); err != nil {
		r.t.Fatal(err)
	}
	theContract.raw, theContract.of = res.Body.Bytes(), c
	return c
}

// operation finds what the document says about a request; "" is not described.
func (c *contract) operation(method, path string) (template string, op map[string]any) {
	path, _, _ = strings.Cut(path, "?")
	asked := strings.Split(path, "/")
	best := -1
	for _, t := range slices.Sorted(maps.Keys(c.doc["paths"].(map[string]any))) {
		item := c.doc["paths"].(map[string]any)[t].(map[string]any)
		parts := strings.Split(t, "/")
		if item[strings.ToLower(method)] == nil || len(parts) != len(asked) {
			continue
		}
		same := 0
		for i, p := range parts {
			switch {
			case p == asked[i]:
				same++
			case !strings.HasPrefix(p, "{"):
				same = -1000
			}
		}
		if same > best {
			best, template, op = same, t, item[strings.ToLower(method)].(map[string]any)
		}
	}
	return template, op
}

// pointer is a place in the document.
func pointer(parts ...string) string {
	for i, p := range parts {
		parts[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
	}
	return "#/" + strings.Join(parts, "/")
}

func (c *contract) validate(at string, raw []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	schema, ok := c.schemas[at]
	if !ok {
		var err error
		if schema, err = c.compiler.Compile(contractURL + at); err != nil {
			return err
		}
		c.schemas[at] = schema
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// program is somebody at the API.
type program struct {
	t     *testing.T
	base  string
	token string
	lang  string
	from  string // address a proxy says, "" for none
	*contract
}

// program begins with a session's token, or without.
func (r *rig) program(token ...string) *program {
	r.t.Helper()
	return &program{t: r.t, base: r.http.URL, token: strings.Join(token, ""), lang: "en", contract: r.contract()}
}

// with is a program of somebody with a role.
func (r *rig) with(role account.Role) *program { return r.program(r.token(role)) }

// reply is what a program got.
type reply struct {
	Status  int
	Raw     []byte
	Problem Problem
	Header  http.Header
}

// ask sends a request below /api/v1 and holds what was asked and answered
// against the document. The body is any value or, as []byte, the very bytes.
func (p *program) ask(method, path string, body any, key ...string) reply {
	p.t.Helper()
	raw, ok := body.([]byte)
	if body != nil && !ok {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			p.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, p.base+apiRoot+path, bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", p.lang)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	if len(key) > 0 {
		req.Header.Set("Idempotency-Key", key[0])
	}
	if p.from != "" {
		req.Header.Set("X-Forwarded-For", p.from)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	r := reply{Status: res.StatusCode, Raw: answer, Header: res.Header}
	p.judge(req, raw, &r)
	return r
}

// judge compares a request and its answer with the document.
func (p *program) judge(req *http.Request, body []byte, r *reply) {
	p.t.Helper()
	what := req.Method + " " + req.URL.Path
	template, op := p.operation(req.Method, req.URL.Path)
	if op == nil {
		p.t.Errorf("%s is not in the document", what)
		return
	}
	method := strings.ToLower(req.Method)
	if r.Status >= 400 {
		if err := p.validate(pointer("components", "responses", "Problem", "content", "application/json", "schema"), r.Raw); err != nil {
			p.t.Errorf("%s: %d is no problem of the document: %v\n%s", what, r.Status, err, r.Raw)
		}
		var answer problemAnswer
		_ = json.Unmarshal(r.Raw, &answer)
		r.Problem = answer.Error
		return
	}
	responses := op["responses"].(map[string]any)
	described, ok := responses[strconv.Itoa(r.Status)].(map[string]any)
	switch {
	case !ok:
		p.t.Errorf("%s: answered %d, the document knows %v", what, r.Status, slices.Sorted(maps.Keys(responses)))
	case described["content"] == nil && len(r.Raw) > 0:
		p.t.Errorf("%s: an answer where none is described: %s", what, r.Raw)
	case described["content"] != nil:
		if err := p.validate(pointer("paths", template, method, "responses", strconv.Itoa(r.Status), "content", "application/json", "schema"), r.Raw); err != nil {
			p.t.Errorf("%s: the answer is not what the document says: %v\n%s", what, err, r.Raw)
		}
	}
	p.judgeRequest(req, op, template, body)
}

// judgeRequest: what was accepted must be what the document allows.
func (p *program) judgeRequest(req *http.Request, op map[string]any, template string, body []byte) {
	p.t.Helper()
	what := req.Method + " " + req.URL.Path
	if op["requestBody"] != nil && len(body) > 0 {
		if err := p.validate(pointer("paths", template, strings.ToLower(req.Method), "requestBody", "content", "application/json", "schema"), body); err != nil {
			p.t.Errorf("%s accepted what the document does not allow: %v\n%s", what, err, body)
		}
	}
	if op["requestBody"] == nil && len(body) > 0 && string(body) != "{}" {
		p.t.Errorf("%s accepted a body that the document does not know: %s", what, body)
	}
	known := map[string]bool{}
	params, _ := op["parameters"].([]any)
	for _, raw := range params {
		param := raw.(map[string]any)
		known[param["name"].(string)] = true
		if param["in"] == "header" && param["required"] == true && req.Header.Get(param["name"].(string)) == "" {
			p.t.Errorf("%s was accepted without %s", what, param["name"])
		}
	}
	for name := range req.URL.Query() {
		if !known[name] {
			p.t.Errorf("%s accepted parameter %s that the document does not know", what, name)
		}
	}
}

// must asks and fails unless the status is the one wanted; the answer is
// decoded into into, if there is one.
func (p *program) must(status int, method, path string, body, into any) reply {
	p.t.Helper()
	r := p.ask(method, path, body, db.NewID())
	if r.Status != status {
		p.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.Status, status, r.Raw)
	}
	if into != nil {
		if err := json.Unmarshal(r.Raw, into); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, r.Raw)
		}
	}
	return r
}

func unmarshal(raw []byte, into any) error { return json.Unmarshal(raw, into) }

// deliveryView is what the tests look at.
type deliveryView struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}
