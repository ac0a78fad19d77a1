package channel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrAddress is returned when a connection would go to an address that is not
// on the public Internet and not explicitly allowed.
var ErrAddress = errors.New("address is not public and not allowed")

// Guard decides at connect time, after the name was resolved, whether an
// address may be talked to. The zero value refuses every address that is not
// public; Allow opens intranets (and tests) one prefix at a time.
type Guard struct {
	Allow []netip.Prefix
}

// special lists what netip has no word for: shared, reserved, documentation,
// benchmarking, and IPv6 forms that hide an IPv4 address.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Check returns an error wrapping ErrAddress when addr may not be connected to.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range g.Allow {
		if p.Contains(addr) {
			return nil
		}
	}
	refused := !addr.IsValid() || !addr.IsGlobalUnicast() || addr.IsPrivate()
	for _, p := range special {
		refused = refused || p.Contains(addr)
	}
	if refused {
		return fmt.Errorf("%w: %s", ErrAddress, addr)
	}
	return nil
}

// Control is the hook for net.Dialer.Control: it sees the resolved address, so
// a name that resolves differently the second time gains nothing.
func (g Guard) Control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrAddress, network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrAddress, err)
	}
	return g.Check(ap.Addr())
}

// CheckURL says what is wrong with a target before anything is sent: an English
// reason, or "" when it is fine. Plain http is for allowed intranets only.
func (g Guard) CheckURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "is not an absolute URL"
	case len(raw) > 2000:
		return "is longer than 2000 characters"
	case u.User != nil:
		return "must not carry a user name or password"
	case u.Scheme == "http" && len(g.Allow) == 0, u.Scheme != "http" && u.Scheme != "https":
		return "must start with https://"
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && g.Check(addr) != nil {
		return "points to an address that is not public"
	}
	if host := strings.ToLower(u.Hostname()); (host == "localhost" || strings.HasSuffix(host, ".localhost")) && len(g.Allow) == 0 {
		return "points to an address that is not public"
	}
	return ""
}

// NewClient returns the only HTTP client that talks to the outside: guarded at
// the connected address, without proxy and redirects, with time limits.
// roots may be nil; tests give the certificate of their receiver.
func NewClient(g Guard, roots *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: g.Control}
	return &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: roots, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: Timeout, IdleConnTimeout: 30 * time.Second,
			MaxIdleConnsPerHost: 2, MaxIdleConns: 32, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answerLimit is how much of an answer is read; nobody needs to say more.
const answerLimit = 64 << 10

func readAnswer(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, answerLimit))
	return b
}
