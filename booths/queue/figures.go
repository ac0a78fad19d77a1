package queue

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// Figures is the reaction that collects what is told about tickets into the
// day's figures: a consumer of its own ("figures"), so that counting never
// slows issuing. It reads events only.
type Figures struct{}

const slot = 5 * time.Minute

// VisitorCheckedIn counts a resident, in the five minutes they came.
func (Figures) VisitorCheckedIn(tx *db.Tx, e event.VisitorCheckedIn) error {
	if err := countDay(tx, e.Day, DayCounts{Residents: 1}); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO queue_arrivals (day_id, slot, people) VALUES ($1,$2,1)
		ON CONFLICT (day_id, slot) DO UPDATE SET people = queue_arrivals.people + 1`, e.DayID, db.Micros(e.At.Truncate(slot)))
	return err
}

// VisitorDiscounted takes a resident back, in the five minutes they were counted.
func (Figures) VisitorDiscounted(tx *db.Tx, e event.VisitorDiscounted) error {
	if err := countDay(tx, e.Day, DayCounts{Residents: -1}); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE queue_arrivals SET people = people - 1 WHERE day_id = $1 AND slot = $2`, e.DayID, db.Micros(e.At.Truncate(slot)))
	return err
}

// TicketIssued counts a number.
func (Figures) TicketIssued(tx *db.Tx, e event.TicketIssued) error {
	if err := countDay(tx, e.Day, DayCounts{Tickets: 1}); err != nil {
		return err
	}
	return countLine(tx, e.DayID, LineCount{LineID: e.LineID, Issued: 1, Waiting: 1})
}

// TicketMoved moves a number from one count to another. Times come with the
// move that makes them known, and negative with the undo that takes it back.
func (Figures) TicketMoved(tx *db.Tx, e event.TicketMoved) error {
	c := LineCount{LineID: e.LineID, WaitedSeconds: e.WaitedSeconds, ServedSeconds: e.ServedSeconds, Called: sign(e.WaitedSeconds)}
	c.add(State(e.From), -1)
	c.add(State(e.To), 1)
	if err := countLine(tx, e.DayID, c); err != nil {
		return err
	}
	switch {
	case State(e.To) == Expired && (e.Why == WhyDayClosed || e.Why == WhyDayCancelled):
		return countDay(tx, e.Day, DayCounts{CarriedOver: 1})
	case State(e.From) == Expired && e.Why == WhyReopened:
		return countDay(tx, e.Day, DayCounts{CarriedOver: -1})
	}
	return nil
}

// MarketDaySettled tells the finished figures: everything about the day's
// tickets was heard before, in order.
func (f Figures) MarketDaySettled(tx *db.Tx, e event.MarketDaySettled) error {
	if err := countDay(tx, e.Day, DayCounts{}); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE queue_figure_days SET counted_at = $2 WHERE day_id = $1`, e.DayID, db.Micros(tx.Now)); err != nil {
		return err
	}
	c, err := readFigures(tx, e.CommunityID, e.DayID)
	if err != nil {
		return err
	}
	told := event.DayCounted{
		Day: e.Day, Residents: c.Residents, Tickets: c.Tickets, CarriedOver: c.CarriedOver,
		NextDay: e.NextDay, NextDate: e.NextDate, ClosedAt: e.ClosedAt,
	}
	for _, l := range c.Lines {
		told.Lines = append(told.Lines, event.LineFigures{
			LineID: l.LineID, PartnerID: l.PartnerID, Service: l.Service, Issued: l.Issued, Served: l.Served, Missed: l.Missed,
			Left: l.Left, Expired: l.Expired, WaitedSeconds: l.WaitedSeconds, Called: l.Called, ServedSeconds: l.ServedSeconds,
		})
	}
	return outbox.Emit(tx, told)
}

// DayFigures returns the counts of a day, as far as they have been heard.
func (s *Service) DayFigures(ctx context.Context, communityID, dayID string) (DayCounts, error) {
	var c DayCounts
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		c, err = readFigures(tx, communityID, dayID)
		return err
	})
	return c, err
}

// Report keeps what the organizer reports beside what was measured: at least
// so many residents came; 0 takes it back. Figures never mix the two.
func (s *Service) Report(ctx context.Context, communityID, dayID string, residents int) error {
	const most = 1_000_000
	if residents < 0 || residents > most {
		return fault.Invalid("queue.reported", "residents", "must be between 0 and %d", most)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		d, err := getDay(tx, dayID)
		if err != nil {
			return err
		}
		if d.CommunityID != communityID {
			return fault.NotFound("queue.day_unknown", "day", "there is no such market day")
		}
		if err := countDay(tx, d.event(), DayCounts{}); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE queue_figure_days SET reported = $2 WHERE day_id = $1`, dayID, residents)
		return err
	})
}

func readFigures(tx *db.Tx, communityID, dayID string) (DayCounts, error) {
	c := DayCounts{DayID: dayID}
	d, err := getDay(tx, dayID)
	if err != nil {
		return c, err
	}
	if d.CommunityID != communityID {
		return c, fault.NotFound("queue.day_unknown", "day", "there is no such market day")
	}
	c.Date = d.Date
	var row struct {
		Residents   int   `db:"residents"`
		Tickets     int   `db:"tickets"`
		CarriedOver int   `db:"carried_over"`
		Reported    int   `db:"reported"`
		CountedAt   int64 `db:"counted_at"`
	}
	err = tx.Get(&row, `SELECT residents, tickets, carried_over, reported, counted_at FROM queue_figure_days WHERE day_id = $1`, dayID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return c, err
	}
	c.Residents, c.Tickets, c.CarriedOver, c.Reported, c.Counted = row.Residents, row.Tickets, row.CarriedOver, row.Reported, row.CountedAt > 0
	err = tx.Select(&c.Lines, `SELECT l.id AS line_id, l.partner_id, l.booth_code, l.service, COALESCE(f.issued, 0) AS issued, COALESCE(f.waiting, 0) AS waiting,
		COALESCE(f.called, 0) AS called, COALESCE(f.served, 0) AS served, COALESCE(f.missed, 0) AS missed, COALESCE(f.gone, 0) AS gone,
		COALESCE(f.expired, 0) AS expired, COALESCE(f.waited_seconds, 0) AS waited_seconds, COALESCE(f.served_seconds, 0) AS served_seconds
		FROM queue_lines l LEFT JOIN queue_figures f ON f.line_id = l.id AND f.day_id = l.day_id
		WHERE l.day_id = $1 AND l.phase <> 'removed' ORDER BY l.booth_code, l.service, l.id`, dayID)
	if err != nil {
		return c, err
	}
	c.Arrivals, err = readArrivals(tx, dayID)
	return c, err
}

func readArrivals(tx *db.Tx, dayID string) ([]ArrivalSlot, error) {
	var rows []struct {
		Slot   int64 `db:"slot"`
		People int   `db:"people"`
	}
	err := tx.Select(&rows, `SELECT slot, people FROM queue_arrivals WHERE day_id = $1 ORDER BY slot`, dayID)
	slots := make([]ArrivalSlot, len(rows))
	for i, r := range rows {
		slots[i] = ArrivalSlot{At: db.Time(r.Slot), People: r.People}
	}
	return slots, err
}

// countDay adds c to the day's counts.
func countDay(tx *db.Tx, d event.Day, c DayCounts) error {
	_, err := tx.Exec(`INSERT INTO queue_figure_days (day_id, community_id, market_id, date, residents, tickets, carried_over, counted_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,0) ON CONFLICT (day_id) DO UPDATE SET residents = queue_figure_days.residents + excluded.residents,
		tickets = queue_figure_days.tickets + excluded.tickets, carried_over = queue_figure_days.carried_over + excluded.carried_over`,
		d.DayID, d.CommunityID, d.MarketID, d.Date, c.Residents, c.Tickets, c.CarriedOver)
	return err
}

// countLine adds c to a line's counts.
func countLine(tx *db.Tx, dayID string, c LineCount) error {
	_, err := tx.Exec(`INSERT INTO queue_figures (day_id, line_id, issued, waiting, called, served, missed, gone, expired, waited_seconds, served_seconds)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) ON CONFLICT (day_id, line_id) DO UPDATE SET
		issued = queue_figures.issued + excluded.issued, waiting = queue_figures.waiting + excluded.waiting,
		called = queue_figures.called + excluded.called, served = queue_figures.served + excluded.served,
		missed = queue_figures.missed + excluded.missed, gone = queue_figures.gone + excluded.gone,
		expired = queue_figures.expired + excluded.expired, waited_seconds = queue_figures.waited_seconds + excluded.waited_seconds,
		served_seconds = queue_figures.served_seconds + excluded.served_seconds`,
		dayID, c.LineID, c.Issued, c.Waiting, c.Called, c.Served, c.Missed, c.Left, c.Expired, c.WaitedSeconds, c.ServedSeconds)
	return err
}

// add counts n tickets in a state; called, serving and ready are on the way
// and stand in no count of their own.
func (c *LineCount) add(s State, n int) {
	switch s {
	case Waiting:
		c.Waiting += n
	case Served:
		c.Served += n
	case Missed:
		c.Missed += n
	case Left:
		c.Left += n
	case Expired:
		c.Expired += n
	}
}

func sign(n int64) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}
