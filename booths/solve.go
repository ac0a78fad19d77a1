package booths

import "math"

// MaxSum returns for each of n rows the column that makes the sum of scores
// the greatest possible, -1 where a row takes none, and that sum. score is
// row-major; a score of 0 or less means "not possible". Exact; cubic time.
func MaxSum(n, m int, score []int64) ([]int, int64) {
	boothOf, _, sum := maximise(n, m, score)
	return boothOf, sum
}

// maximise solves the assignment and keeps the duals as a graph of the cells
// that optimal assignments may use. Rows of the graph are the shorter side.
func maximise(n, m int, score []int64) ([]int, *graph, int64) {
	g := newGraph(n, m, func(row, col int) int64 { return -max(score[row*m+col], 0) })
	g.solve()
	boothOf, sum := make([]int, n), int64(0)
	for p := range boothOf {
		boothOf[p] = -1
		if b := g.partnerOf(p); b >= 0 && score[p*m+b] > 0 {
			boothOf[p] = b
			sum += score[p*m+b]
		}
	}
	return boothOf, g, sum
}

// graph is a dense assignment problem, smallest cost wanted, with its solution
// and its duals: a cell is tight when its reduced cost is zero, and every
// optimal solution consists of tight cells and matches every column whose dual
// is not zero.
type graph struct {
	rows, cols int
	flipped    bool // rows are booths, not places
	cost       []int64
	u, v       []int64
	colOf      []int32 // column of each row
	rowOf      []int32 // row of each column, -1 when free
}

func newGraph(n, m int, cost func(place, booth int) int64) *graph {
	g := &graph{rows: n, cols: m}
	if n > m {
		g.rows, g.cols, g.flipped = m, n, true
	}
	g.cost = make([]int64, n*m)
	for r := range g.rows {
		line := g.cost[r*g.cols : (r+1)*g.cols]
		if g.flipped {
			for c := range line {
				line[c] = cost(c, r)
			}
			continue
		}
		for c := range line {
			line[c] = cost(r, c)
		}
	}
	return g
}

// cell says which row and column a place at a booth is.
func (g *graph) cell(place, booth int) (row, col int) {
	if g.flipped {
		return booth, place
	}
	return place, booth
}

// partnerOf returns the booth a place is matched with, -1 for none.
func (g *graph) partnerOf(place int) int {
	if g.flipped {
		return int(g.rowOf[place])
	}
	return int(g.colOf[place])
}

func (g *graph) tight(row, col int) bool {
	return g.cost[row*g.cols+col]-g.v[col] == g.u[row]
}

// solve is the algorithm of Jonker and Volgenant (1987): column reduction and
// reduction transfer (square problems only: they need every column matched),
// augmenting row reduction, then shortest augmenting paths.
func (g *graph) solve() {
	g.colOf, g.rowOf = filled(g.rows), filled(g.cols)
	g.u, g.v = make([]int64, g.rows), make([]int64, g.cols)
	if g.rows == 0 {
		return
	}
	var free []int32
	if g.rows == g.cols {
		free = g.reduceColumns()
	} else {
		for r := range g.rows {
			free = append(free, int32(r))
		}
	}
	for range 2 {
		free = g.reduceRows(free)
	}
	g.augment(free)
	for r := range g.rows {
		c := int(g.colOf[r])
		g.u[r] = g.cost[r*g.cols+c] - g.v[c]
	}
}

func filled(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

// reduceColumns gives each column its smallest row where that row is free and
// returns the rows left over.
func (g *graph) reduceColumns() []int32 {
	m := g.cols
	least := make([]int32, m)
	copy(g.v, g.cost[:m])
	for r := 1; r < g.rows; r++ {
		for c, cost := range g.cost[r*m : (r+1)*m] {
			if cost < g.v[c] {
				g.v[c], least[c] = cost, int32(r)
			}
		}
	}
	times := make([]int, g.rows)
	for c := m - 1; c >= 0; c-- {
		r := least[c]
		if times[r]++; times[r] == 1 {
			g.colOf[r], g.rowOf[c] = int32(c), r
		}
	}
	var free []int32
	for r := range g.rows {
		switch times[r] {
		case 0:
			free = append(free, int32(r))
		case 1:
			g.transfer(r)
		}
	}
	return free
}

// transfer lowers the dual of a row's column by the slack to its second best.
func (g *graph) transfer(r int) {
	own, slack := int(g.colOf[r]), int64(math.MaxInt64)
	for c, cost := range g.cost[r*g.cols : (r+1)*g.cols] {
		if c != own && cost-g.v[c] < slack {
			slack = cost - g.v[c]
		}
	}
	if slack != math.MaxInt64 {
		g.v[own] -= slack
	}
}

// reduceRows gives each free row its best column, pushing out who holds it
// while that lowers a dual; it returns the rows still free. Steps are bounded:
// with wide scores the pushing could go on for as long as the scores are wide.
func (g *graph) reduceRows(free []int32) []int32 {
	var left []int32
	limit := 8*g.rows + 64
	for k := 0; k < len(free); {
		r := free[k]
		k++
		first, second, c1, c2 := g.twoBest(int(r))
		pushed := g.rowOf[c1]
		limit--
		better := first < second
		if better {
			g.v[c1] -= second - first
		} else if pushed >= 0 && c2 >= 0 {
			c1, pushed = c2, g.rowOf[c2]
		}
		g.colOf[r], g.rowOf[c1] = int32(c1), r
		if pushed < 0 {
			continue
		}
		g.colOf[pushed] = -1
		if better && limit > 0 {
			k--
			free[k] = pushed
		} else {
			left = append(left, pushed)
		}
	}
	return left
}

func (g *graph) twoBest(r int) (first, second int64, c1, c2 int) {
	line := g.cost[r*g.cols : (r+1)*g.cols]
	v := g.v[:len(line)]
	first, second, c1, c2 = line[0]-v[0], math.MaxInt64, 0, -1
	for c := 1; c < len(line); c++ {
		h := line[c] - v[c]
		if h >= second {
			continue
		}
		if h >= first {
			second, c2 = h, c
		} else {
			first, second, c1, c2 = h, first, c, c1
		}
	}
	if c2 < 0 {
		second = first
	}
	return first, second, c1, c2
}

// augment matches the remaining rows along shortest augmenting paths.
func (g *graph) augment(free []int32) {
	s := search{
		d: make([]int64, g.cols), pred: make([]int32, g.cols), list: make([]int32, g.cols),
	}
	for _, r := range free {
		end := s.shortest(g, int(r))
		for {
			row := s.pred[end]
			g.rowOf[end] = row
			end, g.colOf[row] = g.colOf[row], end
			if row == r {
				break
			}
		}
	}
}

// search is the working memory of one shortest path: list holds the columns
// as settled | to scan at the present distance | farther.
type search struct {
	d       []int64
	pred    []int32
	list    []int32
	low, up int
	least   int64
}

// shortest finds the nearest free column from row and moves the duals of the
// columns settled on the way.
func (s *search) shortest(g *graph, row int) int32 {
	line := g.cost[row*g.cols : (row+1)*g.cols]
	for c := range line {
		s.d[c] = line[c] - g.v[c]
		s.pred[c] = int32(row)
		s.list[c] = int32(c)
	}
	s.low, s.up = 0, 0
	settled, end := 0, int32(-1)
	for end < 0 {
		if s.low == s.up {
			settled = s.low
			if end = s.nearest(g); end >= 0 {
				break
			}
		}
		end = s.scan(g)
	}
	for _, c := range s.list[:settled] {
		g.v[c] += s.d[c] - s.least
	}
	return end
}

// nearest collects the columns at the next distance; it returns a free one.
func (s *search) nearest(g *graph) int32 {
	s.least = s.d[s.list[s.up]]
	s.up++
	for k := s.up; k < len(s.list); k++ {
		c := s.list[k]
		h := s.d[c]
		if h > s.least {
			continue
		}
		if h < s.least {
			s.up, s.least = s.low, h
		}
		s.list[k] = s.list[s.up]
		s.list[s.up] = c
		s.up++
	}
	for _, c := range s.list[s.low:s.up] {
		if g.rowOf[c] < 0 {
			return c
		}
	}
	return -1
}

// scan relaxes the distances through one column of the present distance.
func (s *search) scan(g *graph) int32 {
	via := s.list[s.low]
	s.low++
	row := g.rowOf[via]
	line := g.cost[int(row)*g.cols : (int(row)+1)*g.cols]
	shift := line[via] - g.v[via] - s.least
	v, d, list := g.v[:len(line)], s.d[:len(line)], s.list
	for k := s.up; k < len(list); k++ {
		c := list[k]
		h := line[c] - v[c] - shift
		if h >= d[c] {
			continue
		}
		d[c], s.pred[c] = h, row
		if h != s.least {
			continue
		}
		if g.rowOf[c] < 0 {
			return c
		}
		list[k] = list[s.up]
		list[s.up] = c
		s.up++
	}
	return -1
}
