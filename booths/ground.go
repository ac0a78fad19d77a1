package booths

import (
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// States of a day as this package knows it.
const (
	DayPlanned   = "planned"
	DayClaiming  = "claiming"
	DayPublished = "published"
	DaySettled   = "settled"
	DayCancelled = "cancelled"
	DayMissed    = "missed"
)

// Day is what booths knows of a market day. Times not reached yet are zero.
type Day struct {
	ID            string    `json:"id"`
	CommunityID   string    `json:"community"`
	MarketID      string    `json:"market"`
	Date          string    `json:"date"`
	HeldOn        string    `json:"held_on"`
	State         string    `json:"state"`
	OpensAt       time.Time `json:"opens_at"`
	ClosesAt      time.Time `json:"closes_at"`
	ClaimingAt    time.Time `json:"claiming_at"`
	StandingUntil time.Time `json:"standing_until"`
	ConfirmAt     time.Time `json:"confirm_at"`
	PublishedAt   time.Time `json:"published_at"`
	Zones         []Zone    `json:"zones"`
	Wanted        []string  `json:"wanted"`
	draft         string
	earlier       *earlier // nil: the day has not caught up
}

// DayPlan is a day with its ground, who stands where and who waits.
type DayPlan struct {
	Day
	Booths   []DayBooth `json:"booths"`
	Waitlist []Claim    `json:"waitlist"`
}

// DayBooth is a booth of a day and the claim that holds it, nil while it is
// free; Offered is the claim it is offered to, nil for none.
type DayBooth struct {
	Booth
	Claim   *Claim `json:"claim,omitempty"`
	Offered *Claim `json:"offered,omitempty"`
}

func noDay() error {
	return fault.NotFound("day.unknown", "day", "there is no such market day in this community")
}

func noBooth() error {
	return fault.NotFound("booth.unknown", "booth", "there is no such booth on this day")
}

// SaveLayout replaces the ground of a market. Days that took their copy
// already keep it until CatchUp.
func (s *Service) SaveLayout(ctx context.Context, communityID, marketID string, l Layout) error {
	if err := l.Check(); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return s.layGround(tx, communityID, marketID, l) })
}

// SaveWanted replaces what is wished for on a market's days to come, and leaves
// its ground as it is.
func (s *Service) SaveWanted(ctx context.Context, communityID, marketID string, wanted []string) error {
	if err := (Layout{Wanted: wanted}).Check(); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		l, _, err := layoutOf(tx, communityID, marketID)
		if err != nil || slices.Equal(l.Wanted, wanted) {
			return err
		}
		l.Wanted = wanted
		return s.layGround(tx, communityID, marketID, l)
	})
}

// layGround makes l the ground of a market, for its days to come and for those
// that began before anybody had drawn one. Whoever waits on such a day is
// offered its booths.
func (s *Service) layGround(tx *db.Tx, communityID, marketID string, l Layout) error {
	if err := saveLayout(tx, communityID, marketID, l); err != nil {
		return err
	}
	days, err := groundless(tx, marketID)
	if err != nil {
		return err
	}
	for _, id := range days {
		day, err := lockDay(tx, communityID, id)
		if err != nil {
			return err
		}
		if day, err = takeGround(tx, day); err != nil {
			return err
		}
		if err := s.offerFree(tx, day); err != nil {
			return err
		}
	}
	return nil
}

// Layout returns the ground of a market; an empty one where none was saved.
func (s *Service) Layout(ctx context.Context, communityID, marketID string) (l Layout, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		l, _, err = layoutOf(tx, communityID, marketID)
		return err
	})
	return l, err
}

// ReuseLayout makes the ground of a day the ground of a market of the same
// community, for its days to come.
func (s *Service) ReuseLayout(ctx context.Context, communityID, fromDayID, marketID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := dayByID(tx, communityID, fromDayID)
		if err != nil {
			return err
		}
		booths, err := boothsOf(tx, day)
		if err != nil {
			return err
		}
		return s.layGround(tx, communityID, marketID, Layout{Zones: day.Zones, Booths: booths, Wanted: day.Wanted})
	})
}

// Day returns one day.
func (s *Service) Day(ctx context.Context, communityID, dayID string) (day Day, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		day, err = dayByID(tx, communityID, dayID)
		return err
	})
	return day, err
}

// DayBooths returns a day's ground with who stands where and who waits. Before
// claiming opens it shows the market's present layout.
func (s *Service) DayBooths(ctx context.Context, communityID, dayID string) (DayPlan, error) {
	var plan DayPlan
	err := s.db.View(ctx, func(tx *db.Tx) error {
		day, err := dayByID(tx, communityID, dayID)
		if err != nil {
			return err
		}
		plan = DayPlan{Day: day}
		booths, err := boothsOf(tx, day)
		if err != nil {
			return err
		}
		if len(booths) == 0 {
			l, _, err := layoutOf(tx, communityID, day.MarketID)
			if err != nil {
				return err
			}
			plan.Zones, plan.Wanted, booths = l.Zones, l.Wanted, l.Booths
		}
		claims, err := claimsOfDay(tx, dayID)
		if err != nil {
			return err
		}
		plan.fill(booths, claims)
		return nil
	})
	return plan, err
}

func (p *DayPlan) fill(booths []Booth, claims []Claim) {
	held, offered := map[string]*Claim{}, map[string]*Claim{}
	for i := range claims {
		c := &claims[i]
		if c.Holding != nil {
			held[c.Holding.BoothID] = c
		}
		if c.Offer != nil {
			offered[c.Offer.BoothID] = c
		}
		if c.State == ClaimWaiting {
			p.Waitlist = append(p.Waitlist, *c)
		}
	}
	for _, b := range booths {
		p.Booths = append(p.Booths, DayBooth{Booth: b, Claim: held[b.ID], Offered: offered[b.ID]})
	}
}
