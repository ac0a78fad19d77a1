package queue

import (
	"context"

	"yiji/internal/db"
)

// Given is what one partner's lines gave on one day.
type Given struct {
	DayID         string `db:"day_id"`
	Served        int    `db:"served"`
	ServedSeconds int64  `db:"served_seconds"`
}

// GivenBy returns what a partner gave in a community, by day, as far as it has
// been heard.
func (s *Service) GivenBy(ctx context.Context, communityID, partnerID string) (map[string]Given, error) {
	var rows []Given
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.Select(&rows, `SELECT l.day_id, COALESCE(SUM(f.served), 0) AS served, COALESCE(SUM(f.served_seconds), 0) AS served_seconds
			FROM queue_lines l JOIN queue_figures f ON f.line_id = l.id AND f.day_id = l.day_id
			WHERE l.community_id = $1 AND l.partner_id = $2 GROUP BY l.day_id`, communityID, partnerID)
	})
	out := make(map[string]Given, len(rows))
	for _, r := range rows {
		out[r.DayID] = r
	}
	return out, err
}
