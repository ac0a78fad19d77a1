package booths

import (
	"cmp"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

type dayRow struct {
	ID            string `db:"id"`
	CommunityID   string `db:"community_id"`
	MarketID      string `db:"market_id"`
	Date          string `db:"date"`
	HeldOn        string `db:"held_on"`
	State         string `db:"state"`
	OpensAt       int64  `db:"opens_at"`
	ClosesAt      int64  `db:"closes_at"`
	ClaimingAt    int64  `db:"claiming_at"`
	StandingUntil int64  `db:"standing_until"`
	ConfirmAt     int64  `db:"confirm_at"`
	PublishedAt   int64  `db:"published_at"`
	Zones         string `db:"zones"`
	Wanted        string `db:"wanted"`
	Draft         string `db:"draft"`
	Earlier       string `db:"earlier"`
}

const dayColumns = `d.id, d.community_id, d.market_id, d.date, d.held_on, d.state, d.opens_at, d.closes_at,
	d.claiming_at, d.standing_until, d.confirm_at, d.published_at, d.zones, d.wanted, d.draft, d.earlier`

func (r dayRow) day() (Day, error) {
	d := Day{
		ID: r.ID, CommunityID: r.CommunityID, MarketID: r.MarketID, Date: r.Date, HeldOn: r.HeldOn, State: r.State,
		OpensAt: instant(r.OpensAt), ClosesAt: instant(r.ClosesAt), ClaimingAt: instant(r.ClaimingAt),
		StandingUntil: instant(r.StandingUntil), ConfirmAt: instant(r.ConfirmAt), PublishedAt: instant(r.PublishedAt),
		draft: r.Draft,
	}
	if r.Earlier != "" {
		d.earlier = new(earlier)
		if err := unpack(r.Earlier, d.earlier); err != nil {
			return d, err
		}
	}
	if err := unpack(r.Zones, &d.Zones); err != nil {
		return d, err
	}
	return d, unpack(r.Wanted, &d.Wanted)
}

// instant is db.Time with 0 for "not yet".
func instant(µs int64) time.Time {
	if µs == 0 {
		return time.Time{}
	}
	return db.Time(µs)
}

func (d Day) event() event.Day {
	return event.Day{DayID: d.ID, MarketID: d.MarketID, CommunityID: d.CommunityID, Date: d.Date}
}

func dayByID(tx *db.Tx, communityID, id string) (Day, error) {
	var r dayRow
	err := tx.Get(&r, `SELECT `+dayColumns+` FROM booths_days d WHERE d.id = $1 AND d.community_id = $2`, id, communityID)
	if errors.Is(err, db.ErrNoRows) {
		return Day{}, noDay()
	}
	if err != nil {
		return Day{}, err
	}
	return r.day()
}

// lockDay reads a day and makes every other change of its plan wait.
func lockDay(tx *db.Tx, communityID, id string) (Day, error) {
	n, err := tx.Exec(`UPDATE booths_days SET turn = turn + 1 WHERE id = $1 AND community_id = $2`, id, communityID)
	if err != nil {
		return Day{}, err
	}
	if n == 0 {
		return Day{}, noDay()
	}
	return dayByID(tx, communityID, id)
}

func insertDay(tx *db.Tx, e event.MarketDayPlanned) error {
	_, err := tx.Exec(`INSERT INTO booths_days (id, community_id, market_id, date, held_on, opens_at, closes_at, state,
			claiming_at, standing_until, confirm_at, published_at, zones, wanted, draft, turn)
		VALUES ($1,$2,$3,$4,$5,$6,$7,'planned',0,0,0,0,'','','',0) ON CONFLICT DO NOTHING`,
		e.DayID, e.CommunityID, e.MarketID, e.Date, e.HeldOn, db.Micros(e.OpensAt), db.Micros(e.ClosesAt))
	return err
}

func setClaiming(tx *db.Tx, e event.MarketDayClaimingOpened) error {
	_, err := tx.Exec(`UPDATE booths_days SET state = 'claiming', claiming_at = $2, standing_until = $3, confirm_at = $4 WHERE id = $1`,
		e.DayID, db.Micros(e.EffectiveAt), db.Micros(e.StandingUntil), db.Micros(e.ConfirmAt))
	return err
}

func setPublished(tx *db.Tx, id string) error {
	_, err := tx.Exec(`UPDATE booths_days SET state = 'published', published_at = $2, draft = '' WHERE id = $1`, id, db.Micros(tx.Now))
	return err
}

func setDayState(tx *db.Tx, id, state string) error {
	_, err := tx.Exec(`UPDATE booths_days SET state = $2 WHERE id = $1`, id, state)
	return err
}

func setDraft(tx *db.Tx, id, draft string) error {
	_, err := tx.Exec(`UPDATE booths_days SET draft = $2 WHERE id = $1 AND draft <> $2`, id, draft)
	return err
}

func moveDay(tx *db.Tx, e event.MarketDayMoved) error {
	_, err := tx.Exec(`UPDATE booths_days SET held_on = $2, opens_at = $3, closes_at = $4 WHERE id = $1`,
		e.DayID, e.HeldOn, db.Micros(e.OpensAt), db.Micros(e.ClosesAt))
	return err
}

func saveLayout(tx *db.Tx, communityID, marketID string, l Layout) error {
	n, err := tx.Exec(`INSERT INTO booths_layouts (market_id, community_id, zones, booths, wanted, changed_at) VALUES ($1,$2,$3,$4,$5,$6)
		ON CONFLICT (market_id) DO UPDATE SET zones = excluded.zones, booths = excluded.booths, wanted = excluded.wanted, changed_at = excluded.changed_at
		WHERE booths_layouts.community_id = excluded.community_id`,
		marketID, communityID, pack(l.Zones), pack(l.Booths), pack(l.Wanted), db.Micros(tx.Now))
	if err == nil && n == 0 {
		return fault.NotFound("layout.market_unknown", "market", "there is no such market in this community")
	}
	return err
}

// groundless are the days of a market that take claims, or are published, and
// have no booths: they began before anybody had drawn the ground.
func groundless(tx *db.Tx, marketID string) ([]string, error) {
	var ids []string
	err := tx.Select(&ids, `SELECT id FROM booths_days WHERE market_id = $1 AND state IN ('claiming', 'published') AND closes_at > $2
		AND NOT EXISTS (SELECT 1 FROM booths_booths b WHERE b.day_id = booths_days.id) ORDER BY id`, marketID, db.Micros(tx.Now))
	return ids, err
}

// layoutOf reads the ground of a market; false when there is none.
func layoutOf(tx *db.Tx, communityID, marketID string) (Layout, bool, error) {
	var r struct {
		Zones  string `db:"zones"`
		Booths string `db:"booths"`
		Wanted string `db:"wanted"`
	}
	var l Layout
	err := tx.Get(&r, `SELECT zones, booths, wanted FROM booths_layouts WHERE market_id = $1 AND community_id = $2`, marketID, communityID)
	if errors.Is(err, db.ErrNoRows) {
		return l, false, nil
	}
	if err != nil {
		return l, false, err
	}
	err = errors.Join(unpack(r.Zones, &l.Zones), unpack(r.Booths, &l.Booths), unpack(r.Wanted, &l.Wanted))
	for i := range l.Booths {
		l.Booths[i].ID = "" // only the booths of a day have one, whatever was sent
	}
	return l, true, err
}

type boothRow struct {
	ID       string `db:"id"`
	Code     string `db:"code"`
	Zone     string `db:"zone"`
	X        CM     `db:"x"`
	Y        CM     `db:"y"`
	W        CM     `db:"w"`
	H        CM     `db:"h"`
	Features string `db:"features"`
}

func (r boothRow) booth() (Booth, error) {
	b := Booth{ID: r.ID, Code: r.Code, Zone: r.Zone, X: r.X, Y: r.Y, W: r.W, H: r.H}
	return b, unpack(r.Features, &b.Features)
}

func boothsOf(tx *db.Tx, day Day) ([]Booth, error) {
	var rows []boothRow
	if err := tx.Select(&rows, `SELECT id, code, zone, x, y, w, h, features FROM booths_booths WHERE day_id = $1 ORDER BY code`, day.ID); err != nil {
		return nil, err
	}
	out := make([]Booth, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.booth(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func boothByID(tx *db.Tx, day Day, id string) (Booth, error) {
	var r boothRow
	err := tx.Get(&r, `SELECT id, code, zone, x, y, w, h, features FROM booths_booths WHERE day_id = $1 AND id = $2`, day.ID, id)
	if errors.Is(err, db.ErrNoRows) {
		return Booth{}, noBooth()
	}
	if err != nil {
		return Booth{}, err
	}
	return r.booth()
}

// takeGround gives a day that has no ground yet the market's present one.
func takeGround(tx *db.Tx, day Day) (Day, error) {
	var n int
	if err := tx.Get(&n, `SELECT COUNT(*) FROM booths_booths WHERE day_id = $1`, day.ID); err != nil || n > 0 {
		return day, err
	}
	l, found, err := layoutOf(tx, day.CommunityID, day.MarketID)
	if err != nil || !found {
		return day, err
	}
	day.Zones, day.Wanted = l.Zones, l.Wanted
	return day, saveGround(tx, day, l)
}

// deleteBooth takes a booth off a day nobody stands on yet, with what a plan
// that was taken back said of it; 0 when a place is decided for it.
func deleteBooth(tx *db.Tx, id string) (n int64, err error) {
	for _, q := range []string{
		`DELETE FROM booths_offers WHERE booth_id = $1 AND state <> 'open'`,
		`DELETE FROM booths_assignments WHERE booth_id = $1 AND state <> 'live'`,
		`DELETE FROM booths_booths WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM booths_locks WHERE booth_id = $1)`,
	} {
		if n, err = tx.Exec(q, id); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// setEarlier keeps what a day had before it caught up; nil forgets it.
func setEarlier(tx *db.Tx, dayID string, e *earlier) error {
	kept := ""
	if e != nil {
		kept = pack(e)
	}
	_, err := tx.Exec(`UPDATE booths_days SET earlier = $2 WHERE id = $1`, dayID, kept)
	return err
}

// saveGround writes the ground of one day; booths keep their ids by code, one
// that was there before comes back with its own.
func saveGround(tx *db.Tx, day Day, l Layout) error {
	if _, err := tx.Exec(`UPDATE booths_days SET zones = $2, wanted = $3 WHERE id = $1`, day.ID, pack(l.Zones), pack(l.Wanted)); err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, b := range l.Booths {
		keep[b.Code] = true
	}
	have, err := boothsOf(tx, day)
	if err != nil {
		return err
	}
	for _, b := range have {
		if keep[b.Code] {
			continue
		}
		n, err := deleteBooth(tx, b.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("layout.booth_locked", "booths", "booth %s is decided for somebody", b.Code)
		}
	}
	for _, b := range l.Booths {
		if _, err := tx.Exec(`INSERT INTO booths_booths (id, day_id, code, zone, x, y, w, h, features) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
			ON CONFLICT (day_id, code) DO UPDATE SET zone=excluded.zone, x=excluded.x, y=excluded.y, w=excluded.w, h=excluded.h, features=excluded.features`,
			cmp.Or(b.ID, db.NewID()), day.ID, b.Code, b.Zone, b.X, b.Y, b.W, b.H, pack(b.Features)); err != nil {
			return err
		}
	}
	return nil
}
