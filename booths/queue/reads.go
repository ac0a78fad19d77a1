package queue

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

const (
	lastCalls = 5 // shown per line
	nextFew   = 5 // shown on the console
)

// Lines returns the lines of a day, by booth. An empty communityID asks as the
// public does.
func (s *Service) Lines(ctx context.Context, communityID, dayID string) ([]Line, error) {
	var lines []Line
	err := s.db.View(ctx, func(tx *db.Tx) error {
		d, err := getDay(tx, dayID)
		if err != nil {
			return err
		}
		if communityID != "" && communityID != d.CommunityID {
			return fault.NotFound("queue.day_unknown", "day", "there is no such market day")
		}
		rows, err := readLines(tx, ofDay, dayID)
		lines = make([]Line, len(rows))
		for i := range rows {
			lines[i] = rows[i].view(tx.Now)
		}
		return err
	})
	return lines, err
}

// LineOwner tells whose line it is, for the policy.
func (s *Service) LineOwner(ctx context.Context, lineID string) (communityID, dayID, partnerID string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		l, err := getLine(tx, lineID)
		communityID, dayID, partnerID = l.CommunityID, l.DayID, l.PartnerID
		return err
	})
	return communityID, dayID, partnerID, err
}

// Line returns what the people at the booth see and can do.
func (s *Service) Line(ctx context.Context, communityID, dayID, lineID string) (Console, error) {
	var c Console
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := readLines(tx, ofLine, lineID)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].DayID != dayID || rows[0].CommunityID != communityID {
			return errLineUnknown()
		}
		c, err = console(tx, rows[0])
		return err
	})
	return c, err
}

func console(tx *db.Tx, l lineFacts) (Console, error) {
	c := Console{Line: l.view(tx.Now)}
	current, err := manyTickets(tx, `WHERE line_id = $1 AND state IN ('called', 'serving', 'ready') ORDER BY called_at, number`, l.ID)
	if err != nil {
		return c, err
	}
	for _, t := range current {
		c.Current = append(c.Current, onStage(t, tx.Now))
	}
	next, err := manyTickets(tx, `WHERE line_id = $1 AND state = 'waiting' ORDER BY pos, number LIMIT $2`, l.ID, nextFew)
	if err != nil {
		return c, err
	}
	for _, t := range next {
		c.Next = append(c.Next, t.Public())
	}
	m, err := lastMove(tx, l.ID, 0, tx.Now.Add(-undoFor))
	if fault.Is(err, "queue.nothing_to_undo") {
		return c, nil
	}
	c.Undo = &UndoOffer{Move: m.Seq, TicketID: ticketID(l.ID, m.Number), Number: m.Number, Verb: string(m.Verb), From: m.FromState, To: m.ToState,
		Until: db.Time(m.At).Add(undoFor)}
	return c, err
}

func onStage(t Ticket, now time.Time) OnStage {
	o := OnStage{Ticket: t.Public()}
	if t.State == Called {
		o.RecallAt = t.CalledAt.Add(callEvery)
		o.MissDue = t.Calls >= maxCalls && !now.Before(o.RecallAt)
	}
	return o
}

// TicketByHandle returns what the holder of a ticket sees.
func (s *Service) TicketByHandle(ctx context.Context, handle string) (TicketView, error) {
	var v TicketView
	err := s.db.View(ctx, func(tx *db.Tx) error {
		t, err := oneTicket(tx, `WHERE handle = $1`, handle)
		if err != nil {
			return err
		}
		v, err = ticketView(tx, t)
		return err
	})
	return v, err
}

func ticketView(tx *db.Tx, t Ticket) (TicketView, error) {
	v := TicketView{Ticket: t}
	rows, err := readLines(tx, ofLine, t.LineID)
	if err != nil {
		return v, err
	}
	if len(rows) == 0 {
		return v, errLineUnknown()
	}
	l := rows[0]
	v.Line = l.view(tx.Now)
	switch t.State {
	case Waiting:
		err = tx.Get(&v.Ahead, `SELECT COUNT(*) FROM queue_tickets WHERE line_id = $1 AND state = 'waiting' AND (pos < $2 OR (pos = $2 AND number < $3))`,
			t.LineID, t.pos, t.Number)
		v.Wait = l.wait(v.Ahead, tx.Now)
	case Expired:
		err = tx.Get(&v.Next, `SELECT t.handle FROM queue_carry c JOIN queue_tickets t ON t.line_id = c.to_line AND t.number = c.to_number
			WHERE c.from_line = $1 AND c.from_number = $2 AND c.state = 'given'`, t.LineID, t.Number)
	case Served:
		err = tx.Get(&v.Spoke, `SELECT TRUE FROM queue_feedback_given WHERE line_id = $1 AND number = $2`, t.LineID, t.Number)
	case Left:
		v.UndoUntil = t.EndedAt.Add(undoFor)
	}
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return v, err
}

// Card returns everything a visitor holds on a day; an unknown card is empty.
func (s *Service) Card(ctx context.Context, visitor, dayID string) (Card, error) {
	c := Card{Visitor: visitor, DayID: dayID}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		c.Tickets = nil
		var seen int
		if err := tx.Get(&seen, `SELECT COUNT(*) FROM queue_visits WHERE day_id = $1 AND visitor = $2`, dayID, visitor); err != nil {
			return err
		}
		c.CheckedIn = seen > 0
		held, err := manyTickets(tx, `WHERE visitor = $1 AND day_id = $2 ORDER BY issued_at, line_id, number`, visitor, dayID)
		if err != nil {
			return err
		}
		for _, t := range held {
			v, err := ticketView(tx, t)
			if err != nil {
				return err
			}
			c.Tickets = append(c.Tickets, v)
		}
		return nil
	})
	return c, err
}

// lineFacts is a line with what its tickets say.
type lineFacts struct {
	lineRow
	waiting  int
	calls    []Call
	ready    []int
	measured []time.Duration
}

// Which lines are read.
const (
	ofDay  = `SELECT id FROM queue_lines WHERE day_id = $1`
	ofLine = `SELECT id FROM queue_lines WHERE id = $1`
)

func readLines(tx *db.Tx, which, id string) ([]lineFacts, error) {
	var rows []lineRow
	if err := tx.Select(&rows, `SELECT `+lineColumns+` FROM queue_lines WHERE id IN (`+which+`) AND phase <> 'removed' ORDER BY booth_code, service, id`, id); err != nil {
		return nil, err
	}
	facts := make([]lineFacts, len(rows))
	byID := make(map[string]*lineFacts, len(rows))
	for i, r := range rows {
		facts[i].lineRow = r
		byID[r.ID] = &facts[i]
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return facts, errors.Join(readWaiting(tx, which, id, byID), readCalls(tx, which, id, byID), readMeasured(tx, which, id, byID))
}

func readWaiting(tx *db.Tx, which, id string, lines map[string]*lineFacts) error {
	var counts []struct {
		LineID string `db:"line_id"`
		N      int    `db:"n"`
	}
	err := tx.Select(&counts, `SELECT line_id, COUNT(*) AS n FROM queue_tickets WHERE line_id IN (`+which+`) AND state = 'waiting' GROUP BY line_id`, id)
	for _, c := range counts {
		if l := lines[c.LineID]; l != nil {
			l.waiting = c.N
		}
	}
	return err
}

func readCalls(tx *db.Tx, which, id string, lines map[string]*lineFacts) error {
	var rows []ticketRow
	err := tx.Select(&rows, `SELECT `+ticketColumns+` FROM (
			SELECT `+ticketColumns+`, ROW_NUMBER() OVER (PARTITION BY line_id ORDER BY called_at DESC, number DESC) AS nth
			FROM queue_tickets WHERE line_id IN (`+which+`) AND called_at > 0) AS c
		WHERE nth <= $2 OR state = 'ready' ORDER BY line_id, called_at DESC, number DESC`, id, lastCalls)
	for _, r := range rows {
		l := lines[r.LineID]
		if l == nil {
			continue
		}
		if r.State == Ready {
			l.ready = append(l.ready, r.Number)
		}
		if len(l.calls) < lastCalls {
			l.calls = append(l.calls, Call{Number: r.Number, At: db.Time(r.CalledAt), Calls: r.Calls, Open: r.State == Called})
		}
	}
	return err
}

func readMeasured(tx *db.Tx, which, id string, lines map[string]*lineFacts) error {
	var rows []struct {
		LineID string `db:"line_id"`
		Took   int64  `db:"took"`
	}
	err := tx.Select(&rows, `SELECT line_id, took FROM (
			SELECT line_id, done_at - called_at AS took, ROW_NUMBER() OVER (PARTITION BY line_id ORDER BY done_at DESC, number DESC) AS nth
			FROM queue_tickets WHERE line_id IN (`+which+`) AND state IN ('served', 'ready') AND done_at > called_at) AS m
		WHERE nth <= $2 ORDER BY line_id, nth`, id, measuredLast)
	for _, r := range rows {
		if l := lines[r.LineID]; l != nil {
			l.measured = append(l.measured, time.Duration(r.Took)*time.Microsecond)
		}
	}
	return err
}

// wait is how long somebody waits who has so many ahead.
func (l lineFacts) wait(ahead int, now time.Time) Band {
	b := estimate(ahead, l.Minutes, l.measured, l.state(now))
	if b.Known {
		b.Left = int(db.Time(l.ClosesAt).Sub(now).Minutes())
	}
	return b
}

func (l lineFacts) view(now time.Time) Line {
	state, why := l.state(now), l.PausedWhy
	if state == LineClosing || state == LineClosed { // a pause does not outlive the day, and comes back with it
		why = ""
	}
	return Line{
		ID: l.ID, CommunityID: l.CommunityID, DayID: l.DayID, AssignmentID: l.AssignmentID, BoothID: l.BoothID, BoothCode: l.BoothCode,
		Zone: l.Zone, PartnerID: l.PartnerID, ServiceID: l.ServiceID, Service: l.Service, Kind: l.Kind, Minutes: l.Minutes,
		State: state, Why: why, Stock: l.StockTotal, StockLeft: l.StockLeft,
		OpensAt: db.Time(l.OpensAt), ClosesAt: db.Time(l.ClosesAt), Version: l.Version, Issued: l.NextNumber - 1 - l.Blocked,
		Waiting: l.waiting, Calls: l.calls, Ready: l.ready, DeskOnly: l.DeskOnly, SuspectAt: instant(l.SuspectAt), Wait: l.wait(l.waiting, now),
		Near: near(l.Minutes, l.measured, state),
	}
}
