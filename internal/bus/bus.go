package bus

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// Reaction is what a consumer does about one kind of event; made by On.
type Reaction struct {
	name  string
	react func(tx *db.Tx, payload []byte) error
}

// On wraps a plain function as the reaction to events of type E.
func On[E event.Event](react func(*db.Tx, E) error) Reaction {
	var zero E
	return Reaction{name: zero.Name(), react: func(tx *db.Tx, payload []byte) error {
		e, err := event.Decode[E](payload)
		if err != nil {
			return err
		}
		return react(tx, e)
	}}
}

// Options tune a Bus; the zero value of each is a good one.
type Options struct {
	Logger *slog.Logger
	// Attempts of a reaction before its event is parked, default 6 (about two seconds).
	Attempts int
	// Pause before the attempt after n refusals, default 50 ms doubled each time.
	Pause func(nacks int) time.Duration
}

// Bus carries events to consumers. Consumers are added before Run.
type Bus struct {
	db        *db.DB
	o         Options
	router    *message.Router
	consumers map[string]*reactor
	order     []string
}

// New returns a Bus without consumers.
func New(d *db.DB, o Options) (*Bus, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Attempts == 0 {
		o.Attempts = 6
	}
	// Watermill's own lines are about its plumbing; operators want ours.
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	return &Bus{db: d, o: o, router: router, consumers: map[string]*reactor{}}, nil
}

// Consumer adds a consumer with its reactions. Its name is what its progress is
// stored under: it never changes.
func (b *Bus) Consumer(name string, reactions ...Reaction) {
	r := &reactor{bus: b, name: name, in: make(chan *item, 1), attempts: map[string]int{}, reactions: map[string]func(*db.Tx, []byte) error{}}
	for _, x := range reactions {
		if _, twice := r.reactions[x.name]; twice {
			panic(fmt.Sprintf("bus: consumer %s reacts to %s twice", name, x.name))
		}
		r.reactions[x.name] = x.react
	}
	b.consumers[name] = r
	b.order = append(b.order, name)
	sub := NewSubscriber(b.db, SubscriberOptions{Consumer: name, Names: slices.Sorted(maps.Keys(r.reactions)), Pipeline: true, Pause: b.o.Pause, Logger: b.o.Logger})
	b.router.AddConsumerHandler(name, outbox.Topic, sub, r.handle)
}

// Run carries events until ctx ends, then waits for what is under way.
func (b *Bus) Run(ctx context.Context) error {
	if !b.db.Postgres() {
		if err := b.db.Update(ctx, outbox.ReleaseAll); err != nil {
			return err
		}
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for _, r := range b.consumers {
		go r.run(work)
	}
	return b.router.Run(ctx)
}

// Running is closed when all consumers have started.
func (b *Bus) Running() <-chan struct{} { return b.router.Running() }

// Names returns the consumers in the order they were added.
func (b *Bus) Names() []string { return b.order }

// Heard maps the wire name of every event that somebody reacts to to its consumers.
func (b *Bus) Heard() map[string][]string {
	out := map[string][]string{}
	for _, name := range b.order {
		for e := range b.consumers[name].reactions {
			out[e] = append(out[e], name)
		}
	}
	return out
}

// Replay applies the parked events of a consumer and key in their order, each
// in its own transaction, and returns how many went through. It stops at the
// first that fails again and returns its error.
func (b *Bus) Replay(ctx context.Context, consumer, key string) (int, error) {
	r, ok := b.consumers[consumer]
	if !ok {
		return 0, fmt.Errorf("no consumer %q (there are %v)", consumer, b.order)
	}
	for n := 0; ; n++ {
		more, err := r.replayOne(ctx, key)
		if err != nil || !more {
			return n, err
		}
	}
}

// Settle waits until every consumer has applied every event committed before
// the call and what followed from them, for the demonstration and for tests.
func (b *Bus) Settle(ctx context.Context) error {
	woken, stop := b.db.Watch()
	defer stop()
	for {
		behind, err := b.behind(ctx)
		if err != nil || !behind {
			return err
		}
		t := time.NewTimer(5 * time.Millisecond)
		select {
		case <-woken:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		t.Stop()
	}
}

func (b *Bus) behind(ctx context.Context) (behind bool, err error) {
	err = b.db.View(ctx, func(tx *db.Tx) error {
		lags, err := outbox.Lags(tx)
		if err != nil {
			return err
		}
		behind = len(lags) < len(b.consumers)
		for _, l := range lags {
			if _, ours := b.consumers[l.Consumer]; ours && l.Events > 0 {
				behind = true
			}
		}
		return nil
	})
	return behind, err
}
