package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"yiji/internal/fault"
)

// token is the secret of a link or a session: 128 random bits, written as 26
// letters and digits. Only its digest is ever stored.
type token [16]byte

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newToken draws a token; crypto/rand does not fail.
func newToken() token {
	var t token
	rand.Read(t[:])
	return t
}

// parseToken reads a token as a person may have copied it: space around it and
// capitals do not matter. Every token has exactly one canonical text.
func parseToken(s string) (token, error) {
	var t token
	s = strings.ToLower(strings.TrimSpace(s))
	bad := fault.Invalid("account.token", "token", "must be the 26 letters and digits of the link")
	if len(s) != tokenText.EncodedLen(len(t)) {
		return t, bad
	}
	raw, err := tokenText.DecodeString(s)
	if err != nil {
		return t, bad
	}
	copy(t[:], raw)
	if t.String() != s {
		return t, bad
	}
	return t, nil
}

// String is the canonical text of the token.
func (t token) String() string { return tokenText.EncodeToString(t[:]) }

// digest is what the database keeps.
func (t token) digest() string {
	sum := sha256.Sum256(t[:])
	return hex.EncodeToString(sum[:])
}

// proof binds a retry to the first attempt: who knows token, key and body may
// have the answer again. It is keyed by the token, so it says nothing without it.
func (t token) proof(parts ...string) string {
	mac := hmac.New(sha256.New, t[:])
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		mac.Write(sum[:])
	}
	return hex.EncodeToString(mac.Sum(nil))
}
