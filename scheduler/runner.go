package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// RunnerOptions configure a Runner; the zero value is good.
type RunnerOptions struct {
	Now       func() time.Time                                 // the clock ticks believe in; nil is time.Now
	SafetyNet time.Duration                                    // longest pause between two ticks; 0 is 15 s
	Logger    *slog.Logger                                     // nil is slog.Default
	Observe   func(name string, took time.Duration, err error) // told after each tick; may be nil
}

// Runner calls ticks when they asked to be called. Each job is one entry of a
// robfig cron whose schedule fires once, at what the last tick asked for and at
// most SafetyNet later; the entry is renewed when the tick has returned, so a
// tick never runs beside itself. A lost or repeated alarm costs nothing: ticks
// look at rows, not at alarms.
type Runner struct {
	o    RunnerOptions
	cron *cron.Cron
	jobs []*job
}

// Pauses of the runner.
const (
	defaultSafetyNet = 15 * time.Second
	firstRetry       = 250 * time.Millisecond // after a tick that failed, doubled each time
	shortestPause    = 10 * time.Millisecond  // between ticks that say they are due already
)

// NewRunner returns a runner without jobs.
func NewRunner(o RunnerOptions) *Runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SafetyNet <= 0 {
		o.SafetyNet = defaultSafetyNet
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration, error) {}
	}
	log := cronLog{o.Logger}
	return &Runner{o: o, cron: cron.New(cron.WithLocation(time.UTC), cron.WithLogger(log), cron.WithChain(cron.Recover(log)))}
}

// Add adds a job: tick does what is due and says when it wants to be called
// next; the zero time means "nothing known". Call it before Run.
func (r *Runner) Add(name string, tick func(ctx context.Context) (next time.Time, err error)) {
	r.jobs = append(r.jobs, &job{name: name, tick: tick, r: r})
}

// Run ticks every job at once and then when it asked, until ctx is done and
// every running tick has returned. Run a Runner once.
func (r *Runner) Run(ctx context.Context) error {
	for _, j := range r.jobs {
		j.start(ctx)
	}
	r.cron.Start()
	<-ctx.Done()
	for _, j := range r.jobs {
		j.stop()
	}
	<-r.cron.Stop().Done()
	return nil
}

// Wake runs every tick at once: after a change, or when a clock was pushed. A
// tick that is running runs once more. It does nothing while Run does not run.
func (r *Runner) Wake() {
	for _, j := range r.jobs {
		j.wake()
	}
}

// job is one tick and its alarm.
type job struct {
	name string
	tick func(ctx context.Context) (time.Time, error)
	r    *Runner

	mu      sync.Mutex
	ctx     context.Context // nil unless the runner runs
	entry   cron.EntryID
	running bool
	again   bool // somebody asked for a tick while it ran
	failed  int  // ticks that failed in a row
}

func (j *job) start(ctx context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ctx = ctx
	j.alarm(0)
}

func (j *job) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ctx = nil
}

func (j *job) wake() {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ctx == nil:
	case j.running:
		j.again = true
	default:
		j.alarm(0)
	}
}

// alarm replaces the job's entry; j.mu is held.
func (j *job) alarm(in time.Duration) {
	if j.entry != 0 {
		j.r.cron.Remove(j.entry)
	}
	j.entry = j.r.cron.Schedule(&once{in: in}, j)
}

// once is a cron.Schedule that fires one time.
type once struct {
	in    time.Duration
	fired bool
}

// Next implements cron.Schedule; the zero time is never.
func (o *once) Next(t time.Time) time.Time {
	if o.fired {
		return time.Time{}
	}
	o.fired = true
	return t.Add(o.in)
}

// Run implements cron.Job.
func (j *job) Run() {
	j.mu.Lock()
	ctx := j.ctx
	if ctx == nil || j.running {
		j.again = j.running
		j.mu.Unlock()
		return
	}
	j.running, j.again = true, false
	j.mu.Unlock()

	began := j.r.o.Now()
	next, err := j.guarded(ctx)
	took := max(0, j.r.o.Now().Sub(began))
	if err != nil && ctx.Err() == nil {
		j.r.o.Logger.Error("tick failed", "job", j.name, "err", err)
	}
	j.r.o.Observe(j.name, took, err)

	j.mu.Lock()
	defer j.mu.Unlock()
	j.running = false
	if j.ctx == nil || ctx.Err() != nil {
		return
	}
	j.alarm(j.pause(next, err))
}

// guarded turns a panic of the tick into an error: the alarm must be renewed.
func (j *job) guarded(ctx context.Context) (next time.Time, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("tick %s panicked: %v\n%s", j.name, r, debug.Stack())
		}
	}()
	return j.tick(ctx)
}

// pause is how long to wait for the next tick; j.mu is held.
func (j *job) pause(next time.Time, err error) time.Duration {
	net := j.r.o.SafetyNet
	if err != nil {
		j.failed++
		return min(net, firstRetry<<min(j.failed-1, 16))
	}
	j.failed = 0
	if j.again {
		return 0
	}
	if next.IsZero() {
		return net
	}
	return max(shortestPause, min(net, next.Sub(j.r.o.Now())))
}

// cronLog passes on what cron has to complain about; its chatter is dropped.
type cronLog struct{ log *slog.Logger }

// Info implements cron.Logger.
func (cronLog) Info(string, ...any) {}

// Error implements cron.Logger.
func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error(msg, append([]any{"err", err}, kv...)...)
}
