package account

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Attempts are counted in windows. The pair keeps a guesser out, the account
// keeps many guessers out, the address keeps one machine from trying every
// account – with room for a whole street office behind one address.
const (
	attemptWindow   = 15 * time.Minute
	attemptsPair    = 10
	attemptsAccount = 60
	attemptsAddress = 200
)

// limited is one thing that attempts are counted for.
type limited struct {
	subject string
	most    int
}

// Login checks address and password and returns the token of a new session. A
// wrong address and a wrong password have the same answer in the same time.
func (s *Service) Login(ctx context.Context, c Credentials) (string, error) {
	email, err := tidyEmail(c.Email)
	if err != nil || len(c.Password) > passwordMax {
		email, c.Password = "", ""
	}
	limits := s.limits(email, c.Address)
	if err := s.count(ctx, limits); err != nil {
		return "", err
	}
	var p struct {
		ID   string `db:"id"`
		Hash string `db:"password_hash"`
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&p, `SELECT id, password_hash FROM account_people WHERE email_digest = $1 AND email_digest <> ''`, s.digest("email", email))
	})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	ok, err := s.hasher.matches(ctx, c.Password, p.Hash)
	if err != nil {
		return "", err
	}
	failed := fault.Forbidden("account.login_failed", "", "address and password do not belong together")
	if !ok {
		return "", failed
	}
	t := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE account_people SET name = name WHERE id = $1 AND password_hash = $2`, p.ID, p.Hash)
		if err := changed(n, err, failed); err != nil {
			return err
		}
		if err := forgive(tx, limits); err != nil {
			return err
		}
		return insertSession(tx, p.ID, clip(c.Device, deviceMax), t)
	})
	return answer(t, err)
}

func (s *Service) limits(email, address string) []limited {
	return []limited{
		{s.digest("attempt pair", email+"\x00"+address), attemptsPair},
		{s.digest("attempt account", "mail:"+email), attemptsAccount},
		{s.digest("attempt address", "from:"+address), attemptsAddress},
	}
}

// count notes an attempt before it is checked: many at once cannot slip through.
func (s *Service) count(ctx context.Context, limits []limited) error {
	over := false
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		over = false
		for _, l := range limits {
			var n int
			err := tx.Get(&n, `INSERT INTO account_attempts (subject, window_start, attempts) VALUES ($1, $2, 1)
				ON CONFLICT (subject) DO UPDATE SET
					attempts = CASE WHEN account_attempts.window_start <= $3 THEN 1 ELSE account_attempts.attempts + 1 END,
					window_start = CASE WHEN account_attempts.window_start <= $3 THEN $2 ELSE account_attempts.window_start END
				RETURNING attempts`, l.subject, db.Micros(tx.Now), db.Micros(tx.Now.Add(-attemptWindow)))
			if err != nil {
				return err
			}
			if n > l.most {
				over = true
				break // a refused attempt does not use up what others share
			}
		}
		return nil
	})
	if err == nil && over {
		err = fault.Closed("account.too_many_attempts", "", "too many attempts; wait %d minutes or ask for a login link", int(attemptWindow.Minutes()))
	}
	return err
}

// forgive takes a right attempt back: the account's own counts start again,
// the address has one less.
func forgive(tx *db.Tx, limits []limited) error {
	for i, l := range limits {
		q := `UPDATE account_attempts SET attempts = 0 WHERE subject = $1`
		if i == len(limits)-1 {
			q = `UPDATE account_attempts SET attempts = attempts - 1 WHERE subject = $1 AND attempts > 0`
		}
		if _, err := tx.Exec(q, l.subject); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword sets, changes or (empty next) removes the actor's password. The
// present one is asked for when there is one. All sessions end, a new one is returned.
func (s *Service) SetPassword(ctx context.Context, a Actor, present, next string) (session string, err error) {
	p, err := s.person(ctx, a.PersonID)
	if err != nil {
		return "", err
	}
	var wrong fault.List
	wrong.Add(s.confirm(ctx, p, present))
	if next != "" {
		if p.Email == "" {
			wrong.Add(emailNeeded())
		}
		wrong.Add(checkPassword(next, p.Name, p.Email))
	}
	if err := wrong.Err(); err != nil {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return "", err
	}
	t := newToken()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE account_people SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, hash, p.ID, p.hash)
		if err := changed(n, err, fault.Conflict("account.password_changed", "password", "was changed meanwhile")); err != nil {
			return err
		}
		var device string
		if err := tx.Get(&device, `SELECT COALESCE(MAX(device), '') FROM account_sessions WHERE id = $1`, a.SessionID); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_sessions WHERE person_id = $1`, p.ID); err != nil {
			return err
		}
		return insertSession(tx, p.ID, device, t)
	})
	return answer(t, err)
}

// confirm asks for the present password of somebody who has one; attempts are limited.
func (s *Service) confirm(ctx context.Context, p known, present string) error {
	if p.hash == "" {
		return nil
	}
	if err := s.count(ctx, []limited{{s.digest("attempt confirm", p.ID), attemptsPair}}); err != nil {
		return err
	}
	ok, err := s.hasher.matches(ctx, clipBytes(present), p.hash)
	if err == nil && !ok {
		err = fault.Invalid("account.password_wrong", "present", "is not the present password")
	}
	return err
}

func clipBytes(s string) string {
	if len(s) > passwordMax {
		return ""
	}
	return s
}
