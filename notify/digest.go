package notify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"yiji/internal/db"
	"yiji/internal/text"
	"yiji/notify/channel"
)

// A robot's bucket holds bucketSize messages and gains one every bucketEvery:
// in any minute at most 6 + 12 = 18 go out (G18).
const (
	bucketSize  = 6
	bucketEvery = 5 * time.Second
	milli       = 1000
)

// merge decides whether r goes alone: it returns r, a digest that r and others
// were merged into, or an empty row when a robot has to wait for its bucket.
func (s *Service) merge(tx *db.Tx, r deliveryRow) (deliveryRow, error) {
	if r.Channel == channel.Webhook || r.Kind == SubscriptionConfirm {
		return r, nil
	}
	last := false
	if r.Channel.Robot() {
		left, at, err := takeToken(tx, strings.TrimPrefix(r.Recipient, "channel:"))
		if err != nil {
			return r, err
		}
		if !at.IsZero() {
			_, err := tx.Exec(`UPDATE notify_deliveries SET next_at = $1, state = CASE WHEN state = 'sending' THEN 'retry' ELSE state END,
				lease = '', lease_until = 0 WHERE finished_at = 0 AND recipient = $2 AND channel = $3 AND next_at < $1`,
				db.Micros(at), r.Recipient, string(r.Channel))
			return deliveryRow{}, err
		}
		last = left == 0
	}
	late := r.Audience != ToChannel && isLate(db.Time(r.DueAt), tx.Now)
	if !last && !late {
		return r, nil
	}
	members, err := s.gather(tx, r)
	if err != nil || len(members) < 2 {
		return r, err
	}
	return s.digestOf(tx, members)
}

// takeToken takes one token and returns how many whole ones are left, or when the next one comes.
func takeToken(tx *db.Tx, channelID string) (left int64, at time.Time, err error) {
	if _, err := tx.Exec(`INSERT INTO notify_buckets (channel_id, tokens, refilled_at) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`,
		channelID, bucketSize*milli, db.Micros(tx.Now)); err != nil {
		return 0, at, err
	}
	var b struct {
		Tokens int64 `db:"tokens"`
		At     int64 `db:"refilled_at"`
	}
	if err := tx.Get(&b, `UPDATE notify_buckets SET tokens = tokens WHERE channel_id = $1 RETURNING tokens, refilled_at`, channelID); err != nil {
		return 0, at, err
	}
	tokens, since := refill(b.Tokens, db.Time(b.At), tx.Now)
	if tokens < milli {
		return 0, since.Add(time.Duration(milli-tokens) * bucketEvery / milli), nil
	}
	_, err = tx.Exec(`UPDATE notify_buckets SET tokens = $1, refilled_at = $2 WHERE channel_id = $3`, tokens-milli, db.Micros(since), channelID)
	return (tokens - milli) / milli, at, err
}

// refill adds what has dripped into a bucket since then; a clock that went back adds nothing.
func refill(tokens int64, then, now time.Time) (int64, time.Time) {
	gone := now.Sub(then)
	if gone <= 0 {
		return tokens, then
	}
	if gone >= bucketSize*bucketEvery {
		return bucketSize * milli, now
	}
	gained := int64(gone * milli / bucketEvery)
	if tokens+gained >= bucketSize*milli {
		return bucketSize * milli, now
	}
	return tokens + gained, then.Add(time.Duration(gained) * bucketEvery / milli)
}

// gather returns everything due for the recipient of r that may be merged; what
// the rules no longer allow is skipped on the way. Persons get only late
// messages merged: a message in time stands for itself.
func (s *Service) gather(tx *db.Tx, r deliveryRow) ([]deliveryRow, error) {
	var rows, out []deliveryRow
	if err := tx.Select(&rows, `SELECT `+deliveryColumns+` FROM notify_deliveries WHERE finished_at = 0
		AND recipient = $1 AND channel = $2 AND next_at <= $3 ORDER BY due_at, id`,
		r.Recipient, string(r.Channel), db.Micros(tx.Now)); err != nil {
		return nil, err
	}
	for _, m := range rows {
		p, err := m.decoded()
		if err != nil {
			continue
		}
		at, why := decide(m.timing(), tx.Now, zoneOf(p.Zone))
		if why != "" {
			if err := s.finish(tx, m, Skipped, why); err != nil {
				return nil, err
			}
			continue
		}
		if at.After(tx.Now) || m.Audience != ToChannel && !isLate(db.Time(m.DueAt), tx.Now) {
			continue
		}
		out = append(out, m)
	}
	return out, nil
}

// digestOf writes a digest and marks its members as merged into it. A digest among
// the members hands its own members on.
func (s *Service) digestOf(tx *db.Tx, members []deliveryRow) (deliveryRow, error) {
	first, latest := members[0], members[len(members)-1]
	p, err := first.decoded()
	if err != nil {
		return first, err
	}
	g := params{Community: p.Community, Market: p.Market, Zone: p.Zone, MarketID: p.MarketID}
	raw, err := json.Marshal(g)
	if err != nil {
		return first, err
	}
	id := db.NewID()
	if _, err := tx.Exec(`INSERT INTO notify_deliveries (id, community_id, day_id, kind, audience, reason, recipient, channel, lang, params,
		state, why, due_at, useful_until, next_at, created_at) VALUES ($1,$2,$3,'digest',$4,$5,$6,$7,$8,$9,'queued','',$10,0,$11,$11)`,
		id, first.Community, first.DayID, string(first.Audience), "digest:"+id, first.Recipient, string(first.Channel), first.Lang, string(raw),
		latest.DueAt, db.Micros(tx.Now)); err != nil {
		return first, err
	}
	if err := fold(tx, id, members); err != nil {
		return first, err
	}
	var d deliveryRow
	err = tx.Get(&d, `SELECT `+deliveryColumns+` FROM notify_deliveries WHERE id = $1`, id)
	return d, err
}

// fold moves members into the digest; those that somebody else has claimed
// meanwhile stay where they are.
func fold(tx *db.Tx, digest string, members []deliveryRow) error {
	for part := range slices.Chunk(members, 200) {
		ids := make([]string, len(part))
		for i, m := range part {
			ids[i] = m.ID
		}
		now := db.Micros(tx.Now)
		q, args, err := db.In(`UPDATE notify_deliveries SET state = 'merged', merged_into = ?, finished_at = ?, lease = '', lease_until = 0
			WHERE id IN (?) AND (state IN ('queued', 'retry') OR state = 'sending' AND lease_until <= ?)`, digest, now, ids, now)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(q, args...); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE notify_deliveries SET merged_into = $1 WHERE merged_into IN
		(SELECT id FROM notify_deliveries WHERE merged_into = $1 AND kind = 'digest')`, digest)
	return err
}

// digestText renders the members: whole texts for a person, headlines for a robot.
func (s *Service) digestText(tx *db.Tx, r deliveryRow, l letter) (Text, error) {
	var rows []deliveryRow
	if err := tx.Select(&rows, `SELECT `+deliveryColumns+` FROM notify_deliveries WHERE merged_into = $1 AND kind <> 'digest'
		ORDER BY due_at, id`, r.ID); err != nil {
		return Text{}, err
	}
	limit := digestLimit(r.Channel)
	var parts []string
	size, left := 0, 0
	for i, m := range rows {
		p, err := m.decoded()
		if err != nil {
			continue
		}
		part := s.digestPart(m, p, l)
		if size += len(part) + 2; size > limit {
			left = len(rows) - i
			break
		}
		parts = append(parts, part)
		if p.Market != l.p.Market {
			l.p.Market = l.p.Community
		}
	}
	args := text.Args{"market": l.p.Market, "count": strconv.Itoa(len(rows)), "more": strconv.Itoa(left)}
	if left > 0 {
		parts = append(parts, text.T(l.lang, "notify.digest.more", args))
	}
	subject := text.T(l.lang, "notify.digest.subject", args)
	return Text{Subject: subject, Body: s.o.frame(l, r.Channel, subject, strings.Join(parts, gap(r.Channel)))}, nil
}

func (s *Service) digestPart(m deliveryRow, p params, l letter) string {
	one := letter{kind: m.Kind, dayID: m.DayID, comm: m.Community, lang: l.lang, due: db.Time(m.DueAt), now: l.now, p: p}
	if !m.Channel.Robot() {
		t := s.o.plain(one, m.Channel)
		return t.Subject + "\n" + t.Body
	}
	return "· " + text.T(l.lang, "notify."+string(m.Kind)+".subject", s.o.args(one))
}

// digestLimit leaves room for the headline and the last line.
func digestLimit(k channel.Kind) int {
	if k == channel.WeCom {
		return channel.WeComLimit - 400
	}
	return channel.FeishuLimit - 1000
}
