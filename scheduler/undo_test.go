package scheduler

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// still: nothing else has moved on.
func still(*db.Tx, Day) error { return nil }

// early makes one early step of the day of 2026-01-19, 9:00 to 11:30.
func (s *stage) early(d Day, step State) Day {
	s.t.Helper()
	switch step {
	case Confirmed:
		return must[Day](s.t)(s.Confirm(s.ctx, s.ref(d)))
	case Open:
		return must[Day](s.t)(s.Open(s.ctx, s.ref(d)))
	}
	return must[Day](s.t)(s.Close(s.ctx, s.ref(d), "下雨"))
}

func TestEarlyStepsAreUndone(t *testing.T) {
	for _, c := range []struct {
		step      State
		at, clock string // when it is done, when the clock would do it
		was       State
	}{
		{Confirmed, "2026-01-10 08:00", "2026-01-16 18:00", Claiming},
		{Open, "2026-01-19 08:30", "2026-01-19 09:00", Confirmed},
		{Closed, "2026-01-19 10:00", "2026-01-19 11:30", Open},
	} {
		t.Run(string(c.step), func(t *testing.T) {
			onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
				m := s.market(`{"monthly":{"days":[19]}}`)
				s.tickAt(c.at)
				before := s.dayOf(m, "2026-01-19")
				if before.State != c.was {
					t.Fatalf("%s before", before.State)
				}
				s.early(before, c.step)
				u := must[*Undoable](t)(s.Undoable(s.ctx, s.ref(before)))
				if u == nil || u.Step != c.step || !u.Until.Equal(local(t, c.at).Add(UndoFor)) {
					t.Fatalf("undoable %+v", u)
				}
				s.clock.Set(local(t, c.at).Add(UndoFor - time.Second))
				for range 2 { // twice is once
					if d := must[Day](t)(s.Undo(s.ctx, s.ref(before), c.step, still)); d.State != c.was {
						t.Fatalf("undone to %s", d.State)
					}
				}
				after := s.dayOf(m, "2026-01-19")
				if fmt.Sprint(after) != fmt.Sprint(before) {
					t.Fatalf("was  %+v\nis   %+v", before, after)
				}
				e := decode[event.MarketDayUndone](t, events(t, s.db, after.ID))
				if e.From != string(c.step) || e.To != string(c.was) || !e.ClosesAt.Equal(after.ClosesAt) {
					t.Fatalf("told %+v", e)
				}
				h := must[[]Transition](t)(s.History(s.ctx, s.comm.ID, after.ID))
				if last := h[len(h)-1]; last.State != c.step || !last.UndoneAt.Equal(s.clock.Now()) || last.UndoneBy != "wang" {
					t.Fatalf("history ends with %+v", last)
				}
				s.tickAt(c.clock) // the clock makes the step in its time, once
				if d := s.dayOf(m, "2026-01-19"); d.State != c.step {
					t.Fatalf("%s at its planned time", d.State)
				}
				n := 0
				for _, x := range must[[]Transition](t)(s.History(s.ctx, s.comm.ID, after.ID)) {
					if x.State == c.step {
						n++
					}
				}
				if n != 2 {
					t.Fatalf("%d lines about it", n)
				}
				if bad := must[[]db.Broken](t)(s.db.Check(s.ctx, Invariants)); len(bad) > 0 {
					t.Fatal(bad)
				}
			})
		})
	}
}

func TestUndoIsRefused(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		d := s.dayOf(m, "2026-01-19")
		refused := func(step State, code string) {
			t.Helper()
			if u := must[*Undoable](t)(s.Undoable(s.ctx, s.ref(d))); u != nil && u.Step == step {
				t.Errorf("offered: %+v", u)
			}
			if _, err := s.Undo(s.ctx, s.ref(d), step, still); !fault.Is(err, code) {
				t.Errorf("undo of %s: %v, want %s", step, err, code)
			}
		}
		refused(Claiming, "market_day.undo_step")
		refused(Confirmed, "market_day.undo_changed")
		s.early(d, Confirmed)
		refused(Open, "market_day.undo_changed")
		if _, err := s.Undo(s.ctx, DayRef{CommunityID: "another", DayID: d.ID}, Confirmed, still); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("another community: %v", err)
		}
		if _, err := s.Undo(s.ctx, s.ref(d), Confirmed, func(*db.Tx, Day) error { return fault.Conflict("x", "", "moved on") }); !fault.Is(err, "x") {
			t.Errorf("the world moved on: %v", err)
		}
		s.clock.Set(s.clock.Now().Add(UndoFor))
		refused(Confirmed, "market_day.undo_late")
		s.tickAt("2026-01-19 08:55")
		s.early(d, Open)
		s.clock.Set(local(t, "2026-01-19 09:00")) // five minutes later its time has come
		refused(Open, "market_day.undo_due")
		s.tickAt("2026-01-19 11:30")
		refused(Closed, "market_day.undo_clock")
	})
}

// Opened from claiming, everything on the way is the organizer's: undone step by step.
func TestOpeningFromClaimingIsUndoneStepByStep(t *testing.T) {
	onStage(t, "2026-01-19 08:30", func(t *testing.T, s *stage) {
		m := s.market(`{"dates":["2026-01-19"]}`, func(m *Market) {
			m.Leads = DefaultLeads()
			m.Leads.ClaimDays, m.Leads.StandingDays, m.Leads.ConfirmDays = 0, 0, 0
			m.Leads.ClaimAt = 8 * 60
		})
		d := s.dayOf(m, "2026-01-19")
		s.early(d, Open)
		for _, step := range []State{Open, Confirmed} {
			must[Day](t)(s.Undo(s.ctx, s.ref(d), step, still))
		}
		if d = s.dayOf(m, "2026-01-19"); d.State != Claiming {
			t.Fatalf("%s", d.State)
		}
		s.tickAt("2026-01-19 09:00")
		if d = s.dayOf(m, "2026-01-19"); d.State != Open || !d.OpenedAt.Equal(d.OpensAt) {
			t.Fatalf("%s at %s", d.State, d.OpenedAt)
		}
	})
}

// What the queue told before it heard of the undo does not settle the day.
func TestAStaleEndOfLinesSettlesNothing(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		s.tickAt("2026-01-19 10:00")
		d := s.dayOf(m, "2026-01-19")
		s.early(d, Closed)
		must[Day](t)(s.Undo(s.ctx, s.ref(d), Closed, still))
		s.settle(d)
		if d = s.dayOf(m, "2026-01-19"); d.State != Open {
			t.Fatalf("%s", d.State)
		}
		s.tickAt("2026-01-19 11:30")
		s.settle(d)
		if d = s.dayOf(m, "2026-01-19"); d.State != Settled {
			t.Fatalf("%s", d.State)
		}
	})
}

// Two organizers press at once, and the clock with them: the step is undone at
// most once, and never together with the clock's.
func TestUndoAgainstOthers(t *testing.T) {
	houses(t, func(t *testing.T, all []*Service) {
		k := must[Community](t)(all[0].SaveCommunity(t.Context(), Community{Slug: "c", Name: "社区"}))
		m := must[Market](t)(all[0].SaveMarket(t.Context(), plainMarket(t, k.ID, "jiu", "市集")))
		days := must[[]Day](t)(all[0].Days(t.Context(), k.ID, DayFilter{MarketID: m.ID}))
		ref := DayRef{CommunityID: k.ID, DayID: days[0].ID, By: "wang"}
		for range 4 {
			must[Day](t)(all[0].Confirm(t.Context(), ref))
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					s := all[i%len(all)]
					var err error
					if i%4 == 3 {
						_, err = s.Tick(t.Context())
					} else {
						_, err = s.Undo(t.Context(), ref, Confirmed, still)
					}
					if err != nil {
						t.Errorf("person %d was told %v", i, err)
					}
				})
			}
			group.Wait()
		}
		h := must[[]Transition](t)(all[0].History(t.Context(), k.ID, ref.DayID))
		undone := slices.DeleteFunc(h, func(x Transition) bool { return x.UndoneAt.IsZero() })
		if len(undone) != 4 {
			t.Errorf("%d steps undone: %+v", len(undone), undone)
		}
		n := 0
		for _, e := range events(t, all[0].db, ref.DayID) {
			if e.Name == (event.MarketDayUndone{}).Name() {
				n++
			}
		}
		if n != 4 {
			t.Errorf("told %d times", n)
		}
	})
}

// Whatever people and the clock do, a day that goes back goes back by a person,
// and what counts is entered once, in order.
func TestUndoModel(t *testing.T) {
	c, s, k := house(t)
	start := c.Now()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		c.Set(start)
		m, err := s.SaveMarket(t.Context(), Market{CommunityID: k.ID, Slug: fmt.Sprint("m", n), Name: "市集", Venue: "门口",
			Rule: Rule{Dates: []Date{NewDate(2026, 1, 5)}}, Opens: 9 * 60, Closes: 10 * 60})
		if err != nil {
			t.Fatal(err)
		}
		days, err := s.Days(t.Context(), k.ID, DayFilter{MarketID: m.ID})
		if err != nil || len(days) != 1 {
			t.Fatal(days, err)
		}
		ref, was := DayRef{CommunityID: k.ID, DayID: days[0].ID, By: "wang"}, days[0].State
		for range rapid.IntRange(4, 14).Draw(t, "presses") {
			c.Set(c.Now().Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "minutes")) * time.Minute))
			press := rapid.SampledFrom([]string{"tick", "confirm", "open", "close", "cancel", "undo confirmed", "undo open", "undo closed", "undo cancelled", "lines"}).Draw(t, "press")
			d, err := s.press(t.Context(), ref, press)
			if err != nil {
				if fault.KindOf(err) == fault.KindInternal {
					t.Fatal(err)
				}
				continue
			}
			if slices.Index(States, d.State) < slices.Index(States, was) && press[:2] != "un" {
				t.Fatalf("%s took the day from %s back to %s", press, was, d.State)
			}
			was = d.State
		}
		c.Set(start.Add(3 * time.Hour))
		if d, err := s.press(t.Context(), ref, "tick"); err != nil || d.State != Closed && d.State != Settled && d.State != Cancelled {
			t.Fatal(d.State, err)
		}
		for _, why := range untrue(t, s, m, start) {
			t.Error(why)
		}
	})
}

// press is one press of a button, or the clock; it returns the day as it is then.
func (s *Service) press(ctx context.Context, ref DayRef, what string) (d Day, err error) {
	switch what {
	case "tick":
		_, err = s.Tick(ctx)
	case "confirm":
		_, err = s.Confirm(ctx, ref)
	case "open":
		_, err = s.Open(ctx, ref)
	case "close":
		_, err = s.Close(ctx, ref, "雨")
	case "cancel":
		_, err = s.Cancel(ctx, ref, "雪", 0)
	case "lines":
		if d, err = s.Day(ctx, ref.CommunityID, ref.DayID); err == nil && d.State == Closed {
			err = s.db.Update(ctx, func(tx *db.Tx) error { return s.LinesClosed(tx, event.LinesClosed{Day: d.Ref(), At: tx.Now}) })
		}
	default:
		_, err = s.Undo(ctx, ref, State(what[len("undo "):]), still)
	}
	if err != nil {
		return d, err
	}
	return s.Day(ctx, ref.CommunityID, ref.DayID)
}
