package demo

import (
	"context"
	"time"

	"yiji/internal/app"
)

// Moment is a point of the played story at which the house can be looked at.
type Moment string

// The moments, in their order.
const (
	Planned Moment = "planned" // two days before: claims are in, booths are given
	Busy    Moment = "busy"    // an hour and a quarter after opening
	Settled Moment = "settled" // closed, counted, everybody told
)

// busyAfter is how long after opening the market is looked at.
const busyAfter = 75 * time.Minute

// Scene is the house at a moment. It is the real one: whoever looks must not
// change anything.
type Scene struct {
	App       *app.App
	Key       string // the installation's key
	Now       time.Time
	Community string // slug
	MarketID  string
	DayID     string
	Partners  map[string]string // ids by name
	Numbers   []Number          // what residents hold, in the order they took them
	Outbox    string            // folder of the messages that went out
}

// Number is a ticket in a resident's hand.
type Number struct {
	Handle, Visitor, Line string
}

// look shows the house as it is now.
func (w *world) look(ctx context.Context, m Moment) error {
	if w.shown == nil {
		return nil
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	return w.shown(m, Scene{App: w.app, Key: w.key, Now: w.clock.Now(), Community: w.community, MarketID: w.marketID,
		DayID: w.day.ID, Partners: w.ids, Numbers: w.seen.all(), Outbox: w.outbox})
}

// once returns a look at the busy market for the progress of the play: nothing
// happens between two scenes.
func (w *world) once(ctx context.Context, failed *error) func(time.Time) {
	done := false
	return func(now time.Time) {
		if !done && now.Sub(w.day.OpensAt) >= busyAfter {
			done = true
			*failed = w.look(ctx, Busy)
		}
	}
}
