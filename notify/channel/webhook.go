package channel

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// WebhookSender posts signed events as https://www.standardwebhooks.com asks.
type WebhookSender struct {
	Client *http.Client
}

// secretPrefix marks a webhook secret so that it is recognised in a configuration.
const secretPrefix = "whsec_"

// NewSecret returns a fresh webhook secret of 32 random bytes.
func NewSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails, see crypto/rand
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// ParseSecret decodes a secret in the form whsec_BASE64 of 24 to 64 bytes.
func ParseSecret(s string) ([]byte, error) {
	rest, ok := strings.CutPrefix(s, secretPrefix)
	if !ok {
		return nil, errors.New("must start with whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return nil, errors.New("is not base64 after whsec_")
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, errors.New("must hold 24 to 64 bytes")
	}
	return key, nil
}

// Send implements Sender. While a secret is rotated both sign, separated by a space.
func (w WebhookSender) Send(ctx context.Context, m Message) Outcome {
	stamp := strconv.FormatInt(m.At.Unix(), 10)
	var signatures []string
	for _, s := range m.Secrets {
		key, err := ParseSecret(s)
		if err != nil {
			return permanent("secret_invalid", "the webhook secret "+err.Error())
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(m.Key + "." + stamp + "."))
		mac.Write(m.Payload)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) == 0 {
		return permanent("secret_missing", "the webhook has no secret")
	}
	header := http.Header{}
	header.Set("webhook-id", m.Key)
	header.Set("webhook-timestamp", stamp)
	header.Set("webhook-signature", strings.Join(signatures, " "))
	a, o := post(ctx, w.Client, m.URL, m.Payload, header)
	if a == nil {
		return o
	}
	return byStatus(a, m.At.Truncate(time.Second))
}
