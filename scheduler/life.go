package scheduler

import (
	"cmp"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// Who makes a transition.
const (
	byClock     = "clock"
	byOrganizer = "organizer"
	byLines     = "lines"
)

// step is one transition about to be made.
type step struct {
	to        State
	effective time.Time
	planned   time.Time // when it was to be made by the clock; zero when a person decided
	by        string
	why       string
}

// advance makes every transition that is due by the clock at tx.Now, in order.
// It stops without an error when another scheduler was faster.
func advance(tx *db.Tx, d Day) (Day, error) {
	for {
		at, to := d.due(d.State)
		if to == "" || tx.Now.Before(at) {
			return d, nil
		}
		effective := later(at, d.createdAt) // nothing was true of a day before it was known
		next, done, err := transit(tx, d, step{to: to, effective: effective, planned: at, by: byClock})
		if err != nil || !done {
			return d, err
		}
		d = next
	}
}

// transit makes one transition with its history and its event; false when the
// day is not in d.State any more.
func transit(tx *db.Tx, d Day, st step) (Day, bool, error) {
	from := d.State
	d.State = st.to
	var e event.Event
	switch st.to {
	case Claiming:
		w := d.windows().late(tx.Now, d.leads.minClaim())
		d.StandingUntil, d.ConfirmAt = w.standing, w.confirm
		if tx.Now.Sub(d.ClaimsAt) > claimGrace && !tx.Now.After(d.ConfirmAt) {
			st.effective = tx.Now // nobody could claim earlier
		}
		e = event.MarketDayClaimingOpened{Day: d.Ref(), EffectiveAt: st.effective, StandingUntil: d.StandingUntil, ConfirmAt: d.ConfirmAt}
	case Confirmed:
		e = event.MarketDayConfirmed{Day: d.Ref(), EffectiveAt: st.effective, UndoUntil: d.undoUntil(st)}
	case Open:
		d.OpenedAt = st.effective
		e = event.MarketDayOpened{Day: d.Ref(), EffectiveAt: st.effective, ClosesAt: d.ClosesAt, LateSeconds: lateSeconds(tx, st), UndoUntil: d.undoUntil(st)}
	case Closed:
		d.ServeUntil = later(st.effective.Add(d.leads.serve()), d.undoUntil(st))
		d.ClosedAt = st.effective
		d.Reason = cmp.Or(st.why, d.Reason)
		e = event.MarketDayClosed{Day: d.Ref(), EffectiveAt: st.effective, ServeUntil: d.ServeUntil, LateSeconds: lateSeconds(tx, st), UndoUntil: d.undoUntil(st)}
	case Settled:
		next, err := nextDay(tx, d)
		if err != nil {
			return d, false, err
		}
		e = event.MarketDaySettled{Day: d.Ref(), ClosedAt: d.ClosedAt, NextDay: next.ID, NextDate: next.HeldOn.String()}
	case Cancelled:
		d.Reason = st.why
		e = event.MarketDayCancelled{Day: d.Ref(), Reason: st.why, MovedTo: d.MovedTo.String(), UndoUntil: d.undoUntil(st)}
	}
	done, err := swapState(tx, d, from)
	if err != nil || !done {
		return d, false, err
	}
	if st.why == "" && st.by == byClock && st.effective.Sub(st.planned) > claimGrace {
		st.why = text.T(d.locale, "scheduler.life.caught_up", text.Args{"at": d.localTime(st.planned)})
	}
	return d, true, record(tx, d, st, e)
}

// record writes the history line and the event of a transition that was made.
func record(tx *db.Tx, d Day, st step, e event.Event) error {
	if err := addTransition(tx, d.ID, Transition{State: st.to, EffectiveAt: st.effective, By: st.by, Why: st.why}); err != nil {
		return err
	}
	return outbox.Emit(tx, e)
}

// lateSeconds is how long after its planned time a transition is recorded.
func lateSeconds(tx *db.Tx, st step) int64 {
	if st.planned.IsZero() {
		return 0
	}
	return max(0, int64(tx.Now.Sub(st.planned)/time.Second))
}

// localTime is an instant as it reads on a clock at the venue.
func (d Day) localTime(t time.Time) string {
	loc, err := time.LoadLocation(d.TimeZone)
	if err != nil {
		loc = time.UTC // a zone is checked when its community is saved
	}
	return t.In(loc).Format("2006-01-02 15:04")
}

// windows are the day's own, as stored.
func (d Day) windows() windows {
	return windows{opens: d.OpensAt, closes: d.ClosesAt, claims: d.ClaimsAt, standing: d.StandingUntil, confirm: d.ConfirmAt, serve: d.ServeUntil}
}

func (d *Day) set(w windows) {
	d.OpensAt, d.ClosesAt, d.ServeUntil = w.opens, w.closes, w.serve
	d.ClaimsAt, d.StandingUntil, d.ConfirmAt = w.claims, w.standing, w.confirm
}

// nextDay finds the market's next day after d that will be held; zero if none is planned.
func nextDay(tx *db.Tx, d Day) (Day, error) {
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.opens_at > $2 AND d.state IN ('planned', 'claiming', 'confirmed', 'open')
		ORDER BY d.opens_at, d.id LIMIT 1`, d.MarketID, db.Micros(d.OpensAt))
	if err != nil || len(days) == 0 {
		return Day{}, err
	}
	return days[0], nil
}

// planTo is the last date on which a day exists by now: less than PlanDays ahead.
func (m series) planTo(now time.Time) Date {
	return min(DateOf(now, m.loc)+Date(m.Leads.PlanDays)-1, LastDate)
}

func (m series) input(cal *Calendar) Input {
	return Input{Rule: m.Rule, Holiday: m.Holiday, Weekend: m.Weekend, Exceptions: m.Exceptions, Calendar: cal}
}

// hours are the times of an occurrence: the market's, unless an exception says otherwise.
func (m series) hours(o Occurrence) (opens, closes TimeOfDay) {
	opens, closes = m.Opens, m.Closes
	if o.Opens != nil {
		opens = *o.Opens
	}
	if o.Closes != nil {
		closes = *o.Closes
	}
	return opens, closes
}

func (m series) windows(o Occurrence) windows {
	opens, closes := m.hours(o)
	return m.Leads.plan(o.Date, opens, closes, m.loc)
}

// plan creates every day of the market that should exist by now, those over
// before anyone knew as missed, and notes when the next one is to be created.
// It looks back to where the market was planned to, so no outage loses a day,
// and no further: of a date that was asked before, a day is made only while it
// lies ahead. So neither a new market nor an edit makes days of the past.
func (s *Service) plan(tx *db.Tx, m series) error {
	today, to := DateOf(tx.Now, m.loc), m.planTo(tx.Now)
	cal, err := s.calendar(tx)
	if err != nil {
		return err
	}
	in := m.input(cal)
	in.From, in.To = max(min(m.plannedTo+1, today), FirstDate), to
	for in.From <= to {
		all, err := Preview(in)
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := s.create(tx, m, o); err != nil {
				return err
			}
		}
		if len(all) < maxCount {
			break
		}
		in.From = all[len(all)-1].Date + 1 // an outage of years: go on where the preview stopped
	}
	planAt, err := m.nextPlan(cal, max(to, m.plannedTo))
	if err != nil {
		return err
	}
	return setPlanned(tx, m.ID, to, planAt)
}

// nextPlan is when the first day after a date is to be created; zero if the rule says no more.
func (m series) nextPlan(cal *Calendar, after Date) (time.Time, error) {
	if after >= LastDate {
		return time.Time{}, nil
	}
	in := m.input(cal)
	in.From, in.Count = after+1, 1
	next, err := Preview(in)
	if err != nil || len(next) == 0 {
		return time.Time{}, err
	}
	return (next[0].Date - Date(m.Leads.PlanDays) + 1).At(0, m.loc), nil
}

// create inserts the day of an occurrence, once, and leads it to where it should be by now.
func (s *Service) create(tx *db.Tx, m series, o Occurrence) error {
	d := Day{
		ID: db.NewID(), MarketID: m.ID, CommunityID: m.CommunityID, Date: o.RuleDate, HeldOn: o.Date, State: Planned,
		Flagged: o.Flagged, Reasons: o.Reasons, TimeZone: m.loc.String(), locale: m.locale, leads: m.Leads, createdAt: tx.Now,
	}
	w := m.windows(o)
	if !w.opens.After(m.createdAt) || o.Date <= m.plannedTo && !w.opens.After(tx.Now) {
		return nil // it was not due before; begun, it would open without a booth
	}
	over := !w.closes.After(tx.Now)
	if over {
		d.State = Missed
	} else {
		w = w.since(tx.Now, m.Leads.minClaim())
	}
	d.set(w)
	if err := forgetCancelled(tx, m.ID, o.RuleDate, tx.Now); err != nil {
		return err
	}
	due, _ := d.due(d.State)
	isNew, err := insertDay(tx, d, due)
	if err != nil || !isNew {
		return err
	}
	planned := event.MarketDayPlanned{
		Day: d.Ref(), Community: m.owner, Market: m.Name, Venue: m.Venue, TimeZone: m.loc.String(), Locale: m.locale,
		HeldOn: d.HeldOn.String(), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt,
	}
	if err := record(tx, d, step{to: Planned, effective: tx.Now, by: byClock}, planned); err != nil {
		return err
	}
	if over {
		return record(tx, d, step{to: Missed, effective: d.ClosesAt, by: byClock}, event.MarketDayMissed{Day: d.Ref()})
	}
	_, err = advance(tx, d)
	return err
}

// live reports whether the day may still change its date.
func (d Day) live() bool { return slices.Contains([]State{Planned, Claiming, Confirmed}, d.State) }
