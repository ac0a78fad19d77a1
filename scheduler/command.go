package scheduler

import (
	"context"
	"slices"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// DayRef names a day inside its community, and who acts (a handle) where that
// is written down.
type DayRef struct{ CommunityID, DayID, By string }

// MoveOrder says when a day takes place instead; a zero To keeps the date, nil
// times are the market's.
type MoveOrder struct {
	To            Date
	Opens, Closes *TimeOfDay
	Why           string
}

// Confirm ends claiming now instead of at ConfirmAt. Confirming twice is once.
func (s *Service) Confirm(ctx context.Context, ref DayRef) (Day, error) {
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		switch d.State {
		case Confirmed:
			return d, nil
		case Claiming:
			return walk(tx, d, step{to: Confirmed, effective: tx.Now, by: byOrganizer})
		case Planned:
			return d, fault.Closed("market_day.claims_not_open", "day", "claims are not open yet, there is nothing to confirm")
		}
		return d, wrongState(d)
	})
}

// Open opens the day now, at most OpenEarlyMinutes before its time. What the
// clock had still to do before is done with it. Opening twice is once.
func (s *Service) Open(ctx context.Context, ref DayRef) (Day, error) {
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		if d.State == Open {
			return d, nil
		}
		if !d.live() {
			return d, wrongState(d)
		}
		early := time.Duration(d.leads.OpenEarlyMinutes) * time.Minute
		if tx.Now.Before(d.OpensAt.Add(-early)) {
			return d, fault.Closed("market_day.too_early", "day", "can be opened %d minutes before its time, not earlier", d.leads.OpenEarlyMinutes)
		}
		for err := error(nil); d.State != Open; {
			_, to := d.due(d.State)
			if d, err = walk(tx, d, step{to: to, effective: tx.Now, by: byOrganizer}); err != nil {
				return d, err
			}
		}
		return d, nil
	})
}

// CheckWhy looks at the reason of a change alone, for who judges more of its form.
func CheckWhy(why string) error { return checkText("why", why, true, 300) }

// Close closes the day now. Closing twice is once.
func (s *Service) Close(ctx context.Context, ref DayRef, why string) (Day, error) {
	if err := checkText("why", why, false, 300); err != nil {
		return Day{}, err
	}
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		switch d.State {
		case Closed, Settled:
			return d, nil
		case Open:
			return walk(tx, d, step{to: Closed, effective: tx.Now, by: byOrganizer, why: why})
		}
		return d, wrongState(d)
	})
}

// Cancel calls the day off. With a replacement an extra day is planned on that
// date and the cancellation names it. Cancelling twice is once.
func (s *Service) Cancel(ctx context.Context, ref DayRef, why string, replacement Date) (Day, error) {
	if err := CheckWhy(why); err != nil {
		return Day{}, err
	}
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		if d.State == Cancelled {
			return d, nil
		}
		if !d.live() {
			return d, wrongState(d)
		}
		m, err := oneSeries(tx, "", d.MarketID)
		if err != nil {
			return d, err
		}
		if replacement != 0 {
			extra := Exception{Kind: Extra, Date: replacement, Why: why}
			if err := s.addExtra(tx, m, extra); err != nil {
				return d, fault.From(err).In("replacement")
			}
		}
		if err := m.remember(tx, &d); err != nil {
			return d, err
		}
		if err := putException(tx, d.MarketID, Exception{Kind: Skip, Date: d.Date, Why: why}); err != nil {
			return d, err
		}
		d.MovedTo = replacement
		d, err = walk(tx, d, step{to: Cancelled, effective: tx.Now, by: byOrganizer, why: why})
		if err != nil || replacement == 0 {
			return d, err
		}
		if m, err = oneSeries(tx, "", d.MarketID); err != nil {
			return d, err
		}
		return d, s.plan(tx, m)
	})
}

// Move holds the day at another date or time; its identity stays. Removing the
// exception it leaves behind, or moving again, is the undo.
func (s *Service) Move(ctx context.Context, ref DayRef, o MoveOrder) (Day, error) {
	return s.command(ctx, ref, func(tx *db.Tx, d Day) (Day, error) {
		if !d.live() {
			return d, wrongState(d)
		}
		m, err := oneSeries(tx, "", d.MarketID)
		if err != nil {
			return d, err
		}
		if o.To == 0 {
			o.To = d.HeldOn
		}
		e := m.placed(d.Date, o)
		if err := e.check(m.Opens, m.Closes); err != nil {
			return d, err
		}
		if err := freeFor(tx, m, e); err != nil {
			return d, err
		}
		if e.To != d.HeldOn {
			if err := s.free(tx, m, e); err != nil {
				return d, err
			}
		}
		if err := putException(tx, m.ID, e); err != nil {
			return d, err
		}
		if m, err = oneSeries(tx, "", m.ID); err != nil {
			return d, err
		}
		if err := s.reapply(tx, m, nil); err != nil {
			return d, err
		}
		return oneDay(tx, "", d.ID)
	})
}

// placed is the exception that holds the day of a date as ordered: a move where
// the rule says the date, an extra day where it does not.
func (m series) placed(date Date, o MoveOrder) Exception {
	e := Exception{Kind: Extra, Date: date, To: o.To, Opens: o.Opens, Closes: o.Closes, Why: o.Why}
	if m.Rule.says(date) {
		e.Kind = Move
	}
	return e
}

// AddException records a skip, a move or an extra day and applies it to the
// days that are planned already. It replaces what was said of the rule's date
// before; an extra day is never put over another. The same twice is once.
func (s *Service) AddException(ctx context.Context, communityID, marketID string, e Exception) (Market, error) {
	return s.change(ctx, communityID, marketID, func(tx *db.Tx, m series) error {
		if err := e.check(m.Opens, m.Closes); err != nil {
			return err
		}
		if slices.ContainsFunc(m.Exceptions, e.same) {
			return nil
		}
		if e.Kind == Extra {
			return s.addExtra(tx, m, e)
		}
		if !m.Rule.says(e.Date) {
			return fault.Invalid("exception.no_such_date", "date", "the rule does not say %s; the date of a shifted day is the one before the shift", e.Date)
		}
		if days, err := someDays(tx, `WHERE d.market_id = $1 AND d.date = $2`, m.ID, e.Date); err != nil || (len(days) == 1 && !days[0].live()) {
			if err == nil {
				err = wrongState(days[0])
			}
			return err
		}
		if err := freeFor(tx, m, e); err != nil {
			return err
		}
		if err := s.free(tx, m, e); err != nil {
			return err
		}
		return putException(tx, m.ID, e)
	})
}

// free asks all dates of the market, also those too far ahead to be days yet.
func (s *Service) free(tx *db.Tx, m series, e Exception) error {
	cal, err := s.calendar(tx)
	if err != nil {
		return err
	}
	now := m.input(cal)
	return now.with([]Exception{e}).clash(now, e)
}

// freeFor refuses to put a date into the past or onto another day of the
// market.
func freeFor(tx *db.Tx, m series, e Exception) error {
	if e.Kind == Skip {
		return nil
	}
	heldOn := e.heldOn()
	if w := m.windows(Occurrence{Date: heldOn, Opens: e.Opens, Closes: e.Closes}); !w.opens.After(tx.Now) {
		return fault.Invalid("exception.past", "to", "%s is over", heldOn)
	}
	if e.To == 0 {
		return nil
	}
	days, err := someDays(tx, `WHERE d.market_id = $1 AND d.held_on = $2 AND d.date <> $3 AND d.state <> 'cancelled'`, m.ID, e.To, e.Date)
	if err == nil && len(days) > 0 {
		err = fault.Conflict("exception.taken", "to", "there is already a market day on %s", e.To)
	}
	return err
}

// addExtra checks that an extra day has room and lies ahead.
func (s *Service) addExtra(tx *db.Tx, m series, e Exception) error {
	heldOn := e.heldOn()
	if w := m.windows(Occurrence{Date: heldOn, Opens: e.Opens, Closes: e.Closes}); !w.opens.After(tx.Now) {
		return fault.Invalid("exception.past", "date", "%s is over", heldOn)
	}
	days, err := someDays(tx, `WHERE d.market_id = $1 AND (d.date = $2 OR (d.held_on = $3 AND d.state <> 'cancelled'))`, m.ID, e.Date, heldOn)
	if err != nil {
		return err
	}
	extra := func(o Exception) bool { return o.Kind == Extra && o.Date == e.Date }
	if len(days) > 0 || slices.ContainsFunc(m.Exceptions, extra) || m.Rule.says(e.Date) {
		return fault.Conflict("exception.taken", "date", "there is already a market day for %s", heldOn)
	}
	if err := s.free(tx, m, e); err != nil {
		return err
	}
	return putException(tx, m.ID, e)
}

// RemoveException takes the exception of a date back: a skipped or cancelled
// date that lies ahead is planned anew (as a new day, partners claim again), a
// moved one returns, an extra one without claims goes.
func (s *Service) RemoveException(ctx context.Context, communityID, marketID string, date Date) (Market, error) {
	return s.change(ctx, communityID, marketID, func(tx *db.Tx, m series) error {
		found, err := deleteException(tx, m.ID, date)
		if err == nil && !found {
			err = fault.NotFound("exception.unknown", "date", "there is no exception for %s", date)
		}
		if err != nil {
			return err
		}
		days, err := someDays(tx, `WHERE d.market_id = $1 AND d.date = $2`, m.ID, date)
		if err != nil || len(days) == 0 {
			return err
		}
		d := days[0]
		switch {
		case d.State == Cancelled && d.OpensAt.After(tx.Now):
			return deleteDay(tx, d.ID)
		case d.live() && d.touched() && !m.Rule.says(date):
			return fault.Conflict("exception.claimed", "date", "partners have claimed the extra day, cancel it instead")
		}
		return nil
	})
}

// change runs do on a locked market and then brings its days in line.
func (s *Service) change(ctx context.Context, communityID, marketID string, do func(*db.Tx, series) error) (Market, error) {
	var m series
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if err := lockMarket(tx, scope(communityID), marketID); err != nil {
			return err
		}
		if err := s.planDue(tx, marketID); err != nil { // what was due by what was said so far
			return err
		}
		var err error
		if m, err = oneSeries(tx, scope(communityID), marketID); err != nil {
			return err
		}
		if err := do(tx, m); err != nil {
			return err
		}
		if m, err = oneSeries(tx, scope(communityID), marketID); err != nil {
			return err
		}
		if err := s.reapply(tx, m, nil); err != nil {
			return err
		}
		return s.plan(tx, m)
	})
	return m.Market, err
}

// command runs do on a locked day that has been brought up to now, so that what
// is judged is what is true and not what a scheduler has got round to writing.
func (s *Service) command(ctx context.Context, ref DayRef, do func(*db.Tx, Day) (Day, error)) (Day, error) {
	var out Day
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		d, err := oneDay(tx, scope(ref.CommunityID), ref.DayID)
		if err != nil {
			return err
		}
		if err := lockMarket(tx, "", d.MarketID); err != nil {
			return err
		}
		if err := lockDay(tx, d.ID); err != nil {
			return err
		}
		if d, err = oneDay(tx, "", d.ID); err != nil {
			return err
		}
		if d, err = advance(tx, d); err != nil {
			return err
		}
		out, err = do(tx, d)
		return err
	})
	return out, err
}

// walk makes one transition of a locked day.
func walk(tx *db.Tx, d Day, st step) (Day, error) {
	next, done, err := transit(tx, d, st)
	if err == nil && !done {
		err = fault.Conflict("market_day.changed", "day", "has changed meanwhile, look again")
	}
	return next, err
}

func wrongState(d Day) error {
	switch d.State {
	case Open:
		return fault.Conflict("market_day.running", "day", "the market is open, close it instead")
	case Cancelled:
		return fault.Conflict("market_day.cancelled", "day", "was cancelled")
	case Closed, Settled, Missed:
		return fault.Closed("market_day.over", "day", "is over")
	}
	return fault.Closed("market_day.not_open", "day", "is not open")
}
