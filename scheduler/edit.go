package scheduler

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// Action is what happens to a day that an edit touches.
type Action string

// The actions offered day by day.
const (
	KeepDay   Action = "keep"   // stays as it is
	MoveDay   Action = "move"   // to Choice.To, or to where the new rule puts it
	CancelDay Action = "cancel" // is called off
)

// Choice is the organizer's decision about one day.
type Choice struct {
	Action Action
	To     Date // for MoveDay when the new rule offers no date
	Why    string
}

// Affected is a planned day an edit touches.
type Affected struct {
	Day      Day
	Offer    Date // where the new rule holds it; zero if the new rule does not know its date
	Opens    TimeOfDay
	Closes   TimeOfDay
	NeedsSay bool // has claims or tickets: without a Choice nothing is saved
}

// Edit is what an edit would do.
type Edit struct {
	Affected []Affected
	Next     []Occurrence // the next 12 dates after the edit, skipped ones between them
}

// change of one day: occ is nil when it is no longer held.
type change struct {
	day Day
	occ *Occurrence
}

// touched reports whether somebody has claimed a place or holds a number.
func (d Day) touched() bool { return d.Claims > 0 || d.Tickets > 0 }

// PreviewEdit shows what saving the market would do to its planned days.
func (s *Service) PreviewEdit(ctx context.Context, m Market) (Edit, error) {
	m, err := m.normalise()
	if err != nil {
		return Edit{}, err
	}
	var e Edit
	err = s.db.View(ctx, func(tx *db.Tx) error {
		e = Edit{}
		now, err := s.edited(tx, m)
		if err != nil {
			return err
		}
		changes, err := s.changes(tx, now)
		if err != nil {
			return err
		}
		for _, c := range changes {
			a := Affected{Day: c.day, NeedsSay: c.day.touched()}
			if c.occ != nil {
				a.Offer = c.occ.Date
				a.Opens, a.Closes = now.hours(*c.occ)
			}
			e.Affected = append(e.Affected, a)
		}
		cal, err := s.calendar(tx)
		if err != nil {
			return err
		}
		in := now.input(cal)
		in.From, in.Count = DateOf(tx.Now, now.loc), 12
		e.Next, err = PreviewAll(in)
		return err
	})
	return e, err
}

// edited is the market as it would be read after saving m; a market that does
// not exist yet has no days.
func (s *Service) edited(tx *db.Tx, m Market) (series, error) {
	id := m.ID
	if id == "" {
		var err error
		if id, err = marketID(tx, m.CommunityID, m.Slug); err != nil {
			return series{}, err
		}
	}
	if id == "" {
		c, err := communityBy(tx, "id", m.CommunityID)
		if err != nil {
			return series{}, err
		}
		loc, err := loadZone("timezone", c.TimeZone)
		if err != nil {
			return series{}, err
		}
		said := m.Exceptions
		m.Exceptions = nil
		m.Exceptions, err = s.admit(tx, series{Market: m}, said)
		return series{Market: m, loc: loc}, err
	}
	old, err := oneSeries(tx, scope(m.CommunityID), id)
	if err != nil {
		return series{}, err
	}
	said := m.Exceptions
	m.Exceptions = old.Exceptions
	if m.Exceptions, err = s.admit(tx, series{Market: m}, said); err != nil {
		return series{}, err
	}
	m.ID = id
	old.Market = m
	return old, nil
}

// admit adds exceptions to those of a market, by date.
func (s *Service) admit(tx *db.Tx, m series, said []Exception) ([]Exception, error) {
	cal, err := s.calendar(tx)
	if err != nil {
		return nil, err
	}
	in, err := m.input(cal).Admit(said)
	return in.Exceptions, err
}

// ApplyEdit saves the market with a choice per day id; days without claims or
// tickets follow the new rule unless a choice says otherwise.
func (s *Service) ApplyEdit(ctx context.Context, m Market, choices map[string]Choice) (Market, error) {
	return s.save(ctx, m, choices, s.saveRow)
}

// save writes a market's row by write and brings its days in line.
func (s *Service) save(ctx context.Context, m Market, choices map[string]Choice, write func(*db.Tx, Market) (string, error)) (Market, error) {
	m, err := m.normalise()
	if err != nil {
		return m, err
	}
	saved := m
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		return renaming(tx, func() (err error) {
			saved, err = s.saveIn(tx, m, choices, write)
			return err
		}, `m.id = $1 OR m.community_id = $2 AND m.slug = $3`, m.ID, m.CommunityID, m.Slug)
	})
	return saved, err
}

// saveIn writes a market and brings its days in line with it.
func (s *Service) saveIn(tx *db.Tx, m Market, choices map[string]Choice, write func(*db.Tx, Market) (string, error)) (Market, error) {
	id, err := write(tx, m)
	if err != nil {
		return m, err
	}
	now, err := oneSeries(tx, "", id)
	if err != nil {
		return m, err
	}
	if _, err := s.admit(tx, now, m.Exceptions); err != nil {
		return m, err
	}
	for _, e := range m.Exceptions {
		if err := putException(tx, id, e); err != nil {
			return m, err
		}
	}
	if now, err = oneSeries(tx, "", id); err != nil {
		return m, err
	}
	if err := s.choose(tx, now, choices); err != nil {
		return m, err
	}
	if now, err = oneSeries(tx, "", id); err != nil {
		return m, err
	}
	if err := s.reapply(tx, now, choices); err != nil {
		return m, err
	}
	return now.Market, s.plan(tx, now)
}

// saveRow inserts or updates the market's row and locks it. What was due by
// what the market said so far is planned first: an edit changes what lies ahead.
func (s *Service) saveRow(tx *db.Tx, m Market) (string, error) {
	taken, err := marketID(tx, m.CommunityID, m.Slug)
	if err != nil {
		return "", err
	}
	if m.ID != "" && taken != "" && taken != m.ID {
		return "", fault.Conflict("market.slug_taken", "slug", "another market of the community is called %q", m.Slug)
	}
	if m.ID = cmp.Or(m.ID, taken); m.ID != "" {
		if err := lockMarket(tx, scope(m.CommunityID), m.ID); err != nil {
			return "", err
		}
		now, err := oneSeries(tx, "", m.ID)
		if err == nil {
			err = s.plan(tx, now)
		}
		if err != nil {
			return "", err
		}
		now.Market = m
		return m.ID, updateMarket(tx, m, now.planTo(tx.Now))
	}
	return createRow(tx, m)
}

// createRow inserts the market's row, which the transaction then holds.
func createRow(tx *db.Tx, m Market) (string, error) {
	c, err := communityBy(tx, "id", m.CommunityID)
	if err != nil {
		return "", err
	}
	loc, err := loadZone("timezone", c.TimeZone)
	if err != nil {
		return "", err
	}
	m.ID = db.NewID()
	isNew, err := insertMarket(tx, m, DateOf(tx.Now, loc))
	if err == nil && !isNew {
		err = fault.Conflict("market.slug_taken", "slug", "another market of the community is called %q", m.Slug)
	}
	return m.ID, err
}

// choose refuses an edit that touches claimed days without a word about them
// and turns the choices into exceptions.
func (s *Service) choose(tx *db.Tx, m series, choices map[string]Choice) error {
	changes, err := s.changes(tx, m)
	if err != nil {
		return err
	}
	for _, c := range changes {
		say, said := choices[c.day.ID]
		if !said {
			if c.day.touched() {
				return fault.Conflict("market.edit_affects", "choices."+c.day.ID,
					"the edit touches %s, which has claims or tickets: choose keep, move or cancel", c.day.HeldOn)
			}
			continue
		}
		e, err := m.exceptionFor(c, say)
		if err != nil {
			return fault.From(err).In("choices." + c.day.ID)
		}
		if e == nil {
			continue
		}
		err = freeFor(tx, m, *e)
		if err == nil && say.Action == MoveDay {
			err = s.free(tx, m, *e)
		}
		if err != nil {
			return fault.From(err).In("choices." + c.day.ID)
		}
		if err := putException(tx, m.ID, *e); err != nil {
			return err
		}
	}
	return nil
}

// exceptionFor is the exception a choice leaves behind; nil when the day simply
// follows the new rule.
func (m series) exceptionFor(c change, say Choice) (*Exception, error) {
	why := cmp.Or(say.Why, text.T(m.locale, "scheduler.edit.rule_changed", nil))
	var e Exception
	switch say.Action {
	case KeepDay:
		opens, closes := timeOf(c.day.OpensAt, m.loc), timeOf(c.day.ClosesAt, m.loc)
		e = m.placed(c.day.Date, MoveOrder{To: c.day.HeldOn, Opens: &opens, Closes: &closes, Why: why})
	case MoveDay:
		if say.To == 0 && c.occ == nil {
			return nil, fault.Invalid("exception.to", "to", "the new rule does not know this day, say where to move it")
		}
		if say.To == 0 {
			return nil, nil
		}
		e = m.placed(c.day.Date, MoveOrder{To: say.To, Why: why})
	case CancelDay:
		e = Exception{Kind: Skip, Date: c.day.Date, Why: why}
	default:
		return nil, fault.Invalid("market.choice", "action", "%q is not keep, move or cancel", string(say.Action))
	}
	return &e, e.check(m.Opens, m.Closes)
}

func timeOf(t time.Time, loc *time.Location) TimeOfDay {
	l := t.In(loc)
	return TimeOfDay(l.Hour()*60 + l.Minute())
}

// changes compares the days that may still change with what the market says now.
func (s *Service) changes(tx *db.Tx, m series) ([]change, error) {
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.state IN ('planned', 'claiming', 'confirmed') ORDER BY d.date`, m.ID)
	if err != nil {
		return nil, err
	}
	days = slices.DeleteFunc(days, func(d Day) bool {
		return !slices.Contains([]State{Planned, Claiming, Confirmed}, d.StateAt(tx.Now))
	})
	if len(days) == 0 {
		return nil, nil
	}
	in, err := s.around(tx, m, days)
	if err != nil {
		return nil, err
	}
	all, err := Preview(in)
	if err != nil {
		return nil, err
	}
	exact := map[Date]bool{}
	for _, d := range days {
		exact[d.Date] = true
	}
	held := map[Date]*Occurrence{}
	for i, o := range all {
		held[o.RuleDate] = &all[i]
		for _, r := range o.Merged {
			if !exact[o.RuleDate] {
				held[r] = &all[i] // the row of a merged date stands for both
			}
		}
	}
	var out []change
	for _, d := range days {
		if o := held[d.Date]; o == nil || m.differs(d, *o) {
			out = append(out, change{d, o})
		}
	}
	return out, nil
}

// around asks for every occurrence that can be that of one of the days.
func (s *Service) around(tx *db.Tx, m series, days []Day) (Input, error) {
	cal, err := s.calendar(tx)
	if err != nil {
		return Input{}, err
	}
	in := m.input(cal)
	in.From, in.To = DateOf(tx.Now, m.loc), m.planTo(tx.Now)
	for _, d := range days {
		in.From, in.To = min(in.From, d.HeldOn), max(in.To, d.HeldOn)
		for _, e := range m.Exceptions {
			if e.Date == d.Date && e.To != 0 {
				in.From, in.To = min(in.From, e.To), max(in.To, e.To)
			}
		}
	}
	in.To += workdayReach
	if m.Holiday == NextSameWeekday || m.Weekend == NextSameWeekday {
		in.To += weekdayReach
	}
	in.To = min(in.To, LastDate)
	return in, nil
}

func (m series) differs(d Day, o Occurrence) bool {
	w := m.windows(o)
	return o.Date != d.HeldOn || !w.opens.Equal(d.OpensAt) || !w.closes.Equal(d.ClosesAt)
}

// reapply brings the planned days in line with the market: first those that go,
// then those that move. Whoever calls it has asked about claimed days.
func (s *Service) reapply(tx *db.Tx, m series, choices map[string]Choice) error {
	changes, err := s.changes(tx, m)
	if err != nil {
		return err
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(btoi(a.occ != nil), btoi(b.occ != nil)) })
	for _, c := range changes {
		if err := m.apply(tx, c, choices[c.day.ID].Why); err != nil {
			return err
		}
	}
	return m.refresh(tx)
}

// apply lets one day follow its market.
func (m series) apply(tx *db.Tx, c change, why string) error {
	d, err := advance(tx, c.day)
	if err != nil {
		return err
	}
	why = cmp.Or(why, m.why(d.Date, c.occ == nil))
	if c.occ == nil {
		return m.drop(tx, d, why)
	}
	return m.shift(tx, d, *c.occ, why)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// why is what people are told about a changed date: the words of the exception
// that changed it, and of a date that goes only those with which it was skipped.
func (m series) why(d Date, goes bool) string {
	for _, e := range m.Exceptions {
		if e.Date == d && (e.Kind == Skip || !goes) {
			return e.Why
		}
	}
	return text.T(m.locale, "scheduler.edit.rule_changed", nil)
}

// drop takes a day out: called off where somebody decided so or partners were
// asked for it, forgotten where nobody had to do with it (its date may come back
// as new).
func (m series) drop(tx *db.Tx, d Day, why string) error {
	skipped := slices.ContainsFunc(m.Exceptions, func(e Exception) bool { return e.Date == d.Date && e.Kind == Skip })
	if skipped || d.touched() || d.State != Planned {
		_, err := walk(tx, d, step{to: Cancelled, effective: tx.Now, by: byOrganizer, why: why})
		return err
	}
	if err := outbox.Emit(tx, event.MarketDayCancelled{Day: d.Ref(), Reason: why}); err != nil {
		return err
	}
	return deleteDay(tx, d.ID)
}

// shift holds a day where an occurrence says.
func (m series) shift(tx *db.Tx, d Day, o Occurrence, why string) error {
	w := m.windows(o)
	if !w.opens.After(tx.Now) {
		return fault.Invalid("exception.past", "to", "%s is over", o.Date)
	}
	other, err := takenBy(tx, d, o.Date)
	if err != nil {
		return err
	}
	if other != "" {
		return fault.Conflict("exception.taken", "to", "there is already a market day on %s", o.Date)
	}
	if d.State == Claiming { // never shorten the window silently
		w = w.late(tx.Now, m.Leads.minClaim())
	}
	d.set(w)
	d.HeldOn, d.Flagged, d.Reasons, d.Reason = o.Date, o.Flagged, o.Reasons, why
	if err := rewriteDay(tx, d); err != nil {
		return err
	}
	err = outbox.Emit(tx, event.MarketDayMoved{Day: d.Ref(), HeldOn: d.HeldOn.String(), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt, Reason: why})
	if err != nil {
		return err
	}
	_, err = advance(tx, d)
	return err
}

// refresh gives days whose claims are not open yet the market's lead times.
func (m series) refresh(tx *db.Tx) error {
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.state = 'planned' ORDER BY d.date`, m.ID)
	if err != nil {
		return err
	}
	for _, d := range days {
		opens, closes := timeOf(d.OpensAt, m.loc), timeOf(d.ClosesAt, m.loc)
		if w := m.Leads.plan(d.HeldOn, opens, closes, m.loc); w != d.windows() && w.opens.Equal(d.OpensAt) {
			d.set(w)
			if err := rewriteDay(tx, d); err != nil {
				return err
			}
		}
	}
	return nil
}
