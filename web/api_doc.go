package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"yiji/internal/account"
)

// The OpenAPI 3.1 document of the API, made from its rows. Objects are written
// out as maps: their members are read by programs in the document's own words.
type object = map[string]any

// document describes the rows.
func document(all []endpoint) []byte {
	s := schemas{defs: object{}}
	problem := s.of(typeOfProblem)
	paths := object{
		apiRoot + "/openapi.json": object{"get": object{
			"summary": "This document", "operationId": "getOpenapi", "security": []any{},
			"responses": object{"200": object{"description": "OK", "content": jsonOf(object{"type": "object"})}, "default": problemRef},
		}},
	}
	for _, e := range all {
		path := docPath(apiRoot + e.path)
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(e.method)] = e.operation(&s)
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "益集 API", "version": "1",
			"description": "Strict JSON in and out. Instants are RFC 3339 with the offset of the community, local dates YYYY-MM-DD, times of day HH:MM, lengths centimetres, prices fen. " +
				"What people read comes in the language of Accept-Language, without one in that of the one who is logged in; the `reason` of an error is for developers and always English. Log in with POST /api/v1/sessions and show the token as a Bearer. " +
				"Where Idempotency-Key is required the same key gives the same answer, and another request with it is refused with 422. " +
				"Elsewhere it may be sent: those commands set what is named in them, so that a repetition changes nothing.",
		},
		"paths": paths,
		"components": object{
			"schemas":         s.defs,
			"responses":       object{"Problem": object{"description": "What went wrong", "content": jsonOf(problem)}},
			"securitySchemes": object{"session": object{"type": "http", "scheme": "bearer"}},
		},
	}
	raw, err := json.MarshalIndent(doc, "", " ")
	if err != nil { // only plain maps come here; the test of the document would show it
		return []byte("{}")
	}
	return raw
}

var problemRef = object{"$ref": "#/components/responses/Problem"}

func jsonOf(schema object) object { return object{"application/json": object{"schema": schema}} }

// docPath writes :name as {name}.
func docPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// operation describes one row.
func (e endpoint) operation(s *schemas) object {
	status := e.success()
	good := object{"description": http.StatusText(status)}
	if e.do.out != typeOfNone {
		good["content"] = jsonOf(s.of(e.do.out))
	}
	op := object{
		"summary": e.summary, "operationId": e.operationID(), "x-action": string(e.action),
		"responses": object{strconv.Itoa(status): good, "default": problemRef},
		"security":  []any{object{"session": []any{}}},
	}
	if account.Public(e.action) {
		op["security"] = []any{object{}, object{"session": []any{}}}
	}
	if params := e.parameters(s); len(params) > 0 {
		op["parameters"] = params
	}
	if e.method != get && e.do.in != typeOfNone {
		op["requestBody"] = object{"required": needsBody(e), "content": jsonOf(s.of(e.do.in))}
	}
	return op
}

func needsBody(e endpoint) bool {
	for _, f := range fieldsOf(e.do.in) {
		if f.required {
			return true
		}
	}
	return false
}

// operationID is the method and the words of the path: getDaysByDay.
func (e endpoint) operationID() string {
	id := strings.ToLower(e.method)
	for _, part := range strings.FieldsFunc(e.path, func(r rune) bool { return r == '/' || r == '-' }) {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			part = "by" + capital(name)
		}
		id += capital(part)
	}
	return id
}

func (e endpoint) parameters(s *schemas) (out []any) {
	for _, part := range strings.Split(e.path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			out = append(out, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	if e.method == get {
		for _, f := range fieldsOf(e.do.in) {
			out = append(out, object{"name": f.name, "in": "query", "required": f.required, "schema": s.field(f)})
		}
	} else {
		out = append(out, object{"name": "Idempotency-Key", "in": "header", "required": e.keyed,
			"schema": object{"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}})
	}
	if e.forPartner() {
		out = append(out, object{"name": "partner", "in": "query", "required": false, "schema": object{"type": "string"},
			"description": "For whom, for those who act for several partners of the community"})
	}
	return out
}

// forPartner reports whether the row's scope asks who of several partners is meant.
func (e endpoint) forPartner() bool {
	return !strings.Contains(e.path, ":partner") && (e.action == account.ClaimMake || e.action == account.OfferAnswer)
}
