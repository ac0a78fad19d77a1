package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// statusOfKind is the one table from the kind of a failure to HTTP. Closed is
// 409 like Conflict: the request was right, its time was not, and a later one
// may succeed (410 would promise that it never does).
var statusOfKind = map[fault.Kind]int{
	fault.KindInvalid:   http.StatusUnprocessableEntity,
	fault.KindNotFound:  http.StatusNotFound,
	fault.KindConflict:  http.StatusConflict,
	fault.KindForbidden: http.StatusForbidden,
	fault.KindClosed:    http.StatusConflict,
	fault.KindInternal:  http.StatusInternalServerError,
}

// statusOfCode are the few codes that HTTP has a word of its own for.
var statusOfCode = map[string]int{
	"idempotency.body_differs":  http.StatusUnprocessableEntity,
	"account.sign_in":           http.StatusUnauthorized,
	"account.login_failed":      http.StatusUnauthorized,
	"account.too_many_attempts": http.StatusTooManyRequests,
	"request.too_many":          http.StatusTooManyRequests,
	"request.syntax":            http.StatusBadRequest,
	"request.key":               http.StatusBadRequest,
	"request.too_large":         http.StatusRequestEntityTooLarge,
	"request.media":             http.StatusUnsupportedMediaType,
	"request.method":            http.StatusMethodNotAllowed,
	"unavailable":               http.StatusServiceUnavailable,
	"disk":                      http.StatusServiceUnavailable,
}

// retryAfter says, in seconds, when to come back after some statuses.
var retryAfter = map[int]int{http.StatusTooManyRequests: 5, http.StatusServiceUnavailable: 3}

func statusOf(f *fault.Error) int {
	if s, ok := statusOfCode[f.Code]; ok {
		return s
	}
	return statusOfKind[f.Kind]
}

// faultOf finds what an error means: ours, echo's, the reader's or the database's.
func faultOf(err error) *fault.Error {
	var f *fault.Error
	var he *echo.HTTPError
	var big *http.MaxBytesError
	switch {
	case errors.Is(err, db.ErrDisk):
		f = unavailable().Because(err)
		f.Code = "disk"
		return f
	case errors.As(err, &f):
		return f
	case errors.As(err, &big):
		return tooLarge(big.Limit)
	case errors.As(err, &he):
		return faultOfStatus(he)
	case errors.Is(err, db.ErrStopped), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return unavailable().Because(err)
	}
	return fault.Internal(err)
}

func faultOfStatus(he *echo.HTTPError) *fault.Error {
	switch he.Code {
	case http.StatusNotFound:
		return fault.NotFound("request.not_found", "", "there is no such page")
	case http.StatusMethodNotAllowed:
		return fault.Invalid("request.method", "", "this address does not do that")
	}
	return fault.Internal(he)
}

func tooLarge(limit int64) *fault.Error {
	most := strconv.FormatInt(limit>>10, 10) + " KB"
	if limit >= 1<<20 {
		most = strconv.FormatInt(limit>>20, 10) + " MB"
	}
	return fault.Invalid("request.too_large", "", "the body is larger than %d bytes", limit).Telling("most", most)
}

func unavailable() *fault.Error {
	// The kind stays Internal: it is our fault, only a passing one.
	f := fault.Internal(nil)
	f.Code, f.Reason = "unavailable", "the service cannot answer right now"
	return f
}

// message is the sentence of a fault in the reader's language; {field} in it is
// what stands above the field in a form.
func message(lang string, f *fault.Error) string {
	if key := "error." + f.Code; text.Has(lang, key) {
		args := text.Args{"field": known(lang, "office.", strings.ReplaceAll(f.Field, ".", "_"))}
		maps.Copy(args, f.Args)
		return text.T(lang, key, args)
	}
	return text.T(lang, "error."+f.Kind.String(), nil)
}

// Problem is the JSON form of an error.
type Problem struct {
	Code    string `json:"code" description:"Stable, for programs"`
	Field   string `json:"field,omitempty" description:"What the error is about"`
	Message string `json:"message" description:"For people, in the language of Accept-Language"`
	Reason  string `json:"reason,omitempty" description:"For developers, always in English"`
	Request string `json:"request,omitempty" description:"Finds the entry in the log"`
}

// fail answers a request that ended with an error.
func (s *Server) fail(err error, ec echo.Context) {
	c := s.callOf(ec)
	if c.Lang == "" { // it failed before the language was settled
		c.Lang = accepted(ec.Request())
	}
	f := faultOf(err)
	status := statusOf(f)
	s.note(c, f, status)
	if ec.Response().Committed {
		return
	}
	h := ec.Response().Header()
	h.Set("Cache-Control", "no-store")
	if sec := retryAfter[status]; sec > 0 {
		h.Set("Retry-After", strconv.Itoa(sec))
	}
	var answered error
	switch {
	case wantsJSON(c):
		if status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Bearer realm="yiji"`)
		}
		answered = c.answer(status, c.problem(f))
	case f.Code == "account.sign_in" && ec.Request().Method == http.MethodGet:
		answered = c.redirect("/login?next=" + escapeQuery(ec.Request().URL.RequestURI()))
	default:
		v := errorView{page: c.page("error.title"), Status: status, Message: message(c.Lang, f),
			Code: c.T("error.reference", "id", h.Get(echo.HeaderXRequestID))}
		if status == http.StatusNotFound && ec.Request().Method == http.MethodGet {
			v.Title, v.Code = c.T("error.title_gone"), "" // nobody needs to ask why
			v.Gone = v.audience() == residents
		}
		v.Resend = ec.Request().Method == http.MethodPost && (status == http.StatusUnauthorized || status >= 500 || retryAfter[status] > 0)
		v.Back = status == http.StatusRequestEntityTooLarge
		answered = c.render(status, errorPage(v))
	}
	if answered != nil {
		s.log.Error("answer an error", "route", ec.Path(), "error", answered)
		ec.Response().WriteHeader(http.StatusInternalServerError)
	}
}

func (c *call) problem(f *fault.Error) map[string]Problem {
	p := Problem{Code: f.Code, Field: f.Field, Message: message(c.Lang, f), Reason: f.Reason, Request: c.Response().Header().Get(echo.HeaderXRequestID)}
	if f.Kind == fault.KindInternal {
		p.Reason = "" // causes are for operators
	}
	return map[string]Problem{"error": p}
}

// note writes down what operators should know: our failures always, the
// route's pattern and never its address, because addresses hold tokens.
func (s *Server) note(c *call, f *fault.Error, status int) {
	if f.Kind != fault.KindInternal {
		return
	}
	s.log.Error("request failed", "method", c.Request().Method, "route", c.Path(), "status", status,
		"request", c.Response().Header().Get(echo.HeaderXRequestID), "error", f.Error())
}

func wantsJSON(c *call) bool {
	return strings.HasPrefix(c.Request().URL.Path, "/api/") || strings.HasPrefix(c.Request().Header.Get("Accept"), "application/json")
}
