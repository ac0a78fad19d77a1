package web

import (
	"encoding/json"
	"net/http"

	"yiji/internal/fault"
)

// keptOffline are the files a number's page needs without a network.
var keptOffline = []string{"app.css", "icons.svg", "icon.svg", "read.js", "live.js", "fresh.js", "share.js", "ticket.js"}

// serviceWorker is static/sw.js, told the addresses of today's files and the
// policy that pages from its store must have. It stands at the root because it
// may look after pages below itself only.
func (s *Server) serviceWorker(c *call) error {
	var keep []string
	for _, name := range keptOffline {
		if at := asset(name); at != "" {
			keep = append(keep, at)
		}
	}
	head, err := json.Marshal(map[string]any{"files": keep, "policy": policyHeader})
	if err != nil {
		return fault.Internal(err)
	}
	body := append([]byte("const OURS = "), head...)
	body = append(append(body, ";\n"...), assets.files[asset("sw.js")].raw...)
	return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", body)
}
