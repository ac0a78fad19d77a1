package booths

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"yiji/internal/fault"
)

// ParseRoster reads a roster in YAML. Unknown keys, keys standing twice,
// aliases, wrong types and bytes that are not UTF-8 are refused with the field
// and the line they stand in.
func ParseRoster(data []byte) (Roster, error) {
	if len(data) > maxRosterBytes {
		return Roster{}, fault.Invalid("roster.too_large", "file", "the file is larger than %d MB", maxRosterBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := checkBytes(data); err != nil {
		return Roster{}, err
	}
	var doc yaml.Node
	docs := yaml.NewDecoder(bytes.NewReader(data))
	if err := docs.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return Roster{}, fault.Invalid("roster.yaml", "file", "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return Roster{}, fault.Invalid("roster.empty", "file", "the file is empty")
	}
	if err := docs.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Roster{}, fault.Invalid("roster.yaml", "file", "a second document follows; a roster is one")
	}
	d := &decoder{}
	r := d.roster(value{node: doc.Content[0]})
	if d.err != nil {
		return Roster{}, d.err
	}
	return r, r.Check()
}

// checkBytes refuses what no text file may hold, with its position.
func checkBytes(data []byte) error {
	line, column := 1, 1
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			return fault.Invalid("text.not_utf8", "file", "line %d, column %d (byte %d) is not UTF-8; save the file as UTF-8", line, column, at)
		case r < 0x20 && r != '\n' && r != '\t' && r != '\r', r >= 0x7f && r < 0xa0 && r != 0x85:
			return fault.Invalid("text.control", "file", "line %d, column %d holds the control character U+%04X", line, column, r)
		case r == '\n':
			line, column = line+1, 0
		}
		at, column = at+size, column+1
	}
	return nil
}

// value is a YAML node and the field it stands in.
type value struct {
	node  *yaml.Node
	field string
}

// decoder walks YAML nodes; it keeps the first fault and then does nothing.
type decoder struct{ err error }

func (d *decoder) fail(code string, v value, reason string, args ...any) {
	if d.err == nil {
		field := v.field
		if field == "" {
			field = "file"
		}
		d.err = fault.Invalid(code, field, "line %d: %s", v.node.Line, fmt.Sprintf(reason, args...))
	}
}

func (v value) at(name string) string {
	if v.field == "" {
		return name
	}
	return v.field + "." + name
}

// fields returns the mapping's values by key and refuses keys not allowed.
func (d *decoder) fields(v value, allowed ...string) map[string]value {
	out := map[string]value{}
	if d.err != nil {
		return out
	}
	if v.node.Kind != yaml.MappingNode {
		d.fail("roster.not_mapping", v, "must be a mapping of %s", strings.Join(allowed, ", "))
		return out
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		child := value{node: v.node.Content[i+1], field: v.at(key.Value)}
		switch _, twice := out[key.Value]; {
		case key.Kind != yaml.ScalarNode || !slices.Contains(allowed, key.Value):
			d.fail("roster.key_unknown", value{key, v.at(short(key.Value))}, "unknown key; known are %s", strings.Join(allowed, ", "))
			return out
		case twice:
			d.fail("roster.key_twice", value{key, child.field}, "the key stands twice")
			return out
		}
		out[key.Value] = child
	}
	return out
}

func short(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		return string([]rune(s)[:40]) + "…"
	}
	return s
}

// list returns the elements of a sequence; nothing for an absent value.
func (d *decoder) list(v value) []value {
	if d.err != nil || v.node == nil {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		d.fail("roster.not_list", v, "must be a list")
		return nil
	}
	out := make([]value, len(v.node.Content))
	for i, n := range v.node.Content {
		out[i] = value{n, fmt.Sprintf("%s[%d]", v.field, i)}
	}
	return out
}

// text returns a scalar as written; "" for an absent value.
func (d *decoder) text(v value) string {
	if d.err != nil || v.node == nil {
		return ""
	}
	if v.node.Kind != yaml.ScalarNode || v.node.Tag == "!!null" {
		d.fail("roster.not_text", v, "must be a text")
		return ""
	}
	if v.node.Value == "" {
		return ""
	}
	if err := checkText(v.node.Value, v.field, 2000); err != nil && d.err == nil {
		wrong := *fault.From(err)
		wrong.Reason = fmt.Sprintf("line %d: %s", v.node.Line, wrong.Reason)
		d.err = &wrong
	}
	return v.node.Value
}

func (d *decoder) texts(v value) []string {
	var out []string
	for _, item := range d.list(v) {
		out = append(out, d.text(item))
	}
	return out
}

func (d *decoder) number(v value) int {
	if d.err != nil || v.node == nil {
		return 0
	}
	n, err := strconv.Atoi(v.node.Value)
	if err != nil || v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!int" || n > 1_000_000_000 || n < -1_000_000_000 {
		d.fail("roster.not_number", v, "%q must be a whole number", short(v.node.Value))
		return 0
	}
	return n
}

func (d *decoder) decimal(v value) float64 {
	if d.err != nil || v.node == nil {
		return 0
	}
	f, err := strconv.ParseFloat(v.node.Value, 64)
	if err != nil || v.node.Kind != yaml.ScalarNode || (v.node.Tag != "!!int" && v.node.Tag != "!!float") {
		d.fail("roster.not_number", v, "%q must be a number", short(v.node.Value))
		return 0
	}
	return f
}

func (d *decoder) metres(v value) CM {
	c, ok := cm(d.decimal(v))
	if !ok {
		d.fail("booth.metres", v, "%s metres is out of range", short(v.node.Value))
	}
	return c
}

func (d *decoder) yes(v value) bool {
	if d.err != nil || v.node == nil {
		return false
	}
	if v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!bool" {
		d.fail("roster.not_bool", v, "%q must be true or false", short(v.node.Value))
		return false
	}
	return strings.EqualFold(v.node.Value, "true")
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (d *decoder) clock(v value) string {
	s := d.text(v)
	if d.err == nil && s != "" && !clock.MatchString(s) {
		d.fail("roster.clock", v, "%q is no time of the day like \"09:00\" (quote it)", short(s))
	}
	return s
}

const maxRuleDepth = 8

// json turns a YAML value into JSON, in the order it was written.
func (d *decoder) json(v value, depth int) json.RawMessage {
	if d.err != nil || v.node == nil {
		return nil
	}
	if depth > maxRuleDepth {
		d.fail("roster.too_deep", v, "is nested too deeply")
		return nil
	}
	var out bytes.Buffer
	switch v.node.Kind {
	case yaml.ScalarNode:
		return d.scalarJSON(v)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range d.list(v) {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(d.json(item, depth+1))
		}
		out.WriteByte(']')
	case yaml.MappingNode:
		out.WriteByte('{')
		seen := map[string]bool{}
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			key := v.node.Content[i].Value
			if seen[key] {
				d.fail("roster.key_twice", value{v.node.Content[i], v.at(short(key))}, "the key stands twice")
				return nil
			}
			seen[key] = true
			if i > 0 {
				out.WriteByte(',')
			}
			name, _ := json.Marshal(key)
			out.Write(name)
			out.WriteByte(':')
			out.Write(d.json(value{v.node.Content[i+1], v.at(short(key))}, depth+1))
		}
		out.WriteByte('}')
	default:
		d.fail("roster.alias", v, "aliases are not allowed")
	}
	return out.Bytes()
}

func (d *decoder) scalarJSON(v value) json.RawMessage {
	switch v.node.Tag {
	case "!!int":
		if n, err := strconv.ParseInt(v.node.Value, 10, 64); err == nil {
			return json.RawMessage(strconv.FormatInt(n, 10))
		}
	case "!!bool":
		return json.RawMessage(strconv.FormatBool(strings.EqualFold(v.node.Value, "true")))
	case "!!null":
		return json.RawMessage("null")
	}
	s, _ := json.Marshal(v.node.Value)
	return s
}
