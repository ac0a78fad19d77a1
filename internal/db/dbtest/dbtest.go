// Package dbtest gives tests real databases: a SQLite file and a PostgreSQL
// database each, empty and migrated.
//
// PostgreSQL is the server named in YIJI_TEST_POSTGRES (make test starts one
// for the whole run), or one started from the binaries found on this machine.
// Where there are none the PostgreSQL half is left out and said so; with
// YIJI_TEST_REQUIRE=all that is a failure.
package dbtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"yiji/internal/db"
)

// Each runs do on an empty SQLite database and on an empty PostgreSQL database.
func Each(t *testing.T, do func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachAt(t, nil, do)
}

// EachAt is Each with a clock.
func EachAt(t *testing.T, clock func() time.Time, do func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { do(t, Open(t, SQLite(t), clock)) })
	if !HavePostgres(t) {
		return
	}
	t.Run("postgres", func(t *testing.T) { do(t, Open(t, Postgres(t), clock)) })
}

// EachURL runs do with the address of an empty database of each kind, for tests
// that open it themselves, several times or in another process.
func EachURL(t *testing.T, do func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { do(t, SQLite(t)) })
	if !HavePostgres(t) {
		return
	}
	t.Run("postgres", func(t *testing.T) { do(t, Postgres(t)) })
}

// Open opens url until the test ends.
func Open(t testing.TB, url string, clock func() time.Time) *db.DB {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	d, err := db.Open(context.Background(), db.Options{URL: url, Clock: clock, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// SQLite returns the path of a database file that does not exist yet.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "yiji.db") }

var (
	once    sync.Once
	server  string // administrator's address
	noPG    error
	counter struct {
		sync.Mutex
		n int
	}
)

// HavePostgres reports whether the PostgreSQL half can run. When it cannot it
// says so, and fails the test if everything is required.
func HavePostgres(t testing.TB) bool {
	t.Helper()
	once.Do(func() { server, noPG = findServer() })
	if noPG == nil {
		return true
	}
	if os.Getenv("YIJI_TEST_REQUIRE") != "" {
		t.Fatalf("PostgreSQL is required: %v", noPG)
	}
	fmt.Fprintf(os.Stderr, "NOT RUN on PostgreSQL: %s: %v\n", t.Name(), noPG)
	return false
}

func findServer() (string, error) {
	if u := os.Getenv("YIJI_TEST_POSTGRES"); u != "" {
		return u, nil
	}
	c, err := StartCluster(context.Background(), false)
	if err != nil {
		return "", err
	}
	return c.URL, stopWithProcess(c)
}

// Postgres returns the address of a new migrated database, dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	HavePostgres(t)
	name := fmt.Sprintf("t%d_%d_%s", os.Getpid(), next(), db.NewID()[:6])
	admin(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { admin(t, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func next() int {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return counter.n
}

func admin(t testing.TB, sql string) {
	t.Helper()
	pool, err := sqlx.Connect("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 20 { // two CREATE DATABASE at once may find the template in use
		if _, err = pool.Exec(sql); err == nil || !strings.Contains(err.Error(), "being accessed") {
			break
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
