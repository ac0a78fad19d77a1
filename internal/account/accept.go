package account

import (
	"context"
	"errors"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Setup reports with an error why the set-up link does not work; nil means it is open.
func (s *Service) Setup(ctx context.Context, tokenText string) error {
	t, err := parseToken(tokenText)
	if err != nil {
		return unknownLink()
	}
	return s.db.View(ctx, func(tx *db.Tx) error {
		_, err := setupState(tx, t)
		return err
	})
}

// SetupLink makes the token that turns its holder into the first admin. It
// exists only while there is no admin: then fresh is true and any earlier
// set-up link is dead; afterwards the answer is "", false.
func (s *Service) SetupLink(ctx context.Context) (tokenText string, fresh bool, err error) {
	t := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		fresh = false
		if err := passTurnstile(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE account_setup SET token_digest = $1
			WHERE id = 1 AND used_at = 0 AND NOT EXISTS (SELECT 1 FROM account_roles WHERE kind = 'admin')`, t.digest())
		fresh = n == 1
		return err
	})
	if err != nil || !fresh {
		return "", false, err
	}
	return t.String(), true, nil
}

// AcceptSetup uses the set-up link and makes the first admin. Whatever races,
// it works once; the same request again (same key) gets in again.
func (s *Service) AcceptSetup(ctx context.Context, tokenText string, n Newcomer) (session string, err error) {
	t, err := parseToken(tokenText)
	if err != nil {
		return "", unknownLink()
	}
	if n, err = n.tidy(); err != nil {
		return "", err
	}
	if err := s.Setup(ctx, tokenText); err != nil && !fault.Is(err, "account.link_used") {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	st := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error { return s.setup(tx, t, n, secrets{hash, st}) })
	return answer(st, err)
}

func (s *Service) setup(tx *db.Tx, t token, n Newcomer, sec secrets) error {
	if err := passTurnstile(tx); err != nil {
		return err
	}
	row, err := setupState(tx, t)
	if err != nil {
		return enterAgain(tx, row, again{t, n, sec.session}, err)
	}
	id := db.NewID()
	if _, err := tx.Exec(`UPDATE account_setup SET used_at = $1, used_by = $2, used_proof = $3 WHERE id = 1`,
		db.Micros(tx.Now), id, n.proof(t)); err != nil {
		return err
	}
	if err := s.insertPerson(tx, id, n, sec.hash); err != nil {
		return err
	}
	if err := giveRole(tx, grant{person: id, role: Role{Kind: Admin}, by: "setup"}); err != nil {
		return err
	}
	return insertSession(tx, id, n.Device, sec.session)
}

// Accept uses a link: an invitation makes a person with its role, a login link
// lets its person in again (the name is ignored then, a password replaces the
// old one). It returns the token of a new session.
func (s *Service) Accept(ctx context.Context, tokenText string, n Newcomer) (session string, err error) {
	t, err := parseToken(tokenText)
	if err != nil {
		return "", unknownLink()
	}
	l, err := s.Invitation(ctx, tokenText)
	if err != nil && !fault.Is(err, "account.link_used") {
		return "", err
	}
	if l.Role.Kind == Kiosk { // nobody logs in as a device
		n.Email, n.Password = "", ""
	}
	if n, err = s.tidyFor(ctx, l, n); err != nil {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	st := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		l, err := consume(tx, t, n)
		if err != nil {
			return enterAgain(tx, l, again{t, n, st}, err)
		}
		if l.Kind == loginKind {
			return s.enter(tx, l, n, secrets{hash, st})
		}
		if err := s.insertPerson(tx, l.UsedBy, n, hash); err != nil {
			return err
		}
		if err := giveRole(tx, grant{person: l.UsedBy, role: l.role(), by: l.InvitedBy, link: l.ID}); err != nil {
			return err
		}
		return insertSession(tx, l.UsedBy, n.Device, st)
	})
	return answer(st, err)
}

// Join uses an invitation for somebody who is logged in already: the role is
// added and the session replaced by a new one. Using one's own link again is harmless.
func (s *Service) Join(ctx context.Context, a Actor, tokenText string, n Newcomer) (session string, err error) {
	t, err := parseToken(tokenText)
	if err != nil {
		return "", unknownLink()
	}
	n = Newcomer{Device: clip(n.Device, deviceMax), Key: n.Key}
	st := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		l, err := consume(tx, t, n)
		if err == nil {
			err = join(tx, a, l)
		} else if fault.Is(err, "account.link_used") && l.UsedBy == a.PersonID {
			err = nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_sessions WHERE id = $1`, a.SessionID); err != nil {
			return err
		}
		return insertSession(tx, a.PersonID, n.Device, st)
	})
	return answer(st, err)
}

func join(tx *db.Tx, a Actor, l linkRow) error {
	if l.Kind == loginKind {
		return fault.Conflict("account.signed_in", "token", "log out first: this link is for logging in")
	}
	if err := lockPerson(tx, a.PersonID); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account_links SET used_by = $1 WHERE id = $2`, a.PersonID, l.ID); err != nil {
		return err
	}
	return giveRole(tx, grant{person: a.PersonID, role: l.role(), by: l.InvitedBy, link: l.ID})
}

// enter lets the person of a login link in. What the link opens is judged now:
// roles given elsewhere since then need an admin's link.
func (s *Service) enter(tx *db.Tx, l linkRow, n Newcomer, sec secrets) error {
	if err := lockPerson(tx, l.PersonID); err != nil {
		return err
	}
	roles, err := rolesOf(tx, l.PersonID)
	if err != nil {
		return err
	}
	if l.CommunityID != "" && !allIn(roles, l.CommunityID) {
		return fault.Closed("account.link_revoked", "token", "the person has roles outside the community of this link")
	}
	if _, err := tx.Exec(`UPDATE account_links SET used_by = $1 WHERE id = $2`, l.PersonID, l.ID); err != nil {
		return err
	}
	if sec.hash != "" {
		if err := setHash(tx, l.PersonID, sec.hash); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_sessions WHERE person_id = $1`, l.PersonID); err != nil {
			return err
		}
	}
	return insertSession(tx, l.PersonID, n.Device, sec.session)
}

// enterAgain answers a repeated request: who shows the token, the key and the
// body of the request that used the link gets a session for the same person.
func enterAgain(tx *db.Tx, l linkRow, a again, refused error) error {
	if !fault.Is(refused, "account.link_used") || a.Key == "" {
		return refused
	}
	mine := a.proof(a.link)
	key, _, _ := strings.Cut(mine, ":")
	switch {
	case l.UsedProof == mine && l.UsedAt+retryFor.Microseconds() > db.Micros(tx.Now):
		return insertSession(tx, l.UsedBy, a.Device, a.session)
	case strings.HasPrefix(l.UsedProof, key+":") && l.UsedProof != mine:
		return fault.Conflict("idempotency.body_differs", "idempotency_key", "this key was used for another request")
	}
	return refused
}

// again is a request that may be a repetition.
type again struct {
	link token
	Newcomer
	session token
}

// retryFor is how long a repeated request is believed to be a retry.
const retryFor = day / 24

// proof is "digest of the key:digest of the body", both keyed by the token.
func (n Newcomer) proof(t token) string {
	return t.proof(n.Key) + ":" + t.proof(n.Name, n.Email, n.Lang, n.Password)
}

// secrets are drawn before the transaction, because it may run twice.
type secrets struct {
	hash    string
	session token
}

// tidyFor checks what a newcomer filled in; a login link needs no name.
func (s *Service) tidyFor(ctx context.Context, l Link, n Newcomer) (Newcomer, error) {
	if !l.Login {
		return n.tidy()
	}
	n = Newcomer{Password: n.Password, Device: clip(n.Device, deviceMax), Key: n.Key}
	if n.Password == "" {
		return n, nil
	}
	p, err := s.person(ctx, l.PersonID)
	if err != nil {
		return n, err
	}
	if p.Email == "" {
		return n, emailNeeded()
	}
	return n, checkPassword(n.Password, p.Name, p.Email)
}

func answer(t token, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

// setupState returns the set-up row, and why t does not open it now.
func setupState(tx *db.Tx, t token) (linkRow, error) {
	var r struct {
		linkRow
		Digest string `db:"token_digest"`
		Admins int    `db:"admins"`
	}
	err := tx.Get(&r, `SELECT token_digest, used_at, used_by, used_proof,
		(SELECT COUNT(*) FROM account_roles WHERE kind = 'admin') AS admins FROM account_setup WHERE id = 1`)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return r.linkRow, unknownLink()
	case err != nil:
		return r.linkRow, err
	case r.Digest != t.digest():
		return r.linkRow, unknownLink()
	case r.UsedAt > 0 || r.Admins > 0:
		return r.linkRow, LinkUsed.fault()
	}
	return r.linkRow, nil
}
