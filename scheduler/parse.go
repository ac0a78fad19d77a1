package scheduler

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"yiji/internal/fault"
)

// maxRule bounds the written form of a rule in bytes.
const maxRule = 64 << 10

// ParseRule reads the JSON form of a rule, strictly: unknown and repeated
// keys, empty lists, wrong types and values out of range are faults that name
// their field. The rule returned is valid.
func ParseRule(raw []byte) (Rule, error) {
	if len(raw) > maxRule {
		return Rule{}, fault.Invalid("rule.too_long", "", "is longer than %d bytes", maxRule)
	}
	if !utf8.Valid(raw) {
		return Rule{}, fault.Invalid("scheduler.text.encoding", "", "is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	n, err := readJSON(dec, "", 0)
	if err != nil {
		return Rule{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Rule{}, fault.Invalid("scheduler.input.malformed", "", "has something after the end of the rule")
	}
	return ruleOf(n)
}

// UnmarshalJSON reads a rule as ParseRule does.
func (r *Rule) UnmarshalJSON(raw []byte) error {
	v, err := ParseRule(raw)
	if err == nil {
		*r = v
	}
	return err
}

// UnmarshalYAML reads a rule with the rules of ParseRule.
func (r *Rule) UnmarshalYAML(y *yaml.Node) error {
	n, err := readYAML(y, "", 0)
	if err != nil {
		return err
	}
	v, err := ruleOf(n)
	if err == nil {
		*r = v
	}
	return err
}

// String returns the rule's JSON.
func (r Rule) String() string {
	raw, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// node is a value of either notation. A number keeps its text.
type node struct {
	field  string // where it stands, "monthly.days[0]"
	kind   string // object, list, string, number, other
	text   string
	keys   []string
	values []node // of an object or a list
}

func malformed(field, reason string, args ...any) error {
	return fault.Invalid("scheduler.input.malformed", field, reason, args...)
}

const maxDepth = 5

func readJSON(dec *json.Decoder, field string, depth int) (node, error) {
	n := node{field: field}
	t, err := dec.Token()
	if err != nil {
		return n, malformed(field, "is not JSON: %v", err)
	}
	if depth > maxDepth {
		return n, malformed(field, "is nested too deeply")
	}
	switch v := t.(type) {
	case string:
		n.kind, n.text = "string", v
	case json.Number:
		n.kind, n.text = "number", v.String()
	case json.Delim:
		if v == '{' {
			n.kind = "object"
		} else {
			n.kind = "list"
		}
		for dec.More() {
			if err := n.readJSONItem(dec, depth); err != nil {
				return n, err
			}
		}
		if _, err := dec.Token(); err != nil {
			return n, malformed(field, "is not JSON: %v", err)
		}
	default:
		n.kind = "other"
	}
	return n, nil
}

func (n *node) readJSONItem(dec *json.Decoder, depth int) error {
	inner := at(n.field, len(n.values))
	if n.kind == "object" {
		t, err := dec.Token()
		if err != nil {
			return malformed(n.field, "is not JSON: %v", err)
		}
		if inner, err = n.key(t.(string)); err != nil {
			return err
		}
	}
	v, err := readJSON(dec, inner, depth+1)
	n.values = append(n.values, v)
	return err
}

// key adds a key of an object and returns the field below it.
func (n *node) key(key string) (string, error) {
	inner := key
	if n.field != "" {
		inner = n.field + "." + key
	}
	for _, k := range n.keys {
		if k == key {
			return inner, malformed(inner, "stands twice")
		}
	}
	n.keys = append(n.keys, key)
	return inner, nil
}

func readYAML(y *yaml.Node, field string, depth int) (node, error) {
	n := node{field: field}
	if depth > maxDepth {
		return n, malformed(field, "is nested too deeply")
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = "object"
		for i := 0; i+1 < len(y.Content); i += 2 {
			inner, err := n.key(y.Content[i].Value)
			if err != nil {
				return n, err
			}
			v, err := readYAML(y.Content[i+1], inner, depth+1)
			if err != nil {
				return n, err
			}
			n.values = append(n.values, v)
		}
	case yaml.SequenceNode:
		n.kind = "list"
		for i, c := range y.Content {
			v, err := readYAML(c, at(field, i), depth+1)
			if err != nil {
				return n, err
			}
			n.values = append(n.values, v)
		}
	case yaml.ScalarNode:
		n.kind, n.text = scalarKind(y.ShortTag()), y.Value
	default:
		n.kind = "other"
	}
	return n, nil
}

func scalarKind(tag string) string {
	switch tag {
	case "!!str", "!!timestamp": // a date may stand without quotes
		return "string"
	case "!!int", "!!float":
		return "number"
	}
	return "other"
}

// ruleOf builds and checks a rule.
func ruleOf(n node) (Rule, error) {
	var r Rule
	err := n.each(map[string]func(node) error{
		"monthly": func(v node) (err error) { r.Monthly, err = monthlyOf(v); return err },
		"weekly":  func(v node) (err error) { r.Weekly, err = weeklyOf(v); return err },
		"lunar":   func(v node) (err error) { r.Lunar, err = lunarOf(v); return err },
		"dates":   func(v node) (err error) { r.Dates, err = listOf(v, dateOf); return err },
		"cron": func(v node) (err error) {
			if r.Cron, err = stringOf(v); err == nil && strings.TrimSpace(r.Cron) == "" {
				err = fault.Invalid("rule.empty", v.field, "must not be empty")
			}
			return err
		},
	})
	if err != nil {
		return Rule{}, err
	}
	if err := r.Validate(); err != nil {
		return Rule{}, err
	}
	return r, nil
}

func monthlyOf(n node) (*Monthly, error) {
	m := &Monthly{}
	return m, n.each(map[string]func(node) error{
		"days":   func(v node) (err error) { m.Days, err = listOf(v, intOf); return err },
		"months": func(v node) (err error) { m.Months, err = listOf(v, intOf); return err },
		"nth": func(v node) (err error) {
			if m.Nth, err = intOf(v); err == nil && m.Nth == 0 {
				err = fault.Invalid("rule.nth", v.field, "must be 1 to 5, or -1 for the last, not 0")
			}
			return err
		},
		"weekday":   func(v node) (err error) { m.Weekday, err = wordOf[Weekday](v); return err },
		"month_end": func(v node) (err error) { m.MonthEnd, err = wordOf[MonthEnd](v); return err },
	})
}

func weeklyOf(n node) (*Weekly, error) {
	w := &Weekly{Every: 1}
	return w, n.each(map[string]func(node) error{
		"every": func(v node) (err error) {
			if w.Every, err = intOf(v); err == nil && w.Every < 1 {
				err = fault.Invalid("rule.out_of_range", v.field, "%d is not between 1 and 520", w.Every).Telling("lo", "1", "hi", "520")
			}
			return err
		},
		"weekdays": func(v node) (err error) { w.Weekdays, err = listOf(v, wordOf[Weekday]); return err },
		"from":     func(v node) (err error) { w.From, err = dateOf(v); return err },
	})
}

func lunarOf(n node) (*Lunar, error) {
	l := &Lunar{}
	return l, n.each(map[string]func(node) error{
		"days": func(v node) (err error) { l.Days, err = listOf(v, intOf); return err },
		"dates": func(v node) (err error) {
			l.Dates, err = listOf(v, func(v node) (LunarDate, error) {
				s, err := stringOf(v)
				if err != nil {
					return LunarDate{}, err
				}
				return ParseLunarDate(v.field, s)
			})
			return err
		},
		"leap":      func(v node) (err error) { l.Leap, err = wordOf[Leap](v); return err },
		"month_end": func(v node) (err error) { l.MonthEnd, err = wordOf[MonthEnd](v); return err },
	})
}

// each gives every value of an object to the reader of its key.
func (n node) each(read map[string]func(node) error) error {
	if n.kind != "object" {
		return malformed(n.field, "must be an object, not %s", n.what())
	}
	for i, k := range n.keys {
		f, ok := read[k]
		if !ok {
			return fault.Invalid("scheduler.input.unknown_key", n.values[i].field, "is not a key that belongs here")
		}
		if err := f(n.values[i]); err != nil {
			return err
		}
	}
	return nil
}

func (n node) what() string {
	if n.kind == "other" {
		return "this"
	}
	return "a " + n.kind
}

func listOf[T any](n node, read func(node) (T, error)) ([]T, error) {
	if n.kind != "list" {
		return nil, malformed(n.field, "must be a list, not %s", n.what())
	}
	if len(n.values) == 0 {
		return nil, fault.Invalid("scheduler.input.empty", n.field, "must not be an empty list")
	}
	out := make([]T, len(n.values))
	for i, v := range n.values {
		var err error
		if out[i], err = read(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func stringOf(n node) (string, error) {
	if n.kind != "string" {
		return "", malformed(n.field, "must be a text, not %s", n.what())
	}
	return n.text, nil
}

// wordOf reads one word of a fixed set; the set is checked with the rule.
func wordOf[T ~string](n node) (T, error) {
	s, err := stringOf(n)
	if err == nil && s == "" {
		err = fault.Invalid("rule.empty", n.field, "must not be empty")
	}
	return T(s), err
}

func intOf(n node) (int, error) {
	i, err := strconv.Atoi(n.text)
	if n.kind != "number" || err != nil {
		return 0, malformed(n.field, "must be a whole number")
	}
	return i, nil
}

func dateOf(n node) (Date, error) {
	s, err := stringOf(n)
	if err != nil {
		return 0, err
	}
	return ParseDate(n.field, s)
}
