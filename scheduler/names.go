package scheduler

import (
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// renaming runs do and tells every day that is not over, of the markets that
// cond names, when its market or community has another name, venue or language
// afterwards: others keep copies of those.
func renaming(tx *db.Tx, do func() error, cond string, args ...any) error {
	before, err := calledNow(tx, cond, args...)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := calledNow(tx, cond, args...)
	if err != nil {
		return err
	}
	was := make(map[string]event.MarketChanged, len(before))
	for _, e := range before {
		was[e.DayID] = e
	}
	for _, e := range after {
		if old, known := was[e.DayID]; known && old != e { // a day that is new was planned with its names
			if err := outbox.Emit(tx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// calledNow reads what the days that are not over are called.
func calledNow(tx *db.Tx, cond string, args ...any) ([]event.MarketChanged, error) {
	var rows []struct {
		Day       string `db:"day"`
		Market    string `db:"market"`
		Community string `db:"community"`
		Date      string `db:"date"`
		Called    string `db:"called"`
		Of        string `db:"of_community"`
		Venue     string `db:"venue"`
		Zone      string `db:"time_zone"`
		Locale    string `db:"locale"`
	}
	err := tx.Select(&rows, `SELECT d.id AS day, d.market_id AS market, d.community_id AS community, d.date, m.name AS called, c.name AS of_community,
		m.venue, c.time_zone, c.locale FROM market_days d JOIN markets m ON m.id = d.market_id JOIN communities c ON c.id = d.community_id
		WHERE d.state IN ('planned', 'claiming', 'confirmed', 'open', 'closed') AND (`+cond+`) ORDER BY d.date, d.id`, args...)
	out := make([]event.MarketChanged, len(rows))
	for i, r := range rows {
		out[i] = event.MarketChanged{Day: event.Day{DayID: r.Day, MarketID: r.Market, CommunityID: r.Community, Date: r.Date},
			Community: r.Of, Market: r.Called, Venue: r.Venue, TimeZone: r.Zone, Locale: r.Locale}
	}
	return out, err
}
