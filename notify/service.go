package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/notify/channel"
)

// Delivery is one message as pages and the API show it: whom by role and id, never an address.
type Delivery struct {
	ID         string       `json:"id" db:"id"`
	DayID      string       `json:"day" db:"day_id"`
	Kind       Kind         `json:"kind" db:"kind"`
	Audience   Audience     `json:"audience" db:"audience"`
	Recipient  string       `json:"recipient" db:"recipient"` // "partner:ID", "organizer:ID", "resident:ID", "channel:ID"
	Channel    channel.Kind `json:"channel" db:"channel"`
	Lang       string       `json:"lang" db:"lang"`
	State      State        `json:"state" db:"state"`
	Why        string       `json:"why,omitempty" db:"why"`
	MergedInto string       `json:"merged_into,omitempty" db:"merged_into"`
	Attempts   int          `json:"attempts" db:"attempts"`
	Detail     string       `json:"detail,omitempty" db:"detail"` // of the last attempt, for operators
	Due        time.Time    `json:"due" db:"-"`
	Next       time.Time    `json:"next,omitzero" db:"-"`       // while it waits
	InFolder   bool         `json:"in_folder,omitempty" db:"-"` // delivered is put into the local folder: nobody was sent anything
	Created    time.Time    `json:"created" db:"-"`
	Finished   time.Time    `json:"finished,omitzero" db:"-"`
}

// Resendable reports whether the resend button makes sense.
func (d Delivery) Resendable() bool {
	return d.Kind != SubscriptionConfirm && (d.State == GivenUp || d.State == Delivered || d.State == Skipped && d.Why != whyUnsubscribed)
}

// Filter narrows Deliveries; zero fields do not. Newest first, at most Limit (0 is 100, 1000 the most).
type Filter struct {
	DayID     string
	State     State
	Kind      Kind
	Channel   channel.Kind
	Recipient string
	Limit     int
	Before    string // id of the last delivery of the page before
}

// Deliveries lists messages of a community.
func (s *Service) Deliveries(ctx context.Context, communityID string, f Filter) ([]Delivery, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	var flat []deliveryView
	err := s.db.View(ctx, func(tx *db.Tx) error {
		flat = nil
		return tx.Select(&flat, `SELECT `+viewColumns+` FROM notify_deliveries d
			WHERE d.community_id = $1 AND ($2 = '' OR d.day_id = $2) AND ($3 = '' OR d.state = $3) AND ($4 = '' OR d.kind = $4)
			AND ($5 = '' OR d.channel = $5) AND ($6 = '' OR d.recipient = $6)
			AND ($7 = '' OR (d.created_at, d.id) < (SELECT b.created_at, b.id FROM notify_deliveries b WHERE b.id = $7))
			ORDER BY d.created_at DESC, d.id DESC LIMIT $8`,
			communityID, f.DayID, string(f.State), string(f.Kind), string(f.Channel), f.Recipient, f.Before, min(f.Limit, 1000))
	})
	out := make([]Delivery, len(flat))
	for i, v := range flat {
		out[i] = s.seen(v)
	}
	return out, err
}

// inFolder reports whether messages of a kind go into the local folder.
func (s *Service) inFolder(k channel.Kind) bool {
	_, folder := s.senders[k].(channel.FolderSender)
	return folder
}

// deliveryView is the stored form of a Delivery.
type deliveryView struct {
	Delivery
	DueAt      int64 `db:"due_at"`
	NextAt     int64 `db:"next_at"`
	CreatedAt  int64 `db:"created_at"`
	FinishedAt int64 `db:"finished_at"`
}

const viewColumns = `d.id, d.day_id, d.kind, d.audience, d.recipient, d.channel, d.lang, d.state, d.why, d.merged_into, d.attempts,
	d.due_at, d.next_at, d.created_at, d.finished_at,
	COALESCE((SELECT a.detail FROM notify_attempts a WHERE a.delivery_id = d.id AND a.n = d.attempts), '') AS detail`

func (v deliveryView) delivery() Delivery {
	d := v.Delivery
	d.Due, d.Created, d.Finished = db.Time(v.DueAt), db.Time(v.CreatedAt), optional(v.FinishedAt)
	if d.Finished.IsZero() {
		d.Next = db.Time(v.NextAt)
	}
	return d
}

// Attempt is one try of a delivery; Result "" means that nobody came back to say.
type Attempt struct {
	N         int            `json:"n" db:"n"`
	Result    channel.Result `json:"result" db:"result"`
	Code      string         `json:"code" db:"code"`
	Detail    string         `json:"detail,omitempty" db:"detail"`
	StartedAt int64          `json:"-" db:"started_at"`
	Started   time.Time      `json:"started" db:"-"`
}

// Letter returns a delivery with its attempts and its text as it would be sent now.
func (s *Service) Letter(ctx context.Context, communityID, deliveryID string) (d Delivery, t Text, tries []Attempt, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var v deliveryView
		err := tx.Get(&v, `SELECT `+viewColumns+` FROM notify_deliveries d WHERE d.id = $1 AND d.community_id = $2`, deliveryID, communityID)
		if errors.Is(err, db.ErrNoRows) {
			return unknownDelivery()
		}
		if err != nil {
			return err
		}
		d, tries = s.seen(v), nil
		if err := tx.Select(&tries, `SELECT n, result, code, detail, started_at FROM notify_attempts WHERE delivery_id = $1 ORDER BY n`, deliveryID); err != nil {
			return err
		}
		for i := range tries {
			tries[i].Started = db.Time(tries[i].StartedAt)
		}
		t, err = s.textOf(tx, deliveryID)
		return err
	})
	return d, t, tries, err
}

func (s *Service) textOf(tx *db.Tx, deliveryID string) (Text, error) {
	var r deliveryRow
	if err := tx.Get(&r, `SELECT `+deliveryColumns+` FROM notify_deliveries WHERE id = $1`, deliveryID); err != nil {
		return Text{}, err
	}
	p, err := r.decoded()
	if err != nil {
		return Text{}, err
	}
	if r.Kind == Hook {
		return Text{Subject: "event", Body: string(p.Payload)}, nil
	}
	return s.text(tx, r, p, target{})
}

func unknownDelivery() error {
	return fault.NotFound("notify.delivery_unknown", "delivery", "there is no such message in this community")
}

// Resend queues a finished message again, with a fresh budget of attempts and
// without the limit of lateness; the hours of residents and "never after closing" stay.
func (s *Service) Resend(ctx context.Context, communityID, deliveryID string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		var v deliveryView
		err := tx.Get(&v, `SELECT `+viewColumns+` FROM notify_deliveries d WHERE d.id = $1 AND d.community_id = $2`, deliveryID, communityID)
		if errors.Is(err, db.ErrNoRows) {
			return unknownDelivery()
		}
		if err != nil {
			return err
		}
		if d := v.delivery(); !d.Resendable() {
			if d.Finished.IsZero() {
				return nil // it is on its way already: pressing twice changes nothing
			}
			return fault.Conflict("notify.not_resendable", "delivery", "a message in state %s cannot be sent again", d.State)
		}
		_, err = tx.Exec(`UPDATE notify_deliveries SET state = 'queued', why = '', forced = TRUE, next_at = $1, tries = 0, first_at = 0, finished_at = 0
			WHERE id = $2 AND state = $3`, db.Micros(tx.Now), deliveryID, string(v.State))
		return err
	})
	if err == nil {
		s.Wake()
	}
	return err
}

// Counts returns how many deliveries are in each state, for metrics and summaries.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	return s.counts(ctx, `SELECT state, COUNT(*) AS n FROM notify_deliveries GROUP BY state`)
}

// CountsOf is Counts for one market day, or ("") for a whole community.
func (s *Service) CountsOf(ctx context.Context, communityID, dayID string) (map[State]int64, error) {
	return s.counts(ctx, `SELECT state, COUNT(*) AS n FROM notify_deliveries WHERE ($1 = '' OR day_id = $1) AND community_id = $2 GROUP BY state`, dayID, communityID)
}

// FailedSince counts what could not be delivered to anybody of a community of
// the messages written since an instant.
func (s *Service) FailedSince(ctx context.Context, communityID string, since time.Time) (n int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(*) FROM notify_deliveries WHERE community_id = $1 AND created_at >= $2 AND state = 'given_up'`, communityID, db.Micros(since))
	})
	return n, err
}

// Interrupted returns how many attempts ended with nobody coming back to say how:
// each may have made one duplicate (G16).
func (s *Service) Interrupted(ctx context.Context) (n int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(*) FROM notify_attempts a JOIN notify_deliveries d ON d.id = a.delivery_id
			WHERE a.result = '' AND NOT (d.state = 'sending' AND d.attempts = a.n AND d.lease_until > $1)`, db.Micros(tx.Now))
	})
	return n, err
}

func (s *Service) counts(ctx context.Context, query string, args ...any) (map[State]int64, error) {
	out := map[State]int64{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var rows []struct {
			State State `db:"state"`
			N     int64 `db:"n"`
		}
		if err := tx.Select(&rows, query, args...); err != nil {
			return err
		}
		for _, st := range States {
			out[st] = 0
		}
		for _, r := range rows {
			out[r.State] = r.N
		}
		return nil
	})
	return out, err
}

// plainPayload is what a webhook gets for a message that is not an event: a test.
func plainPayload(r deliveryRow, t Text, now time.Time) []byte {
	raw, _ := json.Marshal(map[string]any{"type": fmt.Sprintf("yiji.%s.v1", r.Kind), "timestamp": now, "community": r.Community,
		"data": map[string]string{"subject": t.Subject, "text": t.Body}})
	return raw
}
