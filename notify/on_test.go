package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/notify/channel"
)

// eachTown runs do on both databases with the clock at the given instant.
func eachTown(t *testing.T, at time.Time, do func(w *town)) {
	t.Helper()
	c := dbtest.NewClock(at)
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(at)
		do(newTown(t, d, c))
	})
}

// states is "kind recipient" → state of a day's messages.
func (w *town) states(kind ...Kind) map[string]string {
	w.Helper()
	out := map[string]string{}
	for k, d := range w.list(Filter{}) {
		if len(kind) == 0 || d.Kind == kind[0] {
			out[k] = state(d)
		}
	}
	return out
}

func (w *town) want(what string, got, want map[string]string) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A whole day: who is told what, in time, once.
func TestLifeOfADay(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		w.channel(channel.Folder, "", "")
		life := []struct {
			at    time.Time
			react func(*db.Tx) error
		}{
			{local(1, 10, 0), hear(w.MarketDayPlanned, planned("d1"))},
			{local(1, 10, 1), hear(w.MarketDayClaimingOpened, event.MarketDayClaimingOpened{Day: theDay("d1"), EffectiveAt: local(1, 10, 0), ConfirmAt: local(16, 18, 0)})},
			{local(2, 9, 0), hear(w.ClaimMade, event.ClaimMade{Day: theDay("d1"), ClaimID: "c1", PartnerID: "hospital"})},
			{local(16, 18, 0), hear(w.BoothsPublished, published("d1"))},
			{local(18, 17, 59), nil}, {local(18, 18, 0), nil},
			{local(19, 9, 0), hear(w.MarketDayOpened, opened("d1"))},
			{local(19, 11, 30), hear(w.MarketDayClosed, closed("d1"))},
			{local(19, 11, 46), hear(w.DayCounted, counted("d1"))},
		}
		for round := range 2 { // the second time is a replay: nothing is new
			for i, step := range life {
				w.clock.Set(step.at)
				if round == 1 {
					w.clock.Set(local(19, 11, 50))
				}
				if step.react != nil {
					w.tell(step.react)
				}
				if round == 0 && i == 2 {
					w.subscribe("Resident@Home.example", "", "zh-Hant")
					w.subscribe("resident@home.example", "d1", "zh-Hant") // the same person, told once
				}
				if _, err := w.Tick(context.Background()); err != nil {
					w.Fatal(err)
				}
				if round == 0 && i == 4 && len(w.states(ReminderPartner)) != 0 {
					w.Error("reminded before 18:00")
				}
				w.drain()
			}
		}
		w.want("messages", w.states(), map[string]string{
			"claiming_opened partner:hospital": "delivered", "claiming_opened partner:bank": "delivered", "claiming_opened partner:sharpen": "delivered",
			"claiming_opened channel": "delivered", "booths_published partner:hospital": "delivered", "booths_published partner:bank": "delivered",
			"booths_published partner:sharpen": "delivered", "plan_published organizer:wang": "delivered", "plan_published channel": "delivered",
			"reminder_partner partner:hospital": "delivered", "reminder_partner partner:bank": "delivered", "reminder_resident resident": "delivered",
			"day_opened organizer:wang": "delivered", "day_opened channel": "delivered",
			"closing_partner partner:hospital": "delivered", "closing_partner partner:bank": "delivered", "closing_resident resident": "delivered",
			"closing_organizer organizer:wang": "delivered", "closing_organizer channel": "delivered",
		})
		w.ownNumbersOnly()
	})
}

// ownNumbersOnly reads what was sent: each partner its own figures, booths in one message.
func (w *town) ownNumbersOnly() {
	w.Helper()
	for key, want := range map[string][]string{
		"closing_partner partner:hospital": {"发号 240，服务 226 人次，过号 7，到场 2.5 小时", "12月19日 周六", "https://yiji.example/partner/days/d-next"},
		"closing_partner partner:bank":     {"200 issued, 200 served, 0 missed, 2.5 hours"},
		"booths_published partner:bank":    {"Your booth is B3, B4."},
		"booths_published partner:sharpen": {"候補第 1 位"},
		"closing_organizer organizer:wang": {"到场 312 人，发号 480，服务 426，过号 7，转下一场 4", "· 豆浆热饮：发号 200，服务 200，过号 0"},
		"closing_resident resident":        {"謝謝您來逛市集", "https://yiji.example/d/d1/feedback", "12月19日 週六"},
	} {
		d := w.list(Filter{})[key]
		_, text, tries, err := w.Letter(context.Background(), comm, d.ID)
		if err != nil || len(tries) != 1 || tries[0].Result != channel.Delivered {
			w.Errorf("%s: %+v %v", key, tries, err)
		}
		for _, s := range want {
			if !strings.Contains(text.Body, s) {
				w.Errorf("%s lacks %q:\n%s", key, s, text.Body)
			}
		}
		if _, err := os.Stat(filepath.Join(w.dir, d.ID+".eml")); err != nil {
			w.Error(err)
		}
	}
	if _, _, _, err := w.Letter(context.Background(), "other", w.list(Filter{})["day_opened organizer:wang"].ID); err == nil {
		w.Error("another community read the message")
	}
}

// stateOf is what became of one message of a day.
func (w *town) stateOf(dayID string, kind Kind, recipient string) string {
	w.Helper()
	return state(w.list(Filter{DayID: dayID})[string(kind)+" "+recipient])
}

// Lateness of the closing messages, from an outage of 0 minutes to four days.
func TestClosingLateness(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		for i, c := range []struct {
			name              string
			at                time.Time
			partner, resident string // a burst's pause later
			late              bool
		}{
			{"in time", local(19, 11, 46), "delivered", "delivered", false},
			{"an hour late", local(19, 12, 30), "delivered", "delivered", true},
			{"20:58", local(19, 20, 58), "delivered", "delivered", true},
			{"21:30 the same day", local(19, 21, 30), "delivered", "skipped too_late", true},
			{"two days", local(21, 11, 0), "delivered", "skipped too_late", true},
			{"72 h and more", local(22, 11, 31), "skipped too_late", "skipped too_late", true},
		} {
			id := fmt.Sprint("d", i)
			w.clock.Set(local(1, 10, i))
			w.tell(hear(w.MarketDayPlanned, planned(id)), hear(w.BoothsPublished, published(id)))
			w.subscribe("r@home.example", id, "zh-Hans")
			w.drain()
			w.clock.Set(c.at)
			w.tell(hear(w.MarketDayClosed, closed(id)), hear(w.DayCounted, counted(id)))
			w.drain()
			w.clock.Push(burstPause)
			w.drain()
			for _, m := range [][3]string{{string(ClosingPartner), "partner:bank", c.partner}, {string(ClosingResident), "resident", c.resident},
				{string(ClosingOrganizer), "organizer:wang", "delivered"}} {
				if got := w.stateOf(id, Kind(m[0]), m[1]); got != m[2] {
					w.Errorf("%s, %s: %q, want %q", c.name, m[0], got, m[2])
				}
			}
			d := w.list(Filter{DayID: id})["closing_organizer organizer:wang"]
			raw, err := os.ReadFile(filepath.Join(w.dir, d.ID+".eml"))
			if err != nil || strings.Contains(mailText(w.T, raw), "这条消息发晚了") != c.late {
				w.Errorf("%s: late sentence missing or wrong (%v)", c.name, err)
			}
		}
	})
}

// A resident's message due in the evening waits for 8:00 and says that it is late.
func TestQuietHoursPutOff(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		e := planned("d1")
		e.OpensAt, e.ClosesAt = local(19, 18, 0), local(19, 20, 50)
		w.tell(hear(w.MarketDayPlanned, e))
		w.subscribe("r@home.example", "d1", "en")
		w.clock.Set(local(19, 21, 5))
		cl, co := closed("d1"), counted("d1")
		cl.EffectiveAt, co.ClosedAt = e.ClosesAt, e.ClosesAt
		w.tell(hear(w.MarketDayClosed, cl), hear(w.DayCounted, co))
		next := w.drain()
		if got := w.states(ClosingResident)["closing_resident resident"]; got != "queued" || next.After(local(20, 8, 0)) {
			w.Errorf("%s, next %s", got, next.In(shanghai))
		}
		w.clock.Set(local(20, 7, 59))
		w.drain()
		if got := w.states(ClosingResident)["closing_resident resident"]; got != "queued" {
			w.Errorf("before eight: %s", got)
		}
		w.clock.Set(local(20, 8, 1))
		w.drain()
		d := w.list(Filter{})["closing_resident resident"]
		raw, err := os.ReadFile(filepath.Join(w.dir, d.ID+".eml"))
		if err != nil || !strings.Contains(mailText(w.T, raw), "This message is late") {
			w.Errorf("%v\n%s", err, raw)
		}
	})
}

// 开市了 is never sent after closing, whether the reaction or the sending was late.
func TestOpenedNeverAfterClosing(t *testing.T) {
	eachTown(t, local(19, 8, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.MarketDayPlanned, planned("d2")), hear(w.MarketDayPlanned, planned("d3")))
		w.clock.Set(local(19, 9, 0))
		w.tell(hear(w.MarketDayOpened, opened("d1"))) // sent only after closing
		w.clock.Set(local(19, 10, 0))
		w.tell(hear(w.MarketDayOpened, opened("d2")), hear(w.MarketDayClosed, closed("d2"))) // closed early by hand
		w.clock.Set(local(19, 11, 30))
		w.tell(hear(w.MarketDayOpened, opened("d3"))) // recorded too late
		w.clock.Set(local(19, 12, 0))
		w.drain()
		all, _ := w.Deliveries(context.Background(), comm, Filter{Kind: DayOpened})
		for _, d := range all {
			if state(d) != "skipped not_useful" || d.Attempts != 0 {
				w.Errorf("%s: %s", d.DayID, state(d))
			}
		}
		if len(all) != 3 {
			w.Errorf("%d rows", len(all))
		}
		if err := w.Resend(context.Background(), comm, all[0].ID); err != nil {
			w.Fatal(err)
		}
		w.drain()
		if got := w.list(Filter{Kind: DayOpened}); state(got["day_opened organizer:wang"]) != "skipped not_useful" {
			w.Errorf("resent after closing: %v", got)
		}
	})
}

// After an outage over several days each person gets one message.
func TestBurstIsOneMessage(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		days := []string{"d1", "d2", "d3"}
		for _, id := range days {
			w.tell(hear(w.MarketDayPlanned, planned(id)), hear(w.BoothsPublished, published(id)))
		}
		w.subscribe("r@home.example", "", "zh-Hans")
		w.drain()
		before := w.files()
		w.clock.Set(local(19, 16, 0))
		for _, id := range days {
			w.tell(hear(w.MarketDayOpened, opened(id)), hear(w.MarketDayClosed, closed(id)), hear(w.DayCounted, counted(id)))
			w.drain() // the dispatcher is awake between the events of the catch-up
		}
		w.clock.Push(burstPause)
		w.drain()
		if n := w.files() - before; n != 4 { // hospital, bank, the organizer, the resident
			w.Errorf("%d mails, want one per person", n)
		}
		digests := 0
		for _, d := range w.list(Filter{Kind: Digest}) {
			digests++
			_, text, _, _ := w.Letter(context.Background(), comm, d.ID)
			if d.State != Delivered || d.Recipient == "partner:bank" && strings.Count(text.Body, "200 issued") != 3 {
				w.Errorf("%s %s:\n%s", d.Recipient, d.State, text.Body)
			}
		}
		if digests != 4 {
			w.Errorf("%d digests", digests)
		}
	})
}

func (w *town) files() int {
	names, _ := filepath.Glob(filepath.Join(w.dir, "*"))
	return len(names)
}

// Reminders: only while useful, counted when not.
func TestReminders(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		for i, c := range []struct {
			name              string
			at                time.Time
			partner, resident string
		}{
			{"the evening before", local(18, 18, 0), "delivered", "delivered"},
			{"an outage until 22:00", local(18, 22, 0), "delivered", "queued"},
			{"an outage until 8:29", local(19, 8, 29), "delivered", "delivered"},
			{"an outage until 8:30", local(19, 8, 30), "skipped not_useful", "skipped not_useful"},
			{"after the start", local(19, 9, 1), "skipped not_useful", "skipped not_useful"},
		} {
			id := fmt.Sprint("d", i)
			w.clock.Set(local(1, 10, i))
			w.tell(hear(w.MarketDayPlanned, planned(id)), hear(w.BoothsPublished, published(id)))
			w.subscribe("r@home.example", id, "zh-Hans")
			w.drain()
			w.clock.Set(c.at)
			if _, err := w.Tick(context.Background()); err != nil {
				w.Fatal(err)
			}
			w.drain()
			if c.at.Equal(local(18, 22, 0)) {
				if got := w.stateOf(id, ReminderPartner, "partner:bank"); got != "queued" {
					w.Errorf("a late reminder did not wait for others: %v", got)
				}
				w.clock.Push(burstPause)
				w.drain()
			}
			partner, resident := w.stateOf(id, ReminderPartner, "partner:bank"), w.stateOf(id, ReminderResident, "resident")
			if partner != c.partner || resident != c.resident {
				w.Errorf("%s: %q %q", c.name, partner, resident)
			}
		}
	})
}

func TestMovedAndCancelled(t *testing.T) {
	eachTown(t, local(10, 10, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.ClaimMade, event.ClaimMade{Day: theDay("d1"), ClaimID: "c1", PartnerID: "sharpen"}),
			hear(w.BoothsPublished, published("d1")))
		w.subscribe("r@home.example", "d1", "zh-Hans")
		w.drain()
		w.clock.Set(local(18, 18, 0))
		w.Tick(context.Background()) // reminders wait, then the day is moved before they went out
		move := event.MarketDayMoved{Day: theDay("d1"), HeldOn: "2026-11-24", OpensAt: local(24, 9, 0), ClosesAt: local(24, 11, 30), Reason: "大雪"}
		w.tell(hear(w.MarketDayMoved, move), hear(w.MarketDayMoved, move))
		w.drain()
		got := w.states()
		for key, want := range map[string]string{"reminder_partner partner:bank": "skipped not_useful", "reminder_resident resident": "skipped not_useful",
			"day_moved partner:hospital": "delivered", "day_moved partner:sharpen": "delivered", "day_moved resident": "delivered", "day_moved organizer:wang": "delivered"} {
			if got[key] != want {
				w.Errorf("%s: %q, want %q", key, got[key], want)
			}
		}
		w.clock.Set(local(23, 18, 0))
		w.Tick(context.Background())
		w.drain()
		all, _ := w.Deliveries(context.Background(), comm, Filter{Kind: ReminderPartner, State: Delivered})
		if len(all) != 2 {
			w.Errorf("%d reminders of the new date", len(all))
		}
		w.tell(hear(w.MarketDayCancelled, event.MarketDayCancelled{Day: theDay("d1"), Reason: "大风", MovedTo: "2026-11-30"}))
		w.drain()
		if got := w.states(DayCancelled); len(got) != 5 || got["day_cancelled partner:sharpen"] != "delivered" || got["day_cancelled resident"] != "delivered" {
			w.Errorf("%v", got)
		}
	})
}

func TestOffersAndSinglePlaces(t *testing.T) {
	eachTown(t, local(17, 10, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.BoothsPublished, published("d1")))
		w.drain()
		offer := func(id, partner string, until time.Time) event.OfferMade {
			return event.OfferMade{Day: theDay("d1"), OfferID: id, PartnerID: partner, BoothCode: "A1", ExpiresAt: until}
		}
		w.tell(hear(w.BoothReleased, event.BoothReleased{Day: theDay("d1"), AssignmentID: "d1-1", BoothCode: "A1", PartnerID: "hospital", Why: "withdrawn"}),
			hear(w.OfferMade, offer("o1", "sharpen", local(17, 12, 0))), hear(w.OfferMade, offer("o2", "gone", local(17, 12, 0))))
		w.drain()
		w.tell(hear(w.OfferMade, offer("o3", "bank", local(17, 12, 0))), hear(w.OfferEnded, event.OfferEnded{Day: theDay("d1"), OfferID: "o3", PartnerID: "bank", How: "expired"}),
			hear(w.BoothAssigned, event.BoothAssigned{Day: theDay("d1"), Place: event.Place{AssignmentID: "a9", BoothCode: "A1", PartnerID: "sharpen"}, Why: "offer"}))
		w.drain()
		got := w.states()
		for key, want := range map[string]string{"booth_released partner:hospital": "delivered", "booth_free organizer:wang": "delivered",
			"offer_made partner:sharpen": "delivered", "offer_made partner:gone": "skipped gone", "offer_made partner:bank": "skipped not_useful",
			"offer_ended partner:bank": "delivered", "booth_assigned partner:sharpen": "delivered"} {
			if got[key] != want {
				w.Errorf("%s: %q, want %q", key, got[key], want)
			}
		}
		_, text, _, _ := w.Letter(context.Background(), comm, w.list(Filter{})["offer_ended partner:bank"].ID)
		if !strings.Contains(text.Body, "booth A1") {
			w.Errorf("%s", text.Body)
		}
	})
}

func TestMissedDayAndUnknownDay(t *testing.T) {
	eachTown(t, local(21, 10, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.MarketDayMissed, event.MarketDayMissed{Day: theDay("d1")}))
		w.clock.Push(burstPause)
		w.drain()
		w.want("missed", w.states(), map[string]string{"day_missed organizer:wang": "delivered"})
		err := w.Service.db.Update(context.Background(), func(tx *db.Tx) error { return w.MarketDayOpened(tx, opened("unheard")) })
		if err == nil {
			w.Error("an event of a day nobody planned was swallowed instead of parked")
		}
	})
}
