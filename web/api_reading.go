package web

import (
	"bytes"
	"encoding/json"
	"fmt"

	"yiji/internal/fault"
	"yiji/scheduler"
)

// reading turns the texts of a request into values; the first fault is kept
// and names its field.
type reading struct{ err error }

func readAs[T any](r *reading, field, s string, parse func(field, s string) (T, error)) (v T) {
	if r.err == nil {
		v, r.err = parse(field, s)
	}
	return v
}

// date is zero for none.
func (r *reading) date(field, s string) scheduler.Date {
	if s == "" {
		return 0
	}
	return readAs(r, field, s, scheduler.ParseDate)
}

func (r *reading) policy(field, s string) scheduler.Policy {
	return readAs(r, field, s, scheduler.ParsePolicy)
}

func (r *reading) timeOfDay(field, s string) scheduler.TimeOfDay {
	return readAs(r, field, s, scheduler.ParseTimeOfDay)
}

// maybeTime is nil for the market's own time.
func (r *reading) maybeTime(field, s string) *scheduler.TimeOfDay {
	if s == "" {
		return nil
	}
	t := r.timeOfDay(field, s)
	return &t
}

// ruleField is a rule inside a request: its faults lie below "rule".
type ruleField struct{ scheduler.Rule }

// UnmarshalJSON reads the rule as scheduler.ParseRule does.
func (f *ruleField) UnmarshalJSON(raw []byte) error {
	rule, err := scheduler.ParseRule(raw)
	if err != nil {
		return fault.From(err).In("rule")
	}
	f.Rule = rule
	return nil
}

// leadsField is lead times inside a request; what is left out has its default.
type leadsField struct{ scheduler.LeadTimes }

// UnmarshalJSON decodes onto the defaults, strictly.
func (f *leadsField) UnmarshalJSON(raw []byte) error {
	f.LeadTimes = scheduler.DefaultLeads()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&f.LeadTimes); err != nil {
		return fault.From(syntaxFault(err)).In("leads")
	}
	return nil
}

// exceptionRequest changes a single date.
type exceptionRequest struct {
	Kind   string `json:"kind" enum:"skip,move,extra"`
	Date   string `json:"date" format:"date"`           // what the rule says, or the extra date
	To     string `json:"to,omitempty" format:"date"`   // for move
	Opens  string `json:"opens,omitempty" format:"hm"`  // the market's own time without
	Closes string `json:"closes,omitempty" format:"hm"` // the market's own time without
	Why    string `json:"why"`
}

func (r *reading) exception(at string, in exceptionRequest) scheduler.Exception {
	e := scheduler.Exception{Kind: scheduler.ExceptionKind(in.Kind), Date: readAs(r, at+"date", in.Date, scheduler.ParseDate), To: r.date(at+"to", in.To),
		Opens: r.maybeTime(at+"opens", in.Opens), Closes: r.maybeTime(at+"closes", in.Closes), Why: in.Why}
	switch e.Kind {
	case scheduler.Skip, scheduler.Move, scheduler.Extra:
	default:
		if r.err == nil {
			r.err = fault.Invalid("request.exception_kind", at+"kind", "must be skip, move or extra, not %q", in.Kind)
		}
	}
	return e
}

func (r *reading) exceptions(in []exceptionRequest) (out []scheduler.Exception) {
	for i, e := range in {
		out = append(out, r.exception(fmt.Sprintf("exceptions[%d].", i), e))
	}
	return out
}
