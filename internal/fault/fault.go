// Package fault gives every error a kind, a stable code and, for bad input,
// the field it is about.
//
// The kind decides the HTTP status in one place (web/errors.go), the code
// finds the sentence in the user's language (internal/text), the reason is the
// English sentence operators read in logs and on the command line. A fault is
// a leaf: everything may import it, it imports nothing of ours.
package fault

import (
	"errors"
	"fmt"
)

// Kind is the class of a failure, as far as a caller has to react to it.
type Kind int

// The kinds. Internal is the zero value on purpose: an error nobody classified
// is our fault, never the user's.
const (
	KindInternal  Kind = iota // something of ours broke
	KindInvalid               // the input is wrong; Field says where
	KindNotFound              // there is no such thing, or not for you
	KindConflict              // true before, not any more: somebody was faster
	KindForbidden             // you may not
	KindClosed                // too early, too late, paused, sold out
)

// String returns the lower-case English name of the kind.
func (k Kind) String() string {
	return [...]string{"internal", "invalid", "not_found", "conflict", "forbidden", "closed"}[k]
}

// Error is a failure with a kind. Code is stable and dotted ("rule.day_out_of_range");
// Field names the input it is about in the caller's own notation ("monthly.days[0]"),
// empty when there is none; Reason is an English sentence without the field's name.
type Error struct {
	Kind   Kind
	Code   string
	Field  string
	Reason string
	Args   map[string]string // what the user's sentence is filled with, as {name}
	cause  error
	more   []*Error // what else is wrong with the same input
}

// Error returns "field: reason", with the cause where there is one.
func (e *Error) Error() string {
	s := e.Reason
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e with the cause recorded for operators.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Telling returns a copy of e whose sentence for users is filled with names and values in turn.
func (e *Error) Telling(pairs ...string) *Error {
	c := *e
	c.Args = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Args[pairs[i]] = pairs[i+1]
	}
	return &c
}

// In returns a copy of e whose field lies inside the given outer field:
// Invalid("…", "days[0]", …).In("monthly") is about "monthly.days[0]".
func (e *Error) In(outer string) *Error {
	c := *e
	c.more = nil
	for _, m := range e.more {
		c.more = append(c.more, m.In(outer))
	}
	switch {
	case c.Field == "":
		c.Field = outer
	case c.Field[0] == '[':
		c.Field = outer + c.Field
	default:
		c.Field = outer + "." + c.Field
	}
	return &c
}

// All returns the error and everything else that is wrong with the same input, in order.
func (e *Error) All() []*Error {
	return append([]*Error{e}, e.more...)
}

// Renamed returns a copy of e, and of what else is wrong, with its fields in other words.
func (e *Error) Renamed(name func(field string) string) *Error {
	c := *e
	c.Field, c.more = name(e.Field), nil
	for _, m := range e.more {
		c.more = append(c.more, m.Renamed(name))
	}
	return &c
}

// List gathers what is wrong with one input, so that whoever typed it is told
// everything at once. The zero value is ready.
type List struct{ all []*Error }

// enough is how many wrong things one is told at once.
const enough = 100

// Add puts an error to the others; nil is nothing. Of several about one field the first stays.
func (l *List) Add(err error) {
	if err == nil {
		return
	}
	for _, e := range From(err).All() {
		if len(l.all) < enough && !l.Has(e.Field) {
			one := *e
			one.more = nil
			l.all = append(l.all, &one)
		}
	}
}

// Has reports whether something is wrong with the field already; never for no field.
func (l *List) Has(field string) bool {
	for _, e := range l.all {
		if field != "" && e.Field == field {
			return true
		}
	}
	return false
}

// Err is nil when nothing was added, otherwise the first error with the others
// behind it: an error is a failure of ours before it is wrong input.
func (l *List) Err() error {
	if len(l.all) == 0 {
		return nil
	}
	for _, e := range l.all {
		if e.Kind != KindInvalid {
			return e
		}
	}
	first := *l.all[0]
	first.more = l.all[1:]
	return &first
}

// with fills the reason's verbs.
func (e Error) with(args []any) *Error {
	if len(args) > 0 {
		e.Reason = fmt.Sprintf(e.Reason, args...)
	}
	return &e
}

// Invalid says that the input named by field is wrong and why.
func Invalid(code, field, reason string, args ...any) *Error {
	return Error{Kind: KindInvalid, Code: code, Field: field, Reason: reason}.with(args)
}

// NotFound says that what field names does not exist for this caller.
func NotFound(code, field, reason string, args ...any) *Error {
	return Error{Kind: KindNotFound, Code: code, Field: field, Reason: reason}.with(args)
}

// Conflict says that the state has moved on: taken, changed, already decided.
func Conflict(code, field, reason string, args ...any) *Error {
	return Error{Kind: KindConflict, Code: code, Field: field, Reason: reason}.with(args)
}

// Forbidden says that this caller may not do this.
func Forbidden(code, field, reason string, args ...any) *Error {
	return Error{Kind: KindForbidden, Code: code, Field: field, Reason: reason}.with(args)
}

// Closed says that the time for this is not yet or no longer.
func Closed(code, field, reason string, args ...any) *Error {
	return Error{Kind: KindClosed, Code: code, Field: field, Reason: reason}.with(args)
}

// Internal wraps a failure of ours; users see an apology, operators the cause.
func Internal(cause error) *Error {
	return &Error{Kind: KindInternal, Code: "internal", Reason: "internal error", cause: cause}
}

// From returns the fault inside err, or an Internal one around it; nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return Internal(err)
}

// KindOf returns the kind of err; KindInternal when it carries none, also for
// no error at all: ask err == nil first where that matters.
func KindOf(err error) Kind {
	if f := From(err); f != nil {
		return f.Kind
	}
	return KindInternal
}

// Is reports whether err is a fault with this code.
func Is(err error, code string) bool {
	var f *Error
	return errors.As(err, &f) && f.Code == code
}
