package notify

import (
	"context"
	"errors"
	"strconv"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/notify/channel"
)

// A wish is kept so long, and of all wishes for one address together so many
// messages ask for an answer, one wish's not sooner than that after each other:
// whoever types a stranger's address in bothers him three times in two days at most.
const (
	wishFor    = 48 * time.Hour
	wishMails  = 3
	wishPause  = 10 * time.Minute
	wishPrefix = "wish:"
)

// wish remembers what somebody asks for and, as far as the limits allow, writes
// the message that only the holder of the address can answer. What is beyond
// them is quiet: anything else would tell that others have asked.
func (s *Service) wish(tx *db.Tx, communityID, digest string, in SubscriptionInput) error {
	d, err := dayAbout(tx, in.MarketID, in.DayID)
	if err != nil {
		return err
	}
	sealed, err := s.seal.Seal(in.Email)
	if err != nil {
		return err
	}
	var w struct {
		ID       string `db:"id"`
		AskedAt  int64  `db:"asked_at"`
		Mails    int    `db:"mails"`
		MailedAt int64  `db:"mailed_at"`
	}
	err = tx.Get(&w, `INSERT INTO notify_wishes (id, community_id, market_id, day_id, address_sealed, address_digest, lang, reminder, closing, token, asked_at, mails, mailed_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,0)
		ON CONFLICT (market_id, day_id, address_digest) DO UPDATE SET lang = excluded.lang,
		reminder = notify_wishes.reminder OR excluded.reminder, closing = notify_wishes.closing OR excluded.closing
		RETURNING id, asked_at, mails, mailed_at`,
		db.NewID(), communityID, in.MarketID, in.DayID, sealed, digest, in.Lang, in.Reminder, in.Closing, db.NewID(), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	var sent int
	if err := tx.Get(&sent, `SELECT COALESCE(SUM(mails), 0) FROM notify_wishes WHERE address_digest = $1`, digest); err != nil {
		return err
	}
	if sent >= wishMails || w.Mails > 0 && tx.Now.Sub(db.Time(w.MailedAt)) < wishPause {
		return nil
	}
	if _, err := tx.Exec(`UPDATE notify_wishes SET mails = mails + 1, mailed_at = $2 WHERE id = $1`, w.ID, db.Micros(tx.Now)); err != nil {
		return err
	}
	s.Wake() // to forget it in time
	n := draft{kind: SubscriptionConfirm, day: d, reason: string(SubscriptionConfirm) + ":" + w.ID + ":" + strconv.Itoa(w.Mails),
		due: tx.Now, until: db.Time(w.AskedAt).Add(wishFor), p: d.params()}
	return s.write(tx, n, to{audience: ToResident, id: wishPrefix + w.ID, channel: channel.Mail, lang: in.Lang})
}

func errWishUnknown() error {
	return fault.NotFound("notify.wish_unknown", "token", "this link was used before, or two days have passed")
}

// SubscriptionAsked reads what a confirmation link is about and changes nothing.
func (s *Service) SubscriptionAsked(ctx context.Context, token string) (out Subscription, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var w subscriptionRow
		err := tx.Get(&w, `SELECT `+subscriptionColumns+` FROM notify_wishes WHERE token = $1 AND asked_at > $2`, token, db.Micros(tx.Now.Add(-wishFor)))
		agreed := errors.Is(err, db.ErrNoRows)
		if agreed {
			w, err = agreedBefore(tx, token)
		}
		if err != nil {
			return err
		}
		out, err = w.shown(tx)
		out.Agreed = agreed
		return err
	})
	return out, err
}

// agreedBefore finds the subscription that a wish became or widened: it knows
// the token of the first and of the newest.
func agreedBefore(tx *db.Tx, token string) (subscriptionRow, error) {
	var w subscriptionRow
	err := tx.Get(&w, `SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE token = $1 OR confirm_token <> '' AND confirm_token = $1`, token)
	if errors.Is(err, db.ErrNoRows) {
		err = errWishUnknown()
	}
	return w, err
}

// SubscriptionConfirm makes a subscription of a wish. Its link does so once; used
// again it says the same and changes nothing.
func (s *Service) SubscriptionConfirm(ctx context.Context, token string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		var w subscriptionRow
		err := tx.Get(&w, `DELETE FROM notify_wishes WHERE token = $1 AND asked_at > $2 RETURNING `+subscriptionColumns, token, db.Micros(tx.Now.Add(-wishFor)))
		if errors.Is(err, db.ErrNoRows) {
			_, err = agreedBefore(tx, token)
			return err
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO notify_subscriptions (id, community_id, market_id, day_id, address_sealed, address_digest, lang, reminder, closing, token, created_at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
			ON CONFLICT (market_id, day_id, address_digest) DO UPDATE SET lang = excluded.lang, confirm_token = excluded.token,
			reminder = notify_subscriptions.reminder OR excluded.reminder, closing = notify_subscriptions.closing OR excluded.closing`,
			db.NewID(), w.Community, w.MarketID, w.DayID, w.Address, w.Digest, w.Lang, w.Reminder, w.Closing, w.Token, db.Micros(tx.Now))
		return err
	})
}

// wishTarget is where the question whether somebody asked goes.
func (s *Service) wishTarget(tx *db.Tx, id string) (target, string, error) {
	var w subscriptionRow
	err := tx.Get(&w, `SELECT `+subscriptionColumns+` FROM notify_wishes WHERE id = $1`, id)
	t, why, err := s.opened(w, err)
	t.confirm = w.Token
	return t, why, err
}

// forgetWishes deletes those that nobody confirmed in time.
func forgetWishes(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM notify_wishes WHERE asked_at <= $1`, db.Micros(tx.Now.Add(-wishFor)))
	return err
}
