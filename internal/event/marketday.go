package event

import "time"

// Told by scheduler: the life of a market day.

// MarketDayPlanned: the day exists. It carries what others need to know of the
// market so that nobody has to ask back: names are public, not personal.
type MarketDayPlanned struct {
	Day
	Community string    `json:"community_name"`
	Market    string    `json:"market_name"`
	Venue     string    `json:"venue"`
	TimeZone  string    `json:"time_zone"`
	Locale    string    `json:"locale"`
	HeldOn    string    `json:"held_on"` // local date it takes place, differs from Date after a shift or move
	OpensAt   time.Time `json:"opens_at"`
	ClosesAt  time.Time `json:"closes_at"`
}

// MarketChanged: the market or its community has another name, venue, time zone
// or language. It is told to every day that is not over, each in the order of its
// own events.
type MarketChanged struct {
	Day
	Community string `json:"community_name"`
	Market    string `json:"market_name"`
	Venue     string `json:"venue"`
	TimeZone  string `json:"time_zone"`
	Locale    string `json:"locale"`
}

// MarketDayMoved: the same day takes place at another date or time.
type MarketDayMoved struct {
	Day
	HeldOn   string    `json:"held_on"`
	OpensAt  time.Time `json:"opens_at"`
	ClosesAt time.Time `json:"closes_at"`
	Reason   string    `json:"reason"`
}

// MarketDayClaimingOpened: partners may claim; standing partners come first until StandingUntil,
// the plan is made final at ConfirmAt.
type MarketDayClaimingOpened struct {
	Day
	EffectiveAt   time.Time `json:"effective_at"`
	StandingUntil time.Time `json:"standing_until"`
	ConfirmAt     time.Time `json:"confirm_at"`
}

// MarketDayConfirmed: claiming is over, the assignment is to be made final. UndoUntil is
// set when an organizer did it early: until then the step may be taken back.
type MarketDayConfirmed struct {
	Day
	EffectiveAt time.Time `json:"effective_at"`
	UndoUntil   time.Time `json:"undo_until,omitzero"`
}

// MarketDayOpened: the market runs. Late is how long after the planned time it was recorded.
type MarketDayOpened struct {
	Day
	EffectiveAt time.Time `json:"effective_at"`
	ClosesAt    time.Time `json:"closes_at"`
	LateSeconds int64     `json:"late_seconds"`
	UndoUntil   time.Time `json:"undo_until,omitzero"` // as in MarketDayConfirmed
}

// MarketDayClosed: no more numbers; those already called may be served until ServeUntil.
type MarketDayClosed struct {
	Day
	EffectiveAt time.Time `json:"effective_at"`
	ServeUntil  time.Time `json:"serve_until"`
	LateSeconds int64     `json:"late_seconds"`
	UndoUntil   time.Time `json:"undo_until,omitzero"` // as in MarketDayConfirmed
}

// MarketDayUndone: an organizer took an early step back, the day is again what it was before it.
// From is the state it had entered ("confirmed", "open", "closed", "cancelled"), To the one it is in again.
type MarketDayUndone struct {
	Day
	From     string    `json:"from"`
	To       string    `json:"to"`
	OpensAt  time.Time `json:"opens_at"`
	ClosesAt time.Time `json:"closes_at"`
	At       time.Time `json:"at"`
}

// MarketDaySettled: every line is closed and counted. NextDate is the market's next planned date, "" if unknown.
type MarketDaySettled struct {
	Day
	ClosedAt time.Time `json:"closed_at"`
	NextDay  string    `json:"next_day,omitempty"`
	NextDate string    `json:"next_date,omitempty"`
}

// MarketDayCancelled: it will not take place; MovedTo is the date that replaces it, "" if none.
type MarketDayCancelled struct {
	Day
	Reason  string `json:"reason"`
	MovedTo string `json:"moved_to,omitempty"`
	// UndoUntil is as in MarketDayConfirmed.
	UndoUntil time.Time `json:"undo_until,omitzero"`
}

// MarketDayMissed: it was over before anyone knew.
type MarketDayMissed struct{ Day }

// Name implements Event.
func (MarketDayPlanned) Name() string { return "market_day.planned.v1" }

// Name implements Event.
func (MarketChanged) Name() string { return "market.changed.v1" }

// Name implements Event.
func (MarketDayMoved) Name() string { return "market_day.moved.v1" }

// Name implements Event.
func (MarketDayClaimingOpened) Name() string { return "market_day.claiming_opened.v1" }

// Name implements Event.
func (MarketDayConfirmed) Name() string { return "market_day.confirmed.v1" }

// Name implements Event.
func (MarketDayOpened) Name() string { return "market_day.opened.v1" }

// Name implements Event.
func (MarketDayClosed) Name() string { return "market_day.closed.v1" }

// Name implements Event.
func (MarketDayUndone) Name() string { return "market_day.undone.v1" }

// Name implements Event.
func (MarketDaySettled) Name() string { return "market_day.settled.v1" }

// Name implements Event.
func (MarketDayCancelled) Name() string { return "market_day.cancelled.v1" }

// Name implements Event.
func (MarketDayMissed) Name() string { return "market_day.missed.v1" }
