package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// yardRiver is the yardstick of P4: River with pgx, tuned as its own benchmark
// tunes it (2,000 workers, fetching every 2 ms).
type yardRiver struct {
	pool *pgxpool.Pool
}

type nothing struct {
	N int `json:"n"`
}

// Kind implements river.JobArgs.
func (nothing) Kind() string { return "nothing" }

type nothingWorker struct {
	river.WorkerDefaults[nothing]
}

// Work does nothing.
func (nothingWorker) Work(context.Context, *river.Job[nothing]) error { return nil }

func openRiver(ctx context.Context, url string) (*yardRiver, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 40
	y := &yardRiver{}
	if y.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	m, err := rivermigrate.New(riverpgxv5.New(y.pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	return y, err
}

func (y *yardRiver) close() { y.pool.Close() }

// client returns one that is not started.
func (y *yardRiver) client() (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, nothingWorker{})
	return river.NewClient(riverpgxv5.New(y.pool), &river.Config{
		Logger: slog.New(slog.DiscardHandler), Workers: workers,
		FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}},
	})
}

// empty removes the jobs of the run before.
func (y *yardRiver) empty(ctx context.Context) error {
	_, err := y.pool.Exec(ctx, "TRUNCATE river_job")
	return err
}

// watched starts a client and tells done of every job whose completion is committed.
func watched(ctx context.Context, c *river.Client[pgx.Tx], n int, done func(*river.Event)) (wait func() error, err error) {
	events, stop := c.SubscribeConfig(&river.SubscribeConfig{ChanSize: n + 1000, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	if err := c.Start(ctx); err != nil {
		stop()
		return nil, err
	}
	all := make(chan struct{})
	go func() {
		for range n {
			done(<-events)
		}
		close(all)
	}()
	return func() error {
		defer stop()
		select {
		case <-all:
		case <-time.After(2 * time.Minute):
			return errors.New("River did not work all jobs within a minute")
		}
		return nil
	}, nil
}

// drain works n jobs that lie there and returns jobs a second.
func (y *yardRiver) drain(ctx context.Context, n int) (float64, error) {
	if err := y.empty(ctx); err != nil {
		return 0, err
	}
	c, err := y.client()
	if err != nil {
		return 0, err
	}
	for at := 0; at < n; at += 5000 {
		jobs := make([]river.InsertManyParams, min(5000, n-at))
		for i := range jobs {
			jobs[i].Args = nothing{at + i}
		}
		if _, err := c.InsertManyFast(ctx, jobs); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	wait, err := watched(ctx, c, n, func(*river.Event) {})
	if err != nil {
		return 0, err
	}
	err = wait()
	took := time.Since(start)
	return float64(n) / took.Seconds(), errors.Join(err, c.Stop(ctx))
}

// flow inserts n jobs, each in a transaction of its own, from many hands while
// they are worked, and returns jobs a second from the first to the last.
func (y *yardRiver) flow(ctx context.Context, n, hands int) (float64, error) {
	if err := y.empty(ctx); err != nil {
		return 0, err
	}
	c, err := y.client()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	wait, err := watched(ctx, c, n, func(*river.Event) {})
	if err != nil {
		return 0, err
	}
	err = byHands(n, hands, func(i int) error { return y.insert(ctx, c, i) })
	if err == nil {
		err = wait()
	}
	took := time.Since(start)
	return float64(n) / took.Seconds(), errors.Join(err, c.Stop(ctx))
}

func (y *yardRiver) insert(ctx context.Context, c *river.Client[pgx.Tx], i int) error {
	return pgx.BeginFunc(ctx, y.pool, func(tx pgx.Tx) error {
		_, err := c.InsertTx(ctx, tx, nothing{i}, nil)
		return err
	})
}

// latency inserts n jobs at a steady pace and returns, for each, the
// milliseconds from its commit to its worker having run, and to its completion
// being committed and announced.
func (y *yardRiver) latency(ctx context.Context, n int, every time.Duration) (completed series, err error) {
	if err := y.empty(ctx); err != nil {
		return nil, err
	}
	c, err := y.client()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	ended := map[string]time.Time{}
	wait, err := watched(ctx, c, n, func(e *river.Event) {
		mu.Lock()
		defer mu.Unlock()
		ended[string(e.Job.EncodedArgs)] = time.Now()
	})
	if err != nil {
		return nil, err
	}
	began := make([]time.Time, n)
	err = atPace(n, every, func(i int) error {
		err := y.insert(ctx, c, i)
		began[i] = time.Now()
		return err
	})
	if err == nil {
		err = wait()
	}
	for i, t := range began {
		completed = append(completed, max(0, millis(ended[fmt.Sprintf(`{"n": %d}`, i)].Sub(t))))
	}
	return completed, errors.Join(err, c.Stop(ctx))
}
