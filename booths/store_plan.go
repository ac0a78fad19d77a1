package booths

import (
	"errors"

	"yiji/internal/db"
)

// change is a line of the record of decisions.
type change struct{ what, claim, booth, who, reason, before string }

// noteChange writes a decision down. Two of one instant are told apart by a
// microsecond, so that one of them is the last.
func noteChange(tx *db.Tx, day Day, c change) error {
	_, err := tx.Exec(`INSERT INTO booths_changes (id, day_id, at, what, claim_id, booth_code, who, reason, before)
		SELECT $1, $2, CASE WHEN COALESCE(MAX(at), 0) >= CAST($3 AS BIGINT) THEN MAX(at) + 1 ELSE CAST($3 AS BIGINT) END, $4, $5, $6, $7, $8, $9
		FROM booths_changes WHERE day_id = $2`,
		db.NewID(), day.ID, db.Micros(tx.Now), c.what, c.claim, c.booth, c.who, c.reason, c.before)
	return err
}

func changesOf(tx *db.Tx, dayID string) ([]Change, error) {
	var out []Change
	err := tx.Select(&out, `SELECT id, at, what, claim_id, booth_code, who, reason FROM booths_changes WHERE day_id = $1 ORDER BY at DESC, id DESC`, dayID)
	return out, err
}

func removeLock(tx *db.Tx, claimID string) error {
	_, err := tx.Exec(`DELETE FROM booths_locks WHERE claim_id = $1`, claimID)
	return err
}

func insertLock(tx *db.Tx, dayID, claimID, boothID string) (int64, error) {
	return tx.Exec(`INSERT INTO booths_locks (claim_id, day_id, booth_id) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`, claimID, dayID, boothID)
}

// remember writes how a place ended; the first ending of a claim counts.
func remember(tx *db.Tx, day Day, c Claim, outcome string) error {
	_, err := tx.Exec(`INSERT INTO booths_history (claim_id, partner_id, community_id, market_id, day_id, held_on, booth_code, outcome)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT DO NOTHING`,
		c.ID, c.PartnerID, day.CommunityID, day.MarketID, day.ID, day.HeldOn, c.Holding.Code, outcome)
	return err
}

// rememberKept writes that everybody who still holds a booth has kept it.
func rememberKept(tx *db.Tx, day Day) error {
	_, err := tx.Exec(`INSERT INTO booths_history (claim_id, partner_id, community_id, market_id, day_id, held_on, booth_code, outcome)
		SELECT a.claim_id, a.partner_id, d.community_id, d.market_id, d.id, d.held_on, b.code, 'kept'
		FROM booths_assignments a JOIN booths_booths b ON b.id = a.booth_id JOIN booths_days d ON d.id = a.day_id
		WHERE a.day_id = $1 AND a.state = 'live' ON CONFLICT DO NOTHING`, day.ID)
	return err
}

func historyOf(tx *db.Tx, partnerID string) ([]History, error) {
	var out []History
	err := tx.Select(&out, `SELECT h.day_id, h.market_id, h.held_on, h.booth_code, h.outcome, a.day_id IS NOT NULL AS arrived FROM booths_history h
		LEFT JOIN booths_arrivals a ON a.day_id = h.day_id AND a.partner_id = h.partner_id WHERE h.partner_id = $1 ORDER BY h.held_on DESC, h.claim_id`, partnerID)
	return out, err
}

// claimants reads the partners that have a claim on a day.
func claimants(tx *db.Tx, dayID string) (map[string]Partner, error) {
	var rows []partnerRow
	err := tx.Select(&rows, `SELECT `+partnerColumns+` FROM booths_partners p
		WHERE p.id IN (SELECT partner_id FROM booths_claims WHERE day_id = $1)`, dayID)
	out := map[string]Partner{}
	for _, r := range rows {
		out[r.ID] = r.partner()
	}
	return out, err
}

// pastOf reads what earlier days say about the claimants of a day.
func pastOf(tx *db.Tx, day Day) (past, error) {
	h := past{kept: map[string]int{}, dropped: map[string]int{}, last: map[string]string{}}
	var rows []struct {
		PartnerID string `db:"partner_id"`
		MarketID  string `db:"market_id"`
		Booth     string `db:"booth_code"`
		Outcome   string `db:"outcome"`
		Services  string `db:"services"`
	}
	err := tx.Select(&rows, `SELECT h.partner_id, h.market_id, h.booth_code, h.outcome, c.services
		FROM booths_history h JOIN booths_claims c ON c.id = h.claim_id
		WHERE h.community_id = $1 AND h.held_on < $2 AND h.partner_id IN (SELECT partner_id FROM booths_claims WHERE day_id = $3)
		ORDER BY h.held_on, h.claim_id`, day.CommunityID, day.HeldOn, day.ID)
	for _, r := range rows {
		if r.Outcome != "kept" {
			h.dropped[r.PartnerID]++
			continue
		}
		h.kept[r.PartnerID]++
		if r.MarketID == day.MarketID {
			h.last[r.PartnerID] = r.Booth
			h.last[r.PartnerID+r.Services] = r.Booth
		}
	}
	return h, err
}

// standingPlace is one standing place that claims by itself.
type standingPlace struct {
	partner Partner
	place   Standing
}

// standingOf reads the standing places at the market of a day of active partners
// who never claimed for the day.
func standingOf(tx *db.Tx, day Day) ([]standingPlace, error) {
	var rows []standingRow
	if err := tx.Select(&rows, `SELECT st.partner_id, st.market_id, st.services, st.wishes FROM booths_standing st
		JOIN booths_partners p ON p.id = st.partner_id
		WHERE st.market_id = $1 AND st.community_id = $2 AND p.state = 'active'
		AND NOT EXISTS (SELECT 1 FROM booths_claims c WHERE c.day_id = $3 AND c.partner_id = st.partner_id)
		ORDER BY st.since, st.partner_id, st.place`, day.MarketID, day.CommunityID, day.ID); err != nil {
		return nil, err
	}
	var out []standingPlace
	for _, r := range rows {
		st, err := r.standing()
		if err != nil {
			return nil, err
		}
		p, _, err := partnerByID(tx, day.CommunityID, r.PartnerID)
		if err != nil {
			return nil, err
		}
		out = append(out, standingPlace{p, st})
	}
	return out, nil
}

// cancelDay releases everything a cancelled day held.
func cancelDay(tx *db.Tx, dayID string) error {
	for _, q := range []string{
		`UPDATE booths_assignments SET state = 'cancelled', ended_at = $2, cancelled = TRUE WHERE day_id = $1 AND state = 'live'`,
		`UPDATE booths_offers SET state = 'void', ended_at = $2, cancelled = TRUE WHERE day_id = $1 AND state = 'open'`,
		`UPDATE booths_claims SET state = 'cancelled', changed_at = $2, cancelled = TRUE WHERE day_id = $1 AND state IN ('claimed', 'placed', 'waiting')`,
	} {
		if _, err := tx.Exec(q, dayID, db.Micros(tx.Now)); err != nil {
			return err
		}
	}
	return nil
}

// decision is a change with what it found.
type decision struct {
	Change
	Before string `db:"before"`
}

// lastDecision is the latest decision of a day over somebody's place that has
// not been undone; the zero decision when there is none.
func lastDecision(tx *db.Tx, dayID string) (d decision, err error) {
	err = tx.Get(&d, `SELECT id, at, what, claim_id, booth_code, who, reason, before FROM booths_changes
		WHERE day_id = $1 AND what NOT IN ('disturbance', 'claim') ORDER BY at DESC, id DESC LIMIT 1`, dayID)
	if errors.Is(err, db.ErrNoRows) {
		return d, nil
	}
	return d, err
}

func forgetBefore(tx *db.Tx, id string) error {
	_, err := tx.Exec(`UPDATE booths_changes SET before = '' WHERE id = $1`, id)
	return err
}

// holderOf is the claim that holds a booth, "" while it is free.
func holderOf(tx *db.Tx, boothID string) (claimID string, err error) {
	err = tx.Get(&claimID, `SELECT claim_id FROM booths_assignments WHERE booth_id = $1 AND state = 'live'`, boothID)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return claimID, err
}

func waitOrder(tx *db.Tx, claimID string) (n int64, err error) {
	err = tx.Get(&n, `SELECT wait_order FROM booths_claims WHERE id = $1`, claimID)
	return n, err
}

// restoreOrder gives a claim its old place on the waitlist, unless somebody has
// it by now.
func restoreOrder(tx *db.Tx, dayID, claimID string, order int64) error {
	_, err := tx.Exec(`UPDATE booths_claims SET wait_order = $3 WHERE id = $2 AND state = 'waiting'
		AND NOT EXISTS (SELECT 1 FROM booths_claims o WHERE o.day_id = $1 AND o.state = 'waiting' AND o.wait_order = $3)`, dayID, claimID, order)
	return err
}

// boothByCode finds a booth of a day; the zero booth for no code.
func boothByCode(tx *db.Tx, day Day, code string) (Booth, error) {
	if code == "" {
		return Booth{}, nil
	}
	all, err := boothsOf(tx, day)
	for _, b := range all {
		if b.Code == code {
			return b, err
		}
	}
	return Booth{}, orElse(err, noBooth())
}
