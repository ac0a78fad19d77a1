package scheduler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// notices remembers the calendar made of the notices in the database, until
// somebody loads another one.
type notices struct {
	mu    sync.Mutex
	stamp int64
	cal   *Calendar
}

// calendar is what everybody plans with: the years of the database over those
// the process began with.
func (s *Service) calendar(tx *db.Tx) (*Calendar, error) {
	if s.given {
		return s.cal, nil
	}
	var stamp int64
	if err := tx.Get(&stamp, `SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM holiday_years`); err != nil {
		return nil, err
	}
	s.loaded.mu.Lock()
	have, at := s.loaded.cal, s.loaded.stamp
	s.loaded.mu.Unlock()
	if have != nil && at == stamp {
		return have, nil
	}
	years, err := loadedYears(tx)
	if err != nil {
		return nil, err
	}
	cal := s.cal.with(years)
	s.loaded.mu.Lock()
	s.loaded.cal, s.loaded.stamp = cal, stamp
	s.loaded.mu.Unlock()
	return cal, nil
}

// Calendar returns the holidays the service plans with.
func (s *Service) Calendar(ctx context.Context) (c *Calendar, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { c, err = s.calendar(tx); return err })
	return c, err
}

func (c *Calendar) with(years []HolidayYear) *Calendar {
	out := &Calendar{years: maps.Clone(c.years)}
	if out.years == nil {
		out.years = map[int]HolidayYear{}
	}
	for _, y := range years {
		out.years[y.Year] = y
	}
	return out
}

// markRow is the stored form of what a notice says about one date.
type markRow struct {
	Date    Date   `json:"date"`
	Holiday string `json:"holiday"`
	Work    bool   `json:"work,omitempty"`
}

func loadedYears(tx *db.Tx) ([]HolidayYear, error) {
	var rows []struct {
		Year   int    `db:"year"`
		Notice string `db:"notice"`
	}
	if err := tx.Select(&rows, `SELECT year, notice FROM holiday_years ORDER BY year`); err != nil {
		return nil, err
	}
	out := make([]HolidayYear, len(rows))
	for i, r := range rows {
		var marks []markRow
		if err := json.Unmarshal([]byte(r.Notice), &marks); err != nil {
			return nil, fmt.Errorf("stored holidays of %d: %w", r.Year, err)
		}
		out[i] = HolidayYear{Year: r.Year, marks: map[Date]mark{}}
		for _, m := range marks {
			out[i].marks[m.Date] = mark{holiday: m.Holiday, work: m.Work}
		}
	}
	return out, nil
}

func (y HolidayYear) rows() []markRow {
	var out []markRow
	for _, d := range slices.Sorted(maps.Keys(y.marks)) {
		out = append(out, markRow{Date: d, Holiday: y.marks[d].holiday, Work: y.marks[d].work})
	}
	return out
}

// Days lists the dates of the notice: those off by the name of their holiday,
// in order, and those that are worked instead.
func (y HolidayYear) Days() (off []HolidayOff, work []Date) {
	for _, r := range y.rows() {
		switch {
		case r.Work:
			work = append(work, r.Date)
		case len(off) > 0 && off[len(off)-1].Name == r.Holiday && off[len(off)-1].Last == r.Date-1:
			off[len(off)-1].Last = r.Date
		default:
			off = append(off, HolidayOff{Name: r.Holiday, First: r.Date, Last: r.Date})
		}
	}
	return off, work
}

// HolidayOff are days off in a row.
type HolidayOff struct {
	Name        string
	First, Last Date
}

// HolidayEdit is what loading notices would do.
type HolidayEdit struct {
	Years []HolidayYear
	Known []int      // of them, which replace one that is known
	Days  []Affected // planned without a notice: where they would be held; NeedsSay stays for an organizer
}

// PreviewHolidays reads notices and shows what they would change.
func (s *Service) PreviewHolidays(ctx context.Context, raw []byte) (e HolidayEdit, err error) {
	if e.Years, err = LoadHolidays(bytes.NewReader(raw)); err != nil {
		return e, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		have, err := s.calendar(tx)
		if err != nil {
			return err
		}
		e.Known, e.Days = nil, nil
		for _, y := range e.Years {
			if have.Knows(y.Year) {
				e.Known = append(e.Known, y.Year)
			}
		}
		then := &Service{db: s.db, cal: have.with(e.Years), given: true}
		e.Days, err = then.flaggedChanges(tx)
		return err
	})
	return e, err
}

// flaggedChanges are the changes of days that were planned without a notice.
func (s *Service) flaggedChanges(tx *db.Tx) (out []Affected, err error) {
	var markets []string
	if err := tx.Select(&markets, `SELECT DISTINCT market_id FROM market_days
		WHERE flagged AND state IN ('planned', 'claiming', 'confirmed') ORDER BY market_id`); err != nil {
		return nil, err
	}
	for _, id := range markets {
		m, err := oneSeries(tx, "", id)
		if err != nil {
			return nil, err
		}
		changes, err := s.changes(tx, m)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			if !c.day.Flagged {
				continue
			}
			a := Affected{Day: c.day, NeedsSay: c.day.touched()}
			if c.occ != nil {
				a.Offer = c.occ.Date
			}
			out = append(out, a)
		}
	}
	return out, nil
}

// SaveHolidays stores notices for every process and from now on; those of the
// same year are replaced. Days planned without one follow it, except those
// somebody has claimed: they are returned for an organizer to decide.
func (s *Service) SaveHolidays(ctx context.Context, by string, raw []byte) (claimed []Day, err error) {
	years, err := LoadHolidays(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		for _, y := range years {
			if _, err := tx.Exec(`INSERT INTO holiday_years (year, notice, version, loaded_by, loaded_at)
				VALUES ($1, $2, (SELECT COALESCE(MAX(version), 0) + 1 FROM holiday_years), $3, $4)
				ON CONFLICT (year) DO UPDATE SET notice = excluded.notice, version = excluded.version,
					loaded_by = excluded.loaded_by, loaded_at = excluded.loaded_at`,
				y.Year, asJSON(y.rows()), by, db.Micros(tx.Now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.ReviewFlagged(ctx)
}

// HolidayLine is the line of a text of notices that a fault of LoadHolidays is
// about, 0 when it cannot be told.
func HolidayLine(raw []byte, err error) int {
	f := fault.From(err)
	if f == nil {
		return 0
	}
	if _, rest, ok := strings.Cut(f.Reason, "line "); ok && f.Field == "" {
		n, _ := strconv.Atoi(rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))])
		return n
	}
	dec, best := yaml.NewDecoder(bytes.NewReader(raw)), 0
	for {
		var doc yaml.Node
		if dec.Decode(&doc) != nil {
			return best
		}
		if _, bad := holidayYear(&doc); bad != nil && len(doc.Content) == 1 {
			return lineOf(doc.Content[0], f.Field)
		} else if bad == nil {
			best = doc.Line // the fault is between documents: a year that stands twice
		}
	}
}

// lineOf follows a field such as holidays[1].off[0] as far as it exists.
func lineOf(n *yaml.Node, field string) int {
	for _, step := range strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		var next *yaml.Node
		if i, err := strconv.Atoi(step); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			next = n.Content[i]
		}
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				next = n.Content[i+1]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return n.Line
}
