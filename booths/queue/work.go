package queue

import (
	"context"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// Who moved a ticket, where it was not somebody at the booth.
const (
	byVisitor = "visitor"
	byClock   = "clock"
)

// work is one command on one line: the row is held from lock to finish, moves
// are numbered on the way.
type work struct {
	tx      *db.Tx
	line    lineRow
	soldOut bool // as it was
	by      string
}

// command runs do on the line of c: once per key, in one transaction. The
// answer names no holder.
func (s *Service) command(ctx context.Context, c LineCommand, v verb, do func(*work) (Ticket, error)) (Ticket, error) {
	return run(ctx, s, c, v, func(w *work) (Ticket, error) {
		t, err := do(w)
		return t.Public(), err
	})
}

// run is command with any answer.
func run[T any](ctx context.Context, s *Service, c LineCommand, v verb, do func(*work) (T, error)) (T, error) {
	var answer T
	if err := c.check(); err != nil {
		return answer, err
	}
	asked := request{"queue.line:" + c.LineID, c.Key, digest(v, c.CommunityID, c.DayID, c.TicketID, c.By, c.Reason, c.Version)}
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		answer, err = once(tx, asked, func() (T, error) {
			w, err := lock(tx, c)
			if err != nil {
				var none T
				return none, err
			}
			a, err := do(w)
			if err != nil {
				return a, err
			}
			return a, w.finish()
		})
		return err
	})
	return answer, err
}

func (c LineCommand) check() error {
	switch {
	case len(c.Key) > longest:
		return fault.Invalid("queue.key_long", "idempotency_key", "is longer than %d characters", longest)
	case len(c.Reason) > 4*longest:
		return fault.Invalid("queue.reason_long", "reason", "is longer than %d bytes", 4*longest)
	case !text.Plain(c.Reason):
		return fault.Invalid("text.control", "reason", "contains control characters")
	case len(c.By) > longest || c.By == byVisitor || c.By == byClock:
		return fault.Invalid("queue.by_unknown", "by", "is not a handle of somebody at a booth")
	}
	return nil
}

// lock takes the line of a command, if it is one of that day and community and
// still the version the command was made for.
func lock(tx *db.Tx, c LineCommand) (*work, error) {
	w, err := lockByID(tx, c.LineID, c.By)
	if err != nil {
		return nil, err
	}
	if w.line.DayID != c.DayID || w.line.CommunityID != c.CommunityID {
		return nil, errLineUnknown()
	}
	if c.Version != 0 && w.line.Version != c.Version+1 {
		return nil, errMovedOn()
	}
	return w, nil
}

func lockByID(tx *db.Tx, lineID, by string) (*work, error) {
	l, err := lockLine(tx, lineID)
	return &work{tx: tx, line: l, soldOut: l.soldOut(), by: by}, err
}

// named reads the ticket a command is about.
func (w *work) named(c LineCommand) (Ticket, error) {
	n := numberOf(w.line.ID, c.TicketID)
	if n == 0 {
		return Ticket{}, errTicketUnknown()
	}
	return getTicket(w.tx, w.line.ID, n)
}

// serving says why tickets of this line cannot be moved at this moment: before
// the day, or after the time that is left for those already called.
func (w *work) serving() error {
	switch {
	case w.line.Phase == phasePlanned:
		return fault.Closed("queue.not_open", "line", "the line has not opened yet")
	case w.line.Phase == phaseRemoved:
		return fault.Closed("queue.line_removed", "line", "this line does not take place")
	case w.line.Phase == phaseClosed, w.line.ServeUntil != 0 && db.Micros(w.tx.Now) >= w.line.ServeUntil:
		return fault.Closed("queue.line_closed", "line", "the line has closed")
	}
	return nil
}

// note says how and why a ticket moves.
type note struct {
	verb   verb
	why    string
	by     string // else the one who does the work
	final  bool   // cannot be taken back
	undoes int64
}

// move writes what a ticket became: the ticket, the piece it holds, the move
// with its reason and what it was before, and the event.
func (w *work) move(before, after Ticket, n note) error {
	if err := w.piece(before.State, after.State); err != nil {
		return err
	}
	if err := saveTicket(w.tx, before, after); err != nil {
		return err
	}
	if n.by == "" {
		n.by = w.by
	}
	w.line.MoveSeq++
	err := insertMove(w.tx, moveRow{
		LineID: w.line.ID, Seq: w.line.MoveSeq, Number: before.Number, Verb: n.verb, FromState: before.State, ToState: after.State,
		FromPos: before.pos, ToPos: after.pos, Why: n.why, By: n.by, At: db.Micros(w.tx.Now), CanUndo: !n.final, Undoes: n.undoes,
		Before: before.snapshot(w.line.SincePriority).text(),
	})
	if err != nil {
		return err
	}
	if after.Carried && (after.State == Serving || after.State == Ready || after.State == Served) { // now we know they came
		if err := checkIn(w.tx, w.line.event(), after.Visitor, after.Via); err != nil {
			return err
		}
	}
	return outbox.Emit(w.tx, event.TicketMoved{
		Day: w.line.event(), LineID: w.line.ID, TicketID: before.ID, Number: before.Number,
		From: string(before.State), To: string(after.State), Why: n.why, At: w.tx.Now,
		WaitedSeconds: after.waited() - before.waited(), ServedSeconds: after.served() - before.served(),
	})
}

// piece keeps count of a stock: a number holds one piece until it is given up.
func (w *work) piece(from, to State) error {
	holds := func(s State) bool { return !s.Ended() || s == Served }
	if w.line.Kind != Stock || holds(from) == holds(to) {
		return nil
	}
	if holds(from) {
		w.line.StockLeft++
		return nil
	}
	if w.line.soldOut() {
		return fault.Closed("queue.sold_out", "line", "nothing is left")
	}
	w.line.StockLeft--
	return nil
}

// changed records what happened to the line itself and tells it.
func (w *work) changed(to, from, why string) error {
	w.line.MoveSeq++
	err := insertMove(w.tx, moveRow{LineID: w.line.ID, Seq: w.line.MoveSeq, Verb: "line", FromState: State(from), ToState: State(to),
		Why: why, By: w.by, At: db.Micros(w.tx.Now)})
	if err != nil {
		return err
	}
	return outbox.Emit(w.tx, event.LineChanged{Day: w.line.event(), LineID: w.line.ID, To: to, Why: why, At: w.tx.Now})
}

// finish says so when pieces ran out or came back, closes a closing line whose
// tickets all have an end, and writes the line.
func (w *work) finish() error {
	if w.line.Phase == phaseOpen && w.line.soldOut() != w.soldOut {
		to, from := string(LineSoldOut), string(LineOpen)
		if w.soldOut {
			to, from = "resumed", string(LineSoldOut)
		}
		if err := w.changed(to, from, "stock"); err != nil {
			return err
		}
	}
	over, err := w.over()
	if err != nil {
		return err
	}
	if over {
		w.line.Phase = phaseClosed
		if err := w.changed(string(LineClosed), phaseClosing, ""); err != nil {
			return err
		}
	}
	if err := saveLine(w.tx, w.line); err != nil || !over {
		return err
	}
	return tellLinesClosed(w.tx, w.line.event())
}

func (w *work) over() (bool, error) {
	if w.line.Phase != phaseClosing {
		return false, nil
	}
	var living int
	err := w.tx.Get(&living, `SELECT COUNT(*) FROM queue_tickets WHERE line_id = $1 AND state IN ('waiting', 'called', 'serving', 'ready')`, w.line.ID)
	return living == 0, err
}

// tellLinesClosed says so when the last line has closed; what was to come into
// the day and found no line lapses with it.
func tellLinesClosed(tx *db.Tx, d event.Day) error {
	all, err := endDay(tx, d.DayID)
	if err != nil || !all {
		return err
	}
	if err := forgetSources(tx, d.DayID); err != nil {
		return err
	}
	if err := lapseCarry(tx, d); err != nil {
		return err
	}
	return outbox.Emit(tx, event.LinesClosed{Day: d, At: tx.Now})
}

// snapshot keeps what moves change, to take them back.
func (t Ticket) snapshot(since int) snapshot {
	return snapshot{State: t.State, Pos: t.pos, Calls: t.Calls, Misses: t.Misses, First: µs(t.FirstCalledAt),
		Called: µs(t.CalledAt), Done: µs(t.DoneAt), Ended: µs(t.EndedAt), Since: since}
}

// restore is the ticket as a snapshot remembers it.
func (t Ticket) restore(s snapshot) Ticket {
	t.State, t.pos, t.Calls, t.Misses = s.State, s.Pos, s.Calls, s.Misses
	t.FirstCalledAt, t.CalledAt, t.DoneAt, t.EndedAt = instant(s.First), instant(s.Called), instant(s.Done), instant(s.Ended)
	return t
}
