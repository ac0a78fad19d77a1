package demo

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// script is what will happen and when: things people do, in the order of the
// played time. What is due within one second happens at once, by many hands.
type script struct {
	mu    sync.Mutex
	queue sceneHeap
	n     int
}

type scene struct {
	at time.Time
	n  int // keeps the order of scenes at one time
	do func(context.Context) error
}

// hands is how many scenes run at the same time.
const hands = 16

// add plans something; also from inside a scene.
func (s *script) add(at time.Time, do func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	heap.Push(&s.queue, scene{at, s.n, do})
}

// due takes the earliest scenes: all within one second of the first.
func (s *script) due() []scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []scene
	for len(s.queue) > 0 && (len(out) == 0 || s.queue[0].at.Before(out[0].at.Add(time.Second))) {
		out = append(out, heap.Pop(&s.queue).(scene))
	}
	return out
}

// play runs until nothing is left or the played time reaches end; progress is
// told the time after each group.
func (s *script) play(ctx context.Context, c *clock, end time.Time, progress func(time.Time)) error {
	for {
		scenes := s.due()
		if len(scenes) == 0 || !scenes[0].at.Before(end) {
			return c.to(ctx, end)
		}
		if err := c.to(ctx, scenes[len(scenes)-1].at); err != nil {
			return err
		}
		group, gctx := errgroup.WithContext(ctx)
		group.SetLimit(hands)
		for _, sc := range scenes {
			group.Go(func() error { return sc.do(gctx) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		progress(c.Now())
	}
}

type sceneHeap []scene

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (h sceneHeap) Len() int { return len(h) }

// Less orders by time, then by planning.
func (h sceneHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].n < h[j].n
	}
	return h[i].at.Before(h[j].at)
}

// Swap implements heap.Interface.
func (h sceneHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *sceneHeap) Push(x any) { *h = append(*h, x.(scene)) }

// Pop implements heap.Interface.
func (h *sceneHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
