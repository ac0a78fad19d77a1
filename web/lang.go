package web

import (
	"net/http"
	"slices"
	"strings"

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

// wishes are the language and size the reader asked for, by the address now or
// by a cookie before; "" when nothing was said.
func (s *Server) wishes(c *call) (lang, size string) {
	lang, size = c.cookie(langCookie), c.cookie(sizeCookie)
	if !slices.Contains(text.Langs, lang) {
		lang = ""
	}
	if size != "2" && size != "3" {
		size = ""
	}
	if l := c.QueryParam("lang"); slices.Contains(text.Langs, l) {
		lang = l
	}
	return lang, size
}

// choose keeps what a page's address asks for in a cookie and settles the language.
func (c *call) choose() {
	if c.api() || c.Request().Method != http.MethodGet {
		return
	}
	if l := c.QueryParam("lang"); slices.Contains(text.Langs, l) {
		c.setCookie(langCookie, l, longLived)
	}
	switch z := c.QueryParam("size"); z {
	case "1":
		c.dropCookie(sizeCookie)
		c.Size = ""
	case "2", "3":
		c.setCookie(sizeCookie, z, longLived)
		c.Size = z
	}
}

// accepted is the language of ours that fits Accept-Language best.
func accepted(r *http.Request) string {
	h := r.Header.Get("Accept-Language")
	if h == "" || len(h) > 200 || strings.Count(h, ",") > 20 {
		return text.Langs[0]
	}
	tags, _, err := language.ParseAcceptLanguage(h)
	if err != nil || len(tags) == 0 {
		return text.Langs[0]
	}
	_, i, _ := languages.Match(tags...)
	return text.Langs[i]
}
