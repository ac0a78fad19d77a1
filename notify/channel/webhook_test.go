package channel

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 19, 1, 0, 0, 0, time.UTC)

// loopback lets the client talk to receivers in this process.
func loopback() Guard { return Guard{Allow: prefixes("127.0.0.0/8", "::1/128")} }

// standardWebhook verifies a request as standardwebhooks.com describes it for
// receivers; it shares nothing with the sender.
func standardWebhook(r *http.Request, body []byte, secret string, now time.Time) string {
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil || math.Abs(now.Sub(time.Unix(seconds, 0)).Minutes()) > 5 {
		return "id or timestamp"
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "secret"
	}
	h := hmac.New(sha256.New, key)
	io.WriteString(h, strings.Join([]string{id, stamp, string(body)}, "."))
	for _, part := range strings.Fields(r.Header.Get("webhook-signature")) {
		version, sig, _ := strings.Cut(part, ",")
		raw, err := base64.StdEncoding.DecodeString(sig)
		if version == "v1" && err == nil && hmac.Equal(raw, h.Sum(nil)) {
			return ""
		}
	}
	return "signature"
}

func TestWebhookSignature(t *testing.T) {
	old, fresh, other := NewSecret(), NewSecret(), NewSecret()
	type got struct {
		request *http.Request
		body    []byte
	}
	seen := make(chan got, 1)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen <- got{r, b}
	}))
	defer srv.Close()
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig
	client := NewClient(loopback(), roots)
	defer client.CloseIdleConnections()
	m := Message{Key: "d1", At: at, URL: srv.URL, Secrets: []string{fresh, old}, Payload: []byte(`{"type":"x","名":"益集"}`)}
	if o := (WebhookSender{client}).Send(context.Background(), m); o.Result != Delivered {
		t.Fatalf("%+v", o)
	}
	r := <-seen
	for _, c := range []struct {
		secret, want string
		now          time.Time
	}{{fresh, "", at}, {old, "", at}, {other, "signature", at}, {fresh, "id or timestamp", at.Add(6 * time.Minute)}} {
		if bad := standardWebhook(r.request, r.body, c.secret, c.now); bad != c.want {
			t.Errorf("verify: %q, want %q", bad, c.want)
		}
	}
	r.body[2] ^= 1
	if standardWebhook(r.request, r.body, fresh, at) != "signature" {
		t.Error("a changed body was accepted")
	}
	if r.request.Header.Get("webhook-id") != "d1" {
		t.Error("webhook-id is not the key of the delivery")
	}
	m.Secrets = nil
	if o := (WebhookSender{client}).Send(context.Background(), m); o.Result != Permanent {
		t.Errorf("without a secret: %+v", o)
	}
}

func TestWebhookSpecVector(t *testing.T) { // the example of the Standard Webhooks specification
	var sig string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sig = r.Header.Get("webhook-signature") }))
	defer srv.Close()
	client := NewClient(loopback(), nil)
	defer client.CloseIdleConnections()
	WebhookSender{client}.Send(context.Background(), Message{Key: "msg_p5jXN8AQM9LWM0D4loKWxJek", At: time.Unix(1614265330, 0), URL: srv.URL,
		Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, Payload: []byte(`{"test": 2432232314}`)})
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; sig != want {
		t.Errorf("%s, want %s", sig, want)
	}
}

func TestWebhookAnswers(t *testing.T) {
	type answer struct {
		status int
		after  string
		want   Result
		retry  time.Duration
	}
	for _, c := range []answer{
		{200, "", Delivered, 0}, {204, "", Delivered, 0}, {301, "", Permanent, 0}, {307, "", Permanent, 0}, {400, "", Temporary, 0},
		{404, "", Temporary, 0}, {410, "", Permanent, 0}, {413, "", Permanent, 0}, {429, "120", Temporary, 2 * time.Minute},
		{503, at.Add(time.Hour).Format(http.TimeFormat), Temporary, time.Hour}, {500, "-5", Temporary, 0},
		{503, "99999999", Temporary, 24 * time.Hour}, {503, "soon", Temporary, 0},
	} {
		hits := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hits++
			w.Header().Set("Retry-After", c.after)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
		}))
		client := NewClient(loopback(), nil)
		o := WebhookSender{client}.Send(context.Background(), Message{Key: "k", At: at, URL: srv.URL, Secrets: []string{NewSecret()}})
		if o.Result != c.want || o.RetryAfter != c.retry || hits != 1 {
			t.Errorf("%d %q: %+v, %d requests", c.status, c.after, o, hits)
		}
		client.CloseIdleConnections()
		srv.Close()
	}
}

func TestGuard(t *testing.T) {
	for addr, ok := range map[string]bool{
		"8.8.8.8": true, "2606:4700:4700::1111": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::127.0.0.1": false, "240.0.0.1": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if got := (Guard{}).Check(netip.MustParseAddr(addr)) == nil; got != ok {
			t.Errorf("%s: allowed %v, want %v", addr, got, ok)
		}
	}
	if (Guard{Allow: prefixes("10.0.0.0/8")}).Check(netip.MustParseAddr("::ffff:10.1.1.1")) != nil {
		t.Error("an allowed intranet is refused")
	}
	if (Guard{Allow: prefixes("10.0.0.0/8")}).Check(netip.MustParseAddr("127.0.0.1")) == nil {
		t.Error("allowing one range opened another")
	}
	for raw, ok := range map[string]bool{
		"https://example.org/hook": true, "http://example.org/": false, "ftp://example.org/": false, "https://": false, "nonsense": false,
		"https://user:pw@example.org/": false, "https://127.0.0.1/": false, "https://[::1]:8443/": false, "https://localhost/": false,
		"https://x.localhost/": false, "https://" + strings.Repeat("a", 2000): false, "https://example.org:99999/": true,
	} {
		if why := (Guard{}).CheckURL(raw); (why == "") != ok {
			t.Errorf("%.60s: %q", raw, why)
		}
	}
}

func TestGuardAtTheConnectedAddress(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(srv.URL, "http://"), ":")
	send := func(g Guard, target string) Outcome {
		client := NewClient(g, nil)
		defer client.CloseIdleConnections()
		return WebhookSender{client}.Send(context.Background(), Message{Key: "k", At: at, URL: target, Secrets: []string{NewSecret()}})
	}
	// a name that resolves to a private address is judged by that address
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"} {
		o := send(Guard{}, "http://"+host+":"+port+"/")
		if reached || o.Result == Delivered {
			t.Fatalf("%s: reached %v, %+v", host, reached, o)
		}
		if host != "2130706433" && o.Code != "address_refused" {
			t.Errorf("%s: %+v", host, o)
		}
	}
	if o := send(loopback(), srv.URL); !reached || o.Result != Delivered { // control: the same rig with the range allowed
		t.Errorf("allowed: reached %v, %+v", reached, o)
	}
}

func TestSecretsStayOutOfDetails(t *testing.T) {
	client := NewClient(loopback(), nil)
	o := DingTalkSender{client}.Send(context.Background(), Message{Key: "k", At: at, URL: "http://127.0.0.1:1/robot/send?access_token=SECRETTOKEN"})
	if o.Result != Temporary || strings.Contains(o.Detail+o.Code, "SECRETTOKEN") {
		t.Errorf("%+v", o)
	}
}

// wire answers a request without a network.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// Whatever is sent, a receiver that shares nothing with us verifies it, and
// nothing but it.
func FuzzSignature(f *testing.F) {
	f.Add([]byte(`{"test": 2432232314}`), int64(1614265330), []byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte("a.1.b"), int64(0), bytes.Repeat([]byte{0xff}, 64))
	f.Add([]byte{}, int64(-1), bytes.Repeat([]byte{0}, 24))
	f.Fuzz(func(t *testing.T, payload []byte, second int64, key []byte) {
		second %= 1 << 40
		secret, sent := "whsec_"+base64.StdEncoding.EncodeToString(key), ""
		client := &http.Client{Transport: wire(func(r *http.Request) (*http.Response, error) {
			sent = "said"
			for _, c := range []struct {
				body []byte
				want string
			}{{payload, ""}, {append([]byte("x"), payload...), "signature"}} {
				if got := standardWebhook(r, c.body, secret, time.Unix(second, 0)); got != c.want {
					t.Errorf("%q at %d: %q, want %q", c.body, second, got, c.want)
				}
			}
			return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})}
		o := WebhookSender{client}.Send(t.Context(), Message{Key: "msg_1", At: time.Unix(second, 0), URL: "https://receiver.example/", Secrets: []string{secret}, Payload: payload})
		if good := len(key) >= 24 && len(key) <= 64; good != (sent != "") || good != (o.Result == Delivered) {
			t.Errorf("a key of %d bytes: %+v", len(key), o)
		}
	})
}
