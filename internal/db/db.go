package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
)

// Options say what to open.
type Options struct {
	// URL is postgres://… for PostgreSQL; anything else is the path of a SQLite file
	// (sqlite: in front is allowed).
	URL string
	// Clock gives the time a transaction believes in; nil is time.Now.
	Clock func() time.Time
	// Logger receives what operators should know; nil is slog.Default.
	Logger *slog.Logger
	// KeepSchema opens without applying migrations: for the commands that only look.
	KeepSchema bool
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect dialect
	clock   func() time.Time
	log     *slog.Logger
	writer  *sqlx.DB
	reader  *sqlx.DB
	reads   chan *session
	jobs    chan *job
	stopped chan struct{} // closed when the writing lane has ended
	quit    chan struct{} // closed by Close
	watch   watchers
	commits atomic.Int64
	foreign atomic.Int64 // commits of other processes that we were told of
	updates atomic.Int64
	noRoom  atomic.Bool // something could not be written for want of space
	closers []func() error
}

// dialect is everything that differs between the two databases.
type dialect struct {
	name      string
	begin     string
	beginRead string
	retryable func(error) bool
	full      func(error) bool // the disk is, or it does not write
	fatal     func(error) bool // the whole transaction is undone, not the statement
	notify    string           // statement that wakes other processes, run before COMMIT
	tables    string           // query for our tables in the order they were made
}

// readSessions bounds the snapshots read at once in one process.
const readSessions = 8

// Open opens the database, applies missing migrations and refuses a schema
// newer than this program. A SQLite file can be open in one process only.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	d := &DB{
		clock: o.Clock, log: o.Logger,
		reads: make(chan *session, readSessions), jobs: make(chan *job),
		stopped: make(chan struct{}), quit: make(chan struct{}),
	}
	if err := d.open(ctx, o.URL); err != nil {
		return nil, errors.Join(err, d.runClosers())
	}
	if !o.KeepSchema {
		if err := d.migrate(ctx); err != nil {
			return nil, errors.Join(err, d.runClosers())
		}
	}
	for range readSessions {
		d.reads <- &session{pool: d.reader, fatal: d.dialect.fatal}
	}
	go d.lane()
	return d, nil
}

func (d *DB) open(ctx context.Context, url string) error {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return d.openPostgres(ctx, url)
	}
	return d.openSQLite(strings.TrimPrefix(url, "sqlite:"))
}

// Postgres reports whether PostgreSQL is behind, for messages to operators.
func (d *DB) Postgres() bool { return d.dialect.name == "postgres" }

// Now is the clock transactions believe in, as Tx.Now would say it.
func (d *DB) Now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// Stats count what the lane of writing has done since Open.
type Stats struct{ Commits, Updates int64 }

// Stats returns the counters; Updates divided by Commits is the size of a group.
func (d *DB) Stats() Stats { return Stats{Commits: d.commits.Load(), Updates: d.updates.Load()} }

// Changes is a number that is another one after every commit of this process
// and, on PostgreSQL, after those of others that carried events. What was read
// at one number is still so while it stays.
func (d *DB) Changes() int64 { return d.commits.Load() + d.foreign.Load() }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.View(ctx, func(tx *Tx) error {
		var one int
		return tx.Get(&one, `SELECT 1`)
	})
}

// ErrDisk is what an Update comes to when the disk is full or does not write:
// nothing of it is true, and it may be tried again when there is room.
var ErrDisk = errors.New("the disk takes nothing more")

// Room returns ErrDisk while nothing can be written. It writes only after an
// Update failed for that reason, and until one does not: something as large as
// what a request may write, because a few bytes fit on most full disks.
func (d *DB) Room(ctx context.Context) error {
	if !d.noRoom.Load() {
		return nil
	}
	write := func(query string, args ...any) error {
		return d.Update(ctx, func(tx *Tx) error {
			_, err := tx.Exec(query, args...)
			return err
		})
	}
	err := write(`INSERT INTO commands (scope, key, body_hash, answer, keep_until) VALUES ('db', 'room', '', $1, 0)
		ON CONFLICT (scope, key) DO UPDATE SET answer = excluded.answer`, strings.Repeat("room ", 16<<10))
	if err == nil {
		err = write(`DELETE FROM commands WHERE scope = 'db' AND key = 'room'`)
	}
	if err == nil {
		d.noRoom.Store(false)
	}
	return err
}

// Close waits for the running group of Updates, refuses later ones and closes
// the connections.
func (d *DB) Close() error {
	close(d.quit)
	<-d.stopped
	for range readSessions {
		(<-d.reads).close()
	}
	return d.runClosers()
}

func (d *DB) runClosers() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// ErrStopped is returned by Update and View after Close.
var ErrStopped = errors.New("database is closed")

// NewID returns a new public handle: 26 characters, at least 128 random bits.
func NewID() string { return strings.ToLower(rand.Text()) }

// IsID reports whether s could have been made by NewID.
func IsID(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return len(s) == 26
}

// Micros is the stored form of an instant: microseconds since 1970 UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time reads a stored instant; the result is in UTC.
func Time(µs int64) time.Time { return time.UnixMicro(µs).UTC() }

// In expands the ? of a query for slices among args ("id IN (?)") and numbers
// the placeholders: its results go to Tx.Select and friends.
func In(query string, args ...any) (string, []any, error) {
	q, a, err := sqlx.In(query, args...)
	if err != nil {
		return "", nil, fmt.Errorf("expand %q: %w", query, err)
	}
	return sqlx.Rebind(sqlx.DOLLAR, q), a, nil
}

// ErrNoRows is what Get returns when nothing matches.
var ErrNoRows = sql.ErrNoRows
