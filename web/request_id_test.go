package web

import (
	"net/http"
	"strings"
	"testing"

	"yiji/internal/db/dbtest"
)

// A stranger cannot write a novel into our log through the id of a request.
func TestRequestIDsAreShortAndPlain(t *testing.T) {
	r := start(t, dbtest.Open(t, dbtest.SQLite(t), nil))
	for sent, kept := range map[string]bool{"abc-123_X": true, strings.Repeat("a", 65): false, "a b": false, "<b>": false} {
		req, err := http.NewRequest(http.MethodGet, r.http.URL+"/login", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Request-ID", sent)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		got := res.Header.Get("X-Request-ID")
		if got == "" || (got == sent) != kept || !kept && len(got) != 8 {
			t.Errorf("sent %q, got %q back", sent, got)
		}
	}
}
