package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/db"
	"yiji/internal/outbox"
)

// reactor applies the events of one consumer, many in one commit.
type reactor struct {
	bus       *Bus
	name      string
	in        chan *item
	waiting   []*item        // in hand, predecessor not yet
	attempts  map[string]int // failures of an event in this process
	reactions map[string]func(*db.Tx, []byte) error
}

// item is a message that waits for its outcome.
type item struct {
	event outbox.Stored
	handout
	done chan error
}

// batchSize bounds the events of one commit: the lane of writing is shared.
const batchSize = 256

// errHeld gives a message back that was not tried: an earlier event of its key
// failed, or the whole batch did.
var errHeld = errors.New("held back: an earlier event of the same key failed")

// handle is the Watermill handler: nil acks the message, an error nacks it.
func (r *reactor) handle(m *message.Message) error {
	seq, err := strconv.ParseInt(m.Metadata.Get(metaSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("message %s has no number: %w", m.UUID, err)
	}
	it := &item{
		event:   outbox.Stored{Seq: seq, ID: m.UUID, Key: m.Metadata.Get(metaKey), Name: m.Metadata.Get(metaName), Payload: string(m.Payload)},
		handout: handoutOf(m), done: make(chan error, 1),
	}
	select {
	case r.in <- it:
	case <-m.Context().Done():
		return m.Context().Err()
	}
	select {
	case err := <-it.done:
		return err
	case <-m.Context().Done():
		return m.Context().Err()
	}
}

func (r *reactor) run(ctx context.Context) {
	for {
		if !r.collect(ctx) {
			return
		}
		for {
			batch := r.take()
			if len(batch) == 0 {
				break
			}
			r.apply(ctx, batch)
		}
	}
}

// collect waits for a message and takes all others that wait too.
func (r *reactor) collect(ctx context.Context) bool {
	select {
	case it := <-r.in:
		r.waiting = append(r.waiting, it)
	case <-ctx.Done():
		return false
	}
	for len(r.waiting) < 4*batchSize {
		select {
		case it := <-r.in:
			r.waiting = append(r.waiting, it)
		default:
			return true
		}
	}
	return true
}

// take picks what may be applied now, in the order of the outbox: everything
// whose predecessor is applied or stands before it in the batch.
func (r *reactor) take() []*item {
	slices.SortFunc(r.waiting, func(a, b *item) int { return int(a.event.Seq - b.event.Seq) })
	var batch, rest []*item
	chosen := map[*turn]bool{}
	for _, it := range r.waiting {
		before := it.turn.before
		switch {
		case before != nil && before.state.Load() == turnFailed:
			it.turn.state.Store(turnFailed)
			it.done <- errHeld
		case len(batch) < batchSize && (before == nil || before.state.Load() == turnDone || chosen[before]):
			batch = append(batch, it)
			chosen[it.turn] = true
		default:
			rest = append(rest, it)
		}
	}
	r.waiting = rest
	return batch
}

// apply runs a batch and gives every item its outcome.
func (r *reactor) apply(ctx context.Context, batch []*item) {
	batch = r.ignore(batch)
	if len(batch) == 0 {
		return
	}
	var run *batchRun
	err := r.bus.db.Update(ctx, func(tx *db.Tx) error {
		run = &batchRun{r: r, tx: tx, failed: map[string]error{}, errs: map[*item]error{}}
		return run.all(batch)
	})
	if err != nil { // the database failed, not a reaction: nothing was tried
		r.bus.o.Logger.Error("bus: batch failed", "consumer", r.name, "events", len(batch), "error", err)
	}
	for _, it := range batch {
		if err != nil {
			r.answer(it, errHeld)
		} else {
			r.answer(it, run.errs[it])
		}
	}
}

// ignore acks what this consumer does not react to: no row is written for it.
func (r *reactor) ignore(batch []*item) []*item {
	return slices.DeleteFunc(batch, func(it *item) bool {
		if _, ok := r.reactions[it.event.Name]; ok {
			return false
		}
		r.answer(it, nil)
		return true
	})
}

func (r *reactor) answer(it *item, err error) {
	switch {
	case err == nil:
		it.turn.state.Store(turnDone)
		delete(r.attempts, it.event.ID)
	default:
		it.turn.state.Store(turnFailed)
		if !errors.Is(err, errHeld) {
			r.attempts[it.event.ID]++
			r.bus.o.Logger.Warn("bus: reaction failed", "consumer", r.name, "event", it.event.Name, "id", it.event.ID,
				"key", it.event.Key, "attempt", r.attempts[it.event.ID], "error", err)
		}
	}
	it.done <- err
}

// batchRun is one try of a batch in one transaction.
type batchRun struct {
	r      *reactor
	tx     *db.Tx
	parked map[string]bool  // keys that have parked events
	failed map[string]error // keys whose event failed in this batch, not parked
	errs   map[*item]error
}

func (b *batchRun) all(batch []*item) error {
	events := make([]outbox.Stored, len(batch))
	keys := map[string]bool{}
	for i, it := range batch {
		events[i] = it.event
		keys[it.event.Key] = true
	}
	if err := b.lock(batch[0].reader); err != nil {
		return err
	}
	any, err := outbox.AnyParked(b.tx, b.r.name)
	if err != nil {
		return err
	}
	b.parked = map[string]bool{}
	if any {
		if b.parked, err = outbox.ParkedKeys(b.tx, b.r.name, slices.Sorted(maps.Keys(keys))); err != nil {
			return err
		}
	}
	fresh, err := outbox.Fresh(b.tx, b.r.name, events)
	if err != nil {
		return err
	}
	// Applied before: a repeated delivery changes nothing.
	batch = slices.DeleteFunc(slices.Clone(batch), func(it *item) bool { return !fresh[it.event.ID] })
	if b.together(batch) {
		return nil
	}
	for _, it := range batch {
		if err := b.one(it); err != nil {
			return err
		}
	}
	return nil
}

// together applies a batch under one savepoint, which nearly always succeeds
// and costs two statements instead of two for each event. When it does not,
// nothing has been done, and each event is tried in a savepoint of its own.
func (b *batchRun) together(batch []*item) bool {
	if len(batch) < 2 || len(b.parked) > 0 {
		return false
	}
	return b.tx.Savepoint(func() error {
		for _, it := range batch {
			if err := b.r.reactions[it.event.Name](b.tx, []byte(it.event.Payload)); err != nil {
				return err
			}
		}
		return nil
	}) == nil
}

// lock proves that our process still reads for the consumer, so that nobody
// else applies its events until COMMIT.
func (b *batchRun) lock(reader outbox.Reader) error {
	if reader.Owner == "" {
		return outbox.Lock(b.tx, b.r.name)
	}
	return reader.Hold(b.tx)
}

// one applies one event. A failure of the reaction is noted, its marks are
// taken back; only a failure of the bookkeeping is returned.
func (b *batchRun) one(it *item) error {
	e := it.event
	if b.parked[e.Key] {
		return outbox.Park(b.tx, b.r.name, e, outbox.Failure{Why: errHeld.Error()})
	}
	if b.failed[e.Key] != nil {
		b.errs[it] = errHeld
		return outbox.Forget(b.tx, b.r.name, e.ID)
	}
	err := b.tx.Savepoint(func() error { return b.r.reactions[e.Name](b.tx, []byte(e.Payload)) })
	if err == nil {
		return nil
	}
	if tried := b.r.attempts[e.ID] + 1; tried >= b.r.bus.o.Attempts {
		b.parked[e.Key] = true
		b.r.bus.o.Logger.Error("bus: event parked", "consumer", b.r.name, "event", e.Name, "id", e.ID, "key", e.Key, "error", err)
		return outbox.Park(b.tx, b.r.name, e, outbox.Failure{Why: err.Error(), Attempts: tried})
	}
	b.failed[e.Key], b.errs[it] = err, err
	return outbox.Forget(b.tx, b.r.name, e.ID)
}

// replayOne applies the oldest parked event of a key; more is false when there
// was none.
func (r *reactor) replayOne(ctx context.Context, key string) (more bool, err error) {
	var failure error
	err = r.bus.db.Update(ctx, func(tx *db.Tx) error {
		more, failure = false, nil
		if err := outbox.Lock(tx, r.name); err != nil {
			return err
		}
		e, ok, err := outbox.NextParked(tx, r.name, key)
		if err != nil || !ok {
			return err
		}
		react, ok := r.reactions[e.Name]
		if !ok {
			react = func(*db.Tx, []byte) error { return nil } // nobody here reacts to it any more
		}
		more = true
		if failure = tx.Savepoint(func() error { return react(tx, []byte(e.Payload)) }); failure != nil {
			return outbox.Failed(tx, r.name, e.ID, failure.Error())
		}
		return outbox.Unpark(tx, r.name, e.ID)
	})
	if err == nil && failure != nil {
		err = fmt.Errorf("%s: %w", r.name, failure)
	}
	return more, err
}
