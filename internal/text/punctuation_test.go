package text_test

import (
	"regexp"
	"testing"

	"yiji/internal/text"
)

// halfWidth is a western mark beside a Chinese character: “共3位,请稍候” reads as
// a mistake in print. Marks between digits, in addresses and times stay as they are.
var halfWidth = regexp.MustCompile(`\p{Han}[,:;?!()]|[,;?!()]\p{Han}`)

func TestChineseHasChinesePunctuation(t *testing.T) {
	for _, lang := range []string{"zh-Hans", "zh-Hant"} {
		for _, key := range text.Keys(lang) {
			says := text.T(lang, key, nil)
			if at := halfWidth.FindString(says); at != "" {
				t.Errorf("%s %s has %q in %q", lang, key, at, says)
			}
		}
	}
	if !halfWidth.MatchString("共3位,请稍候") || !halfWidth.MatchString("好(不错)") || halfWidth.MatchString("9:00–11:30，共 1,200 位") {
		t.Error("the pattern sees nothing, or too much")
	}
}
