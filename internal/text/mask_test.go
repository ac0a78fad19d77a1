package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMasked(t *testing.T) {
	for in, want := range map[string]string{
		"王医生": "王**", "王": "王**", " ": "", "Ann Lee": "A**", "😀笑": "😀**",
		"13812341234": "138****1234", "+86 138-1234-1234": "861****1234", "0538-8224455": "053****4455", "8224455": "****455", "12345": "****5", "110": "1**",
		"wang@example.com": "w***@example.com", "王@例子.中国": "王***@例子.中国", "@example.com": "***@example.com",
	} {
		if got := Masked(in); got != want {
			t.Errorf("%q is masked as %q, want %q", in, got, want)
		}
	}
}

// What is masked cannot be read any more, whatever it is.
func TestMaskedHides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[a-z0-9.]{2,12}`).Draw(t, "local")
		number := rapid.StringMatching(`1[0-9]{10}`).Draw(t, "number")
		name := rapid.StringMatching(`[\p{Han}]{2,5}`).Draw(t, "name")
		if m := Masked(local + "@example.com"); strings.Contains(strings.TrimSuffix(m, "@example.com"), local) {
			t.Errorf("%s shows %s", m, local)
		}
		if m := Masked(number); m != number[:3]+"****"+number[7:] {
			t.Errorf("%s is made of %s", m, number)
		}
		if m := Masked(name); strings.Contains(m, name) {
			t.Errorf("%s shows %s", m, name)
		}
	})
}
