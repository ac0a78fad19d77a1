package notify

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/mail"
	"testing"
)

// mailText is the decoded body of a mail.
func mailText(t *testing.T, raw []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
