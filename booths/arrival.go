package booths

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// arriveBefore is how long before the opening a partner may be ticked as there.
const arriveBefore = 24 * time.Hour

// Arrive notes that a partner was seen at its booth; a second tick changes
// nothing. Whoever was forgotten may be ticked when the day is over, too.
func (s *Service) Arrive(ctx context.Context, scope Scope, dayID, partnerID string) error {
	return s.arrival(ctx, scope, dayID, func(tx *db.Tx, day Day) error {
		if day.State != DayPublished && day.State != DaySettled || tx.Now.Before(day.OpensAt.Add(-arriveBefore)) {
			return fault.Closed("arrival.not_today", "day", "arrivals are noted on the day itself and after it")
		}
		stands, err := stands(tx, dayID, partnerID)
		if err == nil && !stands {
			err = fault.Conflict("arrival.no_booth", "partner", "this partner has no booth on this day")
		}
		if err != nil {
			return err
		}
		return insertArrival(tx, dayID, partnerID, scope.By)
	})
}

// NotArrived takes a tick back, within ten minutes.
func (s *Service) NotArrived(ctx context.Context, scope Scope, dayID, partnerID string) error {
	return s.arrival(ctx, scope, dayID, func(tx *db.Tx, _ Day) error {
		at, err := arrivals(tx, dayID)
		if err != nil || at[partnerID].IsZero() {
			return err
		}
		if tx.Now.Sub(at[partnerID]) > UndoFor {
			return fault.Closed("arrival.undo_late", "partner", "a tick can be taken back for ten minutes")
		}
		return deleteArrival(tx, dayID, partnerID)
	})
}

func (s *Service) arrival(ctx context.Context, scope Scope, dayID string, do func(*db.Tx, Day) error) error {
	if scope.PartnerID != "" {
		return fault.Forbidden("arrival.organizer", "day", "only the community notes who has come")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, err := lockDay(tx, scope.CommunityID, dayID)
		if err != nil {
			return err
		}
		return do(tx, day)
	})
}

// Arrivals returns since when each partner has been there on a day; those
// nobody has ticked are left out.
func (s *Service) Arrivals(ctx context.Context, communityID, dayID string) (at map[string]time.Time, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err = dayByID(tx, communityID, dayID); err != nil {
			return err
		}
		at, err = arrivals(tx, dayID)
		return err
	})
	return at, err
}

// stands reports whether a partner holds a booth on a day.
func stands(tx *db.Tx, dayID, partnerID string) (bool, error) {
	var n int
	err := tx.Get(&n, `SELECT COUNT(*) FROM booths_assignments WHERE day_id = $1 AND partner_id = $2 AND state = 'live'`, dayID, partnerID)
	return n > 0, err
}

func arrivals(tx *db.Tx, dayID string) (map[string]time.Time, error) {
	var rows []struct {
		PartnerID string `db:"partner_id"`
		At        int64  `db:"arrived_at"`
	}
	err := tx.Select(&rows, `SELECT partner_id, arrived_at FROM booths_arrivals WHERE day_id = $1`, dayID)
	at := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		at[r.PartnerID] = db.Time(r.At)
	}
	return at, err
}

func insertArrival(tx *db.Tx, dayID, partnerID, who string) error {
	_, err := tx.Exec(`INSERT INTO booths_arrivals (day_id, partner_id, arrived_at, who) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`,
		dayID, partnerID, db.Micros(tx.Now), who)
	return err
}

func deleteArrival(tx *db.Tx, dayID, partnerID string) error {
	_, err := tx.Exec(`DELETE FROM booths_arrivals WHERE day_id = $1 AND partner_id = $2`, dayID, partnerID)
	return err
}
