package account

import (
	"context"
	"errors"

	"yiji/internal/db"
	"yiji/internal/fault"
)

type personRow struct {
	ID        string `db:"id"`
	Name      string `db:"name"`
	Sealed    string `db:"email_sealed"`
	Lang      string `db:"lang"`
	Hash      string `db:"password_hash"`
	CreatedAt int64  `db:"created_at"`
}

// known is a person with what stays inside this package.
type known struct {
	Person
	hash string
}

func (s *Service) open(r personRow) (known, error) {
	email, err := s.box.Open(r.Sealed)
	return known{Person: Person{
		ID: r.ID, Name: r.Name, Email: email, Lang: r.Lang, HasPassword: r.Hash != "", CreatedAt: db.Time(r.CreatedAt),
	}, hash: r.Hash}, err
}

func (s *Service) person(ctx context.Context, id string) (known, error) {
	var r personRow
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&r, `SELECT id, name, email_sealed, lang, password_hash, created_at FROM account_people WHERE id = $1`, id)
	})
	if errors.Is(err, db.ErrNoRows) {
		return known{}, noPerson()
	}
	if err != nil {
		return known{}, err
	}
	return s.open(r)
}

// Me returns the actor's own account with all roles.
func (s *Service) Me(ctx context.Context, a Actor) (Person, error) {
	p, err := s.person(ctx, a.PersonID)
	p.Roles = a.Roles
	return p.Person, err
}

// People lists who has a role in a community, with the roles in this community
// only; with "" the admins of the installation.
func (s *Service) People(ctx context.Context, communityID string) ([]Person, error) {
	var out []Person
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = s.people(tx, communityID, "")
		return err
	})
	return out, err
}

// Organizers lists a community's organizers inside the caller's transaction, for those who tell them something.
func (s *Service) Organizers(tx *db.Tx, communityID string) ([]Person, error) {
	return s.people(tx, communityID, Organizer)
}

// people reads persons with their roles in a community; kind "" is every kind.
func (s *Service) people(tx *db.Tx, communityID string, kind Kind) ([]Person, error) {
	var rows []struct {
		personRow
		roleRow
	}
	err := tx.Select(&rows, `SELECT p.id, p.name, p.email_sealed, p.lang, p.password_hash, p.created_at,
		r.person_id, r.kind, r.community_id, r.partner_id
		FROM account_roles r JOIN account_people p ON p.id = r.person_id
		WHERE r.community_id = $1 AND ($2 = '' OR r.kind = $2) ORDER BY p.created_at, p.id, r.kind, r.partner_id`, communityID, kind)
	if err != nil {
		return nil, err
	}
	var out []Person
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].ID != r.ID {
			p, err := s.open(r.personRow)
			if err != nil {
				return nil, err
			}
			out = append(out, p.Person)
		}
		last := &out[len(out)-1]
		last.Roles = append(last.Roles, r.role())
	}
	return out, nil
}

// Grant gives a role to somebody who has an account already, for example the
// organizer's role to the admin who has just made a community.
func (s *Service) Grant(ctx context.Context, by Actor, personID string, role Role) error {
	if err := role.check(); err != nil {
		return err
	}
	if err := Allow(by, AccountInvite, Object{CommunityID: role.CommunityID}); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := s.mayKnow(tx, by, personID, role.CommunityID); err != nil {
			return err
		}
		return giveRole(tx, grant{person: personID, role: role, by: by.PersonID})
	})
}

// mayKnow locks the person and checks that an organizer does not reach for
// somebody who has nothing to do with the community.
func (s *Service) mayKnow(tx *db.Tx, by Actor, personID, communityID string) error {
	if err := lockPerson(tx, personID); err != nil || by.Is(Admin, "") || by.PersonID == personID {
		return err
	}
	roles, err := rolesOf(tx, personID)
	if err == nil && len(rolesIn(roles, communityID)) == 0 {
		err = noPerson()
	}
	return err
}

// RevokeRole takes a role away at once. Somebody without any role left is
// forgotten; the last admin stays.
func (s *Service) RevokeRole(ctx context.Context, by Actor, personID string, role Role) error {
	if err := role.check(); err != nil {
		return err
	}
	if err := Allow(by, AccountRevoke, Object{CommunityID: role.CommunityID}); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := passTurnstile(tx); err != nil {
			return err
		}
		if err := lockPerson(tx, personID); err != nil {
			return err
		}
		n, err := tx.Exec(`DELETE FROM account_roles WHERE person_id = $1 AND kind = $2 AND community_id = $3 AND partner_id = $4`,
			personID, role.Kind, role.CommunityID, role.PartnerID)
		if err := changed(n, err, noPerson()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_people WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM account_roles WHERE person_id = $1)`, personID); err != nil {
			return err
		}
		return keepAnAdmin(tx)
	})
}

// RevokePartner takes every role of a partner away, for a partner that retires.
func (s *Service) RevokePartner(ctx context.Context, by Actor, communityID, partnerID string) error {
	people, err := s.People(ctx, communityID)
	if err != nil {
		return err
	}
	role := Role{Kind: Partner, CommunityID: communityID, PartnerID: partnerID}
	for _, p := range people {
		for _, r := range p.Roles {
			if r != role {
				continue
			}
			if err := s.RevokeRole(ctx, by, p.ID, role); err != nil && fault.KindOf(err) != fault.KindNotFound {
				return err
			}
		}
	}
	return nil
}

// Forget removes the actor with name, address, password, roles and sessions:
// the one button that deletes one's own data. The last admin stays.
func (s *Service) Forget(ctx context.Context, a Actor) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := passTurnstile(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`DELETE FROM account_people WHERE id = $1`, a.PersonID)
		if err := changed(n, err, noPerson()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_links WHERE person_id = $1`, a.PersonID); err != nil {
			return err
		}
		return keepAnAdmin(tx)
	})
}

// keepAnAdmin refuses a change that would leave an installation that was set up without one.
func keepAnAdmin(tx *db.Tx) error {
	var lost int
	err := tx.Get(&lost, `SELECT COUNT(*) FROM account_setup WHERE used_at > 0 AND NOT EXISTS (SELECT 1 FROM account_roles WHERE kind = 'admin')`)
	if err == nil && lost > 0 {
		err = fault.Conflict("account.last_admin", "person", "is the last admin; make another one first")
	}
	return err
}

// Profile is what somebody may change about oneself. Present is the present
// password, needed to change the address of an account that has one.
type Profile struct {
	Name    string
	Email   string
	Lang    string
	Present string
}

// Edit changes the actor's own name, address and language.
func (s *Service) Edit(ctx context.Context, a Actor, p Profile) error {
	old, err := s.person(ctx, a.PersonID)
	if err != nil {
		return err
	}
	var wrong fault.List
	n, err := Newcomer{Name: p.Name, Email: p.Email, Lang: p.Lang}.tidy()
	wrong.Add(err)
	if n.Email == "" && old.HasPassword {
		wrong.Add(emailNeeded())
	}
	if n.Email != old.Email && !wrong.Has("email") {
		wrong.Add(s.confirm(ctx, old, p.Present))
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	sealed, err := s.box.Seal(n.Email)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		// The address is looked for first and locked by the unique index last; of two
		// at once one fails there, is tried again by Update, and then finds the other.
		var others int
		digest := s.digest("email", n.Email)
		if err := tx.Get(&others, `SELECT COUNT(*) FROM account_people WHERE email_digest = $1 AND email_digest <> '' AND id <> $2`, digest, a.PersonID); err != nil {
			return err
		}
		if others > 0 {
			return fault.Conflict("account.email_taken", "email", "belongs to another account")
		}
		rows, err := tx.Exec(`UPDATE account_people SET name = $1, email_sealed = $2, email_digest = $3, lang = $4 WHERE id = $5`,
			n.Name, sealed, digest, n.Lang, a.PersonID)
		return changed(rows, err, noPerson())
	})
}
