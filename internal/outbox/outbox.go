package outbox

import (
	"fmt"

	"yiji/internal/db"
	"yiji/internal/event"
)

// Topic is the one stream of domain events; order within a key spans all names.
const Topic = "events"

// Emit adds the event to the transaction: it becomes true with it.
func Emit(tx *db.Tx, e event.Event) error {
	payload, err := event.Encode(e)
	if err != nil {
		return fmt.Errorf("emit %s: %w", e.Name(), err)
	}
	if e.Key() == "" {
		return fmt.Errorf("emit %s: the event has no key", e.Name())
	}
	tx.Append(db.Record{ID: db.NewID(), Topic: Topic, Key: e.Key(), Name: e.Name(), Payload: string(payload)})
	return nil
}

// Stored is an event as it lies in the outbox.
type Stored struct {
	Seq      int64  `db:"seq"`
	ID       string `db:"id"`
	Key      string `db:"key"`
	Name     string `db:"name"`
	Payload  string `db:"payload"`
	Metadata string `db:"metadata"`
	At       int64  `db:"at"` // when it was committed, microseconds UTC
}

// After returns up to limit events of a topic with numbers above seq, in order.
func After(tx *db.Tx, topic string, seq int64, limit int) ([]Stored, error) {
	out, _, err := Read(tx, Wanted{Topic: topic, Limit: limit}, seq)
	return out, err
}

// Wanted says which events a reader asks for.
type Wanted struct {
	Topic string
	Names []string // nil is all
	Keys  []string // nil is all
	Limit int
}

// Read returns the wanted events with numbers above seq, in order, and the
// number up to which there are no others: a consumer that hears little does not
// read what it would throw away.
func Read(tx *db.Tx, w Wanted, seq int64) (out []Stored, up int64, err error) {
	query, args := `SELECT seq, id, key, name, payload, metadata, at FROM outbox WHERE topic = ? AND seq > ?`, []any{w.Topic, seq}
	if len(w.Names) > 0 {
		query, args = query+` AND name IN (?)`, append(args, w.Names)
	}
	if len(w.Keys) > 0 {
		query, args = query+` AND key IN (?)`, append(args, w.Keys)
	}
	if err := tx.SelectIn(&out, query+` ORDER BY seq LIMIT ?`, append(args, w.Limit)...); err != nil {
		return nil, 0, err
	}
	if n := len(out); n > 0 && n == w.Limit {
		return out, out[n-1].Seq, nil
	}
	up, err = Head(tx)
	return out, max(up, seq), err
}

// Head returns the number of the newest event.
func Head(tx *db.Tx) (int64, error) {
	var seq int64
	err := tx.Get(&seq, `SELECT seq FROM outbox_head WHERE one = 1`)
	return seq, err
}

// Prune removes events recorded before the given instant (µs) that every
// consumer has passed, the inbox rows that only repeat what a cursor says, and
// expired answers to idempotency keys. It returns how many events went.
func Prune(tx *db.Tx, before int64) (int64, error) {
	if _, err := tx.Exec(`DELETE FROM inbox WHERE seq <= (SELECT c.seq FROM consumers c
		WHERE c.name = inbox.consumer AND c.topic = $1)`, Topic); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`DELETE FROM commands WHERE keep_until < $1`, db.Micros(tx.Now)); err != nil {
		return 0, err
	}
	return tx.Exec(`DELETE FROM outbox WHERE at < $1
		AND seq <= (SELECT COALESCE(MIN(c.seq), 0) FROM consumers c WHERE c.topic = outbox.topic)
		AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.event_id = outbox.id)`, before)
}
