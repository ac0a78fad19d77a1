package notify

import (
	"strings"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/notify/channel"
)

func undone(from, to string, at time.Time) event.MarketDayUndone {
	return event.MarketDayUndone{Day: theDay("d1"), From: from, To: to, OpensAt: local(19, 9, 0), ClosesAt: local(19, 11, 30), At: at}
}

// What an organizer's early step has to say is held until it is certain. Taken
// back, it is never said; done again, it is said then, and as it is then.
func TestAnUndoneStepIsNotTold(t *testing.T) {
	eachTown(t, local(10, 9, 0), func(w *town) {
		hooked := newReceiver(w.T, w.clock)
		w.channel(channel.Webhook, hooked.URL, "")
		w.tell(hear(w.MarketDayPlanned, planned("d1")))
		confirm := func(at time.Time) {
			w.clock.Set(at)
			w.tell(hear(w.MarketDayConfirmed, event.MarketDayConfirmed{Day: theDay("d1"), EffectiveAt: at, UndoUntil: at.Add(10 * time.Minute)}))
			w.tell(hear(w.BoothsPublished, published("d1")))
			w.drain()
		}
		told := func() (n int) {
			for _, kind := range []Kind{BoothsPublished, PlanPublished, DayOpened} {
				for _, s := range w.states(kind) {
					if s == "delivered" {
						n++
					}
				}
			}
			return n
		}
		confirm(local(10, 9, 0))
		w.clock.Set(local(10, 9, 10))
		if w.drain(); told() != 0 {
			t.Fatalf("%d were told while it could be taken back: %v", told(), w.states())
		}
		w.tell(hear(w.MarketDayUndone, undone("confirmed", "claiming", local(10, 9, 9))))
		w.clock.Set(local(10, 9, 30))
		if w.drain(); told() != 0 {
			t.Fatalf("%d were told what was taken back: %v", told(), w.states())
		}
		confirm(local(10, 10, 0))
		w.clock.Set(local(10, 10, 11))
		if w.drain(); told() != 4 { // three partners and the organizer
			t.Fatalf("%d were told: %v", told(), w.states())
		}

		w.clock.Set(local(19, 8, 30))
		early := opened("d1")
		early.EffectiveAt, early.UndoUntil = local(19, 8, 30), local(19, 8, 40)
		w.tell(hear(w.MarketDayOpened, early))
		w.clock.Set(local(19, 8, 35))
		w.tell(hear(w.MarketDayUndone, undone("open", "confirmed", local(19, 8, 35))))
		w.clock.Set(local(19, 8, 50))
		if w.drain(); told() != 4 {
			t.Fatalf("the early opening was told: %v", w.states())
		}
		w.clock.Set(local(19, 9, 0))
		w.tell(hear(w.MarketDayOpened, opened("d1")))
		if w.drain(); told() != 5 {
			t.Fatalf("the opening was not told: %v", w.states())
		}

		w.clock.Set(local(19, 10, 0))
		shut := closed("d1")
		shut.EffectiveAt, shut.UndoUntil = local(19, 10, 0), local(19, 10, 10)
		w.tell(hear(w.MarketDayClosed, shut), hear(w.MarketDayUndone, undone("closed", "open", local(19, 10, 5))), hear(w.MarketDayClosed, closed("d1")))
		var d dayRow
		if err := w.db.View(t.Context(), func(tx *db.Tx) (err error) { d, err = day(tx, "d1"); return err }); err != nil {
			t.Fatal(err)
		}
		if d.State != "closed" || d.ClosedAt != db.Micros(local(19, 11, 30)) || d.OpenedAt != db.Micros(local(19, 9, 0)) {
			t.Fatalf("the day is %+v", d)
		}
		w.drain() // programs hear every opening and closing, and every undo
		if n := hooked.count(); n != 10 {
			t.Fatalf("programs heard %d events: %v", n, hooked.texts)
		}
	})
}

// A cancellation waits ten minutes. Taken back it is told to nobody, however
// often that happens, and what had to be said before still is.
func TestAnUndoneCancellationIsNotTold(t *testing.T) {
	eachTown(t, local(10, 9, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")))
		w.tell(hear(w.MarketDayConfirmed, event.MarketDayConfirmed{Day: theDay("d1"), EffectiveAt: local(10, 9, 0), UndoUntil: local(10, 9, 10)}))
		w.tell(hear(w.BoothsPublished, published("d1"))) // held until 9:10
		cancelled := func(at time.Time) event.MarketDayCancelled {
			return event.MarketDayCancelled{Day: theDay("d1"), Reason: "雪", UndoUntil: at.Add(10 * time.Minute)}
		}
		for _, at := range []time.Time{local(10, 9, 2), local(10, 9, 4)} {
			w.clock.Set(at)
			w.tell(hear(w.MarketDayCancelled, cancelled(at)))
			w.drain()
			w.clock.Set(at.Add(time.Minute))
			w.tell(hear(w.MarketDayUndone, undone("cancelled", "confirmed", at.Add(time.Minute))))
			w.drain()
		}
		w.clock.Set(local(10, 9, 30))
		w.drain()
		for key, state := range w.states(DayCancelled) {
			if state == "delivered" {
				t.Errorf("%s was told what was taken back", key)
			}
		}
		plan := 0
		for _, state := range w.states(BoothsPublished, PlanPublished) {
			if state == "delivered" {
				plan++
			}
		}
		if plan != 3 { // three partners
			t.Errorf("%d were told the plan: %v", plan, w.states())
		}
		w.clock.Set(local(18, 18, 0))
		w.Tick(t.Context())
		w.drain()
		reminded := 0
		for _, state := range w.states(ReminderPartner) {
			if state == "delivered" {
				reminded++
			}
		}
		if reminded == 0 {
			t.Errorf("nobody is reminded of a day that takes place: %v", w.states())
		}
		last := local(18, 18, 30)
		w.clock.Set(last)
		w.tell(hear(w.MarketDayCancelled, cancelled(last)))
		w.clock.Set(local(18, 18, 45))
		w.drain()
		told := 0
		for _, state := range w.states(DayCancelled) {
			if state == "delivered" {
				told++
			}
		}
		if told != 3 { // the organizer and the two who hold a booth
			t.Errorf("%d were told that it stands: %v", told, w.states())
		}
	})
}

// What is held is said as it is when it goes out: a day moved meanwhile is
// announced with its new time, one that is over not at all.
func TestWhatWaitsNamesTheNewTime(t *testing.T) {
	eachTown(t, local(10, 9, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")))
		w.tell(hear(w.MarketDayConfirmed, event.MarketDayConfirmed{Day: theDay("d1"), EffectiveAt: local(10, 9, 0), UndoUntil: local(10, 9, 10)}))
		w.tell(hear(w.BoothsPublished, published("d1")))
		w.tell(hear(w.MarketDayMoved, event.MarketDayMoved{Day: theDay("d1"), HeldOn: "2026-11-24", OpensAt: local(24, 14, 0), ClosesAt: local(24, 16, 0), Reason: "检修"}))
		w.clock.Set(local(10, 9, 15))
		w.drain()
		var texts []string
		if err := w.db.View(t.Context(), func(tx *db.Tx) error {
			texts = nil
			return tx.Select(&texts, `SELECT params FROM notify_deliveries WHERE kind = 'booths_published' AND state = 'delivered' AND useful_until = $1`, db.Micros(local(24, 16, 0)))
		}); err != nil {
			t.Fatal(err)
		}
		if len(texts) != 3 {
			t.Errorf("%d were told the plan: %v", len(texts), w.states())
		}
		for _, s := range texts {
			if !strings.Contains(s, "2026-11-24") || strings.Contains(s, "2026-11-19") {
				t.Errorf("told %s", s)
			}
		}
	})
}
