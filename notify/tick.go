package notify

import (
	"context"
	"time"

	"yiji/internal/db"
)

// tickBatch is how many days one transaction of Tick handles.
const tickBatch = 100

// Tick writes the reminders that are due and forgets the addresses whose time
// is over. It compares rows with now, so a missed wake-up costs nothing; next is
// when something will be due.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		next = tx.Now.Add(pollEvery)
		if err := s.remindDue(tx); err != nil {
			return err
		}
		if err := s.forgetDue(tx); err != nil {
			return err
		}
		if err := forgetWishes(tx); err != nil {
			return err
		}
		var soon *int64
		if err := tx.Get(&soon, `SELECT MIN(at) FROM (SELECT MIN(remind_at) AS at FROM notify_days WHERE NOT reminded
			UNION ALL SELECT MIN(forget_at) FROM notify_days WHERE NOT forgotten
			UNION ALL SELECT MIN(asked_at) + $1 FROM notify_wishes) AS due`, wishFor.Microseconds()); err != nil {
			return err
		}
		if soon != nil && db.Time(*soon).Before(next) {
			next = db.Time(*soon)
		}
		return nil
	})
	return next, err
}

func (s *Service) remindDue(tx *db.Tx) error {
	var days []dayRow
	if err := tx.Select(&days, `SELECT `+dayColumns+` FROM notify_days WHERE NOT reminded AND remind_at <= $1
		ORDER BY remind_at, day_id LIMIT $2`, db.Micros(tx.Now), tickBatch); err != nil {
		return err
	}
	for _, d := range days {
		n, err := tx.Exec(`UPDATE notify_days SET reminded = TRUE WHERE day_id = $1 AND NOT reminded`, d.DayID)
		if err != nil {
			return err
		}
		if n == 0 || d.State != "planned" {
			continue
		}
		if err := s.remind(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// remind writes the reminders of one day; those that come too late are counted as skipped.
func (s *Service) remind(tx *db.Tx, d dayRow) error {
	opens := db.Time(d.OpensAt)
	n := draft{day: d, due: db.Time(d.RemindAt), until: opens.Add(-reminderLead)}
	ids, booths, err := boothsOf(tx, d.DayID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		n.kind, n.reason, n.p = ReminderPartner, string(ReminderPartner)+":"+d.DayID+":"+d.HeldOn+":"+opens.Format("150405"), d.params()
		n.p.Booths = booths[id]
		if err := s.toPartner(tx, n, id); err != nil {
			return err
		}
	}
	n.kind, n.reason, n.p = ReminderResident, string(ReminderResident)+":"+d.DayID+":"+d.HeldOn+":"+opens.Format("150405"), d.params()
	return s.toResidents(tx, n, func(r subscriptionRow) bool { return r.Reminder })
}

func (s *Service) forgetDue(tx *db.Tx) error {
	var ids []string
	if err := tx.Select(&ids, `SELECT day_id FROM notify_days WHERE NOT forgotten AND forget_at <= $1
		ORDER BY forget_at, day_id LIMIT $2`, db.Micros(tx.Now), tickBatch); err != nil {
		return err
	}
	for _, id := range ids {
		for _, table := range []string{"notify_subscriptions", "notify_wishes"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE day_id = $1`, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`UPDATE notify_days SET forgotten = TRUE WHERE day_id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
