package queue

import (
	"context"
	"time"

	"yiji/internal/db"
)

// Course is how a day went, in steps of five minutes, beside its counts. It is
// read from the numbers themselves, whenever somebody asks.
type Course struct {
	Slots []CourseSlot          `json:"slots"`
	Lines map[string]LineCourse `json:"lines"` // by line
}

// CourseSlot are the five minutes from At: how many waited for their first
// call when they ended, and how many were served in them.
type CourseSlot struct {
	At      time.Time `json:"at"`
	Waiting int       `json:"waiting"`
	Served  int       `json:"served"`
}

// LineCourse is what a line's counts do not tell: the longest that anybody
// waited for the first call, 0 when nobody was called.
type LineCourse struct {
	Longest time.Duration `json:"longest"`
}

// DayCourse tells how a day of the community went.
func (s *Service) DayCourse(ctx context.Context, communityID, dayID string) (Course, error) {
	var rows []courseRow
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := dayOf(tx, communityID, dayID); err != nil {
			return err
		}
		rows = nil
		return tx.Select(&rows, `SELECT line_id, state, issued_at, first_called_at, done_at, ended_at
			FROM queue_tickets WHERE line_id IN (`+ofDay+`)`, dayID)
	})
	return courseOf(rows), err
}

type courseRow struct {
	LineID        string `db:"line_id"`
	State         State  `db:"state"`
	IssuedAt      int64  `db:"issued_at"`
	FirstCalledAt int64  `db:"first_called_at"`
	DoneAt        int64  `db:"done_at"`
	EndedAt       int64  `db:"ended_at"`
}

// waitedUntil is when the wait for the first call was over, 0 while it goes on.
func (r courseRow) waitedUntil() int64 {
	if r.FirstCalledAt > 0 {
		return r.FirstCalledAt
	}
	return r.EndedAt
}

// courseOf counts the numbers of a day in five-minute steps, from the first one
// taken to the last thing that happened, at most a day of them.
func courseOf(rows []courseRow) Course {
	c := Course{Lines: map[string]LineCourse{}}
	if len(rows) == 0 {
		return c
	}
	first, last := rows[0].IssuedAt, rows[0].IssuedAt
	for _, r := range rows {
		first, last = min(first, r.IssuedAt), max(last, r.IssuedAt, r.FirstCalledAt, r.DoneAt)
		if r.FirstCalledAt > 0 {
			l := c.Lines[r.LineID]
			l.Longest = max(l.Longest, time.Duration(r.FirstCalledAt-r.IssuedAt)*time.Microsecond)
			c.Lines[r.LineID] = l
		}
	}
	step := slot.Microseconds()
	begin := first - first%step
	c.Slots = make([]CourseSlot, min((last-begin)/step+1, 24*12))
	for i := range c.Slots {
		c.Slots[i].At = db.Time(begin + int64(i)*step)
		end := begin + int64(i+1)*step
		for _, r := range rows {
			if until := r.waitedUntil(); r.IssuedAt < end && (until == 0 || until >= end) {
				c.Slots[i].Waiting++
			}
			if r.State == Served && r.DoneAt >= end-step && r.DoneAt < end {
				c.Slots[i].Served++
			}
		}
	}
	return c
}
