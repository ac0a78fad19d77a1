package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/notify/channel"
)

// draft is a message before it is known for whom. reason makes it unique: the
// same reason, recipient and channel is written once, whatever is repeated.
type draft struct {
	kind   Kind
	day    dayRow
	reason string    // empty: the kind; what distinguishes it within the day
	due    time.Time // when it should be told
	until  time.Time // useful until, zero: always
	hold   time.Time // not sent before: until then it may be taken back
	p      params
}

// to is one recipient of a draft.
type to struct {
	audience Audience
	id       string // "partner:…", "organizer:…", "channel:…", "resident:…"
	channel  channel.Kind
	lang     string
	why      string // why it cannot be told, "" if it can
}

// write adds one delivery: queued for when the rules allow it, or skipped and
// counted when they do not.
func (s *Service) write(tx *db.Tx, d draft, r to) error {
	raw, err := json.Marshal(d.p)
	if err != nil {
		return err
	}
	at, why := decide(timing{audience: r.audience, due: d.due, until: d.until, asked: d.kind == SubscriptionConfirm}, tx.Now, zoneOf(d.day.Zone))
	if r.why != "" {
		why = r.why
	}
	if r.audience != ToChannel && isLate(d.due, at) {
		if waited := maxTime(at, tx.Now.Add(burstPause)); d.until.IsZero() || waited.Before(d.until) {
			at = waited
		}
	}
	at = maxTime(at, d.hold)
	state, finished := Queued, int64(0)
	if why != "" {
		state, finished = Skipped, db.Micros(tx.Now)
	}
	reason := d.reason
	if reason == "" {
		reason = string(d.kind) + ":" + d.day.DayID
	}
	_, err = tx.Exec(`INSERT INTO notify_deliveries (id, community_id, day_id, kind, audience, reason, recipient, channel, lang, params,
		state, why, due_at, useful_until, next_at, created_at, finished_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17) ON CONFLICT DO NOTHING`,
		db.NewID(), d.day.Community, d.day.DayID, string(d.kind), string(r.audience), reason, r.id, string(r.channel), r.lang, string(raw),
		string(state), why, db.Micros(d.due), microsOrZero(d.until), db.Micros(at), db.Micros(tx.Now), finished)
	if err == nil && state == Queued {
		s.Wake()
	}
	return err
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// person is the recipient of a draft by mail, with what makes that impossible.
func (s *Service) person(audience Audience, prefix string, r Recipient, d draft) to {
	t := to{audience: audience, id: prefix + r.ID, channel: channel.Mail, lang: langOr(r.Lang, d.day.Locale)}
	if r.Email == "" && s.needsAddress() {
		t.why = whyNoAddress
	}
	return t
}

// toPartner writes a draft for one partner.
func (s *Service) toPartner(tx *db.Tx, d draft, partnerID string) error {
	r, err := s.partner(tx, partnerID)
	if err != nil && fault.KindOf(err) == fault.KindNotFound {
		return s.write(tx, d, to{audience: ToPartner, id: "partner:" + partnerID, channel: channel.Mail, lang: text.Langs[0], why: whyGone})
	}
	if err != nil {
		return err
	}
	r.ID = partnerID
	return s.write(tx, d, s.person(ToPartner, "partner:", r, d))
}

func (s *Service) partner(tx *db.Tx, partnerID string) (Recipient, error) {
	if s.o.Directory.Partner == nil {
		return Recipient{}, fault.NotFound("notify.partner_unknown", "partner", "there is no directory of partners")
	}
	return s.o.Directory.Partner(tx, partnerID)
}

// toStaff writes a draft for the organizers and the community's own channels.
func (s *Service) toStaff(tx *db.Tx, d draft) error {
	if err := s.toOrganizers(tx, d); err != nil {
		return err
	}
	return s.toChannels(tx, d)
}

func (s *Service) toOrganizers(tx *db.Tx, d draft) error {
	if s.o.Directory.Organizers == nil {
		return nil
	}
	all, err := s.o.Directory.Organizers(tx, d.day.Community)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := s.write(tx, d, s.person(ToOrganizer, "organizer:", r, d)); err != nil {
			return err
		}
	}
	return nil
}

// toChannels writes a draft for robots, the community's mail address and folder; webhooks get events instead.
func (s *Service) toChannels(tx *db.Tx, d draft) error {
	return s.eachChannel(tx, d.day.Community, func(c channelRow) error {
		if c.Kind == channel.Webhook {
			return nil
		}
		return s.write(tx, d, toChannel(c))
	})
}

func (s *Service) eachChannel(tx *db.Tx, communityID string, do func(channelRow) error) error {
	all, err := channelsOf(tx, communityID)
	if err != nil {
		return err
	}
	for _, c := range all {
		if !c.Active {
			continue
		}
		if err := do(c); err != nil {
			return err
		}
	}
	return nil
}

func toChannel(c channelRow) to {
	return to{audience: ToChannel, id: "channel:" + c.ID, channel: c.Kind, lang: c.Lang}
}

// toResidents writes a draft for the residents who asked for this purpose.
func (s *Service) toResidents(tx *db.Tx, d draft, wants func(subscriptionRow) bool) error {
	rows, err := subscribers(tx, d.day)
	if err != nil {
		return err
	}
	var told []string
	for _, r := range rows {
		if !wants(r) || slices.Contains(told, r.Digest) {
			continue
		}
		told = append(told, r.Digest)
		t := to{audience: ToResident, id: "resident:" + r.ID, channel: channel.Mail, lang: r.Lang}
		if err := s.write(tx, d, t); err != nil {
			return err
		}
	}
	return nil
}

// envelope is what a webhook receives: the type and shape of a Standard Webhooks
// payload, with the event as it is on our own bus.
type envelope struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Community string      `json:"community"`
	Data      event.Event `json:"data"`
}

// toWebhooks writes an event for the community's webhooks. which distinguishes
// events of one name and day, empty when there can be only one.
func (s *Service) toWebhooks(tx *db.Tx, d dayRow, e event.Event, which string) error {
	var raw []byte
	return s.eachChannel(tx, d.Community, func(c channelRow) (err error) {
		if c.Kind != channel.Webhook {
			return nil
		}
		if raw == nil {
			if raw, err = json.Marshal(envelope{Type: e.Name(), Timestamp: tx.Now, Community: d.Community, Data: e}); err != nil {
				return err
			}
		}
		n := draft{kind: Hook, day: d, reason: hookReason(e, d.DayID, which), due: tx.Now, p: params{Payload: raw}}
		return s.write(tx, n, toChannel(c))
	})
}

// hookReason is the reason of telling programs about an event.
func hookReason(e event.Event, dayID, which string) string {
	return "event:" + e.Name() + ":" + dayID + ":" + which
}

func langOr(lang, otherwise string) string {
	if slices.Contains(text.Langs, lang) {
		return lang
	}
	if slices.Contains(text.Langs, otherwise) {
		return otherwise
	}
	return text.Langs[0]
}

// rewrite tells what still waits about a day when and where it is held now, so
// that nobody reads what was true when the message was written.
func rewrite(tx *db.Tx, old, now dayRow) error {
	var waiting []struct {
		ID          string `db:"id"`
		Params      string `db:"params"`
		UsefulUntil int64  `db:"useful_until"`
	}
	err := tx.Select(&waiting, `SELECT id, params, useful_until FROM notify_deliveries WHERE day_id = $1 AND state IN ('queued', 'retry') AND kind <> $2`, now.DayID, string(Hook))
	for _, w := range waiting {
		var p params
		if err := json.Unmarshal([]byte(w.Params), &p); err != nil {
			return fmt.Errorf("stored delivery %s: %w", w.ID, err)
		}
		is := now.params()
		p.Community, p.Market, p.Venue, p.Zone = is.Community, is.Market, is.Venue, is.Zone
		p.HeldOn, p.OpensAt, p.ClosesAt = is.HeldOn, is.OpensAt, is.ClosesAt
		if w.UsefulUntil == old.ClosesAt {
			w.UsefulUntil = now.ClosesAt
		}
		raw, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE notify_deliveries SET params = $2, useful_until = $3 WHERE id = $1`, w.ID, string(raw), w.UsefulUntil); err != nil {
			return err
		}
	}
	return err
}
