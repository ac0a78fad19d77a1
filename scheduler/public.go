package scheduler

import (
	"context"

	"yiji/internal/db"
)

// PublicDay returns a market day of whichever community: its id is a handle
// that stands on posters, everybody who has it may read the day.
func (s *Service) PublicDay(ctx context.Context, dayID string) (d Day, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { d, err = PublicDayIn(tx, dayID); return err })
	return d, err
}

// PublicDayIn is PublicDay in the caller's snapshot.
func PublicDayIn(tx *db.Tx, dayID string) (Day, error) { return oneDay(tx, "", dayID) }
