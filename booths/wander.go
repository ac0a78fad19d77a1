package booths

// wander searches calmer plans of the same sum, deterministically: it takes a
// disturbed place, forces it to another booth that optimal plans may use, and
// repairs the plan along a shortest alternating cycle of tight cells. Worse
// steps are allowed at first and less and less later; the best plan seen counts.
func (q *question) wander(boothOf []int, free, open []int, g *graph) []int {
	if g == nil {
		return boothOf
	}
	w := &walk{q: q, g: g, free: free, open: open, random: 0x9E3779B97F4A7C15}
	w.start(boothOf)
	for w.work < w.most && w.best > 0 {
		w.step()
	}
	return w.bestPlan
}

// wanderWork bounds the search by cells looked at, not by time: so many times
// the whole table, and never more than wanderMost.
const (
	wanderWork = 100
	wanderMost = 30_000_000
)

type walk struct {
	q          *question
	g          *graph
	free, open []int
	boothOf    []int // per place of the question
	occupant   []int
	noise      int64
	best       int64
	bestPlan   []int
	random     uint64
	work, most int
	prev       []int32 // search: column each row came from
	via        []int32 // search: row each column was reached by
	queue      []int32
}

func (w *walk) start(boothOf []int) {
	w.boothOf = append([]int(nil), boothOf...)
	w.bestPlan = append([]int(nil), boothOf...)
	w.occupant = w.q.noise.occupants(boothOf)
	w.noise = w.q.noise.of(boothOf)
	w.best = w.noise
	w.most = min(100_000+wanderWork*len(w.free)*len(w.open), wanderMost)
	w.via = make([]int32, w.g.cols)
	w.prev = make([]int32, w.g.rows+1)
}

// next is xorshift: the same walk everywhere.
func (w *walk) next(n int) int {
	w.random ^= w.random << 13
	w.random ^= w.random >> 7
	w.random ^= w.random << 17
	return int(w.random % uint64(n))
}

// step tries one move.
func (w *walk) step() {
	w.work += 16
	i := w.next(len(w.free))
	p := w.free[i]
	if !w.q.noise.counts(p) || w.boothOf[p] < 0 {
		return
	}
	if w.q.noise.at(p, w.boothOf[p], w.occupant) == 0 && w.next(4) > 0 {
		return
	}
	k := w.next(len(w.open))
	row, col := w.g.cell(i, k)
	if w.open[k] == w.boothOf[p] || int(w.g.colOf[row]) == col || !w.g.tight(row, col) ||
		w.q.score[p*len(w.q.booths)+w.open[k]] <= 0 {
		return
	}
	cycle := w.cycle(row, col)
	if cycle == nil {
		return
	}
	before := w.noise
	w.apply(cycle, true)
	slack := int64(0)
	if half := w.most / 2; w.work < half {
		slack = int64(w.next(1 + 40*(half-w.work)/half))
	}
	switch {
	case w.noise > before+slack:
		w.apply(cycle, false)
	case w.noise < w.best:
		w.best = w.noise
		copy(w.bestPlan, w.boothOf)
	}
}

// turn is one row leaving a column for another; -1 is no column.
type turn struct{ row, from, to int }

// cycle finds the shortest repair after row takes col: a path of tight cells
// from who held col to the column that row leaves. Free columns belong to one
// imagined row that may hold any column whose dual is zero.
func (w *walk) cycle(row, col int) []turn {
	g := w.g
	old := int(g.colOf[row])
	nobody := g.rows
	owner := func(c int) int {
		if r := g.rowOf[c]; r >= 0 {
			return int(r)
		}
		return nobody
	}
	for r := range w.prev {
		w.prev[r] = -1
	}
	for c := range w.via {
		w.via[c] = -1
	}
	first := owner(col)
	w.prev[first] = int32(col)
	w.queue = append(w.queue[:0], int32(first))
	for head := 0; head < len(w.queue) && head < 64; head++ {
		r := int(w.queue[head])
		w.work += g.cols
		if w.may(r, old) {
			w.via[old] = int32(r)
			return w.turns(row, col, old)
		}
		for c := range g.cols {
			if c == col || w.via[c] >= 0 || !w.may(r, c) {
				continue
			}
			o := owner(c)
			if o == row || w.prev[o] >= 0 {
				continue
			}
			w.via[c], w.prev[o] = int32(r), int32(c)
			w.queue = append(w.queue, int32(o))
		}
	}
	return nil
}

func (w *walk) may(row, col int) bool {
	if row == w.g.rows {
		return w.g.v[col] == 0
	}
	return w.g.tight(row, col)
}

// turns reads the path backwards, from the column left to the column taken.
func (w *walk) turns(row, col, old int) []turn {
	out := []turn{{row, old, col}}
	for c := old; c != col; {
		r := int(w.via[c])
		from := int(w.prev[r])
		out = append(out, turn{r, from, c})
		c = from
	}
	return out
}

// apply takes the turns (or takes them back) in the graph and in the plan.
func (w *walk) apply(cycle []turn, forth bool) {
	nobody := w.g.rows
	for _, t := range cycle {
		if t.row != nobody {
			from := t.from
			if !forth {
				from = t.to
			}
			w.place(t.row, from, false)
		}
	}
	for _, t := range cycle {
		to := t.to
		if !forth {
			to = t.from
		}
		if t.row == nobody {
			w.g.rowOf[to] = -1
			continue
		}
		w.g.colOf[t.row], w.g.rowOf[to] = int32(to), int32(t.row)
	}
	for _, t := range cycle {
		if t.row != nobody {
			w.place(t.row, int(w.g.colOf[t.row]), true)
		}
	}
}

// place puts down or picks up the place that a row and column mean.
func (w *walk) place(row, col int, down bool) {
	i, k := row, col
	if w.g.flipped {
		i, k = col, row
	}
	p, b := w.free[i], w.open[k]
	if w.q.score[p*len(w.q.booths)+b] <= 0 {
		return
	}
	if down {
		w.noise += w.q.noise.at(p, b, w.occupant)
		w.boothOf[p], w.occupant[b] = b, p
		return
	}
	w.boothOf[p], w.occupant[b] = -1, -1
	w.noise -= w.q.noise.at(p, b, w.occupant)
}
