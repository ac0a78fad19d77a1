// Package text holds every sentence a user reads, in one catalogue per language.
//
// Rules and services never build sentences: they return a Reason, a code with
// its arguments, and the edge that knows the reader's language renders it.
// A missing key renders as the key itself, so that a forgotten text is ugly
// and not silent. Tests keep the catalogues complete and equal, and find a text
// that nobody says or that does not exist; a key put together at run time begins
// with a quoted word: "queue.line." + state.
package text

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed lang/*.yaml
var files embed.FS

// Langs are the languages we speak, the first is the default.
var Langs = []string{"zh-Hans", "zh-Hant", "en"}

// Args fill the {placeholders} of a text. {n|date|dates} is a word that depends
// on the number {n}; Chinese does without.
type Args map[string]string

// Reason is a sentence as data: what a rule answers when it explains itself.
type Reason struct {
	Code string `json:"code"`
	Args Args   `json:"args,omitempty"`
}

// In renders the reason in a language of Langs.
func (r Reason) In(lang string) string { return T(lang, r.Code, r.Args) }

var catalogues = mustLoad()

// T returns the text of key in lang with its {placeholders} filled. An unknown
// language falls back to the default one, an unknown key to itself.
func T(lang, key string, args Args) string {
	c, ok := catalogues[lang]
	if !ok {
		c = catalogues[Langs[0]]
	}
	s, ok := c[key]
	if !ok {
		return key
	}
	if len(args) == 0 || !strings.Contains(s, "{") {
		return s
	}
	if strings.Contains(s, "|") {
		s = numbered(s, args)
	}
	pairs := make([]string, 0, 2*len(args))
	for _, name := range slices.Sorted(maps.Keys(args)) {
		pairs = append(pairs, "{"+name+"}", args[name])
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// plural is {n|date|dates}: the first word where {n} is 1, otherwise the second.
var plural = regexp.MustCompile(`\{([a-z_]+)\|([^{}|]*)\|([^{}|]*)\}`)

// numbered chooses the words that depend on a number.
func numbered(s string, args Args) string {
	return plural.ReplaceAllStringFunc(s, func(found string) string {
		part := plural.FindStringSubmatch(found)
		if args[part[1]] == "1" {
			return part[2]
		}
		return part[3]
	})
}

// Has reports whether key has a text in lang.
func Has(lang, key string) bool { _, ok := catalogues[lang][key]; return ok }

// Keys returns the sorted keys of a language.
func Keys(lang string) []string { return slices.Sorted(maps.Keys(catalogues[lang])) }

// mustLoad reads the embedded catalogues; they are part of the program, so a
// broken one is a build error that the first test shows.
func mustLoad() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, lang := range Langs {
		out[lang] = map[string]string{}
		if err := loadFile(out[lang], "lang/"+lang+".yaml"); err != nil {
			panic(fmt.Sprintf("text: %s: %v", lang, err))
		}
	}
	return out
}

// loadFile reads one catalogue; a key that stands twice is an error of the decoder.
func loadFile(into map[string]string, name string) error {
	raw, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(raw, &into)
}
