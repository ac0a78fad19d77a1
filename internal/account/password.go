package account

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"

	"yiji/internal/fault"
)

// goodCost follows OWASP's smallest recommendation for argon2id (19 MiB, 2 rounds,
// one lane): a login is felt by nobody, and a few at once cannot eat the machine.
func goodCost() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// nobodysHash is checked when there is no account, so that both answers take
// the same time. It is a hash of something nobody knows, with the same cost.
func nobodysHash(cost *argon2id.Params) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.Memory, cost.Iterations, cost.Parallelism,
		strings.Repeat("A", 22), strings.Repeat("A", 43))
}

const (
	passwordMin = 10  // characters
	passwordMax = 128 // bytes: more is only work for us
)

// guessed are the words a password must not consist of; compared without
// case, with digits and signs around them ignored.
var guessed = []string{"password", "passwort", "qwerty", "qwertyuiop", "asdfghjkl", "iloveyou", "letmein", "welcome",
	"admin", "administrator", "yiji", "mima", "shequ", "woaini", "abc", "aa", "a", "p@ssw0rd", "passw0rd", "qwer", "asdf", "1q2w3e4r", "1qaz2wsx", "益集", "密码", "社区"}

// checkPassword refuses a password that is too short, too long or the first guess.
func checkPassword(password, name, email string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return fault.Invalid("account.password_text", "password", "must be text")
	case n < passwordMin:
		return fault.Invalid("account.password_short", "password", "must have at least %d characters", passwordMin)
	case len(password) > passwordMax:
		return fault.Invalid("account.password_long", "password", "must have at most %d bytes", passwordMax)
	}
	low := strings.ToLower(password)
	core := strings.Trim(low, "0123456789!@#$%^&*()-_=+.,?;: ~`'\"/\\|[]{}<>")
	easy := core == "" || len(distinct(low)) < 4 || low == strings.ToLower(name) || low == email
	for _, w := range guessed {
		easy = easy || core == w || low == w
	}
	if local, _, ok := strings.Cut(email, "@"); ok {
		easy = easy || core == local
	}
	if easy {
		return fault.Invalid("account.password_easy", "password", "is one of the first that would be guessed")
	}
	return nil
}

func distinct(s string) map[rune]bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return seen
}

// hasher hashes a few passwords at once: each costs memory while it runs.
type hasher struct {
	turns chan struct{}
	cost  *argon2id.Params
}

func newHasher(atOnce int) *hasher {
	return &hasher{turns: make(chan struct{}, atOnce), cost: goodCost()}
}

// hash returns the hash of a password, "" for none.
func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	if password == "" {
		return "", nil
	}
	err = h.take(ctx, func() error {
		hash, err = argon2id.CreateHash(password, h.cost)
		return err
	})
	return hash, err
}

// matches compares in the same time whether there is a hash or not.
func (h *hasher) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	against := hash
	if against == "" {
		against = nobodysHash(h.cost)
	}
	err = h.take(ctx, func() error {
		ok, err = argon2id.ComparePasswordAndHash(password, against)
		return err
	})
	return ok && hash != "", err
}

func (h *hasher) take(ctx context.Context, do func() error) error {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
		return do()
	case <-ctx.Done():
		return fmt.Errorf("waiting for a turn to hash: %w", ctx.Err())
	}
}
