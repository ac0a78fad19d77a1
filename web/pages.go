package web

import (
	"slices"
	"strings"
)

// Pages are the addresses of the route table that people open, as patterns, in
// order; programs' addresses are not among them.
func (s *Server) Pages() []string {
	var out []string
	for _, r := range s.routes() {
		if r.method == get && !strings.HasPrefix(r.path, "/api/") {
			out = append(out, r.path)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
