package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"yiji/internal/text"
)

func TestWhatIsPlain(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "王小梅 👵🏽 𠮷野 مريم a-b": true, "👨\u200d👩\u200d👧": true, "非\ufe0f": true,
		"a\u202eb": false, "a\u2066b": false, "a\u2069": false, "a\x00": false, "a\nb": false, "a\tb": false,
		"a\u0085b": false, "a\u2028b": false, "\ufffd": false, "\xff": false, "a\x7f": false,
	} {
		if text.Plain(s) != want {
			t.Errorf("Plain(%q) is %v", s, !want)
		}
	}
	if got := text.Tidy(" 谢谢\r\n大家\t\u202e!\u2067\x07 "); got != "谢谢 大家 !" {
		t.Errorf("tidied %q", got)
	}
}

// Whatever comes in: what Tidy makes is Plain and stays as it is, what was
// Plain loses only the space around it, and no other sign is touched.
func TestTidyMakesPlain(t *testing.T) {
	signs := rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\u202a\u202e\u2066\u2069\u2028\x00\x1b\x7f\u0085\n\t\r 集a👵")))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(signs).Draw(t, "s")
		got := text.Tidy(s)
		if !text.Plain(got) || text.Tidy(got) != got || !utf8.ValidString(got) {
			t.Fatalf("Tidy(%q) is %q", s, got)
		}
		if text.Plain(s) && got != strings.TrimSpace(s) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("a\u202eb")
	f.Add("\xff\x00王")
	f.Fuzz(func(t *testing.T, s string) {
		if got := text.Tidy(s); !text.Plain(got) || strings.ContainsAny(got, "\x00\n\r\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") {
			t.Errorf("Tidy(%q) is %q", s, got)
		}
	})
}

// Names that look the same are the same; one emoji of several stays one.
func TestSignsThatShowNothing(t *testing.T) {
	for s, want := range map[string]string{
		"爱\u200B眼": "爱眼", "爱\u00AD眼": "爱眼", "爱眼\u3164": "爱眼", "\uFEFF爱眼": "爱眼", "爱\u200D眼": "爱眼", "爱\uFE0F眼": "爱眼",
		"\u200B\u3164": "", "👩\u200D⚕\uFE0F": "👩\u200D⚕\uFE0F", "👨\u200D👩\u200D👧 家": "👨\u200D👩\u200D👧 家", "ᠮᠣ\u180Bᠩ": "ᠮᠣ\u180Bᠩ",
	} {
		if got := text.Shown(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
		if text.Bare(s) != text.Bare(want) {
			t.Errorf("%q and %q are two", s, want)
		}
	}
}
