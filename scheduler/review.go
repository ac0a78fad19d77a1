package scheduler

import (
	"context"
	"slices"

	"yiji/internal/db"
)

// ReviewFlagged looks again at the days that were planned without a holiday
// notice, now that the calendar may know their year: days nobody has claimed
// follow it, claimed ones are returned for an organizer to decide (PreviewEdit
// offers the same choices). Call it once at the start, after loading holidays.
func (s *Service) ReviewFlagged(ctx context.Context) (claimed []Day, err error) {
	var markets []string
	err = s.db.View(ctx, func(tx *db.Tx) error {
		markets = nil
		return tx.Select(&markets, `SELECT DISTINCT market_id FROM market_days
			WHERE flagged AND state IN ('planned', 'claiming', 'confirmed') ORDER BY market_id`)
	})
	if err != nil {
		return nil, err
	}
	for _, id := range markets {
		var left []Day
		err := s.db.Update(ctx, func(tx *db.Tx) (err error) { left, err = s.review(tx, id); return err })
		if err != nil {
			return claimed, err
		}
		claimed = append(claimed, left...)
	}
	return claimed, nil
}

// review brings the flagged days of one market in line with the calendar.
func (s *Service) review(tx *db.Tx, id string) (claimed []Day, err error) {
	if err := lockMarket(tx, "", id); err != nil {
		return nil, err
	}
	m, err := oneSeries(tx, "", id)
	if err != nil {
		return nil, err
	}
	changes, err := s.changes(tx, m)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		switch {
		case !c.day.Flagged:
		case c.day.touched():
			claimed = append(claimed, c.day)
		default:
			if err := m.apply(tx, c, ""); err != nil {
				return claimed, err
			}
		}
	}
	if err := s.unflag(tx, m, claimed); err != nil {
		return claimed, err
	}
	return claimed, s.plan(tx, m)
}

// unflag takes the flag off the days that stay where they are.
func (s *Service) unflag(tx *db.Tx, m series, but []Day) error {
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.flagged AND d.state IN ('planned', 'claiming', 'confirmed') ORDER BY d.date`, m.ID)
	if err != nil || len(days) == 0 {
		return err
	}
	in, err := s.around(tx, m, days)
	if err != nil {
		return err
	}
	all, err := Preview(in)
	if err != nil {
		return err
	}
	for _, d := range days {
		i := slices.IndexFunc(all, func(o Occurrence) bool { return o.RuleDate == d.Date })
		if i < 0 || all[i].Flagged || slices.ContainsFunc(but, func(b Day) bool { return b.ID == d.ID }) {
			continue
		}
		d.Flagged, d.Reasons = false, all[i].Reasons
		if err := rewriteDay(tx, d); err != nil {
			return err
		}
	}
	return nil
}
