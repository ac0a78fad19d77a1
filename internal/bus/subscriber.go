package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/db"
	"yiji/internal/outbox"
)

// SubscriberOptions tune a Subscriber; the zero value of each is a good one.
type SubscriberOptions struct {
	Consumer string        // whose cursor this is
	Window   int           // messages handed out and not yet acked, default 1024
	Names    []string      // hand out events of these names only; nil is all
	Pipeline bool          // hand out a message before its predecessors of the same key are acked
	Poll     time.Duration // safety net beside the wake-up signal, default 5 s
	Pause    func(nacks int) time.Duration
	Logger   *slog.Logger
}

// Subscriber is the outbox as a Watermill subscriber. Every subscription to a
// topic competes for the consumer's lease; one reads, the others stand by.
type Subscriber struct {
	db      *db.DB
	o       SubscriberOptions
	closing chan struct{}
	once    sync.Once
	feeds   sync.WaitGroup
}

// NewSubscriber returns a subscriber for one consumer.
func NewSubscriber(d *db.DB, o SubscriberOptions) *Subscriber {
	if o.Window == 0 {
		o.Window = 1024
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Pause == nil {
		o.Pause = growingPause
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Subscriber{db: d, o: o, closing: make(chan struct{})}
}

// growingPause is the time before a refused message comes again: 50 ms, doubled
// each time, at most 5 s.
func growingPause(nacks int) time.Duration {
	return min(5*time.Second, 50*time.Millisecond<<min(nacks-1, 10))
}

// ErrClosed is returned for a subscription after Close.
var ErrClosed = errors.New("subscriber is closed")

// Subscribe hands out the topic's events from the consumer's cursor on, until
// ctx ends or Close is called; then the channel is closed.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	select {
	case <-s.closing:
		return nil, ErrClosed
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{
		s: s, out: make(chan *message.Message), answers: make(chan answer),
		reader: outbox.Reader{Consumer: s.o.Consumer, Topic: topic, Owner: db.NewID(), Lease: s.lease()},
		keys:   map[string][]*entry{},
	}
	s.feeds.Go(func() {
		defer cancel()
		f.run(ctx)
	})
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return f.out, nil
}

// lease is short where another process may have to take over, and for ever
// where the database has one process: an idle process then writes nothing.
func (s *Subscriber) lease() time.Duration {
	if s.db.Postgres() {
		return 15 * time.Second
	}
	return 100 * 365 * 24 * time.Hour
}

// Close ends all subscriptions and waits for them.
func (s *Subscriber) Close() error {
	s.once.Do(func() { close(s.closing) })
	s.feeds.Wait()
	return nil
}
