package booths

import (
	"context"
	"slices"

	"yiji/internal/db"
)

// Contacts opens the contacts of a community's partners, for those who call
// them; partners without one are left out. With no ids it opens all.
func (s *Service) Contacts(ctx context.Context, communityID string, ids ...string) (out map[string]Contact, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err := partnersOf(tx, communityID)
		if err != nil {
			return err
		}
		var own []string
		for _, p := range all {
			if len(ids) == 0 || slices.Contains(ids, p.ID) {
				own = append(own, p.ID)
			}
		}
		out, err = s.PartnerContacts(tx, own)
		return err
	})
	return out, err
}

// Export is the ground of a market and the partners in use as a roster, with
// their contacts and standing places. Importing it again changes nothing that
// the file can say.
func (s *Service) Export(ctx context.Context, communityID, marketID string) (Roster, error) {
	var r Roster
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r = Roster{}
		var err error
		if r.Layout, _, err = layoutOf(tx, communityID, marketID); err != nil {
			return err
		}
		all, err := partnersOf(tx, communityID)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(p Partner) bool { return p.Archived })
		ids := make([]string, len(all))
		for i, p := range all {
			ids[i] = p.ID
		}
		contacts, err := s.PartnerContacts(tx, ids)
		if err != nil {
			return err
		}
		for _, p := range all {
			p.Contact = contacts[p.ID]
			r.Partners = append(r.Partners, p.written(marketID, r.Booths))
		}
		return nil
	})
	return r, err
}

// written is the partner as a roster says it, standing at one market.
func (p Partner) written(marketID string, ground []Booth) RosterPartner {
	rp := RosterPartner{Name: p.Name, Kind: p.Kind, Category: p.Category, Loud: p.Loud, W: p.W, H: p.H, Contact: p.Contact}
	names := map[string]string{}
	for _, o := range p.Services {
		names[o.ID] = o.Name
		o.ID = ""
		rp.Services = append(rp.Services, o)
	}
	for _, st := range p.Standing {
		if st.MarketID != marketID {
			continue
		}
		rp.Standing = true
		for _, code := range st.Wishes.Booths {
			if slices.ContainsFunc(ground, func(b Booth) bool { return b.Code == code }) && !slices.Contains(rp.Wishes.Booths, code) {
				rp.Wishes.Booths = append(rp.Wishes.Booths, code)
			}
		}
		place := RosterPlace{}
		for _, id := range st.Services {
			if names[id] != "" {
				place.Services = append(place.Services, names[id])
			}
		}
		if len(place.Services) > 0 {
			rp.Places = append(rp.Places, place)
		}
	}
	return rp
}
