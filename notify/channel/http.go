package channel

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is what a receiver said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// post sends one JSON body. The second value is the outcome when there is no answer to look at.
func post(ctx context.Context, c *http.Client, target string, body []byte, header http.Header) (*answer, Outcome) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, permanent("url_invalid", "the target is not a valid URL")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "yiji-notify/1")
	resp, err := c.Do(req)
	if err != nil {
		return nil, wireError(err)
	}
	defer resp.Body.Close()
	return &answer{status: resp.StatusCode, header: resp.Header, body: readAnswer(resp.Body)}, Outcome{}
}

// wireError judges a failure before any answer. The URL, which may hold a robot's token, is dropped.
func wireError(err error) Outcome {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, ErrAddress) {
		return permanent("address_refused", err.Error())
	}
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "Client.Timeout") {
		return temporary("timeout", "no answer in time")
	}
	var name *net.DNSError
	if errors.As(err, &name) { // the server that was asked is nobody's business
		return temporary("connect", "the name "+name.Name+" could not be resolved: "+name.Err)
	}
	return temporary("connect", err.Error())
}

// byStatus judges an HTTP status the way Standard Webhooks asks: everything
// but 2xx is tried again, except what will not get better.
func byStatus(a *answer, now time.Time) Outcome {
	code := "http_" + strconv.Itoa(a.status)
	switch {
	case a.status >= 200 && a.status < 300:
		return delivered()
	case a.status >= 300 && a.status < 400:
		return permanent(code, "redirects are not followed")
	case a.status == http.StatusGone || a.status == http.StatusRequestEntityTooLarge:
		return permanent(code, string(a.body))
	}
	o := temporary(code, string(a.body))
	o.RetryAfter = retryAfter(a.header, now)
	return o
}

// retryAfter reads Retry-After in seconds or as a date, never more than a day.
func retryAfter(h http.Header, now time.Time) time.Duration {
	raw := strings.TrimSpace(h.Get("Retry-After"))
	if raw == "" {
		return 0
	}
	var d time.Duration
	if s, err := strconv.ParseInt(raw, 10, 32); err == nil {
		d = time.Duration(s) * time.Second
	} else if t, err := http.ParseTime(raw); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), 24*time.Hour)
}
