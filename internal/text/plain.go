package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// odd reports a sign that nobody writes on purpose in a line of text: control
// characters, line breaks of every kind, what stands for broken bytes, and the
// signs that turn the direction of what follows – with those one name can look
// like another. Letters that run right to left need none of them.
func odd(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 || r == utf8.RuneError
}

// Plain reports whether s is one line of text as people write it, in any
// script, with emoji or without. Whatever is stored and shown again is asked.
func Plain(s string) bool { return !strings.ContainsFunc(s, odd) }

// Tidy makes one line of what somebody wrote: lines are joined by spaces, and
// what is not Plain is taken out.
func Tidy(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == 0x2028 || r == 0x2029:
			return ' '
		case odd(r):
			return -1
		}
		return r
	}, s))
}
