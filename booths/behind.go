package booths

import (
	"cmp"
	"context"
	"slices"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Behind is a day that takes claims and does not know what came after they had
// begun: another ground or wishes of its market, or standing partners.
type Behind struct {
	Day
	Ground   bool
	Partners []string // names of standing partners who never claimed for it
}

// Behind lists the days of a community that are, the next one first.
func (s *Service) Behind(ctx context.Context, communityID string) (out []Behind, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		days, err := daysSince(tx, communityID, tx.Now)
		if err != nil {
			return err
		}
		for _, day := range days {
			if day.State != DayClaiming || !tx.Now.Before(day.ConfirmAt) {
				continue
			}
			b, err := s.behind(tx, day)
			if err != nil {
				return err
			}
			if b.Ground || len(b.Partners) > 0 {
				out = append(out, b)
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) behind(tx *db.Tx, day Day) (Behind, error) {
	out := Behind{Day: day}
	l, found, err := layoutOf(tx, day.CommunityID, day.MarketID)
	if err != nil {
		return out, err
	}
	have, err := boothsOf(tx, day)
	if err != nil {
		return out, err
	}
	out.Ground = found && !sameGround(l, Layout{Zones: day.Zones, Booths: have, Wanted: day.Wanted})
	places, err := standingOf(tx, day)
	if err != nil {
		return out, err
	}
	for _, st := range places {
		_, claims, err := standingClaim(tx, day, st)
		if err != nil {
			return out, err
		}
		if claims && !slices.Contains(out.Partners, st.partner.Name) {
			out.Partners = append(out.Partners, st.partner.Name)
		}
	}
	return out, nil
}

// sameGround compares grounds; neither the order of the booths nor the ids a
// day gave them count.
func sameGround(a, b Layout) bool {
	plain := func(l Layout) string {
		l.Booths = slices.Clone(l.Booths)
		for i := range l.Booths {
			l.Booths[i].ID = ""
		}
		slices.SortFunc(l.Booths, func(a, b Booth) int { return cmp.Compare(a.Code, b.Code) })
		return pack(l.Zones) + pack(l.Booths) + pack(l.Wanted)
	}
	return plain(a) == plain(b)
}

// CatchUp gives a day that takes claims the present ground and wishes of its
// market, and claims for the standing partners who came since. Booths keep
// their ids by code; one that a place is decided for cannot go.
func (s *Service) CatchUp(ctx context.Context, communityID, dayID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := lockDay(tx, communityID, dayID)
		if err != nil {
			return err
		}
		if day.State == DayPlanned {
			return nil // it takes both when its claims open
		}
		if day.State != DayClaiming || !tx.Now.Before(day.ConfirmAt) {
			return fault.Closed("layout.published", "layout", "the plan of this day is published; change single places instead")
		}
		l, found, err := layoutOf(tx, day.CommunityID, day.MarketID)
		if err != nil {
			return err
		}
		if found {
			if err := saveGround(tx, day, l); err != nil {
				return err
			}
		}
		return s.claimStandings(tx, day)
	})
}
