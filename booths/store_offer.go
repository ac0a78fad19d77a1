package booths

import (
	"database/sql"
	"errors"
	"time"

	"yiji/internal/db"
)

type offerRow struct {
	ID        string `db:"id"`
	DayID     string `db:"day_id"`
	BoothID   string `db:"booth_id"`
	ClaimID   string `db:"claim_id"`
	PartnerID string `db:"partner_id"`
	State     string `db:"state"`
	ExpiresAt int64  `db:"expires_at"`
}

type dueOffer struct {
	ID          string `db:"id"`
	DayID       string `db:"day_id"`
	CommunityID string `db:"community_id"`
}

func insertOffer(tx *db.Tx, o *Offer) error {
	_, err := tx.Exec(`INSERT INTO booths_offers (id, day_id, booth_id, claim_id, partner_id, state, made_at, expires_at, ended_at)
		VALUES ($1,$2,$3,$4,$5,'open',$6,$7,0)`, o.ID, o.DayID, o.BoothID, o.ClaimID, o.PartnerID, db.Micros(tx.Now), db.Micros(o.ExpiresAt))
	return err
}

func closeOffer(tx *db.Tx, id, how string) (int64, error) {
	return tx.Exec(`UPDATE booths_offers SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'open'`, id, how, db.Micros(tx.Now))
}

// voidOffers takes away the open offers of a day, a booth or a claim.
func voidOffers(tx *db.Tx, column, id string) error {
	_, err := tx.Exec(`UPDATE booths_offers SET state = 'void', ended_at = $2 WHERE `+column+` = $1 AND state = 'open'`, id, db.Micros(tx.Now))
	return err
}

// shortenOffers keeps offers from lasting beyond a day's new opening.
func shortenOffers(tx *db.Tx, dayID string, opens time.Time) error {
	_, err := tx.Exec(`UPDATE booths_offers SET expires_at = $2 WHERE day_id = $1 AND state = 'open' AND expires_at > $2`, dayID, db.Micros(opens))
	return err
}

func offerByID(tx *db.Tx, id string) (offerRow, bool, error) {
	var r offerRow
	err := tx.Get(&r, `SELECT id, day_id, booth_id, claim_id, partner_id, state, expires_at FROM booths_offers WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// openOfferAt returns the claim a booth is offered to, "" for none.
func openOfferAt(tx *db.Tx, dayID, boothID string) (claimID string, err error) {
	err = tx.Get(&claimID, `SELECT claim_id FROM booths_offers WHERE day_id = $1 AND booth_id = $2 AND state = 'open'`, dayID, boothID)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return claimID, err
}

// offeredBefore is the set of claim id + booth id that had an offer on a day.
func offeredBefore(tx *db.Tx, dayID string) (map[string]bool, error) {
	var rows []offerRow
	err := tx.Select(&rows, `SELECT id, day_id, booth_id, claim_id, partner_id, state, expires_at FROM booths_offers WHERE day_id = $1`, dayID)
	out := map[string]bool{}
	for _, r := range rows {
		out[r.ClaimID+r.BoothID] = true
	}
	return out, err
}

func freeBooths(tx *db.Tx, day Day) ([]Booth, error) {
	var rows []boothRow
	if err := tx.Select(&rows, `SELECT b.id, b.code, b.zone, b.x, b.y, b.w, b.h, b.features FROM booths_booths b WHERE b.day_id = $1
		AND NOT EXISTS (SELECT 1 FROM booths_assignments a WHERE a.day_id = $1 AND a.booth_id = b.id AND a.state = 'live')
		AND NOT EXISTS (SELECT 1 FROM booths_offers o WHERE o.day_id = $1 AND o.booth_id = b.id AND o.state = 'open')
		ORDER BY b.code`, day.ID); err != nil {
		return nil, err
	}
	out := make([]Booth, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.booth(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func dueOffers(tx *db.Tx, limit int) ([]dueOffer, error) {
	var out []dueOffer
	err := tx.Select(&out, `SELECT o.id, o.day_id, d.community_id FROM booths_offers o JOIN booths_days d ON d.id = o.day_id
		WHERE o.state = 'open' AND o.expires_at <= $1 ORDER BY o.expires_at, o.id LIMIT $2`, db.Micros(tx.Now), limit)
	return out, err
}

func nextDeadline(tx *db.Tx) (time.Time, error) {
	var µs sql.NullInt64
	if err := tx.Get(&µs, `SELECT MIN(expires_at) FROM booths_offers WHERE state = 'open'`); err != nil || !µs.Valid {
		return time.Time{}, err
	}
	return db.Time(µs.Int64), nil
}
