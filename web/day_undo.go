package web

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"yiji/internal/db"
	"yiji/scheduler"
)

// stepsInto reads what happened to the day, and the step that can be undone.
func (c *call) stepsInto(v *marketDayView) (err error) {
	if v.History, err = c.server.Scheduler.History(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil || !v.organizes() {
		return err
	}
	if v.Undo, err = c.server.Scheduler.Undoable(c.ctx(), c.dayRef()); err != nil {
		return err
	}
	if v.Undo != nil && v.Undo.Step == scheduler.Open { // what would be refused is not offered
		given, err := c.server.Queue.NumbersGiven(c.ctx(), c.In.CommunityID, v.Day.ID)
		if err != nil {
			return err
		}
		if given {
			v.Undo = nil
		}
	}
	v.Names = map[string]string{}
	for _, h := range v.History {
		if h.UndoneBy == "" || len(v.Names) > 0 {
			continue
		}
		if v.Names, err = c.names(); err != nil {
			return err
		}
	}
	return nil
}

// undoText says what the undo takes back and how long it is there.
func (v marketDayView) undoText() string {
	left := strconv.Itoa(int((v.Undo.Until.Sub(v.Now) + time.Minute - 1) / time.Minute))
	switch v.Undo.Step {
	case scheduler.Confirmed:
		return v.T("duty.undo_confirm", "n", left)
	case scheduler.Open:
		return v.T("duty.undo_open", "n", left)
	case scheduler.Cancelled:
		return v.T("duty.undo_cancel", "n", left)
	}
	return v.T("duty.undo_close", "n", left)
}

// undoneText says when a step was taken back, and by whom.
func (v marketDayView) undoneText(h scheduler.Transition) string {
	if name := v.Names[h.UndoneBy]; name != "" {
		return v.T("duty.undone_by", "at", v.momentText(h.UndoneAt), "who", name)
	}
	return v.T("duty.undone", "at", v.momentText(h.UndoneAt))
}

// dayUndo takes an early step back.
func (s *Server) dayUndo(c *call) error {
	f := c.form("step")
	if _, err := s.undoStep(c, f.Get("step")); err != nil {
		return s.marketDayAgain(c, f, err)
	}
	return c.stepped("done.duty_undone")
}

// hearingWait is how long a page waits for what follows from a step.
const hearingWait = 2 * time.Second

// hears waits for that; false: the page's figures are still those from before.
func (c *call) hears() bool {
	if c.server.heard == nil {
		return true
	}
	ctx, stop := context.WithTimeout(c.ctx(), hearingWait)
	defer stop()
	return c.server.heard(ctx) == nil
}

// stepped leads back to the day after a step, once its figures are right. When
// that takes long the page says so and looks again.
func (c *call) stepped(note string) error {
	to := "/o/" + c.Community.Slug + "/days/" + c.Param("day")
	if !c.hears() {
		to += "?updating=1"
	}
	return c.done(to, note)
}

// marketDayAgain shows the day's page with one of its buttons refused.
func (s *Server) marketDayAgain(c *call, f form, failed error) error {
	at, err := s.marketDayPage(c, f.failed(faultOf(failed)))
	if err != nil {
		return err
	}
	return c.again(f, failed, func(form) templ.Component { return at })
}

// undoStep takes a step back unless the world has moved on: an opening cannot be
// undone once somebody has a number.
func (s *Server) undoStep(c *call, step string) (scheduler.Day, error) {
	ref := c.dayRef()
	ref.By = c.Actor.PersonID
	return s.Scheduler.Undo(c.ctx(), ref, scheduler.State(step), func(tx *db.Tx, d scheduler.Day) error {
		if d.State != scheduler.Open {
			return nil
		}
		return s.Queue.Untouched(tx, d.CommunityID, d.ID)
	})
}
