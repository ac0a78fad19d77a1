package booths

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The oracle tries every plan there is.
type oracle struct {
	q              *question
	sum            int64
	noise          int64
	gain           int64
	found          bool
	boothOf, taken []int
}

func bruteForce(in Input) *oracle {
	q := ask(in)
	o := &oracle{q: q, boothOf: make([]int, len(q.places)), taken: make([]int, len(q.booths))}
	o.try(0, 0, 0)
	return o
}

func (o *oracle) try(p int, sum, gain int64) {
	if p == len(o.boothOf) {
		noise := o.noiseOf()
		switch {
		case !o.found, sum > o.sum,
			sum == o.sum && noise < o.noise,
			sum == o.sum && noise == o.noise && gain > o.gain:
			o.found, o.sum, o.noise, o.gain = true, sum, noise, gain
		}
		return
	}
	o.boothOf[p] = -1
	o.try(p+1, sum, gain)
	for b := range o.taken {
		i := p*len(o.taken) + b
		if o.taken[b] > 0 || o.q.score[i] <= 0 {
			continue
		}
		o.boothOf[p], o.taken[b] = b, 1
		o.try(p+1, sum+o.q.score[i], gain+o.q.gain[i])
		o.boothOf[p], o.taken[b] = -1, 0
	}
}

// noiseOf measures from the definition, not with the code under test.
func (o *oracle) noiseOf() int64 {
	sum := int64(0)
	for p, a := range o.boothOf {
		for r, b := range o.boothOf {
			if p == r || a < 0 || b < 0 || !o.q.places[p].quiet() || !o.q.places[r].loud() {
				continue
			}
			dx, dy := float64(o.q.booths[a].X-o.q.booths[b].X), float64(o.q.booths[a].Y-o.q.booths[b].Y)
			if far := CM(math.Floor(math.Hypot(dx, dy) + 1e-9)); far < DefaultReach {
				sum += int64(DefaultReach-far)/10 + 1
			}
		}
	}
	return sum
}

func subset(t *rapid.T, of []string, label string) []string {
	var out []string
	for _, s := range of {
		if rapid.IntRange(0, 2).Draw(t, label+s) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func drawInput(t *rapid.T, maxPlaces, maxBooths int) Input {
	in := Input{
		Zones:  []Zone{{Name: "health", Accepts: []string{"clinic"}}, {Name: "all"}},
		Wanted: []string{"s0", "s1", "fun"},
	}
	codes := []string{}
	for i := range rapid.IntRange(0, maxBooths).Draw(t, "booths") {
		codes = append(codes, fmt.Sprintf("B%d", i))
		in.Booths = append(in.Booths, Booth{
			Code: codes[i], Zone: rapid.SampledFrom([]string{"", "all", "health"}).Draw(t, "zone"),
			X: CM(rapid.IntRange(0, 5).Draw(t, "x") * 300), Y: CM(rapid.IntRange(0, 3).Draw(t, "y") * 300),
			W: CM(rapid.SampledFrom([]int{0, 200, 400}).Draw(t, "w")), Features: subset(t, []string{"power", "quiet"}, "feature"),
		})
	}
	code := rapid.SampledFrom(append(slices.Clone(codes), "none"))
	for i := range rapid.IntRange(0, maxPlaces).Draw(t, "places") {
		p := Place{
			Key: fmt.Sprintf("k%d", i), Partner: fmt.Sprintf("p%d", rapid.IntRange(0, i).Draw(t, "partner")), Index: i,
			Category: rapid.SampledFrom([]string{"clinic", "fun", "repair"}).Draw(t, "category"),
			Services: []Offering{{Name: fmt.Sprintf("s%d", rapid.IntRange(0, 3).Draw(t, "service")), Needs: subset(t, []string{"power", "quiet"}, "need")}},
			W:        CM(rapid.SampledFrom([]int{0, 300}).Draw(t, "pw")),
			Standing: rapid.IntRange(0, 3).Draw(t, "standing") == 0, Newcomer: rapid.IntRange(0, 3).Draw(t, "newcomer") == 0,
			LastBooth: code.Draw(t, "last"), Kept: rapid.IntRange(0, 2).Draw(t, "kept"), Dropped: rapid.IntRange(0, 2).Draw(t, "dropped"),
			Wishes: Wishes{Booths: subset(t, codes, "wish")}, ClaimedAt: int64(rapid.IntRange(0, 2).Draw(t, "at")),
		}
		if rapid.IntRange(0, 9).Draw(t, "locked") == 0 {
			p.Locked = code.Draw(t, "to")
		}
		in.Places = append(in.Places, p)
	}
	return in
}

// TestPlanIsTheBestThereIs holds Plan against every plan there is: the greatest
// sum, among those the least disturbance, among those the greatest gain.
func TestPlanIsTheBestThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 6, 6)
		if rapid.Bool().Draw(t, "again") {
			in.Previous = map[string]string{}
			for _, p := range in.Places {
				in.Previous[p.Key] = rapid.SampledFrom([]string{"B0", "B1", "B2", "B3"}).Draw(t, "before")
			}
		}
		got, want := Plan(in), bruteForce(in)
		if got.Sum != want.sum || got.Disturbance != want.noise {
			t.Fatalf("sum %d noise %d, the best are %d and %d", got.Sum, got.Disturbance, want.sum, want.noise)
		}
		if !got.Exact {
			t.Fatal("a plan this small must be proved")
		}
		if gain := gainOf(in, got); gain != want.gain {
			t.Fatalf("gain %d, the best is %d", gain, want.gain)
		}
		checkSound(t, in, got)
	})
}

func gainOf(in Input, r Result) int64 {
	q, sum := ask(in), int64(0)
	for _, a := range r.Assignments {
		p := slices.IndexFunc(q.places, func(p Place) bool { return p.Key == a.Key })
		b := slices.IndexFunc(q.booths, func(b Booth) bool { return b.Code == a.Booth })
		sum += q.gain[p*len(q.booths)+b]
	}
	return sum
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// checkSound holds a result against the rules, whatever its quality.
func checkSound(t failer, in Input, r Result) {
	t.Helper()
	pair := map[string]int64{}
	for _, p := range r.Pairs {
		if p.Score <= 0 {
			t.Fatalf("pair %v scores nothing", p)
		}
		pair[fmt.Sprint(p.Partner, p.Place, p.Booth)] = p.Score
	}
	booths, seen := map[string]bool{}, map[string]bool{}
	sum := int64(0)
	for _, a := range r.Assignments {
		if booths[a.Booth] || seen[a.Key] {
			t.Fatalf("booth %s or place %s twice", a.Booth, a.Key)
		}
		booths[a.Booth], seen[a.Key] = true, true
		if score, ok := pair[fmt.Sprint(a.Partner, a.Place, a.Booth)]; !ok || score != a.Score {
			t.Fatalf("assignment %v is no pair of that score", a)
		}
		if len(a.Reasons) == 0 {
			t.Fatalf("assignment %v has no reason", a)
		}
		sum += a.Score
	}
	for i, w := range r.Waitlist {
		if w.Position != i+1 || seen[w.Key] || len(w.Reasons) == 0 {
			t.Fatalf("waitlist %d: %v", i, w)
		}
		seen[w.Key] = true
	}
	if len(seen) != len(in.Places) || sum != r.Sum {
		t.Fatalf("%d of %d places have an answer; sum %d, said %d", len(seen), len(in.Places), sum, r.Sum)
	}
	if (r.Disturbance > 0) != (len(r.Disturbances) > 0) {
		t.Fatalf("disturbance %d but %d named", r.Disturbance, len(r.Disturbances))
	}
}

func TestPlanDoesNotDependOnTheOrderOfTheInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 12, 12)
		shuffled := in
		shuffled.Places = rapid.Permutation(in.Places).Draw(t, "places'")
		shuffled.Booths = rapid.Permutation(in.Booths).Draw(t, "booths'")
		shuffled.Zones = rapid.Permutation(in.Zones).Draw(t, "zones'")
		shuffled.Wanted = rapid.Permutation(in.Wanted).Draw(t, "wanted'")
		if diff := cmp.Diff(Plan(in), Plan(shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWithdrawalMovesAsFewAsPossible: who withdraws leaves a hole; among the
// best plans of those who stay, the one that moves the fewest is taken.
func TestWithdrawalMovesAsFewAsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 6, 5)
		if len(in.Places) == 0 {
			return
		}
		before := Plan(in).places()
		gone := rapid.IntRange(0, len(in.Places)-1).Draw(t, "gone")
		in.Places = slices.Delete(slices.Clone(in.Places), gone, gone+1)
		in.Previous = before
		got, want := Plan(in), fewestMoves(in)
		kept := 0
		for _, a := range got.Assignments {
			if before[a.Key] == a.Booth {
				kept++
			}
		}
		if kept != want {
			t.Fatalf("%d stay where they were, %d could", kept, want)
		}
	})
}

// fewestMoves counts, over every plan of the greatest sum and least noise, how
// many places can stay.
func fewestMoves(in Input) int {
	best := bruteForce(in)
	o := &oracle{q: best.q, boothOf: make([]int, len(best.q.places)), taken: make([]int, len(best.q.booths))}
	most := 0
	var walk func(p int, sum int64)
	walk = func(p int, sum int64) {
		if p == len(o.boothOf) {
			if sum != best.sum || o.noiseOf() != best.noise {
				return
			}
			kept := 0
			for p, b := range o.boothOf {
				if b >= 0 && in.Previous[o.q.places[p].Key] == o.q.booths[b].Code {
					kept++
				}
			}
			most = max(most, kept)
			return
		}
		o.boothOf[p] = -1
		walk(p+1, sum)
		for b := range o.taken {
			if s := o.q.score[p*len(o.taken)+b]; o.taken[b] == 0 && s > 0 {
				o.boothOf[p], o.taken[b] = b, 1
				walk(p+1, sum+s)
				o.boothOf[p], o.taken[b] = -1, 0
			}
		}
	}
	walk(0, 0)
	return most
}

// TestMaxSumAgainstAnotherAlgorithm compares with successive shortest paths by
// Bellman-Ford on the residual graph: slow, plain, without duals.
func TestMaxSumAgainstAnotherAlgorithm(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 2}, {30, 30}, {25, 60}, {60, 25}, {70, 70}} {
		for _, wide := range []int64{1, 3, 1000, 1 << 40} {
			n, m := size[0], size[1]
			score := make([]int64, n*m)
			for i := range score {
				if rnd.Intn(4) > 0 {
					score[i] = 1 + rnd.Int63n(wide)
				}
			}
			cols, sum := MaxSum(n, m, score)
			if want := plainMaxSum(n, m, score); sum != want {
				t.Fatalf("%d×%d wide %d: %d, want %d", n, m, wide, sum, want)
			}
			checkMatching(t, cols, m, score, sum)
		}
	}
}

func checkMatching(t *testing.T, cols []int, m int, score []int64, sum int64) {
	t.Helper()
	used := map[int]bool{}
	for r, c := range cols {
		if c < 0 {
			continue
		}
		if used[c] || score[r*m+c] <= 0 {
			t.Fatalf("column %d of row %d is used twice or impossible", c, r)
		}
		used[c] = true
		sum -= score[r*m+c]
	}
	if sum != 0 {
		t.Fatalf("the columns do not add up to the sum: %d left", sum)
	}
}

// plainMaxSum augments along a path of the greatest gain until none gains.
func plainMaxSum(n, m int, score []int64) (sum int64) {
	rowOf := make([]int, m)
	colOf := make([]int, n)
	for c := range rowOf {
		rowOf[c] = -1
	}
	for r := range colOf {
		colOf[r] = -1
	}
	for {
		gain, via := make([]int64, m), make([]int, m) // best gain of a path ending at the free or taken column
		for c := range gain {
			gain[c], via[c] = math.MinInt64/2, -1
		}
		for r := range n {
			for c := 0; colOf[r] < 0 && c < m; c++ {
				if s := score[r*m+c]; s > 0 && s > gain[c] {
					gain[c], via[c] = s, r
				}
			}
		}
		for changed := true; changed; {
			changed = false
			for c := range m {
				r := rowOf[c]
				if r < 0 || gain[c] < math.MinInt64/4 {
					continue
				}
				for d := range m {
					if s := score[r*m+d]; s > 0 && d != c && gain[c]-score[r*m+c]+s > gain[d] {
						gain[d], via[d], changed = gain[c]-score[r*m+c]+s, r, true
					}
				}
			}
		}
		end := -1
		for c := range m {
			if rowOf[c] < 0 && gain[c] > 0 && (end < 0 || gain[c] > gain[end]) {
				end = c
			}
		}
		if end < 0 {
			return sum
		}
		sum += gain[end]
		for c := end; c >= 0; {
			r := via[c]
			c, colOf[r], rowOf[c] = colOf[r], c, r
		}
	}
}

// TestPlanOfThousand is the promise "exact up to 1,000 × 1,000" with real
// weights, checked by the duals: weak duality proves the optimum.
func TestPlanOfThousand(t *testing.T) {
	in := crowd(1000, 1000)
	q := ask(in)
	free, open := q.unlocked()
	_, g, sum := maximise(len(free), len(open), q.score)
	bound := int64(0)
	for r := range g.rows {
		bound -= g.u[r]
		for c := range g.cols {
			if g.cost[r*g.cols+c] < g.u[r]+g.v[c] {
				t.Fatalf("the duals are not feasible at %d, %d", r, c)
			}
		}
	}
	for c := range g.cols {
		if g.rowOf[c] < 0 && g.v[c] != 0 || g.v[c] > 0 && g.rows < g.cols {
			t.Fatalf("free column %d has dual %d", c, g.v[c])
		}
		bound -= g.v[c]
	}
	if bound != sum {
		t.Fatalf("sum %d, bound %d", sum, bound)
	}
	r := Plan(in)
	if r.Sum != sum {
		t.Fatalf("plan %d, optimum %d", r.Sum, sum)
	}
	checkSound(t, in, r)
}

// crowd is a large deterministic market.
func crowd(places, booths int) Input {
	rnd := rand.New(rand.NewSource(42))
	in := Input{Zones: []Zone{{Name: "health", Accepts: []string{"clinic"}}, {Name: "all"}}, Wanted: []string{"s1", "s2"}}
	feature := []string{"power", "water", "quiet", "shade"}
	some := func(odds int) (out []string) {
		for _, f := range feature {
			if rnd.Intn(odds) == 0 {
				out = append(out, f)
			}
		}
		return out
	}
	for i := range booths {
		in.Booths = append(in.Booths, Booth{
			Code: fmt.Sprintf("B%04d", i), Zone: []string{"", "all", "health"}[rnd.Intn(3)],
			X: CM(i % 40 * 400), Y: CM(i / 40 * 400), Features: some(2),
		})
	}
	for i := range places {
		in.Places = append(in.Places, Place{
			Key: fmt.Sprintf("k%05d", i), Partner: fmt.Sprintf("p%05d", i), Category: []string{"clinic", "fun", "repair"}[rnd.Intn(3)],
			Services: []Offering{{Name: fmt.Sprintf("s%d", rnd.Intn(100)), Needs: some(6)}}, Standing: rnd.Intn(5) == 0,
			Newcomer: rnd.Intn(5) == 0, LastBooth: fmt.Sprintf("B%04d", rnd.Intn(booths)), Kept: rnd.Intn(5), Dropped: rnd.Intn(2),
			Wishes: Wishes{Booths: []string{fmt.Sprintf("B%04d", rnd.Intn(booths))}},
		})
	}
	return in
}

func BenchmarkAssign1000(b *testing.B) {
	rnd := rand.New(rand.NewSource(1))
	score := make([]int64, 1000*1000)
	for i := range score {
		score[i] = 1 + rnd.Int63n(1_000_000)
	}
	b.ResetTimer()
	for range b.N {
		MaxSum(1000, 1000, score)
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10, 50, 200, 1000} {
		in := crowd(n, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				Plan(in)
			}
		})
	}
}
