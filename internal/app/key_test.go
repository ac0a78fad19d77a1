package app

import (
	"os"
	"strings"
	"testing"

	"yiji/internal/db/dbtest"
)

// A lost key is noticed before anything is sealed with a second one, and
// another's key is not taken.
func TestAKeyBelongsToItsDatabase(t *testing.T) {
	o := options(t, dbtest.SQLite(t))
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	file := o.withDefaults().keyFile()
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(says string) {
		t.Helper()
		a, err := New(t.Context(), o)
		if err == nil {
			a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--key-file") {
			t.Errorf("started, or said %v", err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	refused("is gone")
	if _, err := os.Stat(file); err == nil {
		t.Error("another key was made")
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("not the key")
	if err := os.WriteFile(file, right, 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	a.Close()
}
