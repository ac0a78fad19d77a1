package scheduler

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Options of the scheduler.
type Options struct {
	Calendar *Calendar // nil means DefaultCalendar
}

// Service plans markets and leads their days through their lives.
type Service struct {
	db     *db.DB
	cal    *Calendar // what the process began with; calendar adds what was loaded
	given  bool      // cal is all there is, for looking at what a notice would change
	loaded notices
}

// New returns the service on an open database.
func New(d *db.DB, o Options) *Service {
	if o.Calendar == nil {
		o.Calendar = DefaultCalendar()
	}
	return &Service{db: d, cal: o.Calendar}
}

// SaveCommunity creates a community, or changes the one with this slug.
func (s *Service) SaveCommunity(ctx context.Context, c Community) (Community, error) {
	c, err := c.normalise()
	if err != nil {
		return c, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		return renaming(tx, func() error {
			saved, err := putCommunity(tx, c)
			if err == nil {
				c.ID = saved.ID
			}
			return err
		}, `c.slug = $1`, c.Slug)
	})
	return c, err
}

// CreateCommunity creates a community and never changes one: of several at once
// with one slug one is made. The same again is once, another one is refused.
func (s *Service) CreateCommunity(ctx context.Context, c Community) (Community, error) {
	c, err := c.normalise()
	if err != nil {
		return c, err
	}
	var made Community
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		made, err = insertCommunity(tx, c)
		return err
	})
	return made, err
}

// Communities lists all communities by slug.
func (s *Service) Communities(ctx context.Context) ([]Community, error) {
	out := []Community{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Select(&out, `SELECT `+communityColumns+` FROM communities ORDER BY slug`)
	})
	return out, err
}

// Community returns one community by id.
func (s *Service) Community(ctx context.Context, id string) (c Community, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { c, err = communityBy(tx, "id", id); return err })
	return c, err
}

// CommunityBySlug returns one community by its slug.
func (s *Service) CommunityBySlug(ctx context.Context, slug string) (c Community, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { c, err = communityBy(tx, "slug", slug); return err })
	return c, err
}

// SaveMarket creates or changes a market and plans its days in the same
// transaction; without an ID, (CommunityID, Slug) says which. An edit that
// touches days with claims or tickets is refused: PreviewEdit shows them and
// ApplyEdit takes the choices. Exceptions are added or replaced by date, never
// removed by saving.
func (s *Service) SaveMarket(ctx context.Context, m Market) (Market, error) {
	return s.ApplyEdit(ctx, m, nil)
}

// CreateMarket creates a market and never changes one: of several at once with
// one slug one is made, the others are refused.
func (s *Service) CreateMarket(ctx context.Context, m Market) (Market, error) {
	m.ID = ""
	return s.save(ctx, m, nil, createRow)
}

// Markets lists the markets of a community by slug.
func (s *Service) Markets(ctx context.Context, communityID string) (out []Market, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { out, err = marketsOf(tx, communityID); return err })
	return out, err
}

// Market returns one market of the community.
func (s *Service) Market(ctx context.Context, communityID, id string) (Market, error) {
	var m series
	err := s.db.View(ctx, func(tx *db.Tx) (err error) { m, err = oneSeries(tx, scope(communityID), id); return err })
	return m.Market, err
}

// scope keeps an empty community from meaning "any".
func scope(communityID string) string {
	if communityID == "" {
		return "-"
	}
	return communityID
}

// DayFilter selects days by the date they are held on; zero fields do not restrict.
type DayFilter struct {
	MarketID         string
	FromDate, ToDate Date
	States           []State
	Limit            int  // 0 means 100
	Backwards        bool // newest first
}

// Days lists market days of a community in the order they are held.
func (s *Service) Days(ctx context.Context, communityID string, f DayFilter) (out []Day, err error) {
	rest, args := f.query(communityID)
	err = s.db.View(ctx, func(tx *db.Tx) error { out, err = someDays(tx, rest, args...); return err })
	return out, err
}

// Day returns one day of the community.
func (s *Service) Day(ctx context.Context, communityID, dayID string) (d Day, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { d, err = oneDay(tx, scope(communityID), dayID); return err })
	return d, err
}

// NextDay returns the first day of the market that is not over, one that is open
// before those that were to open earlier; a market ""
// means any of the community. NotFound if none is planned.
func (s *Service) NextDay(ctx context.Context, communityID, marketID string) (d Day, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		days, err := someDays(tx, `WHERE d.community_id = $1 AND ($2 = '' OR d.market_id = $2) AND d.closes_at > $3
			AND d.state IN ('planned', 'claiming', 'confirmed', 'open') ORDER BY CASE d.state WHEN 'open' THEN 0 ELSE 1 END, d.opens_at, d.id LIMIT 1`,
			communityID, marketID, db.Micros(tx.Now))
		if err == nil && len(days) == 0 {
			err = fault.NotFound("market_day.none_planned", "market", "no market day is planned")
		}
		if err == nil {
			d = days[0]
		}
		return err
	})
	return d, err
}

// History lists the transitions of a day in order.
func (s *Service) History(ctx context.Context, communityID, dayID string) (out []Transition, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := oneDay(tx, scope(communityID), dayID); err != nil {
			return err
		}
		out, err = historyOf(tx, dayID)
		return err
	})
	return out, err
}

// PreviewMarket shows the next dates of a market as it is given, saved or not;
// held and skipped ones.
func (s *Service) PreviewMarket(ctx context.Context, m Market, from Date, count int) ([]Occurrence, error) {
	m, err := m.normalise()
	if err != nil {
		return nil, err
	}
	cal, err := s.Calendar(ctx)
	if err != nil {
		return nil, err
	}
	return PreviewAll(Input{
		Rule: m.Rule, Holiday: m.Holiday, Weekend: m.Weekend, Exceptions: m.Exceptions, Calendar: cal, From: from, Count: count,
	})
}

// tickBatch is how many due rows share one transaction.
const tickBatch = 100

// Tick writes down everything that is due at the database's now: days to be
// planned, then transitions to be made. It returns when it wants to be called
// next, zero when nothing is known to come. One row that fails leaves the
// others alone; it is tried again at the next tick.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	var failed []error
	failed = append(failed, s.sweep(ctx, dueMarkets, s.planDue))
	failed = append(failed, s.sweep(ctx, dueDays, func(tx *db.Tx, id string) error {
		d, err := oneDay(tx, "", id)
		if err == nil {
			_, err = advance(tx, d)
		}
		return err
	}))
	failed = append(failed, s.db.View(ctx, func(tx *db.Tx) (err error) {
		next, err = nextDue(tx, tx.Now)
		return err
	}))
	return next, errors.Join(failed...)
}

func (s *Service) planDue(tx *db.Tx, id string) error {
	if err := lockMarket(tx, "", id); err != nil {
		return err
	}
	m, err := oneSeries(tx, "", id)
	if err != nil {
		return err
	}
	return s.plan(tx, m)
}

// sweep goes once over the due rows, a batch per transaction and each row in
// its own savepoint.
func (s *Service) sweep(ctx context.Context, list func(*db.Tx, time.Time, due, int) ([]due, error), do func(*db.Tx, string) error) error {
	var failed []error
	after := due{At: -1 << 62}
	for {
		var rows []due
		err := s.db.View(ctx, func(tx *db.Tx) (err error) { rows, err = list(tx, tx.Now, after, tickBatch); return err })
		if err != nil || len(rows) == 0 {
			return errors.Join(append(failed, err)...)
		}
		after = rows[len(rows)-1]
		var bad []error
		err = s.db.Update(ctx, func(tx *db.Tx) error {
			bad = nil
			for _, r := range rows {
				if err := tx.Savepoint(func() error { return do(tx, r.ID) }); err != nil {
					bad = append(bad, err)
				}
			}
			return ctx.Err()
		})
		failed = append(append(failed, bad...), err)
		if err != nil {
			return errors.Join(failed...)
		}
	}
}
