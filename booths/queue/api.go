package queue

import "time"

// IssueRequest asks for a number. Visitor is the card it goes on; empty makes
// a new card (a paper slip). Proxy takes a number for somebody else although
// the card already waits in this line. Key makes retries safe.
type IssueRequest struct {
	DayID    string
	LineID   string
	Visitor  string
	Via      Via
	Priority bool
	Proxy    bool
	Source   string // a keyed hash of where it is taken by phone; "" is not known
	Braked   bool   // the source has taken too many: no new number, the desk gives one
	Key      string
}

// LineCommand is what the people at a booth tell their line. TicketID names
// the ticket where one is meant. By is an opaque handle or role, never a name.
// Version, when not 0, is the Line.Version the page showed: the command is
// refused (conflict queue.line_moved_on) when another command came between.
type LineCommand struct {
	CommunityID string
	DayID       string
	LineID      string
	TicketID    string
	By          string
	Reason      string
	Key         string
	Version     int64
	Move        int64 // the move an undo takes back
	Saw         *int  // the pieces in all that a change of stock was decided on
}

// LineState is how a line presents itself.
type LineState string

// The states of a line.
const (
	LinePlanned LineState = "planned"
	LineOpen    LineState = "open"
	LinePaused  LineState = "paused"
	LineSoldOut LineState = "sold_out"
	LineClosing LineState = "closing" // no more numbers, those called are served
	LineClosed  LineState = "closed"
	LineRemoved LineState = "removed"
)

// Over reports whether nobody waits in the line any more.
func (s LineState) Over() bool { return s == LineClosing || s == LineClosed || s == LineRemoved }

// Line is a line as pages show it. Numbers only.
type Line struct {
	ID           string    `json:"id"`
	CommunityID  string    `json:"community"`
	DayID        string    `json:"day"`
	AssignmentID string    `json:"assignment"`
	BoothID      string    `json:"booth"`
	BoothCode    string    `json:"booth_code"`
	Zone         string    `json:"zone,omitempty"`
	PartnerID    string    `json:"partner"`
	ServiceID    string    `json:"service_id"`
	Service      string    `json:"service"`
	Kind         Kind      `json:"kind"`
	Minutes      int       `json:"minutes"`
	State        LineState `json:"state"`
	Why          string    `json:"why,omitempty"` // the reason of a pause, as written
	Stock        int       `json:"stock,omitempty"`
	StockLeft    int       `json:"stock_left,omitempty"`
	OpensAt      time.Time `json:"opens_at"`
	ClosesAt     time.Time `json:"closes_at"`
	Version      int64     `json:"version"`
	Issued       int       `json:"issued"`
	Waiting      int       `json:"waiting"`
	Calls        []Call    `json:"calls,omitempty"` // the last five, newest first
	Ready        []int     `json:"ready,omitempty"` // items that can be picked up
	DeskOnly     bool      `json:"desk_only,omitempty"`
	SuspectAt    time.Time `json:"suspect_at,omitzero"` // when very many numbers were last taken from one place
	Wait         Band      `json:"wait"`                // for somebody who would come now
	Near         int       `json:"near"`                // who has no more ahead than this stays close by; -1 is nobody
}

// Call is one called number; Open while nobody came or is being served.
type Call struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	Calls  int       `json:"calls"`
	Open   bool      `json:"open"`
}

// Band is a waiting time between Lo and Hi minutes. Known is false when there
// is nothing honest to say: the line is paused or not running.
type Band struct {
	Lo    int  `json:"lo"`
	Hi    int  `json:"hi"`
	Known bool `json:"known"`
	Left  int  `json:"left"` // minutes until the line closes
}

// Late reports whether the day may end before it is their turn.
func (b Band) Late() bool { return b.Known && b.Lo > b.Left }

// TicketView is what the holder of a ticket sees. Ahead counts those who will
// be called before, Next is the handle of the number it became on the next day.
type TicketView struct {
	Ticket    Ticket    `json:"ticket"`
	Line      Line      `json:"line"`
	Ahead     int       `json:"ahead"`
	Wait      Band      `json:"wait"`
	Next      string    `json:"next,omitempty"`
	UndoUntil time.Time `json:"undo_until,omitzero"` // leaving can be taken back until then
	Spoke     bool      `json:"spoke,omitempty"`     // it has said how it was
}

// Card is everything one visitor holds on a day.
type Card struct {
	Visitor   string       `json:"visitor"`
	DayID     string       `json:"day"`
	CheckedIn bool         `json:"checked_in"`
	Tickets   []TicketView `json:"tickets"`
}

// Console is what the people at a booth see of their line. Tickets carry no
// handles: numbers only. RecallAt and MissDue tell what can be done with a
// called ticket.
type Console struct {
	Line    Line       `json:"line"`
	Current []OnStage  `json:"current"` // called, serving and ready, in order of their calls
	Next    []Ticket   `json:"next"`    // the next few
	Undo    *UndoOffer `json:"undo,omitempty"`
}

// OnStage is a ticket that has been called and is not over. RecallAt is when
// it may be called again; MissDue that it was called often enough: a further
// recall is 过号.
type OnStage struct {
	Ticket
	RecallAt time.Time `json:"recall_at,omitzero"`
	MissDue  bool      `json:"miss_due,omitempty"`
}

// UndoOffer is the last move of a line that can be taken back until Until. Move
// names it: an undo takes back that one or nothing.
type UndoOffer struct {
	Move     int64     `json:"move"`
	TicketID string    `json:"ticket"`
	Number   int       `json:"number"`
	Verb     string    `json:"verb"`
	From     State     `json:"from"`
	To       State     `json:"to"`
	Until    time.Time `json:"until"`
}

// DayCounts are the counts of one day; rates are computed by readers.
type DayCounts struct {
	DayID       string        `json:"day"`
	Date        string        `json:"date"`
	Residents   int           `json:"residents"`
	Tickets     int           `json:"tickets"`
	CarriedOver int           `json:"carried_over"`
	Reported    int           `json:"reported,omitempty"` // residents as the organizer reports them: at least so many; never mixed with Residents
	Counted     bool          `json:"counted"`            // the day is settled, nothing changes any more
	Lines       []LineCount   `json:"lines"`
	Arrivals    []ArrivalSlot `json:"arrivals"`
}

// LineCount are the counts of one line. WaitedSeconds is the sum over the
// Called tickets, ServedSeconds over the Served ones.
type LineCount struct {
	LineID        string `json:"line" db:"line_id"`
	PartnerID     string `json:"partner" db:"partner_id"`
	BoothCode     string `json:"booth_code" db:"booth_code"`
	Service       string `json:"service" db:"service"`
	Issued        int    `json:"issued" db:"issued"`
	Waiting       int    `json:"waiting" db:"waiting"`
	Called        int    `json:"called" db:"called"`
	Served        int    `json:"served" db:"served"`
	Missed        int    `json:"missed" db:"missed"`
	Left          int    `json:"left" db:"gone"`
	Expired       int    `json:"expired" db:"expired"`
	WaitedSeconds int64  `json:"waited_seconds" db:"waited_seconds"`
	ServedSeconds int64  `json:"served_seconds" db:"served_seconds"`
}

// ArrivalSlot is how many people came in the five minutes from At.
type ArrivalSlot struct {
	At     time.Time `json:"at"`
	People int       `json:"people"`
}
