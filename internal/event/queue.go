package event

import "time"

// Told by booths/queue: who is waiting.

// VisitorCheckedIn: somebody came to the market, counted once per card and day.
// Via is "phone", "desk" or "kiosk".
type VisitorCheckedIn struct {
	Day
	Via string    `json:"via"`
	At  time.Time `json:"at"`
}

// VisitorDiscounted: somebody who was counted at At was none: all numbers of the card were made void.
type VisitorDiscounted struct {
	Day
	At time.Time `json:"at"`
}

// TicketIssued: a number was given out.
type TicketIssued struct {
	Day
	LineID   string    `json:"line"`
	TicketID string    `json:"ticket"`
	Number   int       `json:"number"`
	Via      string    `json:"via"`
	At       time.Time `json:"at"`
}

// TicketMoved: a ticket went from one state to another (waiting, called, serving, ready, served, missed, left, expired …).
// WaitedSeconds (issue → first call) and ServedSeconds (call → served) are set when they become known, else 0.
type TicketMoved struct {
	Day
	LineID        string    `json:"line"`
	TicketID      string    `json:"ticket"`
	Number        int       `json:"number"`
	From          string    `json:"from"`
	To            string    `json:"to"`
	Why           string    `json:"why,omitempty"`
	At            time.Time `json:"at"`
	WaitedSeconds int64     `json:"waited_seconds,omitempty"`
	ServedSeconds int64     `json:"served_seconds,omitempty"`
}

// LineChanged: a line was planned, opened, paused, resumed, sold_out, stocked,
// moved to another time, closing, closed or removed; To is that word.
type LineChanged struct {
	Day
	LineID string    `json:"line"`
	To     string    `json:"to"`
	Why    string    `json:"why,omitempty"`
	At     time.Time `json:"at"`
}

// LinesClosed: every line of the day is closed and every ticket has an end.
type LinesClosed struct {
	Day
	At time.Time `json:"at"`
}

// LineFigures are one line's counts of a day. Minutes are means over the counted tickets, computed
// from seconds; counts are stored, rates are computed by readers.
type LineFigures struct {
	LineID        string `json:"line"`
	PartnerID     string `json:"partner"`
	Service       string `json:"service"`
	Issued        int    `json:"issued"`
	Served        int    `json:"served"`
	Missed        int    `json:"missed"`
	Left          int    `json:"left"`
	Expired       int    `json:"expired"`
	WaitedSeconds int64  `json:"waited_seconds"` // sum over tickets called at least once
	Called        int    `json:"called"`         // tickets called at least once
	ServedSeconds int64  `json:"served_seconds"` // sum over served tickets
}

// DayCounted: the figures of a settled day are complete. Told after every ticket of the day was collected.
type DayCounted struct {
	Day
	Residents   int           `json:"residents"`
	Tickets     int           `json:"tickets"`
	CarriedOver int           `json:"carried_over"`
	Lines       []LineFigures `json:"lines"`
	NextDay     string        `json:"next_day,omitempty"`
	NextDate    string        `json:"next_date,omitempty"`
	ClosedAt    time.Time     `json:"closed_at"`
}

// Name implements Event.
func (VisitorCheckedIn) Name() string { return "visitor.checked_in.v1" }

// Name implements Event.
func (VisitorDiscounted) Name() string { return "visitor.discounted.v1" }

// Name implements Event.
func (TicketIssued) Name() string { return "ticket.issued.v1" }

// Name implements Event.
func (TicketMoved) Name() string { return "ticket.moved.v1" }

// Name implements Event.
func (LineChanged) Name() string { return "line.changed.v1" }

// Name implements Event.
func (LinesClosed) Name() string { return "lines.closed.v1" }

// Name implements Event.
func (DayCounted) Name() string { return "day.counted.v1" }
