package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

func TestLifeOfADay(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		var dates []string
		for _, d := range s.days(m) {
			dates = append(dates, d.Date.String()+" on "+d.HeldOn.String()+" "+string(d.State))
		}
		want := []string{"2026-01-19 on 2026-01-19 claiming", "2026-02-19 on 2026-02-24 planned"}
		if diff := cmp.Diff(want, dates); diff != "" {
			t.Fatal(diff)
		}
		for _, step := range []struct {
			at    string
			state State
		}{
			{"2026-01-16 17:59", Claiming}, {"2026-01-16 18:00", Confirmed}, {"2026-01-19 08:59", Confirmed},
			{"2026-01-19 09:00", Open}, {"2026-01-19 11:29", Open}, {"2026-01-19 11:30", Closed},
		} {
			s.tickAt(step.at)
			if got := s.dayOf(m, "2026-01-19").State; got != step.state {
				t.Fatalf("at %s: %s, want %s", step.at, got, step.state)
			}
		}
		d := s.dayOf(m, "2026-01-19")
		if want := local(t, "2026-01-19 11:45"); !d.ServeUntil.Equal(want) || !d.ClosedAt.Equal(d.ClosesAt) {
			t.Fatalf("served until %s, closed at %s", d.ServeUntil, d.ClosedAt)
		}
		s.settle(d)
		evs := events(t, s.db, d.ID)
		wantNames := []string{"market_day.planned.v1", "market_day.claiming_opened.v1", "market_day.confirmed.v1", "market_day.opened.v1", "market_day.closed.v1", "market_day.settled.v1"}
		if diff := cmp.Diff(wantNames, names(evs)); diff != "" {
			t.Fatal(diff)
		}
		settled := decode[event.MarketDaySettled](t, evs)
		if settled.NextDate != "2026-02-24" || settled.NextDay != s.dayOf(m, "2026-02-19").ID {
			t.Fatalf("settled tells %+v", settled)
		}
		planned := decode[event.MarketDayPlanned](t, events(t, s.db, settled.NextDay))
		if planned.HeldOn != "2026-02-24" || planned.Date != "2026-02-19" || planned.Market != m.Name || planned.TimeZone != "Asia/Shanghai" {
			t.Fatalf("planned tells %+v", planned)
		}
	})
}

func (s *stage) settle(d Day) {
	s.t.Helper()
	err := s.db.Update(s.ctx, func(tx *db.Tx) error { return s.LinesClosed(tx, event.LinesClosed{Day: d.Ref(), At: tx.Now}) })
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) claim(d Day) {
	s.t.Helper()
	err := s.db.Update(s.ctx, func(tx *db.Tx) error {
		return s.ClaimMade(tx, event.ClaimMade{Day: d.Ref(), ClaimID: "c", PartnerID: "p"})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestTickAsksForTheNextInstant(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		if next := s.tick(); !next.IsZero() {
			t.Fatalf("nothing is planned, but %s is asked for", next)
		}
		s.market(`{"monthly":{"days":[19]}}`)
		s.clock.Set(local(t, "2026-01-16 18:00"))
		// 2026-03-19 is 59 days ahead of 2026-01-19
		if got, want := s.tick(), local(t, "2026-01-19 00:00"); !got.Equal(want) {
			t.Fatalf("next tick %s, want planning at %s", got, want)
		}
		s.clock.Set(local(t, "2026-01-19 00:00"))
		if got, want := s.tick(), local(t, "2026-01-19 09:00"); !got.Equal(want) {
			t.Fatalf("next tick %s, want the opening %s", got, want)
		}
		s.clock.Set(local(t, "2026-01-20 00:00"))
		if got, want := s.tick(), local(t, "2026-02-03 10:00"); !got.Equal(want) {
			t.Fatalf("next tick %s, want claims of 02-24 at %s", got, want)
		}
	})
}

func TestPlannedLessThan60DaysAhead(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"dates":["2026-03-19"]}`)
		s.tickAt("2026-01-18 23:59")
		if n := len(s.days(m)); n != 0 {
			t.Fatalf("%d days 60 days ahead", n)
		}
		s.tickAt("2026-01-19 00:00")
		if n := len(s.days(m)); n != 1 {
			t.Fatalf("%d days 59 days ahead", n)
		}
	})
}

func TestCatchUpInOrder(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		d := s.dayOf(m, "2026-01-19")
		s.tickAt("2026-01-19 12:00") // slept over confirming, opening and closing
		h := must[[]Transition](t)(s.History(s.ctx, s.comm.ID, d.ID))
		var states []State
		for i, tr := range h {
			states = append(states, tr.State)
			if i > 0 && tr.EffectiveAt.Before(h[i-1].EffectiveAt) {
				t.Errorf("%s is effective before %s", tr.State, h[i-1].State)
			}
		}
		if want := []State{Planned, Claiming, Confirmed, Open, Closed}; !slices.Equal(states, want) {
			t.Fatalf("history %v", states)
		}
		opened := decode[event.MarketDayOpened](t, events(t, s.db, d.ID))
		closed := decode[event.MarketDayClosed](t, events(t, s.db, d.ID))
		if !opened.EffectiveAt.Equal(local(t, "2026-01-19 09:00")) || opened.LateSeconds != 3*3600 || closed.LateSeconds != 1800 {
			t.Fatalf("opened %+v closed %+v", opened, closed)
		}
		if h[3].Late() != 3*time.Hour {
			t.Fatalf("the opening is %s late", h[3].Late())
		}
	})
}

func TestMissed(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		s.tickAt("2026-05-20 08:00") // away for months: March to May were never planned
		var got []string
		for _, d := range s.days(m) {
			got = append(got, d.Date.String()+" "+string(d.State))
		}
		want := []string{"2026-01-19 closed", "2026-02-19 closed", "2026-03-19 missed", "2026-04-19 missed", "2026-05-19 missed", "2026-06-19 planned"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		d := s.dayOf(m, "2026-04-19")
		if got := names(events(t, s.db, d.ID)); !slices.Equal(got, []string{"market_day.planned.v1", "market_day.missed.v1"}) {
			t.Fatalf("told %v", got)
		}
	})
}

func TestDaysBeforeTheMarketAreNotMissed(t *testing.T) {
	onStage(t, "2026-01-19 12:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		if days := s.days(m); len(days) != 2 || days[0].Date.String() != "2026-02-19" {
			t.Fatalf("planned %v", days)
		}
	})
}

// Saving a market three days before its day leaves partners a window.
func TestLateClaims(t *testing.T) {
	onStage(t, "2026-01-17 09:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		d := s.dayOf(m, "2026-01-19")
		e := decode[event.MarketDayClaimingOpened](t, events(t, s.db, d.ID))
		if d.State != Claiming || !e.EffectiveAt.Equal(local(t, "2026-01-17 09:00")) || !e.ConfirmAt.Equal(local(t, "2026-01-18 09:00")) {
			t.Fatalf("%s, claims %+v", d.State, e)
		}
		if !e.StandingUntil.After(e.EffectiveAt) || !e.StandingUntil.Before(e.ConfirmAt) || !d.ConfirmAt.Equal(e.ConfirmAt) {
			t.Fatalf("first refusal until %s", e.StandingUntil)
		}
		s.tickAt("2026-01-18 09:00")
		if d = s.dayOf(m, "2026-01-19"); d.State != Confirmed {
			t.Fatalf("%s after the window", d.State)
		}
	})
}

func TestCommandsJudgedByTime(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		d := s.dayOf(m, "2026-01-19")
		s.clock.Set(local(t, "2026-01-19 12:00")) // nobody has ticked since New Year
		if got := d.StateAt(s.clock.Now()); got != Closed {
			t.Fatalf("true state %s", got)
		}
		if _, err := s.Cancel(s.ctx, s.ref(d), "下雨", 0); fault.KindOf(err) != fault.KindClosed {
			t.Fatalf("cancelled a day that is over: %v", err)
		}
		if _, err := s.Open(s.ctx, s.ref(d)); fault.KindOf(err) != fault.KindClosed {
			t.Fatalf("opened a day that is over: %v", err)
		}
		// the refusal undid its transaction; the tick writes it down
		s.tick()
		if got := s.dayOf(m, "2026-01-19").State; got != Closed {
			t.Fatalf("state %s", got)
		}
	})
}

func TestOrganizerCommands(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		jan, feb := s.dayOf(m, "2026-01-19"), s.dayOf(m, "2026-02-19")
		if _, err := s.Confirm(s.ctx, s.ref(feb)); !fault.Is(err, "market_day.claims_not_open") {
			t.Fatalf("confirmed before claims: %v", err)
		}
		if d := must[Day](t)(s.Confirm(s.ctx, s.ref(jan))); d.State != Confirmed {
			t.Fatalf("confirm: %s", d.State)
		}
		must[Day](t)(s.Confirm(s.ctx, s.ref(jan))) // twice is once
		s.clock.Set(local(t, "2026-01-19 07:59"))
		if _, err := s.Open(s.ctx, s.ref(jan)); !fault.Is(err, "market_day.too_early") {
			t.Fatalf("opened 61 minutes early: %v", err)
		}
		if _, err := s.Close(s.ctx, s.ref(jan), ""); !fault.Is(err, "market_day.not_open") {
			t.Fatalf("closed before opening: %v", err)
		}
		s.clock.Set(local(t, "2026-01-19 08:00"))
		must[Day](t)(s.Open(s.ctx, s.ref(jan)))
		s.tickAt("2026-01-19 09:00") // the clock does not open it again
		if _, err := s.Cancel(s.ctx, s.ref(jan), "雨", 0); !fault.Is(err, "market_day.running") {
			t.Fatalf("cancelled while open: %v", err)
		}
		s.clock.Set(local(t, "2026-01-19 10:00"))
		d := must[Day](t)(s.Close(s.ctx, s.ref(jan), "下大雨"))
		if !d.ServeUntil.Equal(local(t, "2026-01-19 10:15")) || d.Reason != "下大雨" {
			t.Fatalf("closed %+v", d)
		}
		s.tickAt("2026-01-19 11:30")
		got := names(events(t, s.db, jan.ID))
		want := []string{"market_day.planned.v1", "market_day.claiming_opened.v1", "market_day.confirmed.v1", "market_day.opened.v1", "market_day.closed.v1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if _, err := s.Close(s.ctx, DayRef{CommunityID: "another", DayID: jan.ID}, ""); fault.KindOf(err) != fault.KindNotFound {
			t.Fatalf("another community: %v", err)
		}
	})
}

func TestCancelMoveAndBack(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		jan := s.dayOf(m, "2026-01-19")
		d := must[Day](t)(s.Move(s.ctx, s.ref(jan), MoveOrder{To: day(t, "2026-01-21"), Why: "场地维修"}))
		if d.Date != jan.Date || d.HeldOn.String() != "2026-01-21" || !d.OpensAt.Equal(local(t, "2026-01-21 09:00")) || d.State != Claiming {
			t.Fatalf("moved %+v", d)
		}
		must[Market](t)(s.SaveMarket(s.ctx, must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID)))) // saving again keeps the move
		if got := s.dayOf(m, "2026-01-19").HeldOn.String(); got != "2026-01-21" {
			t.Fatalf("after saving held on %s", got)
		}
		must[Market](t)(s.RemoveException(s.ctx, s.comm.ID, m.ID, jan.Date))
		if got := s.dayOf(m, "2026-01-19").HeldOn; got != jan.HeldOn {
			t.Fatalf("back on %s", got)
		}
		if _, err := s.Move(s.ctx, s.ref(jan), MoveOrder{To: day(t, "2026-02-24"), Why: "x"}); !fault.Is(err, "exception.taken") {
			t.Fatalf("two days on one date: %v", err)
		}
		if _, err := s.Move(s.ctx, s.ref(jan), MoveOrder{To: day(t, "2025-12-31"), Why: "x"}); fault.KindOf(err) != fault.KindInvalid {
			t.Fatalf("moved into the past: %v", err)
		}
		s.claim(jan)
		d = must[Day](t)(s.Cancel(s.ctx, s.ref(jan), "暴雪", day(t, "2026-01-23")))
		if d.State != Cancelled || d.MovedTo.String() != "2026-01-23" || s.dayOf(m, "2026-01-23").State != Planned {
			t.Fatalf("cancelled %+v", d)
		}
		if e := decode[event.MarketDayCancelled](t, events(t, s.db, jan.ID)); e.Reason != "暴雪" || e.MovedTo != "2026-01-23" {
			t.Fatalf("told %+v", e)
		}
		s.tickAt("2026-01-19 12:00")
		if got := s.dayOf(m, "2026-01-19").State; got != Cancelled {
			t.Fatalf("the clock revived it: %s", got)
		}
	})
}

func TestExceptions(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		add := func(e Exception) error { _, err := s.AddException(s.ctx, s.comm.ID, m.ID, e); return err }
		if err := add(Exception{Kind: Skip, Date: day(t, "2026-01-20"), Why: "x"}); !fault.Is(err, "exception.no_such_date") {
			t.Fatalf("skipped a date the rule does not say: %v", err)
		}
		if err := add(Exception{Kind: Skip, Date: day(t, "2026-01-19")}); fault.From(err).Field != "why" {
			t.Fatalf("skipped without a why: %v", err)
		}
		if err := add(Exception{Kind: Extra, Date: day(t, "2025-12-30"), Why: "x"}); !fault.Is(err, "exception.past") {
			t.Fatalf("extra in the past: %v", err)
		}
		if err := add(Exception{Kind: Extra, Date: day(t, "2026-02-24"), Why: "x"}); !fault.Is(err, "exception.taken") {
			t.Fatalf("extra on a taken date: %v", err)
		}
		for _, e := range []Exception{
			{Kind: Skip, Date: day(t, "2026-01-19"), Why: "考试"},
			{Kind: Extra, Date: day(t, "2026-01-25"), Why: "腊八"},
			{Kind: Move, Date: day(t, "2026-03-19"), To: day(t, "2026-03-21"), Why: "植树"},
		} {
			if err := add(e); err != nil {
				t.Fatal(err)
			}
		}
		// Nothing is put over another date, however far ahead it lies and whoever says it.
		if err := add(Exception{Kind: Extra, Date: day(t, "2026-07-25"), Why: "晚集"}); err != nil {
			t.Fatal(err)
		}
		for _, w := range []struct {
			field string
			e     Exception
		}{
			{"date", Exception{Kind: Extra, Date: day(t, "2026-07-25"), Why: "另一场"}},
			{"date", Exception{Kind: Extra, Date: day(t, "2026-08-19"), Why: "规则里有"}},
			{"to", Exception{Kind: Extra, Date: day(t, "2026-07-26"), To: day(t, "2026-08-19"), Why: "x"}},
			{"to", Exception{Kind: Move, Date: day(t, "2026-07-19"), To: day(t, "2026-08-19"), Why: "并到八月"}},
			{"to", Exception{Kind: Move, Date: day(t, "2026-07-19"), To: day(t, "2026-07-25"), Why: "并到晚集"}},
		} {
			if err := add(w.e); !fault.Is(err, "exception.taken") || fault.From(err).Field != w.field {
				t.Errorf("%+v: %v", w.e, err)
			}
			edit := must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID))
			if w.e.Kind == Extra && w.e.To == 0 {
				continue // an edit says the same date anew
			}
			edit.Exceptions = []Exception{w.e}
			_, seen := s.PreviewEdit(s.ctx, edit)
			_, done := s.ApplyEdit(s.ctx, edit, nil)
			for _, err := range []error{seen, done} {
				if !fault.Is(err, "exception.taken") || fault.From(err).Field != "exceptions[0]."+w.field {
					t.Errorf("edited %+v: %v", w.e, err)
				}
			}
		}
		if err := add(Exception{Kind: Extra, Date: day(t, "2026-07-25"), Why: "晚集"}); err != nil {
			t.Errorf("the same twice is once: %v", err)
		}
		// Two that change places meet nobody.
		swap := must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID))
		swap.Exceptions = []Exception{
			{Kind: Move, Date: day(t, "2026-09-19"), To: day(t, "2026-10-19"), Why: "换"}, {Kind: Move, Date: day(t, "2026-10-19"), To: day(t, "2026-09-19"), Why: "换"}}
		must[Market](t)(s.ApplyEdit(s.ctx, swap, nil))
		s.tickAt("2026-02-01 00:00")
		var got []string
		for _, d := range s.days(m) {
			got = append(got, d.Date.String()+" "+d.HeldOn.String()+" "+string(d.State))
		}
		want := []string{"2026-01-19 2026-01-19 cancelled", "2026-01-25 2026-01-25 closed", "2026-02-19 2026-02-24 planned", "2026-03-19 2026-03-21 planned"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSkipIsUndone(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		old := s.dayOf(m, "2026-01-19")
		must[Market](t)(s.AddException(s.ctx, s.comm.ID, m.ID, Exception{Kind: Skip, Date: old.Date, Why: "x"}))
		must[Market](t)(s.RemoveException(s.ctx, s.comm.ID, m.ID, old.Date))
		if d := s.dayOf(m, "2026-01-19"); d.State != Claiming || d.ID == old.ID {
			t.Fatalf("restored as %+v", d)
		}
	})
}

func TestEditShowsWhomItAffects(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		jan, feb := s.dayOf(m, "2026-01-19"), s.dayOf(m, "2026-02-19")
		s.claim(jan)
		m.Rule = rule(t, `{"monthly":{"days":[20]}}`)
		e := must[Edit](t)(s.PreviewEdit(s.ctx, m))
		if len(e.Affected) != 2 || !e.Affected[0].NeedsSay || e.Affected[1].NeedsSay || e.Affected[0].Day.ID != jan.ID || len(e.Next) != 12 {
			t.Fatalf("%+v", e)
		}
		if _, err := s.SaveMarket(s.ctx, m); !fault.Is(err, "market.edit_affects") || fault.From(err).Field != "choices."+jan.ID {
			t.Fatalf("saved over a claimed day: %v", err)
		}
		if got := must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID)).Rule.String(); got != `{"monthly":{"days":[19]}}` {
			t.Fatalf("half saved: %s", got)
		}
		m = must[Market](t)(s.ApplyEdit(s.ctx, m, map[string]Choice{jan.ID: {Action: KeepDay}}))
		var got []string
		for _, d := range s.days(m) {
			got = append(got, d.Date.String()+" "+string(d.State))
		}
		// 02-20 is 春节 too and shifts to 02-24
		if diff := cmp.Diff([]string{"2026-01-19 claiming", "2026-01-20 claiming", "2026-02-20 planned"}, got); diff != "" {
			t.Fatal(diff)
		}
		if got := names(events(t, s.db, feb.ID)); !slices.Contains(got, "market_day.cancelled.v1") {
			t.Fatalf("the day that went told %v", got)
		}
		must[Market](t)(s.SaveMarket(s.ctx, m)) // and again: nothing is affected any more
	})
}

func TestEditMovesAndCancels(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		for i, c := range []struct {
			choice Choice
			held   string
			state  State
			opens  int
		}{
			{Choice{Action: MoveDay, Why: "换时间"}, "2026-01-19", Claiming, 10},
			{Choice{Action: MoveDay, To: NewDate(2026, 1, 22), Why: "换日子"}, "2026-01-22", Claiming, 10},
			{Choice{Action: CancelDay, Why: "不办了"}, "2026-01-19", Cancelled, 9},
			{Choice{Action: KeepDay}, "2026-01-19", Claiming, 9},
		} {
			m := s.market(`{"monthly":{"days":[19]}}`, func(m *Market) { m.Slug = fmt.Sprint("m", i) })
			jan := s.dayOf(m, "2026-01-19")
			s.claim(jan)
			m.Opens = 10 * 60
			m = must[Market](t)(s.ApplyEdit(s.ctx, m, map[string]Choice{jan.ID: c.choice}))
			d := s.dayOf(m, "2026-01-19")
			if d.HeldOn.String() != c.held || d.State != c.state || d.OpensAt.In(shanghai).Hour() != c.opens || d.ID != jan.ID {
				t.Errorf("%+v: %+v", c.choice, d)
			}
			if d = s.dayOf(m, "2026-02-19"); d.OpensAt.In(shanghai).Hour() != 10 {
				t.Errorf("%+v: the unclaimed day opens at %s", c.choice, d.OpensAt)
			}
		}
	})
}

func TestSavingIsIdempotentBySlug(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		before := len(events(t, s.db, ""))
		again := s.market(`{"monthly":{"days":[19]}}`)
		if again.ID != m.ID || len(events(t, s.db, "")) != before {
			t.Fatalf("a second import made %s beside %s", again.ID, m.ID)
		}
		c := must[Community](t)(s.SaveCommunity(s.ctx, Community{Slug: "xiangyang", Name: "向阳"}))
		if c.ID != s.comm.ID || len(must[[]Community](t)(s.Communities(s.ctx))) != 1 {
			t.Fatal("a second community")
		}
	})
}

func TestBadInputNamesItsField(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		good := s.market(`{"monthly":{"days":[19]}}`)
		for field, spoil := range map[string]func(*Market){
			"slug": func(m *Market) { m.Slug = "Über" }, "name": func(m *Market) { m.Name = " " }, "venue": func(m *Market) { m.Venue = "a\x00b" },
			"closes": func(m *Market) { m.Closes = m.Opens }, "holiday": func(m *Market) { m.Holiday = "later" },
			"rule.monthly.days[1]": func(m *Market) { m.Rule.Monthly = &Monthly{Days: []int{1, 32}} },
			"leads.confirm_days":   func(m *Market) { m.Leads.ConfirmDays = 15 },
			"exceptions[0].why":    func(m *Market) { m.Exceptions = []Exception{{Kind: Skip, Date: NewDate(2026, 3, 19)}} },
			"community":            func(m *Market) { m.CommunityID, m.ID = "nobody", "" },
			"exceptions[1].date": func(m *Market) {
				e := Exception{Kind: Skip, Date: NewDate(2026, 3, 19), Why: "x"}
				m.Exceptions = []Exception{e, e}
			},
		} {
			m := good
			spoil(&m)
			if _, err := s.SaveMarket(s.ctx, m); err == nil || fault.From(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for field, c := range map[string]Community{
			"slug": {Name: "x"}, "name": {Slug: "x"}, "timezone": {Slug: "x", Name: "x", TimeZone: "Mars/Base"}, "locale": {Slug: "x", Name: "x", Locale: "fr"},
		} {
			if _, err := s.SaveCommunity(s.ctx, c); err == nil || fault.From(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

func TestNextDay(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		if _, err := s.NextDay(s.ctx, s.comm.ID, ""); fault.KindOf(err) != fault.KindNotFound {
			t.Fatal(err)
		}
		m := s.market(`{"monthly":{"days":[19]}}`)
		if d := must[Day](t)(s.NextDay(s.ctx, s.comm.ID, m.ID)); d.HeldOn.String() != "2026-01-19" || d.Venue != m.Venue {
			t.Fatalf("%+v", d)
		}
		s.clock.Set(local(t, "2026-01-19 11:30")) // over, though nobody wrote it down
		if d := must[Day](t)(s.NextDay(s.ctx, s.comm.ID, "")); d.HeldOn.String() != "2026-02-24" {
			t.Fatalf("%+v", d)
		}
	})
}
