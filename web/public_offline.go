package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"yiji/internal/fault"
)

// What pages need without a network: every telephone that has a number keeps
// the files of its page; the desk keeps its own, a telephone does not load them.
var (
	keptOffline = withImports("app.css", "icons.svg", "icon.svg", "read.js", "share.js", "ticket.js", "offline.js")
	keptAtDesk  = withImports("app.css", "work.css", "icons.svg", "icon.svg", "desk.js")
)

// offlineAt is the page that is shown for those that cannot be had.
const offlineAt = "/offline"

// offlinePage is the same for everybody: it is kept where others may read it.
func (s *Server) offlinePage(c *call) error {
	p := page{Title: c.T("offline.title"), looks: c.looks, Now: s.clock(), Here: offlineAt, Modules: []string{"offline.js"}}
	return c.show(offlinePage(p))
}

var importAddress = regexp.MustCompile(`(?:from|import) "(/static/[^"]+)"`)

// withImports are the addresses of files and of the modules they import.
func withImports(names ...string) (out []string) {
	var add func(at string)
	add = func(at string) {
		if at == "" || slices.Contains(out, at) {
			return
		}
		out = append(out, at)
		for _, m := range importAddress.FindAllSubmatch(assets.files[at].raw, -1) {
			add(string(m[1]))
		}
	}
	for _, n := range names {
		add(asset(n))
	}
	return out
}

// serviceWorker is static/sw.js, told the addresses of today's files and the
// policy that pages from its store must have. It stands at the root because it
// may look after pages below itself only.
func (s *Server) serviceWorker(c *call) error {
	head, err := json.Marshal(map[string]any{"files": append([]string{offlineAt}, keptOffline...), "desk": keptAtDesk, "policy": policyHeader})
	if err != nil {
		return fault.Internal(err)
	}
	body := append([]byte("const OURS = "), head...)
	body = append(append(body, ";\n"...), assets.files[asset("sw.js")].raw...)
	return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", body)
}
