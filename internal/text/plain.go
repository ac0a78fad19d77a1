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

// ignorable reports a sign that shows nothing where it stands: joiners, fillers,
// marks of order and variation.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// Shown is s without the signs that show nothing, but for those that make one
// emoji of several or choose the form of a Mongolian letter.
func Shown(s string) string {
	var out []rune
	all := []rune(s)
	emoji := func(i int) bool {
		return i >= 0 && i < len(all) && (unicode.In(all[i], unicode.So, unicode.Sk) || all[i] == 0xFE0F)
	}
	for i, r := range all {
		join := r == 0xFE0F && emoji(i-1) || r == 0x200D && emoji(i-1) && emoji(i+1)
		form := unicode.Is(unicode.Mongolian, r) && i > 0 && unicode.Is(unicode.Mongolian, all[i-1])
		if !ignorable(r) || join || form {
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}

// Bare is s without any sign that shows nothing, for comparing.
func Bare(s string) string {
	return strings.Map(func(r rune) rune {
		if ignorable(r) {
			return -1
		}
		return r
	}, s)
}
