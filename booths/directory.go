package booths

import "yiji/internal/db"

// PartnerIDs lists the partners of a community who are not archived, for those
// who tell everybody something.
func (s *Service) PartnerIDs(tx *db.Tx, communityID string) (ids []string, err error) {
	err = tx.Select(&ids, `SELECT id FROM booths_partners WHERE community_id = $1 AND state = 'active' ORDER BY id`, communityID)
	return ids, err
}
