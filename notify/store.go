package notify

import (
	"encoding/json"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/notify/channel"
)

// dayRow is what notify remembers of a market day.
type dayRow struct {
	DayID     string `db:"day_id"`
	MarketID  string `db:"market_id"`
	Community string `db:"community_id"`
	Date      string `db:"date"`
	CommName  string `db:"community_name"`
	Market    string `db:"market_name"`
	Venue     string `db:"venue"`
	Zone      string `db:"time_zone"`
	Locale    string `db:"locale"`
	HeldOn    string `db:"held_on"`
	OpensAt   int64  `db:"opens_at"`
	ClosesAt  int64  `db:"closes_at"`
	State     string `db:"state"`
	OpenedAt  int64  `db:"opened_at"`
	ClosedAt  int64  `db:"closed_at"`
	RemindAt  int64  `db:"remind_at"`
	HoldUntil int64  `db:"hold_until"` // what the confirmation causes is held until it is certain
}

const dayColumns = `day_id, market_id, community_id, date, community_name, market_name, venue, time_zone, locale,
	held_on, opens_at, closes_at, state, opened_at, closed_at, remind_at, hold_until`

// day reads the own copy of a market day. Events of a day come in order, the
// planned one first, so a missing day is an error that parks the event.
func day(tx *db.Tx, dayID string) (dayRow, error) {
	var d dayRow
	err := tx.Get(&d, `SELECT `+dayColumns+` FROM notify_days WHERE day_id = $1`, dayID)
	if errors.Is(err, db.ErrNoRows) {
		return d, fault.NotFound("notify.day_unknown", "day", "notify has not heard of this market day")
	}
	return d, err
}

// params returns what every message about the day carries.
func (d dayRow) params() params {
	return params{Community: d.CommName, Market: d.Market, Venue: d.Venue, Zone: d.Zone, MarketID: d.MarketID,
		HeldOn: d.HeldOn, OpensAt: d.OpensAt, ClosesAt: d.ClosesAt}
}

func insertDay(tx *db.Tx, e event.MarketDayPlanned, remindAt time.Time) error {
	_, err := tx.Exec(`INSERT INTO notify_days (day_id, market_id, community_id, date, community_name, market_name, venue,
		time_zone, locale, held_on, opens_at, closes_at, state, remind_at, forget_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'planned',$13,$14) ON CONFLICT DO NOTHING`,
		e.DayID, e.MarketID, e.CommunityID, e.Date, e.Community, e.Market, e.Venue, e.TimeZone, e.Locale, e.HeldOn,
		db.Micros(e.OpensAt), db.Micros(e.ClosesAt), db.Micros(remindAt), db.Micros(e.ClosesAt.Add(forgetAfter)))
	return err
}

// partnersOf returns the partners who have a claim or a place on the day, once each.
func partnersOf(tx *db.Tx, dayID string) ([]string, error) {
	var ids []string
	err := tx.Select(&ids, `SELECT partner_id FROM notify_claims WHERE day_id = $1
		UNION SELECT partner_id FROM notify_places WHERE day_id = $1 ORDER BY partner_id`, dayID)
	return ids, err
}

// boothsOf returns the booth codes of each partner on the day.
func boothsOf(tx *db.Tx, dayID string) (ids []string, booths map[string][]string, err error) {
	var rows []struct {
		Partner string `db:"partner_id"`
		Booth   string `db:"booth_code"`
	}
	err = tx.Select(&rows, `SELECT partner_id, booth_code FROM notify_places WHERE day_id = $1 ORDER BY partner_id, booth_code`, dayID)
	booths = map[string][]string{}
	for _, r := range rows {
		if booths[r.Partner] == nil {
			ids = append(ids, r.Partner)
		}
		booths[r.Partner] = append(booths[r.Partner], r.Booth)
	}
	return ids, booths, err
}

// deliveryRow is a delivery as the dispatcher needs it.
type deliveryRow struct {
	ID        string       `db:"id"`
	Community string       `db:"community_id"`
	DayID     string       `db:"day_id"`
	Kind      Kind         `db:"kind"`
	Audience  Audience     `db:"audience"`
	Recipient string       `db:"recipient"`
	Channel   channel.Kind `db:"channel"`
	Lang      string       `db:"lang"`
	Params    string       `db:"params"`
	State     State        `db:"state"`
	Forced    bool         `db:"forced"`
	DueAt     int64        `db:"due_at"`
	Until     int64        `db:"useful_until"`
	NextAt    int64        `db:"next_at"`
	Lease     string       `db:"lease"`
	Attempts  int          `db:"attempts"`
	Tries     int          `db:"tries"`
	FirstAt   int64        `db:"first_at"`
}

const deliveryColumns = `id, community_id, day_id, kind, audience, recipient, channel, lang, params, state, forced,
	due_at, useful_until, next_at, lease, attempts, tries, first_at`

func (r deliveryRow) timing() timing {
	return timing{audience: r.Audience, due: db.Time(r.DueAt), until: optional(r.Until), forced: r.Forced, asked: r.Kind == SubscriptionConfirm}
}

func (r deliveryRow) decoded() (params, error) {
	var p params
	err := json.Unmarshal([]byte(r.Params), &p)
	return p, err
}

// optional is a stored instant of which 0 means none.
func optional(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return db.Time(micros)
}

func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return db.Micros(t)
}

// channelRow is a community's receiver.
type channelRow struct {
	ID        string       `db:"id"`
	Community string       `db:"community_id"`
	Kind      channel.Kind `db:"kind"`
	Name      string       `db:"name"`
	Target    string       `db:"target_sealed"`
	Secret    string       `db:"secret_sealed"`
	OldSecret string       `db:"old_secret_sealed"`
	OldUntil  int64        `db:"old_secret_until"`
	Lang      string       `db:"lang"`
	Active    bool         `db:"active"`
	CreatedAt int64        `db:"created_at"`
	ChangedAt int64        `db:"changed_at"`
}

const channelColumns = `id, community_id, kind, name, target_sealed, secret_sealed, old_secret_sealed, old_secret_until,
	lang, active, created_at, changed_at`

func channelByID(tx *db.Tx, id string) (channelRow, error) {
	var c channelRow
	err := tx.Get(&c, `SELECT `+channelColumns+` FROM notify_channels WHERE id = $1`, id)
	return c, err
}

func channelsOf(tx *db.Tx, communityID string) ([]channelRow, error) {
	var cs []channelRow
	err := tx.Select(&cs, `SELECT `+channelColumns+` FROM notify_channels WHERE community_id = $1 ORDER BY created_at, id`, communityID)
	return cs, err
}

// subscriptionRow is a resident who asked.
type subscriptionRow struct {
	ID        string `db:"id"`
	Community string `db:"community_id"`
	MarketID  string `db:"market_id"`
	DayID     string `db:"day_id"`
	Address   string `db:"address_sealed"`
	Digest    string `db:"address_digest"`
	Lang      string `db:"lang"`
	Reminder  bool   `db:"reminder"`
	Closing   bool   `db:"closing"`
	Token     string `db:"token"`
}

const subscriptionColumns = `id, community_id, market_id, day_id, address_sealed, address_digest, lang, reminder, closing, token`

// subscribers returns who asked to be told about the day, each address once.
func subscribers(tx *db.Tx, d dayRow) ([]subscriptionRow, error) {
	var rows []subscriptionRow
	err := tx.Select(&rows, `SELECT `+subscriptionColumns+` FROM notify_subscriptions
		WHERE market_id = $1 AND community_id = $2 AND (day_id = $3 OR day_id = '') ORDER BY day_id DESC, id`,
		d.MarketID, d.Community, d.DayID)
	return rows, err
}
