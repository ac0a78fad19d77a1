package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

type dayRow struct {
	ID            string `db:"id"`
	MarketID      string `db:"market_id"`
	CommunityID   string `db:"community_id"`
	Date          Date   `db:"date"`
	HeldOn        Date   `db:"held_on"`
	State         State  `db:"state"`
	OpensAt       int64  `db:"opens_at"`
	ClosesAt      int64  `db:"closes_at"`
	ClaimsAt      int64  `db:"claims_at"`
	StandingUntil int64  `db:"standing_until"`
	ConfirmAt     int64  `db:"confirm_at"`
	ServeUntil    int64  `db:"serve_until"`
	OpenedAt      *int64 `db:"opened_at"`
	ClosedAt      *int64 `db:"closed_at"`
	Claims        int    `db:"claims"`
	Tickets       int    `db:"tickets"`
	Flagged       bool   `db:"flagged"`
	Reason        string `db:"reason"`
	MovedTo       Date   `db:"moved_to"`
	Reasons       string `db:"reasons"`
	CreatedAt     int64  `db:"created_at"`
	BeforeCancel  string `db:"before_cancel"`
	MarketName    string `db:"market_name"`
	MarketSlug    string `db:"market_slug"`
	Venue         string `db:"venue"`
	Zone          string `db:"time_zone"`
	Locale        string `db:"locale"`
	Leads         string `db:"leads"`
}

const dayColumns = `d.id, d.market_id, d.community_id, d.date, d.held_on, d.state, d.opens_at, d.closes_at, d.claims_at, d.standing_until,
	d.confirm_at, d.serve_until, d.opened_at, d.closed_at, d.claims, d.tickets, d.flagged, d.reason, d.moved_to, d.reasons, d.created_at, d.before_cancel,
	m.name AS market_name, m.slug AS market_slug, m.venue, c.time_zone, c.locale, m.leads
	FROM market_days d JOIN markets m ON m.id = d.market_id JOIN communities c ON c.id = d.community_id`

func (r dayRow) day() (Day, error) {
	d := Day{
		ID: r.ID, MarketID: r.MarketID, CommunityID: r.CommunityID, Date: r.Date, HeldOn: r.HeldOn, State: r.State,
		OpensAt: db.Time(r.OpensAt), ClosesAt: db.Time(r.ClosesAt), ClaimsAt: db.Time(r.ClaimsAt),
		StandingUntil: db.Time(r.StandingUntil), ConfirmAt: db.Time(r.ConfirmAt), ServeUntil: db.Time(r.ServeUntil),
		OpenedAt: instant(r.OpenedAt), ClosedAt: instant(r.ClosedAt), Claims: r.Claims, Tickets: r.Tickets, Flagged: r.Flagged,
		Reason: r.Reason, MovedTo: r.MovedTo, MarketName: r.MarketName, MarketSlug: r.MarketSlug, Venue: r.Venue, TimeZone: r.Zone,
		locale: r.Locale, createdAt: db.Time(r.CreatedAt),
	}
	if r.BeforeCancel != "" && r.State == Cancelled {
		d.before = &beforeCancel{}
		if err := json.Unmarshal([]byte(r.BeforeCancel), d.before); err != nil {
			return d, fmt.Errorf("stored day %s: %w", r.ID, err)
		}
	}
	if err := errors.Join(json.Unmarshal([]byte(r.Reasons), &d.Reasons), json.Unmarshal([]byte(r.Leads), &d.leads)); err != nil {
		return d, fmt.Errorf("stored day %s: %w", r.ID, err)
	}
	return d, nil
}

// oneDay reads a day; community "" means any.
func oneDay(tx *db.Tx, community, id string) (Day, error) {
	var r dayRow
	err := tx.Get(&r, `SELECT `+dayColumns+` WHERE d.id = $1 AND ($2 = '' OR d.community_id = $2)`, id, community)
	if errors.Is(err, db.ErrNoRows) {
		return Day{}, fault.NotFound("market_day.unknown", "day", "there is no market day %q", id)
	}
	if err != nil {
		return Day{}, err
	}
	return r.day()
}

// someDays reads days by the rest of a query after FROM, with its ORDER BY.
func someDays(tx *db.Tx, rest string, args ...any) ([]Day, error) {
	var rows []dayRow
	if err := tx.Select(&rows, `SELECT `+dayColumns+` `+rest, args...); err != nil {
		return nil, err
	}
	out := make([]Day, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.day(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// query builds the condition of a filter.
func (f DayFilter) query(community string) (string, []any) {
	rest, args := `WHERE d.community_id = $1`, []any{community}
	and := func(cond string, v any) {
		args = append(args, v)
		rest += ` AND ` + cond + `$` + strconv.Itoa(len(args))
	}
	if f.MarketID != "" {
		and(`d.market_id = `, f.MarketID)
	}
	if f.FromDate != 0 {
		and(`d.held_on >= `, f.FromDate)
	}
	if f.ToDate != 0 {
		and(`d.held_on <= `, f.ToDate)
	}
	if len(f.States) > 0 {
		known := slices.DeleteFunc(slices.Clone(f.States), func(s State) bool { return !slices.Contains(States, s) })
		if rest += ` AND d.state IN (` + inList(known) + `)`; len(known) == 0 {
			rest = `WHERE 1 = 0 AND d.community_id = $1`
			args = args[:1]
		}
	}
	dir := ``
	if f.Backwards {
		dir = ` DESC`
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return rest + ` ORDER BY d.held_on` + dir + `, d.id` + dir + ` LIMIT ` + strconv.Itoa(limit), args
}

// insertDay reports whether the day is new: its date may exist already, or
// another day of the market may be held on the same date.
func insertDay(tx *db.Tx, d Day, due time.Time) (bool, error) {
	n, err := tx.Exec(`INSERT INTO market_days (id, market_id, community_id, date, held_on, state, opens_at, closes_at, claims_at,
			standing_until, confirm_at, serve_until, due_at, flagged, reasons, created_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) ON CONFLICT DO NOTHING`,
		d.ID, d.MarketID, d.CommunityID, d.Date, d.HeldOn, d.State, db.Micros(d.OpensAt), db.Micros(d.ClosesAt), db.Micros(d.ClaimsAt),
		db.Micros(d.StandingUntil), db.Micros(d.ConfirmAt), db.Micros(d.ServeUntil), micros(due), d.Flagged, asJSON(d.Reasons), db.Micros(tx.Now))
	return n == 1, err
}

// swapState writes a day's transition if it is still in state from: the
// compare-and-set every transition goes through.
func swapState(tx *db.Tx, d Day, from State) (bool, error) {
	at, _ := d.due(d.State)
	n, err := tx.Exec(`UPDATE market_days SET state = $3, due_at = $4, standing_until = $5, confirm_at = $6, opened_at = $7, closed_at = $8,
		serve_until = $9, reason = $10, moved_to = $11 WHERE id = $1 AND state = $2`,
		d.ID, from, d.State, micros(at), db.Micros(d.StandingUntil), db.Micros(d.ConfirmAt), micros(d.OpenedAt), micros(d.ClosedAt),
		db.Micros(d.ServeUntil), d.Reason, d.MovedTo)
	return n == 1, err
}

// rewriteDay stores where and when a day takes place.
func rewriteDay(tx *db.Tx, d Day) error {
	at, _ := d.due(d.State)
	_, err := tx.Exec(`UPDATE market_days SET held_on = $2, opens_at = $3, closes_at = $4, claims_at = $5, standing_until = $6, confirm_at = $7,
		serve_until = $8, due_at = $9, flagged = $10, reason = $11, reasons = $12 WHERE id = $1`,
		d.ID, d.HeldOn, db.Micros(d.OpensAt), db.Micros(d.ClosesAt), db.Micros(d.ClaimsAt), db.Micros(d.StandingUntil), db.Micros(d.ConfirmAt),
		db.Micros(d.ServeUntil), micros(at), d.Flagged, d.Reason, asJSON(d.Reasons))
	return err
}

// deleteDay forgets a day nobody had anything to do with.
func deleteDay(tx *db.Tx, id string) error {
	for _, table := range []string{"market_day_transitions", "market_day_undone"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE day_id = $1`, id); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`DELETE FROM market_days WHERE id = $1`, id)
	return err
}

// forgetCancelled makes room for a date that is to be held again: a change of
// the rule had called its day off, and changing it back plans it anew. What a
// person cancelled is skipped and never asked for.
func forgetCancelled(tx *db.Tx, market string, date Date, now time.Time) error {
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.date = $2 AND d.state = 'cancelled' AND d.opens_at > $3`, market, date, db.Micros(now))
	for _, d := range days {
		err = errors.Join(err, deleteDay(tx, d.ID))
	}
	return err
}

// lockDay makes other writers of the day wait for this transaction.
func lockDay(tx *db.Tx, id string) error {
	_, err := tx.Exec(`UPDATE market_days SET claims = claims WHERE id = $1`, id)
	return err
}

// takenBy returns the id of another day of the market held on the date, "" if none.
func takenBy(tx *db.Tx, d Day, heldOn Date) (string, error) {
	var id string
	err := tx.Get(&id, `SELECT id FROM market_days WHERE market_id = $1 AND held_on = $2 AND id <> $3 AND state <> 'cancelled'`, d.MarketID, heldOn, d.ID)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// addTransition appends to the day's history.
func addTransition(tx *db.Tx, dayID string, t Transition) error {
	_, err := tx.Exec(`INSERT INTO market_day_transitions (day_id, seq, state, effective_at, recorded_at, actor, why)
		SELECT CAST($1 AS TEXT), COALESCE(MAX(seq), 0) + 1, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT) FROM market_day_transitions WHERE day_id = $1`,
		dayID, t.State, db.Micros(t.EffectiveAt), db.Micros(tx.Now), t.By, t.Why)
	return err
}

// historyOf lists what happened to a day, also what was taken back.
func historyOf(tx *db.Tx, dayID string) ([]Transition, error) {
	var rows []struct {
		Seq       int    `db:"seq"`
		State     State  `db:"state"`
		Effective int64  `db:"effective_at"`
		Recorded  int64  `db:"recorded_at"`
		By        string `db:"actor"`
		Why       string `db:"why"`
		UndoneAt  *int64 `db:"undone_at"`
		UndoneBy  string `db:"undone_by"`
	}
	err := tx.Select(&rows, `SELECT seq, state, effective_at, recorded_at, actor, why, undone_at, undone_by FROM (
			SELECT seq, 0 AS n, state, effective_at, recorded_at, actor, why, CAST(NULL AS BIGINT) AS undone_at, '' AS undone_by
			FROM market_day_transitions WHERE day_id = $1
			UNION ALL SELECT seq, n, state, effective_at, recorded_at, 'organizer', why, undone_at, undone_by
			FROM market_day_undone WHERE day_id = $1) AS h
		ORDER BY recorded_at, seq, CASE WHEN n = 0 THEN 1 ELSE 0 END, n`, dayID)
	out := make([]Transition, len(rows))
	for i, r := range rows {
		out[i] = Transition{Seq: i + 1, State: r.State, EffectiveAt: db.Time(r.Effective), RecordedAt: db.Time(r.Recorded), By: r.By, Why: r.Why,
			UndoneAt: instant(r.UndoneAt), UndoneBy: r.UndoneBy}
	}
	return out, err
}

// lastStep reads the step that brought a day to its state.
func lastStep(tx *db.Tx, dayID string) (Transition, error) {
	all, err := historyOf(tx, dayID)
	all = slices.DeleteFunc(all, func(t Transition) bool { return !t.UndoneAt.IsZero() })
	if err != nil || len(all) == 0 {
		return Transition{}, err
	}
	return all[len(all)-1], nil
}

// takeBack moves a step from the transitions of a day to what was undone.
func takeBack(tx *db.Tx, dayID string, state State, by string) error {
	if _, err := tx.Exec(`INSERT INTO market_day_undone (day_id, n, seq, state, effective_at, recorded_at, why, undone_at, undone_by)
		SELECT day_id, (SELECT COUNT(*) + 1 FROM market_day_undone WHERE day_id = $1), seq, state, effective_at, recorded_at, why, CAST($3 AS BIGINT), CAST($4 AS TEXT)
		FROM market_day_transitions WHERE day_id = $1 AND state = $2`, dayID, state, db.Micros(tx.Now), by); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM market_day_transitions WHERE day_id = $1 AND state = $2`, dayID, state)
	return err
}

// count adds to a counter of the day; a day that was forgotten counts nothing.
func countClaims(tx *db.Tx, dayID string, by int) error {
	_, err := tx.Exec(`UPDATE market_days SET claims = claims + $2 WHERE id = $1`, dayID, by)
	return err
}

func countTickets(tx *db.Tx, dayID string, by int) error {
	_, err := tx.Exec(`UPDATE market_days SET tickets = tickets + $2 WHERE id = $1`, dayID, by)
	return err
}
