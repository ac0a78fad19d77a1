package scheduler

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
)

// Options of the scheduler.
type Options struct {
	Calendar *Calendar // nil means DefaultCalendar
}

// Service plans markets and leads their days through their lives.
type Service struct {
	db  *db.DB
	cal *Calendar
}

// New returns the service on an open database.
func New(d *db.DB, o Options) *Service {
	if o.Calendar == nil {
		o.Calendar = DefaultCalendar()
	}
	return &Service{db: d, cal: o.Calendar}
}

var errTodo = errors.New("not written yet")

// SaveCommunity creates or changes a community; without an ID the slug says which.
func (s *Service) SaveCommunity(ctx context.Context, c Community) (Community, error) {
	return c, errTodo
}

// Communities lists all communities by slug.
func (s *Service) Communities(ctx context.Context) ([]Community, error) { return nil, errTodo }

// Community returns one community by id.
func (s *Service) Community(ctx context.Context, id string) (Community, error) {
	return Community{}, errTodo
}

// CommunityBySlug returns one community by its slug.
func (s *Service) CommunityBySlug(ctx context.Context, slug string) (Community, error) {
	return Community{}, errTodo
}

// SaveMarket creates or changes a market and plans its days in the same
// transaction; without an ID (CommunityID, Slug) says which. An edit that
// touches days with claims or tickets is refused: PreviewEdit shows them and
// ApplyEdit takes the choices.
func (s *Service) SaveMarket(ctx context.Context, m Market) (Market, error) { return m, errTodo }

// Markets lists the markets of a community by slug.
func (s *Service) Markets(ctx context.Context, communityID string) ([]Market, error) {
	return nil, errTodo
}

// Market returns one market of the community.
func (s *Service) Market(ctx context.Context, communityID, id string) (Market, error) {
	return Market{}, errTodo
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
func (s *Service) Days(ctx context.Context, communityID string, f DayFilter) ([]Day, error) {
	return nil, errTodo
}

// Day returns one day of the community.
func (s *Service) Day(ctx context.Context, communityID, dayID string) (Day, error) {
	return Day{}, errTodo
}

// NextDay returns the first day of the market that is not over, NotFound if none is planned.
func (s *Service) NextDay(ctx context.Context, communityID, marketID string) (Day, error) {
	return Day{}, errTodo
}

// History lists the transitions of a day in order.
func (s *Service) History(ctx context.Context, communityID, dayID string) ([]Transition, error) {
	return nil, errTodo
}

// PreviewMarket shows the next dates of a market as it is given, saved or not; held and skipped ones.
func (s *Service) PreviewMarket(ctx context.Context, m Market, from Date, count int) ([]Occurrence, error) {
	return PreviewAll(Input{Rule: m.Rule, Holiday: m.Holiday, Weekend: m.Weekend, Exceptions: m.Exceptions, Calendar: s.cal, From: from, Count: count})
}

// Tick writes down everything that is due at the database's now: days to be
// planned, transitions to be made. It returns when it wants to be called next.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) { return time.Time{}, errTodo }
