package web

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"yiji/internal/account"
	"yiji/internal/fault"
)

// The cookies. Over https their names begin with __Host-, which binds them to
// this very host. None but deskCookie can be read by scripts.
const (
	sessionCookie = "yiji_session"
	formCookie    = "yiji_form"
	cardCookie    = "yiji_card"
	langCookie    = "yiji_lang"
	sizeCookie    = "yiji_size"
	themeCookie   = "yiji_theme"
	paperCookie   = "yiji_paper"
	noteCookie    = "yiji_note"
	deskCookie    = "yiji_desk"
	kioskCookie   = "yiji_kiosk" // the number that stands on the tablet
)

const (
	longLived  = 400 * 24 * time.Hour // what browsers keep at most
	shortLived = time.Minute
)

func (c *call) cookieName(name string) string {
	if c.server.secure {
		return "__Host-" + name
	}
	return name
}

func (c *call) setCookie(name, value string, life time.Duration) {
	c.SetCookie(&http.Cookie{
		Name: c.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: c.server.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c *call) dropCookie(name string) {
	c.SetCookie(&http.Cookie{
		Name: c.cookieName(name), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: c.server.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c *call) cookie(name string) string {
	if k, err := c.Cookie(c.cookieName(name)); err == nil {
		return k.Value
	}
	return ""
}

// sessionToken is the session a request shows: a program's header or a browser's cookie.
func (c *call) sessionToken() string {
	if t, ok := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer "); ok {
		return t
	}
	return c.cookie(sessionCookie)
}

// signIn gives the browser a new session.
func (c *call) signIn(token string) {
	c.dropCookie(deskCookie)
	c.setCookie(sessionCookie, token, longLived)
}

// signOut takes it away.
func (c *call) signOut() {
	c.dropCookie(deskCookie)
	c.dropCookie(sessionCookie)
}

// deskMark is a name of the session that its browser may read, as "cookie=name":
// a page of the desk that was kept for the time without a network shows itself
// to the login it was made for only (kept.js). It opens nothing.
func (c *call) deskMark() string {
	k := http.Cookie{
		Name: c.cookieName(deskCookie), Value: c.server.handleFrom("desk", c.sessionToken()), Path: "/", MaxAge: int(longLived.Seconds()),
		Secure: c.server.secure, SameSite: http.SameSiteLaxMode,
	}
	c.SetCookie(&k)
	return k.Name + "=" + k.Value
}

// who finds out who asks. A session that has ended makes the request nobody's;
// a program is told, a browser forgets its cookie.
func (c *call) who() error {
	t := c.sessionToken()
	if t == "" {
		return nil
	}
	a, err := c.server.Account.ActorBySession(c.ctx(), t)
	switch {
	case err == nil:
		c.Actor = a
		c.Response().Header().Set("Cache-Control", "no-store")
		if c.Lang == "" && (!c.api() || c.Request().Header.Get("Accept-Language") == "") { // a program says what it wants to read
			c.Lang = a.Lang
		}
	case !fault.Is(err, "account.sign_in"):
		return err
	case c.Request().Header.Get(echo.HeaderAuthorization) != "":
		return err
	default:
		c.signOut()
	}
	return nil
}

// device is what the browser calls itself, for the list of sessions.
func (c *call) device() string { return c.Request().UserAgent() }

// address is the client's address as far as our proxies can be believed.
func (c *call) address() string { return clientKey(c.RealIP()) }

// clientKey is what limits are counted for: an IPv4 address, or the /64 that
// one IPv6 customer has.
func clientKey(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// allowed asks the policy: the route's action, done by this actor to this object.
func (c *call) allowed() error { return account.Allow(c.Actor, c.route.action, c.In) }
