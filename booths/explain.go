package booths

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yiji/internal/text"
)

// result writes a plan down with its reasons.
func (q *question) result(boothOf []int, exact bool) Result {
	r := Result{Exact: exact, Disturbance: q.noise.of(boothOf)}
	m := len(q.booths)
	for p, place := range q.places {
		for b, booth := range q.booths {
			if s := q.score[p*m+b]; s > 0 {
				r.Pairs = append(r.Pairs, Pair{place.Partner, place.Index, booth.Code, s})
			}
		}
		b := boothOf[p]
		if b < 0 {
			continue
		}
		score := q.score[p*m+b]
		r.Sum += score
		r.Assignments = append(r.Assignments, Assignment{
			Key: place.Key, Partner: place.Partner, Place: place.Index, Booth: q.booths[b].Code,
			Score: score, Reasons: q.whyPlaced(p, b),
		})
	}
	q.waitlist(&r, boothOf)
	q.disturbances(&r, boothOf)
	return r
}

// whyPlaced says why this place stands at this booth, the weightiest first.
func (q *question) whyPlaced(p, b int) []text.Reason {
	place, booth, parts := &q.places[p], &q.booths[b], q.partsOf(p, b)
	var out []text.Reason
	say := func(when bool, code string, args text.Args) {
		if when {
			out = append(out, text.Reason{Code: "booths.placed." + code, Args: args})
		}
	}
	at := text.Args{"booth": booth.Code}
	say(q.locked[p] >= 0, "locked", at)
	needs := place.needs()
	say(len(needs) > 0 && len(needs) <= len(booth.Features), "needs", text.Args{"booth": booth.Code, "needs": strings.Join(needs, ", ")})
	say(len(needs) == 0, "no_needs", at)
	say(q.locked[p] < 0 && q.choices(p) == 1, "only", at)
	say(parts.unique > 0, "unique", text.Args{"services": strings.Join(q.marks[p].unique, ", ")})
	say(parts.standing > 0, "standing", nil)
	say(parts.reserve > 0, "reserve", nil)
	say(parts.same > 0, "same", at)
	say(parts.wish > 0, "wish", at)
	say(place.Kept > 0 && parts.reliability == maxReliability, "reliable", text.Args{"kept": strconv.Itoa(place.Kept)})
	say(place.Newcomer && parts.reserve == 0, "newcomer", nil)
	return out
}

// choices counts the booths that can take a place.
func (q *question) choices(p int) int {
	n, m := 0, len(q.booths)
	for _, s := range q.score[p*m : (p+1)*m] {
		if s > 0 {
			n++
		}
	}
	return n
}

// waitlist orders the places without a booth: those that some booth could take
// by the best score they could have, then by their claim; the others last.
func (q *question) waitlist(r *Result, boothOf []int) {
	m := len(q.booths)
	var waiting []int
	best := make([]int64, len(q.places))
	for p := range q.places {
		if boothOf[p] < 0 {
			waiting = append(waiting, p)
			best[p] = slices.Max(append([]int64{0}, q.score[p*m:(p+1)*m]...))
		}
	}
	slices.SortStableFunc(waiting, func(a, b int) int {
		return cmp.Or(cmp.Compare(best[b], best[a]), cmp.Compare(q.marks[a].rank, q.marks[b].rank))
	})
	occupant := q.noise.occupants(boothOf)
	for i, p := range waiting {
		r.Waitlist = append(r.Waitlist, WaitPlace{
			Key: q.places[p].Key, Partner: q.places[p].Partner, Place: q.places[p].Index,
			Position: i + 1, Reasons: q.whyWaiting(p, occupant),
		})
	}
}

// whyWaiting says why a place has no booth: nothing fits it, or who went
// first at the booths that do, and by what.
func (q *question) whyWaiting(p int, occupant []int) []text.Reason {
	place := &q.places[p]
	if why, refused := q.ground.refusal(place); refused {
		return []text.Reason{why}
	}
	m := len(q.booths)
	byCode := map[string][]string{}
	for b := range q.booths {
		if fit(place, &q.booths[b], q.ground.features[b], q.ground.zones) != fits {
			continue
		}
		if holder := occupant[b]; holder >= 0 {
			code := q.decider(p, holder, b)
			byCode[code] = append(byCode[code], q.booths[b].Code)
		}
	}
	var out []text.Reason
	for _, code := range deciders {
		if codes := byCode[code]; len(codes) > 0 {
			out = append(out, text.Reason{Code: "booths.waiting." + code, Args: text.Args{"booths": someOf(codes)}})
		}
	}
	if m > 0 && len(out) == 0 {
		out = append(out, text.Reason{Code: "booths.waiting.full"})
	}
	return out
}

// deciders are the criteria that can have gone against a waiting place, in the
// order of weight; "equal" is the order of claims, "whole" the plan as a whole.
var deciders = []string{"locked", "unique", "standing", "reserve", "same", "wish", "reliability", "newcomer", "equal", "whole"}

// decider names the first criterion in which the holder of a booth differs from
// the place that wanted it too.
func (q *question) decider(p, holder, b int) string {
	if q.locked[holder] >= 0 {
		return "locked"
	}
	mine, theirs := q.partsOf(p, b), q.partsOf(holder, b)
	pairs := []struct {
		code         string
		mine, theirs int64
	}{
		{"unique", mine.unique, theirs.unique}, {"standing", mine.standing, theirs.standing},
		{"reserve", mine.reserve, theirs.reserve}, {"same", mine.same, theirs.same},
		{"wish", mine.wish, theirs.wish}, {"reliability", mine.reliability, theirs.reliability},
		{"newcomer", mine.newcomer, theirs.newcomer},
	}
	for _, c := range pairs {
		switch {
		case c.theirs > c.mine:
			return c.code
		case c.theirs < c.mine:
			return "whole"
		}
	}
	return "equal"
}

// someOf lists at most six codes; a partner does not read two hundred.
func someOf(codes []string) string {
	if len(codes) <= 6 {
		return strings.Join(codes, ", ")
	}
	return fmt.Sprintf("%s … (%d)", strings.Join(codes[:6], ", "), len(codes))
}

// disturbances names every quiet place with a loud one within reach.
func (q *question) disturbances(r *Result, boothOf []int) {
	if r.Disturbance == 0 {
		return
	}
	occupant := q.noise.occupants(boothOf)
	stand := func(p int) Stand {
		return Stand{q.places[p].Key, q.places[p].Partner, q.places[p].Index, q.booths[boothOf[p]].Code}
	}
	why := "booths.disturbed.least"
	if !r.Exact {
		why = "booths.disturbed.searched"
	}
	for p, b := range boothOf {
		if b < 0 || !q.noise.quiet[p] {
			continue
		}
		for _, e := range q.noise.near[b] {
			o := occupant[e.booth]
			if o < 0 || !q.noise.loud[o] {
				continue
			}
			r.Disturbances = append(r.Disturbances, Disturbance{
				Quiet: stand(p), Loud: stand(o), Distance: e.far,
				Reasons: []text.Reason{{Code: why, Args: text.Args{
					"quiet": q.places[p].Partner, "loud": q.places[o].Partner,
					"metres": strconv.FormatFloat(e.far.Metres(), 'f', -1, 64),
				}}},
			})
		}
	}
}
