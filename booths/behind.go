package booths

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
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

// earlier is what a day had before it caught up.
type earlier struct {
	At     time.Time `json:"at"`
	Ground Layout    `json:"ground"`
	Claims []string  `json:"claims,omitempty"` // made for the standing partners who came since
}

// goesBack reports whether the day can have back what it had before it caught up.
func (d Day) goesBack(now time.Time) bool {
	return d.earlier != nil && d.State == DayClaiming && now.Before(d.ConfirmAt) && now.Before(d.earlier.At.Add(UndoFor))
}

// CatchUp gives a day that takes claims the present ground and wishes of its
// market, and claims for the standing partners who came since. Booths keep
// their ids by code; one that a place is decided for cannot go. UndoCatchUp takes
// it back.
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
		was := earlier{At: tx.Now, Ground: Layout{Zones: day.Zones, Wanted: day.Wanted}}
		if was.Ground.Booths, err = boothsOf(tx, day); err != nil {
			return err
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
		made, err := s.claimStandings(tx, day)
		if err != nil || len(made) == 0 && (!found || sameGround(l, was.Ground)) {
			return err // twice is once, and can still be taken back
		}
		for _, c := range made {
			was.Claims = append(was.Claims, c.ID)
		}
		return setEarlier(tx, day.ID, &was)
	})
}

// CaughtUp lists the days of a community whose CatchUp can be taken back.
func (s *Service) CaughtUp(ctx context.Context, communityID string) (out []Day, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		days, err := daysSince(tx, communityID, tx.Now)
		out = slices.DeleteFunc(days, func(d Day) bool { return !d.goesBack(tx.Now) })
		return err
	})
	return out, err
}

// UndoCatchUp gives a day back what it had before CatchUp, within ten minutes.
// A claim that somebody has changed since stays; a booth that a place was
// decided for cannot go.
func (s *Service) UndoCatchUp(ctx context.Context, communityID, dayID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := lockDay(tx, communityID, dayID)
		if err != nil {
			return err
		}
		if !day.goesBack(tx.Now) {
			return fault.Closed("layout.undo_late", "day", "this day has nothing to go back to; that is possible for ten minutes")
		}
		if err := saveGround(tx, day, day.earlier.Ground); err != nil {
			return err
		}
		for _, id := range day.earlier.Claims {
			if err := takeBack(tx, day, id); err != nil {
				return err
			}
		}
		return setEarlier(tx, day.ID, nil)
	})
}

// takeBack removes a claim that nobody made or touched, so that its standing
// place can claim again.
func takeBack(tx *db.Tx, day Day, claimID string) error {
	c, err := claimByID(tx, day, claimID)
	if err != nil {
		return err
	}
	n, err := deleteUntouched(tx, claimID)
	if err != nil || n == 0 {
		return err
	}
	return outbox.Emit(tx, event.ClaimWithdrawn{Day: day.event(), ClaimID: c.ID, PartnerID: c.PartnerID})
}
