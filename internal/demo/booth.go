package demo

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"time"

	"yiji/internal/db"
)

// booth is the person behind one line: calls, waits, serves, calls again.
type booth struct {
	w     *world
	s     *script
	line  line
	as    client // the partner's session
	dice  *rand.Rand
	calls map[int]int  // how often a number was called in a row
	away  map[int]bool // whose holder does not hear the call
}

// open plans the first call of every line.
func open(s *script, w *world, lines []line) {
	for _, l := range lines {
		h := fnv.New64a()
		h.Write([]byte(l.Service))
		b := &booth{w: w, s: s, line: l, as: w.partners[l.Partner], dice: rand.New(rand.NewPCG(h.Sum64(), 1)), calls: map[int]int{}, away: map[int]bool{}}
		s.add(w.day.OpensAt.Add(time.Minute), b.next)
	}
}

func (b *booth) run(ctx context.Context, verb string, body map[string]any, into any) error {
	return b.as.do(ctx, request{http.MethodPost, "communities/" + b.w.community + "/lines/" + b.line.ID + "/" + verb, db.NewID(), body, into})
}

func (b *booth) after(d time.Duration, do func(context.Context) error) {
	b.s.add(b.w.clock.Now().Add(d), do)
}

// next calls the next number; when nobody waits the booth looks again soon,
// when the line has closed it is over.
func (b *booth) next(ctx context.Context) error {
	var n number
	err := b.run(ctx, "next", map[string]any{}, &n)
	var no *refusal
	switch {
	case errors.As(err, &no) && no.Code == "queue.nobody_waiting":
		if b.w.clock.Now().Before(b.w.day.ClosesAt) {
			b.after(30*time.Second, b.next)
		}
		return nil
	case errors.As(err, &no) && no.Status == http.StatusConflict:
		return nil // closed
	case err != nil:
		return err
	}
	b.calls[n.Number] = 1
	b.called(n)
	return nil
}

// called: nearly everybody comes when called. Somebody who has walked off does
// not hear it, however often; when the number comes again most are back.
func (b *booth) called(n number) {
	if b.calls[n.Number] == 1 {
		b.away[n.Number] = b.dice.Float64() < 0.06
	}
	if !b.away[n.Number] {
		b.after(b.work(), func(ctx context.Context) error { return b.done(ctx, n) })
		return
	}
	b.after(61*time.Second, func(ctx context.Context) error { return b.again(ctx, n) })
}

// again calls once more; the third time without anybody is 过号.
func (b *booth) again(ctx context.Context, n number) error {
	if b.calls[n.Number] >= 3 {
		if err := b.run(ctx, "missed", map[string]any{"ticket": n.ID}, nil); err != nil {
			return notWhenClosed(err)
		}
		return b.next(ctx)
	}
	b.calls[n.Number]++
	if err := b.run(ctx, "recall", map[string]any{"ticket": n.ID}, nil); err != nil {
		return notWhenClosed(err)
	}
	b.called(n)
	return nil
}

// done: served, or for an item finished and ready for pick-up a while later.
func (b *booth) done(ctx context.Context, n number) error {
	if b.line.Kind == "item" {
		if err := b.run(ctx, "ready", map[string]any{"ticket": n.ID}, nil); err != nil {
			return notWhenClosed(err)
		}
		b.after(time.Duration(2+b.dice.IntN(6))*time.Minute, func(ctx context.Context) error {
			return notWhenClosed(b.run(ctx, "serve", map[string]any{"ticket": n.ID}, nil))
		})
		return b.next(ctx)
	}
	if err := b.run(ctx, "serve", map[string]any{"ticket": n.ID}, nil); err != nil {
		return notWhenClosed(err)
	}
	return b.next(ctx)
}

// work is how long one service takes: its usual minutes, give or take a third.
func (b *booth) work() time.Duration {
	usual := float64(b.line.Minutes) * float64(time.Minute)
	return time.Duration(usual * (0.67 + 0.66*b.dice.Float64()))
}

// notWhenClosed forgives a refusal because the day is over.
func notWhenClosed(err error) error {
	var no *refusal
	if errors.As(err, &no) && no.Status == http.StatusConflict {
		return nil
	}
	return err
}
