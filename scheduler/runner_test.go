package scheduler

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// bubble runs a runner with one job in a bubble of time and stops it in the end.
func bubble(t *testing.T, o RunnerOptions, tick func(ctx context.Context) (time.Time, error), do func(r *Runner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Logger = quiet
		r := NewRunner(o)
		r.Add("job", tick)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		do(r)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRunnerTicksWhenAsked(t *testing.T) {
	var at []time.Duration
	var began time.Time
	bubble(t, RunnerOptions{}, func(context.Context) (time.Time, error) {
		if began.IsZero() {
			began = time.Now()
		}
		at = append(at, time.Since(began).Round(time.Millisecond))
		switch len(at) {
		case 1:
			return time.Now().Add(3 * time.Second), nil
		case 2:
			return time.Now().Add(time.Hour), nil // the safety net comes first
		case 3:
			return time.Now().Add(-time.Hour), nil // overdue: soon, not at once for ever
		}
		return time.Time{}, nil
	}, func(*Runner) { time.Sleep(40 * time.Second) })
	want := []time.Duration{0, 3 * time.Second, 18 * time.Second, 18*time.Second + 10*time.Millisecond, 33*time.Second + 10*time.Millisecond}
	if len(at) != len(want) {
		t.Fatalf("ticked at %v, want %v", at, want)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Fatalf("ticked at %v, want %v", at, want)
		}
	}
}

func TestRunnerIdles(t *testing.T) {
	n := 0
	bubble(t, RunnerOptions{}, func(context.Context) (time.Time, error) { n++; return time.Time{}, nil }, func(*Runner) {
		time.Sleep(time.Hour)
	})
	if n < 240 || n > 241 {
		t.Fatalf("%d ticks in an idle hour", n)
	}
}

func TestRunnerWakes(t *testing.T) {
	n := 0
	bubble(t, RunnerOptions{SafetyNet: time.Hour}, func(context.Context) (time.Time, error) { n++; return time.Time{}, nil }, func(r *Runner) {
		for want := 2; want < 10; want++ {
			r.Wake()
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if n != want {
				t.Errorf("%d ticks after waking, want %d", n, want)
			}
		}
	})
}

func TestRunnerFollowsAPushedClock(t *testing.T) {
	var pushed atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(pushed.Load())) }
	var due time.Time
	seen := false
	bubble(t, RunnerOptions{Now: now, SafetyNet: time.Hour}, func(context.Context) (time.Time, error) {
		if due.IsZero() {
			due = now().Add(24 * time.Hour)
		}
		seen = !now().Before(due)
		return due, nil
	}, func(r *Runner) {
		pushed.Store(int64(25 * time.Hour))
		r.Wake()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if !seen {
			t.Error("the push was not noticed")
		}
	})
}

func TestRunnerNeverTicksBesideItself(t *testing.T) {
	var running, most, n atomic.Int32
	bubble(t, RunnerOptions{}, func(context.Context) (time.Time, error) {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(5 * time.Second)
		running.Add(-1)
		n.Add(1)
		return time.Time{}, nil
	}, func(r *Runner) {
		for range 20 {
			r.Wake()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
	})
	if most.Load() != 1 || n.Load() < 2 {
		t.Fatalf("%d at once, %d ticks", most.Load(), n.Load())
	}
}

func TestRunnerSurvivesErrorsAndPanics(t *testing.T) {
	var at []time.Time
	var errs int
	o := RunnerOptions{Observe: func(_ string, _ time.Duration, err error) {
		if err != nil {
			errs++
		}
	}}
	bubble(t, o, func(context.Context) (time.Time, error) {
		at = append(at, time.Now())
		switch len(at) {
		case 1:
			panic("boom")
		case 2, 3:
			return time.Time{}, errors.New("no database")
		}
		return time.Time{}, nil
	}, func(*Runner) { time.Sleep(5 * time.Second) })
	if len(at) != 4 || errs != 3 {
		t.Fatalf("%d ticks, %d errors", len(at), errs)
	}
	for i, pause := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		if got := at[i+1].Sub(at[i]).Round(time.Millisecond); got != pause {
			t.Errorf("pause %d is %s, want %s", i, got, pause)
		}
	}
}

func TestRunnerWaitsForARunningTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		r := NewRunner(RunnerOptions{Logger: quiet})
		r.Add("slow", func(ctx context.Context) (time.Time, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // tidying up
			finished = true
			return time.Time{}, ctx.Err()
		})
		r.Wake() // before Run: nothing
		ctx, stop := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Minute); stop() }()
		if err := r.Run(ctx); err != nil || !finished {
			t.Fatalf("stopped with %v, tick finished: %v", err, finished)
		}
		r.Wake() // after: nothing
	})
}
