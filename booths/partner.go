package booths

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mozillazg/go-pinyin"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Partner is an organisation or a person that brings services. Contact is
// filled only by Service.Partner and Service.Contacts.
type Partner struct {
	ID             string          `json:"id"`
	CommunityID    string          `json:"community"`
	Name           string          `json:"name"`
	Kind           string          `json:"kind"`
	Category       string          `json:"category"`
	Loud           bool            `json:"loud"`
	W              CM              `json:"w"`
	H              CM              `json:"h"`
	Archived       bool            `json:"archived"`
	Services       []Offering      `json:"services"`
	Qualifications []Qualification `json:"qualifications"`
	Standing       []Standing      `json:"standing"`
	Contact        Contact         `json:"-"`
}

// Qualification is a filing or certificate; ExpiresOn is a local date or "".
type Qualification struct {
	Name      string `json:"name" db:"name"`
	Number    string `json:"number" db:"number"`
	ExpiresOn string `json:"expires_on" db:"expires_on"`
}

// Expired reports whether the qualification is over on a local date.
func (q Qualification) Expired(on string) bool { return q.ExpiresOn != "" && q.ExpiresOn < on }

// Standing is one place a partner has on every day of a market (常驻).
// Services are ids; empty means all of the partner's services.
type Standing struct {
	MarketID string   `json:"market"`
	Services []string `json:"services,omitempty"`
	Wishes   Wishes   `json:"wishes,omitzero"`
}

// SavePartner creates a partner (ID empty) or changes it. Services keep their
// ids by name; services no longer named are retired, days that have them keep
// them. Standing is changed by SaveStanding. Answered with the partner saved.
func (s *Service) SavePartner(ctx context.Context, scope Scope, p Partner) (Partner, error) {
	p.CommunityID = scope.CommunityID
	p.Name = strings.TrimSpace(p.Name)
	if err := p.Check(); err != nil {
		return p, err
	}
	if !scope.partner(p.ID) {
		return p, noPartner()
	}
	contact := p.Contact
	var saved Partner
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		body := struct {
			Partner
			Contact Contact `json:"contact"`
		}{p, contact}
		return scope.once(tx, command{"partner", body}, &saved, func() (err error) {
			saved, err = s.savePartner(tx, p)
			return err
		})
	})
	saved.Contact = contact
	return saved, err
}

// Check reports what is wrong with the partner, naming every field.
func (p Partner) Check() error {
	var wrong fault.List
	wrong.Add(checkName(p.Name, "name"))
	if p.Kind != KindOrganisation && p.Kind != KindIndividual {
		wrong.Add(fault.Invalid("partner.kind_unknown", "kind", "%q is not organisation or individual", p.Kind))
	}
	if p.Category != "" {
		wrong.Add(checkToken(p.Category, "category"))
	}
	if p.W < 0 || p.H < 0 || p.W > maxMetres*100 || p.H > maxMetres*100 {
		wrong.Add(fault.Invalid("partner.size", "size", "the size is out of range"))
	}
	for i, q := range p.Qualifications {
		wrong.Add(q.check(fmt.Sprintf("qualifications[%d]", i)))
	}
	wrong.Add(p.Contact.check())
	wrong.Add(checkServices(p.Services, "services"))
	return wrong.Err()
}

func (q Qualification) check(at string) error {
	var wrong fault.List
	wrong.Add(checkName(q.Name, at+".name"))
	if q.Number != "" {
		wrong.Add(checkName(q.Number, at+".number"))
	}
	if q.ExpiresOn != "" {
		if _, err := time.Parse(time.DateOnly, q.ExpiresOn); err != nil {
			wrong.Add(fault.Invalid("qualification.date", at+".expires_on", "%q is no date like 2026-12-31", q.ExpiresOn))
		}
	}
	return wrong.Err()
}

func (c Contact) check() error {
	var wrong fault.List
	for _, f := range []struct{ name, value string }{{"person", c.Person}, {"telephone", c.Telephone}, {"email", c.Email}} {
		if f.value == "" {
			continue
		}
		wrong.Add(checkText(f.value, "contact."+f.name, 320))
	}
	if c.Email != "" && !strings.Contains(c.Email, "@") {
		wrong.Add(fault.Invalid("contact.email", "contact.email", "is no e-mail address"))
	}
	return wrong.Err()
}

func noPartner() error {
	return fault.NotFound("partner.unknown", "partner", "there is no such partner in this community")
}

// Partners returns the partners of a community in the order of their names,
// without contacts, archived ones last.
func (s *Service) Partners(ctx context.Context, communityID string) (out []Partner, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = partnersOf(tx, communityID)
		return err
	})
	return out, err
}

// Partner returns one partner with its contact.
func (s *Service) Partner(ctx context.Context, scope Scope, id string) (p Partner, err error) {
	if !scope.partner(id) {
		return p, noPartner()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var sealed string
		if p, sealed, err = partnerByID(tx, scope.CommunityID, id); err != nil {
			return err
		}
		p.Contact, err = s.openContact(sealed)
		return err
	})
	return p, err
}

// ArchivePartner takes a partner out of use, or back in. Its history stays; its
// standing places rest until it is back, then they count for the days whose
// claiming opens after that.
func (s *Service) ArchivePartner(ctx context.Context, scope Scope, id string, archived bool) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, _, err := partnerByID(tx, scope.CommunityID, id); err != nil {
			return err
		}
		return setArchived(tx, id, archived)
	})
}

// SaveStanding replaces the standing places of a partner at a market; an empty
// list ends them. Days whose claiming is already open do not change.
func (s *Service) SaveStanding(ctx context.Context, scope Scope, partnerID, marketID string, places []Standing) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, _, err := partnerByID(tx, scope.CommunityID, partnerID)
		if err != nil {
			return err
		}
		ground, _, err := layoutOf(tx, scope.CommunityID, marketID)
		if err != nil {
			return err
		}
		used := map[string]bool{}
		for i, place := range places {
			field := fmt.Sprintf("standing[%d].services", i)
			if _, err := p.pick(place.Services, field, used); err != nil {
				return err
			}
			if err := place.Wishes.checkAsked(ground, fmt.Sprintf("standing[%d].wishes", i)); err != nil {
				return err
			}
		}
		return replaceStanding(tx, p, marketID, places)
	})
}

// pick returns the named services of a partner, all of them for none named,
// and refuses one that is unknown or used before.
func (p Partner) pick(ids []string, field string, used map[string]bool) ([]Offering, error) {
	if len(ids) == 0 {
		for _, s := range p.Services {
			ids = append(ids, s.ID)
		}
	}
	byID := map[string]Offering{}
	for _, s := range p.Services {
		byID[s.ID] = s
	}
	var out []Offering
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d]", field, i)
		s, ok := byID[id]
		if !ok {
			return nil, fault.Invalid("claim.service_unknown", at, "this partner has no such service")
		}
		if used[id] {
			return nil, fault.Invalid("claim.service_twice", at, "%s already has a place", s.Name)
		}
		used[id] = true
		out = append(out, s)
	}
	return out, nil
}

func (s *Service) openContact(sealed string) (Contact, error) {
	var c Contact
	if sealed == "" {
		return c, nil
	}
	if s.opt.Box == nil {
		return c, fault.Internal(fmt.Errorf("contacts are sealed and there is no key"))
	}
	plain, err := s.opt.Box.Open(sealed)
	if err != nil {
		return c, fault.Internal(err)
	}
	return c, unpack(plain, &c)
}

func (s *Service) sealContact(c Contact) (string, error) {
	if c == (Contact{}) {
		return "", nil
	}
	if s.opt.Box == nil {
		return "", fault.Internal(fmt.Errorf("a contact needs a key to be sealed with"))
	}
	return s.opt.Box.Seal(pack(c))
}

// PartnerContacts opens the contacts of partners, for sending messages. It
// joins the caller's transaction; partners without a contact are left out.
func (s *Service) PartnerContacts(tx *db.Tx, ids []string) (map[string]Contact, error) {
	rows, err := sealedContacts(tx, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]Contact{}
	for id, sealed := range rows {
		if out[id], err = s.openContact(sealed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PartnerNames returns the public names of partners; unknown ids are left out.
func (s *Service) PartnerNames(tx *db.Tx, ids []string) (map[string]string, error) {
	return partnerNames(tx, ids)
}

// sortKey orders names as people expect: Chinese by pinyin, others as written.
func sortKey(name string) string {
	args := pinyin.NewArgs()
	args.Fallback = func(r rune, _ pinyin.Args) []string { return []string{string(r)} }
	var out strings.Builder
	for _, syllable := range pinyin.Pinyin(nameKey(name), args) {
		if len(syllable) > 0 {
			out.WriteString(syllable[0])
		}
	}
	return out.String()
}
