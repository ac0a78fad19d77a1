package queue

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// Next calls the next number: the lowest in order, or one with priority after
// every third ordinary call. Conflict queue.nobody_waiting when nobody waits.
func (s *Service) Next(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, "next", func(w *work) (Ticket, error) {
		t, err := w.next()
		if err == nil && t.Number == 0 {
			err = fault.Conflict("queue.nobody_waiting", "line", "nobody is waiting")
		}
		return t, err
	})
}

// ServeAndNext is the one big button: it completes the ticket named by
// TicketID, if one is named, and calls the next.
func (s *Service) ServeAndNext(ctx context.Context, c LineCommand) (Turn, error) {
	return run(ctx, s, c, "serve_next", func(w *work) (Turn, error) {
		var turn Turn
		if c.TicketID != "" {
			served, err := w.advance(c, doServe)
			if err != nil {
				return turn, err
			}
			served = served.Public()
			turn.Served = &served
			if w.line.state(w.tx.Now) == LineClosing {
				return turn, nil
			}
		}
		next, err := w.next()
		if next.Number > 0 {
			next = next.Public()
			turn.Next = &next
		}
		return turn, err
	})
}

// Turn is what the one big button did. Served is nil when no ticket was named,
// Next when nobody waits or the day has closed meanwhile.
type Turn struct {
	Served *Ticket `json:"served"`
	Next   *Ticket `json:"next"`
}

func (w *work) next() (Ticket, error) {
	if err := w.line.running(w.tx); err != nil && !fault.Is(err, "queue.sold_out") {
		return Ticket{}, err
	}
	first, priority, err := firstWaiting(w.tx, w.line.ID)
	if err != nil {
		return Ticket{}, err
	}
	chosen, why := choose(first, priority, w.line.SincePriority)
	if chosen == nil {
		return Ticket{}, nil
	}
	after, err := step(*chosen, w.line.Kind, doCall, w.tx.Now)
	if err != nil {
		return Ticket{}, err
	}
	if err := w.move(*chosen, after, note{verb: doCall, why: why}); err != nil {
		return Ticket{}, err
	}
	w.line.SincePriority = countPriority(after, w.line.SincePriority)
	return after, nil
}

// advance moves the named ticket by a verb that needs no decision.
func (w *work) advance(c LineCommand, v verb) (Ticket, error) {
	if err := w.serving(); err != nil {
		return Ticket{}, err
	}
	t, err := w.named(c)
	if err != nil {
		return t, err
	}
	after, err := step(t, w.line.Kind, v, w.tx.Now)
	if err != nil {
		return t, err
	}
	return after, w.move(t, after, note{verb: v, why: c.Reason})
}

// Accept takes an item in, or says that a called person has come.
func (s *Service) Accept(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, doAccept, func(w *work) (Ticket, error) { return w.advance(c, doAccept) })
}

// Ready says that an item can be picked up 可取.
func (s *Service) Ready(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, doReady, func(w *work) (Ticket, error) { return w.advance(c, doReady) })
}

// Serve completes a ticket: done, or picked up.
func (s *Service) Serve(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, doServe, func(w *work) (Ticket, error) { return w.advance(c, doServe) })
}

// Recall calls a number again, at most once a minute. After three calls it is
// 过号 instead, as Missed.
func (s *Service) Recall(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, doRecall, func(w *work) (Ticket, error) {
		if err := w.serving(); err != nil {
			return Ticket{}, err
		}
		t, err := w.named(c)
		if err != nil {
			return t, err
		}
		due, err := recallDue(t, w.tx.Now)
		if err != nil {
			return t, err
		}
		if due {
			return w.miss(t, WhyNoAnswer)
		}
		after, err := step(t, w.line.Kind, doRecall, w.tx.Now)
		if err != nil {
			return t, err
		}
		return after, w.move(t, after, note{verb: doRecall, why: WhyRecall})
	})
}

// Missed is 过号 by hand: the first time the number waits again three places
// later, the second time (or after closing) it is over.
func (s *Service) Missed(ctx context.Context, c LineCommand) (Ticket, error) {
	return s.command(ctx, c, doMiss, func(w *work) (Ticket, error) {
		if err := w.serving(); err != nil {
			return Ticket{}, err
		}
		t, err := w.named(c)
		if err != nil {
			return t, err
		}
		return w.miss(t, WhyMissed)
	})
}

func (w *work) miss(t Ticket, why string) (Ticket, error) {
	waiting, err := waitingPlaces(w.tx, w.line.ID)
	if err != nil {
		return t, err
	}
	after, err := miss(t, w.tx.Now, db.Time(w.line.ClosesAt), placeAfter(t.pos, waiting))
	if err != nil {
		return t, err
	}
	return after, w.move(t, after, note{verb: doMiss, why: why})
}

// pauseWords is how long the reason of a pause may be: it stands beside the line.
const pauseWords = 40

// Pause stops numbers and calls; Reason is shown to those who wait: one of the
// known ones (WhyShort, WhyStuck) or a few words.
func (s *Service) Pause(ctx context.Context, c LineCommand) error {
	c.Reason = strings.TrimSpace(c.Reason)
	switch {
	case utf8.RuneCountInString(c.Reason) > pauseWords:
		return fault.Invalid("queue.pause_reason", "reason", "is longer than %d characters", pauseWords)
	case !text.Plain(c.Reason):
		return fault.Invalid("queue.pause_reason", "reason", "must be one line of text")
	}
	_, err := s.command(ctx, c, "pause", func(w *work) (Ticket, error) {
		if err := w.serving(); err != nil || w.line.Paused {
			return Ticket{}, err
		}
		w.line.Paused, w.line.PausedWhy = true, c.Reason
		return Ticket{}, w.changed(string(LinePaused), phaseOpen, c.Reason)
	})
	return err
}

// Resume ends a pause.
func (s *Service) Resume(ctx context.Context, c LineCommand) error {
	_, err := s.command(ctx, c, "resume", func(w *work) (Ticket, error) {
		if err := w.serving(); err != nil || !w.line.Paused {
			return Ticket{}, err
		}
		if w.line.Released {
			return Ticket{}, fault.Conflict("queue.booth_released", "line", "nobody stands in this booth any more")
		}
		w.line.Paused, w.line.PausedWhy = false, ""
		return Ticket{}, w.changed("resumed", string(LinePaused), c.Reason)
	})
	return err
}

// AddStock adds pieces to a stock line, or takes some away (negative): then
// the last ones waiting whose promise cannot be kept are told so at once. It
// returns how many pieces are left to promise. With Saw it is refused when
// somebody changed the pieces meanwhile: two who press at once do not add twice.
func (s *Service) AddStock(ctx context.Context, c LineCommand, pieces int) (left int, err error) {
	const most = 100_000
	if pieces == 0 || pieces > most || pieces < -most {
		return 0, fault.Invalid("queue.pieces", "pieces", "must be between 1 and %d, or as many less", most)
	}
	return run(ctx, s, c, verb(fmt.Sprintf("stock%+d", pieces)), func(w *work) (int, error) {
		if w.line.Kind != Stock {
			return 0, fault.Conflict("queue.not_stock", "line", "this line has no stock")
		}
		if err := w.serving(); err != nil && w.line.Phase != phasePlanned {
			return 0, err
		}
		if c.Saw != nil && *c.Saw != w.line.StockTotal {
			return 0, fault.Conflict("queue.stock_moved", "line", "somebody changed the pieces meanwhile; look again")
		}
		if err := w.restock(pieces); err != nil {
			return 0, err
		}
		return w.line.StockLeft, w.changed("stocked", w.line.Phase, "")
	})
}

func (w *work) restock(pieces int) error {
	w.line.StockTotal += pieces
	w.line.StockLeft += pieces
	if w.line.StockLeft >= 0 {
		return nil
	}
	last, err := manyTickets(w.tx, `WHERE line_id = $1 AND state = 'waiting' ORDER BY pos DESC, number DESC LIMIT $2`, w.line.ID, -w.line.StockLeft)
	if err != nil {
		return err
	}
	if len(last) < -w.line.StockLeft {
		return fault.Invalid("queue.pieces", "pieces", "so many pieces have already been called or given out")
	}
	for _, t := range last { // each gives its piece back
		if err := w.expire(t, WhySoldOut); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) expire(t Ticket, why string) error {
	after, err := step(t, w.line.Kind, doExpire, w.tx.Now)
	if err != nil {
		return err
	}
	return w.move(t, after, note{verb: doExpire, why: why, final: true})
}

// Leave gives a number up; handle is its secret. Leaving twice is leaving once.
func (s *Service) Leave(ctx context.Context, handle string) (Ticket, error) {
	return s.byHandle(ctx, handle, func(w *work, t Ticket) (Ticket, error) {
		if t.State == Left {
			return t, nil
		}
		if err := w.serving(); err != nil {
			return t, err
		}
		after, err := step(t, w.line.Kind, doLeave, w.tx.Now)
		if err != nil {
			return t, err
		}
		return after, w.move(t, after, note{verb: doLeave, by: byVisitor})
	})
}

// byHandle runs do for the holder of a ticket.
func (s *Service) byHandle(ctx context.Context, handle string, do func(*work, Ticket) (Ticket, error)) (Ticket, error) {
	var answer Ticket
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		t, err := oneTicket(tx, `WHERE handle = $1`, handle)
		if err != nil {
			return err
		}
		w, err := lockByID(tx, t.LineID, byVisitor)
		if err != nil {
			return err
		}
		if t, err = getTicket(tx, t.LineID, t.Number); err != nil { // as it is now that the line is held
			return err
		}
		if answer, err = do(w, t); err != nil {
			return err
		}
		return w.finish()
	})
	return answer, err
}
