package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

const communityColumns = `id, slug, name, city, address, phone, time_zone, locale`

func communityBy(tx *db.Tx, column, value string) (Community, error) {
	var c Community
	err := tx.Get(&c, `SELECT `+communityColumns+` FROM communities WHERE `+column+` = $1`, value)
	if errors.Is(err, db.ErrNoRows) {
		err = fault.NotFound("community.unknown", "community", "there is no community %q", value)
	}
	return c, err
}

// putCommunity inserts or updates by slug and returns the row's id.
func putCommunity(tx *db.Tx, c Community) (Community, error) {
	err := tx.Get(&c.ID, `INSERT INTO communities (`+communityColumns+`, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		ON CONFLICT (slug) DO UPDATE SET name = excluded.name, city = excluded.city, address = excluded.address,
			phone = excluded.phone, time_zone = excluded.time_zone, locale = excluded.locale RETURNING id`,
		db.NewID(), c.Slug, c.Name, c.City, c.Address, c.Phone, c.TimeZone, c.Locale, db.Micros(tx.Now))
	return c, err
}

// insertCommunity inserts a community; one of its slug must be the same.
func insertCommunity(tx *db.Tx, c Community) (Community, error) {
	_, err := tx.Exec(`INSERT INTO communities (`+communityColumns+`, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		ON CONFLICT (slug) DO NOTHING`, db.NewID(), c.Slug, c.Name, c.City, c.Address, c.Phone, c.TimeZone, c.Locale, db.Micros(tx.Now))
	if err != nil {
		return c, err
	}
	have, err := communityBy(tx, "slug", c.Slug)
	if c.ID = have.ID; err == nil && have != c {
		err = fault.Conflict("community.slug_taken", "slug", "another community is called %q", c.Slug)
	}
	return have, err
}

// marketRow is a market as stored, with what planning needs of its community.
type marketRow struct {
	ID        string    `db:"id"`
	Community string    `db:"community_id"`
	Slug      string    `db:"slug"`
	Name      string    `db:"name"`
	Venue     string    `db:"venue"`
	Rule      string    `db:"rule"`
	Opens     TimeOfDay `db:"opens"`
	Closes    TimeOfDay `db:"closes"`
	Holiday   Policy    `db:"holiday"`
	Weekend   Policy    `db:"weekend"`
	Leads     string    `db:"leads"`
	Residents int       `db:"residents"`
	CreatedAt int64     `db:"created_at"`
	PlannedTo Date      `db:"planned_to"`
	Zone      string    `db:"time_zone"`
	Locale    string    `db:"locale"`
	Owner     string    `db:"community_name"`
}

// series is a market with what planning needs.
type series struct {
	Market
	loc       *time.Location
	locale    string
	owner     string // name of the community
	createdAt time.Time
	plannedTo Date
}

const marketColumns = `m.id, m.community_id, m.slug, m.name, m.venue, m.rule, m.opens, m.closes, m.holiday, m.weekend,
	m.leads, m.residents, m.created_at, m.planned_to, c.time_zone, c.locale, c.name AS community_name
	FROM markets m JOIN communities c ON c.id = m.community_id`

func (r marketRow) series() (series, error) {
	s := series{
		Market: Market{
			ID: r.ID, CommunityID: r.Community, Slug: r.Slug, Name: r.Name, Venue: r.Venue,
			Opens: r.Opens, Closes: r.Closes, Holiday: r.Holiday, Weekend: r.Weekend, ResidentsReported: r.Residents,
		},
		locale: r.Locale, owner: r.Owner, createdAt: db.Time(r.CreatedAt), plannedTo: r.PlannedTo,
	}
	err := errors.Join(json.Unmarshal([]byte(r.Rule), &s.Rule), json.Unmarshal([]byte(r.Leads), &s.Leads))
	if err == nil {
		s.loc, err = time.LoadLocation(r.Zone)
	}
	if err != nil {
		return s, fmt.Errorf("stored market %s: %w", r.ID, err)
	}
	return s, nil
}

// oneSeries reads a market; community "" means any.
func oneSeries(tx *db.Tx, community, id string) (series, error) {
	var r marketRow
	err := tx.Get(&r, `SELECT `+marketColumns+` WHERE m.id = $1 AND ($2 = '' OR m.community_id = $2)`, id, community)
	if errors.Is(err, db.ErrNoRows) {
		return series{}, fault.NotFound("market.unknown", "market", "there is no market %q", id)
	}
	if err != nil {
		return series{}, err
	}
	s, err := r.series()
	if err == nil {
		s.Exceptions, err = exceptionsOf(tx, id)
	}
	return s, err
}

func marketsOf(tx *db.Tx, community string) ([]Market, error) {
	var rows []marketRow
	if err := tx.Select(&rows, `SELECT `+marketColumns+` WHERE m.community_id = $1 ORDER BY m.slug`, community); err != nil {
		return nil, err
	}
	out := make([]Market, 0, len(rows))
	for _, r := range rows {
		s, err := r.series()
		if err == nil {
			s.Exceptions, err = exceptionsOf(tx, r.ID)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s.Market)
	}
	return out, nil
}

func marketID(tx *db.Tx, community, slug string) (string, error) {
	var id string
	err := tx.Get(&id, `SELECT id FROM markets WHERE community_id = $1 AND slug = $2`, community, slug)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// lockMarket makes this transaction the only one that plans the market.
func lockMarket(tx *db.Tx, community, id string) error {
	n, err := tx.Exec(`UPDATE markets SET version = version + 1 WHERE id = $1 AND ($2 = '' OR community_id = $2)`, id, community)
	if err == nil && n == 0 {
		err = fault.NotFound("market.unknown", "market", "there is no market %q", id)
	}
	return err
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "null" // only types of ours, which all have a JSON form
	}
	return string(raw)
}

// insertMarket reports false when the slug was taken meanwhile.
func insertMarket(tx *db.Tx, m Market, plannedTo Date) (bool, error) {
	n, err := tx.Exec(`INSERT INTO markets (id, community_id, slug, name, venue, rule, opens, closes, holiday, weekend, leads, created_at, planned_to, residents)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) ON CONFLICT DO NOTHING`,
		m.ID, m.CommunityID, m.Slug, m.Name, m.Venue, m.Rule.String(), m.Opens, m.Closes, m.Holiday, m.Weekend,
		asJSON(m.Leads), db.Micros(tx.Now), plannedTo, m.ResidentsReported)
	return n == 1, err
}

// updateMarket changes a market's row; dates after plannedTo are to be asked of
// the new rule when their time has come.
func updateMarket(tx *db.Tx, m Market, plannedTo Date) error {
	_, err := tx.Exec(`UPDATE markets SET slug = $2, name = $3, venue = $4, rule = $5, opens = $6, closes = $7, holiday = $8,
		weekend = $9, leads = $10, residents = $11, planned_to = CASE WHEN planned_to > $12 THEN $12 ELSE planned_to END WHERE id = $1`,
		m.ID, m.Slug, m.Name, m.Venue, m.Rule.String(), m.Opens, m.Closes, m.Holiday, m.Weekend, asJSON(m.Leads), m.ResidentsReported, plannedTo)
	return err
}

// setPlanned notes how far a market is planned; a zero planAt means the rule says no more.
func setPlanned(tx *db.Tx, id string, to Date, planAt time.Time) error {
	_, err := tx.Exec(`UPDATE markets SET planned_to = CASE WHEN planned_to < $2 THEN $2 ELSE planned_to END, plan_at = $3 WHERE id = $1`,
		id, to, micros(planAt))
	return err
}

// micros is the stored form of an instant that may be absent.
func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	µs := db.Micros(t)
	return &µs
}

func instant(µs *int64) time.Time {
	if µs == nil {
		return time.Time{}
	}
	return db.Time(*µs)
}

type exceptionRow struct {
	Kind   ExceptionKind `db:"kind"`
	Date   Date          `db:"date"`
	To     Date          `db:"held_on"`
	Opens  *TimeOfDay    `db:"opens"`
	Closes *TimeOfDay    `db:"closes"`
	Why    string        `db:"why"`
}

func exceptionsOf(tx *db.Tx, market string) ([]Exception, error) {
	var rows []exceptionRow
	err := tx.Select(&rows, `SELECT kind, date, held_on, opens, closes, why FROM market_exceptions WHERE market_id = $1 ORDER BY date`, market)
	out := make([]Exception, len(rows))
	for i, r := range rows {
		out[i] = Exception(r)
	}
	return out, err
}

func putException(tx *db.Tx, market string, e Exception) error {
	_, err := tx.Exec(`INSERT INTO market_exceptions (market_id, date, kind, held_on, opens, closes, why) VALUES ($1,$2,$3,$4,$5,$6,$7)
		ON CONFLICT (market_id, date) DO UPDATE SET kind = excluded.kind, held_on = excluded.held_on, opens = excluded.opens,
			closes = excluded.closes, why = excluded.why`, market, e.Date, e.Kind, e.To, e.Opens, e.Closes, e.Why)
	return err
}

func deleteException(tx *db.Tx, market string, d Date) (bool, error) {
	n, err := tx.Exec(`DELETE FROM market_exceptions WHERE market_id = $1 AND date = $2`, market, d)
	return n == 1, err
}

// dueMarkets lists markets to be planned, in a stable order after the given one.
func dueMarkets(tx *db.Tx, now time.Time, after due, limit int) ([]due, error) {
	var out []due
	err := tx.Select(&out, `SELECT plan_at AS at, id FROM markets WHERE plan_at IS NOT NULL AND plan_at <= $1 AND (plan_at, id) > ($2, $3)
		ORDER BY plan_at, id LIMIT $4`, db.Micros(now), after.At, after.ID, limit)
	return out, err
}

// dueDays lists days with a transition to make, in a stable order after the given one.
func dueDays(tx *db.Tx, now time.Time, after due, limit int) ([]due, error) {
	var out []due
	err := tx.Select(&out, `SELECT due_at AS at, id FROM market_days WHERE due_at IS NOT NULL AND due_at <= $1 AND (due_at, id) > ($2, $3)
		ORDER BY due_at, id LIMIT $4`, db.Micros(now), after.At, after.ID, limit)
	return out, err
}

// due is a row that waits for the clock.
type due struct {
	At int64  `db:"at"`
	ID string `db:"id"`
}

// nextDue returns the first instant after now at which anything is due; zero if nothing is.
func nextDue(tx *db.Tx, now time.Time) (time.Time, error) {
	var next *int64
	err := tx.Get(&next, `SELECT MIN(at) FROM (
		SELECT MIN(due_at) AS at FROM market_days WHERE due_at IS NOT NULL AND due_at > $1
		UNION ALL SELECT MIN(plan_at) AS at FROM markets WHERE plan_at IS NOT NULL AND plan_at > $1) AS waiting`, db.Micros(now))
	return instant(next), err
}

// inList returns "a, b" placeholders for states; they are constants of ours.
func inList(states []State) string {
	quoted := make([]string, len(states))
	for i, s := range states {
		quoted[i] = "'" + string(s) + "'"
	}
	return strings.Join(quoted, ", ")
}
