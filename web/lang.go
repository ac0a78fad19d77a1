package web

import (
	"net/http"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"yiji/internal/text"
)

// languages matches what a browser accepts with what we speak: zh-TW and zh-HK
// find 繁體中文, everything unknown the default.
var languages = language.NewMatcher(func() []language.Tag {
	tags := make([]language.Tag, len(text.Langs))
	for i, l := range text.Langs {
		tags[i] = language.MustParse(l)
	}
	return tags
}())

// accepted is the language of ours that fits Accept-Language best. Browsers send
// few different headers, and reading one costs more than a page that is kept.
func accepted(r *http.Request) string {
	h := r.Header.Get("Accept-Language")
	if h == "" || len(h) > 200 || strings.Count(h, ",") > 20 {
		return text.Langs[0]
	}
	headers.Lock()
	defer headers.Unlock()
	lang, ok := headers.read[h]
	if !ok {
		if len(headers.read) >= mostHeaders {
			clear(headers.read)
		}
		lang = match(h)
		headers.read[h] = lang
	}
	return lang
}

const mostHeaders = 1000

var headers = struct {
	sync.Mutex
	read map[string]string
}{read: map[string]string{}}

func match(h string) string {
	tags, _, err := language.ParseAcceptLanguage(h)
	if err != nil || len(tags) == 0 {
		return text.Langs[0]
	}
	_, i, _ := languages.Match(tags...)
	return text.Langs[i]
}

// langName is how a language calls itself.
func langName(lang string) string {
	switch lang {
	case "zh-Hant":
		return "繁體中文"
	case "en":
		return "English"
	}
	return "简体中文"
}
