package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yiji/internal/db"
	"yiji/internal/event"
)

// A market whose first day is today. The window that is left is halved between
// claiming and preparing at worst; no instant lies before the market.
func TestMarketMadeOnItsFirstDay(t *testing.T) {
	for i, c := range []struct {
		made          string // the day is 2026-01-19, 14:00 to 16:00
		change        func(*LeadTimes)
		state         State
		claims, until string // where the window begins and ends
	}{
		{"2026-01-19 07:00", func(*LeadTimes) {}, Claiming, "2026-01-19 07:00", "2026-01-19 12:00"},
		{"2026-01-19 11:00", func(*LeadTimes) {}, Claiming, "2026-01-19 11:00", "2026-01-19 12:30"},
		{"2026-01-19 13:30", func(*LeadTimes) {}, Claiming, "2026-01-19 13:30", "2026-01-19 13:45"},
		{"2026-01-19 11:00", func(l *LeadTimes) { l.ClaimDays, l.StandingDays, l.ConfirmDays = 0, 0, 0 }, Claiming, "2026-01-19 11:00", "2026-01-19 14:00"},
		{"2026-01-19 09:00", func(l *LeadTimes) { l.ClaimDays, l.StandingDays, l.ConfirmDays = 0, 0, 0 }, Planned, "2026-01-19 10:00", "2026-01-19 14:00"},
		{"2026-01-19 13:30", func(l *LeadTimes) { l.ClaimDays, l.StandingDays, l.ConfirmDays, l.ConfirmAt = 0, 0, 0, 8*60 }, Claiming, "2026-01-19 13:30", "2026-01-19 13:45"},
		{"2026-01-19 11:00", func(l *LeadTimes) { l.MinClaimHours = 0 }, Confirmed, "2026-01-19 11:00", "2026-01-19 11:00"},
		{"2026-01-18 15:00", func(l *LeadTimes) { l.MinClaimHours = 2 }, Claiming, "2026-01-18 15:00", "2026-01-18 17:00"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			onStage(t, c.made, func(t *testing.T, s *stage) {
				m := s.market(`{"dates":["2026-01-19"]}`, func(m *Market) {
					m.Opens, m.Closes, m.Leads = 14*60, 16*60, DefaultLeads()
					c.change(&m.Leads)
				})
				d := s.dayOf(m, "2026-01-19")
				if d.State != c.state || !d.ClaimsAt.Equal(local(t, c.claims)) || !d.ConfirmAt.Equal(local(t, c.until)) {
					t.Fatalf("%s, claims from %s to %s", d.State, d.ClaimsAt.In(shanghai), d.ConfirmAt.In(shanghai))
				}
				if c.state == Planned {
					return
				}
				e := decode[event.MarketDayClaimingOpened](t, events(t, s.db, d.ID))
				if !e.EffectiveAt.Equal(local(t, c.claims)) || !e.ConfirmAt.Equal(local(t, c.until)) || e.StandingUntil.Before(e.EffectiveAt) {
					t.Fatalf("partners are told %+v", e)
				}
			})
		})
	}
}

// An edit makes no day of the past; what was due before it is made all the same.
func TestAnEditMakesNoDayOfThePast(t *testing.T) {
	for _, c := range []struct {
		at   string // 2026-01-20 becomes a market day, 9:00 to 11:30
		want []string
	}{
		{"2026-01-20 08:59", []string{"2026-01-19 closed", "2026-01-20 claiming", "2026-02-20 planned", "2026-03-20 planned"}},
		{"2026-01-20 09:00", []string{"2026-01-19 closed", "2026-02-20 planned", "2026-03-20 planned"}},
		{"2026-01-20 12:00", []string{"2026-01-19 closed", "2026-02-20 planned", "2026-03-20 planned"}},
		// nobody planned for months: those days were due under the old rule
		{"2026-04-20 12:00", []string{"2026-01-19 closed", "2026-02-19 closed", "2026-03-19 missed", "2026-04-19 missed", "2026-05-20 planned"}},
	} {
		t.Run(c.at, func(t *testing.T) {
			onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
				m := s.market(`{"monthly":{"days":[19]}}`)
				s.clock.Set(local(t, c.at))
				m.Rule = rule(t, `{"monthly":{"days":[20]}}`)
				m = must[Market](t)(s.SaveMarket(s.ctx, m))
				s.tick()
				m.Venue = "二楼"
				must[Market](t)(s.SaveMarket(s.ctx, m)) // and again, on the same day
				var got []string
				for _, d := range s.days(m) {
					got = append(got, d.Date.String()+" "+string(d.State))
				}
				if !slices.Equal(got, c.want) {
					t.Fatalf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// A day planned after its opening: due before, so it opens, late and saying so.
func TestADayPlannedAfterItsOpening(t *testing.T) {
	onStage(t, "2026-01-01 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"monthly":{"days":[19]}}`)
		s.tickAt("2026-05-19 10:00")
		d := s.dayOf(m, "2026-05-19")
		h := must[[]Transition](t)(s.History(s.ctx, s.comm.ID, d.ID))
		if last := h[len(h)-1]; last.State != Open || !last.EffectiveAt.Equal(local(t, "2026-05-19 10:00")) || last.Why != "补记，原定 2026-05-19 09:00" {
			t.Fatalf("%+v", last)
		}
		if e := decode[event.MarketDayOpened](t, events(t, s.db, d.ID)); e.LateSeconds != 3600 || !e.EffectiveAt.Equal(s.clock.Now()) {
			t.Fatalf("told %+v", e)
		}
	})
}

// Whenever markets are made, edited and looked after: no transition is
// effective before the row of its day was made, nor before the one before it,
// nor in the future; claims have a window while one is left.
func TestNothingIsEffectiveBeforeItWasKnown(t *testing.T) {
	c, s, k := house(t)
	start := c.Now()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		hours := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most*12).Draw(t, name)) * 5 * time.Minute
		}
		l := DefaultLeads()
		l.ConfirmDays = rapid.IntRange(0, 3).Draw(t, "confirm")
		l.StandingDays = l.ConfirmDays + rapid.IntRange(0, 2).Draw(t, "standing")
		l.ClaimDays = l.StandingDays + rapid.IntRange(0, 2).Draw(t, "claim")
		l.MinClaimHours = rapid.IntRange(0, 48).Draw(t, "min")
		l.ClaimAt, l.ConfirmAt = TimeOfDay(rapid.IntRange(0, 1439).Draw(t, "claim_at")), TimeOfDay(rapid.IntRange(0, 1439).Draw(t, "confirm_at"))
		opens := TimeOfDay(rapid.IntRange(0, 1300).Draw(t, "opens"))
		m := Market{CommunityID: k.ID, Slug: fmt.Sprint("m", n), Name: "市集", Venue: "门口", Opens: opens, Closes: opens + 90, Leads: l}
		days := []string{`[5,6,8]`, `[7,9,10]`, `[6,7,12]`}
		now, made := start, start
		for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
			now = now.Add(hours("pause", 72))
			c.Set(now)
			if i == 0 {
				made = now
			}
			if i == 0 || rapid.Bool().Draw(t, "edit") {
				if err := m.Rule.UnmarshalJSON([]byte(`{"monthly":{"days":` + rapid.SampledFrom(days).Draw(t, "days") + `}}`)); err != nil {
					t.Fatal(err)
				}
				saved, err := s.SaveMarket(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				m = saved
			} else if _, err := s.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, why := range untrue(t, s, m, made) {
			t.Error(why)
		}
	})
}

// untrue lists what a market's days claim about times nobody knew of them.
func untrue(t *rapid.T, s *Service, m Market, made time.Time) (bad []string) {
	days, err := s.Days(t.Context(), m.CommunityID, DayFilter{MarketID: m.ID, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range days {
		h, err := s.History(t.Context(), m.CommunityID, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !d.OpensAt.After(made) || !d.OpensAt.After(d.createdAt) {
			bad = append(bad, d.Date.String()+" had begun when its market, or it, was made")
		}
		for i, x := range h {
			if x.State != Missed && (x.EffectiveAt.Before(d.createdAt) || i > 0 && x.EffectiveAt.Before(h[i-1].EffectiveAt)) || x.EffectiveAt.After(x.RecordedAt) {
				bad = append(bad, fmt.Sprintf("%s: %+v after %+v, made at %s", d.Date, x, h[max(0, i-1)], d.createdAt))
			}
			if x.State == Claiming && x.RecordedAt.Before(d.OpensAt) && m.Leads.MinClaimHours > 0 && !d.ConfirmAt.After(x.EffectiveAt) && d.ClaimsAt.Before(d.ConfirmAt) {
				bad = append(bad, fmt.Sprintf("%s: claims from %s to %s", d.Date, x.EffectiveAt, d.ConfirmAt))
			}
		}
	}
	var told []db.Broken
	if told, err = s.db.Check(t.Context(), Invariants); err != nil {
		t.Fatal(err)
	}
	for _, b := range told {
		bad = append(bad, b.Name)
	}
	return bad
}

// Partners were asked for a day: when the rule drops it, it is called off before
// everybody's eyes and not forgotten, with the reason that is true.
func TestADayPartnersWereAskedForIsCalledOff(t *testing.T) {
	onStage(t, "2026-01-10 08:00", func(t *testing.T, s *stage) {
		m := s.market(`{"dates":["2026-01-19","2026-01-21"]}`)
		s.tick()
		d, moved := s.dayOf(m, "2026-01-19"), s.dayOf(m, "2026-01-21")
		must[Day](t)(s.Move(s.ctx, s.ref(moved), MoveOrder{To: day(t, "2026-01-22"), Why: "搬迁"}))
		if d.State != Claiming {
			t.Fatal(d.State)
		}
		m = must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID))
		m.Rule = rule(t, `{"dates":["2026-01-26"]}`)
		must[Market](t)(s.SaveMarket(s.ctx, m))
		for _, id := range []string{d.ID, moved.ID} {
			got := must[Day](t)(s.Day(s.ctx, s.comm.ID, id))
			if got.State != Cancelled || got.Reason == "" || got.Reason == "搬迁" {
				t.Errorf("%s is %s, %q", got.Date, got.State, got.Reason)
			}
			if e := decode[event.MarketDayCancelled](t, events(t, s.db, id)); e.Reason != got.Reason {
				t.Errorf("told %+v", e)
			}
		}
		m = must[Market](t)(s.Market(s.ctx, s.comm.ID, m.ID))
		m.Rule = rule(t, `{"dates":["2026-01-19","2026-01-26"]}`)
		must[Market](t)(s.SaveMarket(s.ctx, m)) // it was a mistake
		if again := s.dayOf(m, "2026-01-19"); again.State != Claiming || again.ID == d.ID {
			t.Errorf("changed back it is %s", again.State)
		}
	})
}
