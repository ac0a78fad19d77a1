package outbox

import (
	"yiji/internal/db"
)

// Fresh marks the events as applied by the consumer and returns the ids that
// were not yet. Called first in the transaction of the reactions; a reaction
// that fails takes its mark back with Forget.
func Fresh(tx *db.Tx, consumer string, events []Stored) (map[string]bool, error) {
	fresh := make(map[string]bool, len(events))
	for len(events) > 0 {
		n := chunk(len(events))
		args := make([]any, 0, 3*n)
		for _, e := range events[:n] {
			args = append(args, consumer, e.ID, e.Seq)
		}
		var ids []string
		err := tx.Select(&ids, `INSERT INTO inbox (consumer, event_id, seq) VALUES `+db.Rows(n, 3)+
			` ON CONFLICT DO NOTHING RETURNING event_id`, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			fresh[id] = true
		}
		events = events[n:]
	}
	return fresh, nil
}

// chunk picks how many rows one INSERT carries: few sizes, few statements.
func chunk(n int) int {
	for _, size := range []int{64, 16, 4} {
		if n >= size {
			return size
		}
	}
	return 1
}

// Forget takes the mark of one event back.
func Forget(tx *db.Tx, consumer, eventID string) error {
	_, err := tx.Exec(`DELETE FROM inbox WHERE consumer = $1 AND event_id = $2`, consumer, eventID)
	return err
}
