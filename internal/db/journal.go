package db

import (
	"context"
	"strconv"
	"strings"
	"sync"
)

// number writes the records of a group with consecutive numbers. It is the last
// step before COMMIT: the row of outbox_head stays locked until then, so a
// number becomes visible only after all smaller ones (a sequence would not do
// that: a slow transaction would hold a small number back while a reader
// passes it).
func (d *DB) number(ctx context.Context, s *session, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	tx := &Tx{Now: d.Now(), ctx: ctx, s: s}
	var last int64
	if err := tx.Get(&last, `UPDATE outbox_head SET seq = seq + $1 RETURNING seq`, len(records)); err != nil {
		return err
	}
	seq := last - int64(len(records)) + 1
	for len(records) > 0 {
		n := chunk(len(records))
		if err := tx.insertRecords(records[:n], seq); err != nil {
			return err
		}
		seq += int64(n)
		records = records[n:]
	}
	if d.dialect.notify == "" {
		return nil
	}
	return s.plain(ctx, d.dialect.notify)
}

// chunk picks how many rows one INSERT carries: few sizes, so that few
// statements are prepared.
func chunk(n int) int {
	for _, size := range []int{64, 16, 4} {
		if n >= size {
			return size
		}
	}
	return 1
}

func (tx *Tx) insertRecords(records []Record, seq int64) error {
	const columns = 8
	args := make([]any, 0, columns*len(records))
	for i, r := range records {
		args = append(args, seq+int64(i), r.ID, r.Topic, r.Key, r.Name, r.Payload, r.Metadata, Micros(tx.Now))
	}
	_, err := tx.Exec(`INSERT INTO outbox (seq, id, topic, key, name, payload, metadata, at) VALUES `+Rows(len(records), columns), args...)
	return err
}

// Rows returns the placeholders of an INSERT of many rows: "($1,$2),($3,$4)".
func Rows(rows, columns int) string {
	var b strings.Builder
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteByte(',')
			}
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// watchers are woken after every commit that carried events.
type watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]struct{}
}

func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Watch returns a channel that receives after commits that carried events, by
// this process or (PostgreSQL) any other, and a function that ends it. Several
// commits may be one signal; none is lost.
func (d *DB) Watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w := &d.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]struct{}{}
	}
	w.all[c] = struct{}{}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, c)
	}
}
