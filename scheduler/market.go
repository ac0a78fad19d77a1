package scheduler

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/text"
)

// Community is the owner of markets: a 社区.
type Community struct {
	ID       string `json:"id" db:"id"`
	Slug     string `json:"slug" db:"slug"`
	Name     string `json:"name" db:"name"`
	City     string `json:"city,omitempty" db:"city"`
	Address  string `json:"address,omitempty" db:"address"`
	Phone    string `json:"phone,omitempty" db:"phone"`
	TimeZone string `json:"timezone" db:"time_zone"`
	Locale   string `json:"locale" db:"locale"`
}

// Market is a series of market days: a 市集 with its rule.
type Market struct {
	ID          string    `json:"id"`
	CommunityID string    `json:"community"`
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Venue       string    `json:"venue"`
	Rule        Rule      `json:"rule"`
	Opens       TimeOfDay `json:"opens"`
	Closes      TimeOfDay `json:"closes"`
	Holiday     Policy    `json:"holiday"`
	Weekend     Policy    `json:"weekend"`
	Leads       LeadTimes `json:"leads"`
	// ResidentsReported is what organizers say of the market: at least so many
	// come. It stands beside what is measured and never in its place.
	ResidentsReported int         `json:"residents_reported,omitempty"`
	Exceptions        []Exception `json:"exceptions,omitempty"`
}

// LeadTimes are the windows of a market day. The zero value means the defaults;
// a partly filled one is taken as it is, so decode onto DefaultLeads.
type LeadTimes struct {
	PlanDays         int       `json:"plan_days" yaml:"plan_days"`                   // a day exists when it is less than this many days ahead
	ClaimDays        int       `json:"claim_days" yaml:"claim_days"`                 // claims open this many days ahead
	ClaimAt          TimeOfDay `json:"claim_at" yaml:"claim_at"`                     // at this time
	StandingDays     int       `json:"standing_days" yaml:"standing_days"`           // standing partners' first refusal ends this many days ahead
	ConfirmDays      int       `json:"confirm_days" yaml:"confirm_days"`             // the plan is final this many days ahead
	ConfirmAt        TimeOfDay `json:"confirm_at" yaml:"confirm_at"`                 // at this time
	MinClaimHours    int       `json:"min_claim_hours" yaml:"min_claim_hours"`       // what a late window keeps open where it can
	OpenEarlyMinutes int       `json:"open_early_minutes" yaml:"open_early_minutes"` // an organizer may open this much earlier
	ServeMinutes     int       `json:"serve_minutes" yaml:"serve_minutes"`           // those already called are served this long after closing
}

// minClaim is the shortest window that claims have where the opening allows it.
func (l LeadTimes) minClaim() time.Duration { return time.Duration(l.MinClaimHours) * time.Hour }

// serve is how long those already called are served after closing.
func (l LeadTimes) serve() time.Duration { return time.Duration(l.ServeMinutes) * time.Minute }

// DefaultLeads are the lead times of the domain text.
func DefaultLeads() LeadTimes {
	return LeadTimes{
		PlanDays: 60, ClaimDays: 21, ClaimAt: 10 * 60, StandingDays: 14,
		ConfirmDays: 3, ConfirmAt: 18 * 60, MinClaimHours: 24, OpenEarlyMinutes: 60, ServeMinutes: 15,
	}
}

// ExceptionKind says what an exception does with its date.
type ExceptionKind string

// The kinds of exceptions.
const (
	Skip  ExceptionKind = "skip"  // the rule's date is not held
	Move  ExceptionKind = "move"  // the rule's date is held on To, perhaps at other times
	Extra ExceptionKind = "extra" // a date the rule does not say
)

// Exception changes a single date. Date is what the rule says (for Extra: the
// new date); Opens and Closes are nil for the market's own times.
type Exception struct {
	Kind   ExceptionKind `json:"kind" yaml:"kind"`
	Date   Date          `json:"date" yaml:"date"`
	To     Date          `json:"to,omitzero" yaml:"to,omitempty"`
	Opens  *TimeOfDay    `json:"opens,omitempty" yaml:"opens,omitempty"`
	Closes *TimeOfDay    `json:"closes,omitempty" yaml:"closes,omitempty"`
	Why    string        `json:"why" yaml:"why"`
}

// heldOn is the date the exception ends up on.
func (e Exception) heldOn() Date {
	if e.To != 0 {
		return e.To
	}
	return e.Date
}

// same reports whether two exceptions say the same.
func (e Exception) same(o Exception) bool { return reflect.DeepEqual(e, o) }

// State is where a market day stands in its life.
type State string

// The states of a market day, in the order of doc.go.
const (
	Planned   State = "planned"
	Claiming  State = "claiming"
	Confirmed State = "confirmed"
	Open      State = "open"
	Closed    State = "closed"
	Settled   State = "settled"
	Cancelled State = "cancelled"
	Missed    State = "missed"
)

// States are all states in their order.
var States = []State{Planned, Claiming, Confirmed, Open, Closed, Settled, Cancelled, Missed}

// Day is one market day. State is what has been written down; StateAt says
// what is true. OpenedAt and ClosedAt are the effective instants, zero before.
type Day struct {
	ID            string
	MarketID      string
	CommunityID   string
	Date          Date // what the rule says, the identity
	HeldOn        Date // when it takes place
	State         State
	OpensAt       time.Time
	ClosesAt      time.Time
	ClaimsAt      time.Time
	StandingUntil time.Time
	ConfirmAt     time.Time
	ServeUntil    time.Time
	OpenedAt      time.Time
	ClosedAt      time.Time
	Claims        int           // claims heard of and not withdrawn
	Tickets       int           // numbers heard of
	Flagged       bool          // planned without holiday data
	Reason        string        // an organizer's why of a cancellation, move or early closing
	MovedTo       Date          // the date that replaces a cancelled day, zero if none
	Reasons       []text.Reason // what the rule says about the date: shifted, merged, flagged

	MarketName string
	MarketSlug string
	Venue      string
	TimeZone   string

	locale    string
	createdAt time.Time
	leads     LeadTimes
	before    *beforeCancel // set on a cancelled day whose cancellation can be taken back
}

// Ref names the day in events.
func (d Day) Ref() event.Day {
	return event.Day{DayID: d.ID, MarketID: d.MarketID, CommunityID: d.CommunityID, Date: d.Date.String()}
}

// EarlyMinutes is how many minutes before its time the day may be opened.
func (d Day) EarlyMinutes() int { return d.leads.OpenEarlyMinutes }

// StateAt returns the state that is true at now, whatever has been written down.
func (d Day) StateAt(now time.Time) State {
	s := d.State
	for {
		at, next := d.due(s)
		if next == "" || now.Before(at) {
			return s
		}
		s = next
	}
}

// due returns the next transition the clock makes from state s; none is "".
func (d Day) due(s State) (time.Time, State) {
	switch s {
	case Planned:
		return d.ClaimsAt, Claiming
	case Claiming:
		return d.ConfirmAt, Confirmed
	case Confirmed:
		return d.OpensAt, Open
	case Open:
		return d.ClosesAt, Closed
	}
	return time.Time{}, ""
}

// Transition is one line of a day's history. By is "clock", "organizer" or "lines".
type Transition struct {
	Seq         int       `json:"seq"`
	State       State     `json:"state"`
	EffectiveAt time.Time `json:"effective_at"`
	RecordedAt  time.Time `json:"recorded_at"`
	By          string    `json:"by"`
	Why         string    `json:"why,omitempty"`
	UndoneAt    time.Time `json:"undone_at,omitzero"`  // when an organizer took it back
	UndoneBy    string    `json:"undone_by,omitempty"` // and who: a handle
}

// Late returns how long after its effective time the transition was recorded.
func (t Transition) Late() time.Duration { return max(0, t.RecordedAt.Sub(t.EffectiveAt)) }

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func checkSlug(s string) error {
	if len(s) > 63 || !slugForm.MatchString(s) {
		return fault.Invalid("scheduler.slug.malformed", "slug", "use 1 to 63 small letters, digits and single hyphens, not %q", s)
	}
	return nil
}

// checkText accepts plain text in every script, at most n characters.
func checkText(field, s string, need bool, n int) error {
	switch {
	case need && strings.TrimSpace(s) == "":
		return fault.Invalid("scheduler.text.empty", field, "must not be empty")
	case !utf8.ValidString(s):
		return fault.Invalid("scheduler.text.encoding", field, "is not valid UTF-8")
	case utf8.RuneCountInString(s) > n:
		return fault.Invalid("scheduler.text.too_long", field, "is longer than %d characters", n).Telling("most", strconv.Itoa(n))
	case !text.Plain(s):
		return fault.Invalid("scheduler.text.control", field, "contains control characters")
	}
	return nil
}

var phoneForm = regexp.MustCompile(`^[+(（]?[0-9][0-9+\-\s()（）－]*((转|轉|ext\.?|#)\s*[0-9]+)?$`)

// checkPhone accepts what can be dialled, "" for none.
func checkPhone(s string) error {
	if s != "" && !phoneForm.MatchString(strings.ToLower(strings.TrimSpace(s))) {
		return fault.Invalid("scheduler.phone", "phone", "is not a telephone number such as 0538-1234567 ext 8")
	}
	return nil
}

// loadZone loads an IANA zone by its name; "Local" and "" are refused.
func loadZone(field, name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fault.Invalid("scheduler.timezone.unknown", field, "%q is not a time zone such as Asia/Shanghai", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.Invalid("scheduler.timezone.unknown", field, "%q is not a time zone such as Asia/Shanghai", name)
	}
	return loc, nil
}

// normalise fills defaults and checks a community.
func (c Community) normalise() (Community, error) {
	if c.TimeZone == "" {
		c.TimeZone = "Asia/Shanghai"
	}
	if c.Locale == "" {
		c.Locale = text.Langs[0]
	}
	var wrong fault.List
	wrong.Add(checkSlug(c.Slug))
	for _, f := range []struct {
		field, v string
		need     bool
		n        int
	}{{"name", c.Name, true, 100}, {"city", c.City, false, 100}, {"address", c.Address, false, 200}, {"phone", c.Phone, false, 40}} {
		wrong.Add(checkText(f.field, f.v, f.need, f.n))
	}
	wrong.Add(checkPhone(c.Phone))
	if !slices.Contains(text.Langs, c.Locale) {
		wrong.Add(fault.Invalid("scheduler.locale.unknown", "locale", "%q is not one of %s", c.Locale, strings.Join(text.Langs, ", ")))
	}
	_, err := loadZone("timezone", c.TimeZone)
	wrong.Add(err)
	return c, wrong.Err()
}

// Check reports what is wrong with the community, naming every field.
func (c Community) Check() error {
	_, err := c.normalise()
	return err
}

// Check reports what is wrong with the market, naming every field.
func (m Market) Check() error {
	_, err := m.normalise()
	return err
}

// normalise fills defaults and checks a market.
func (m Market) normalise() (Market, error) {
	if m.Slug == "" {
		m.Slug = "market"
	}
	if m.Leads == (LeadTimes{}) {
		m.Leads = DefaultLeads()
	}
	m.Holiday, m.Weekend = m.Holiday.orKeep(), m.Weekend.orKeep()
	var wrong fault.List
	wrong.Add(checkSlug(m.Slug))
	wrong.Add(checkText("name", m.Name, true, 100))
	wrong.Add(checkText("venue", m.Venue, true, 200))
	wrong.Add(inside(m.Rule.Validate(), "rule"))
	wrong.Add(checkHours(m.Opens, m.Closes))
	wrong.Add(inside(m.Leads.check(), "leads"))
	wrong.Add(checkPolicies(m.Holiday, m.Weekend))
	if m.ResidentsReported < 0 || m.ResidentsReported > 1_000_000 {
		wrong.Add(fault.Invalid("market.residents_reported", "residents_reported", "%d is not between 0 and 1000000", m.ResidentsReported))
	}
	wrong.Add(checkExceptions(m.Exceptions, m.Opens, m.Closes))
	return m, wrong.Err()
}

func checkHours(opens, closes TimeOfDay) error {
	if opens < 0 || opens >= 24*60 {
		return fault.Invalid("scheduler.time.malformed", "opens", "is not a time of day")
	}
	if closes < 0 || closes >= 24*60 {
		return fault.Invalid("scheduler.time.malformed", "closes", "is not a time of day")
	}
	if closes <= opens {
		return fault.Invalid("market.closes_before_opens", "closes", "%s is not after the opening time %s", closes, opens)
	}
	return nil
}

func (l LeadTimes) check() error {
	var wrong fault.List
	within := func(field string, v, lo, hi int) bool {
		if lo <= v && v <= hi {
			return true
		}
		wrong.Add(fault.Invalid("leads.out_of_range", field, "%d is not between %d and %d", v, lo, hi).
			Telling("lo", strconv.Itoa(lo), "hi", strconv.Itoa(hi)))
		return false
	}
	lo, most := 1, 366 // each step is not before the last one that could be read
	for _, f := range []struct {
		field string
		days  int
	}{{"plan_days", l.PlanDays}, {"claim_days", l.ClaimDays}, {"standing_days", l.StandingDays}, {"confirm_days", l.ConfirmDays}} {
		if within(f.field, f.days, lo, most) {
			most = f.days
		}
		lo = 0
	}
	within("claim_at", int(l.ClaimAt), 0, 24*60-1)
	within("confirm_at", int(l.ConfirmAt), 0, 24*60-1)
	within("min_claim_hours", l.MinClaimHours, 0, 24*14)
	within("open_early_minutes", l.OpenEarlyMinutes, 0, 24*60)
	within("serve_minutes", l.ServeMinutes, 0, 24*60)
	return wrong.Err()
}
