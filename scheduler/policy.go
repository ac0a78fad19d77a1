package scheduler

import (
	"slices"
	"strings"

	"yiji/internal/fault"
)

// Policy says what happens to an occurrence on a holiday or a weekend.
type Policy string

// The policies; empty means Keep.
const (
	Keep            Policy = "keep"
	SkipDate        Policy = "skip"
	NextWorkday     Policy = "next-workday"
	PreviousWorkday Policy = "previous-workday"
	NextSameWeekday Policy = "next-same-weekday"
)

// Policies are all policies.
var Policies = []Policy{Keep, SkipDate, NextWorkday, PreviousWorkday, NextSameWeekday}

func (p Policy) orKeep() Policy {
	if p == "" {
		return Keep
	}
	return p
}

// ParsePolicy reads a policy; field names the input in its fault, empty is Keep.
func ParsePolicy(field, s string) (Policy, error) {
	p := Policy(s).orKeep()
	if !slices.Contains(Policies, p) {
		names := make([]string, len(Policies))
		for i, q := range Policies {
			names[i] = string(q)
		}
		return "", fault.Invalid("policy.unknown", field, "%q is not a policy, use %s", s, strings.Join(names, ", "))
	}
	return p, nil
}

func checkPolicies(holiday, weekend Policy) error {
	if _, err := ParsePolicy("holiday", string(holiday)); err != nil {
		return err
	}
	_, err := ParsePolicy("weekend", string(weekend))
	return err
}
