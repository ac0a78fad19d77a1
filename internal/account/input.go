package account

import (
	"net/mail"
	"slices"
	"strings"
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

// tidy checks and normalises what came in; the error names every wrong field.
func (n Newcomer) tidy() (Newcomer, error) {
	var wrong fault.List
	var err error
	n.Name, err = tidyName(n.Name, "name")
	wrong.Add(err)
	n.Email, err = tidyEmail(n.Email)
	wrong.Add(err)
	n.Lang, err = tidyLang(n.Lang)
	wrong.Add(err)
	n.Device = clip(n.Device, deviceMax)
	if n.Password != "" {
		if n.Email == "" {
			wrong.Add(emailNeeded())
		}
		wrong.Add(checkPassword(n.Password, n.Name, n.Email))
	}
	return n, wrong.Err()
}

func emailNeeded() error {
	return fault.Invalid("account.email_needed", "email", "is needed to log in with a password")
}

func tidyName(s, field string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return "", fault.Invalid("account.name_empty", field, "must not be empty")
	case !text.Plain(s):
		return "", fault.Invalid("account.name_text", field, "must be plain text in UTF-8 without control characters")
	case utf8.RuneCountInString(s) > nameMax:
		return "", fault.Invalid("account.name_long", field, "must have at most %d characters", nameMax)
	}
	return s, nil
}

// tidyEmail returns the bare address in lower case, or "" for none.
func tidyEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > emailMax || !text.Plain(s) {
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
	case Organizer, Desk, Kiosk:
		if r.PartnerID != "" {
			return fault.Invalid("account.role_scope", "partner", "only a partner's role has one")
		}
	case Partner:
		if r.PartnerID == "" {
			return fault.Invalid("account.role_scope", "partner", "must say for which partner")
		}
	default:
		return fault.Invalid("account.role_kind", "role", "must be admin, organizer, desk, kiosk or partner")
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
