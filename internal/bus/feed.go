package bus

import (
	"context"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/db"
	"yiji/internal/outbox"
)

// Metadata keys of the messages we hand out.
const (
	metaName = "event_name"
	metaKey  = "event_key"
	metaSeq  = "event_seq"
)

// feed is one subscription: one goroutine owns all its state.
type feed struct {
	s       *Subscriber
	out     chan *message.Message
	answers chan answer
	reader  outbox.Reader

	owner  bool
	read   int64               // highest number read from the outbox
	stored int64               // highest number written to the cursor
	open   []*entry            // read and not acked, by number; acked ones leave from the front
	keys   map[string][]*entry // the same, per key
	ready  []*entry            // to be handed out, in this order
	more   bool                // the outbox may hold more than was read
	knock  bool                // it is time to ask for the lease again
	late   bool                // it is time to write the cursor and renew the lease
	soon   bool                // the timer runs until that time
	epoch  int                 // counts leases: answers to messages of an earlier one are ignored
	next   *message.Message    // the message made for ready[0]
}

// entry is one event on its way to being acked.
type entry struct {
	event outbox.Stored
	epoch int
	turn  *turn
	end   context.CancelFunc // ends the context of the message handed out
	out   bool               // handed out, or queued to be
	acked bool
	nacks int
}

type answer struct {
	e    *entry
	kind answerKind
}

type answerKind int

const (
	acked answerKind = iota
	nacked
	again // the pause after a nack is over
)

// turn lets whoever applies events keep the order of a key: an event may be
// applied when its predecessor was, and must be given back when that failed.
type turn struct {
	before *turn
	state  atomic.Int32
}

const (
	turnOpen int32 = iota
	turnDone
	turnFailed
)

// handout is what a message of ours carries beside its content.
type handout struct {
	turn   *turn
	reader outbox.Reader
}

type handoutKey struct{}

// handoutOf returns what a Subscriber gave along with a message; one from
// elsewhere has no predecessor and no lease to prove.
func handoutOf(m *message.Message) handout {
	if h, ok := m.Context().Value(handoutKey{}).(handout); ok {
		return h
	}
	return handout{turn: &turn{}}
}

func (f *feed) run(ctx context.Context) {
	defer close(f.out)
	defer f.leave()
	wake, stop := f.s.db.Watch()
	defer stop()
	f.more, f.knock = true, true
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		f.step(ctx)
		if d := f.wait(); d != saveAfter || !f.soon { // a save that is due soon is not put off by what happens meanwhile
			tick.Reset(d)
			f.soon = d == saveAfter
		}
		var out chan *message.Message
		if len(f.ready) > 0 {
			if f.next == nil {
				f.next = f.message(ctx, f.ready[0])
			}
			out = f.out
		}
		select {
		case out <- f.next:
			f.handedOut(ctx)
		case a := <-f.answers:
			f.answer(ctx, a)
		case <-wake:
			f.more = true
		case <-tick.C:
			f.more, f.knock, f.late, f.soon = true, true, true, false
		case <-ctx.Done():
			return
		}
	}
}

// wait is how long the feed may sleep when nobody wakes it.
func (f *feed) wait() time.Duration {
	switch {
	case f.owner && f.more && len(f.open) <= f.s.o.Window/2:
		return 0
	case f.stored < f.low():
		return saveAfter
	}
	return f.s.o.Poll
}

// saveAfter is how long the cursor may be behind what is acked. It saves
// reading again after a crash, no more: the inbox knows what was applied.
const saveAfter = 10 * time.Millisecond

// step takes the lease if it is free, reads more and writes the cursor. It
// reads half a window at a time and writes now and then, because each costs a
// transaction, whatever it brings.
func (f *feed) step(ctx context.Context) {
	if !f.owner && f.knock {
		f.acquire(ctx)
	}
	if f.owner && f.more && len(f.open) <= f.s.o.Window/2 {
		f.fetch(ctx)
	}
	if f.owner && (f.late || f.low()-f.stored > int64(f.s.o.Window)) {
		f.save(ctx)
	}
	f.late = false
}

// fetch reads from the outbox as much as the window has room for.
func (f *feed) fetch(ctx context.Context) {
	var events []outbox.Stored
	var up int64
	room := f.s.o.Window - len(f.open)
	err := f.s.db.View(ctx, func(tx *db.Tx) (err error) {
		events, up, err = outbox.Read(tx, outbox.Wanted{Topic: f.reader.Topic, Names: f.s.o.Names, Limit: room}, f.read)
		return err
	})
	if err != nil {
		f.report(ctx, "read the outbox", err)
		f.more = false
		return
	}
	f.more = len(events) == room
	for _, e := range events {
		f.add(e)
	}
	f.read = up
}

func (f *feed) acquire(ctx context.Context) {
	f.knock = false
	var seq int64
	var ok bool
	err := f.s.db.Update(ctx, func(tx *db.Tx) (err error) {
		seq, ok, err = f.reader.Acquire(tx)
		return err
	})
	if err != nil {
		f.report(ctx, "take the lease", err)
		return
	}
	f.owner = ok
	if ok {
		f.read, f.stored, f.more = seq, seq, true
	}
}

func (f *feed) add(e outbox.Stored) {
	n := &entry{event: e, epoch: f.epoch}
	f.open = append(f.open, n)
	line := f.keys[e.Key]
	f.keys[e.Key] = append(line, n)
	blocked := len(line) > 0 && (!f.s.o.Pipeline || !line[len(line)-1].out)
	if !blocked {
		f.queue(n, line)
	}
}

// queue puts an entry into the order of handing out, behind its predecessor's turn.
func (f *feed) queue(n *entry, line []*entry) {
	n.turn, n.out = &turn{}, true
	if len(line) > 0 {
		n.turn.before = line[len(line)-1].turn
	}
	f.ready = append(f.ready, n)
}

func (f *feed) message(ctx context.Context, n *entry) *message.Message {
	m := message.NewMessage(n.event.ID, []byte(n.event.Payload))
	if n.event.Metadata != "" {
		if err := json.Unmarshal([]byte(n.event.Metadata), &m.Metadata); err != nil {
			f.report(ctx, "read the metadata of "+n.event.ID, err)
		}
	}
	m.Metadata.Set(metaName, n.event.Name)
	m.Metadata.Set(metaKey, n.event.Key)
	m.Metadata.Set(metaSeq, strconv.FormatInt(n.event.Seq, 10))
	ctx, n.end = context.WithCancel(ctx)
	m.SetContext(context.WithValue(ctx, handoutKey{}, handout{turn: n.turn, reader: f.reader}))
	return m
}

// handedOut waits for the answer to a message beside the feed.
func (f *feed) handedOut(ctx context.Context) {
	n, m := f.ready[0], f.next
	f.ready, f.next = f.ready[1:], nil
	go func() {
		a := answer{e: n}
		select {
		case <-m.Acked():
		case <-m.Nacked():
			a.kind = nacked
		case <-ctx.Done():
		}
		n.end()
		f.send(ctx, a)
	}()
}

func (f *feed) send(ctx context.Context, a answer) {
	select {
	case f.answers <- a:
	case <-ctx.Done():
	}
}

func (f *feed) answer(ctx context.Context, a answer) {
	if a.e.epoch != f.epoch {
		return
	}
	switch a.kind {
	case acked:
		a.e.turn.state.Store(turnDone)
		a.e.turn.before = nil
		f.done(a.e)
	case nacked:
		a.e.turn.state.Store(turnFailed)
		a.e.turn.before = nil
		f.refused(ctx, a.e)
	case again:
		f.queue(a.e, nil)
	}
}

// done removes an acked entry and lets a successor that waited for it go.
func (f *feed) done(n *entry) {
	n.acked = true
	line := f.keys[n.event.Key]
	for i, m := range line {
		if m == n {
			line = append(line[:i:i], line[i+1:]...)
			break
		}
	}
	if len(line) == 0 {
		delete(f.keys, n.event.Key)
	} else {
		f.keys[n.event.Key] = line
		if !line[0].out {
			f.queue(line[0], nil)
		}
	}
	for len(f.open) > 0 && f.open[0].acked {
		f.open = f.open[1:]
	}
}

// refused lets the first of its key come again after a pause; a later one waits
// until everything before it is acked.
func (f *feed) refused(ctx context.Context, n *entry) {
	if f.keys[n.event.Key][0] != n {
		n.out = false
		return
	}
	n.nacks++
	pause := f.s.o.Pause(n.nacks)
	go func() {
		t := time.NewTimer(pause)
		defer t.Stop()
		select {
		case <-t.C:
			f.send(ctx, answer{e: n, kind: again})
		case <-ctx.Done():
		}
	}()
}

// low is the number up to which everything is acked.
func (f *feed) low() int64 {
	if len(f.open) > 0 {
		return f.open[0].event.Seq - 1
	}
	return f.read
}

// save writes the cursor and, where leases run out, renews ours.
func (f *feed) save(ctx context.Context) {
	low := f.low()
	if !f.owner || (low == f.stored && !f.s.db.Postgres()) {
		return
	}
	err := f.s.db.Update(ctx, func(tx *db.Tx) error {
		if err := f.reader.Hold(tx); err != nil {
			return err
		}
		return f.reader.Advance(tx, low)
	})
	if err != nil {
		f.report(ctx, "write the cursor", err)
		f.lost()
		return
	}
	f.stored = low
}

// lost forgets everything: another process reads now, or may.
func (f *feed) lost() {
	f.owner = false
	f.epoch++
	f.next = nil
	f.open, f.ready, f.keys = nil, nil, map[string][]*entry{}
}

// leave writes what is known and frees the lease, also when the caller's
// context has ended. A lease that ends by itself is not waited for long; one
// that does not would keep every later reader of this process waiting for ever.
func (f *feed) leave() {
	if !f.owner {
		return
	}
	ctx := context.Background()
	if f.s.db.Postgres() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
	}
	low := f.low()
	err := f.s.db.Update(ctx, func(tx *db.Tx) error {
		if err := f.reader.Advance(tx, low); err != nil {
			return err
		}
		return f.reader.Leave(tx)
	})
	if err != nil {
		f.report(context.Background(), "leave", err)
	}
}

func (f *feed) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		f.s.o.Logger.Error("bus: cannot "+what, "consumer", f.reader.Consumer, "error", err)
	}
}
