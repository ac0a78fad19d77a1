package scheduler

import (
	"context"
	"log/slog"
	"time"
)

// RunnerOptions configure a Runner; the zero value is good.
type RunnerOptions struct {
	Now       func() time.Time                                 // the clock ticks believe in; nil is time.Now
	SafetyNet time.Duration                                    // longest pause between two ticks; 0 is 15 s
	Logger    *slog.Logger                                     // nil is slog.Default
	Observe   func(name string, took time.Duration, err error) // told after each tick; may be nil
}

// Runner calls ticks when they asked to be called.
type Runner struct{}

// NewRunner returns a runner without jobs.
func NewRunner(o RunnerOptions) *Runner { return &Runner{} }

// Add adds a job: tick does what is due and says when it wants to be called
// next; the zero time means "nothing known". Call it before Run.
func (r *Runner) Add(name string, tick func(ctx context.Context) (next time.Time, err error)) {}

// Run runs until ctx is done and every running tick has returned.
func (r *Runner) Run(ctx context.Context) error { return nil }

// Wake runs every tick at once: after a change, or when a test pushes the clock.
func (r *Runner) Wake() {}
