package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/scheduler"
)

// call is one request with what was found out about it before its handler runs.
type call struct {
	echo.Context
	server    *Server
	route     route
	Actor     account.Actor       // zero when nobody is logged in
	In        account.Object      // where it happens: filled by the route's scope
	Community scheduler.Community // of In, when the path names one
	looks                         // how the reader wants it
	turn      *turn               // to render a page for all; nil for one's own
}

// handler decodes, makes one call and renders; it returns its errors.
type handler func(c *call) error

const callKey = "yiji.call"

// callOf finds the call of a request; a request that failed before it had one gets it now.
func (s *Server) callOf(ec echo.Context) *call {
	if c, ok := ec.Get(callKey).(*call); ok {
		return c
	}
	c := &call{Context: ec, server: s}
	c.looks = c.remembered()
	if c.Lang == "" {
		c.Lang = accepted(ec.Request())
	}
	ec.Set(callKey, c)
	return c
}

// ctx is the request's context.
func (c *call) ctx() context.Context { return c.Request().Context() }

// api reports whether the request is a program's.
func (c *call) api() bool { return strings.HasPrefix(c.Path(), "/api/") }

// T is a text in the reader's language; args are names and values in turn.
func (c *call) T(key string, args ...string) string { return translate(c.Lang, key, args) }

func translate(lang, key string, pairs []string) string {
	var a text.Args
	if len(pairs) > 1 {
		a = text.Args{}
		for i := 0; i+1 < len(pairs); i += 2 {
			a[pairs[i]] = pairs[i+1]
		}
	}
	return text.T(lang, key, a)
}

// show answers 200 with a page.
func (c *call) show(p templ.Component) error { return c.render(http.StatusOK, p) }

// render answers with a page. It is written only when it is whole; an error
// page is rendered also when the request's time is over.
func (c *call) render(status int, p templ.Component) error {
	var b bytes.Buffer
	if err := p.Render(context.WithoutCancel(c.ctx()), &b); err != nil {
		return fault.Internal(err)
	}
	if c.route.alike && status == http.StatusOK {
		return c.keep(b.Bytes())
	}
	return c.HTMLBlob(status, b.Bytes())
}

// redirect sends the browser to another page of ours with GET.
func (c *call) redirect(path string) error { return c.Redirect(http.StatusSeeOther, ourPath(path)) }

// done ends a form that worked: the browser goes to path and reads the text of
// key there ("done.…"), once.
func (c *call) done(path, key string) error {
	if key != "" {
		c.setCookie(noteCookie, strings.TrimPrefix(key, donePrefix), shortLived)
	}
	return c.redirect(path)
}

// again shows the form's page once more: with everything typed, the reason
// beside its field, and the status the failure has.
func (c *call) again(f form, err error, page func(form) templ.Component) error {
	f = f.failed(faultOf(err))
	status := statusOf(f.fault)
	c.server.note(c, f.fault, status)
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.render(status, page(f))
}

// json reads a body strictly: one value, no field we do not know.
func (c *call) json(into any) error {
	if !isJSON(c.Request()) {
		return fault.Invalid("request.media", "", "the body must be application/json")
	}
	d := json.NewDecoder(c.Request().Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return syntaxFault(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.Invalid("request.syntax", "", "there is something after the JSON value")
	}
	return nil
}

func syntaxFault(err error) error {
	var f *fault.Error
	var big *http.MaxBytesError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &f), errors.As(err, &big):
		return err
	case errors.As(err, &kind):
		return fault.Invalid("request.syntax", kind.Field, "must be a JSON %s, not %s", jsonKind(kind), kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fault.Invalid("request.syntax", strings.Trim(name, `"`), "is not a field of this request")
	}
	return fault.Invalid("request.syntax", "", "the body is not the JSON expected: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func jsonKind(e *json.UnmarshalTypeError) string {
	switch k := e.Type.Kind().String(); {
	case strings.HasPrefix(k, "int"), strings.HasPrefix(k, "uint"), strings.HasPrefix(k, "float"):
		return "number"
	case k == "slice":
		return "array"
	case k == "struct", k == "map":
		return "object"
	default:
		return k
	}
}

// answer writes a JSON value.
func (c *call) answer(status int, v any) error { return c.JSON(status, v) }

// upload reads the file of a form's field, "" and nil when none was chosen. Its
// route's row has a body limit, uploadLimit for a roster.
func (c *call) upload(name string) (filename string, content []byte, err error) {
	f, head, err := c.Request().FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fault.Invalid("request.syntax", name, "the file cannot be read: %v", err)
	}
	defer f.Close()
	content, err = io.ReadAll(f)
	return head.Filename, content, err
}

// key is the idempotency key of an API command. Commands that create something
// need one; keys are 1 to 128 visible ASCII characters.
func (c *call) key() (string, error) {
	k := c.Request().Header.Get("Idempotency-Key")
	if k == "" || len(k) > 128 || strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fault.Invalid("request.key", "Idempotency-Key", "must be a header of 1 to 128 visible ASCII characters")
	}
	return k, nil
}

// card is the handle of the visitor's card of numbers, kept in a cookie. A
// resident has one from the first number on; with make one is begun. It follows
// from the form's cookie, so that a form sent again because its answer was lost
// asks for the same number on the same card.
func (c *call) card(make bool) string {
	if k, err := c.Cookie(c.cookieName(cardCookie)); err == nil && isHandle(k.Value) {
		return k.Value
	}
	if !make {
		return ""
	}
	h := db.NewID()
	if secret := c.cookie(formCookie); isHandle(secret) {
		h = c.server.handleFrom("card", secret)
	}
	c.setCookie(cardCookie, h, longLived)
	return h
}

// isHandle reports whether s looks like db.NewID made it.
func isHandle(s string) bool { return db.IsID(s) }

func escapeQuery(s string) string { return url.QueryEscape(s) }

// ourPath returns next when it is a path of ours, otherwise "/": nobody is sent
// elsewhere. It decides for every redirect and every link made of an address
// that came with the request. However often the path is unescaped on its way,
// it must not turn into another host, another folder or another line.
func ourPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !text.Plain(next) {
		return "/"
	}
	path, _, _ := strings.Cut(next, "?")
	path, _, _ = strings.Cut(path, "#")
	for range unescapings {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\") || !text.Plain(path) || path != "/" && slices.ContainsFunc(strings.Split(path[1:], "/"), odd) {
			return "/"
		}
		plain, err := url.PathUnescape(path)
		if err != nil {
			return "/"
		}
		if plain == path {
			return next
		}
		path = plain
	}
	return "/"
}

// unescapings is how often an address of ours may be escaped: once for its
// handle, once for being part of another address.
const unescapings = 3

// odd reports a part of a path that is not a name: ours end without a slash.
func odd(part string) bool { return part == "" || part == "." || part == ".." }
