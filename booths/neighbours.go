package booths

import (
	"cmp"
	"math"
	"slices"
)

// DefaultReach is how far a loud place disturbs a quiet one, from the middle of
// one booth to the middle of the other.
const DefaultReach CM = 1000

// LoudCategories are loud without saying so. A partner or a service may also be
// marked loud itself; a place is quiet when one of its services needs "quiet"
// or its category is "clinic".
var LoudCategories = []string{"fun", "music", "performance", "loudspeaker", "sharpening"}

func (p *Place) loud() bool {
	return p.Loud || slices.Contains(LoudCategories, p.Category) ||
		slices.ContainsFunc(p.Services, func(s Offering) bool { return s.Loud })
}

func (p *Place) quiet() bool {
	return p.Category == "clinic" || slices.Contains(p.needs(), "quiet")
}

// noise measures the disturbance of a plan: for every quiet and loud place
// nearer than the reach, by how many decimetres they are too near, at least 1.
type noise struct {
	quiet, loud []bool   // per place
	near        [][]edge // per booth: the booths within reach
}

type edge struct {
	booth int
	cost  int64
	far   CM
}

func newNoise(q *question) noise {
	nz := noise{quiet: make([]bool, len(q.places)), loud: make([]bool, len(q.places)), near: make([][]edge, len(q.booths))}
	anyQuiet, anyLoud := false, false
	for p := range q.places {
		nz.quiet[p], nz.loud[p] = q.places[p].quiet(), q.places[p].loud()
		anyQuiet, anyLoud = anyQuiet || nz.quiet[p], anyLoud || nz.loud[p]
	}
	if !anyQuiet || !anyLoud {
		return nz
	}
	reach := q.in.Reach
	if reach <= 0 {
		reach = DefaultReach
	}
	for a := range q.booths {
		for b := range q.booths {
			far := distance(&q.booths[a], &q.booths[b])
			if a != b && far < reach {
				nz.near[a] = append(nz.near[a], edge{booth: b, cost: int64(reach-far)/10 + 1, far: far})
			}
		}
	}
	return nz
}

// distance between two booths, rounded down to whole centimetres.
func distance(a, b *Booth) CM {
	dx, dy := int64(a.X-b.X), int64(a.Y-b.Y)
	square := dx*dx + dy*dy
	root := int64(math.Sqrt(float64(square)))
	for root*root > square {
		root--
	}
	for (root+1)*(root+1) <= square {
		root++
	}
	return CM(root)
}

// pair says how often two places disturb each other: one may be quiet and loud.
func (nz *noise) pair(p, q int) int64 {
	times := int64(0)
	if nz.quiet[p] && nz.loud[q] {
		times++
	}
	if nz.quiet[q] && nz.loud[p] {
		times++
	}
	return times
}

// counts reports whether a place takes part in any disturbance.
func (nz *noise) counts(p int) bool { return nz.quiet[p] || nz.loud[p] }

// at is what place p at booth b adds, given who stands where (booth → place).
func (nz *noise) at(p, b int, occupant []int) int64 {
	sum := int64(0)
	if !nz.counts(p) {
		return 0
	}
	for _, e := range nz.near[b] {
		if o := occupant[e.booth]; o >= 0 && o != p {
			sum += e.cost * nz.pair(p, o)
		}
	}
	return sum
}

// of measures a whole plan.
func (nz *noise) of(boothOf []int) int64 {
	sum, occupant := int64(0), nz.occupants(boothOf)
	for p, b := range boothOf {
		if b >= 0 {
			sum += nz.at(p, b, occupant)
		}
	}
	return sum / 2
}

func (nz *noise) occupants(boothOf []int) []int {
	occupant := make([]int, len(nz.near))
	for b := range occupant {
		occupant[b] = -1
	}
	for p, b := range boothOf {
		if b >= 0 {
			occupant[b] = p
		}
	}
	return occupant
}

// calm lowers the disturbance among the plans of the greatest sum: a seeded
// local search over alternating cycles of tight cells first, then branch and
// bound, which proves the result where its budget suffices.
func (q *question) calm(boothOf []int, free, open []int, start partial) ([]int, bool) {
	best := contender{boothOf: boothOf, noise: q.noise.of(boothOf), gain: start.gain}
	found := q.wander(best.boothOf, free, open, start.graph)
	if c := q.settle(found, free, open, start.sum); c.better(best) {
		best = c
	}
	b := &bound{q: q, best: best, sum: start.sum, budget: searchBudget}
	b.try(map[int]int{}, free, open)
	return b.best.boothOf, b.budget > 0
}

// contender is a plan of the greatest sum.
type contender struct {
	boothOf     []int
	noise, gain int64
}

func (c contender) better(than contender) bool {
	return cmp.Or(cmp.Compare(c.noise, than.noise), cmp.Compare(than.gain, c.gain)) < 0
}

// settle keeps every place that counts for noise where it is and lets the
// others find their best.
func (q *question) settle(boothOf []int, free, open []int, sum int64) contender {
	fixed := map[int]int{}
	for _, p := range free {
		if q.noise.counts(p) {
			fixed[p] = boothOf[p]
		}
	}
	c, ok := q.complete(fixed, free, open, sum)
	if !ok {
		return contender{boothOf: boothOf, noise: math.MaxInt64}
	}
	return c
}

// complete finds the best plan that has the fixed places at their booths (-1:
// nowhere); false when no plan of the greatest sum does.
func (q *question) complete(fixed map[int]int, free, open []int, sum int64) (contender, bool) {
	taken := map[int]bool{}
	m := len(q.booths)
	var have, gain int64
	var places, booths []int
	for _, p := range free {
		b, is := fixed[p]
		switch {
		case !is:
			places = append(places, p)
		case b >= 0:
			taken[b] = true
			have += q.score[p*m+b]
			gain += q.gain[p*m+b]
		}
	}
	for _, b := range open {
		if !taken[b] {
			booths = append(booths, b)
		}
	}
	rest := q.best(places, booths)
	if have+rest.sum != sum {
		return contender{}, false
	}
	for p, b := range fixed {
		rest.boothOf[p] = b
	}
	plan := q.withLocked(rest.boothOf)
	return contender{boothOf: plan, noise: q.noise.of(plan), gain: gain + rest.gain}, true
}

// searchBudget bounds branch and bound by the work its nodes cost, so that the
// answer is the same on a slow machine and on a fast one.
const searchBudget = 6_000_000

// bound is the branch and bound search for the calmest plan. A node fixes some
// places; solving the rest without regard to noise gives both a plan and the
// bound: its sum and gain cannot be beaten below the node, nor can the noise
// between the places already fixed.
type bound struct {
	q      *question
	best   contender
	sum    int64
	budget int
}

func (s *bound) try(fixed map[int]int, free, open []int) {
	s.budget -= len(free)*len(open)*min(len(free), len(open))/8 + 300
	if s.budget <= 0 {
		return
	}
	plan, ok := s.q.complete(fixed, free, open, s.sum)
	if !ok {
		return
	}
	floor := contender{noise: s.q.noise.of(s.q.known(fixed)), gain: plan.gain}
	if !floor.better(s.best) {
		return
	}
	if plan.better(s.best) {
		s.best = plan
	}
	if plan.noise == floor.noise {
		return
	}
	p := s.branch(plan.boothOf, fixed)
	for _, b := range s.choices(p, fixed, open) {
		fixed[p] = b
		s.try(fixed, free, open)
		delete(fixed, p)
	}
}

// known is the plan of only the locked and fixed places.
func (q *question) known(fixed map[int]int) []int {
	out := slices.Clone(q.locked)
	for p, b := range fixed {
		out[p] = b
	}
	return out
}

// branch picks the place not yet fixed that is disturbed most in the plan.
func (s *bound) branch(boothOf []int, fixed map[int]int) int {
	occupant := s.q.noise.occupants(boothOf)
	pick, most := -1, int64(0)
	for p, b := range boothOf {
		if _, is := fixed[p]; is || b < 0 || s.q.locked[p] >= 0 {
			continue
		}
		if n := s.q.noise.at(p, b, occupant); n > most {
			pick, most = p, n
		}
	}
	return pick
}

// choices are the booths a place may take, the calmest first, and -1.
func (s *bound) choices(p int, fixed map[int]int, open []int) []int {
	occupant := s.q.noise.occupants(s.q.known(fixed))
	var out []int
	for _, b := range open {
		if occupant[b] < 0 && s.q.score[p*len(s.q.booths)+b] > 0 {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Compare(s.q.noise.at(p, a, occupant), s.q.noise.at(p, b, occupant))
	})
	return append(out, -1)
}
