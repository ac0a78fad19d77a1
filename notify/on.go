package notify

import (
	"strconv"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

// forgetAfter is how long after closing the address of a per-day reminder is kept.
const forgetAfter = 24 * time.Hour

// remindAt is the reminder hour of the local day before, or at once when that is past.
func (s *Service) remindAt(heldOn, zone string, opens time.Time) time.Time {
	z := zoneOf(zone)
	d, err := time.ParseInLocation(time.DateOnly, heldOn, z)
	if err != nil {
		d = opens.In(z)
	}
	return time.Date(d.Year(), d.Month(), d.Day()-1, s.o.ReminderHour, 0, 0, 0, z).UTC()
}

// MarketDayPlanned remembers the day.
func (s *Service) MarketDayPlanned(tx *db.Tx, e event.MarketDayPlanned) error {
	// a day planned after its reminder hour is reminded of at once, and that is not late
	if err := insertDay(tx, e, maxTime(s.remindAt(e.HeldOn, e.TimeZone, e.OpensAt), tx.Now)); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	s.Wake() // the next reminder may be nearer now
	return s.toWebhooks(tx, d, e, "")
}

// MarketChanged remembers what the day is called now, for everything that is
// written from here on or still waits.
func (s *Service) MarketChanged(tx *db.Tx, e event.MarketChanged) error {
	if _, err := tx.Exec(`UPDATE notify_days SET community_name = $2, market_name = $3, venue = $4, time_zone = $5, locale = $6 WHERE day_id = $1`,
		e.DayID, e.Community, e.Market, e.Venue, e.TimeZone, e.Locale); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := rewrite(tx, d, d); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, strconv.FormatInt(db.Micros(tx.Now), 10))
}

// MarketDayMoved tells everybody the new time and takes back what names the old one.
func (s *Service) MarketDayMoved(tx *db.Tx, e event.MarketDayMoved) error {
	old, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	remind := maxTime(s.remindAt(e.HeldOn, old.Zone, e.OpensAt), tx.Now)
	if _, err := tx.Exec(`UPDATE notify_days SET held_on = $1, opens_at = $2, closes_at = $3, remind_at = $4, reminded = FALSE, forget_at = $5
		WHERE day_id = $6`, e.HeldOn, db.Micros(e.OpensAt), db.Micros(e.ClosesAt), db.Micros(remind),
		db.Micros(e.ClosesAt.Add(forgetAfter)), e.DayID); err != nil {
		return err
	}
	if old.HeldOn != e.HeldOn || old.OpensAt != db.Micros(e.OpensAt) || old.ClosesAt != db.Micros(e.ClosesAt) {
		if err := s.overtake(tx, e.DayID, ReminderPartner, ReminderResident, DayMoved); err != nil {
			return err
		}
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := rewrite(tx, old, d); err != nil {
		return err
	}
	which := e.HeldOn + ":" + strconv.FormatInt(d.OpensAt, 10)
	p := d.params()
	p.OldDate, p.Reason = old.HeldOn, e.Reason
	n := draft{kind: DayMoved, day: d, reason: string(DayMoved) + ":" + d.DayID + ":" + which, due: tx.Now, until: e.ClosesAt, p: p}
	if err := s.toEverybody(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, which)
}

// MarketDayClaimingOpened asks the partners.
func (s *Service) MarketDayClaimingOpened(tx *db.Tx, e event.MarketDayClaimingOpened) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	p := d.params()
	p.Until = db.Micros(e.ConfirmAt)
	n := draft{kind: ClaimingOpened, day: d, due: e.EffectiveAt, until: e.ConfirmAt, p: p}
	if s.o.Directory.Partners != nil {
		all, err := s.o.Directory.Partners(tx, d.Community)
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := s.write(tx, n, s.person(ToPartner, "partner:", r, n)); err != nil {
				return err
			}
		}
	}
	if err := s.toChannels(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

// MarketDayOpened tells organizers and channels, unless the day is over already.
func (s *Service) MarketDayOpened(tx *db.Tx, e event.MarketDayOpened) error {
	if _, err := tx.Exec(`UPDATE notify_days SET state = 'open', opened_at = $1 WHERE day_id = $2 AND state = 'planned'`,
		db.Micros(e.EffectiveAt), e.DayID); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	n := draft{kind: DayOpened, day: d, due: e.EffectiveAt, until: e.ClosesAt, hold: holdUntil(e.UndoUntil), p: d.params()}
	if err := s.toStaff(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

// MarketDayClosed takes back what would be wrong now; the thanks follow when the day is counted.
func (s *Service) MarketDayClosed(tx *db.Tx, e event.MarketDayClosed) error {
	if _, err := tx.Exec(`UPDATE notify_days SET state = 'closed', closed_at = $1, forget_at = $2 WHERE day_id = $3 AND state IN ('planned', 'open')`,
		db.Micros(e.EffectiveAt), db.Micros(e.EffectiveAt.Add(forgetAfter)), e.DayID); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := s.overtake(tx, d.DayID, DayOpened, ReminderPartner, ReminderResident, ClaimingOpened, OfferMade,
		BoothsPublished, PlanPublished, BoothAssigned, BoothFree, DayMoved); err != nil {
		return err
	}
	s.Wake()
	return s.toWebhooks(tx, d, e, "")
}

// MarketDayCancelled tells everybody who counted on the day.
func (s *Service) MarketDayCancelled(tx *db.Tx, e event.MarketDayCancelled) error {
	if _, err := tx.Exec(`UPDATE notify_days SET state = 'cancelled', reminded = TRUE WHERE day_id = $1`, e.DayID); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := s.overtake(tx, d.DayID, ReminderPartner, ReminderResident, ClaimingOpened, BoothsPublished, BoothAssigned,
		BoothReleased, OfferMade, OfferEnded, DayMoved, DayOpened, BoothFree, PlanPublished); err != nil {
		return err
	}
	p := d.params()
	p.Reason, p.MovedTo = e.Reason, e.MovedTo
	n := draft{kind: DayCancelled, day: d, due: tx.Now, until: db.Time(d.ClosesAt), hold: holdUntil(e.UndoUntil), p: p}
	if err := s.toEverybody(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

// MarketDayMissed tells the organizers that the day went by unseen.
func (s *Service) MarketDayMissed(tx *db.Tx, e event.MarketDayMissed) error {
	if _, err := tx.Exec(`UPDATE notify_days SET state = 'missed', reminded = TRUE WHERE day_id = $1`, e.DayID); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := s.toStaff(tx, draft{kind: DayMissed, day: d, due: db.Time(d.ClosesAt), p: d.params()}); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

// toEverybody writes a draft for staff, channels, the day's partners and the residents who asked for anything.
func (s *Service) toEverybody(tx *db.Tx, n draft) error {
	if err := s.toStaff(tx, n); err != nil {
		return err
	}
	ids, err := partnersOf(tx, n.day.DayID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.toPartner(tx, n, id); err != nil {
			return err
		}
	}
	return s.toResidents(tx, n, func(subscriptionRow) bool { return true })
}

// overtake makes waiting messages of these kinds useless from now on: the
// dispatcher will count them as skipped instead of saying what is no longer true.
func (s *Service) overtake(tx *db.Tx, dayID string, kinds ...Kind) error {
	for _, k := range kinds {
		if _, err := tx.Exec(`UPDATE notify_deliveries SET useful_until = $1, next_at = CASE WHEN state = 'sending' THEN next_at ELSE $1 END
			WHERE day_id = $2 AND kind = $3 AND state IN ('queued', 'retry', 'sending')`, db.Micros(tx.Now), dayID, string(k)); err != nil {
			return err
		}
	}
	s.Wake()
	return nil
}
