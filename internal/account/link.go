package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// loginKind marks a link that lets a known person in again instead of giving a role.
const loginKind Kind = "login"

// Invitation is what an organizer hands out: a role, and a note for oneself whom it is for.
type Invitation struct {
	Role  Role
	Label string
	Valid time.Duration // 0 is the default for the kind of role
	Key   string        // idempotency key: the same command again returns the same link
}

// LinkState says what became of a link.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "open"
	LinkUsed    LinkState = "used"
	LinkRevoked LinkState = "revoked"
	LinkExpired LinkState = "expired"
)

// Link is an invitation or login link as it is shown; its token is not part of it.
type Link struct {
	ID        string
	Role      Role   // for a login link only the community that asked for it
	Login     bool   // lets PersonID in again
	PersonID  string // whom a login link is for
	Name      string // of that person
	Label     string
	InvitedBy string // name, empty when that person is gone
	CreatedAt time.Time
	ExpiresAt time.Time
	State     LinkState
}

// Invite makes a link that gives a role once. Only its holder knows the token:
// it is returned here and never again.
func (s *Service) Invite(ctx context.Context, by Actor, inv Invitation) (string, error) {
	inv.Label = strings.Join(strings.Fields(inv.Label), " ")
	if err := inv.check(); err != nil {
		return "", err
	}
	if err := Allow(by, AccountInvite, Object{CommunityID: inv.Role.CommunityID}); err != nil {
		return "", err
	}
	if inv.Valid == 0 {
		inv.Valid = s.life.ofLink(inv.Role.Kind)
	}
	asked := request{"account.invite:" + by.PersonID + ":" + inv.Role.CommunityID, inv.Key,
		s.digest("invite body", fmt.Sprintf("%q", []string{string(inv.Role.Kind), inv.Role.PartnerID, inv.Label, inv.Valid.String()}))}
	return s.linkOnce(ctx, asked, func(tx *db.Tx, t token) error {
		return insertLink(tx, linkRow{
			Kind: inv.Role.Kind, CommunityID: inv.Role.CommunityID, PartnerID: inv.Role.PartnerID,
			Label: inv.Label, InvitedBy: by.PersonID,
		}, t, inv.Valid)
	})
}

// check names everything that is wrong with an invitation.
func (inv Invitation) check() error {
	var wrong fault.List
	wrong.Add(inv.Role.check())
	if !text.Plain(inv.Label) || len([]rune(inv.Label)) > labelMax {
		wrong.Add(fault.Invalid("account.label", "label", "must be plain text of at most %d characters", labelMax))
	}
	if inv.Valid < 0 {
		wrong.Add(fault.Invalid("account.valid", "valid", "must not be negative"))
	}
	return wrong.Err()
}

// request is a command that may be sent twice: the same key in the same scope,
// the same body, is the same command.
type request struct{ scope, key, body string }

// linkOnce makes a link, once per request. Its token is random; of a request
// with a key it follows from the key, so that the same link can be told again
// although only its digest is kept.
func (s *Service) linkOnce(ctx context.Context, r request, do func(tx *db.Tx, t token) error) (string, error) {
	t := newToken()
	if r.key != "" {
		mac := hmac.New(sha256.New, s.finder)
		fmt.Fprintf(mac, "link token\x00%s\x00%s", r.scope, r.key)
		copy(t[:], mac.Sum(nil))
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Once(r.scope, r.key, r.body, func() ([]byte, error) { return nil, do(tx, t) })
		return err
	})
	return answer(t, err)
}

// LoginLink makes a link that lets somebody of the community in again: for
// those without a password or who forgot it. An organizer can make one only
// for people whose every role is in the community, because the link opens all of them.
func (s *Service) LoginLink(ctx context.Context, by Actor, communityID, personID, key string) (string, error) {
	if err := Allow(by, AccountInvite, Object{CommunityID: communityID}); err != nil {
		return "", err
	}
	asked := request{"account.login_link:" + by.PersonID + ":" + communityID + ":" + personID, key, ""}
	return s.linkOnce(ctx, asked, func(tx *db.Tx, t token) error {
		roles, err := rolesOf(tx, personID)
		if err != nil {
			return err
		}
		if len(rolesIn(roles, communityID)) == 0 {
			return noPerson()
		}
		from := communityID
		if by.Is(Admin, "") {
			from = ""
		} else if !allIn(roles, communityID) {
			return fault.Forbidden("account.elsewhere_too", "person", "has roles outside this community; an admin can make the link")
		}
		return insertLink(tx, linkRow{Kind: loginKind, CommunityID: from, PersonID: personID, InvitedBy: by.PersonID}, t, s.life.LoginLink)
	})
}

// Reissue replaces the token of a link that was not used: the old one is dead,
// the time starts again. The same key issues it once.
func (s *Service) Reissue(ctx context.Context, by Actor, linkID, key string) (string, error) {
	return s.linkOnce(ctx, request{"account.reissue:" + by.PersonID + ":" + linkID, key, ""}, func(tx *db.Tx, t token) error {
		l, err := linkFor(tx, by, AccountInvite, linkID)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE account_links SET token_digest = $1, expires_at = $2, revoked_at = 0 WHERE id = $3 AND used_at = 0`,
			t.digest(), db.Micros(tx.Now.Add(s.life.ofLink(l.Kind))), linkID)
		return changed(n, err, fault.Conflict("account.link_used", "link", "was used already"))
	})
}

// RevokeLink makes a link that was not used worthless. Revoking twice is once.
func (s *Service) RevokeLink(ctx context.Context, by Actor, linkID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		l, err := linkFor(tx, by, AccountRevoke, linkID)
		if err != nil || l.RevokedAt > 0 {
			return err
		}
		n, err := tx.Exec(`UPDATE account_links SET revoked_at = $1 WHERE id = $2 AND used_at = 0`, db.Micros(tx.Now), linkID)
		return changed(n, err, fault.Conflict("account.link_used", "link", "was used already"))
	})
}

// Links lists the links of a community, the newest first; with "" those of the installation.
func (s *Service) Links(ctx context.Context, communityID string) ([]Link, error) {
	var out []Link
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := linksOf(tx, communityID)
		out = make([]Link, 0, len(rows))
		for _, r := range rows {
			out = append(out, r.shown(tx.Now))
		}
		return err
	})
	return out, err
}

// Invitation shows what a link would do, and changes nothing: looking at a
// link never uses it. A link that does not work any more is an error that says why.
func (s *Service) Invitation(ctx context.Context, tokenText string) (Link, error) {
	t, err := parseToken(tokenText)
	if err != nil {
		return Link{}, unknownLink()
	}
	var l Link
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err := linkByDigest(tx, t.digest())
		if err != nil {
			return err
		}
		l = r.shown(tx.Now)
		return l.State.fault()
	})
	return l, err
}

func (st LinkState) fault() error {
	switch st {
	case LinkUsed:
		return fault.Conflict("account.link_used", "token", "this link was used already")
	case LinkRevoked:
		return fault.Closed("account.link_revoked", "token", "this link was withdrawn")
	case LinkExpired:
		return fault.Closed("account.link_expired", "token", "this link has expired")
	}
	return nil
}

func unknownLink() error {
	return fault.NotFound("account.link_unknown", "token", "there is no such link; perhaps it was not copied whole")
}

func noPerson() error {
	return fault.NotFound("account.person_unknown", "person", "there is no such person here")
}

// changed turns "no row changed" into what that means.
func changed(n int64, err, otherwise error) error {
	if err != nil || n > 0 {
		return err
	}
	return otherwise
}
