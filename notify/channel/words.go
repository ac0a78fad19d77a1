package channel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CutBytes returns s with at most max bytes of valid UTF-8; what had to be cut
// is cut between runes and marked with "…".
func CutBytes(s string, max int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= max {
		return s
	}
	const mark = "…"
	if max < len(mark) {
		return ""
	}
	end := max - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// oneLine makes s safe for a header: valid UTF-8 with every control character,
// line or paragraph separator turned into a space.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}
