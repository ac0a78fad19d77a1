package outbox

import (
	"errors"
	"time"

	"yiji/internal/db"
)

// Reader is one process's claim to read a topic for a consumer.
type Reader struct {
	Consumer string
	Topic    string
	Owner    string        // names the process
	Lease    time.Duration // how long a reader that has died keeps others waiting
}

// ErrNotOwner means that another process reads for this consumer now.
var ErrNotOwner = errors.New("another process reads for this consumer")

// Acquire makes r the reader if nobody else holds the lease, and returns the
// number up to which everything is applied. A new consumer starts at the
// beginning: its state is a fold over all events.
func (r Reader) Acquire(tx *db.Tx) (seq int64, ok bool, err error) {
	if _, err := tx.Exec(`INSERT INTO consumers (name, topic, seq, owner, lease_until)
		VALUES ($1, $2, 0, '', 0) ON CONFLICT DO NOTHING`, r.Consumer, r.Topic); err != nil {
		return 0, false, err
	}
	err = tx.Get(&seq, `UPDATE consumers SET owner = $3, lease_until = $4
		WHERE name = $1 AND topic = $2 AND (owner = $3 OR lease_until < $5) RETURNING seq`,
		r.Consumer, r.Topic, r.Owner, db.Micros(tx.Now.Add(r.Lease)), db.Micros(tx.Now))
	if errors.Is(err, db.ErrNoRows) {
		return 0, false, nil
	}
	return seq, err == nil, err
}

// Hold proves that r still is the reader and renews the lease. The row stays
// locked until COMMIT, so a process that lost the lease while it was asleep
// cannot apply anything beside the new reader.
func (r Reader) Hold(tx *db.Tx) error {
	n, err := tx.Exec(`UPDATE consumers SET lease_until = $4 WHERE name = $1 AND topic = $2 AND owner = $3`,
		r.Consumer, r.Topic, r.Owner, db.Micros(tx.Now.Add(r.Lease)))
	if err == nil && n == 0 {
		err = ErrNotOwner
	}
	return err
}

// Advance records that everything up to seq is applied.
func (r Reader) Advance(tx *db.Tx, seq int64) error {
	_, err := tx.Exec(`UPDATE consumers SET seq = $4 WHERE name = $1 AND topic = $2 AND owner = $3 AND seq < $4`,
		r.Consumer, r.Topic, r.Owner, seq)
	return err
}

// Leave gives the lease up, so that another process can take over at once.
func (r Reader) Leave(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE consumers SET owner = '', lease_until = 0 WHERE name = $1 AND topic = $2 AND owner = $3`,
		r.Consumer, r.Topic, r.Owner)
	return err
}

// ReleaseAll gives every lease up. Only for a database that one process at a
// time can open: what it finds held was held by a process that has died.
func ReleaseAll(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE consumers SET owner = '', lease_until = 0`)
	return err
}

// Lock makes everything else that applies events for the consumer wait until
// COMMIT, whoever holds the lease: for replaying parked events.
func Lock(tx *db.Tx, consumer string) error {
	_, err := tx.Exec(`UPDATE consumers SET seq = seq WHERE name = $1 AND topic = $2`, consumer, Topic)
	return err
}

// Lag is how far a consumer is behind.
type Lag struct {
	Consumer string `db:"name" json:"consumer"`
	Events   int64  `db:"events" json:"events"`
	Parked   int64  `db:"parked" json:"parked"`
}

// Lags returns every consumer's distance to the newest event and its parked events.
func Lags(tx *db.Tx) ([]Lag, error) {
	var out []Lag
	err := tx.Select(&out, `SELECT c.name, h.seq - c.seq AS events,
			(SELECT COUNT(*) FROM parked p WHERE p.consumer = c.name) AS parked
		FROM consumers c CROSS JOIN outbox_head h WHERE c.topic = $1 ORDER BY c.name`, Topic)
	return out, err
}
