package account

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// Newcomer is what somebody fills in who accepts a link. Only the name is
// needed; a password needs an e-mail address to log in with.
type Newcomer struct {
	Name     string
	Email    string
	Lang     string // of text.Langs; empty is the first
	Password string
	Device   string // what the browser calls itself, for the list of sessions
	Key      string // idempotency key: the same request again gets in again
}

// Credentials are what somebody logs in with, and from where.
type Credentials struct {
	Email    string
	Password string
	Address  string // of the client, for the limit; stored as a keyed digest only
	Device   string
}

const (
	nameMax   = 80  // characters
	labelMax  = 120 // characters
	deviceMax = 80  // characters
	emailMax  = 254 // bytes
)

// tidy checks and normalises what came in.
func (n Newcomer) tidy() (Newcomer, error) {
	var err error
	if n.Name, err = tidyName(n.Name, "name"); err != nil {
		return n, err
	}
	if n.Email, err = tidyEmail(n.Email); err != nil {
		return n, err
	}
	if n.Lang, err = tidyLang(n.Lang); err != nil {
		return n, err
	}
	n.Device = clip(n.Device, deviceMax)
	if n.Password == "" {
		return n, nil
	}
	if n.Email == "" {
		return n, fault.Invalid("account.email_needed", "email", "is needed to log in with a password")
	}
	return n, checkPassword(n.Password, n.Name, n.Email)
}

func tidyName(s, field string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return "", fault.Invalid("account.name_empty", field, "must not be empty")
	case !plainText(s):
		return "", fault.Invalid("account.name_text", field, "must be plain text in UTF-8 without control characters")
	case utf8.RuneCountInString(s) > nameMax:
		return "", fault.Invalid("account.name_long", field, "must have at most %d characters", nameMax)
	}
	return s, nil
}

// plainText refuses control characters and the signs that turn the direction
// of what follows: with them one name can look like another.
func plainText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
	})
}

// tidyEmail returns the bare address in lower case, or "" for none.
func tidyEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > emailMax || !plainText(s) {
		return "", fault.Invalid("account.email_form", "email", "must be one address like name@example.org")
	}
	return strings.ToLower(s), nil
}

func tidyLang(s string) (string, error) {
	if s == "" {
		return text.Langs[0], nil
	}
	if !slices.Contains(text.Langs, s) {
		return "", fault.Invalid("account.lang", "lang", "must be one of %s", strings.Join(text.Langs, ", "))
	}
	return s, nil
}

func (r Role) check() error {
	switch r.Kind {
	case Admin:
		if r.CommunityID != "" || r.PartnerID != "" {
			return fault.Invalid("account.role_scope", "community", "an admin belongs to the whole installation")
		}
	case Organizer, Desk:
		if r.PartnerID != "" {
			return fault.Invalid("account.role_scope", "partner", "only a partner's role has one")
		}
	case Partner:
		if r.PartnerID == "" {
			return fault.Invalid("account.role_scope", "partner", "must say for which partner")
		}
	default:
		return fault.Invalid("account.role_kind", "role", "must be admin, organizer, desk or partner")
	}
	if r.Kind != Admin && r.CommunityID == "" {
		return fault.Invalid("account.role_scope", "community", "must say in which community")
	}
	return nil
}

func clip(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
