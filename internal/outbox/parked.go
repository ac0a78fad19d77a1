package outbox

import (
	"strings"

	"yiji/internal/db"
)

// Parked is an event that a consumer could not apply, or that came after one.
type Parked struct {
	Consumer string `db:"consumer" json:"consumer"`
	EventID  string `db:"event_id" json:"event"`
	Seq      int64  `db:"seq" json:"seq"`
	Key      string `db:"key" json:"key"`
	Name     string `db:"name" json:"name"`
	Error    string `db:"error" json:"error"`
	Attempts int    `db:"attempts" json:"attempts"`
	ParkedAt int64  `db:"parked_at" json:"parked_at"` // µs UTC
}

// maxError bounds what is kept of an error.
const maxError = 2000

// Failure is why an event is set aside, after how many attempts.
type Failure struct {
	Why      string
	Attempts int
}

func shorten(why string) string {
	if len(why) > maxError {
		why = strings.ToValidUTF8(why[:maxError], "")
	}
	return why
}

// Park sets one event aside for one consumer. The event counts as handled: the
// consumer goes on with other keys.
func Park(tx *db.Tx, consumer string, e Stored, f Failure) error {
	_, err := tx.Exec(`INSERT INTO parked (consumer, event_id, seq, key, name, error, attempts, parked_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT DO NOTHING`,
		consumer, e.ID, e.Seq, e.Key, e.Name, shorten(f.Why), f.Attempts, db.Micros(tx.Now))
	return err
}

// ParkedKeys returns which of the keys have parked events at the consumer.
func ParkedKeys(tx *db.Tx, consumer string, keys []string) (map[string]bool, error) {
	var have []string
	if err := tx.SelectIn(&have, `SELECT DISTINCT key FROM parked WHERE consumer = ? AND key IN (?)`, consumer, keys); err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(have))
	for _, k := range have {
		out[k] = true
	}
	return out, nil
}

// AnyParked reports whether the consumer has parked events at all, which is
// nearly never and cheap to ask.
func AnyParked(tx *db.Tx, consumer string) (bool, error) {
	var n int
	err := tx.Get(&n, `SELECT COUNT(*) FROM (SELECT 1 FROM parked WHERE consumer = $1 LIMIT 1) AS p`, consumer)
	return n > 0, err
}

// AllParked lists what is parked, oldest first, at most limit.
func AllParked(tx *db.Tx, limit int) ([]Parked, error) {
	var out []Parked
	err := tx.Select(&out, `SELECT consumer, event_id, seq, key, name, error, attempts, parked_at
		FROM parked ORDER BY seq, consumer LIMIT $1`, limit)
	return out, err
}

// Pile is what one consumer has parked of one key.
type Pile struct {
	Consumer string `db:"consumer"`
	Key      string `db:"key"`
	Events   int    `db:"events"`
}

// Piles lists what is parked by consumer and key, oldest first.
func Piles(tx *db.Tx) ([]Pile, error) {
	var out []Pile
	err := tx.Select(&out, `SELECT consumer, key, COUNT(*) AS events FROM parked GROUP BY consumer, key ORDER BY MIN(seq), consumer`)
	return out, err
}

// NextParked returns the oldest parked event of a consumer and key; ok is false
// when none is left.
func NextParked(tx *db.Tx, consumer, key string) (e Stored, ok bool, err error) {
	var rows []Stored
	err = tx.Select(&rows, `SELECT o.seq, o.id, o.key, o.name, o.payload, o.metadata, o.at
		FROM parked p JOIN outbox o ON o.id = p.event_id
		WHERE p.consumer = $1 AND p.key = $2 ORDER BY p.seq LIMIT 1`, consumer, key)
	if err != nil || len(rows) == 0 {
		return Stored{}, false, err
	}
	return rows[0], true, nil
}

// Failed notes that another try of a parked event failed too.
func Failed(tx *db.Tx, consumer, eventID, why string) error {
	_, err := tx.Exec(`UPDATE parked SET error = $3, attempts = attempts + 1 WHERE consumer = $1 AND event_id = $2`, consumer, eventID, shorten(why))
	return err
}

// Unpark removes one event from what is parked.
func Unpark(tx *db.Tx, consumer, eventID string) error {
	_, err := tx.Exec(`DELETE FROM parked WHERE consumer = $1 AND event_id = $2`, consumer, eventID)
	return err
}
