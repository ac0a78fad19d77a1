package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"yiji/internal/bus"
	"yiji/internal/db"
	"yiji/internal/live"
	"yiji/internal/outbox"
	"yiji/scheduler"
	"yiji/web"
)

// App is a house that is built and not yet running, or running, or stopped.
type App struct {
	Services
	DB      *db.DB
	Bus     *bus.Bus
	BaseURL string

	o        Options
	runner   *scheduler.Runner
	live     *live.Hub
	web      *web.Server
	listener net.Listener
	metrics  *metrics
	log      *slog.Logger
}

// New opens the database and the listening socket and connects everything.
// Nothing happens by itself before Run.
func New(ctx context.Context, o Options) (*App, error) {
	o = o.withDefaults()
	if o.Key != "" {
		if _, err := o.LoadKey(); err != nil { // before a file is made
			return nil, err
		}
	}
	if err := o.checkAddresses(); err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, db.Options{URL: o.Database, Clock: o.Clock, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	a := &App{DB: d, o: o, log: o.Logger}
	key, err := OpenKey(ctx, d, o)
	if err == nil {
		err = a.build(ctx, key)
	}
	if err != nil {
		return nil, errors.Join(err, a.release())
	}
	return a, nil
}

func (a *App) build(ctx context.Context, key []byte) error {
	var err error
	if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.o.Listen); err != nil {
		return err
	}
	if a.BaseURL, err = a.o.base(a.listener); err != nil {
		return err
	}
	if a.Services, err = newServices(a.DB, a.o, key, a.BaseURL); err != nil {
		return err
	}
	if a.Bus, err = bus.New(a.DB, bus.Options{Logger: a.log}); err != nil {
		return err
	}
	wire(a.Bus, a.Services)
	a.live = live.New(a.DB, live.Options{Queue: a.Queue, Day: liveDay, Logger: a.log})
	a.metrics = newMetrics(a)
	a.runner = scheduler.NewRunner(scheduler.RunnerOptions{Now: a.o.Clock, Logger: a.log, Observe: a.metrics.tick})
	a.jobs()
	a.web, err = web.New(web.Options{
		Services: web.Services(a.Services), BaseURL: a.BaseURL, Key: key, TrustedProxies: a.o.TrustedProxies,
		Parked: a.parked, Replay: a.Bus.Replay, Limits: a.o.Limits, Ready: a.ready, Metrics: a.metrics.handler(), MetricsToken: a.o.MetricsToken, Suspected: a.metrics.suspicious.Inc, Clock: a.o.Clock, Logger: a.log, Live: a.live, Changes: a.DB.Changes, Heard: a.Bus.Settle,
	})
	return err
}

// jobs are what the alarm clock wakes; each asks its rows what is due. Messages
// have a clock of their own in notify.Run, because sending has one, too.
func (a *App) jobs() {
	a.runner.Add("scheduler", a.Scheduler.Tick)
	a.runner.Add("booths", a.Booths.Tick)
	a.runner.Add("queue", a.Queue.Tick)
	a.runner.Add("housekeeping", a.housekeeping)
}

// keepEvents is how long applied events stay readable.
const keepEvents = 400 * 24 * time.Hour

// housekeeping removes what nobody will ask for again, once an hour.
func (a *App) housekeeping(ctx context.Context) (time.Time, error) {
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := outbox.Prune(tx, db.Micros(tx.Now.Add(-keepEvents)))
		return err
	})
	if err == nil {
		_, err = a.Account.Purge(ctx)
	}
	return a.DB.Now().Add(time.Hour), err
}

// parked lists what reactions could not apply.
func (a *App) parked(ctx context.Context, limit int) (all []outbox.Parked, err error) {
	err = a.DB.View(ctx, func(tx *db.Tx) error {
		all, err = outbox.AllParked(tx, limit)
		return err
	})
	return all, err
}

// Wake makes the alarm clock look at once, after a clock was pushed.
func (a *App) Wake() {
	a.runner.Wake()
	a.Notify.Wake()
}

// Run serves until ctx ends, then stops what it started in reverse order: the
// web server finishes its requests first, the database is closed last.
func (a *App) Run(ctx context.Context) error {
	defer func() {
		if err := a.release(); err != nil {
			a.log.Error("closing", "error", err)
		}
	}()
	if err := a.reviewHolidays(ctx); err != nil {
		return err
	}
	parts := []part{
		{"bus", a.Bus.Run}, {"notify", a.Notify.Run}, {"scheduler", a.runner.Run}, {"live", a.live.Run},
		{"web", func(ctx context.Context) error { return a.web.Serve(ctx, a.listener) }},
	}
	return runParts(ctx, parts)
}

// reviewHolidays looks again at days that were planned without a notice: with
// the notice loaded now some of them move, and some need an organizer's word.
func (a *App) reviewHolidays(ctx context.Context) error {
	open, err := a.Scheduler.ReviewFlagged(ctx)
	if err != nil {
		return err
	}
	for _, d := range open {
		a.log.Warn("the holiday notice moves a market day that has claims: its organizer decides", "day", d.ID, "date", d.Date.String())
	}
	return nil
}

// part is something that runs until its context ends.
type part struct {
	name string
	run  func(context.Context) error
}

// runParts starts the parts in order and, when ctx ends or one fails, stops
// them one by one in reverse order.
func runParts(ctx context.Context, parts []part) error {
	failed := make(chan error, len(parts))
	stops := make([]func() error, len(parts))
	for i, p := range parts {
		pctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan error, 1)
		go func() {
			err := p.run(pctx)
			if pctx.Err() == nil {
				failed <- fmt.Errorf("%s ended: %w", p.name, err)
			}
			done <- err
		}()
		stops[i] = func() error {
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			return nil
		}
	}
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs = append(errs, err)
	}
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i]())
	}
	return errors.Join(errs...)
}

// release closes what New opened.
func (a *App) release() error {
	var err error
	if a.listener != nil {
		if e := a.listener.Close(); !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}
	return errors.Join(err, a.DB.Close())
}

// Close gives up an App that was never run.
func (a *App) Close() error { return a.release() }

// ready says whether the house can serve: the database answers and the bus runs.
func (a *App) ready(ctx context.Context) error {
	select {
	case <-a.Bus.Running():
	default:
		return errors.New("the bus has not started")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return errors.Join(a.DB.Ping(ctx), a.DB.Room(ctx))
}
