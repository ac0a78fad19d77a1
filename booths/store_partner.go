package booths

import (
	"errors"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

type partnerRow struct {
	ID          string `db:"id"`
	CommunityID string `db:"community_id"`
	Name        string `db:"name"`
	Kind        string `db:"kind"`
	Category    string `db:"category"`
	Loud        bool   `db:"loud"`
	W           CM     `db:"w"`
	H           CM     `db:"h"`
	Contact     string `db:"contact"`
	State       string `db:"state"`
}

const partnerColumns = `p.id, p.community_id, p.name, p.kind, p.category, p.loud, p.w, p.h, p.contact, p.state`

func (r partnerRow) partner() Partner {
	return Partner{ID: r.ID, CommunityID: r.CommunityID, Name: r.Name, Kind: r.Kind, Category: r.Category,
		Loud: r.Loud, W: r.W, H: r.H, Archived: r.State == "archived"}
}

type serviceRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	Name      string `db:"name"`
	Kind      string `db:"kind"`
	Minutes   int    `db:"minutes"`
	Stock     int    `db:"stock"`
	Needs     string `db:"needs"`
	Price     int    `db:"price"`
	Shows     string `db:"shows"`
	Loud      bool   `db:"loud"`
	Retired   bool   `db:"retired"`
}

const serviceColumns = `s.id, s.partner_id, s.name, s.kind, s.minutes, s.stock, s.needs, s.price, s.shows, s.loud, s.retired`

func (r serviceRow) offering() (Offering, error) {
	o := Offering{ID: r.ID, Name: r.Name, Kind: r.Kind, Minutes: r.Minutes, Stock: r.Stock, Price: r.Price, Shows: r.Shows, Loud: r.Loud}
	return o, unpack(r.Needs, &o.Needs)
}

type standingRow struct {
	PartnerID string `db:"partner_id"`
	MarketID  string `db:"market_id"`
	Services  string `db:"services"`
	Wishes    string `db:"wishes"`
}

func (r standingRow) standing() (Standing, error) {
	out := Standing{MarketID: r.MarketID}
	if err := unpack(r.Services, &out.Services); err != nil {
		return out, err
	}
	return out, unpack(r.Wishes, &out.Wishes)
}

// partnersOf reads all partners of a community with everything but contacts.
func partnersOf(tx *db.Tx, communityID string) ([]Partner, error) {
	var rows []partnerRow
	if err := tx.Select(&rows, `SELECT `+partnerColumns+` FROM booths_partners p WHERE p.community_id = $1
		ORDER BY p.state, p.sort_key, p.id`, communityID); err != nil {
		return nil, err
	}
	var services []serviceRow
	if err := tx.Select(&services, `SELECT `+serviceColumns+` FROM booths_services s JOIN booths_partners p ON p.id = s.partner_id
		WHERE p.community_id = $1 AND NOT s.retired ORDER BY s.partner_id, s.position`, communityID); err != nil {
		return nil, err
	}
	var standing []standingRow
	if err := tx.Select(&standing, `SELECT partner_id, market_id, services, wishes FROM booths_standing
		WHERE community_id = $1 ORDER BY partner_id, market_id, place`, communityID); err != nil {
		return nil, err
	}
	var quals []struct {
		PartnerID string `db:"partner_id"`
		Qualification
	}
	if err := tx.Select(&quals, `SELECT q.partner_id, q.name, q.number, q.expires_on FROM booths_qualifications q
		JOIN booths_partners p ON p.id = q.partner_id WHERE p.community_id = $1 ORDER BY q.partner_id, q.position`, communityID); err != nil {
		return nil, err
	}
	out, at := make([]Partner, len(rows)), map[string]*Partner{}
	for i, r := range rows {
		out[i] = r.partner()
		at[r.ID] = &out[i]
	}
	for _, q := range quals {
		at[q.PartnerID].Qualifications = append(at[q.PartnerID].Qualifications, q.Qualification)
	}
	return out, hang(at, services, standing)
}

// hang puts services and standing places to their partners.
func hang(at map[string]*Partner, services []serviceRow, standing []standingRow) error {
	for _, r := range services {
		o, err := r.offering()
		if err != nil {
			return err
		}
		at[r.PartnerID].Services = append(at[r.PartnerID].Services, o)
	}
	for _, r := range standing {
		st, err := r.standing()
		if err != nil {
			return err
		}
		at[r.PartnerID].Standing = append(at[r.PartnerID].Standing, st)
	}
	return nil
}

// partnerByID reads one partner and its sealed contact.
func partnerByID(tx *db.Tx, communityID, id string) (Partner, string, error) {
	var r partnerRow
	err := tx.Get(&r, `SELECT `+partnerColumns+` FROM booths_partners p WHERE p.id = $1 AND p.community_id = $2`, id, communityID)
	if errors.Is(err, db.ErrNoRows) {
		return Partner{}, "", noPartner()
	}
	if err != nil {
		return Partner{}, "", err
	}
	p := r.partner()
	var services []serviceRow
	if err := tx.Select(&services, `SELECT `+serviceColumns+` FROM booths_services s WHERE s.partner_id = $1 AND NOT s.retired ORDER BY s.position`, id); err != nil {
		return p, "", err
	}
	var standing []standingRow
	if err := tx.Select(&standing, `SELECT partner_id, market_id, services, wishes FROM booths_standing WHERE partner_id = $1 ORDER BY market_id, place`, id); err != nil {
		return p, "", err
	}
	if err := tx.Select(&p.Qualifications, `SELECT name, number, expires_on FROM booths_qualifications WHERE partner_id = $1 ORDER BY position`, id); err != nil {
		return p, "", err
	}
	return p, r.Contact, hang(map[string]*Partner{id: &p}, services, standing)
}

// savePartner writes a partner with its services and qualifications.
func (s *Service) savePartner(tx *db.Tx, p Partner) (Partner, error) {
	p.Name = text.Shown(p.Name)
	sealed, err := s.sealContact(p.Contact)
	if err != nil {
		return p, err
	}
	now := db.Micros(tx.Now)
	var n int64
	if p.ID == "" {
		p.ID = db.NewID()
		n, err = tx.Exec(`INSERT INTO booths_partners (id, community_id, name, name_key, sort_key, kind, category, loud, w, h, contact, state, created_at, changed_at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,'active',$12,$12) ON CONFLICT DO NOTHING`,
			p.ID, p.CommunityID, p.Name, nameKey(p.Name), sortKey(p.Name), p.Kind, p.Category, p.Loud, p.W, p.H, sealed, now)
	} else {
		if _, _, err := partnerByID(tx, p.CommunityID, p.ID); err != nil {
			return p, err
		}
		n, err = tx.Exec(`UPDATE booths_partners SET name=$2, name_key=$3, sort_key=$4, kind=$5, category=$6, loud=$7, w=$8, h=$9, contact=$10, changed_at=$11
			WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM booths_partners o WHERE o.community_id = $12 AND o.name_key = $3 AND o.id <> $1)`,
			p.ID, p.Name, nameKey(p.Name), sortKey(p.Name), p.Kind, p.Category, p.Loud, p.W, p.H, sealed, now, p.CommunityID)
	}
	if err != nil {
		return p, err
	}
	if n == 0 {
		return p, fault.Conflict("partner.twice", "name", "a partner called %q is already there", p.Name)
	}
	if p.Services, err = saveServices(tx, p); err != nil {
		return p, err
	}
	return p, saveQualifications(tx, p)
}

// saveServices keeps the ids of services by name and retires the rest.
func saveServices(tx *db.Tx, p Partner) ([]Offering, error) {
	var have []serviceRow
	if err := tx.Select(&have, `SELECT `+serviceColumns+` FROM booths_services s WHERE s.partner_id = $1 ORDER BY s.retired, s.position`, p.ID); err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for _, r := range have {
		if _, ok := byName[nameKey(r.Name)]; !ok {
			byName[nameKey(r.Name)] = r.ID
		}
	}
	if _, err := tx.Exec(`UPDATE booths_services SET retired = TRUE WHERE partner_id = $1`, p.ID); err != nil {
		return nil, err
	}
	out := append([]Offering(nil), p.Services...)
	for i := range out {
		o := &out[i]
		if o.ID = byName[nameKey(o.Name)]; o.ID == "" {
			o.ID = db.NewID()
		}
		if _, err := tx.Exec(`INSERT INTO booths_services (id, partner_id, position, name, kind, minutes, stock, needs, price, shows, loud, retired)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,FALSE)
			ON CONFLICT (id) DO UPDATE SET position=excluded.position, name=excluded.name, kind=excluded.kind, minutes=excluded.minutes,
				stock=excluded.stock, needs=excluded.needs, price=excluded.price, shows=excluded.shows, loud=excluded.loud, retired=FALSE`,
			o.ID, p.ID, i, o.Name, o.Kind, o.Minutes, o.Stock, pack(o.Needs), o.Price, o.Shows, o.Loud); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func saveQualifications(tx *db.Tx, p Partner) error {
	if _, err := tx.Exec(`DELETE FROM booths_qualifications WHERE partner_id = $1`, p.ID); err != nil {
		return err
	}
	for i, q := range p.Qualifications {
		if _, err := tx.Exec(`INSERT INTO booths_qualifications (partner_id, position, name, number, expires_on) VALUES ($1,$2,$3,$4,$5)`,
			p.ID, i, q.Name, q.Number, q.ExpiresOn); err != nil {
			return err
		}
	}
	return nil
}

func setArchived(tx *db.Tx, id string, archived bool) error {
	state := "active"
	if archived {
		state = "archived"
	}
	_, err := tx.Exec(`UPDATE booths_partners SET state = $2, changed_at = $3 WHERE id = $1`, id, state, db.Micros(tx.Now))
	return err
}

func replaceStanding(tx *db.Tx, p Partner, marketID string, places []Standing) error {
	if _, err := tx.Exec(`DELETE FROM booths_standing WHERE partner_id = $1 AND market_id = $2`, p.ID, marketID); err != nil {
		return err
	}
	for i, place := range places {
		if _, err := tx.Exec(`INSERT INTO booths_standing (partner_id, market_id, place, community_id, services, wishes, since) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
			p.ID, marketID, i, p.CommunityID, pack(place.Services), pack(place.Wishes), db.Micros(tx.Now)); err != nil {
			return err
		}
	}
	return nil
}

func sealedContacts(tx *db.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		ID      string `db:"id"`
		Contact string `db:"contact"`
	}
	err := tx.SelectIn(&rows, `SELECT id, contact FROM booths_partners WHERE id IN (?) AND contact <> ''`, ids)
	for _, r := range rows {
		out[r.ID] = r.Contact
	}
	return out, err
}

func partnerNames(tx *db.Tx, ids []string) (map[string]string, error) {
	out := map[string]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	err := tx.SelectIn(&rows, `SELECT id, name FROM booths_partners WHERE id IN (?)`, ids)
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

func idsByName(tx *db.Tx, communityID string) (map[string]string, error) {
	var rows []struct {
		ID   string `db:"id"`
		Name string `db:"name_key"`
	}
	err := tx.Select(&rows, `SELECT id, name_key FROM booths_partners WHERE community_id = $1`, communityID)
	out := map[string]string{}
	for _, r := range rows {
		out[r.Name] = r.ID
	}
	return out, err
}
