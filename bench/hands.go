package main

import (
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// byHands does n things, numbered from 0, by many goroutines.
func byHands(n, hands int, do func(i int) error) error {
	var next atomic.Int64
	var g errgroup.Group
	for range hands {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := do(i); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// atPace starts n things at a steady pace, whether or not earlier ones have
// ended, and waits for all.
func atPace(n int, every time.Duration, do func(i int) error) error {
	var g errgroup.Group
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(i) * every)))
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}
