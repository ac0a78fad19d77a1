package account

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Session is one place where somebody is logged in.
type Session struct {
	ID        string
	Device    string
	CreatedAt time.Time
	SeenAt    time.Time
}

// touchAfter is how stale the last-seen time may be: a session costs one
// write in this time, not one per request.
const touchAfter = 10 * time.Minute

// sessionRow is a session with one of the person's roles, or none.
type sessionRow struct {
	ID        string `db:"id"`
	PersonID  string `db:"person_id"`
	CreatedAt int64  `db:"created_at"`
	SeenAt    int64  `db:"seen_at"`
	Name      string `db:"name"`
	Lang      string `db:"lang"`
	Kind      Kind   `db:"kind"`
	Community string `db:"community_id"`
	Partner   string `db:"partner_id"`
}

// ActorBySession says who a session token belongs to, with the roles of this
// moment: one query, nothing cached, so a withdrawn role is withdrawn at once.
// An unknown or ended session is Forbidden ("account.sign_in").
func (s *Service) ActorBySession(ctx context.Context, tokenText string) (Actor, error) {
	ended := fault.Forbidden("account.sign_in", "", "the session has ended")
	t, err := parseToken(tokenText)
	if err != nil {
		return Actor{}, ended
	}
	var rows []sessionRow
	var now time.Time
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, now = nil, tx.Now
		return tx.Select(&rows, `SELECT s.id, s.person_id, s.created_at, s.seen_at, p.name, p.lang,
			COALESCE(r.kind, '') AS kind, COALESCE(r.community_id, '') AS community_id, COALESCE(r.partner_id, '') AS partner_id
			FROM account_sessions s JOIN account_people p ON p.id = s.person_id
			LEFT JOIN account_roles r ON r.person_id = s.person_id
			WHERE s.token_digest = $1 ORDER BY r.community_id, r.kind, r.partner_id`, t.digest())
	})
	if err != nil {
		return Actor{}, err
	}
	if len(rows) == 0 {
		return Actor{}, ended
	}
	a := actorOf(rows)
	if s.over(rows[0], a.Roles, now) {
		return Actor{}, ended
	}
	if now.Sub(db.Time(rows[0].SeenAt)) >= touchAfter {
		// Reading goes on when writing does not: the time is noted next time.
		_ = s.touch(ctx, a.SessionID)
	}
	return a, nil
}

func actorOf(rows []sessionRow) Actor {
	a := Actor{PersonID: rows[0].PersonID, SessionID: rows[0].ID, Name: rows[0].Name, Lang: rows[0].Lang}
	for _, r := range rows {
		if r.Kind != "" {
			a.Roles = append(a.Roles, Role{Kind: r.Kind, CommunityID: r.Community, PartnerID: r.Partner})
		}
	}
	return a
}

func (s *Service) over(r sessionRow, roles []Role, now time.Time) bool {
	idle, most := s.life.ofSession(roles)
	return now.Sub(db.Time(r.SeenAt)) >= idle || now.Sub(db.Time(r.CreatedAt)) >= most
}

func (s *Service) touch(ctx context.Context, sessionID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE account_sessions SET seen_at = $1 WHERE id = $2 AND seen_at < $1`, db.Micros(tx.Now), sessionID)
		return err
	})
}

// Logout ends the session of a token; ending it twice is once.
func (s *Service) Logout(ctx context.Context, tokenText string) error {
	t, err := parseToken(tokenText)
	if err != nil {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM account_sessions WHERE token_digest = $1`, t.digest())
		return err
	})
}

// Sessions lists where the actor is logged in, the last used first.
func (s *Service) Sessions(ctx context.Context, a Actor) ([]Session, error) {
	var out []Session
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var rows []struct {
			ID        string `db:"id"`
			Device    string `db:"device"`
			CreatedAt int64  `db:"created_at"`
			SeenAt    int64  `db:"seen_at"`
		}
		out = nil
		idle, most := s.life.ofSession(a.Roles)
		err := tx.Select(&rows, `SELECT id, device, created_at, seen_at FROM account_sessions
			WHERE person_id = $1 AND seen_at > $2 AND created_at > $3 ORDER BY seen_at DESC, id`,
			a.PersonID, db.Micros(tx.Now.Add(-idle)), db.Micros(tx.Now.Add(-most)))
		for _, r := range rows {
			out = append(out, Session{ID: r.ID, Device: r.Device, CreatedAt: db.Time(r.CreatedAt), SeenAt: db.Time(r.SeenAt)})
		}
		return err
	})
	return out, err
}

// EndSession ends one of the actor's own sessions.
func (s *Service) EndSession(ctx context.Context, a Actor, sessionID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM account_sessions WHERE id = $1 AND person_id = $2`, sessionID, a.PersonID)
		return err
	})
}

// EndOtherSessions ends all of the actor's own sessions but this one.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM account_sessions WHERE person_id = $1 AND id <> $2`, a.PersonID, a.SessionID)
		return err
	})
}

// EndSessionsOf ends all sessions of somebody with a role in the community:
// for a lost telephone.
func (s *Service) EndSessionsOf(ctx context.Context, by Actor, communityID, personID string) error {
	if err := Allow(by, AccountRevoke, Object{CommunityID: communityID}); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		roles, err := rolesOf(tx, personID)
		if err != nil {
			return err
		}
		if len(rolesIn(roles, communityID)) == 0 {
			return noPerson()
		}
		_, err = tx.Exec(`DELETE FROM account_sessions WHERE person_id = $1`, personID)
		return err
	})
}

// Purge removes what has no use any more: sessions that ended, counted
// attempts of yesterday, and links 90 days after their end.
func (s *Service) Purge(ctx context.Context) (removed int64, err error) {
	idle, most := max(s.life.ConsoleIdle, s.life.HandIdle, s.life.KioskIdle), max(s.life.ConsoleMax, s.life.HandMax, s.life.KioskMax)
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		removed = 0
		for _, d := range []struct {
			sql    string
			before time.Time
		}{
			{`DELETE FROM account_sessions WHERE seen_at <= $1`, tx.Now.Add(-idle)},
			{`DELETE FROM account_sessions WHERE created_at <= $1`, tx.Now.Add(-most)},
			{`DELETE FROM account_attempts WHERE window_start <= $1`, tx.Now.Add(-day)},
			{`DELETE FROM account_links WHERE expires_at <= $1`, tx.Now.Add(-90 * day)},
		} {
			n, err := tx.Exec(d.sql, db.Micros(d.before))
			if err != nil {
				return err
			}
			removed += n
		}
		return nil
	})
	return removed, err
}
