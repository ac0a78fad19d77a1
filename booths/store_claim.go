package booths

import (
	"errors"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

type claimRow struct {
	ID        string `db:"id"`
	DayID     string `db:"day_id"`
	PartnerID string `db:"partner_id"`
	Partner   string `db:"partner"`
	Services  string `db:"services"`
	Wishes    string `db:"wishes"`
	Standing  bool   `db:"standing"`
	State     string `db:"state"`
	Reasons   string `db:"reasons"`
	ClaimedAt int64  `db:"claimed_at"`
	Locked    string `db:"locked"`
	HoldID    string `db:"hold_id"`
	BoothID   string `db:"booth_id"`
	Code      string `db:"code"`
	Zone      string `db:"zone"`
	Why       string `db:"why"`
	Score     int64  `db:"score"`
	Because   string `db:"because"`
	OfferID   string `db:"offer_id"`
	OfferedID string `db:"offered_id"`
	Offered   string `db:"offered"`
	ExpiresAt int64  `db:"expires_at"`
}

const claimQuery = `SELECT c.id, c.day_id, c.partner_id, p.name AS partner, c.services, c.wishes, c.standing, c.state, c.reasons, c.claimed_at,
		COALESCE(lb.code, '') AS locked,
		COALESCE(a.id, '') AS hold_id, COALESCE(a.booth_id, '') AS booth_id, COALESCE(b.code, '') AS code, COALESCE(b.zone, '') AS zone,
		COALESCE(a.why, '') AS why, COALESCE(a.score, 0) AS score, COALESCE(a.reasons, '') AS because,
		COALESCE(o.id, '') AS offer_id, COALESCE(o.booth_id, '') AS offered_id, COALESCE(ob.code, '') AS offered, COALESCE(o.expires_at, 0) AS expires_at
	FROM booths_claims c
	JOIN booths_partners p ON p.id = c.partner_id
	LEFT JOIN booths_assignments a ON a.claim_id = c.id AND a.state = 'live'
	LEFT JOIN booths_booths b ON b.id = a.booth_id
	LEFT JOIN booths_offers o ON o.claim_id = c.id AND o.state = 'open'
	LEFT JOIN booths_booths ob ON ob.id = o.booth_id
	LEFT JOIN booths_locks l ON l.claim_id = c.id
	LEFT JOIN booths_booths lb ON lb.id = l.booth_id `

const claimOrder = ` ORDER BY CASE WHEN c.state = 'waiting' THEN 0 ELSE 1 END, c.wait_order, c.claimed_at, c.id`

func (r claimRow) claim(services map[string]Offering) (Claim, error) {
	c := Claim{ID: r.ID, DayID: r.DayID, PartnerID: r.PartnerID, Partner: r.Partner, Standing: r.Standing, State: r.State,
		ClaimedAt: db.Time(r.ClaimedAt), Locked: r.Locked}
	var ids []string
	if err := errors.Join(unpack(r.Services, &ids), unpack(r.Wishes, &c.Wishes), unpack(r.Reasons, &c.Reasons)); err != nil {
		return c, err
	}
	for _, id := range ids {
		c.Services = append(c.Services, services[id])
	}
	if r.HoldID != "" {
		c.Holding = &Holding{ID: r.HoldID, BoothID: r.BoothID, Code: r.Code, Zone: r.Zone, Why: r.Why, Score: r.Score}
		if err := unpack(r.Because, &c.Holding.Reasons); err != nil {
			return c, err
		}
	}
	if r.OfferID != "" {
		c.Offer = &Offer{ID: r.OfferID, DayID: r.DayID, ClaimID: r.ID, PartnerID: r.PartnerID, BoothID: r.OfferedID, Code: r.Offered, ExpiresAt: db.Time(r.ExpiresAt)}
	}
	return c, nil
}

// claims turns rows into claims; services are those of the same claims.
func claims(rows []claimRow, services []serviceRow) ([]Claim, error) {
	byID := map[string]Offering{}
	for _, r := range services {
		o, err := r.offering()
		if err != nil {
			return nil, err
		}
		byID[o.ID] = o
	}
	out, position := make([]Claim, len(rows)), 0
	for i, r := range rows {
		var err error
		if out[i], err = r.claim(byID); err != nil {
			return nil, err
		}
		if r.State == ClaimWaiting {
			position++
			out[i].Position = position
		}
	}
	return out, nil
}

func claimsOfDay(tx *db.Tx, dayID string) ([]Claim, error) {
	var rows []claimRow
	if err := tx.Select(&rows, claimQuery+`WHERE c.day_id = $1`+claimOrder, dayID); err != nil {
		return nil, err
	}
	var services []serviceRow
	if err := tx.Select(&services, `SELECT `+serviceColumns+` FROM booths_services s
		WHERE s.partner_id IN (SELECT partner_id FROM booths_claims WHERE day_id = $1)`, dayID); err != nil {
		return nil, err
	}
	return claims(rows, services)
}

func claimsOfDayAndPartner(tx *db.Tx, dayID, partnerID string) ([]Claim, error) {
	return claimsWhere(tx, partnerID, `WHERE c.day_id = $1 AND c.partner_id = $2`, dayID, partnerID)
}

// claimsOfPartner reads a partner's claims; positions are counted per day.
func claimsOfPartner(tx *db.Tx, communityID, partnerID string) ([]Claim, error) {
	out, err := claimsWhere(tx, partnerID, `JOIN booths_days d ON d.id = c.day_id WHERE c.partner_id = $1 AND d.community_id = $2`, partnerID, communityID)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].State != ClaimWaiting {
			continue
		}
		if err := tx.Get(&out[i].Position, `SELECT COUNT(*) FROM booths_claims c, booths_claims me
			WHERE me.id = $1 AND c.day_id = me.day_id AND c.state = 'waiting' AND c.wait_order <= me.wait_order`, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func claimsWhere(tx *db.Tx, partnerID, where string, args ...any) ([]Claim, error) {
	var rows []claimRow
	if err := tx.Select(&rows, claimQuery+where+claimOrder, args...); err != nil {
		return nil, err
	}
	var services []serviceRow
	if err := tx.Select(&services, `SELECT `+serviceColumns+` FROM booths_services s WHERE s.partner_id = $1`, partnerID); err != nil {
		return nil, err
	}
	return claims(rows, services)
}

func claimByID(tx *db.Tx, day Day, id string) (Claim, error) {
	all, err := claimsWhere(tx, ownerOf(tx, id), `WHERE c.id = $1 AND c.day_id = $2`, id, day.ID)
	if err != nil {
		return Claim{}, err
	}
	if len(all) == 0 {
		return Claim{}, noClaim()
	}
	c := all[0]
	if c.State == ClaimWaiting {
		err = tx.Get(&c.Position, `SELECT COUNT(*) FROM booths_claims c, booths_claims me
			WHERE me.id = $1 AND c.day_id = me.day_id AND c.state = 'waiting' AND c.wait_order <= me.wait_order`, id)
	}
	return c, err
}

func ownerOf(tx *db.Tx, claimID string) string {
	_, partner, err := whoseClaim(tx, claimID)
	if err != nil {
		return ""
	}
	return partner
}

func whoseClaim(tx *db.Tx, id string) (dayID, partnerID string, err error) {
	var r struct {
		DayID     string `db:"day_id"`
		PartnerID string `db:"partner_id"`
	}
	err = tx.Get(&r, `SELECT day_id, partner_id FROM booths_claims WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return "", "", noClaim()
	}
	return r.DayID, r.PartnerID, err
}

// serviceIDs is how a claim remembers its services: sorted, so that the unique
// index sees the same place twice.
func serviceIDs(list []Offering) string {
	ids := []string{}
	for _, o := range list {
		ids = append(ids, o.ID)
	}
	slices.Sort(ids)
	return pack(ids)
}

func insertClaim(tx *db.Tx, c Claim) (int64, error) {
	return tx.Exec(`INSERT INTO booths_claims (id, day_id, partner_id, services, wishes, standing, state, wait_order, reasons, claimed_at, changed_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,0,'',$8,$8) ON CONFLICT DO NOTHING`,
		c.ID, c.DayID, c.PartnerID, serviceIDs(c.Services), pack(c.Wishes), c.Standing, c.State, db.Micros(tx.Now))
}

func setClaim(tx *db.Tx, id, state string) error {
	_, err := tx.Exec(`UPDATE booths_claims SET state = $2, changed_at = $3 WHERE id = $1`, id, state, db.Micros(tx.Now))
	return err
}

// deleteUntouched deletes a claim that nobody has changed or decided about since
// it was made; 0 when somebody has.
func deleteUntouched(tx *db.Tx, id string) (int64, error) {
	return tx.Exec(`DELETE FROM booths_claims WHERE id = $1 AND state = 'claimed' AND changed_at = claimed_at
		AND NOT EXISTS (SELECT 1 FROM booths_locks WHERE claim_id = $1) AND NOT EXISTS (SELECT 1 FROM booths_changes WHERE claim_id = $1)
		AND NOT EXISTS (SELECT 1 FROM booths_assignments WHERE claim_id = $1) AND NOT EXISTS (SELECT 1 FROM booths_offers WHERE claim_id = $1)`, id)
}

// waitLast puts a claim at the end of the waitlist, waitFirst at its head. The
// caller holds the day's lock.
func waitLast(tx *db.Tx, id string, reasons []text.Reason) error {
	return wait(tx, id, reasons, `(SELECT COALESCE(MAX(o.wait_order), 0) + 1 FROM booths_claims o
		WHERE o.day_id = (SELECT day_id FROM booths_claims WHERE id = $1) AND o.state = 'waiting')`)
}

func waitFirst(tx *db.Tx, id string, reasons []text.Reason) error {
	return wait(tx, id, reasons, `(SELECT COALESCE(MIN(o.wait_order), 0) - 1 FROM booths_claims o
		WHERE o.day_id = (SELECT day_id FROM booths_claims WHERE id = $1) AND o.state = 'waiting')`)
}

func wait(tx *db.Tx, id string, reasons []text.Reason, order string) error {
	_, err := tx.Exec(`UPDATE booths_claims SET state = 'waiting', reasons = $2, changed_at = $3, wait_order = `+order+` WHERE id = $1`,
		id, pack(reasons), db.Micros(tx.Now))
	return err
}

func daysSince(tx *db.Tx, communityID string, since time.Time) ([]Day, error) {
	var rows []dayRow
	if err := tx.Select(&rows, `SELECT `+dayColumns+` FROM booths_days d WHERE d.community_id = $1 AND d.opens_at >= $2 ORDER BY d.opens_at, d.id`,
		communityID, db.Micros(since)); err != nil {
		return nil, err
	}
	out := make([]Day, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.day(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// insertHolding gives a booth to a claim. 0 rows: another claim holds the
// booth, or this claim holds another booth – the unique indexes decide (G5).
func insertHolding(tx *db.Tx, dayID string, c Claim, h Holding) (int64, error) {
	return tx.Exec(`INSERT INTO booths_assignments (id, day_id, booth_id, claim_id, partner_id, score, reasons, why, state, assigned_at, ended_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'live',$9,0) ON CONFLICT DO NOTHING`,
		h.ID, dayID, h.BoothID, c.ID, c.PartnerID, h.Score, pack(h.Reasons), h.Why, db.Micros(tx.Now))
}

func endHolding(tx *db.Tx, id, state string) error {
	n, err := tx.Exec(`UPDATE booths_assignments SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'live'`, id, state, db.Micros(tx.Now))
	if err == nil && n == 0 {
		return fault.Conflict("booth.released", "assignment", "this booth was given back already")
	}
	return err
}

func whoseHolding(tx *db.Tx, id string) (claimID string, err error) {
	err = tx.Get(&claimID, `SELECT claim_id FROM booths_assignments WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.NotFound("assignment.unknown", "assignment", "there is no such assignment here")
	}
	return claimID, err
}
