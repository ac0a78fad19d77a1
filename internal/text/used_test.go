package text_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yiji/internal/text"
)

// sources are the words that the program's sources quote.
type sources struct {
	words map[string]bool // every quoted word
	open  []string        // those that something is put behind: "duty.order_" + what
	tails []string        // those that are put behind something: key + "_days"
	asked map[string]bool // keys given to T as they stand, and beginnings of keys
}

var quoted = regexp.MustCompile(`"([^"\n]*)"|'([^'\n]*)'|` + "`([^`\n]*)`")

// read collects the words of every Go file but tests (pages are read as
// generated) and of the scripts.
func read(t *testing.T) sources {
	t.Helper()
	s := sources{words: map[string]bool{}, asked: map[string]bool{}}
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir(), strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, ".min.js"):
			return nil
		case strings.HasSuffix(path, ".go"):
			return s.readGo(path)
		case strings.HasSuffix(path, ".js"):
			raw, err := os.ReadFile(path)
			for _, m := range quoted.FindAllStringSubmatch(string(raw), -1) {
				s.words[m[1]+m[2]+m[3]] = true
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sources) readGo(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var scan scanner.Scanner
	set := token.NewFileSet()
	scan.Init(set.AddFile(path, -1, len(raw)), raw, nil, 0)
	word, added := "", false         // the word just read, and whether a + stood before it
	before, asks := token.EOF, false // the token before, and whether a call of T waits for its key
	for name := ""; ; {
		_, tok, lit := scan.Scan()
		if word != "" {
			s.word(word, added, tok == token.ADD)
			word = ""
		}
		switch tok {
		case token.EOF:
			return nil
		case token.STRING:
			if word, err = strconv.Unquote(lit); err != nil {
				return err
			}
			if added = before == token.ADD || before == token.ADD_ASSIGN; asks {
				s.asked[word], asks = true, false
			}
		case token.LPAREN:
			asks = before == token.IDENT && name == "T"
		case token.RPAREN, token.SEMICOLON, token.ADD:
			asks = false
		}
		before, name = tok, lit
	}
}

func (s *sources) word(w string, added, goesOn bool) {
	s.words[w], s.words[strings.ReplaceAll(w, ".", "_")] = true, true // fields are named so
	if goesOn || strings.HasSuffix(w, ".") || strings.HasSuffix(w, "_") {
		s.open = append(s.open, w)
	}
	if added {
		s.tails = append(s.tails, w)
	}
}

var keyForm = regexp.MustCompile(`^[a-z]+[._][a-z0-9_.-]*$`)

// used reports whether a key stands in the sources, or is put together of words
// that do: a beginning that something is put behind, and words for the rest.
func (s sources) used(key string) bool {
	if s.words[key] {
		return true
	}
	for _, tail := range s.tails {
		if head, ok := strings.CutSuffix(key, tail); ok && (strings.HasPrefix(tail, "_") || strings.HasPrefix(tail, ".")) && s.words[head] {
			return true
		}
	}
	return slices.ContainsFunc(s.open, func(head string) bool {
		rest, ok := strings.CutPrefix(key, head)
		return ok && keyForm.MatchString(head) && s.spelled(rest)
	})
}

// spelled reports whether a rest is put together of quoted words and numbers.
func (s sources) spelled(rest string) bool {
	if _, err := strconv.Atoi(rest); err == nil || s.words[rest] {
		return true
	}
	for i := 1; i < len(rest); i++ {
		if i == 1 && rest[0] != '.' { // a letter is no word
			continue
		}
		if strings.ContainsAny(rest[i-1:i+1], "._") && s.words[rest[:i]] && s.spelled(rest[i:]) {
			return true
		}
	}
	return false
}

// A text nobody reads is deleted; a text that is asked for exists.
func TestEveryTextIsUsed(t *testing.T) {
	s := read(t)
	if len(s.words) < 3000 || len(s.asked) < 500 || s.used("duty.no_such_text") || !s.used("office.nth_-1") {
		t.Fatalf("%d words, %d keys asked for: the test reads something else", len(s.words), len(s.asked))
	}
	keys := text.Keys(text.Langs[0])
	for _, key := range keys {
		if !s.used(key) {
			t.Errorf("nobody says %s", key)
		}
	}
	for word := range s.asked {
		begins := func(key string) bool { return strings.HasPrefix(key, word) }
		if keyForm.MatchString(word) && !text.Has(text.Langs[0], word) && (!slices.Contains(s.open, word) || !slices.ContainsFunc(keys, begins)) {
			t.Errorf("there is no text %s", word)
		}
	}
}
