package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

// series are the figures of one side, in the order they were taken.
type series []float64

func (s series) sorted() series {
	out := slices.Clone(s)
	slices.Sort(out)
	return out
}

func (s series) median() float64 {
	o := s.sorted()
	if n := len(o); n%2 == 0 {
		return (o[n/2-1] + o[n/2]) / 2
	}
	return o[len(o)/2]
}

func (s series) least() float64 { return slices.Min(s) }
func (s series) most() float64  { return slices.Max(s) }

// at is a quantile between 0 and 1, the nearest figure that was seen.
func (s series) at(q float64) float64 {
	o := s.sorted()
	return o[min(len(o)-1, int(math.Ceil(q*float64(len(o))))-1)]
}

// pair is what was measured: two figures of the same kind, taken in turns.
type pair struct{ ours, theirs series }

// ratios divides each of ours by the one of theirs taken beside it.
func (p pair) ratios() series {
	out := make(series, len(p.ours))
	for i := range out {
		out[i] = p.ours[i] / p.theirs[i]
	}
	return out
}

// measurement is one run of one side; its figure is a rate or a duration.
type measurement func(ctx context.Context) (float64, error)

// inTurns runs ours and theirs n times, changing who goes first, so that what
// slows the machine down for a while slows down both. A first run of each
// warms up and is thrown away.
func inTurns(ctx context.Context, n int, ours, theirs measurement) (p pair, err error) {
	for i := -1; i < n; i++ {
		sides := []struct {
			do   measurement
			into *series
		}{{ours, &p.ours}, {theirs, &p.theirs}}
		if i%2 != 0 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			v, err := side.do(ctx)
			if err != nil {
				return p, err
			}
			if verbose {
				fmt.Fprintln(os.Stderr, "   ", number(v))
			}
			if i >= 0 {
				*side.into = append(*side.into, v)
			}
		}
	}
	return p, nil
}

// exponent says how a cost grows with the data: cost ~ data^exponent, by least
// squares over the logarithms.
func exponent(data, cost []float64) float64 {
	var sx, sy, sxx, sxy float64
	n := float64(len(data))
	for i := range data {
		x, y := math.Log(data[i]), math.Log(cost[i])
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// number writes a figure with three digits that matter.
func number(v float64) string {
	switch {
	case v >= 1000:
		return thousands(int64(v/10+0.5) * 10)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
