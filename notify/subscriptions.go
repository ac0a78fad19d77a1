package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/notify/channel"
)

// SubscriptionInput is a resident's wish to be told. With DayID it is for one
// day and forgotten 24 hours after it closed, without for every day of the market
// until it is taken back. At least one of Reminder and Closing.
type SubscriptionInput struct {
	MarketID string
	DayID    string
	Email    string
	Lang     string
	Reminder bool // the evening before
	Closing  bool // thanks, feedback link and next date
	Key      string
}

// Subscription is what the page behind an unsubscribe link shows.
type Subscription struct {
	Market   string // its name
	HeldOn   string // local date, "" for every day
	Lang     string
	Reminder bool
	Closing  bool
	Agreed   bool // the link of its wish has been used
}

// subscriptionsMax bounds what one address can be subscribed to.
const subscriptionsMax = 50

// SubscriptionAdd remembers a wish and writes to the address: only who reads that
// can confirm it, and until then nothing else is sent there. It answers the same
// whether the address was known or not, so nobody learns who is subscribed;
// asking again adds purposes.
func (s *Service) SubscriptionAdd(ctx context.Context, communityID string, in SubscriptionInput) error {
	email, ok := channel.ParseEmail(in.Email)
	switch {
	case !ok:
		return fault.Invalid("notify.email_form", "email", "must be one address like name@example.org")
	case !slices.Contains(text.Langs, in.Lang):
		return fault.Invalid("notify.lang", "lang", "must be one of %s", strings.Join(text.Langs, ", "))
	case !in.Reminder && !in.Closing:
		return fault.Invalid("notify.purpose", "reminder", "choose at least one: a reminder, or the message after closing")
	}
	in.Email = strings.ToLower(email)
	body := strings.Join([]string{in.MarketID, in.DayID, in.Email, in.Lang, strconv.FormatBool(in.Reminder), strconv.FormatBool(in.Closing)}, "\x00")
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Once("notify.subscribe:"+communityID, in.Key, s.digest("subscribe", body), func() ([]byte, error) {
			return nil, s.subscribe(tx, communityID, in)
		})
		return err
	})
}

func (s *Service) subscribe(tx *db.Tx, communityID string, in SubscriptionInput) error {
	if err := s.canSubscribe(tx, communityID, in); err != nil {
		return err
	}
	digest := s.digest("resident", in.Email)
	var n int
	if err := tx.Get(&n, `SELECT COUNT(*) FROM notify_subscriptions WHERE address_digest = $1`, digest); err != nil {
		return err
	}
	if n >= subscriptionsMax {
		return nil // quietly: anything else would tell that the address is known
	}
	var known []subscriptionRow
	err := tx.Select(&known, `SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE market_id = $1 AND day_id = $2 AND address_digest = $3`,
		in.MarketID, in.DayID, digest)
	if err != nil || len(known) > 0 && (known[0].Reminder || !in.Reminder) && (known[0].Closing || !in.Closing) {
		return err
	}
	return s.wish(tx, communityID, digest, in)
}

// canSubscribe checks that the market, and the day, belong to the community and are not over.
func (s *Service) canSubscribe(tx *db.Tx, communityID string, in SubscriptionInput) error {
	if in.DayID == "" {
		var n int
		if err := tx.Get(&n, `SELECT COUNT(*) FROM notify_days WHERE market_id = $1 AND community_id = $2`, in.MarketID, communityID); err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("notify.market_unknown", "market", "there is no such market in this community")
		}
		return nil
	}
	d, err := day(tx, in.DayID)
	if err != nil {
		return err
	}
	if d.Community != communityID || d.MarketID != in.MarketID {
		return fault.NotFound("notify.day_unknown", "day", "there is no such market day in this market")
	}
	if d.State != "planned" && d.State != "open" || d.ClosesAt <= db.Micros(tx.Now) {
		return fault.Closed("notify.day_over", "day", "this market day is over or does not take place")
	}
	return nil
}

// SubscriptionShow reads what an unsubscribe link is about and changes nothing.
func (s *Service) SubscriptionShow(ctx context.Context, token string) (out Subscription, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var sub subscriptionRow
		err := tx.Get(&sub, `SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE token = $1`, token)
		if errors.Is(err, db.ErrNoRows) {
			return fault.NotFound("notify.subscription_unknown", "token", "there is no such subscription any more")
		}
		if err != nil {
			return err
		}
		out, err = sub.shown(tx)
		return err
	})
	return out, err
}

// shown is what the page behind a link says.
func (r subscriptionRow) shown(tx *db.Tx) (Subscription, error) {
	out := Subscription{Lang: r.Lang, Reminder: r.Reminder, Closing: r.Closing}
	d, err := dayAbout(tx, r.MarketID, r.DayID)
	if errors.Is(err, db.ErrNoRows) {
		return out, nil
	}
	out.Market = d.Market
	if r.DayID != "" {
		out.HeldOn = d.HeldOn
	}
	return out, err
}

// dayAbout is a day of the market, the last one where none is named.
func dayAbout(tx *db.Tx, marketID, dayID string) (dayRow, error) {
	var d dayRow
	err := tx.Get(&d, `SELECT `+dayColumns+` FROM notify_days WHERE market_id = $1 AND (day_id = $2 OR $2 = '') ORDER BY date DESC LIMIT 1`,
		marketID, dayID)
	return d, err
}

// SubscriptionRemove deletes a subscription with its address. Doing it twice, or
// with a token nobody has, is no error: afterwards there is none.
func (s *Service) SubscriptionRemove(ctx context.Context, token string) error {
	if token == "" {
		return fault.Invalid("notify.token", "token", "must not be empty")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM notify_subscriptions WHERE token = $1`, token)
		return err
	})
}

// SubscriptionCount returns how many residents asked to be told about a market.
func (s *Service) SubscriptionCount(ctx context.Context, communityID, marketID string) (n int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(&n, `SELECT COUNT(DISTINCT address_digest) FROM notify_subscriptions WHERE community_id = $1 AND market_id = $2`, communityID, marketID)
	})
	return n, err
}

// digest finds an address again without keeping it readable.
func (s *Service) digest(purpose, value string) string {
	mac := hmac.New(sha256.New, s.finder)
	mac.Write([]byte(purpose + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil))
}
