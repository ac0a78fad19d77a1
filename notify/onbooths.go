package notify

import (
	"yiji/internal/db"
	"yiji/internal/event"
)

// ClaimMade remembers who asked, to tell them about a move or a cancellation.
func (s *Service) ClaimMade(tx *db.Tx, e event.ClaimMade) error {
	if _, err := day(tx, e.DayID); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO notify_claims (claim_id, day_id, partner_id) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`,
		e.ClaimID, e.DayID, e.PartnerID)
	return err
}

// ClaimWithdrawn forgets the claim.
func (s *Service) ClaimWithdrawn(tx *db.Tx, e event.ClaimWithdrawn) error {
	_, err := tx.Exec(`DELETE FROM notify_claims WHERE claim_id = $1`, e.ClaimID)
	return err
}

// BoothsPublished tells each partner its booths or its place on the waitlist, in
// one message however many claims it has, and the organizers the totals.
func (s *Service) BoothsPublished(tx *db.Tx, e event.BoothsPublished) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	for _, p := range e.Places {
		if err := addPlace(tx, e.DayID, p); err != nil {
			return err
		}
	}
	n := draft{kind: BoothsPublished, day: d, due: tx.Now, until: db.Time(d.ClosesAt), hold: optional(d.HoldUntil)}
	ids, booths, err := boothsOf(tx, e.DayID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		n.p = d.params()
		n.p.Booths = booths[id]
		if err := s.toPartner(tx, n, id); err != nil {
			return err
		}
	}
	for _, w := range e.Waitlist {
		if booths[w.PartnerID] != nil {
			continue
		}
		n.p = d.params()
		n.p.Position = w.Position
		if err := s.toPartner(tx, n, w.PartnerID); err != nil {
			return err
		}
	}
	n.kind, n.p = PlanPublished, d.params()
	n.p.Places, n.p.Waiting = len(e.Places), len(e.Waitlist)
	if err := s.toStaff(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

func addPlace(tx *db.Tx, dayID string, p event.Place) error {
	_, err := tx.Exec(`INSERT INTO notify_places (assignment_id, day_id, partner_id, booth_code) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`,
		p.AssignmentID, dayID, p.PartnerID, p.BoothCode)
	return err
}

// BoothAssigned tells the partner of a single place given after publication.
func (s *Service) BoothAssigned(tx *db.Tx, e event.BoothAssigned) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if err := addPlace(tx, e.DayID, e.Place); err != nil {
		return err
	}
	n := draft{kind: BoothAssigned, day: d, reason: "booth_assigned:" + e.Place.AssignmentID, due: tx.Now, until: db.Time(d.ClosesAt), p: d.params()}
	n.p.Booths = []string{e.Place.BoothCode}
	if err := s.toPartner(tx, n, e.Place.PartnerID); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, e.Place.AssignmentID)
}

// BoothReleased tells the partner, and the organizers that a place is empty.
func (s *Service) BoothReleased(tx *db.Tx, e event.BoothReleased) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM notify_places WHERE assignment_id = $1`, e.AssignmentID); err != nil {
		return err
	}
	n := draft{kind: BoothReleased, day: d, reason: "booth_released:" + e.AssignmentID, due: tx.Now, until: db.Time(d.ClosesAt), p: d.params()}
	n.p.Booths, n.p.How = []string{e.BoothCode}, e.Why
	if err := s.toPartner(tx, n, e.PartnerID); err != nil {
		return err
	}
	n.kind, n.reason = BoothFree, "booth_free:"+e.AssignmentID
	if err := s.toStaff(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, e.AssignmentID)
}

// OfferMade asks the partner whose turn it is; of no use once the offer is over.
func (s *Service) OfferMade(tx *db.Tx, e event.OfferMade) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	n := draft{kind: OfferMade, day: d, reason: "offer_made:" + e.OfferID, due: tx.Now, until: e.ExpiresAt, p: d.params()}
	n.p.Booths, n.p.Offer, n.p.Expires = []string{e.BoothCode}, e.OfferID, db.Micros(e.ExpiresAt)
	return s.toPartner(tx, n, e.PartnerID)
}

// OfferEnded tells the partner that the offer is over and takes back a question that is still waiting.
func (s *Service) OfferEnded(tx *db.Tx, e event.OfferEnded) error {
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	var asked []string
	if err := tx.Select(&asked, `SELECT params FROM notify_deliveries WHERE reason = $1`, "offer_made:"+e.OfferID); err != nil {
		return err
	}
	n := draft{kind: OfferEnded, day: d, reason: "offer_ended:" + e.OfferID, due: tx.Now, until: db.Time(d.ClosesAt), p: d.params()}
	n.p.Offer, n.p.How = e.OfferID, e.How
	for _, raw := range asked {
		if p, err := (deliveryRow{Params: raw}).decoded(); err == nil {
			n.p.Booths = p.Booths
		}
	}
	if _, err := tx.Exec(`UPDATE notify_deliveries SET useful_until = $1 WHERE reason = $2 AND state IN ('queued', 'retry', 'sending')`,
		db.Micros(tx.Now), "offer_made:"+e.OfferID); err != nil {
		return err
	}
	return s.toPartner(tx, n, e.PartnerID)
}

// DayCounted writes the closing messages.
func (s *Service) DayCounted(tx *db.Tx, e event.DayCounted) error {
	if _, err := tx.Exec(`UPDATE notify_days SET state = 'counted' WHERE day_id = $1 AND state IN ('planned', 'open', 'closed')`, e.DayID); err != nil {
		return err
	}
	d, err := day(tx, e.DayID)
	if err != nil {
		return err
	}
	p := d.params()
	p.NextDay, p.NextDate = e.NextDay, e.NextDate
	p.Minutes = d.presence(db.Micros(e.ClosedAt))
	if err := s.thankPartners(tx, d, p, e); err != nil {
		return err
	}
	n := draft{kind: ClosingResident, day: d, due: e.ClosedAt, p: p}
	if err := s.toResidents(tx, n, func(r subscriptionRow) bool { return r.Closing }); err != nil {
		return err
	}
	n.kind = ClosingOrganizer
	n.p.Residents, n.p.Tickets, n.p.CarriedOver = e.Residents, e.Tickets, e.CarriedOver
	for _, l := range e.Lines {
		n.p.Served, n.p.Missed = n.p.Served+l.Served, n.p.Missed+l.Missed
		n.p.Lines = append(n.p.Lines, lineCount{Service: l.Service, Issued: l.Issued, Served: l.Served, Missed: l.Missed})
	}
	if err := s.toStaff(tx, n); err != nil {
		return err
	}
	return s.toWebhooks(tx, d, e, "")
}

// presence is how many minutes the market ran.
func (d dayRow) presence(closedAt int64) int64 {
	from := d.OpensAt
	if d.OpenedAt != 0 {
		from = d.OpenedAt
	}
	return max(closedAt-from, 0) / 60_000_000
}

// thankPartners writes to everybody who had a place or ran a line, with its own numbers only.
func (s *Service) thankPartners(tx *db.Tx, d dayRow, p params, e event.DayCounted) error {
	ids, _, err := boothsOf(tx, d.DayID)
	if err != nil {
		return err
	}
	own := map[string]*params{}
	for _, id := range ids {
		mine := p
		own[id] = &mine
	}
	for _, l := range e.Lines {
		mine := own[l.PartnerID]
		if mine == nil {
			fresh := p
			mine, ids = &fresh, append(ids, l.PartnerID)
			own[l.PartnerID] = mine
		}
		mine.Tickets, mine.Served, mine.Missed = mine.Tickets+l.Issued, mine.Served+l.Served, mine.Missed+l.Missed
	}
	for _, id := range ids {
		if err := s.toPartner(tx, draft{kind: ClosingPartner, day: d, due: e.ClosedAt, p: *own[id]}, id); err != nil {
			return err
		}
	}
	return nil
}
