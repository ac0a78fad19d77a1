package account

import (
	"strings"
	"testing"
)

func FuzzParseToken(f *testing.F) {
	t := token{1, 2, 3, 255}
	for _, s := range []string{"", t.String(), " " + strings.ToUpper(t.String()) + "\n", strings.Repeat("a", 26), strings.Repeat("7", 26),
		strings.Repeat("a", 25) + "b", strings.Repeat("a", 27), strings.Repeat("é", 13), "aaaaaaaaaaaaa\r\naaaaaaaaaaa", "K" + strings.Repeat("a", 25)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseToken(s)
		if err != nil {
			return
		}
		if want := strings.ToLower(strings.TrimSpace(s)); got.String() != want {
			t.Errorf("parseToken(%q) = %s: not the text it was read from", s, got)
		}
		again, err := parseToken(got.String())
		if err != nil || again != got {
			t.Errorf("%s does not come back: %s, %v", got, again, err)
		}
	})
}

func TestTokensAreReadAsCopied(t *testing.T) {
	want := newToken()
	for _, s := range []string{want.String(), " " + want.String() + "\n", strings.ToUpper(want.String())} {
		if got, err := parseToken(s); err != nil || got != want {
			t.Errorf("parseToken(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x", want.String()[1:], want.String() + "a", want.String()[:25] + "0", want.String()[:12] + "\n" + want.String()[13:]} {
		if _, err := parseToken(s); err == nil {
			t.Errorf("parseToken(%q) accepted", s)
		}
	}
	// 26 letters carry 130 bits: the two spare ones must be zero, or one token had four texts.
	twins := 0
	for _, c := range "abcdefghijklmnopqrstuvwxyz234567" {
		if _, err := parseToken(want.String()[:25] + string(c)); err == nil {
			twins++
		}
	}
	if twins != 8 {
		t.Errorf("%d last letters are accepted, want the 8 that carry three bits", twins)
	}
}

func TestDigestAndProofTellNothingApartFromEqual(t *testing.T) {
	a, b := newToken(), newToken()
	if a == b || a.digest() == b.digest() || strings.Contains(a.digest(), a.String()) || len(a.digest()) != 64 {
		t.Errorf("digests %s %s", a.digest(), b.digest())
	}
	if a.proof("x", "y") == a.proof("xy", "") || a.proof("x") == b.proof("x") || a.proof("x") != a.proof("x") {
		t.Error("a proof must depend on the token and on each part")
	}
}
