package booths

import (
	"context"
	"maps"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Consequence is what a decision would change, before it is made.
type Consequence struct {
	Moves        []Moved
	Disturbances []Disturbance // that are not there now
}

// Moved is a claim that would stand elsewhere; To "" waits, From "" has waited.
type Moved struct {
	ClaimID, Partner, From, To string
}

// Foresee tells what Override would change, and changes nothing.
func (s *Service) Foresee(ctx context.Context, scope Scope, dayID string, d Decision) (Consequence, error) {
	var in Input
	var now, then map[string]string // claim → booth code; now is nil while partners claim
	var claims []Claim
	err := s.db.View(ctx, func(tx *db.Tx) error {
		day, err := dayByID(tx, scope.CommunityID, dayID)
		if err != nil {
			return err
		}
		booth := Booth{}
		if d.BoothID != "" {
			if booth, err = boothByID(tx, day, d.BoothID); err != nil {
				return err
			}
		}
		if claims, err = claimsOfDay(tx, day.ID); err != nil {
			return err
		}
		c, ok := liveOf(claims, d.ClaimID)
		if !ok {
			return noClaim()
		}
		now, then = nil, map[string]string{}
		if day.State != DayClaiming {
			now = map[string]string{}
		}
		var open []Claim
		for _, k := range claims {
			switch {
			case !k.Live():
			case day.State == DayClaiming:
				open = append(open, k)
				if k.Locked != "" && k.Locked == booth.Code && k.ID != c.ID {
					return fault.Conflict("booth.locked", "booth", "booth %s is decided for somebody else; take that back first", booth.Code)
				}
			case k.Holding != nil:
				now[k.ID] = k.Holding.Code
				open = append(open, k)
			case k.ID == c.ID:
				open = append(open, k)
			}
		}
		in, err = s.planInput(tx, day, open)
		if day.State != DayClaiming {
			then = swapped(now, c, booth.Code)
			return err
		}
		for i := range in.Places {
			if in.Places[i].Key == c.ID {
				then[c.ID] = booth.Code
			}
		}
		return err
	})
	if err != nil {
		return Consequence{}, err
	}
	return foreseen(in, d.ClaimID, [2]map[string]string{now, then}, claims), nil
}

// swapped is who stands where after a published place was decided.
func swapped(now map[string]string, c Claim, code string) map[string]string {
	then := maps.Clone(now)
	delete(then, c.ID)
	if code == "" {
		return then
	}
	for id, at := range now {
		if at == code && id != c.ID {
			delete(then, id)
			if now[c.ID] != "" {
				then[id] = now[c.ID]
			}
		}
	}
	then[c.ID] = code
	return then
}

// foreseen compares the plan as it is with the plan as it would be: at says of
// both who stands where. While
// partners claim nobody stands yet (now is nil) and both are computed; afterwards
// every place is where it is.
func foreseen(in Input, claimID string, at [2]map[string]string, claims []Claim) (out Consequence) {
	now, then := at[0], at[1]
	claiming := now == nil
	was := Plan(in.held(now))
	if claiming {
		next := in.held(nil)
		next.Previous = was.places()
		for i := range next.Places {
			if next.Places[i].Key == claimID {
				next.Places[i].Locked = then[claimID]
			}
		}
		is := Plan(next)
		now, then = was.places(), is.places()
		out.Disturbances = newOnes(was, is)
	} else {
		out.Disturbances = newOnes(was, Plan(in.held(then)))
	}
	for _, c := range claims {
		if now[c.ID] != then[c.ID] {
			out.Moves = append(out.Moves, Moved{c.ID, c.Partner, now[c.ID], then[c.ID]})
		}
	}
	return out
}

// held is the question with every place locked to where it stands; nil leaves
// the places as they are.
func (in Input) held(at map[string]string) Input {
	places := in.Places
	in.Places = nil
	for _, p := range places {
		if at != nil {
			if at[p.Key] == "" {
				continue
			}
			p.Locked = at[p.Key]
		}
		in.Places = append(in.Places, p)
	}
	return in
}

func newOnes(was, is Result) (out []Disturbance) {
	type pair struct{ quiet, loud Stand }
	had := map[pair]bool{}
	for _, d := range was.Disturbances {
		had[pair{d.Quiet, d.Loud}] = true
	}
	for _, d := range is.Disturbances {
		if !had[pair{d.Quiet, d.Loud}] {
			out = append(out, d)
		}
	}
	return out
}

func liveOf(claims []Claim, id string) (Claim, bool) {
	for _, c := range claims {
		if c.ID == id && c.Live() {
			return c, true
		}
	}
	return Claim{}, false
}
