package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Masked shows enough of a contact to recognise it and too little to use it:
// 王**, 138****1234, w***@example.com.
func Masked(contact string) string {
	contact = strings.TrimSpace(contact)
	_, n := utf8.DecodeRuneInString(contact)
	if local, domain, mail := strings.Cut(contact, "@"); mail {
		if local == "" {
			n = 0
		}
		return contact[:n] + "***@" + domain
	}
	if digits := digitsOf(contact); len(digits) >= 5 {
		show := 0
		if len(digits) >= 10 {
			show = 3
		}
		return digits[:show] + "****" + digits[len(digits)-min(4, len(digits)-4):]
	}
	if contact == "" {
		return ""
	}
	return contact[:n] + "**"
}

// digitsOf are the digits of a telephone number, "" when it is none.
func digitsOf(s string) string {
	var digits strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !unicode.IsSpace(r) && !strings.ContainsRune("+-()（）.", r):
			return ""
		}
	}
	return digits.String()
}
