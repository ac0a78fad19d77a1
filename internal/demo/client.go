package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client is one person's way to the server: HTTP with a session, or without.
type client struct {
	http  *http.Client
	base  string
	token string
}

// refusal is an answer of the API that is not a success.
type refusal struct {
	Status int
	Code   string `json:"code"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Error names the status, code and reason.
func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s %s", r.Status, r.Code, r.Field, r.Reason)
}

// request is one call of the API. A key makes it safe to repeat; into may be nil.
type request struct {
	method, path, key string
	body, into        any
}

// do makes the request and reads the answer.
func (c client) do(ctx context.Context, r request) error {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+"/api/v1/"+r.path, body)
	if err != nil {
		return err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return refused(r, res.StatusCode, raw)
	}
	if r.into == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, r.into); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return nil
}

func refused(r request, status int, raw []byte) error {
	var envelope struct {
		Error refusal `json:"error"`
	}
	if err := json.Unmarshal(raw, &envelope); err != nil || envelope.Error.Code == "" {
		return fmt.Errorf("%s %s: HTTP %d: %.200s", r.method, r.path, status, raw)
	}
	envelope.Error.Status = status
	return fmt.Errorf("%s %s: %w", r.method, r.path, &envelope.Error)
}

func newHTTP() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}
