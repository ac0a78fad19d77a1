package demo

import (
	"context"
	"sync"
	"time"
)

// clock is the time of the played world. It stands still until it is pushed;
// with a speed it also runs, that many times faster than ours.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	since  time.Time // real time at which `at` was true
	speed  float64   // 0: stands still
	pushed func()    // told after every push
}

func newClock(at time.Time) *clock { return &clock{at: at, since: time.Now()} }

// Now is the played time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *clock) now() time.Time {
	if c.speed == 0 {
		return c.at
	}
	return c.at.Add(time.Duration(float64(time.Since(c.since)) * c.speed))
}

// run makes the clock run from its present time on.
func (c *clock) run(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.since, c.speed = c.now(), time.Now(), speed
}

// to makes it t: at once when the clock stands, by waiting when it runs. It
// never goes back.
func (c *clock) to(ctx context.Context, t time.Time) error {
	c.mu.Lock()
	now, speed := c.now(), c.speed
	if speed == 0 && t.After(now) {
		c.at = t
	}
	c.mu.Unlock()
	if !t.After(now) {
		return nil
	}
	if speed > 0 {
		real := time.NewTimer(time.Duration(float64(t.Sub(now)) / speed))
		defer real.Stop()
		select {
		case <-real.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.pushed != nil {
		c.pushed()
	}
	return nil
}
