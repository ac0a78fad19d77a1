package account

import (
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// linkRow is a row of account_links; the set-up row fills the used fields only.
type linkRow struct {
	ID          string `db:"id"`
	Kind        Kind   `db:"kind"`
	CommunityID string `db:"community_id"`
	PartnerID   string `db:"partner_id"`
	PersonID    string `db:"person_id"`
	Name        string `db:"name"`
	Label       string `db:"label"`
	InvitedBy   string `db:"invited_by"`
	ByName      string `db:"by_name"`
	CreatedAt   int64  `db:"created_at"`
	ExpiresAt   int64  `db:"expires_at"`
	UsedAt      int64  `db:"used_at"`
	UsedBy      string `db:"used_by"`
	UsedProof   string `db:"used_proof"`
	RevokedAt   int64  `db:"revoked_at"`
}

const linkColumns = `SELECT l.id, l.kind, l.community_id, l.partner_id, l.person_id, COALESCE(p.name, '') AS name, l.label,
	l.invited_by, COALESCE(b.name, '') AS by_name, l.created_at, l.expires_at, l.used_at, l.used_by, l.used_proof, l.revoked_at
	FROM account_links l LEFT JOIN account_people p ON p.id = l.person_id LEFT JOIN account_people b ON b.id = l.invited_by `

func (r linkRow) role() Role {
	return Role{Kind: r.Kind, CommunityID: r.CommunityID, PartnerID: r.PartnerID}
}

func (r linkRow) state(now time.Time) LinkState {
	switch {
	case r.UsedAt > 0:
		return LinkUsed
	case r.RevokedAt > 0:
		return LinkRevoked
	case r.ExpiresAt <= db.Micros(now):
		return LinkExpired
	}
	return LinkOpen
}

func (r linkRow) shown(now time.Time) Link {
	return Link{
		ID: r.ID, Role: r.role(), Login: r.Kind == loginKind, PersonID: r.PersonID, Name: r.Name, Label: r.Label,
		InvitedBy: r.ByName, CreatedAt: db.Time(r.CreatedAt), ExpiresAt: db.Time(r.ExpiresAt), State: r.state(now),
	}
}

func insertLink(tx *db.Tx, r linkRow, t token, valid time.Duration) error {
	_, err := tx.Exec(`INSERT INTO account_links (id, token_digest, kind, community_id, partner_id, person_id, label,
		invited_by, created_at, expires_at, used_at, used_by, used_proof, revoked_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,'','',0)`,
		db.NewID(), t.digest(), r.Kind, r.CommunityID, r.PartnerID, r.PersonID, r.Label, r.InvitedBy,
		db.Micros(tx.Now), db.Micros(tx.Now.Add(valid)))
	return err
}

func linkByDigest(tx *db.Tx, digest string) (linkRow, error) {
	var r linkRow
	err := tx.Get(&r, linkColumns+`WHERE l.token_digest = $1`, digest)
	if errors.Is(err, db.ErrNoRows) {
		return r, unknownLink()
	}
	return r, err
}

// linkFor reads a link by its id for somebody who must be allowed to touch it.
func linkFor(tx *db.Tx, by Actor, do Action, id string) (linkRow, error) {
	var r linkRow
	err := tx.Get(&r, linkColumns+`WHERE l.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) || (err == nil && Allow(by, do, Object{CommunityID: r.CommunityID}) != nil) {
		return r, fault.NotFound("account.link_unknown", "link", "there is no such link here")
	}
	return r, err
}

func linksOf(tx *db.Tx, communityID string) ([]linkRow, error) {
	var rows []linkRow
	err := tx.Select(&rows, linkColumns+`WHERE l.community_id = $1 ORDER BY l.created_at DESC, l.id`, communityID)
	return rows, err
}

// consume uses the link up, then reads it: only one transaction ever changes
// the row, and the others learn from the second statement what became of it.
// UsedBy is the id of the person to be made.
func consume(tx *db.Tx, t token, n Newcomer) (linkRow, error) {
	used, err := tx.Exec(`UPDATE account_links SET used_at = $1, used_by = $2, used_proof = $3
		WHERE token_digest = $4 AND used_at = 0 AND revoked_at = 0 AND expires_at > $1`,
		db.Micros(tx.Now), db.NewID(), n.proof(t), t.digest())
	if err != nil {
		return linkRow{}, err
	}
	r, err := linkByDigest(tx, t.digest())
	if err == nil && used == 0 {
		err = r.state(tx.Now).fault()
	}
	return r, err
}

// passTurnstile lets changes of who is admin happen one after the other.
func passTurnstile(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE account_setup SET version = version + 1 WHERE id = 1`)
	return err
}

// insertPerson writes a new person; an address that somebody has already is refused.
func (s *Service) insertPerson(tx *db.Tx, id string, n Newcomer, hash string) error {
	sealed, err := s.box.Seal(n.Email)
	if err != nil {
		return err
	}
	rows, err := tx.Exec(`INSERT INTO account_people (id, name, email_sealed, email_digest, lang, password_hash, created_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT DO NOTHING`,
		id, n.Name, sealed, s.digest("email", n.Email), n.Lang, hash, db.Micros(tx.Now))
	return changed(rows, err, emailTaken())
}

func emailTaken() error {
	return fault.Conflict("account.email_taken", "email", "belongs to an account already: log in, then open the link again")
}

func setHash(tx *db.Tx, personID, hash string) error {
	_, err := tx.Exec(`UPDATE account_people SET password_hash = $1 WHERE id = $2`, hash, personID)
	return err
}

// lockPerson holds the person until the transaction ends, so that nobody
// removes the person while a role is given.
func lockPerson(tx *db.Tx, id string) error {
	n, err := tx.Exec(`UPDATE account_people SET name = name WHERE id = $1`, id)
	return changed(n, err, noPerson())
}

// grant is one role given to one person; link is the invitation that gave it.
type grant struct {
	person string
	role   Role
	by     string
	link   string
}

func giveRole(tx *db.Tx, g grant) error {
	if g.role.Kind == Admin {
		if err := passTurnstile(tx); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`INSERT INTO account_roles (person_id, kind, community_id, partner_id, granted_by, granted_at, link_id)
		VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT DO NOTHING`,
		g.person, g.role.Kind, g.role.CommunityID, g.role.PartnerID, g.by, db.Micros(tx.Now), g.link)
	if err != nil {
		return err
	}
	return kioskAlone(tx, g.person)
}

// kioskAlone refuses a tablet in public that could do more than give numbers.
func kioskAlone(tx *db.Tx, person string) error {
	roles, err := rolesOf(tx, person)
	if err == nil && len(roles) > 1 && (Actor{Roles: roles}).Device() {
		err = fault.Conflict("account.kiosk_alone", "role", "a kiosk has no other role, and nobody with a role becomes one")
	}
	return err
}

type roleRow struct {
	PersonID    string `db:"person_id"`
	Kind        Kind   `db:"kind"`
	CommunityID string `db:"community_id"`
	PartnerID   string `db:"partner_id"`
}

func (r roleRow) role() Role {
	return Role{Kind: r.Kind, CommunityID: r.CommunityID, PartnerID: r.PartnerID}
}

func rolesOf(tx *db.Tx, personID string) ([]Role, error) {
	var rows []roleRow
	err := tx.Select(&rows, `SELECT person_id, kind, community_id, partner_id FROM account_roles WHERE person_id = $1
		ORDER BY community_id, kind, partner_id`, personID)
	out := make([]Role, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.role())
	}
	return out, err
}

func rolesIn(roles []Role, communityID string) []Role {
	var out []Role
	for _, r := range roles {
		if r.CommunityID == communityID {
			out = append(out, r)
		}
	}
	return out
}

func allIn(roles []Role, communityID string) bool {
	return len(rolesIn(roles, communityID)) == len(roles)
}

func insertSession(tx *db.Tx, personID, device string, t token) error {
	now := db.Micros(tx.Now)
	n, err := tx.Exec(`INSERT INTO account_sessions (id, token_digest, person_id, device, created_at, seen_at)
		SELECT $1, $2, id, $3, $4, $4 FROM account_people WHERE id = $5`, db.NewID(), t.digest(), device, now, personID)
	return changed(n, err, noPerson())
}
