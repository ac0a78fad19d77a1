package db

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"yiji/internal/fault"
)

// Tx is a transaction. Now is taken once when it starts, in UTC and whole
// microseconds: everything decided in one transaction is decided at one time.
// A Tx is used by one goroutine and never outlives its function.
type Tx struct {
	Now     time.Time
	ctx     context.Context
	s       *session
	records []Record
	depth   int
	dead    error // what ended the transaction before its time
}

// Record is a line of the outbox; internal/outbox and internal/bus write them
// through Append. Metadata is a JSON object or empty.
type Record struct{ ID, Topic, Key, Name, Payload, Metadata string }

// Append adds a record that becomes true with this transaction: it gets its
// number as the last step before COMMIT, so numbers are in commit order.
func (tx *Tx) Append(r Record) { tx.records = append(tx.records, r) }

// Context is the caller's context, for libraries that want one.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Get reads one row into dest, a scalar or a struct with db tags; ErrNoRows when nothing matches.
func (tx *Tx) Get(dest any, query string, args ...any) error {
	return tx.run(query, func(st *sqlx.Stmt) error { return st.GetContext(tx.ctx, dest, args...) })
}

// run prepares a statement and runs it. After a failure that ended the whole
// transaction every further statement would stand alone and come true at once,
// so it gets the same answer without being run.
func (tx *Tx) run(query string, do func(st *sqlx.Stmt) error) error {
	if tx.dead != nil {
		return tx.dead
	}
	st, err := tx.s.prepare(tx.ctx, query)
	if err == nil {
		err = do(st)
	}
	if err != nil && tx.s.fatal(err) {
		tx.dead = err
	}
	return err
}

// Select reads all rows into dest, a pointer to a slice.
func (tx *Tx) Select(dest any, query string, args ...any) error {
	return tx.run(query, func(st *sqlx.Stmt) error { return st.SelectContext(tx.ctx, dest, args...) })
}

// SelectIn is Select for a query with ? placeholders of which some are slices.
func (tx *Tx) SelectIn(dest any, query string, args ...any) error {
	q, a, err := In(query, args...)
	if err != nil {
		return err
	}
	return tx.Select(dest, q, a...)
}

// Exec changes rows and returns how many.
func (tx *Tx) Exec(query string, args ...any) (n int64, err error) {
	err = tx.run(query, func(st *sqlx.Stmt) error {
		res, err := st.ExecContext(tx.ctx, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// Savepoint runs do so that its failure undoes only what it did, events
// included; the transaction goes on. It returns do's error.
func (tx *Tx) Savepoint(do func() error) error {
	name := "s" + string(rune('a'+tx.depth%26))
	if _, err := tx.Exec("SAVEPOINT " + name); err != nil { // prepared: these two are a third of the statements of a small Update
		return err
	}
	mark := len(tx.records)
	tx.depth++
	err := guard(do)
	tx.depth--
	if err == nil {
		_, err = tx.Exec("RELEASE SAVEPOINT " + name)
		return err
	}
	tx.records = tx.records[:mark]
	if tx.dead != nil {
		return err
	}
	back := tx.s.plain(tx.ctx, "ROLLBACK TO SAVEPOINT "+name)
	if back == nil {
		back = tx.s.plain(tx.ctx, "RELEASE SAVEPOINT "+name)
	}
	if back != nil {
		return errors.Join(err, back)
	}
	return err
}

// keepCommands is how long an answered key is remembered: days are planned at
// most 60 days ahead and a key is kept 7 days after its day.
const keepCommands = 70 * 24 * time.Hour

// Once runs do at most once per (scope, key) and gives every repetition the
// first answer. bodyHash identifies the content of the request: the same key
// with another one is refused (fault Conflict "idempotency.body_differs").
// An empty key means the caller wants no protection: do runs.
func (tx *Tx) Once(scope, key, bodyHash string, do func() ([]byte, error)) ([]byte, error) {
	if key == "" {
		return do()
	}
	var old struct {
		BodyHash string `db:"body_hash"`
		Answer   string `db:"answer"`
	}
	err := tx.Get(&old, `SELECT body_hash, answer FROM commands WHERE scope = $1 AND key = $2`, scope, key)
	switch {
	case err == nil && old.BodyHash != bodyHash:
		return nil, fault.Conflict("idempotency.body_differs", "idempotency_key", "this key was used for another request")
	case err == nil:
		return []byte(old.Answer), nil
	case !errors.Is(err, ErrNoRows):
		return nil, err
	}
	answer, err := do()
	if err != nil {
		return nil, err
	}
	n, err := tx.Exec(`INSERT INTO commands (scope, key, body_hash, answer, keep_until) VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING`,
		scope, key, bodyHash, string(answer), Micros(tx.Now.Add(keepCommands)))
	if err != nil {
		return nil, err
	}
	if n == 0 { // another process answered meanwhile: start over and read its answer
		return nil, errAgain
	}
	return answer, nil
}

// errAgain asks Update to run the whole function once more.
var errAgain = errors.New("another process was faster, try again")
