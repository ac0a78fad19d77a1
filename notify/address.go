package notify

import (
	"errors"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/notify/channel"
)

// target is where a delivery goes, looked up at the moment of sending.
type target struct {
	name    string
	email   string
	url     string
	secrets []string
	token   string // of a resident's subscription
	confirm string // of a resident's wish
	title   string // of a channel
}

// resolve finds the address of a delivery, or says why there is none.
func (s *Service) resolve(tx *db.Tx, r deliveryRow) (target, string, error) {
	role, id, _ := strings.Cut(r.Recipient, ":")
	switch role {
	case "channel":
		return s.channelTarget(tx, id)
	case "resident":
		return s.residentTarget(tx, id)
	case "wish":
		return s.wishTarget(tx, id)
	case "organizer":
		return s.organizerTarget(tx, r.Community, id)
	}
	p, err := s.partner(tx, id)
	if err != nil && fault.KindOf(err) == fault.KindNotFound {
		return target{}, whyGone, nil
	}
	return s.personTarget(p, err)
}

func (s *Service) personTarget(p Recipient, err error) (target, string, error) {
	if err != nil {
		return target{}, "", err
	}
	if p.Email == "" && s.needsAddress() {
		return target{}, whyNoAddress, nil
	}
	return target{name: p.Name, email: p.Email}, "", nil
}

func (s *Service) organizerTarget(tx *db.Tx, communityID, id string) (target, string, error) {
	if s.o.Directory.Organizers == nil {
		return target{}, whyGone, nil
	}
	all, err := s.o.Directory.Organizers(tx, communityID)
	if err != nil {
		return target{}, "", err
	}
	for _, p := range all {
		if p.ID == id {
			return s.personTarget(p, nil)
		}
	}
	return target{}, whyGone, nil
}

func (s *Service) residentTarget(tx *db.Tx, id string) (target, string, error) {
	var sub subscriptionRow
	err := tx.Get(&sub, `SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE id = $1`, id)
	t, why, err := s.opened(sub, err)
	t.token = sub.Token
	return t, why, err
}

// opened is the address of a resident that was read with err.
func (s *Service) opened(r subscriptionRow, err error) (target, string, error) {
	if errors.Is(err, db.ErrNoRows) {
		return target{}, whyUnsubscribed, nil
	}
	if err != nil {
		return target{}, "", err
	}
	email, err := s.seal.Open(r.Address)
	if err != nil {
		return target{}, "address_sealed", nil // sealed with another key: visible, not fatal
	}
	return target{email: email}, "", nil
}

func (s *Service) channelTarget(tx *db.Tx, id string) (target, string, error) {
	c, err := channelByID(tx, id)
	if errors.Is(err, db.ErrNoRows) || err == nil && !c.Active {
		return target{}, whyGone, nil
	}
	if err != nil {
		return target{}, "", err
	}
	address, err := s.seal.Open(c.Target)
	if err != nil {
		return target{}, "address_sealed", nil
	}
	t := target{title: c.Name, url: address}
	if c.Kind == channel.Mail {
		t.url, t.email = "", address
	}
	sealed := []string{c.Secret}
	if c.OldUntil > db.Micros(tx.Now) {
		sealed = append(sealed, c.OldSecret)
	}
	for _, text := range sealed {
		secret, err := s.seal.Open(text)
		if err != nil {
			return target{}, "address_sealed", nil
		}
		if secret != "" {
			t.secrets = append(t.secrets, secret)
		}
	}
	return t, "", nil
}

// compose renders the delivery for its channel.
func (s *Service) compose(tx *db.Tx, r deliveryRow, t target) (channel.Message, error) {
	m := channel.Message{Key: r.ID, At: tx.Now, Lang: r.Lang, Name: t.name, Email: t.email, URL: t.url, Secrets: t.secrets}
	p, err := r.decoded()
	if err != nil {
		return m, err
	}
	if r.Kind == Hook {
		m.Subject, m.Payload = "event", p.Payload
		return m, nil
	}
	text, err := s.text(tx, r, p, t)
	if err != nil {
		return m, err
	}
	m.Subject, m.Text = text.Subject, text.Body
	if r.Channel == channel.Webhook {
		m.Payload = plainPayload(r, text, tx.Now)
	}
	if t.token != "" {
		m.Unsubscribe = s.o.link(s.o.Links.Unsubscribe, letter{token: t.token})
	}
	return m, nil
}

// text renders any delivery but a webhook's event.
func (s *Service) text(tx *db.Tx, r deliveryRow, p params, t target) (Text, error) {
	l := letter{kind: r.Kind, dayID: r.DayID, comm: r.Community, lang: r.Lang, name: t.name, token: t.token, confirm: t.confirm,
		due: db.Time(r.DueAt), now: tx.Now, p: p}
	if r.Kind == Digest {
		return s.digestText(tx, r, l)
	}
	return s.o.render(l, r.Channel), nil
}
