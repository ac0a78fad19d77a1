package text_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"yiji/internal/text"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+[}|]`)

// differ are the texts that one language fills with other parts: a month has a
// name in English and a number in Chinese.
var differ = []string{"public.date", "public.date_year", "scheduler.lunar.leap", "scheduler.lunar.regular"}

// Every text stands in every language, with the same placeholders.
func TestCataloguesAreComplete(t *testing.T) {
	first := text.Langs[0]
	keys := text.Keys(first)
	if len(keys) < 500 {
		t.Fatalf("only %d texts: the test looks in the wrong place", len(keys))
	}
	for _, lang := range text.Langs[1:] {
		if other := text.Keys(lang); !slices.Equal(keys, other) {
			for _, k := range keys {
				if !text.Has(lang, k) {
					t.Errorf("%s has no text for %s", lang, k)
				}
			}
			for _, k := range other {
				if !text.Has(first, k) {
					t.Errorf("%s stands only in %s", k, lang)
				}
			}
		}
		for _, k := range keys {
			want, got := fill(first, k), fill(lang, k)
			if !slices.Equal(want, got) && !slices.Contains(differ, k) {
				t.Errorf("%s: %s has the placeholders %v, %s has %v", k, first, want, lang, got)
			}
		}
	}
}

func fill(lang, key string) []string {
	all := placeholder.FindAllString(strings.ReplaceAll(text.T(lang, key, nil), "|", "}"), -1)
	slices.Sort(all)
	return slices.Compact(all)
}

func TestTextsAreFilled(t *testing.T) {
	for _, key := range text.Keys("en") {
		if strings.TrimSpace(text.T("en", key, nil)) == "" {
			t.Errorf("%s is empty", key)
		}
	}
	if got := text.T("en", "no.such.key", nil); got != "no.such.key" {
		t.Errorf("an unknown key renders as %q", got)
	}
	if got := text.T("xx", "app.name", nil); got != text.T(text.Langs[0], "app.name", nil) {
		t.Errorf("an unknown language renders %q", got)
	}
}

// A word follows its number where a language asks for it.
func TestWordsFollowTheirNumber(t *testing.T) {
	for n, want := range map[string]string{"1": "The next 1 date", "0": "The next 0 dates", "12": "The next 12 dates"} {
		if got := text.T("en", "office.preview_dates", text.Args{"n": n}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := text.T("en", "public.left_hours", text.Args{"h": "1", "m": "2"}); got != "Opens in 1 hour 2 minutes" {
		t.Errorf("%q", got)
	}
	always := regexp.MustCompile(`\{[a-z_]+\} (days|hours|minutes|times|dates|weeks|people|numbers|places|claims|messages|booths|residents|attempts|pieces|services|partners)\b`)
	for _, key := range text.Keys("en") {
		if at := always.FindString(text.T("en", key, nil)); at != "" && !slices.Contains([]string{"queue.band", "duty.wait"}, strings.TrimSuffix(key, "_hours")) {
			t.Errorf("en %s says %q also of one", key, at)
		}
	}
	for _, key := range text.Keys("zh-Hans") { // one word for one thing
		if strings.Contains(text.T("zh-Hans", key, nil), "伙伴") || strings.Contains(text.T("zh-Hant", key, nil), "夥伴") {
			t.Errorf("%s says 伙伴 where the house says 合伙人", key)
		}
	}
}
