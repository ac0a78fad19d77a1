package notify

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/notify/channel"
)

// Channel is a community's receiver as pages show it: what is secret stays sealed.
type Channel struct {
	ID             string       `json:"id"`
	CommunityID    string       `json:"community"`
	Kind           channel.Kind `json:"kind"`
	Name           string       `json:"name"`
	Hint           string       `json:"hint"` // host of the URL, or the mail address with most of it hidden
	HasSecret      bool         `json:"has_secret"`
	OldSecretUntil time.Time    `json:"old_secret_until,omitzero"`
	Lang           string       `json:"lang"`
	Active         bool         `json:"active"`
}

// ChannelInput is a form. Without ID it creates; with ID an empty Target or Secret
// keeps what is there. Target is a URL, or an address for kind mail, or empty for
// kind folder. A webhook without Secret gets one.
type ChannelInput struct {
	ID     string
	Kind   channel.Kind
	Name   string
	Target string
	Secret string
	Lang   string
	Active bool
	Key    string // idempotency key of a creation
}

// oldSecretFor is how long a rotated webhook secret still signs beside the new one.
const oldSecretFor = 24 * time.Hour

// ChannelSave creates or changes a receiver of the community.
func (s *Service) ChannelSave(ctx context.Context, communityID string, in ChannelInput) (c Channel, err error) {
	in.Name, in.Target, in.Secret = strings.TrimSpace(in.Name), strings.TrimSpace(in.Target), strings.TrimSpace(in.Secret)
	if err := s.checkChannel(in); err != nil {
		return c, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if in.ID != "" {
			c, err = s.changeChannel(tx, communityID, in)
			return err
		}
		hash := s.digest("channel", strings.Join([]string{string(in.Kind), in.Name, in.Target, in.Secret, in.Lang}, "\x00"))
		id, err := tx.Once("notify.channel:"+communityID, in.Key, hash, func() ([]byte, error) {
			id, err := s.addChannel(tx, communityID, in)
			return []byte(id), err
		})
		if err != nil {
			return err
		}
		c, err = s.channelOf(tx, communityID, string(id))
		return err
	})
	return c, err
}

// checkChannel names everything that is wrong with a form.
func (s *Service) checkChannel(in ChannelInput) error {
	var wrong fault.List
	if in.Name == "" || utf8.RuneCountInString(in.Name) > 60 || !text.Plain(in.Name) {
		wrong.Add(fault.Invalid("notify.channel_name", "name", "must have 1 to 60 characters on one line"))
	}
	if !slices.Contains(text.Langs, in.Lang) {
		wrong.Add(fault.Invalid("notify.lang", "lang", "must be one of %s", strings.Join(text.Langs, ", ")))
	}
	if !slices.Contains(channel.Kinds, in.Kind) {
		wrong.Add(fault.Invalid("notify.channel_kind", "kind", "must be mail, webhook, wecom, dingtalk, feishu or folder"))
	} else {
		wrong.Add(s.checkTarget(in))
		wrong.Add(s.checkSecret(in))
	}
	return wrong.Err()
}

func (s *Service) checkTarget(in ChannelInput) error {
	if in.ID != "" && in.Target == "" {
		return nil // it stays
	}
	switch in.Kind {
	case channel.Folder:
		if in.Target != "" {
			return fault.Invalid("notify.channel_target", "target", "must be empty: the folder is the installation's")
		}
	case channel.Mail:
		if _, ok := channel.ParseEmail(in.Target); !ok {
			return fault.Invalid("notify.email_form", "target", "must be one address like name@example.org")
		}
	default:
		if why := s.o.Guard.CheckURL(in.Target); why != "" {
			return fault.Invalid("notify.channel_url", "target", "%s", why)
		}
		if u, err := url.Parse(in.Target); err != nil || !s.o.AtHome(in.Kind, u) {
			home := channel.Home(in.Kind)
			return fault.Invalid("notify.robot_host", "target", "must be at %s", home).Telling("host", home)
		}
	}
	return nil
}

func (s *Service) checkSecret(in ChannelInput) error {
	switch {
	case in.Secret == "":
	case in.Kind == channel.Webhook:
		if _, err := channel.ParseSecret(in.Secret); err != nil {
			return fault.Invalid("notify.channel_secret", "secret", "%s", err.Error())
		}
	case in.Kind == channel.DingTalk || in.Kind == channel.Feishu:
		if len(in.Secret) > 200 || !text.Plain(in.Secret) {
			return fault.Invalid("notify.channel_secret", "secret", "must have at most 200 characters on one line")
		}
	default:
		return fault.Invalid("notify.channel_secret", "secret", "must be empty: this kind has none")
	}
	return nil
}

func (s *Service) addChannel(tx *db.Tx, communityID string, in ChannelInput) (string, error) {
	if in.Kind == channel.Webhook && in.Secret == "" {
		in.Secret = channel.NewSecret()
	}
	target, err := s.seal.Seal(in.Target)
	if err != nil {
		return "", err
	}
	secret, err := s.seal.Seal(in.Secret)
	if err != nil {
		return "", err
	}
	id := db.NewID()
	_, err = tx.Exec(`INSERT INTO notify_channels (id, community_id, kind, name, target_sealed, secret_sealed, old_secret_sealed,
		old_secret_until, lang, active, created_at, changed_at) VALUES ($1,$2,$3,$4,$5,$6,'',0,$7,$8,$9,$9)`,
		id, communityID, string(in.Kind), in.Name, target, secret, in.Lang, in.Active, db.Micros(tx.Now))
	return id, err
}

func (s *Service) changeChannel(tx *db.Tx, communityID string, in ChannelInput) (Channel, error) {
	old, err := s.rowOf(tx, communityID, in.ID)
	if err != nil {
		return Channel{}, err
	}
	if old.Kind != in.Kind {
		return Channel{}, fault.Invalid("notify.channel_kind", "kind", "cannot be changed; add another channel")
	}
	if in.Target != "" {
		if old.Target, err = s.seal.Seal(in.Target); err != nil {
			return Channel{}, err
		}
	}
	if in.Secret != "" {
		if old.Secret, err = s.seal.Seal(in.Secret); err != nil {
			return Channel{}, err
		}
	}
	if _, err := tx.Exec(`UPDATE notify_channels SET name = $1, target_sealed = $2, secret_sealed = $3, lang = $4, active = $5, changed_at = $6
		WHERE id = $7`, in.Name, old.Target, old.Secret, in.Lang, in.Active, db.Micros(tx.Now), in.ID); err != nil {
		return Channel{}, err
	}
	return s.channelOf(tx, communityID, in.ID)
}

func (s *Service) rowOf(tx *db.Tx, communityID, id string) (channelRow, error) {
	c, err := channelByID(tx, id)
	if errors.Is(err, db.ErrNoRows) || err == nil && c.Community != communityID {
		return c, fault.NotFound("notify.channel_unknown", "channel", "there is no such channel in this community")
	}
	return c, err
}

func (s *Service) channelOf(tx *db.Tx, communityID, id string) (Channel, error) {
	c, err := s.rowOf(tx, communityID, id)
	if err != nil {
		return Channel{}, err
	}
	return s.shown(c), nil
}

func (s *Service) shown(c channelRow) Channel {
	out := Channel{ID: c.ID, CommunityID: c.Community, Kind: c.Kind, Name: c.Name, HasSecret: c.Secret != "", Lang: c.Lang, Active: c.Active,
		OldSecretUntil: optional(c.OldUntil)}
	plain, err := s.seal.Open(c.Target)
	if err != nil {
		return out
	}
	out.Hint = hint(c.Kind, plain)
	return out
}

// hint shows enough of a target to recognise it and not enough to use it.
func hint(k channel.Kind, target string) string {
	if k == channel.Mail {
		return text.Masked(target)
	}
	if u, err := url.Parse(target); err == nil {
		return u.Host
	}
	return ""
}

// ChannelList returns the community's receivers, oldest first.
func (s *Service) ChannelList(ctx context.Context, communityID string) (out []Channel, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := channelsOf(tx, communityID)
		out = make([]Channel, len(rows))
		for i, r := range rows {
			out[i] = s.shown(r)
		}
		return err
	})
	return out, err
}

// ChannelSecret shows a secret to an organizer who has to enter it at the other side.
func (s *Service) ChannelSecret(ctx context.Context, communityID, id string) (secret string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err := s.rowOf(tx, communityID, id)
		if err != nil {
			return err
		}
		secret, err = s.seal.Open(c.Secret)
		return err
	})
	return secret, err
}

// ChannelRotate gives a webhook a new secret; for a day both sign, so that the other side can change over.
func (s *Service) ChannelRotate(ctx context.Context, communityID, id string) (c Channel, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		old, err := s.rowOf(tx, communityID, id)
		if err != nil {
			return err
		}
		if old.Kind != channel.Webhook {
			return fault.Invalid("notify.channel_kind", "channel", "only a webhook's secret is made here")
		}
		fresh, err := s.seal.Seal(channel.NewSecret())
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE notify_channels SET secret_sealed = $1, old_secret_sealed = $2, old_secret_until = $3, changed_at = $4 WHERE id = $5`,
			fresh, old.Secret, db.Micros(tx.Now.Add(oldSecretFor)), db.Micros(tx.Now), id); err != nil {
			return err
		}
		c, err = s.channelOf(tx, communityID, id)
		return err
	})
	return c, err
}

// ChannelDelete removes a receiver; what waits for it is skipped. Removing it
// twice is no error, removing another community's is: there is none here.
func (s *Service) ChannelDelete(ctx context.Context, communityID, id string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := channelByID(tx, id)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err == nil && c.Community != communityID {
			err = fault.NotFound("notify.channel_unknown", "channel", "there is no such channel in this community")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM notify_channels WHERE id = $1 AND community_id = $2`, id, communityID)
		return err
	})
	s.Wake()
	return err
}

// ChannelTest writes a test message for the receiver and returns the delivery's id, whose state says how it went.
func (s *Service) ChannelTest(ctx context.Context, communityID, id, key string) (deliveryID string, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := s.rowOf(tx, communityID, id)
		if err != nil {
			return err
		}
		answer, err := tx.Once("notify.test:"+id, key, "", func() ([]byte, error) {
			reason := "test:" + db.NewID()
			n := draft{kind: Test, day: dayRow{Community: communityID}, reason: reason, due: tx.Now, p: params{Channel: c.Name}}
			if err := s.write(tx, n, toChannel(c)); err != nil {
				return nil, err
			}
			var made string
			err := tx.Get(&made, `SELECT id FROM notify_deliveries WHERE reason = $1`, reason)
			return []byte(made), err
		})
		deliveryID = string(answer)
		return err
	})
	s.Wake()
	return deliveryID, err
}
