package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
)

// guardMetrics keeps the figures of the installation from the world: they are
// for connections from this machine or a private network, and for whoever
// shows the token. It is the connected address that counts; what a proxy
// forwards comes from elsewhere and needs the token.
func guardMetrics(next http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !(nearby(r) || shows(r, token)) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "metrics are for private addresses, or with the token of --metrics-token", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// nearby reports a direct connection from this machine or a private network.
func nearby(r *http.Request) bool {
	for _, forwarded := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
		if r.Header.Get(forwarded) != "" {
			return false
		}
	}
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := a.Addr().Unmap()
	return ip.IsLoopback() || ip.IsPrivate()
}

// shows reports that a request carries the token; without one nobody does.
func shows(r *http.Request, token string) bool {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	have, want := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(token))
	return ok && token != "" && subtle.ConstantTimeCompare(have[:], want[:]) == 1
}
