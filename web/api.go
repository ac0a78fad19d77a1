package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"yiji/internal/account"
	"yiji/internal/fault"
	"yiji/internal/text"
)

const apiRoot = "/api/v1"

// endpoint is one row of the API. Routes and the OpenAPI document both come
// from the rows, so neither can know something the other does not.
type endpoint struct {
	method, path string // the path below /api/v1, as echo writes it
	summary      string
	action       account.Action
	where        scope
	do           job
	status       int  // of success; 0 is 200, or 204 without an answer
	keyed        bool // needs an Idempotency-Key; every other command may have one
}

const (
	put = "PUT"
	del = "DELETE"
)

// job is a handler with the types it reads and answers. For GET the fields of
// its input are query parameters, otherwise members of the JSON body.
type job struct {
	in, out reflect.Type
	fields  []member // of in
	run     func(c *call, e endpoint) (any, error)
}

// none is an input or answer without content.
type none struct{}

// list is how the API answers several things.
type list[T any] struct {
	Items []T `json:"items"`
}

// on makes a job of a handler.
func on[In, Out any](handle func(c *call, in In) (Out, error)) job {
	return job{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), fields: fieldsOf(reflect.TypeFor[In]()), run: func(c *call, e endpoint) (any, error) {
		var in In
		if err := c.read(e, &in); err != nil {
			return nil, err
		}
		out, err := handle(c, in)
		return &out, err
	}}
}

// endpoints is the whole API.
func (s *Server) endpoints() []endpoint {
	return slices.Concat(s.accountAPI(), s.publicAPI(), s.marketAPI(), s.boothAPI(), s.queueAPI(), s.deskAPI(), s.messageAPI())
}

// apiRoutes are the routes of the API's rows, and its description.
func (s *Server) apiRoutes() []route {
	all := s.endpoints()
	describe := sync.OnceValue(func() []byte { return document(all) })
	rows := []route{{method: get, path: apiRoot + "/openapi.json", action: account.PublicRead, where: nowhere, handle: func(c *call) error {
		return c.Blob(http.StatusOK, "application/json", describe())
	}}}
	for _, e := range all {
		rows = append(rows, route{method: e.method, path: apiRoot + e.path, action: e.action, where: e.where, handle: e.handle})
	}
	return rows
}

// handle is the way of every request to the API's handlers and back.
func (e endpoint) handle(c *call) error {
	if e.action != account.PublicRead {
		c.Response().Header().Set("Cache-Control", "no-store")
	}
	if err := e.checkKey(c); err != nil {
		return err
	}
	out, err := e.do.run(c, e)
	if err != nil {
		return err
	}
	if e.do.out == reflect.TypeFor[none]() {
		return c.NoContent(e.success())
	}
	finish(reflect.ValueOf(out).Elem(), c.zone())
	return c.answer(e.success(), out)
}

func (e endpoint) success() int {
	switch {
	case e.status != 0:
		return e.status
	case e.do.out == reflect.TypeFor[none]():
		return http.StatusNoContent
	}
	return http.StatusOK
}

// checkKey refuses a key that is malformed, and its absence where one is needed.
func (e endpoint) checkKey(c *call) error {
	if !e.keyed && c.Request().Header.Get("Idempotency-Key") == "" {
		return nil
	}
	_, err := c.key()
	return err
}

// given is the request's idempotency key, which handle has checked; "" for none.
func (c *call) given() string { return c.Request().Header.Get("Idempotency-Key") }

// guessable is below how many characters a key may be another's by chance.
const guessable = 16

// ownKey is the key as the asker's own, for commands that everybody may give:
// nobody gets another's answer, or is refused, because both thought of the same
// key. Whom we know is told apart by that. Of others a long key is itself the
// secret, wherever they ask from; a short one, which anybody may think of,
// counts for the address it comes from.
func (c *call) ownKey() string {
	key, who := c.given(), ""
	switch {
	case key == "":
		return ""
	case c.Actor.SignedIn():
		who = "person " + c.Actor.PersonID
	case len(key) < guessable:
		who = "address " + c.address()
	}
	return c.server.handleFrom("idempotency key", who+"\x00"+key)
}

// read fills the input of a job, strictly.
func (c *call) read(e endpoint, in any) error {
	if e.method == get {
		return c.query(e.do.fields, in)
	}
	raw, err := io.ReadAll(c.Request().Body)
	if err != nil && !isTooLarge(err) { // the sender hung up or dawdled: no failure of ours
		err = fault.Invalid("request.syntax", "", "the body ended before it was whole").Because(err)
	}
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	return strict(raw, e.do.fields, in)
}

// strict decodes one JSON object with exactly the members of a type.
func strict(raw []byte, fields []member, in any) error {
	if err := wellFormed(raw, fields); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return withoutEmbedded(syntaxFault(err), fields)
	}
	return nil
}

// withoutEmbedded takes the name of an embedded struct, which encoding/json
// puts before its members, out of a fault's field.
func withoutEmbedded(err error, fields []member) error {
	f := fault.From(err)
	first, rest, deep := strings.Cut(f.Field, ".")
	if deep && !slices.ContainsFunc(fields, func(m member) bool { return m.name == first }) {
		f.Field = rest
	}
	return f
}

// wellFormed checks what encoding/json is generous about: members written with
// other capitals, given twice, null, or missing, and text after the value.
func wellFormed(raw []byte, fields []member) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	first, err := d.Token()
	if err != nil {
		return syntaxFault(err)
	}
	if first != json.Delim('{') {
		return fault.Invalid("request.syntax", "", "the body must be a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return syntaxFault(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return syntaxFault(err)
		}
		if err := checkMember(fields, seen, name.(string), v); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return syntaxFault(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.Invalid("request.syntax", "", "there is something after the JSON value")
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			return fault.Invalid("request.missing", f.name, "is missing")
		}
	}
	return nil
}

func checkMember(fields []member, seen map[string]bool, name string, v json.RawMessage) error {
	switch {
	case !slices.ContainsFunc(fields, func(f member) bool { return f.name == name }):
		return fault.Invalid("request.syntax", name, "is not a field of this request")
	case seen[name]:
		return fault.Invalid("request.syntax", name, "stands twice")
	case string(v) == "null":
		return fault.Invalid("request.syntax", name, "must not be null; leave it out")
	case holdsNUL(v):
		return fault.Invalid("request.syntax", name, "holds the character U+0000")
	}
	seen[name] = true
	return nil
}

// holdsNUL looks for the one character that JSON can write and PostgreSQL cannot.
func holdsNUL(v json.RawMessage) bool {
	plain := bytes.ReplaceAll(v, []byte(`\\`), nil) // what follows a backslash that is meant is plain
	return bytes.Contains(plain, []byte(`\u0000`))
}

// query reads query parameters into a struct of strings, numbers and booleans.
func (c *call) query(fields []member, in any) error {
	v := reflect.ValueOf(in).Elem()
	for name, values := range c.QueryParams() {
		i := slices.IndexFunc(fields, func(f member) bool { return f.name == name })
		switch {
		case i < 0 && name == "partner": // read by the scope
		case i < 0:
			return fault.Invalid("request.syntax", name, "is not a parameter of this request")
		case len(values) != 1:
			return fault.Invalid("request.syntax", name, "stands twice")
		default:
			if err := setParam(v.FieldByIndex(fields[i].index), name, values[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

func setParam(v reflect.Value, name, s string) error {
	if !text.Plain(s) {
		return fault.Invalid("request.syntax", name, "holds a control character")
	}
	if v.Kind() == reflect.String {
		v.SetString(s)
		return nil
	}
	if err := json.Unmarshal([]byte(s), v.Addr().Interface()); err != nil || s == "null" {
		return fault.Invalid("request.syntax", name, "%q is not a %s", s, v.Kind())
	}
	return nil
}

// member is one of the members of a JSON object as encoding/json sees it.
type member struct {
	name     string
	index    []int
	required bool
	of       reflect.StructField
}

// fieldsOf lists the members of a struct, those of embedded structs included.
func fieldsOf(t reflect.Type) (out []member) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || (f.Anonymous && name == "") {
			continue
		}
		if name == "" {
			name = f.Name
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		out = append(out, member{name: name, index: f.Index, required: !optional, of: f})
	}
	return out
}

const zoneKey = "yiji.zone"

// inZone says in which time zone the answer's instants are written.
func (c *call) inZone(loc *time.Location) { c.Set(zoneKey, loc) }

// zone is the time zone of the answer: the community's of the path unless the
// handler found another, UTC without any.
func (c *call) zone() *time.Location {
	if loc, ok := c.Get(zoneKey).(*time.Location); ok {
		return loc
	}
	return zoneNamed(c.Community.TimeZone)
}

// zoneNamed loads a stored zone; a name nobody knows is UTC.
func zoneNamed(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

var timeType = reflect.TypeFor[time.Time]()

// finish makes an answer ready to be written: instants with the offset of the
// place, empty lists as [] and not as null.
func finish(v reflect.Value, loc *time.Location) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			finish(v.Elem(), loc)
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			finish(v.Index(i), loc)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			if t := v.Interface().(time.Time); !t.IsZero() && v.CanSet() {
				v.Set(reflect.ValueOf(t.In(loc)))
			}
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				finish(v.Field(i), loc)
			}
		}
	}
}
