package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yiji/internal/bus"
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

const (
	backlog = 10_000 // events or jobs of one run
	flowing = 3_000  // the same, made and worked at the same time
	hands   = 64     // who make changes at the same time
	days    = 50     // market days the events are about: keys that are kept in order
	pace    = 2 * time.Millisecond
)

// pipeline is P4: committed change to committed reaction.
func pipeline(ctx context.Context, r *run) ([]line, error) {
	const target = "≥ 1 × River"
	if r.noPG != nil {
		return []line{{ID: "P4", Work: "event pipeline", Yardstick: "River", Target: target, Note: "not measured: " + r.noPG.Error()}}, nil
	}
	theirURL, err := r.database(ctx, "river")
	if err != nil {
		return nil, err
	}
	y, err := openRiver(ctx, theirURL)
	if err != nil {
		return nil, err
	}
	defer y.close()
	p := pipes{run: r, river: y}
	drain := line{ID: "P4", Work: "event pipeline: committed events → committed no-op reactions, a backlog of " + thousands(backlog) + ", PostgreSQL",
		Yardstick: "River v0.51 working no-op jobs, the same server", Unit: "/s", Target: target, met: atLeast(1)}
	if drain.pair, err = inTurns(ctx, r.pairs, p.draining(backlog), func(ctx context.Context) (float64, error) { return p.river.drain(ctx, backlog) }); err != nil {
		return nil, err
	}
	flow := line{ID: "P4a", Work: fmt.Sprintf("the same while %d hands make the changes, each in a transaction of its own", hands),
		Yardstick: "River, `InsertTx` by as many hands while it works", Unit: "/s", Target: target, met: atLeast(1)}
	if flow.pair, err = inTurns(ctx, r.pairs, p.flow, func(ctx context.Context) (float64, error) { return p.river.flow(ctx, flowing, hands) }); err != nil {
		return nil, err
	}
	if drain.Growth, err = p.growth(ctx); err != nil {
		return nil, err
	}
	late, err := p.latencies(ctx)
	return []line{drain, flow, late}, err
}

type pipes struct {
	*run
	river *yardRiver
}

// growth works off a backlog of 1, 10 and 100 times 500 events.
func (p pipes) growth(ctx context.Context) (string, error) {
	var data, cost []float64
	said := ""
	for _, n := range []int{500, 5_000, 50_000} {
		rate, err := p.draining(n)(ctx)
		if err != nil {
			return "", err
		}
		data, cost = append(data, float64(n)), append(cost, 1/rate)
		said += fmt.Sprintf("%s waiting: %s/s, ", thousands(int64(n)), number(rate))
	}
	return fmt.Sprintf("%stime an event ~ backlog^%.2f", said, exponent(data, cost)), nil
}

// latencies compares how long it takes at a moderate, steady load.
func (p pipes) latencies(ctx context.Context) (line, error) {
	n := int(p.length / pace)
	l := line{ID: "P4b", Work: fmt.Sprintf("the same at %d changes a second: p99 from commit to committed reaction", time.Second/pace),
		Yardstick: "River, commit of the insert to `JobCompleted`", Unit: "ms", Target: "p99 ≤ 10 ms",
		met: func(l line) bool { return l.ours.median() <= 10 }}
	var all series
	ours := func(ctx context.Context) (float64, error) {
		s, err := p.latency(ctx, n)
		all = append(all, s...)
		return s.at(0.99), err
	}
	theirs := func(ctx context.Context) (float64, error) {
		s, err := p.river.latency(ctx, n, pace)
		return s.at(0.99), err
	}
	var err error
	l.pair, err = inTurns(ctx, p.pairs, ours, theirs)
	l.Note = fmt.Sprintf("ours: median %s ms, p90 %s ms, p99 %s ms, longest %s ms over all runs; the end is taken after the reaction's COMMIT has returned",
		number(all.at(0.5)), number(all.at(0.9)), number(all.at(0.99)), number(all.most()))
	return l, err
}

// change is one event about one of the days.
func change(i int) event.Event {
	day := fmt.Sprintf("day-%02d", i%days)
	return event.TicketIssued{Day: event.Day{DayID: day, MarketID: "market", CommunityID: "community", Date: "2026-11-19"},
		LineID: "line", TicketID: fmt.Sprint(i), Number: i, Via: "phone"}
}

func emit(ctx context.Context, d *db.DB, from, to int) error {
	return d.Update(ctx, func(tx *db.Tx) error {
		for i := from; i < to; i++ {
			if err := outbox.Emit(tx, change(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// open returns an empty database of ours.
func (p pipes) open(ctx context.Context) (*db.DB, error) {
	url, err := p.database(ctx, "pipeline")
	if err != nil {
		return nil, err
	}
	return db.Open(ctx, db.Options{URL: url, Logger: quiet})
}

var quiet = slog.New(slog.DiscardHandler)

// draining works off n events that lie there, from the start of the bus to the
// commit of the last reaction, and returns events a second.
func (p pipes) draining(n int) measurement {
	return func(ctx context.Context) (rate float64, err error) {
		d, err := p.open(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		for at := 0; at < n; at += 5000 {
			if err := emit(ctx, d, at, min(n, at+5000)); err != nil {
				return 0, err
			}
		}
		start := time.Now()
		w, err := work(ctx, d, n, nil)
		if err != nil {
			return 0, err
		}
		err = w.wait()
		took := time.Since(start)
		return float64(n) / took.Seconds(), errors.Join(err, w.close())
	}
}

// flow makes changes by many hands while the bus works.
func (p pipes) flow(ctx context.Context) (rate float64, err error) {
	d, err := p.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	start := time.Now()
	w, err := work(ctx, d, flowing, nil)
	if err != nil {
		return 0, err
	}
	if err = byHands(flowing, hands, func(i int) error { return emit(ctx, d, i, i+1) }); err == nil {
		err = w.wait()
	}
	took := time.Since(start)
	return float64(flowing) / took.Seconds(), errors.Join(err, w.close())
}

// latency returns the milliseconds from the return of each change's Update to
// the return of an Update that came after its reaction: the lane of writing is
// in order, so the reaction is committed by then.
func (p pipes) latency(ctx context.Context, n int) (out series, err error) {
	d, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	began, ended := make([]time.Time, n), make([]time.Time, n)
	w, err := work(ctx, d, n, ended)
	if err != nil {
		return nil, err
	}
	err = atPace(n, pace, func(i int) error {
		err := emit(ctx, d, i, i+1)
		began[i] = time.Now()
		return err
	})
	if err == nil {
		err = w.wait()
	}
	for i := range began {
		out = append(out, max(0, millis(ended[i].Sub(began[i]))))
	}
	return out, errors.Join(err, w.close())
}

// worker is a running bus with one consumer that does nothing but count.
type worker struct {
	d       *db.DB
	n       int64
	seen    atomic.Int64
	mu      sync.Mutex
	fresh   []int // reacted to, commit not yet seen
	ended   []time.Time
	knock   chan struct{}
	stop    context.CancelFunc
	stopped chan error // the bus
	done    chan error // all reactions committed
}

// work starts the bus; ended, if there is one, receives when each reaction was
// known to be committed.
func work(ctx context.Context, d *db.DB, n int, ended []time.Time) (*worker, error) {
	b, err := bus.New(d, bus.Options{Logger: quiet})
	if err != nil {
		return nil, err
	}
	w := &worker{d: d, n: int64(n), ended: ended, knock: make(chan struct{}, 1), stopped: make(chan error, 1), done: make(chan error, 1)}
	b.Consumer("bench", bus.On(w.react))
	ctx, w.stop = context.WithCancel(ctx)
	go func() { w.stopped <- b.Run(ctx) }()
	go func() { w.done <- w.watch() }()
	return w, nil
}

func (w *worker) react(_ *db.Tx, e event.TicketIssued) error {
	if w.ended != nil {
		w.mu.Lock()
		w.fresh = append(w.fresh, e.Number)
		w.mu.Unlock()
	}
	if w.seen.Add(1) == w.n || w.ended != nil {
		select {
		case w.knock <- struct{}{}:
		default:
		}
	}
	return nil
}

// wait returns when all n reactions are committed.
func (w *worker) wait() error { return <-w.done }

// close stops the bus.
func (w *worker) close() error {
	w.stop()
	return <-w.stopped
}

func (w *worker) watch() error {
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case <-w.knock:
		case <-timeout:
			return fmt.Errorf("%d of %d events after a minute", w.seen.Load(), w.n)
		}
		all := w.seen.Load() >= w.n
		if err := w.committed(); err != nil {
			return err
		}
		if all {
			return w.check()
		}
	}
}

// committed returns when what has been reacted to is committed: Updates are
// committed in order, so one that does nothing comes behind them.
func (w *worker) committed() error {
	w.mu.Lock()
	ours := w.fresh
	w.fresh = nil
	w.mu.Unlock()
	if err := w.d.Update(context.Background(), func(*db.Tx) error { return nil }); err != nil {
		return err
	}
	now := time.Now()
	for _, i := range ours {
		w.ended[i] = now
	}
	return nil
}

// check proves that the reactions are in the database, each once.
func (w *worker) check() error {
	var n int64
	err := w.d.View(context.Background(), func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(*) FROM inbox WHERE consumer = 'bench'`)
	})
	if err == nil && n != w.n {
		err = fmt.Errorf("%d reactions of %d are committed", n, w.n)
	}
	return err
}
