package notify

import (
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/notify/channel"
)

// Batch is what was written of one kind about one market day at one moment,
// however many people it goes to.
type Batch struct {
	ID       string // of one of its messages
	Kind     Kind
	DayID    string
	Created  time.Time
	To       map[Audience]int
	States   map[State]int
	InFolder int        // of those delivered: put into the local folder
	Few      []Delivery // some of them, those that failed first
}

// N is how many messages it has.
func (b Batch) N() (n int) {
	for _, k := range b.States {
		n += k
	}
	return n
}

// Failed reports whether somebody of it was not reached.
func (b Batch) Failed() bool { return b.States[GivenUp] > 0 }

// batchKey is what messages of a batch have in common. One reaction writes all
// of its messages with one time; confirmations, which residents cause one by
// one, share a day.
type batchKey struct {
	Slot  int64  `db:"slot"`
	Kind  Kind   `db:"kind"`
	DayID string `db:"day_id"`
}

const (
	fewShown  = 6
	batchMost = 500
	slot      = `CASE WHEN d.kind = 'subscription_confirm' THEN d.created_at / 86400000000 * 144 + 143 ELSE d.created_at / 600000000 END`
	batchOnly = ` FROM notify_deliveries d WHERE d.community_id = $1 AND ($2 = '' OR d.day_id = $2) AND ($3 = '' OR d.state = $3) AND ($4 = '' OR d.channel = $4)`
	failedTop = `CASE WHEN d.state = 'given_up' THEN 0 ELSE 1 END, d.created_at DESC, d.id`
)

// Batches lists messages of a community by what they are about, newest first;
// Filter.Kind and Recipient do not count, Before is the ID of a batch.
func (s *Service) Batches(ctx context.Context, communityID string, f Filter) (out []Batch, err error) {
	args := []any{communityID, f.DayID, string(f.State), string(f.Channel)}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var keys []struct {
			batchKey
			ID        string `db:"id"`
			CreatedAt int64  `db:"created_at"`
		}
		err := tx.Select(&keys, `SELECT `+slot+` AS slot, d.kind, d.day_id, MIN(d.id) AS id, MAX(d.created_at) AS created_at`+batchOnly+`
			AND ($5 = '' OR (`+slot+`, d.kind, d.day_id) < (SELECT `+slot+`, d.kind, d.day_id FROM notify_deliveries d WHERE d.id = $5))
			GROUP BY `+slot+`, d.kind, d.day_id ORDER BY slot DESC, d.kind DESC, d.day_id DESC LIMIT $6`, append(slices.Clone(args), f.Before, f.Limit)...)
		if out = nil; err != nil || len(keys) == 0 {
			return err
		}
		at := map[batchKey]*Batch{}
		out = make([]Batch, len(keys))
		for i, k := range keys {
			out[i] = Batch{ID: k.ID, Kind: k.Kind, DayID: k.DayID, Created: db.Time(k.CreatedAt), To: map[Audience]int{}, States: map[State]int{}}
			at[k.batchKey] = &out[i]
		}
		args := append(slices.Clone(args), keys[len(keys)-1].Slot, keys[0].Slot)
		if err := s.batchCounts(tx, at, args); err != nil {
			return err
		}
		return s.batchFew(tx, at, args)
	})
	return out, err
}

func (s *Service) batchCounts(tx *db.Tx, at map[batchKey]*Batch, args []any) error {
	var rows []struct {
		batchKey
		Audience Audience     `db:"audience"`
		Channel  channel.Kind `db:"channel"`
		State    State        `db:"state"`
		N        int          `db:"n"`
	}
	err := tx.Select(&rows, `SELECT `+slot+` AS slot, d.kind, d.day_id, d.audience, d.channel, d.state, COUNT(*) AS n`+batchOnly+`
		AND `+slot+` BETWEEN $5 AND $6 GROUP BY `+slot+`, d.kind, d.day_id, d.audience, d.channel, d.state`, args...)
	for _, r := range rows {
		b := at[r.batchKey]
		if b == nil {
			continue
		}
		b.To[r.Audience] += r.N
		b.States[r.State] += r.N
		if r.State == Delivered && s.inFolder(r.Channel) {
			b.InFolder += r.N
		}
	}
	return err
}

func (s *Service) batchFew(tx *db.Tx, at map[batchKey]*Batch, args []any) error {
	var rows []struct {
		Slot int64 `db:"slot"`
		deliveryView
		Place int `db:"place"`
	}
	err := tx.Select(&rows, `SELECT * FROM (SELECT `+slot+` AS slot, `+viewColumns+`,
		ROW_NUMBER() OVER (PARTITION BY `+slot+`, d.kind, d.day_id ORDER BY `+failedTop+`) AS place`+batchOnly+`
		AND `+slot+` BETWEEN $5 AND $6) q WHERE place <= $7 ORDER BY place`, append(slices.Clone(args), fewShown)...)
	for _, r := range rows {
		if b := at[batchKey{r.Slot, r.Kind, r.DayID}]; b != nil {
			b.Few = append(b.Few, s.seen(r.deliveryView))
		}
	}
	return err
}

// BatchOf lists the batch of a message, those that failed first.
func (s *Service) BatchOf(ctx context.Context, communityID, deliveryID string) (out []Delivery, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var flat []deliveryView
		err := tx.Select(&flat, `SELECT `+viewColumns+` FROM notify_deliveries d WHERE d.community_id = $1
			AND (`+slot+`, d.kind, d.day_id) = (SELECT `+slot+`, d.kind, d.day_id FROM notify_deliveries d WHERE d.id = $2 AND d.community_id = $1)
			ORDER BY `+failedTop+` LIMIT $3`, communityID, deliveryID, batchMost)
		if err == nil && len(flat) == 0 {
			err = unknownDelivery()
		}
		out = nil
		for _, v := range flat {
			out = append(out, s.seen(v))
		}
		return err
	})
	return out, err
}

// seen is a stored delivery as pages see it.
func (s *Service) seen(v deliveryView) Delivery {
	d := v.delivery()
	d.InFolder = s.inFolder(d.Channel)
	return d
}
