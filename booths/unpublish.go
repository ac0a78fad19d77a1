package booths

import (
	"yiji/internal/db"
	"yiji/internal/event"
)

// MarketDayUndone withdraws the plan when an organizer takes an early
// confirmation back: partners claim again, and the plan can be worked on. When a
// cancellation is taken back everybody has again what it took.
func (s *Service) MarketDayUndone(tx *db.Tx, e event.MarketDayUndone) error {
	day, err := lockDay(tx, e.CommunityID, e.DayID)
	switch {
	case err != nil:
		return err
	case e.From == "cancelled" && day.State == DayCancelled:
		return restoreDay(tx, day.ID, undoneTo(e.To))
	case e.From != "confirmed" || day.State != DayPublished:
		return nil
	}
	all, err := claimsOfDay(tx, day.ID)
	if err != nil {
		return err
	}
	drafted := map[string]string{}
	for _, c := range all {
		if c.Holding != nil {
			drafted[c.ID] = c.Holding.Code
		}
	}
	if err := withdrawPlan(tx, day.ID); err != nil {
		return err
	}
	return setDraft(tx, day.ID, pack(drafted)) // the next plan moves as few as possible
}

// withdrawPlan ends what the publication of a plan began. A booth that was
// given by a decision or an answer since stays promised: the place is locked.
func withdrawPlan(tx *db.Tx, dayID string) error {
	const since = `day_id = $1 AND state = 'live' AND why <> 'plan'`
	now := db.Micros(tx.Now)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM booths_locks WHERE day_id = $1 AND (claim_id IN (SELECT claim_id FROM booths_assignments WHERE ` + since + `)
			OR booth_id IN (SELECT booth_id FROM booths_assignments WHERE ` + since + `))`, []any{dayID}},
		{`INSERT INTO booths_locks (claim_id, day_id, booth_id) SELECT claim_id, day_id, booth_id FROM booths_assignments WHERE ` + since, []any{dayID}},
		{`UPDATE booths_assignments SET state = 'cancelled', ended_at = $2 WHERE day_id = $1 AND state = 'live'`, []any{dayID, now}},
		{`UPDATE booths_offers SET state = 'void', ended_at = $2 WHERE day_id = $1 AND state = 'open'`, []any{dayID, now}},
		{`UPDATE booths_claims SET state = 'claimed', reasons = '', changed_at = $2 WHERE day_id = $1 AND state IN ('placed', 'waiting')`, []any{dayID, now}},
		{`DELETE FROM booths_changes WHERE day_id = $1 AND what = 'disturbance'`, []any{dayID}},
		{`UPDATE booths_days SET state = 'claiming', published_at = 0 WHERE id = $1`, []any{dayID}},
	} {
		if _, err := tx.Exec(q.sql, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// undoneTo is our name for a state of a market day before it was cancelled.
func undoneTo(state string) string {
	switch state {
	case "planned":
		return DayPlanned
	case "claiming":
		return DayClaiming
	}
	return DayPublished
}

// restoreDay gives back what cancelDay took.
func restoreDay(tx *db.Tx, dayID, state string) error {
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE booths_assignments SET state = 'live', ended_at = 0, cancelled = FALSE WHERE day_id = $1 AND cancelled`, []any{dayID}},
		{`UPDATE booths_offers SET state = 'open', ended_at = 0, cancelled = FALSE WHERE day_id = $1 AND cancelled`, []any{dayID}},
		{`UPDATE booths_claims SET changed_at = $2, cancelled = FALSE, state = CASE
				WHEN EXISTS (SELECT 1 FROM booths_assignments a WHERE a.claim_id = booths_claims.id AND a.state = 'live') THEN 'placed'
				WHEN $3 = 'published' THEN 'waiting' ELSE 'claimed' END
			WHERE day_id = $1 AND cancelled`, []any{dayID, db.Micros(tx.Now), state}},
	} {
		if _, err := tx.Exec(q.sql, q.args...); err != nil {
			return err
		}
	}
	return setDayState(tx, dayID, state)
}
