package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// Issue gives the next number of a line. A card that already waits in the line
// gets the number it has, unless Proxy is set. The same Key gives the same
// answer again; with another request it is refused.
//
// This is the busiest command of the house: a number is three statements, the
// line, the ticket (which carries the key) and the visit.
func (s *Service) Issue(ctx context.Context, r IssueRequest) (Ticket, error) {
	if err := r.check(); err != nil {
		return Ticket{}, err
	}
	hash := digest(r.DayID, r.LineID, r.Visitor, r.Via, r.Priority, r.Proxy)
	if r.Visitor == "" {
		r.Visitor = db.NewID()
	}
	var t Ticket
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		t, err = issue(tx, r, hash)
		return err
	})
	return t, err
}

const longest = 200 // characters of a key, a handle, a reason

func (r IssueRequest) check() error {
	switch {
	case r.Via != Phone && r.Via != Desk && r.Via != Kiosk:
		return fault.Invalid("queue.via_unknown", "via", "must be phone, desk or kiosk, not %q", string(r.Via))
	case len(r.Visitor) > longest:
		return fault.Invalid("queue.visitor_long", "visitor", "is longer than %d characters", longest)
	case len(r.Key) > longest:
		return fault.Invalid("queue.key_long", "idempotency_key", "is longer than %d characters", longest)
	}
	return nil
}

func issue(tx *db.Tx, r IssueRequest, hash string) (Ticket, error) {
	if r.Braked {
		return refuse(tx, r, hash)
	}
	l, err := takeNumber(tx, r)
	if noRows(err) {
		return refuse(tx, r, hash)
	}
	if err != nil {
		return Ticket{}, err
	}
	t := newTicket(tx, l, r)
	fresh, err := insertTicket(tx, t, r.Key, hash)
	if err != nil {
		return t, err
	}
	if !fresh {
		if err := returnNumber(tx, l.ID); err != nil {
			return t, err
		}
		return already(tx, r, hash)
	}
	if err := checkIn(tx, l.event(), r.Visitor, r.Via); err != nil {
		return t, err
	}
	if err := r.stands(tx); err != nil {
		return t, err
	}
	return t, tellIssued(tx, l, t)
}

// MaxProxies is how many living numbers for others one card may hold on a day
// when they are taken by phone: a family, not a crowd. The desk gives as many
// as are needed.
const MaxProxies = 5

// stands refuses one number too many for others; the transaction, and with it
// the number, is then undone.
func (r IssueRequest) stands(tx *db.Tx) error {
	if !r.Proxy || r.Via != Phone {
		return nil
	}
	if err := holdVisit(tx, r.DayID, r.Visitor); err != nil {
		return err
	}
	n, err := livingProxies(tx, r.DayID, r.Visitor)
	if err == nil && n > MaxProxies {
		err = fault.Conflict("queue.proxy_most", "proxy", "a phone holds at most %d numbers for others; the desk gives more", MaxProxies)
	}
	return err
}

// already is the number a request has already: by its key, or by its card.
// Fault queue.ticket_unknown when it has none.
func already(tx *db.Tx, r IssueRequest, hash string) (Ticket, error) {
	was, err := answered(tx, r.Key, hash)
	if err != nil {
		return Ticket{}, err
	}
	if was != nil {
		return *was, nil
	}
	if r.Proxy {
		return Ticket{}, errTicketUnknown()
	}
	t, err := heldBy(tx, r.DayID, r.LineID, r.Visitor)
	if err != nil {
		return t, err
	}
	return t, keepAnswer(tx, r.Key, hash, t)
}

func newTicket(tx *db.Tx, l lineRow, r IssueRequest) Ticket {
	n := l.NextNumber - 1
	return Ticket{
		ID: ticketID(l.ID, n), Handle: db.NewID(), Visitor: r.Visitor, DayID: l.DayID, LineID: l.ID, Number: n,
		Via: r.Via, Proxy: r.Proxy, Priority: r.Priority, State: Waiting, IssuedAt: tx.Now, pos: posOf(n), source: r.Source,
	}
}

// tellIssued emits the number and, when it took the last piece, that the line is sold out.
func tellIssued(tx *db.Tx, l lineRow, t Ticket) error {
	err := outbox.Emit(tx, event.TicketIssued{Day: l.event(), LineID: l.ID, TicketID: t.ID, Number: t.Number, Via: string(t.Via), At: tx.Now})
	if err != nil || !l.soldOut() {
		return err
	}
	return outbox.Emit(tx, event.LineChanged{Day: l.event(), LineID: l.ID, To: string(LineSoldOut), At: tx.Now})
}

// refuse finds out why there is no number. A card that holds one already is
// shown it, whatever the line does now: a number once given is never lost.
func refuse(tx *db.Tx, r IssueRequest, hash string) (Ticket, error) {
	if t, err := already(tx, r, hash); !fault.Is(err, "queue.ticket_unknown") {
		return t, err
	}
	l, err := getLine(tx, r.LineID)
	if err != nil {
		return Ticket{}, err
	}
	if l.DayID != r.DayID {
		return Ticket{}, errLineUnknown()
	}
	if err := l.running(tx); err != nil {
		return Ticket{}, err
	}
	if l.DeskOnly && r.Via == Phone {
		return Ticket{}, fault.Closed("queue.desk_only", "line", "numbers of this line are given at the desk only")
	}
	void, err := voided(tx, r)
	if err == nil && (r.Braked || void) {
		err = fault.Forbidden("queue.desk_please", "line", "too many numbers of this line were taken from one place; the desk gives one")
	}
	if err == nil {
		err = errMovedOn()
	}
	return Ticket{}, err
}

// running says why a line gives and calls no numbers at this moment; nil when it does.
func (l lineRow) running(tx *db.Tx) error {
	switch l.state(tx.Now) {
	case LinePlanned:
		return fault.Closed("queue.not_open", "line", "the line has not opened yet")
	case LineClosing, LineClosed:
		return fault.Closed("queue.day_closed", "line", "the market day has closed")
	case LineRemoved:
		return fault.Closed("queue.line_removed", "line", "this line does not take place")
	case LinePaused:
		return fault.Closed("queue.line_paused", "line", "the line is paused")
	case LineSoldOut:
		return fault.Closed("queue.sold_out", "line", "nothing is left")
	}
	return nil
}

// CheckIn counts a visitor of the day who takes no number (yet), once per card
// and day. It returns the card, a new one when visitor is empty.
func (s *Service) CheckIn(ctx context.Context, dayID, visitor string, via Via, key string) (string, error) {
	r := IssueRequest{DayID: dayID, Visitor: visitor, Via: via, Key: key}
	if err := r.check(); err != nil {
		return "", err
	}
	asked := request{"queue.check_in", key, digest(dayID, visitor, via)}
	if visitor == "" {
		visitor = db.NewID()
	}
	var card string
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		card, err = once(tx, asked, func() (string, error) {
			d, err := holdOpenDay(tx, dayID)
			if err != nil {
				return "", err
			}
			return visitor, checkIn(tx, d.event(), visitor, via)
		})
		return err
	})
	return card, err
}

// holdOpenDay keeps the day from closing while a visitor is counted.
func holdOpenDay(tx *db.Tx, id string) (dayRow, error) {
	var d dayRow
	err := tx.Get(&d, `UPDATE queue_days SET version = version + 1 WHERE id = $1 RETURNING `+dayColumns, id)
	switch now := db.Micros(tx.Now); {
	case errors.Is(err, db.ErrNoRows):
		return d, fault.NotFound("queue.day_unknown", "day", "there is no such market day")
	case err != nil:
		return d, err
	case d.State == "closed" || now >= d.ClosesAt:
		return d, fault.Closed("queue.day_closed", "day", "the market day has closed")
	case d.State != "open" || now < d.OpensAt:
		return d, fault.Closed("queue.not_open", "day", "the market day has not opened yet")
	}
	return d, nil
}

func checkIn(tx *db.Tx, d event.Day, visitor string, via Via) error {
	return count(tx, d, visit{visitor: visitor, via: via, at: tx.Now})
}

// visit is somebody who came on a day.
type visit struct {
	dayID, visitor string
	via            Via
	at             time.Time
}

// count counts a visit, once per card and day.
func count(tx *db.Tx, d event.Day, v visit) error {
	v.dayID = d.DayID
	first, err := insertVisit(tx, v)
	if err != nil || !first {
		return err
	}
	return outbox.Emit(tx, event.VisitorCheckedIn{Day: d, Via: string(v.via), At: v.at})
}

// digest identifies the content of a request for tx.Once.
func digest(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", parts))
	return hex.EncodeToString(sum[:16])
}

// request names a command for tx.Once.
type request struct{ scope, key, hash string }

// once is tx.Once with a typed answer.
func once[T any](tx *db.Tx, r request, do func() (T, error)) (T, error) {
	var answer T
	if r.key == "" {
		return do()
	}
	raw, err := tx.Once(r.scope, r.key, r.hash, func() ([]byte, error) {
		a, err := do()
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	})
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(raw, &answer)
}
