package web

import (
	"encoding"
	"fmt"
	"path"
	"reflect"
	"strings"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/notify"
	"yiji/notify/channel"
	"yiji/scheduler"
)

var (
	typeOfNone    = reflect.TypeFor[none]()
	typeOfProblem = reflect.TypeFor[problemAnswer]()
	textForm      = reflect.TypeFor[encoding.TextMarshaler]()
)

// problemAnswer is the JSON of every error.
type problemAnswer struct {
	Error Problem `json:"error"`
}

// enums are the words that named text types may be.
var enums = map[reflect.Type][]any{
	reflect.TypeFor[scheduler.Policy]():        words(scheduler.Policies...),
	reflect.TypeFor[scheduler.ExceptionKind](): words(scheduler.Skip, scheduler.Move, scheduler.Extra),
	reflect.TypeFor[scheduler.MonthEnd]():      words(scheduler.ClampDay, scheduler.SkipDay),
	reflect.TypeFor[scheduler.Leap]():          words(scheduler.LeapRegular, scheduler.LeapLeap, scheduler.LeapBoth),
	reflect.TypeFor[scheduler.Weekday]():       words[scheduler.Weekday]("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
	reflect.TypeFor[queue.Kind]():              words(queue.Person, queue.Item, queue.Stock),
	reflect.TypeFor[queue.Via]():               words(queue.Phone, queue.Desk, queue.Kiosk, ""),
	reflect.TypeFor[queue.State]():             words(queue.Waiting, queue.Called, queue.Serving, queue.Ready, queue.Served, queue.Missed, queue.Left, queue.Expired, ""),
	reflect.TypeFor[queue.LineState](): words(queue.LinePlanned, queue.LineOpen, queue.LinePaused, queue.LineSoldOut, queue.LineClosing,
		queue.LineClosed, queue.LineRemoved),
	reflect.TypeFor[notify.State]():    words(notify.States...),
	reflect.TypeFor[notify.Audience](): words(notify.ToOrganizer, notify.ToChannel, notify.ToPartner, notify.ToResident),
	reflect.TypeFor[account.Kind]():    words(account.Kinds...),
	reflect.TypeFor[channel.Kind]():    nil, // any
}

// textForms are types whose JSON form is a text of their own.
var textForms = map[reflect.Type]object{
	timeType:                               {"type": "string", "format": "date-time"},
	reflect.TypeFor[scheduler.Date]():      {"type": "string", "format": "date"},
	reflect.TypeFor[scheduler.TimeOfDay](): timeOfDay,
	reflect.TypeFor[scheduler.LunarDate](): {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
}

var timeOfDay = object{"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}

// partial are types read onto defaults: no member is needed.
var partial = map[reflect.Type]bool{reflect.TypeFor[leadsField](): true}

func words[T ~string](all ...T) []any {
	out := make([]any, len(all))
	for i, w := range all {
		out[i] = string(w)
	}
	return out
}

// schemas collects the JSON Schemas of Go types, named ones by reference.
type schemas struct{ defs object }

// of is the schema of a type.
func (s *schemas) of(t reflect.Type) object {
	if w, ok := textForms[t]; ok {
		return w
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		if all := enums[t]; len(all) > 0 {
			return object{"type": "string", "enum": all}
		}
		return object{"type": "string"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	}
	// Interfaces and channels have no place in an answer; the test of the document finds this.
	return object{"not": object{}, "description": fmt.Sprintf("%s has no schema", t)}
}

// named is a reference to a struct; generic ones stand where they are used.
func (s *schemas) named(t reflect.Type) object {
	if t.Implements(textForm) {
		return object{"type": "string"}
	}
	if strings.Contains(t.Name(), "[") {
		return s.structure(t)
	}
	name := capital(path.Base(t.PkgPath())) + capital(t.Name())
	if path.Base(t.PkgPath()) == "web" {
		name = capital(t.Name())
	}
	if _, known := s.defs[name]; !known {
		s.defs[name] = object{} // ends recursion
		s.defs[name] = s.structure(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (s *schemas) structure(t reflect.Type) object {
	members, required := object{}, []any{}
	for _, f := range fieldsOf(t) {
		members[f.name] = s.field(f)
		if f.required && !partial[t] {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "properties": members, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// field is the schema of one member, with what its tags say.
func (s *schemas) field(f member) object {
	out := s.of(f.of.Type)
	if f.of.Type.Kind() == reflect.Pointer && f.required { // always there, and null for none
		return object{"anyOf": []any{out, object{"type": "null"}}}
	}
	if _, ref := out["$ref"]; ref {
		return out
	}
	all := object{}
	for k, v := range out {
		all[k] = v
	}
	if d := f.of.Tag.Get("description"); d != "" {
		all["description"] = d
	}
	if e := f.of.Tag.Get("enum"); e != "" {
		all["enum"] = words(strings.Split(e, ",")...)
	}
	if p := f.of.Tag.Get("pattern"); p != "" {
		all["pattern"] = p
	}
	switch form := f.of.Tag.Get("format"); form {
	case "":
	case "hm":
		all["pattern"] = timeOfDay["pattern"]
	default:
		all["format"] = form
	}
	return all
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
