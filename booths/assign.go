package booths

import (
	"cmp"
	"slices"
	"strings"

	"yiji/internal/text"
)

// Input is the question of one day: who would stand where.
type Input struct {
	Zones  []Zone
	Booths []Booth
	Places []Place
	// Wanted names services or categories the organizer wishes for.
	Wanted []string
	// Previous is an earlier plan (place key → booth code). Among plans that
	// are equally good the one that moves the fewest of these is taken.
	Previous map[string]string
	// Reach is how far a loud place disturbs a quiet one; 0 is DefaultReach.
	Reach CM
}

// Place is one place asked for: a partner with some of its services.
type Place struct {
	Key       string // unique and stable: a claim's id
	Partner   string
	Index     int // which of the partner's places, from 0
	Category  string
	Services  []Offering
	W, H      CM
	Standing  bool
	Newcomer  bool
	Loud      bool
	LastBooth string
	Wishes    Wishes
	Kept      int
	Dropped   int
	Locked    string // booth code decided by the organizer, stays
	ClaimedAt int64  // earlier first, where all else is equal
}

// Result is the plan. Sum is the greatest sum of scores there is, Disturbance
// the least among the plans of that sum; Exact says that this was proved and
// not only searched for.
type Result struct {
	Pairs        []Pair
	Assignments  []Assignment
	Waitlist     []WaitPlace
	Disturbances []Disturbance
	Sum          int64
	Disturbance  int64
	Exact        bool
}

// Pair is a place that may stand at a booth, and what that is worth.
type Pair struct {
	Partner string
	Place   int
	Booth   string
	Score   int64
}

// Assignment is a place with its booth.
type Assignment struct {
	Key     string
	Partner string
	Place   int
	Booth   string
	Score   int64
	Reasons []text.Reason
}

// WaitPlace is a place without a booth; Position counts from 1.
type WaitPlace struct {
	Key      string
	Partner  string
	Place    int
	Position int
	Reasons  []text.Reason
}

// Disturbance is a quiet place and a loud one nearer than they should be.
type Disturbance struct {
	Quiet, Loud Stand
	Distance    CM
	Reasons     []text.Reason
}

// Stand is who stands at which booth.
type Stand struct {
	Key     string
	Partner string
	Place   int
	Booth   string
}

// question is an Input made ready: everything in a stable order, scores and
// the finer preferences as flat tables, locked places taken out.
type question struct {
	in      Input
	places  []Place
	booths  []Booth
	ground  ground
	weights weights
	marks   []marks // per place
	score   []int64 // n × m, 0 = not possible
	gain    []int64 // n × m, the finer preferences among equal sums
	locked  []int   // per place: its booth, -1
	noise   noise
}

// Plan computes the plan. The order of the input does not matter.
func Plan(in Input) Result {
	q := ask(in)
	free, open := q.unlocked()
	start := q.best(free, open)
	boothOf := q.withLocked(start.boothOf)
	exact := true
	if q.noise.of(boothOf) > 0 {
		boothOf, exact = q.calm(boothOf, free, open, start)
	}
	return q.result(boothOf, exact)
}

// inOrder is the order in which places are looked at, so that the same claims
// have the same plan in every database: a key may be random, a name is not.
func inOrder(a, b Place) int {
	return cmp.Or(
		cmp.Compare(a.Partner, b.Partner),
		slices.CompareFunc(a.Services, b.Services, func(x, y Offering) int { return cmp.Compare(x.Name, y.Name) }),
		cmp.Compare(a.Index, b.Index),
		cmp.Compare(a.Key, b.Key),
	)
}

func ask(in Input) *question {
	q := &question{in: in, places: slices.Clone(in.Places), booths: slices.Clone(in.Booths)}
	slices.SortFunc(q.places, inOrder)
	slices.SortFunc(q.booths, func(a, b Booth) int { return cmp.Compare(a.Code, b.Code) })
	q.ground = Input{Booths: q.booths, Zones: in.Zones}.ground()
	q.lock()
	q.scoreAll()
	q.noise = newNoise(q)
	return q
}

func (in Input) accepting() map[string][]string {
	zones := map[string][]string{}
	for _, z := range in.Zones {
		zones[z.Name] = z.Accepts
	}
	return zones
}

func set(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, s := range list {
		out[s] = true
	}
	return out
}

// lock finds the booths of locked places; the first key wins a booth that two
// places are locked to.
func (q *question) lock() {
	q.locked = make([]int, len(q.places))
	taken := map[int]bool{}
	for p, place := range q.places {
		q.locked[p] = -1
		if place.Locked == "" {
			continue
		}
		b, found := slices.BinarySearchFunc(q.booths, place.Locked, func(b Booth, code string) int { return cmp.Compare(b.Code, code) })
		if found && !taken[b] {
			q.locked[p], taken[b] = b, true
		}
	}
}

// unlocked returns the places and booths still to be decided.
func (q *question) unlocked() (places, booths []int) {
	taken := map[int]bool{}
	for p, b := range q.locked {
		if b >= 0 {
			taken[b] = true
		} else {
			places = append(places, p)
		}
	}
	for b := range q.booths {
		if !taken[b] {
			booths = append(booths, b)
		}
	}
	return places, booths
}

// withLocked adds the locked places to a plan of the others.
func (q *question) withLocked(plan []int) []int {
	out := slices.Clone(plan)
	for p, b := range q.locked {
		if b >= 0 {
			out[p] = b
		}
	}
	return out
}

// why a booth cannot take a place.
const (
	fits = iota
	lacksFeature
	zoneRefuses
	tooSmall
)

// fit checks the hard rules: needs ⊆ features, the zone, the size.
func fit(p *Place, b *Booth, features map[string]bool, zones map[string][]string) int {
	for _, s := range p.Services {
		for _, need := range s.Needs {
			if !features[need] {
				return lacksFeature
			}
		}
	}
	if accepts := zones[b.Zone]; len(accepts) > 0 && !slices.Contains(accepts, p.Category) {
		return zoneRefuses
	}
	if (b.W > 0 && p.W > b.W) || (b.H > 0 && p.H > b.H) {
		return tooSmall
	}
	return fits
}

// Fits reports whether a booth can take a place, by the hard rules alone.
func Fits(p Place, b Booth, zones []Zone) bool {
	return fit(&p, &b, set(b.Features), Input{Zones: zones}.accepting()) == fits
}

// ground is the booths made ready to be asked whom they can take.
type ground struct {
	booths   []Booth
	features []map[string]bool
	zones    map[string][]string
}

func (in Input) ground() ground {
	g := ground{booths: in.Booths, zones: in.accepting()}
	for _, b := range in.Booths {
		g.features = append(g.features, set(b.Features))
	}
	return g
}

// refusal explains why no booth at all can take the place.
func (g ground) refusal(p *Place) (text.Reason, bool) {
	found := map[int]bool{}
	for i := range g.booths {
		why := fit(p, &g.booths[i], g.features[i], g.zones)
		if why == fits || g.booths[i].Code == p.Locked {
			return text.Reason{}, false
		}
		found[why] = true
	}
	switch {
	case found[tooSmall]:
		return text.Reason{Code: "booths.refused.size"}, true
	case found[zoneRefuses]:
		return text.Reason{Code: "booths.refused.zone", Args: text.Args{"category": p.Category}}, true
	case found[lacksFeature]:
		return text.Reason{Code: "booths.refused.needs", Args: text.Args{"needs": strings.Join(p.needs(), ", ")}}, true
	}
	return text.Reason{Code: "booths.refused.no_booths"}, true
}

// needs returns everything the place's services need, sorted.
func (p *Place) needs() []string {
	var out []string
	for _, s := range p.Services {
		out = append(out, s.Needs...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// partial is the best plan of some places over some booths.
type partial struct {
	boothOf   []int // per place of the question, -1
	sum, gain int64
	graph     *graph
}

// best finds, among all plans of the greatest sum of scores, one of the
// greatest gain: first the sum by Jonker-Volgenant, then the gain over the
// cells that optimal plans may use.
func (q *question) best(places, booths []int) partial {
	n, m := len(places), len(booths)
	out := partial{boothOf: make([]int, len(q.places))}
	for p := range out.boothOf {
		out.boothOf[p] = -1
	}
	if n == 0 || m == 0 {
		return out
	}
	all := len(q.booths)
	score := make([]int64, n*m)
	for i, p := range places {
		for k, b := range booths {
			score[i*m+k] = q.score[p*all+b]
		}
	}
	_, g, sum := maximise(n, m, score)
	out.sum, out.graph = sum, g
	q.refine(g, places, booths)
	for i, p := range places {
		k := g.partnerOf(i)
		if k >= 0 && score[i*m+k] > 0 {
			out.boothOf[p] = booths[k]
			out.gain += q.gain[p*all+booths[k]]
		}
	}
	return out
}

// refine moves the solution of g to the optimal one of the greatest gain. Not
// tight cells and columns that have to be matched cost more than all gains.
func (q *question) refine(g *graph, places, booths []int) {
	all, most := len(q.booths), int64(0)
	for _, x := range q.gain {
		most = max(most, x, -x)
	}
	wall := 2*most*int64(g.rows) + 1
	fine := newGraph(len(places), len(booths), func(i, k int) int64 {
		row, col := g.cell(i, k)
		cost := int64(0)
		if p, b := places[i], booths[k]; q.score[p*all+b] > 0 {
			cost = -q.gain[p*all+b]
		}
		if !g.tight(row, col) {
			cost += wall
		}
		if g.v[col] != 0 {
			cost -= wall
		}
		return cost
	})
	fine.solve()
	g.colOf, g.rowOf = fine.colOf, fine.rowOf
}
