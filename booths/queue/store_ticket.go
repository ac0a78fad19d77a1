package queue

import (
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// ticketRow is a row of queue_tickets.
type ticketRow struct {
	LineID        string `db:"line_id"`
	Number        int    `db:"number"`
	DayID         string `db:"day_id"`
	Handle        string `db:"handle"`
	Visitor       string `db:"visitor"`
	Via           Via    `db:"via"`
	Proxy         bool   `db:"proxy"`
	Priority      bool   `db:"priority"`
	Carried       bool   `db:"carried"`
	State         State  `db:"state"`
	Pos           int64  `db:"pos"`
	Calls         int    `db:"calls"`
	Misses        int    `db:"misses"`
	IssuedAt      int64  `db:"issued_at"`
	FirstCalledAt int64  `db:"first_called_at"`
	CalledAt      int64  `db:"called_at"`
	DoneAt        int64  `db:"done_at"`
	EndedAt       int64  `db:"ended_at"`
	VoidID        string `db:"void_id"`
}

const ticketColumns = `line_id, number, day_id, handle, visitor, via, proxy, priority, carried, state, pos, calls, misses,
	issued_at, first_called_at, called_at, done_at, ended_at, void_id`

func (r ticketRow) ticket() Ticket {
	return Ticket{
		ID: ticketID(r.LineID, r.Number), Handle: r.Handle, Visitor: r.Visitor, DayID: r.DayID, LineID: r.LineID, Number: r.Number,
		Via: r.Via, Proxy: r.Proxy, Priority: r.Priority, Carried: r.Carried, State: r.State, Calls: r.Calls, Misses: r.Misses,
		IssuedAt: db.Time(r.IssuedAt), FirstCalledAt: instant(r.FirstCalledAt), CalledAt: instant(r.CalledAt),
		DoneAt: instant(r.DoneAt), EndedAt: instant(r.EndedAt), Void: r.VoidID != "", pos: r.Pos,
	}
}

func tickets(rows []ticketRow) []Ticket {
	out := make([]Ticket, len(rows))
	for i, r := range rows {
		out[i] = r.ticket()
	}
	return out
}

// instant and µs translate a moment that may not have come: zero is 0.
func instant(µs int64) time.Time {
	if µs == 0 {
		return time.Time{}
	}
	return db.Time(µs)
}

func µs(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return db.Micros(t)
}

// takeNumber is the whole judgement of a number in one statement: the line
// belongs to the day, is open at this moment, not paused, not sold out and not
// the desk's alone, the key was not answered with an older number and the source
// took none that were made void. It takes the next number and, in a stock line, a
// piece. ErrNoRows: refused.
func takeNumber(tx *db.Tx, r IssueRequest) (lineRow, error) {
	var l lineRow
	err := tx.Get(&l, `UPDATE queue_lines SET next_number = next_number + 1, stock_left = stock_left - CASE WHEN kind = 'stock' THEN 1 ELSE 0 END
		WHERE id = $1 AND day_id = $2 AND phase = 'open' AND paused = FALSE AND (kind <> 'stock' OR stock_left > 0)
		AND opens_at <= $3 AND closes_at > $3 AND NOT EXISTS (SELECT 1 FROM queue_answers WHERE key = $4)
		AND (desk_only = FALSE OR $5 <> 'phone')
		AND NOT EXISTS (SELECT 1 FROM queue_voids v WHERE v.line_id = $1 AND v.source = $6 AND v.source <> '' AND v.undone_at = 0)
		RETURNING id, day_id, community_id, market_id, date, kind, stock_left, next_number`, r.LineID, r.DayID, db.Micros(tx.Now), r.Key, string(r.Via), r.Source)
	return l, err
}

// returnNumber undoes takeNumber in the same transaction, while the row is held.
func returnNumber(tx *db.Tx, lineID string) error {
	_, err := tx.Exec(`UPDATE queue_lines SET next_number = next_number - 1, stock_left = stock_left + CASE WHEN kind = 'stock' THEN 1 ELSE 0 END
		WHERE id = $1`, lineID)
	return err
}

// insertTicket reports false when the card already waits in the line or the
// key already has a number.
func insertTicket(tx *db.Tx, t Ticket, key, hash string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO queue_tickets (`+ticketColumns+`, issue_key, issue_hash, source)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,0,0,$12,0,0,0,0,'',$13,$14,$15) ON CONFLICT DO NOTHING`,
		t.LineID, t.Number, t.DayID, t.Handle, t.Visitor, t.Via, t.Proxy, t.Priority, t.Carried, t.State, t.pos, db.Micros(t.IssuedAt), key, hash, t.source)
	return n == 1, err
}

// answered finds what a key was answered with; nil when it is new.
func answered(tx *db.Tx, key, hash string) (*Ticket, error) {
	if key == "" {
		return nil, nil
	}
	var was struct {
		LineID string `db:"line_id"`
		Number int    `db:"number"`
		Hash   string `db:"hash"`
		Fresh  bool   `db:"fresh"`
	}
	err := tx.Get(&was, `SELECT line_id, number, issue_hash AS hash, TRUE AS fresh FROM queue_tickets WHERE issue_key = $1 AND issue_key <> ''
		UNION ALL SELECT line_id, number, hash, FALSE AS fresh FROM queue_answers WHERE key = $1 LIMIT 1`, key)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case was.Hash != hash:
		return nil, fault.Conflict("idempotency.body_differs", "idempotency_key", "this key was used for another request")
	}
	t, err := getTicket(tx, was.LineID, was.Number)
	if was.Fresh {
		t = t.asIssued()
	}
	return &t, err
}

// keepAnswer remembers that a key was answered with a number the card already had.
func keepAnswer(tx *db.Tx, key, hash string, t Ticket) error {
	if key == "" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO queue_answers (key, hash, line_id, number) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`, key, hash, t.LineID, t.Number)
	return err
}

// saveTicket writes a move, if the ticket still is what before says.
func saveTicket(tx *db.Tx, before, after Ticket) error {
	n, err := tx.Exec(`UPDATE queue_tickets SET state = $5, pos = $6, calls = $7, misses = $8, first_called_at = $9, called_at = $10, done_at = $11, ended_at = $12
		WHERE line_id = $1 AND number = $2 AND state = $3 AND calls = $4`,
		before.LineID, before.Number, before.State, before.Calls,
		after.State, after.pos, after.Calls, after.Misses, µs(after.FirstCalledAt), µs(after.CalledAt), µs(after.DoneAt), µs(after.EndedAt))
	if err == nil && n != 1 {
		err = fault.Conflict("queue.ticket_moved_on", "ticket", "number %d was moved by somebody else", before.Number)
	}
	return err
}

func oneTicket(tx *db.Tx, query string, args ...any) (Ticket, error) {
	var r ticketRow
	err := tx.Get(&r, `SELECT `+ticketColumns+` FROM queue_tickets `+query, args...)
	if errors.Is(err, db.ErrNoRows) {
		return Ticket{}, errTicketUnknown()
	}
	return r.ticket(), err
}

func errTicketUnknown() error {
	return fault.NotFound("queue.ticket_unknown", "ticket", "there is no such number in this line")
}

func manyTickets(tx *db.Tx, query string, args ...any) ([]Ticket, error) {
	var rows []ticketRow
	err := tx.Select(&rows, `SELECT `+ticketColumns+` FROM queue_tickets `+query, args...)
	return tickets(rows), err
}

// heldBy finds the living number a card already has in a line.
func heldBy(tx *db.Tx, dayID, lineID, visitor string) (Ticket, error) {
	return oneTicket(tx, `WHERE line_id = $1 AND visitor = $2 AND day_id = $3 AND proxy = FALSE
		AND state IN ('waiting', 'called', 'serving', 'ready')`, lineID, visitor, dayID)
}

func getTicket(tx *db.Tx, line string, number int) (Ticket, error) {
	return oneTicket(tx, `WHERE line_id = $1 AND number = $2`, line, number)
}

// firstWaiting returns the first in order, and the first of those with priority; nil where there is none.
func firstWaiting(tx *db.Tx, line string) (first, priority *Ticket, err error) {
	all, err := manyTickets(tx, `WHERE line_id = $1 AND state = 'waiting' ORDER BY pos, number LIMIT 1`, line)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	some, err := manyTickets(tx, `WHERE line_id = $1 AND state = 'waiting' AND priority ORDER BY pos, number LIMIT 1`, line)
	if len(some) > 0 {
		priority = &some[0]
	}
	return &all[0], priority, err
}

// waitingPlaces returns the places of the next few who wait.
func waitingPlaces(tx *db.Tx, line string) ([]int64, error) {
	var pos []int64
	err := tx.Select(&pos, `SELECT pos FROM queue_tickets WHERE line_id = $1 AND state = 'waiting' ORDER BY pos, number LIMIT $2`, line, putBackPlaces+1)
	return pos, err
}

// insertVisit reports true when the card is seen for the first time on this day.
func insertVisit(tx *db.Tx, v visit) (bool, error) {
	n, err := tx.Exec(`INSERT INTO queue_visits (day_id, visitor, via, at) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`,
		v.dayID, v.visitor, v.via, db.Micros(v.at))
	return n == 1, err
}

// holdVisit holds a card's day until the transaction ends.
func holdVisit(tx *db.Tx, dayID, visitor string) error {
	_, err := tx.Exec(`UPDATE queue_visits SET via = via WHERE day_id = $1 AND visitor = $2`, dayID, visitor)
	return err
}

// livingProxies counts the numbers a card holds for others on a day.
func livingProxies(tx *db.Tx, dayID, visitor string) (n int, err error) {
	err = tx.Get(&n, `SELECT COUNT(*) FROM queue_tickets WHERE visitor = $1 AND day_id = $2 AND proxy = TRUE
		AND state IN ('waiting', 'called', 'serving', 'ready')`, visitor, dayID)
	return n, err
}

// carryRow is a row of queue_carry.
type carryRow struct {
	FromLine   string `db:"from_line"`
	FromNumber int    `db:"from_number"`
	Visitor    string `db:"visitor"`
	Via        Via    `db:"via"`
	Proxy      bool   `db:"proxy"`
	Priority   bool   `db:"priority"`
}

func insertCarry(tx *db.Tx, l lineRow, t Ticket) error {
	_, err := tx.Exec(`INSERT INTO queue_carry (from_line, from_number, market_id, date, partner_id, service_id, service, visitor, via, proxy, priority, pos, state, to_line, to_number)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'waiting','',0) ON CONFLICT (from_line, from_number) DO UPDATE SET
			state = 'waiting', pos = excluded.pos, date = excluded.date`,
		l.ID, t.Number, l.MarketID, l.Date, l.PartnerID, l.ServiceID, l.Service, t.Visitor, t.Via, t.Proxy, t.Priority, t.pos)
	return err
}

// carriedFor lists who comes first in a line: of the same partner's service, or (byName) of a service of that name.
func carriedFor(tx *db.Tx, l lineRow, byName bool) ([]carryRow, error) {
	cond, args := `partner_id = $3 AND service_id = $4`, []any{l.MarketID, l.Date, l.PartnerID, l.ServiceID}
	if byName {
		cond, args = `service = $3`, []any{l.MarketID, l.Date, l.Service}
	}
	var rows []carryRow
	err := tx.Select(&rows, `SELECT from_line, from_number, visitor, via, proxy, priority FROM queue_carry
		WHERE market_id = $1 AND date < $2 AND state = 'waiting' AND `+cond+` ORDER BY date, pos, from_line, from_number`, args...)
	return rows, err
}

func markGiven(tx *db.Tx, c carryRow, t Ticket) error {
	_, err := tx.Exec(`UPDATE queue_carry SET state = 'given', to_line = $3, to_number = $4 WHERE from_line = $1 AND from_number = $2`,
		c.FromLine, c.FromNumber, t.LineID, t.Number)
	return err
}

// carryBack takes back that a ticket comes first next time; false when it has come there.
func carryBack(tx *db.Tx, t Ticket) (bool, error) {
	n, err := tx.Exec(`UPDATE queue_carry SET state = 'lapsed' WHERE from_line = $1 AND from_number = $2 AND state = 'waiting'`, t.LineID, t.Number)
	return n == 1, err
}

func lapseCarry(tx *db.Tx, d event.Day) error {
	_, err := tx.Exec(`UPDATE queue_carry SET state = 'lapsed' WHERE market_id = $1 AND date < $2 AND state = 'waiting'`, d.MarketID, d.Date)
	return err
}
