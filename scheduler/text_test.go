package scheduler

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// Every fault of this package has a sentence in every language, and every
// reason a preview can give too.
func TestFaultsAndReasonsHaveTexts(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`fault\.(?:Invalid|NotFound|Conflict|Closed)\("([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
			codes["error."+m[1]] = true
		}
	}
	if len(codes) < 40 {
		t.Fatalf("only %d codes found: the test looks in the wrong place", len(codes))
	}
	for _, what := range []string{"holiday", "weekend"} {
		for _, p := range append([]string{"nowhere"}, "skip", "next-workday", "previous-workday", "next-same-weekday") {
			codes["scheduler."+what+"."+p] = true
		}
	}
	for _, k := range []ExceptionKind{Skip, Move, Extra, "times"} {
		codes["scheduler.exception."+string(k)] = true
	}
	for _, s := range States {
		codes["scheduler.state."+string(s)] = true
	}
	for _, w := range weekdays {
		codes["scheduler.weekday."+string(w)] = true
	}
	for code := range codes {
		for _, lang := range text.Langs {
			if !text.Has(lang, code) {
				t.Errorf("%s has no text in %s", code, lang)
			}
		}
	}
}

func TestTextsInAnyDirectionButNotTurned(t *testing.T) {
	for s, want := range map[string]string{"سوق الحي": "", "שוק 市集 🎪": "", "甲\u202e乙": "scheduler.text.control", "甲\u2066乙": "scheduler.text.control"} {
		if err := checkText("name", s, true, 50); want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
