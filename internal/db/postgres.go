package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"yiji/internal/fault"
)

// channel is what processes on one PostgreSQL tell each other: "there are events".
const channel = "yiji_outbox"

func (d *DB) openPostgres(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("database: the postgres:// address cannot be read") // the cause would print the password
	}
	q := u.Query()
	if !q.Has("connect_timeout") {
		q.Set("connect_timeout", "3")
	}
	u.RawQuery = q.Encode()
	d.dialect = dialect{
		name: "postgres", begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
		beginRead: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		full:      func(err error) bool { var e *pq.Error; return errors.As(err, &e) && e.Code == "53100" },
		fatal:     func(error) bool { return false }, // a savepoint survives every error of a statement
		retryable: lostRace, notify: "NOTIFY " + channel,
		tables: `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'r' AND n.nspname = current_schema() AND c.relname <> 'goose_db_version' ORDER BY c.oid`,
	}
	pool, err := sqlx.Open("postgres", u.String())
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(readSessions + 4)
	pool.SetMaxIdleConns(readSessions + 1)
	d.writer, d.reader = pool, pool
	d.closers = append(d.closers, pool.Close)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := pool.PingContext(ctx); errors.Is(err, pq.ErrSSLNotSupported) {
		return fault.Invalid("database.ssl", "--database", "%s: %v; where that is right, as on this machine, add ?sslmode=disable", u.Redacted(), err)
	} else if err != nil {
		return fmt.Errorf("database %s: %w", u.Redacted(), err)
	}
	return d.listen(u.String())
}

// listen wakes our watchers when another process has committed events. After a
// lost connection it wakes them once, because a notification may have been missed.
func (d *DB) listen(url string) error {
	l := pq.NewListener(url, 100*time.Millisecond, 5*time.Second, nil)
	if err := l.Listen(channel); err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range l.Notify {
			d.foreign.Add(1)
			d.watch.wake()
		}
	}()
	d.closers = append(d.closers, func() error {
		err := l.Close()
		<-done
		return err
	})
	return nil
}

// lostRace reports a failure that a second try survives or explains:
// serialization failure, deadlock, and a unique violation. The last means that
// somebody committed between our look and our save; looking again finds the
// other's row, and what was asked for is refused with its reason.
func lostRace(err error) bool {
	var unknown commitError
	if errors.As(err, &unknown) {
		return false
	}
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01" || e.Code == "23505")
}

// brokenConn reports that the connection, not the statement, failed.
func brokenConn(err error) bool {
	if err == nil {
		return false
	}
	var n net.Error
	var e *pq.Error
	if errors.As(err, &e) {
		return e.Code.Class() == "57" || e.Code.Class() == "08"
	}
	return errors.Is(err, driver.ErrBadConn) || errors.As(err, &n)
}
