package queue

import (
	"strconv"
	"strings"
	"time"
)

// Kind says what waits in a line.
type Kind string

// The kinds of lines.
const (
	Person Kind = "person" // one waits oneself
	Item   Kind = "item"   // one leaves a thing and comes back when it is ready
	Stock  Kind = "stock"  // pieces, first come: a number is a promise of one piece
)

// Via is where a number was taken.
type Via string

// The ways to a number; all draw from one series.
const (
	Phone Via = "phone"
	Desk  Via = "desk"
	Kiosk Via = "kiosk"
)

// State is where a ticket is in its life.
type State string

// The states. The last four are ends.
const (
	Waiting State = "waiting"
	Called  State = "called"
	Serving State = "serving" // the item was handed in, the person is being served
	Ready   State = "ready"   // the item can be picked up 可取
	Served  State = "served"
	Missed  State = "missed"
	Left    State = "left"
	Expired State = "expired"
)

// Ended reports whether a ticket in this state is over.
func (s State) Ended() bool {
	return s == Served || s == Missed || s == Left || s == Expired
}

// Reasons that stand in moves and events, besides what people write
// themselves. Texts: queue.why.<code>.
const (
	WhyPriority     = "priority"      // a priority ticket came before ordinary ones
	WhyAgain        = "again"         // called again after 过号
	WhyRecall       = "recall"        // the same number called once more
	WhyNoAnswer     = "no_answer"     // called three times, nobody came
	WhyMissed       = "missed"        // 过号 by hand
	WhyUndo         = "undo"          // a move was taken back
	WhyDayClosed    = "day_closed"    // the day closed before their turn: first next time
	WhyReopened     = "reopened"      // an early closing was taken back: waiting again
	WhyDayCancelled = "day_cancelled" // the day was cancelled: first next time
	WhyGraceOver    = "grace_over"    // the time after closing ran out
	WhySoldOut      = "sold_out"      // fewer pieces than promised
	WhyShort        = "short"         // a pause: back in a moment
	WhyStuck        = "stuck"         // a pause: something is missing or broken
	WhyReleased     = "booth_released"
)

// Ticket is a number in a line. ID names it in events and consoles; Handle is
// the secret under which its holder sees it and leaves; Visitor is the card
// (a random handle, never a person's data) it belongs to.
type Ticket struct {
	ID            string    `json:"id"`
	Handle        string    `json:"handle,omitempty"`
	Visitor       string    `json:"visitor,omitempty"`
	DayID         string    `json:"day"`
	LineID        string    `json:"line"`
	Number        int       `json:"number"`
	Via           Via       `json:"via"`
	Proxy         bool      `json:"proxy,omitempty"`
	Priority      bool      `json:"priority,omitempty"`
	Carried       bool      `json:"carried,omitempty"` // came over from an earlier day
	State         State     `json:"state"`
	Calls         int       `json:"calls,omitempty"`
	Misses        int       `json:"misses,omitempty"`
	IssuedAt      time.Time `json:"issued_at"`
	FirstCalledAt time.Time `json:"first_called_at,omitzero"`
	CalledAt      time.Time `json:"called_at,omitzero"` // the latest call
	DoneAt        time.Time `json:"done_at,omitzero"`   // the work ended: ready or served
	EndedAt       time.Time `json:"ended_at,omitzero"`
	Void          bool      `json:"void,omitempty"` // taken back by the organizer, see Service.Void

	pos    int64  // order in the line; number << posBits unless re-inserted
	source string // of a number that is being issued
}

// Public returns the ticket without what only its holder may know.
func (t Ticket) Public() Ticket {
	t.Handle, t.Visitor = "", ""
	return t
}

// asIssued is the ticket as it was when its number was given.
func (t Ticket) asIssued() Ticket {
	return Ticket{ID: t.ID, Handle: t.Handle, Visitor: t.Visitor, DayID: t.DayID, LineID: t.LineID, Number: t.Number, Via: t.Via,
		Proxy: t.Proxy, Priority: t.Priority, Carried: t.Carried, State: Waiting, IssuedAt: t.IssuedAt, pos: posOf(t.Number)}
}

// waited and served are what a ticket adds to the day's figures: whole seconds
// rounded up, at least one, so that zero means "not yet".
func (t Ticket) waited() int64 { return seconds(t.IssuedAt, t.FirstCalledAt) }

func (t Ticket) served() int64 {
	if t.State != Served {
		return 0
	}
	return seconds(t.CalledAt, t.DoneAt)
}

func seconds(from, to time.Time) int64 {
	if to.IsZero() || from.IsZero() {
		return 0
	}
	return max(1, int64((to.Sub(from)+time.Second-1)/time.Second))
}

// ticketID names a ticket: the line and the number in it.
func ticketID(line string, number int) string { return line + "-" + strconv.Itoa(number) }

// numberOf reads the number out of a ticket's ID in the given line; 0 when it
// is not a ticket of that line.
func numberOf(line, ticket string) int {
	rest, ok := strings.CutPrefix(ticket, line+"-")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 1 || rest != strconv.Itoa(n) {
		return 0
	}
	return n
}
