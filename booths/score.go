package booths

import (
	"cmp"
	"slices"
)

// The objective, in the order of weight. One step of a criterion outweighs
// everything below it of up to strictTo places together; with more places the
// order stays, but very many small wishes may add up to one larger one. The
// numbers stay so small that the sum of a whole plan is exact as a JSON number.
//
//	placed       every place that may stand somewhere counts, so that as many
//	             as possible do: nobody waits so that another gets a nicer booth
//	unique       wanted services that nobody else brings, up to 3 (0…3)
//	standing     the standing partner (0…1)
//	reserve      newcomers, until a tenth of the booths is theirs (0…1)
//	same         the booth of last time (0…1)
//	wish         the partner's wishes: 3 first booth, 2 second booth or first
//	             zone, 1 any other (0…3)
//	reliability  kept days against late drop-outs; who has no history is trusted (0…4)
//	newcomer     every newcomer (0…1)
type parts struct {
	unique, standing, reserve, same, wish, reliability, newcomer int64
}

// weights are what one step of each criterion is worth.
type weights struct {
	placed int64
	parts
}

const (
	strictTo       = 32
	maxUnique      = 3
	maxWish        = 3
	maxReliability = 4
	reserveShare   = 10 // one booth in ten
)

func newWeights(places, booths int) weights {
	n := int64(min(places, booths, strictTo))
	var w weights
	next := int64(1)
	step := func(most int64) int64 {
		own := next
		next *= n*most + 1
		return own
	}
	w.newcomer = step(1)
	w.reliability = step(maxReliability)
	w.wish = step(maxWish)
	w.same = step(1)
	w.reserve = step(1)
	w.standing = step(1)
	w.unique = step(maxUnique)
	w.placed = next
	return w
}

func (w weights) score(p parts) int64 {
	return w.placed + w.unique*p.unique + w.standing*p.standing + w.reserve*p.reserve + w.same*p.same +
		w.wish*p.wish + w.reliability*p.reliability + w.newcomer*p.newcomer
}

// marks are what a place brings to every booth alike.
type marks struct {
	unique  []string // wanted services that only this partner brings
	reserve bool
	rank    int // 0 is the last to be left out among equals
}

// scoreAll fills the tables of scores and gains.
func (q *question) scoreAll() {
	n, m := len(q.places), len(q.booths)
	q.weights = newWeights(n, m)
	q.marks = make([]marks, n)
	q.score, q.gain = make([]int64, n*m), make([]int64, n*m)
	lockedBooth := map[int]bool{}
	for _, b := range q.locked {
		lockedBooth[b] = true
	}
	may := func(p, b int) bool {
		if q.locked[p] >= 0 {
			return q.locked[p] == b
		}
		return !lockedBooth[b] && fit(&q.places[p], &q.booths[b], q.ground.features[b], q.ground.zones) == fits
	}
	feasible := make([]bool, n*m)
	for i := range feasible {
		feasible[i] = may(i/m, i%m)
	}
	q.markUnique()
	q.markReserve(feasible)
	q.markRank()
	w := q.gainWeights()
	for i, ok := range feasible {
		if ok {
			q.score[i] = q.weights.score(q.partsOf(i/m, i%m))
			q.gain[i] = w.of(q, i/m, i%m)
		}
	}
}

// partsOf measures a place at a booth.
func (q *question) partsOf(p, b int) parts {
	place, booth := &q.places[p], &q.booths[b]
	out := parts{
		unique:      int64(min(len(q.marks[p].unique), maxUnique)),
		reliability: place.reliability(),
		wish:        place.Wishes.worth(booth),
	}
	if place.Standing {
		out.standing = 1
	}
	if q.marks[p].reserve {
		out.reserve = 1
	}
	if place.LastBooth == booth.Code {
		out.same = 1
	}
	if place.Newcomer {
		out.newcomer = 1
	}
	return out
}

func (w Wishes) worth(b *Booth) int64 {
	worth := int64(0)
	switch i := slices.Index(w.Booths, b.Code); {
	case i == 0:
		return maxWish
	case i == 1:
		worth = 2
	case i > 1:
		worth = 1
	}
	if b.Zone == "" {
		return worth
	}
	switch i := slices.Index(w.Zones, b.Zone); {
	case i == 0:
		worth = max(worth, 2)
	case i > 0:
		worth = max(worth, 1)
	}
	return worth
}

func (p *Place) reliability() int64 {
	kept, dropped := int64(max(p.Kept, 0)), int64(max(p.Dropped, 0))
	return maxReliability * (kept + 1) / (kept + dropped + 1)
}

// markUnique finds the wanted services that exactly one partner brings.
func (q *question) markUnique() {
	for _, wanted := range q.in.Wanted {
		key := nameKey(wanted)
		var brings []int
		partners := map[string]bool{}
		for p, place := range q.places {
			if place.brings(key) {
				brings = append(brings, p)
				partners[place.Partner] = true
			}
		}
		if len(partners) != 1 {
			continue
		}
		for _, p := range brings {
			q.marks[p].unique = append(q.marks[p].unique, wanted)
		}
	}
	for p := range q.marks {
		slices.Sort(q.marks[p].unique)
		q.marks[p].unique = slices.Compact(q.marks[p].unique)
	}
}

func (p *Place) brings(key string) bool {
	return nameKey(p.Category) == key ||
		slices.ContainsFunc(p.Services, func(s Offering) bool { return nameKey(s.Name) == key })
}

// markReserve keeps a tenth of the booths for newcomers, first come among them.
func (q *question) markReserve(feasible []bool) {
	var newcomers []int
	m := len(q.booths)
	for p, place := range q.places {
		if place.Newcomer && slices.Contains(feasible[p*m:(p+1)*m], true) {
			newcomers = append(newcomers, p)
		}
	}
	slices.SortStableFunc(newcomers, func(a, b int) int { return cmp.Compare(q.places[a].ClaimedAt, q.places[b].ClaimedAt) })
	for _, p := range newcomers[:min(len(newcomers), (m+reserveShare-1)/reserveShare)] {
		q.marks[p].reserve = true
	}
}

// markRank orders the places by the time of their claim, then by key.
func (q *question) markRank() {
	order := make([]int, len(q.places))
	for p := range order {
		order[p] = p
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(q.places[a].ClaimedAt, q.places[b].ClaimedAt) })
	for rank, p := range order {
		q.marks[p].rank = rank
	}
}

// gainWeights are for choosing among plans of equal score and disturbance:
// first who had a place keeps it, then the earlier claim, then a booth whose
// features are not wasted on somebody who does not need them.
type gainWeights struct{ kept, early, waste int64 }

const maxRank = 1000

func (q *question) gainWeights() gainWeights {
	most := int64(0)
	for _, b := range q.booths {
		most = max(most, int64(len(b.Features)))
	}
	n := int64(min(len(q.places), len(q.booths)))
	w := gainWeights{waste: 1, early: n*most + 1}
	w.kept = n*w.early*int64(min(len(q.places), maxRank)) + n*most + 1
	return w
}

func (w gainWeights) of(q *question, p, b int) int64 {
	place, booth := &q.places[p], &q.booths[b]
	early := int64(min(len(q.places), maxRank) - min(q.marks[p].rank, maxRank))
	gain := w.early*early - w.waste*int64(len(booth.Features)-len(place.needs()))
	if code, ok := q.in.Previous[place.Key]; ok && code == booth.Code {
		gain += w.kept
	}
	return gain
}
