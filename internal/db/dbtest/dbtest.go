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

// SQLite returns the path of a database file, empty but for its schema: a copy
// of one that was migrated once for this process.
func SQLite(t testing.TB) string {
	t.Helper()
	raw, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "yiji.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "yiji-dbtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "yiji.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the last connection has folded the log into the file
})

// migrate opens and closes a database: opening applies the migrations.
func migrate(url string) error {
	d, err := db.Open(context.Background(), db.Options{URL: url, Logger: quiet})
	if err != nil {
		return err
	}
	return d.Close()
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

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

// Postgres returns the address of a new database, empty but for its schema: a
// copy of one that was migrated once for this process. It is dropped when the
// test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	HavePostgres(t)
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t%d_%d_%s", os.Getpid(), next(), db.NewID()[:6])
	if err := admin(`CREATE DATABASE ` + name + ` TEMPLATE ` + from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return at(name)
}

var template = sync.OnceValues(func() (string, error) {
	name := fmt.Sprintf("template%d_%s", os.Getpid(), db.NewID()[:6])
	if err := admin(`CREATE DATABASE ` + name); err != nil {
		return "", err
	}
	return name, migrate(at(name))
})

// at is the address of a database on the server.
func at(name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
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

// admin runs one statement as the administrator. CREATE DATABASE is tried again
// while its template is in use: a connection that was closed may linger.
func admin(sql string) error {
	pool, err := sqlx.Connect("postgres", server)
	if err != nil {
		return err
	}
	defer pool.Close()
	for range 100 {
		if _, err = pool.Exec(sql); err == nil || !strings.Contains(err.Error(), "being accessed") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
