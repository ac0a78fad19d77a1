package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// A cancelled day comes back as it was: its state, its hours, why it was moved,
// the exception of its date; and from then on it lives as if nothing had been.
func TestACancellationIsUndone(t *testing.T) {
	for at, was := range map[string]State{"2025-12-05 08:00": Planned, "2026-01-10 08:00": Claiming, "2026-01-19 08:00": Confirmed} {
		for _, c := range []struct {
			name        string
			before      func(s *stage, d Day) Day
			replacement string
		}{
			{"plain", nil, ""},
			{"moved", func(s *stage, d Day) Day {
				nine := TimeOfDay(9*60 + 30)
				return must[Day](s.t)(s.Move(s.ctx, s.ref(d), MoveOrder{To: day(s.t, "2026-01-20"), Opens: &nine, Why: "搬迁"}))
			}, ""},
			{"replaced", nil, "2026-03-05"},
		} {
			t.Run(fmt.Sprint(was, " ", c.name), func(t *testing.T) {
				onStage(t, "2025-12-01 08:00", func(t *testing.T, s *stage) {
					m := s.market(`{"monthly":{"days":[19]}}`)
					d := s.dayOf(m, "2026-01-19")
					if c.before != nil {
						d = c.before(s, d)
					}
					if was == Confirmed {
						s.tickAt("2026-01-10 08:00") // claims had their time
					}
					s.tickAt(at)
					before := must[Day](t)(s.Day(s.ctx, s.comm.ID, d.ID))
					if before.State != was {
						t.Fatalf("%s before", before.State)
					}
					exceptions := must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID)).Exceptions
					var instead Date
					if c.replacement != "" {
						instead = day(t, c.replacement)
					}
					must[Day](t)(s.Cancel(s.ctx, s.ref(d), "大雪", instead))
					told := decode[event.MarketDayCancelled](t, events(t, s.db, d.ID))
					if u := must[*Undoable](t)(s.Undoable(s.ctx, s.ref(d))); u == nil || u.Step != Cancelled || !u.Until.Equal(told.UndoUntil) {
						t.Fatalf("offered %+v, told %+v", u, told)
					}
					s.clock.Push(UndoFor - time.Second)
					for range 2 { // twice is once
						must[Day](t)(s.Undo(s.ctx, s.ref(d), Cancelled, still))
					}
					after := must[Day](t)(s.Day(s.ctx, s.comm.ID, d.ID))
					if fmt.Sprint(after) != fmt.Sprint(before) {
						t.Fatalf("was  %+v\nis   %+v", before, after)
					}
					if got := must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID)).Exceptions; fmt.Sprint(got) != fmt.Sprint(exceptions) {
						t.Errorf("exceptions %v, were %v", got, exceptions)
					}
					if c.replacement != "" && slices.ContainsFunc(s.days(m), func(x Day) bool { return x.HeldOn == instead }) {
						t.Error("its replacement is still there")
					}
					e := decode[event.MarketDayUndone](t, events(t, s.db, d.ID))
					if e.From != "cancelled" || e.To != string(was) {
						t.Errorf("told %+v", e)
					}
					s.tickAt("2026-01-20 09:45")
					if got := must[Day](t)(s.Day(s.ctx, s.comm.ID, d.ID)).State; got != Open && c.name == "moved" || got == Cancelled {
						t.Errorf("it is %s in its time", got)
					}
					if bad := must[[]db.Broken](t)(s.db.Check(s.ctx, Invariants)); len(bad) > 0 {
						t.Fatal(bad)
					}
				})
			})
		}
	}
}

// What people already count on is not taken from them, and ten minutes are ten.
func TestACancellationStands(t *testing.T) {
	onStage(t, "2026-01-10 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		d := s.dayOf(m, "2026-01-19")
		refused := func(code string) {
			t.Helper()
			if _, err := s.Undo(s.ctx, s.ref(d), Cancelled, still); !fault.Is(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		refused("market_day.undo_changed")
		must[Day](t)(s.Cancel(s.ctx, s.ref(d), "雪", day(t, "2026-01-21"))) // claims of that day have begun at once
		refused("market_day.undo_replaced")
		s.clock.Push(UndoFor)
		refused("market_day.undo_late")
		// cancelled by an edit after an undo: what was before the first time is not put back
		d = s.dayOf(m, "2026-02-19")
		must[Day](t)(s.Cancel(s.ctx, s.ref(d), "雪", 0))
		must[Day](t)(s.Undo(s.ctx, s.ref(d), Cancelled, still))
		if _, err := s.AddException(s.ctx, s.comm.ID, m.ID, Exception{Kind: Skip, Date: d.Date, Why: "放假"}); err != nil {
			t.Fatal(err)
		}
		if u := must[*Undoable](t)(s.Undoable(s.ctx, s.ref(d))); u != nil {
			t.Errorf("offered %+v", u)
		}
	})
}
