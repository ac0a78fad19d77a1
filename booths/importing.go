package booths

import (
	"context"
	"fmt"
	"reflect"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Imported says what an import did. Partners maps names to ids.
type Imported struct {
	Partners  map[string]string `json:"partners"`
	Created   int               `json:"created"`
	Changed   int               `json:"changed"`
	Unchanged int               `json:"unchanged"`
	Booths    int               `json:"booths"`
}

// Import writes the ground and the partners of a roster, all or nothing.
// Partners are known by name: one that is there is changed, its contact kept
// where the roster names none. With no marketID, or with a roster without
// booths, only partners are written. Partners marked standing get their places
// as standing places of the market.
func (s *Service) Import(ctx context.Context, communityID, marketID string, r Roster) (Imported, error) {
	if err := r.Check(); err != nil {
		return Imported{}, err
	}
	var out Imported
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		out = Imported{Partners: map[string]string{}}
		if marketID != "" && len(r.Booths) > 0 {
			if err := s.layGround(tx, communityID, marketID, r.Layout); err != nil {
				return err
			}
			out.Booths = len(r.Booths)
		}
		known, err := idsByName(tx, communityID)
		if err != nil {
			return err
		}
		for i, rp := range r.Partners {
			before, err := s.known(tx, communityID, known[nameKey(rp.Name)])
			if err != nil {
				return err
			}
			p, err := s.importPartner(tx, before, rp)
			if err != nil {
				return fault.From(err).In(fmt.Sprintf("partners[%d]", i))
			}
			out.Partners[rp.Name] = p.ID
			if marketID != "" && rp.Standing {
				if err := replaceStanding(tx, p, marketID, rp.standing(p)); err != nil {
					return err
				}
			}
			after, err := s.known(tx, communityID, p.ID)
			switch {
			case err != nil:
				return err
			case before.ID == "":
				out.Created++
			case reflect.DeepEqual(before, after):
				out.Unchanged++
			default:
				out.Changed++
			}
		}
		return nil
	})
	return out, err
}

// known is a partner with its contact; without an id one of the community that
// is not there yet.
func (s *Service) known(tx *db.Tx, communityID, id string) (Partner, error) {
	if id == "" {
		return Partner{CommunityID: communityID}, nil
	}
	p, sealed, err := partnerByID(tx, communityID, id)
	if err == nil {
		p.Contact, err = s.openContact(sealed)
	}
	return p, err
}

func (s *Service) importPartner(tx *db.Tx, old Partner, rp RosterPartner) (Partner, error) {
	p := Partner{ID: old.ID, CommunityID: old.CommunityID, Name: rp.Name, Kind: rp.Kind, Category: rp.Category,
		Loud: rp.Loud, W: rp.W, H: rp.H, Services: rp.Services, Qualifications: old.Qualifications, Contact: rp.Contact}
	if p.Contact == (Contact{}) {
		p.Contact = old.Contact
	}
	if err := p.Check(); err != nil {
		return p, err
	}
	return s.savePartner(tx, p)
}

// standing turns the places of a roster into standing places.
func (rp RosterPartner) standing(p Partner) []Standing {
	ids := map[string]string{}
	for _, o := range p.Services {
		ids[o.Name] = o.ID
	}
	var out []Standing
	for _, place := range rp.places() {
		st := Standing{Wishes: rp.Wishes}
		for _, name := range place.Services {
			st.Services = append(st.Services, ids[name])
		}
		out = append(out, st)
	}
	return out
}

// Asks turns the places a roster's partner wants into claims, for a partner
// that was imported: what `yiji demo` claims over HTTP.
func (rp RosterPartner) Asks(p Partner) []Ask {
	var out []Ask
	for _, st := range rp.standing(p) {
		out = append(out, Ask{PartnerID: p.ID, Services: st.Services, Wishes: st.Wishes})
	}
	return out
}
