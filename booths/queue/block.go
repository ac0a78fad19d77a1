package queue

import (
	"context"
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// Block is a run of numbers of one line that is lent to one device at the
// desk, to be given away while the network is down. Used are those that have
// come back as tickets; the others are nobody else's, ever.
type Block struct {
	ID        string    `json:"id"`
	LineID    string    `json:"line"`
	First     int       `json:"first"`
	Last      int       `json:"last"`
	Used      []int     `json:"used"`
	OpensAt   time.Time `json:"opens_at"`
	ClosesAt  time.Time `json:"closes_at"`
	LeasedAt  time.Time `json:"leased_at"`
	Ended     bool      `json:"ended,omitempty"`
	ServerNow time.Time `json:"now"` // so that the device knows how wrong its clock is
}

// BlockRequest asks for Size numbers of a line for a device, a random handle
// of the browser. Key makes retries safe: the same key, the same block.
type BlockRequest struct {
	CommunityID string
	LineID      string
	Device      string
	By          string
	Size        int
	Key         string
}

// MaxBlock is how many numbers one block has at most; MaxLent how many a
// device may have lying unused in one line.
const (
	MaxBlock = 50
	MaxLent  = 60
)

// Slip is a number that a device gave away by itself at At, by its own clock
// set right with Block.ServerNow. Handle, when not empty, is the secret printed
// on the slip: 26 characters as db.NewID makes them.
type Slip struct {
	Number   int       `json:"number"`
	At       time.Time `json:"at"`
	Priority bool      `json:"priority,omitempty"`
	Proxy    bool      `json:"proxy,omitempty"`
	Handle   string    `json:"handle,omitempty"`
}

// SlipResult says what became of a slip: a ticket, or the code of a refusal.
type SlipResult struct {
	Number int    `json:"number"`
	Ticket string `json:"ticket,omitempty"`
	Code   string `json:"code,omitempty"`
}

// Lease lends a block of numbers. The numbers are taken out of the line's
// series at once, in a stock line with a piece each.
func (s *Service) Lease(ctx context.Context, r BlockRequest) (Block, error) {
	if err := r.check(); err != nil {
		return Block{}, err
	}
	var b Block
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		b, err = lease(tx, r)
		return err
	})
	return b, err
}

func (r BlockRequest) check() error {
	switch {
	case r.Size < 1 || r.Size > MaxBlock:
		return fault.Invalid("queue.block_size", "size", "must be between 1 and %d", MaxBlock)
	case r.Device == "" || len(r.Device) > longest || !text.Plain(r.Device):
		return fault.Invalid("queue.device", "device", "must be a handle of 1 to %d characters", longest)
	case r.Key == "" || len(r.Key) > longest:
		return fault.Invalid("queue.key_long", "idempotency_key", "must have 1 to %d characters", longest)
	}
	return nil
}

func lease(tx *db.Tx, r BlockRequest) (Block, error) {
	w, err := lockByID(tx, r.LineID, r.By)
	if err != nil {
		return Block{}, err
	}
	if w.line.CommunityID != r.CommunityID {
		return Block{}, errLineUnknown()
	}
	was, err := blockWhere(tx, `issue_key = $1`, r.Key)
	if err == nil {
		if was.LineID != r.LineID || was.Device != r.Device || was.Asked != r.Size {
			return Block{}, fault.Conflict("idempotency.body_differs", "idempotency_key", "the key was used for another block")
		}
		return was.block(tx, w.line)
	}
	if !noRows(err) {
		return Block{}, err
	}
	if err := w.lendable(r); err != nil {
		return Block{}, err
	}
	return w.lend(r)
}

// lendable says why a line lends no numbers: it is not open, or the device has
// enough. A pause does not matter; it may be over when the network is gone.
func (w *work) lendable(r BlockRequest) error {
	if err := w.line.running(w.tx); err != nil && !fault.Is(err, "queue.line_paused") {
		return err
	}
	var lent int
	err := w.tx.Get(&lent, `SELECT COALESCE(SUM(b.last - b.first + 1), 0) - (SELECT COUNT(*) FROM queue_tickets t JOIN queue_blocks o ON o.line_id = t.line_id
			AND t.number BETWEEN o.first AND o.last WHERE o.line_id = $1 AND o.device = $2 AND o.ended_at = 0)
		FROM queue_blocks b WHERE b.line_id = $1 AND b.device = $2 AND b.ended_at = 0`, w.line.ID, r.Device)
	if err == nil && lent+r.Size > MaxLent {
		err = fault.Conflict("queue.block_enough", "size", "this device has %d unused numbers of the line", lent)
	}
	return err
}

func (w *work) lend(r BlockRequest) (Block, error) {
	size := r.Size
	if w.line.Kind == Stock {
		size = min(size, w.line.StockLeft)
		w.line.StockLeft -= size
		w.line.Kept += size
	}
	row := blockRow{
		ID: db.NewID(), LineID: w.line.ID, Device: r.Device, By: r.By, Asked: r.Size, First: w.line.NextNumber, Last: w.line.NextNumber + size - 1,
		LeasedAt: db.Micros(w.tx.Now), Key: r.Key,
	}
	_, err := w.tx.Exec(`INSERT INTO queue_blocks (id, line_id, device, by_whom, asked, first, last, leased_at, ended_at, issue_key) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,0,$9)`,
		row.ID, row.LineID, row.Device, row.By, row.Asked, row.First, row.Last, row.LeasedAt, row.Key)
	if err != nil {
		return Block{}, err
	}
	if err := w.blockNumbers(size, size); err != nil {
		return Block{}, err
	}
	if err := w.tellStock(); err != nil {
		return Block{}, err
	}
	if err := w.finish(); err != nil {
		return Block{}, err
	}
	return row.block(w.tx, w.line)
}

// blockNumbers moves the line's series on by n and the count of its numbers
// without a ticket by without.
func (w *work) blockNumbers(n, without int) error {
	w.line.NextNumber += n
	w.line.Blocked += without
	_, err := w.tx.Exec(`UPDATE queue_lines SET next_number = $2, blocked = $3, kept = $4 WHERE id = $1`,
		w.line.ID, w.line.NextNumber, w.line.Blocked, w.line.Kept)
	return err
}

// blockRow is a row of queue_blocks.
type blockRow struct {
	ID       string `db:"id"`
	LineID   string `db:"line_id"`
	Device   string `db:"device"`
	By       string `db:"by_whom"`
	Asked    int    `db:"asked"`
	First    int    `db:"first"`
	Last     int    `db:"last"`
	LeasedAt int64  `db:"leased_at"`
	EndedAt  int64  `db:"ended_at"`
	Key      string `db:"issue_key"`
}

func blockWhere(tx *db.Tx, cond string, args ...any) (blockRow, error) {
	var b blockRow
	err := tx.Get(&b, `SELECT id, line_id, device, by_whom, asked, first, last, leased_at, ended_at, issue_key FROM queue_blocks WHERE `+cond, args...)
	return b, err
}

func (r blockRow) block(tx *db.Tx, l lineRow) (Block, error) {
	b := Block{
		ID: r.ID, LineID: r.LineID, First: r.First, Last: r.Last, Used: []int{}, OpensAt: db.Time(l.OpensAt), ClosesAt: db.Time(l.ClosesAt),
		LeasedAt: db.Time(r.LeasedAt), Ended: r.EndedAt != 0, ServerNow: tx.Now,
	}
	err := tx.Select(&b.Used, `SELECT number FROM queue_tickets WHERE line_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number`, r.LineID, r.First, r.Last)
	return b, err
}

// SyncRequest brings home what a device gave away. Community and device must
// be those the block was lent to.
type SyncRequest struct {
	CommunityID string
	BlockID     string
	Device      string
	By          string
	Slips       []Slip
}

// Sync makes tickets of slips, with their original times, and answers each by
// itself; a slip that was brought before is answered the same. A slip takes
// its place in the line by its time, not by its number: who stood at the desk
// at ten does not pass the phone of nine. When the line has closed meanwhile,
// the number expires and comes first next time like all who were waiting.
func (s *Service) Sync(ctx context.Context, r SyncRequest) ([]SlipResult, error) {
	if len(r.Slips) > MaxBlock {
		return nil, fault.Invalid("queue.slips_many", "slips", "are more than %d", MaxBlock)
	}
	var out []SlipResult
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		out, err = syncSlips(tx, r)
		return err
	})
	return out, err
}

func syncSlips(tx *db.Tx, r SyncRequest) ([]SlipResult, error) {
	w, b, err := lockBlock(tx, r)
	if err != nil {
		return nil, err
	}
	out := make([]SlipResult, len(r.Slips))
	for i, slip := range r.Slips {
		var t Ticket
		before := w.line
		err := tx.Savepoint(func() (err error) {
			t, err = w.bring(b, slip)
			return err
		})
		if err != nil { // nothing of a refused slip stays
			w.line = before
		}
		out[i] = SlipResult{Number: slip.Number, Ticket: t.ID}
		var refused *fault.Error
		switch {
		case errors.As(err, &refused) && refused.Kind != fault.KindInternal:
			out[i] = SlipResult{Number: slip.Number, Code: refused.Code}
		case err != nil:
			return nil, err
		}
	}
	return out, w.finish()
}

// lockBlock takes the line of a block, for the device it was lent to.
func lockBlock(tx *db.Tx, r SyncRequest) (*work, blockRow, error) {
	unknown := fault.NotFound("queue.block_unknown", "block", "there is no such block of this device")
	b, err := blockWhere(tx, `id = $1`, r.BlockID)
	if noRows(err) {
		err = unknown
	}
	if err != nil {
		return nil, b, err
	}
	w, err := lockByID(tx, b.LineID, r.By)
	if err != nil {
		return nil, b, err
	}
	if w.line.CommunityID != r.CommunityID || b.Device != r.Device {
		return nil, b, unknown
	}
	b, err = blockWhere(tx, `id = $1`, b.ID) // as it is now that the line is held
	return w, b, err
}

// End gives a block back: its unused numbers are never given, its pieces are
// free again. Slips that a device brings later are still taken. Ending twice is
// ending once.
func (s *Service) End(ctx context.Context, communityID, blockID, device, by string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		w, b, err := lockBlock(tx, SyncRequest{CommunityID: communityID, BlockID: blockID, Device: device, By: by})
		if err != nil || b.EndedAt != 0 {
			return err
		}
		if _, err := tx.Exec(`UPDATE queue_blocks SET ended_at = $2 WHERE id = $1`, b.ID, db.Micros(tx.Now)); err != nil {
			return err
		}
		if w.line.Kind == Stock {
			now, err := b.block(tx, w.line)
			if err != nil {
				return err
			}
			unused := b.Last - b.First + 1 - len(now.Used)
			w.line.StockLeft += unused
			w.line.Kept -= unused
		}
		if err := w.blockNumbers(0, 0); err != nil {
			return err
		}
		return errors.Join(w.tellStock(), w.finish())
	})
}

// tellStock says that other pieces than before are left for those who ask now.
func (w *work) tellStock() error {
	if w.line.Kind != Stock {
		return nil
	}
	return outbox.Emit(w.tx, event.LineChanged{Day: w.line.event(), LineID: w.line.ID, To: "stocked", Why: "lent", At: w.tx.Now})
}

const (
	doSlip  verb = "slip"
	bySlip       = "by_time" // why a slip stands where it stands
	slipKey      = "slip "
)

// bring makes the ticket of a slip.
func (w *work) bring(b blockRow, slip Slip) (Ticket, error) {
	at, err := slip.when(w, b)
	if err != nil {
		return Ticket{}, err
	}
	key, hash := slipKey+b.ID+" "+ticketID(w.line.ID, slip.Number), digest(slip.Number, slip.Priority, slip.Proxy, slip.Handle)
	if was, err := answered(w.tx, key, hash); err != nil || was != nil {
		if was != nil {
			return *was, err
		}
		return Ticket{}, err
	}
	if w.line.Kind == Stock && b.EndedAt != 0 {
		if w.line.soldOut() {
			return Ticket{}, fault.Closed("queue.sold_out", "line", "nothing is left")
		}
		w.line.StockLeft--
		w.line.Kept++
	}
	t := Ticket{
		ID: ticketID(w.line.ID, slip.Number), Handle: slip.Handle, Visitor: db.NewID(), DayID: w.line.DayID, LineID: w.line.ID, Number: slip.Number,
		Via: Desk, Priority: slip.Priority, Proxy: slip.Proxy, State: Waiting, IssuedAt: at, pos: posOf(slip.Number),
	}
	if t.Handle == "" {
		t.Handle = db.NewID()
	}
	return t, w.enter(b, t, key, hash)
}

// when is the time a slip counts with: its own, but neither before its block
// was lent nor in the future. After closing nothing is given, offline either.
func (slip Slip) when(w *work, b blockRow) (time.Time, error) {
	at := slip.At.UTC().Truncate(time.Microsecond)
	if at.After(w.tx.Now) {
		at = w.tx.Now
	}
	if lent := db.Time(b.LeasedAt); at.Before(lent) {
		at = lent
	}
	switch {
	case slip.Number < b.First || slip.Number > b.Last:
		return at, fault.Invalid("queue.slip_number", "number", "%d is not of this block, %d to %d", slip.Number, b.First, b.Last)
	case slip.Handle != "" && !db.IsID(slip.Handle):
		return at, fault.Invalid("queue.slip_handle", "handle", "is not 26 characters of base 32")
	case db.Micros(at) >= w.line.ClosesAt:
		return at, fault.Closed("queue.day_closed", "at", "the market day had closed")
	}
	return at, nil
}

// enter writes a slip's ticket with the move that says why it stands where it
// stands, counts its holder and, in a line that has closed, ends it.
func (w *work) enter(b blockRow, t Ticket, key, hash string) error {
	fresh, err := insertTicket(w.tx, t, key, hash)
	if err != nil {
		return err
	}
	if !fresh {
		return fault.Conflict("queue.slip_taken", "handle", "another ticket has this number or handle")
	}
	if w.line.Kind == Stock {
		w.line.Kept--
	}
	if err := w.blockNumbers(0, -1); err != nil {
		return err
	}
	if t, err = w.queueByTime(b, t); err != nil {
		return err
	}
	if err := count(w.tx, w.line.event(), visit{visitor: t.Visitor, via: t.Via, at: t.IssuedAt}); err != nil {
		return err
	}
	err = outbox.Emit(w.tx, event.TicketIssued{Day: w.line.event(), LineID: w.line.ID, TicketID: t.ID, Number: t.Number, Via: string(t.Via), At: t.IssuedAt})
	if err != nil || w.line.Phase != phaseClosing && w.line.Phase != phaseClosed {
		return err
	}
	if err := w.expire(t, WhyDayClosed); err != nil {
		return err
	}
	return insertCarry(w.tx, w.line, t)
}

// queueByTime puts a slip behind everybody who had a number when it was given.
func (w *work) queueByTime(b blockRow, t Ticket) (Ticket, error) {
	var last int
	err := w.tx.Get(&last, `SELECT COALESCE(MAX(number), 0) FROM queue_tickets WHERE line_id = $1 AND number > $2 AND issued_at <= $3 AND issue_key NOT LIKE '`+slipKey+`%'`,
		t.LineID, b.Last, db.Micros(t.IssuedAt))
	if err != nil {
		return t, err
	}
	after := t
	if last > 0 {
		after.pos = posOf(last) + int64(t.Number-b.First+1)
	}
	if err := saveTicket(w.tx, t, after); err != nil {
		return t, err
	}
	w.line.MoveSeq++
	return after, insertMove(w.tx, moveRow{
		LineID: w.line.ID, Seq: w.line.MoveSeq, Number: t.Number, Verb: doSlip, FromState: Waiting, ToState: Waiting, FromPos: t.pos, ToPos: after.pos,
		Why: bySlip, By: w.by, At: db.Micros(w.tx.Now), Before: t.snapshot(w.line.SincePriority).text(),
	})
}
