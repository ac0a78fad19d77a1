package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// ledgerDay is one market day in the ledger.
type ledgerDay struct {
	scheduler.Day
	dayNumbers
}

// ledger is the 台账 of one day or of a year: what was counted, nobody's data.
type ledger struct {
	page
	Days  []ledgerDay
	names map[string]string // of partners
}

func (s *Server) ledgerOfDay(c *call) error {
	day, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, c.Param("day"))
	if err != nil {
		return err
	}
	return c.ledger([]scheduler.Day{day}, day.HeldOn.String())
}

// ledgerOfYear holds every day of a year that took place or is taking place.
func (s *Server) ledgerOfYear(c *call) error {
	year := localDate(c.Community, s.clock()).Year()
	if asked := c.QueryParam("year"); asked != "" {
		n, err := wholeNumber("year", asked)
		if err != nil {
			return err
		}
		if n < 2000 || n > 2999 {
			return fault.Invalid("ledger.year", "year", "must be a year such as 2026")
		}
		year = n
	}
	from, err := scheduler.ParseDate("year", fmt.Sprintf("%04d-01-01", year))
	if err != nil {
		return err
	}
	to, err := scheduler.ParseDate("year", fmt.Sprintf("%04d-12-31", year))
	if err != nil {
		return err
	}
	days, err := s.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{FromDate: from, ToDate: to, Limit: 500,
		States: []scheduler.State{scheduler.Open, scheduler.Closed, scheduler.Settled}})
	if err != nil {
		return err
	}
	return c.ledger(days, strconv.Itoa(year))
}

// ledger answers with the workbook.
func (c *call) ledger(days []scheduler.Day, of string) error {
	l := ledger{page: c.console("ledger.title"), names: map[string]string{}}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	for _, p := range partners {
		l.names[p.ID] = p.Name
	}
	for _, d := range days {
		n, err := c.dayNumbers(d.ID)
		if err != nil {
			return err
		}
		l.Days = append(l.Days, ledgerDay{d, n})
	}
	raw, err := l.workbook()
	if err != nil {
		return err
	}
	name := url.PathEscape(c.Community.Name + " " + l.Title + " " + of)
	c.Response().Header().Set("Content-Disposition", "attachment; filename=\"ledger-"+of+".xlsx\"; filename*=UTF-8''"+name+".xlsx")
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", raw)
}

// sum adds up a count of all lines of the day.
func (d ledgerDay) sum(of func(queue.LineCount) int) (n int) {
	for _, l := range d.Figures.Lines {
		n += of(l)
	}
	return n
}

// partners counts who was there.
func (d ledgerDay) partners() int {
	seen := map[string]bool{}
	for _, l := range d.Figures.Lines {
		seen[l.PartnerID] = true
	}
	return len(seen)
}

// longest is the longest anybody waited for a call that day.
func (d ledgerDay) longest() (w time.Duration) {
	for _, l := range d.Course.Lines {
		w = max(w, l.Longest)
	}
	return w
}

// local is an instant as the clock at the place shows it: workbooks know no zones.
func (l ledger) local(t time.Time) time.Time {
	t = t.In(zoneOf(l.Community.TimeZone))
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func midnight(d scheduler.Date) time.Time {
	y, m, day := d.Civil()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}

// minutesFloat is a mean in minutes with one digit, nil for nobody: an empty cell.
func minutesFloat(seconds int64, n int) any {
	if n == 0 {
		return nil
	}
	return float64(seconds) / float64(n) / 60
}

// slotsOf are the moments of a map, in order.
func slotsOf[T any](at map[int64]T) (out []queue.ArrivalSlot) {
	for _, unix := range slices.Sorted(maps.Keys(at)) {
		out = append(out, queue.ArrivalSlot{At: time.Unix(unix, 0)})
	}
	return out
}
