package queue

import (
	"slices"

	"yiji/internal/db"
)

// Now is a line as it is followed live. Order holds those who wait in the order
// they will be called, as runs: [[3,5],[9,9]] is 3, 4, 5, 9. Numbers only.
type Now struct {
	Line
	Order   [][2]int
	Called  []int
	Serving []int
}

// LinesNow reads lines of a day in the snapshot of tx: those named, or all when
// none is. A line that was removed, or is of another day, is not among them.
func (s *Service) LinesNow(tx *db.Tx, dayID string, ids ...string) ([]Now, error) {
	which, id := ofDay, dayID
	if len(ids) == 1 {
		which, id = ofLine, ids[0]
	}
	rows, err := readLines(tx, which, id)
	if err != nil {
		return nil, err
	}
	now := make([]Now, 0, len(rows))
	for _, r := range rows {
		if r.DayID == dayID && (len(ids) == 0 || slices.Contains(ids, r.ID)) {
			now = append(now, Now{Line: r.view(tx.Now)})
		}
	}
	return now, readNumbers(tx, which, id, now)
}

// Arrivals counts who has come to a day so far.
func (s *Service) Arrivals(tx *db.Tx, dayID string) (people int, err error) {
	err = tx.Get(&people, `SELECT COUNT(*) FROM queue_visits WHERE day_id = $1`, dayID)
	return people, err
}

func readNumbers(tx *db.Tx, which, id string, lines []Now) error {
	var rows []struct {
		LineID string `db:"line_id"`
		Number int    `db:"number"`
		State  State  `db:"state"`
	}
	err := tx.Select(&rows, `SELECT line_id, number, state FROM queue_tickets WHERE line_id IN (`+which+`)
		AND state IN ('waiting', 'called', 'serving') ORDER BY line_id, pos, number`, id)
	byID := make(map[string]*Now, len(lines))
	for i := range lines {
		byID[lines[i].ID] = &lines[i]
	}
	for _, r := range rows {
		l := byID[r.LineID]
		switch {
		case l == nil:
		case r.State == Waiting:
			l.Order = behind(l.Order, r.Number)
		case r.State == Called:
			l.Called = append(l.Called, r.Number)
		default:
			l.Serving = append(l.Serving, r.Number)
		}
	}
	return err
}

// behind puts a number behind the runs.
func behind(runs [][2]int, number int) [][2]int {
	if last := len(runs) - 1; last >= 0 && runs[last][1]+1 == number {
		runs[last][1] = number
		return runs
	}
	return append(runs, [2]int{number, number})
}
