package queue

import (
	"errors"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// MarketDayPlanned remembers the day.
func (s *Service) MarketDayPlanned(tx *db.Tx, e event.MarketDayPlanned) error {
	return insertDay(tx, e.Day, e.OpensAt, e.ClosesAt)
}

// MarketDayMoved remembers the new times.
func (s *Service) MarketDayMoved(tx *db.Tx, e event.MarketDayMoved) error {
	return onDay(tx, e.DayID, []string{phasePlanned, phaseOpen}, func(d *dayRow, lines []*work) error {
		d.OpensAt, d.ClosesAt = db.Micros(e.OpensAt), db.Micros(e.ClosesAt)
		for _, w := range lines {
			w.line.opens(d.OpensAt)
			w.line.ClosesAt = d.ClosesAt
			if err := w.changed("moved", w.line.Phase, ""); err != nil {
				return err
			}
			if err := w.finish(); err != nil {
				return err
			}
		}
		return nil
	})
}

// BoothsPublished plans one line per service of every place.
func (s *Service) BoothsPublished(tx *db.Tx, e event.BoothsPublished) error {
	d, err := getDay(tx, e.DayID)
	if err != nil {
		return err
	}
	for _, p := range e.Places {
		if err := planPlace(tx, d, p); err != nil {
			return err
		}
	}
	return nil
}

// BoothAssigned plans the lines of a place given later. Who moves to another
// booth brings the line with its numbers along; a substitute who brings the same
// service to the same booth takes it over.
func (s *Service) BoothAssigned(tx *db.Tx, e event.BoothAssigned) error {
	d, err := getDay(tx, e.DayID)
	if err != nil {
		return err
	}
	return planPlace(tx, d, e.Place)
}

func planPlace(tx *db.Tx, d dayRow, p event.Place) error {
	if d.State != "planned" && d.State != "open" {
		return nil // over: nothing will be queued
	}
	for _, service := range p.Services {
		took, err := takeOver(tx, d, p, service)
		if err != nil {
			return err
		}
		if took {
			continue
		}
		l := lineRow{
			ID: db.NewID(), DayID: d.ID, CommunityID: d.CommunityID, MarketID: d.MarketID, Date: d.Date, AssignmentID: p.AssignmentID,
			BoothID: p.BoothID, BoothCode: p.BoothCode, Zone: p.Zone, PartnerID: p.PartnerID, ServiceID: service.ID, Service: service.Name,
			Kind: Kind(service.Kind), Minutes: service.Minutes, Phase: phasePlanned, OpensAt: d.OpensAt, ClosesAt: d.ClosesAt,
		}
		if l.Kind == Stock {
			l.StockTotal, l.StockLeft = service.Stock, service.Stock
		}
		if err := insertLine(tx, l); err != nil {
			return err
		}
		if err := outbox.Emit(tx, event.LineChanged{Day: l.event(), LineID: l.ID, To: phasePlanned, At: tx.Now}); err != nil {
			return err
		}
	}
	if d.State != "open" {
		return nil
	}
	return openLines(tx, d)
}

// takeOver gives a released line to those who carry it on: the same people with
// the same service at another booth, else others with it at the same booth.
func takeOver(tx *db.Tx, d dayRow, p event.Place, service event.Service) (bool, error) {
	var ids []string
	err := tx.Select(&ids, `SELECT id FROM queue_lines WHERE day_id = $1 AND kind = $2 AND released AND phase IN ('planned', 'open', 'removed')
		AND (partner_id = $3 AND service_id = $4 OR booth_id = $5 AND service = $6)
		ORDER BY CASE WHEN partner_id = $3 AND service_id = $4 THEN 0 ELSE 1 END, next_number DESC, id LIMIT 1`,
		d.ID, service.Kind, p.PartnerID, service.ID, p.BoothID, service.Name)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	w, err := lockByID(tx, ids[0], byClock)
	if err != nil {
		return false, err
	}
	l := &w.line
	l.AssignmentID, l.PartnerID, l.ServiceID, l.Released, l.Paused, l.PausedWhy = p.AssignmentID, p.PartnerID, service.ID, false, false, ""
	l.BoothID, l.BoothCode, l.Zone = p.BoothID, p.BoothCode, p.Zone
	to, from := "resumed", string(LinePaused)
	if l.Phase != phaseOpen {
		to, from, l.Phase = phasePlanned, l.Phase, phasePlanned
	}
	if err := w.changed(to, from, "booth_assigned"); err != nil {
		return false, err
	}
	return true, w.finish()
}

// BoothReleased removes the lines of a place; one with numbers is paused
// instead, so that a substitute or the organizer can look after them.
func (s *Service) BoothReleased(tx *db.Tx, e event.BoothReleased) error {
	var ids []string
	err := tx.Select(&ids, `SELECT id FROM queue_lines WHERE day_id = $1 AND assignment_id = $2 AND phase IN ('planned', 'open') ORDER BY id`,
		e.DayID, e.AssignmentID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := lockByID(tx, id, byClock)
		if err != nil {
			return err
		}
		if err := w.release(); err != nil {
			return err
		}
	}
	return nil
}

// release takes the line's place away.
func (w *work) release() error {
	to, from := string(LinePaused), w.line.Phase
	if w.line.Released = true; w.line.NextNumber == 1 {
		to, w.line.Phase = phaseRemoved, phaseRemoved
	} else {
		w.line.Paused, w.line.PausedWhy = true, WhyReleased
	}
	if err := w.changed(to, from, WhyReleased); err != nil {
		return err
	}
	return w.finish()
}

// MarketDayOpened opens the lines; who was not served last time gets the first numbers.
func (s *Service) MarketDayOpened(tx *db.Tx, e event.MarketDayOpened) error {
	d, err := getDay(tx, e.DayID)
	if err != nil {
		return err
	}
	if d.State != "planned" {
		return nil
	}
	d.State, d.ClosesAt = "open", db.Micros(e.ClosesAt)
	d.OpensAt = min(db.Micros(e.EffectiveAt), db.Micros(tx.Now)) // whoever told us, it is open now
	if err := saveDay(tx, d); err != nil {
		return err
	}
	return openLines(tx, d)
}

func openLines(tx *db.Tx, d dayRow) error {
	ids, err := lineIDs(tx, d.ID, phasePlanned)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := lockByID(tx, id, byClock)
		if err != nil {
			return err
		}
		w.line.opens(d.OpensAt)
		w.line.Phase, w.line.ClosesAt = phaseOpen, d.ClosesAt
		if err := w.changed("opened", phasePlanned, ""); err != nil {
			return err
		}
		if err := w.finish(); err != nil {
			return err
		}
	}
	return carryIn(tx, ids)
}

// MarketDayClosed ends the numbers: who waits comes first next time, who was
// called may be served until ServeUntil.
func (s *Service) MarketDayClosed(tx *db.Tx, e event.MarketDayClosed) error {
	err := onDay(tx, e.DayID, []string{phasePlanned, phaseOpen}, func(d *dayRow, lines []*work) error {
		if d.State == "closed" {
			return nil
		}
		d.State, d.ServeUntil, d.UndoUntil = "closed", db.Micros(e.ServeUntil), µs(e.UndoUntil)
		d.ClosesAt = min(d.ClosesAt, max(db.Micros(e.EffectiveAt), db.Micros(tx.Now)))
		for _, w := range lines {
			if err := w.close(e.EffectiveAt, e.ServeUntil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tellLinesClosed(tx, e.Day) // a day without lines is over at once
}

// close is what the end of the day means for one line. A close before the
// planned time takes effect when we hear of it, after the last number given.
func (w *work) close(effective, serveUntil time.Time) error {
	w.by = byClock
	if db.Micros(effective) < w.line.ClosesAt {
		var last int64
		if err := w.tx.Get(&last, `SELECT COALESCE(MAX(issued_at), 0) FROM queue_tickets WHERE line_id = $1`, w.line.ID); err != nil {
			return err
		}
		w.line.ClosesAt = min(w.line.ClosesAt, max(db.Micros(w.tx.Now), last+1))
	}
	w.line.Phase, w.line.ServeUntil = phaseClosing, db.Micros(serveUntil)
	if err := w.changed(phaseClosing, phaseOpen, ""); err != nil {
		return err
	}
	if err := w.expireWaiting(WhyDayClosed); err != nil {
		return err
	}
	return w.finish()
}

// MarketDayCancelled ends a day that will not take place.
func (s *Service) MarketDayCancelled(tx *db.Tx, e event.MarketDayCancelled) error {
	return drop(tx, e.DayID, "cancelled")
}

// MarketDayMissed ends a day that was over before anyone knew.
func (s *Service) MarketDayMissed(tx *db.Tx, e event.MarketDayMissed) error {
	return drop(tx, e.DayID, "missed")
}

// drop takes a day's lines away. Numbers already given (an open day was
// cancelled) have an end and come first next time.
func drop(tx *db.Tx, dayID, state string) error {
	err := onDay(tx, dayID, []string{phasePlanned, phaseOpen}, func(d *dayRow, lines []*work) error {
		d.State = state
		for _, w := range lines {
			w.by = byClock
			if err := w.expireWaiting(WhyDayCancelled); err != nil {
				return err
			}
			if err := w.endCalled(); err != nil {
				return err
			}
			if w.line.Phase = phaseRemoved; w.line.NextNumber > 1 {
				w.line.Phase = phaseClosed
			}
			if err := w.changed(string(LineClosed), phaseOpen, WhyDayCancelled); err != nil {
				return err
			}
			if err := w.finish(); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, forgetSources(tx, dayID))
}

// onDay holds the lines of a day that are in the given phases, then the day,
// and saves the day after do.
func onDay(tx *db.Tx, dayID string, phases []string, do func(*dayRow, []*work) error) error {
	ids, err := lineIDs(tx, dayID, phases...)
	if err != nil {
		return err
	}
	lines := make([]*work, len(ids))
	for i, id := range ids {
		if lines[i], err = lockByID(tx, id, byClock); err != nil {
			return err
		}
	}
	d, err := getDay(tx, dayID)
	if err != nil {
		return err
	}
	if err := do(&d, lines); err != nil {
		return err
	}
	return saveDay(tx, d)
}

// carryIn gives the first numbers of freshly opened lines to those who were
// not served last time: first by partner and service, then by the service's name.
func carryIn(tx *db.Tx, ids []string) error {
	for _, byName := range []bool{false, true} {
		for _, id := range ids {
			l, err := getLine(tx, id)
			if err != nil {
				return err
			}
			rows, err := carriedFor(tx, l, byName)
			if err != nil {
				return err
			}
			for _, c := range rows {
				if err := giveCarried(tx, l, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func giveCarried(tx *db.Tx, to lineRow, c carryRow) error {
	r := IssueRequest{DayID: to.DayID, LineID: to.ID, Visitor: c.Visitor, Via: c.Via, Proxy: c.Proxy, Priority: c.Priority}
	l, err := takeNumber(tx, r)
	if noRows(err) { // already over, or sold out: the row stays and lapses with the day
		return nil
	}
	if err != nil {
		return err
	}
	t := newTicket(tx, l, r)
	t.Carried = true
	fresh, err := insertTicket(tx, t, "", "")
	if err == nil && !fresh { // the card had two lines that became one: both numbers stay
		t.Proxy = true
		_, err = insertTicket(tx, t, "", "")
	}
	if err != nil {
		return err
	}
	if err := markGiven(tx, c, t); err != nil {
		return err
	}
	return tellIssued(tx, l, t)
}
