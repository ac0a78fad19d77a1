package queue

import (
	"encoding/json"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// dayRow is a row of queue_days.
type dayRow struct {
	ID            string `db:"id"`
	CommunityID   string `db:"community_id"`
	MarketID      string `db:"market_id"`
	Date          string `db:"date"`
	OpensAt       int64  `db:"opens_at"`
	ClosesAt      int64  `db:"closes_at"`
	ServeUntil    int64  `db:"serve_until"`
	State         string `db:"state"`
	LinesClosedAt int64  `db:"lines_closed_at"`
	UndoUntil     int64  `db:"undo_until"` // closed early: until then it may be taken back
}

const dayColumns = `id, community_id, market_id, date, opens_at, closes_at, serve_until, state, lines_closed_at, undo_until`

func (d dayRow) event() event.Day {
	return event.Day{DayID: d.ID, MarketID: d.MarketID, CommunityID: d.CommunityID, Date: d.Date}
}

func getDay(tx *db.Tx, id string) (dayRow, error) {
	var d dayRow
	err := tx.Get(&d, `SELECT `+dayColumns+` FROM queue_days WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return d, fault.NotFound("queue.day_unknown", "day", "there is no such market day")
	}
	return d, err
}

func insertDay(tx *db.Tx, d event.Day, opens, closes time.Time) error {
	_, err := tx.Exec(`INSERT INTO queue_days (id, community_id, market_id, date, opens_at, closes_at, serve_until, state, lines_closed_at, version)
		VALUES ($1,$2,$3,$4,$5,$6,0,'planned',0,0) ON CONFLICT DO NOTHING`,
		d.DayID, d.CommunityID, d.MarketID, d.Date, db.Micros(opens), db.Micros(closes))
	return err
}

func saveDay(tx *db.Tx, d dayRow) error {
	_, err := tx.Exec(`UPDATE queue_days SET opens_at = $2, closes_at = $3, serve_until = $4, state = $5, undo_until = $6, version = version + 1 WHERE id = $1`,
		d.ID, d.OpensAt, d.ClosesAt, d.ServeUntil, d.State, d.UndoUntil)
	return err
}

// endDay marks the day's lines as closed when the last one is, once, and not
// while the closing may be taken back. The first statement takes the day's row:
// of two last lines the second sees the first.
func endDay(tx *db.Tx, id string) (bool, error) {
	if _, err := tx.Exec(`UPDATE queue_days SET version = version + 1 WHERE id = $1`, id); err != nil {
		return false, err
	}
	n, err := tx.Exec(`UPDATE queue_days SET lines_closed_at = $2 WHERE id = $1 AND state = 'closed' AND lines_closed_at = 0
		AND undo_until <= $2 AND NOT EXISTS (SELECT 1 FROM queue_lines l WHERE l.day_id = queue_days.id AND l.phase NOT IN ('closed', 'removed'))`,
		id, db.Micros(tx.Now))
	return n == 1, err
}

// The phases of a line; paused and sold out are said beside them.
const (
	phasePlanned = "planned"
	phaseOpen    = "open"
	phaseClosing = "closing"
	phaseClosed  = "closed"
	phaseRemoved = "removed"
)

// lineRow is a row of queue_lines.
type lineRow struct {
	ID            string `db:"id"`
	DayID         string `db:"day_id"`
	CommunityID   string `db:"community_id"`
	MarketID      string `db:"market_id"`
	Date          string `db:"date"`
	AssignmentID  string `db:"assignment_id"`
	BoothID       string `db:"booth_id"`
	BoothCode     string `db:"booth_code"`
	Zone          string `db:"zone"`
	PartnerID     string `db:"partner_id"`
	ServiceID     string `db:"service_id"`
	Service       string `db:"service"`
	Kind          Kind   `db:"kind"`
	Minutes       int    `db:"minutes"`
	Phase         string `db:"phase"`
	Paused        bool   `db:"paused"`
	PausedWhy     string `db:"paused_why"`
	Released      bool   `db:"released"`
	OpensAt       int64  `db:"opens_at"`
	ClosesAt      int64  `db:"closes_at"`
	ServeUntil    int64  `db:"serve_until"`
	StockTotal    int    `db:"stock_total"`
	StockLeft     int    `db:"stock_left"`
	NextNumber    int    `db:"next_number"`
	SincePriority int    `db:"since_priority"`
	Version       int64  `db:"version"`
	MoveSeq       int64  `db:"move_seq"`
	DeskOnly      bool   `db:"desk_only"`
	SuspectAt     int64  `db:"suspect_at"`
	Blocked       int    `db:"blocked"` // numbers in blocks without a ticket
	Kept          int    `db:"kept"`    // pieces kept for them
}

const lineColumns = `id, day_id, community_id, market_id, date, assignment_id, booth_id, booth_code, zone, partner_id, service_id, service,
	kind, minutes, phase, paused, paused_why, released, opens_at, closes_at, serve_until, stock_total, stock_left, next_number,
	since_priority, version, move_seq, desk_only, suspect_at, blocked, kept`

func (l lineRow) event() event.Day {
	return event.Day{DayID: l.DayID, MarketID: l.MarketID, CommunityID: l.CommunityID, Date: l.Date}
}

func (l lineRow) soldOut() bool { return l.Kind == Stock && l.StockLeft <= 0 }

// opens sets when the line opens. One that has given numbers, because the day
// was opened early and that was taken back, has been open before.
func (l *lineRow) opens(at int64) {
	if l.NextNumber == 1 || at < l.OpensAt {
		l.OpensAt = at
	}
}

// state is how the line presents itself at now: time decides before the row does.
func (l lineRow) state(now time.Time) LineState {
	µs := db.Micros(now)
	switch {
	case l.Phase == phaseRemoved:
		return LineRemoved
	case l.Phase == phaseClosed:
		return LineClosed
	case l.Phase == phaseClosing || µs >= l.ClosesAt:
		return LineClosing
	case l.Phase == phasePlanned || µs < l.OpensAt:
		return LinePlanned
	case l.Paused:
		return LinePaused
	case l.soldOut():
		return LineSoldOut
	}
	return LineOpen
}

func insertLine(tx *db.Tx, l lineRow) error {
	_, err := tx.Exec(`INSERT INTO queue_lines (`+lineColumns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,FALSE,'',FALSE,$16,$17,0,$18,$19,1,0,0,0,FALSE,0,0,0) ON CONFLICT DO NOTHING`,
		l.ID, l.DayID, l.CommunityID, l.MarketID, l.Date, l.AssignmentID, l.BoothID, l.BoothCode, l.Zone, l.PartnerID, l.ServiceID, l.Service,
		l.Kind, l.Minutes, l.Phase, l.OpensAt, l.ClosesAt, l.StockTotal, l.StockLeft)
	return err
}

// lockLine counts a command on the line and holds its row until the
// transaction ends: everything read afterwards is the last word.
func lockLine(tx *db.Tx, id string) (lineRow, error) {
	var l lineRow
	err := tx.Get(&l, `UPDATE queue_lines SET version = version + 1 WHERE id = $1 RETURNING `+lineColumns, id)
	if errors.Is(err, db.ErrNoRows) {
		return l, errLineUnknown()
	}
	return l, err
}

func errLineUnknown() error {
	return fault.NotFound("queue.line_unknown", "line", "there is no such line on this day")
}

func getLine(tx *db.Tx, id string) (lineRow, error) {
	var l lineRow
	err := tx.Get(&l, `SELECT `+lineColumns+` FROM queue_lines WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return l, errLineUnknown()
	}
	return l, err
}

// saveLine writes what commands change; the version is the compare-and-set.
func saveLine(tx *db.Tx, l lineRow) error {
	n, err := tx.Exec(`UPDATE queue_lines SET assignment_id = $3, partner_id = $4, service_id = $5, phase = $6, paused = $7, paused_why = $8, released = $9,
		opens_at = $10, closes_at = $11, serve_until = $12, stock_total = $13, stock_left = $14, since_priority = $15, move_seq = $16, desk_only = $17,
		booth_id = $18, booth_code = $19, zone = $20 WHERE id = $1 AND version = $2`,
		l.ID, l.Version, l.AssignmentID, l.PartnerID, l.ServiceID, l.Phase, l.Paused, l.PausedWhy, l.Released,
		l.OpensAt, l.ClosesAt, l.ServeUntil, l.StockTotal, l.StockLeft, l.SincePriority, l.MoveSeq, l.DeskOnly,
		l.BoothID, l.BoothCode, l.Zone)
	if err == nil && n != 1 {
		err = errMovedOn()
	}
	return err
}

func errMovedOn() error {
	return fault.Conflict("queue.line_moved_on", "version", "another command came between")
}

// lineIDs lists a day's lines that are in the given phases, in the order their rows are locked.
func lineIDs(tx *db.Tx, dayID string, phases ...string) ([]string, error) {
	var ids []string
	err := tx.SelectIn(&ids, `SELECT id FROM queue_lines WHERE day_id = ? AND phase IN (?) ORDER BY id`, dayID, phases)
	return ids, err
}

// moveRow is a row of queue_moves.
type moveRow struct {
	LineID    string `db:"line_id"`
	Seq       int64  `db:"seq"`
	Number    int    `db:"number"`
	Verb      verb   `db:"verb"`
	FromState State  `db:"from_state"`
	ToState   State  `db:"to_state"`
	FromPos   int64  `db:"from_pos"`
	ToPos     int64  `db:"to_pos"`
	Why       string `db:"why"`
	By        string `db:"by_whom"`
	At        int64  `db:"at"`
	CanUndo   bool   `db:"can_undo"`
	Undoes    int64  `db:"undoes"`
	Before    string `db:"before"`
}

const moveColumns = `line_id, seq, number, verb, from_state, to_state, from_pos, to_pos, why, by_whom, at, can_undo, undoes, before`

func insertMove(tx *db.Tx, m moveRow) error {
	_, err := tx.Exec(`INSERT INTO queue_moves (`+moveColumns+`, undone_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,0)`,
		m.LineID, m.Seq, m.Number, m.Verb, m.FromState, m.ToState, m.FromPos, m.ToPos, m.Why, m.By, m.At, m.CanUndo, m.Undoes, m.Before)
	return err
}

// lastMove finds the newest move that can be taken back: of one ticket, or
// (number 0) of the whole line, where the visitors' own moves do not count.
// A move with a later one of the same ticket behind it stays.
func lastMove(tx *db.Tx, line string, number int, since time.Time) (moveRow, error) {
	cond := `m.by_whom <> '` + byVisitor + `' AND m.number > $2`
	if number > 0 {
		cond = `m.number = $2`
	}
	var m moveRow
	err := tx.Get(&m, `SELECT `+moveColumns+` FROM queue_moves m WHERE m.line_id = $1 AND `+cond+` AND m.at >= $3 AND m.can_undo AND m.undone_by = 0
		AND NOT EXISTS (SELECT 1 FROM queue_moves l WHERE l.line_id = m.line_id AND l.number = m.number AND l.seq > m.seq
			AND l.undone_by = 0 AND l.undoes = 0)
		ORDER BY m.seq DESC LIMIT 1`, line, number, db.Micros(since))
	if errors.Is(err, db.ErrNoRows) {
		return m, fault.Conflict("queue.nothing_to_undo", "ticket", "nothing of the last ten minutes can be taken back")
	}
	return m, err
}

func markUndone(tx *db.Tx, line string, seq, by int64) error {
	_, err := tx.Exec(`UPDATE queue_moves SET undone_by = $3 WHERE line_id = $1 AND seq = $2`, line, seq, by)
	return err
}

// snapshot is what a move changed, as it was before.
type snapshot struct {
	State  State `json:"s"`
	Pos    int64 `json:"p"`
	Calls  int   `json:"c,omitempty"`
	Misses int   `json:"m,omitempty"`
	First  int64 `json:"f,omitempty"`
	Called int64 `json:"l,omitempty"`
	Done   int64 `json:"d,omitempty"`
	Ended  int64 `json:"e,omitempty"`
	Since  int   `json:"n,omitempty"` // the line's since_priority
}

func (s snapshot) text() string {
	b, _ := json.Marshal(s) // numbers and a word: cannot fail
	return string(b)
}
