package booths

import (
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// What booths hears. Every reaction may be repeated by hand (replay) without
// harm: it looks at the state of the day first.

// MarketDayPlanned copies the day.
func (s *Service) MarketDayPlanned(tx *db.Tx, e event.MarketDayPlanned) error {
	return insertDay(tx, e)
}

// MarketDayMoved follows the day to its new time; offers do not outlive the
// new opening.
func (s *Service) MarketDayMoved(tx *db.Tx, e event.MarketDayMoved) error {
	if _, err := lockDay(tx, e.CommunityID, e.DayID); err != nil {
		return err
	}
	if err := moveDay(tx, e); err != nil {
		return err
	}
	return shortenOffers(tx, e.DayID, e.OpensAt)
}

// MarketDayClaimingOpened takes the copy of the ground and claims for the
// standing partners.
func (s *Service) MarketDayClaimingOpened(tx *db.Tx, e event.MarketDayClaimingOpened) error {
	day, err := lockDay(tx, e.CommunityID, e.DayID)
	if err != nil || day.State != DayPlanned {
		return err
	}
	if err := setClaiming(tx, e); err != nil {
		return err
	}
	if day, err = dayByID(tx, e.CommunityID, e.DayID); err != nil {
		return err
	}
	if day, err = takeGround(tx, day); err != nil {
		return err
	}
	_, err = s.claimStandings(tx, day)
	return err
}

// claimStandings claims for the standing partners who have no claim yet, and
// returns the claims it made.
func (s *Service) claimStandings(tx *db.Tx, day Day) (made []Claim, err error) {
	places, err := standingOf(tx, day)
	if err != nil {
		return nil, err
	}
	for _, st := range places {
		c, claims, err := standingClaim(tx, day, st)
		if err == nil && claims {
			made = append(made, c)
			err = putClaim(tx, day, c)
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// standingClaim is the claim of one standing place, false for none; services it
// names that are gone, or have a place already, are left out.
func standingClaim(tx *db.Tx, day Day, st standingPlace) (Claim, bool, error) {
	var want []string
	have := map[string]bool{}
	for _, o := range st.partner.Services {
		have[o.ID] = true
	}
	for _, id := range st.place.Services {
		if have[id] {
			want = append(want, id)
		}
	}
	if len(want) == 0 && len(st.place.Services) > 0 {
		return Claim{}, false, nil
	}
	services, err := freeServices(tx, day, st.partner, want)
	if kind := fault.KindOf(err); err != nil && (kind == fault.KindConflict || kind == fault.KindInvalid) {
		return Claim{}, false, nil
	}
	return Claim{ID: db.NewID(), DayID: day.ID, PartnerID: st.partner.ID, Services: services,
		Wishes: st.place.Wishes, Standing: true, State: ClaimClaimed}, true, err
}

// MarketDayConfirmed makes the plan final and publishes it.
func (s *Service) MarketDayConfirmed(tx *db.Tx, e event.MarketDayConfirmed) error {
	day, err := lockDay(tx, e.CommunityID, e.DayID)
	if err != nil || (day.State != DayPlanned && day.State != DayClaiming) {
		return err
	}
	return s.publish(tx, day)
}

// MarketDaySettled counts everybody who still holds a booth as kept.
func (s *Service) MarketDaySettled(tx *db.Tx, e event.MarketDaySettled) error {
	day, err := lockDay(tx, e.CommunityID, e.DayID)
	if err != nil || day.State != DayPublished {
		return err
	}
	if err := rememberKept(tx, day); err != nil {
		return err
	}
	if err := voidOffers(tx, "day_id", day.ID); err != nil {
		return err
	}
	return setDayState(tx, day.ID, DaySettled)
}

// MarketDayCancelled releases everything.
func (s *Service) MarketDayCancelled(tx *db.Tx, e event.MarketDayCancelled) error {
	return s.endDay(tx, e.Day, DayCancelled)
}

// MarketDayMissed releases everything of a day nobody opened.
func (s *Service) MarketDayMissed(tx *db.Tx, e event.MarketDayMissed) error {
	return s.endDay(tx, e.Day, DayMissed)
}

func (s *Service) endDay(tx *db.Tx, e event.Day, state string) error {
	day, err := lockDay(tx, e.CommunityID, e.DayID)
	if fault.Is(err, "day.unknown") {
		return nil // missed before it was ever planned
	}
	if err != nil || day.State == DaySettled || day.State == state {
		return err
	}
	if err := cancelDay(tx, day.ID); err != nil {
		return err
	}
	return setDayState(tx, day.ID, state)
}
