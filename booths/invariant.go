package booths

import "yiji/internal/db"

// Invariants are what must hold for this package's tables at every commit.
var Invariants = []db.Invariant{
	{Name: "booths: two claims hold one booth", SQL: `SELECT day_id FROM booths_assignments WHERE state = 'live' GROUP BY day_id, booth_id HAVING COUNT(*) > 1`},
	{Name: "booths: one claim holds two booths", SQL: `SELECT claim_id FROM booths_assignments WHERE state = 'live' GROUP BY claim_id HAVING COUNT(*) > 1`},
	{Name: "booths: a placed claim has no booth", SQL: `SELECT c.id FROM booths_claims c WHERE c.state = 'placed'
		AND NOT EXISTS (SELECT 1 FROM booths_assignments a WHERE a.claim_id = c.id AND a.state = 'live')`},
	{Name: "booths: a booth is held by a claim that is not placed", SQL: `SELECT a.id FROM booths_assignments a JOIN booths_claims c ON c.id = a.claim_id
		WHERE a.state = 'live' AND c.state <> 'placed'`},
	{Name: "booths: a booth is held and offered at once", SQL: `SELECT o.id FROM booths_offers o
		JOIN booths_assignments a ON a.day_id = o.day_id AND a.booth_id = o.booth_id AND a.state = 'live' WHERE o.state = 'open'`},
	{Name: "booths: an open offer to a claim that does not wait", SQL: `SELECT o.id FROM booths_offers o JOIN booths_claims c ON c.id = o.claim_id
		WHERE o.state = 'open' AND c.state <> 'waiting'`},
	{Name: "booths: an offer lasts beyond the opening", SQL: `SELECT o.id FROM booths_offers o JOIN booths_days d ON d.id = o.day_id
		WHERE o.state = 'open' AND o.expires_at > d.opens_at`},
	{Name: "booths: an assignment on a booth of another day", SQL: `SELECT a.id FROM booths_assignments a JOIN booths_booths b ON b.id = a.booth_id
		JOIN booths_claims c ON c.id = a.claim_id WHERE b.day_id <> a.day_id OR c.day_id <> a.day_id OR c.partner_id <> a.partner_id`},
	{Name: "booths: a cancelled day holds something", SQL: `SELECT a.id FROM booths_assignments a JOIN booths_days d ON d.id = a.day_id
		WHERE a.state = 'live' AND d.state IN ('cancelled', 'missed')`},
}
