package notify

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/notify/channel"
)

// claimRounds bounds one claiming transaction; what is left is claimed in the next.
const claimRounds = 32

// The questions of every round. Their cost grows with what is due, not with what
// was ever sent; a test looks at their plans.
const (
	dueQuery   = `SELECT DISTINCT channel || '' FROM notify_deliveries WHERE finished_at = 0 AND next_at <= $1`
	soonQuery  = `SELECT MIN(next_at) FROM notify_deliveries WHERE finished_at = 0 AND next_at > $1`
	claimQuery = `SELECT ` + deliveryColumns + ` FROM notify_deliveries d
		WHERE finished_at = 0 AND channel = $1 AND next_at <= $2
		AND NOT EXISTS (SELECT 1 FROM notify_deliveries b WHERE b.state = 'sending' AND b.recipient = d.recipient AND b.channel = d.channel
			AND b.lease_until > $2)
		ORDER BY next_at, id LIMIT $3`
)

// claim takes what is due, as far as free places reach, and commits an attempt
// row for each before anything is sent. next is when to look again.
func (s *Service) claim(ctx context.Context, free map[channel.Kind]int) (jobs []job, next time.Time, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		jobs, next = nil, tx.Now.Add(pollEvery)
		var due []channel.Kind
		if err := tx.Select(&due, dueQuery, db.Micros(tx.Now)); err != nil {
			return err
		}
		for _, k := range due {
			got, more, err := s.claimKind(tx, k, free[k])
			if err != nil {
				return err
			}
			jobs = append(jobs, got...)
			if more {
				next = tx.Now
			}
		}
		var soon *int64
		if err := tx.Get(&soon, soonQuery, db.Micros(tx.Now)); err != nil {
			return err
		}
		if soon != nil && db.Time(*soon).Before(next) {
			next = db.Time(*soon)
		}
		return nil
	})
	return jobs, next, err
}

// claimKind claims for one pool, oldest first, one message per receiver at a time.
func (s *Service) claimKind(tx *db.Tx, k channel.Kind, free int) (jobs []job, more bool, err error) {
	for range claimRounds {
		if len(jobs) >= free {
			return jobs, false, nil // a place that becomes free asks again
		}
		var rows []deliveryRow
		if err := tx.Select(&rows, claimQuery, string(k), db.Micros(tx.Now), free-len(jobs)+16); err != nil {
			return nil, false, err
		}
		if len(rows) == 0 {
			return jobs, false, nil
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if seen[r.Recipient] || len(jobs) >= free {
				continue
			}
			seen[r.Recipient] = true
			j, err := s.take(tx, r)
			if err != nil {
				return nil, false, err
			}
			if j != nil {
				jobs = append(jobs, *j)
			}
		}
	}
	return jobs, true, nil
}

// take turns one due delivery into an attempt; nil when it was skipped,
// deferred or given up instead. Every path changes the row, so claiming ends.
func (s *Service) take(tx *db.Tx, r deliveryRow) (*job, error) {
	p, err := r.decoded()
	if err != nil {
		return nil, s.finish(tx, r, GivenUp, "params_unreadable")
	}
	at, why := decide(r.timing(), tx.Now, zoneOf(p.Zone))
	switch {
	case why != "":
		return nil, s.finish(tx, r, Skipped, why)
	case at.After(tx.Now):
		return nil, s.putOff(tx, r, at)
	case r.Tries >= attemptsMax:
		return nil, s.finish(tx, r, GivenUp, "attempts")
	}
	t, why, err := s.resolve(tx, r)
	if err != nil {
		return nil, err
	}
	if why != "" {
		return nil, s.finish(tx, r, Skipped, why)
	}
	if r, err = s.merge(tx, r); err != nil || r.ID == "" {
		return nil, err
	}
	msg, err := s.compose(tx, r, t)
	if err != nil {
		return nil, err
	}
	return s.begin(tx, r, msg)
}

// begin marks the delivery as being sent and writes the attempt row: committed
// before the wire, so that a crash is visible afterwards and counted.
func (s *Service) begin(tx *db.Tx, r deliveryRow, msg channel.Message) (*job, error) {
	j := job{row: r, msg: msg, lease: db.NewID()}
	j.row.Attempts++
	j.row.Tries++
	if j.row.FirstAt == 0 {
		j.row.FirstAt = db.Micros(tx.Now)
	}
	until := db.Micros(tx.Now.Add(lease))
	n, err := tx.Exec(`UPDATE notify_deliveries SET state = 'sending', why = '', lease = $1, lease_until = $2, next_at = $2,
		attempts = $3, tries = $4, first_at = $5
		WHERE id = $6 AND attempts = $7 AND lease = $8 AND state = $9`,
		j.lease, until, j.row.Attempts, j.row.Tries, j.row.FirstAt, r.ID, r.Attempts, r.Lease, string(r.State))
	if err != nil || n == 0 {
		return nil, err // another process was faster
	}
	_, err = tx.Exec(`INSERT INTO notify_attempts (delivery_id, n, started_at) VALUES ($1,$2,$3)`, r.ID, j.row.Attempts, db.Micros(tx.Now))
	return &j, err
}

// finish ends a delivery without an attempt.
func (s *Service) finish(tx *db.Tx, r deliveryRow, state State, why string) error {
	_, err := tx.Exec(`UPDATE notify_deliveries SET state = $1, why = $2, finished_at = $3, lease = '', lease_until = 0
		WHERE id = $4 AND lease = $5 AND state = $6`, string(state), why, db.Micros(tx.Now), r.ID, r.Lease, string(r.State))
	return err
}

// putOff moves a delivery to a later time.
func (s *Service) putOff(tx *db.Tx, r deliveryRow, at time.Time) error {
	_, err := tx.Exec(`UPDATE notify_deliveries SET state = CASE WHEN state = 'sending' THEN 'retry' ELSE state END,
		next_at = $1, lease = '', lease_until = 0 WHERE id = $2 AND lease = $3 AND state = $4`,
		db.Micros(at), r.ID, r.Lease, string(r.State))
	return err
}
