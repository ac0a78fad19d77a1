package db

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite" // also the driver "sqlite": SQLite in Go, no cgo
	sqlite3 "modernc.org/sqlite/lib"

	"yiji/internal/fault"
)

func init() { sqlx.BindDriver("sqlite", sqlx.DOLLAR) }

// openSQLite opens the file for one writer and a pool of readers. The lock file
// beside it makes a second process refuse to start instead of fighting for it.
func (d *DB) openSQLite(path string) error {
	if path == "" {
		return errors.New("database: no file named")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("database folder: %w", err)
	}
	if err := mayBeSQLite(path); err != nil {
		return err
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return fmt.Errorf("stop the server first: database %s is in use by another process: %w", path, err)
	}
	d.closers = append(d.closers, unlock)
	if err := private(path); err != nil {
		return err
	}
	d.dialect = dialect{
		name: "sqlite3", begin: "BEGIN IMMEDIATE", beginRead: "BEGIN",
		retryable: func(error) bool { return false },
		full:      takesNoMore,
		fatal:     undoesAll,
		tables: `SELECT name FROM sqlite_master WHERE type = 'table'
			AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY rowid`,
	}
	if d.writer, err = openFile(path, 2, ""); err != nil { // the lane and, beside it, the migrations
		return err
	}
	d.closers = append(d.closers, d.writer.Close)
	if d.reader, err = openFile(path, readSessions, "query_only(1)"); err != nil {
		return err
	}
	d.closers = append(d.closers, d.reader.Close)
	return nil
}

// mayBeSQLite refuses a file that holds something else, before anything is made
// beside it.
func mayBeSQLite(path string) error {
	const mark = "SQLite format 3\x00"
	f, err := os.Open(path)
	if err != nil {
		return nil // a new one, or one whose trouble is said when it is opened
	}
	defer f.Close()
	have := make([]byte, len(mark))
	if n, err := io.ReadFull(f, have); n > 0 && string(have) != mark || err != nil && !errors.Is(err, io.EOF) {
		return fault.Invalid("database.not_one", "--database", "%s is not a SQLite database", path)
	}
	return nil
}

// private makes a new file that only its owner reads: it holds handles that
// open what they name. A file that is there keeps the mode its owner gave it;
// SQLite's files beside it follow it.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("database %s: %w", path, err)
	}
	return f.Close()
}

func openFile(path string, conns int, extra string) (*sqlx.DB, error) {
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "cache_size(-16000)",
	}}
	if extra != "" {
		q["_pragma"] = append(q["_pragma"], extra)
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	pool, err := sqlx.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if err := pool.Ping(); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), pool.Close())
	}
	return pool, nil
}

// takesNoMore reports that something could not be written, so that it is
// certainly not there; after a failed fsync nobody knows.
func takesNoMore(err error) bool {
	c := sqliteCode(err)
	return c&0xff == sqlite3.SQLITE_FULL || c == sqlite3.SQLITE_IOERR_WRITE
}

// undoesAll reports an error after which SQLite may have undone the whole
// transaction, not only the statement (https://sqlite.org/lang_transaction.html,
// "Response To Errors Within A Transaction").
func undoesAll(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// sqliteCode is the extended result code of an error, 0 when it has none.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
