package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"mime"
	"net/http"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Names of the hidden fields of every form.
const (
	tokenField = "form_token"
	keyField   = "form_key"
)

// sameOrigin refuses a change that another site's page asks for. Browsers say
// where a request comes from; old ones that do not are caught by the form token.
func (s *Server) sameOrigin(r *http.Request) error {
	if err := s.origins.Check(r); err != nil {
		return fault.Forbidden("request.cross_origin", "", "the request comes from another site").Because(err)
	}
	return nil
}

// ours checks that a change was meant: a browser's form carries the token of
// its own page, a program's body is JSON, which no foreign form can send.
func (c *call) ours() error {
	r := c.Request()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if err := c.server.sameOrigin(r); err != nil {
		return err
	}
	if c.api() {
		if r.ContentLength != 0 && !isJSON(r) {
			return fault.Invalid("request.media", "", "the body must be application/json")
		}
		if r.ContentLength == 0 && c.cookie(sessionCookie) != "" && r.Header.Get("Authorization") == "" && !isJSON(r) {
			return fault.Invalid("request.media", "", "the content type must be application/json")
		}
		return nil
	}
	if err := parseForm(r); err != nil {
		return err
	}
	if c.route.oneClick && r.PostForm.Get("List-Unsubscribe") == "One-Click" {
		return nil
	}
	if !c.server.goodToken(c.cookie(formCookie), r.PostForm.Get(tokenField)) {
		return fault.Forbidden("request.form_token", "", "the form is too old or not ours; go back, load the page again and send it once more")
	}
	return nil
}

// parseForm reads a form of either encoding within the body limit; files stay
// in memory, because the limit is small.
func parseForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch kind {
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case "multipart/form-data":
		err = r.ParseMultipartForm(uploadLimit)
	default:
		return fault.Invalid("request.media", "", "the body must be a form")
	}
	if err != nil && !isTooLarge(err) {
		return fault.Invalid("request.syntax", "", "the form cannot be read: %v", err)
	}
	return err
}

func isJSON(r *http.Request) bool {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json" && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

// formToken is the proof for one form: a digest of the browser's own cookie,
// with a mask that makes every rendering look different in a compressed page.
func (c *call) formToken() string {
	secret := c.cookie(formCookie)
	if !isHandle(secret) {
		if secret, _ = c.Get(formCookie).(string); secret == "" {
			secret = db.NewID()
			c.setCookie(formCookie, secret, longLived)
			c.Set(formCookie, secret) // two forms on one page share the cookie
		}
	}
	proof := c.server.formProof(secret)
	out := make([]byte, 2*len(proof))
	rand.Read(out[:len(proof)])
	for i, b := range proof {
		out[len(proof)+i] = b ^ out[i]
	}
	return base64.RawURLEncoding.EncodeToString(out)
}

func (s *Server) goodToken(secret, token string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || !isHandle(secret) || len(raw) != 2*sha256.Size {
		return false
	}
	got := make([]byte, sha256.Size)
	for i := range got {
		got[i] = raw[i] ^ raw[sha256.Size+i]
	}
	return hmac.Equal(got, s.formProof(secret))
}

func (s *Server) formProof(secret string) []byte {
	mac := hmac.New(sha256.New, s.formKey)
	mac.Write([]byte(secret))
	return mac.Sum(nil)
}

// handleFrom derives a handle of 128 bits from a secret of the browser, for one purpose.
func (s *Server) handleFrom(purpose, secret string) string {
	mac := hmac.New(sha256.New, s.formKey)
	mac.Write([]byte(purpose + "\x00" + secret))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}
