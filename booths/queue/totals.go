package queue

import (
	"context"
	"strconv"
	"strings"

	"yiji/internal/db"
)

// Totals are a day in one line: how many residents came, as reported and as
// measured, and how much was done for them.
type Totals struct {
	Residents int `json:"residents"`
	Reported  int `json:"reported,omitempty"` // at least so many, 0 is nothing said
	Served    int `json:"served"`
}

// Totals returns the totals of a community's days by day; a day nothing was
// counted of is missing.
func (s *Service) Totals(ctx context.Context, communityID string, days []string) (map[string]Totals, error) {
	out := map[string]Totals{}
	if len(days) == 0 {
		return out, nil
	}
	marks, args := make([]string, len(days)), []any{communityID}
	for i, d := range days {
		marks[i] = "$" + strconv.Itoa(i+2)
		args = append(args, d)
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var rows []struct {
			DayID     string `db:"day_id"`
			Residents int    `db:"residents"`
			Reported  int    `db:"reported"`
			Served    int    `db:"served"`
		}
		err := tx.Select(&rows, `SELECT d.day_id, d.residents, d.reported, COALESCE((SELECT SUM(f.served) FROM queue_figures f WHERE f.day_id = d.day_id), 0) AS served
			FROM queue_figure_days d WHERE d.community_id = $1 AND d.day_id IN (`+strings.Join(marks, ", ")+`)`, args...)
		for _, r := range rows {
			out[r.DayID] = Totals{Residents: r.Residents, Reported: r.Reported, Served: r.Served}
		}
		return err
	})
	return out, err
}
