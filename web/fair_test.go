package web

import (
	"testing"
	"time"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/outbox"
	"yiji/scheduler"
)

// fair is a community with a market, its ground and three partners, on a clock
// that tests push. What is told is heard at once, in order, as the bus would do.
type fair struct {
	*rig
	clock    *dbtest.Clock
	place    scheduler.Community
	market   scheduler.Market
	day      scheduler.Day
	doctors  booths.Partner // 血压, 耳穴 (needs quiet)
	grinder  booths.Partner // 磨刀, an item line
	soy      booths.Partner // 豆浆, a stock of three
	heard    int64
	hearings map[string][]func(*db.Tx, string) error
}

var shanghai = time.FixedZone("CST", 8*3600)

func at(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, shanghai)
}

// eachFair runs do on both databases, when partners may claim for 19 November.
func eachFair(t *testing.T, do func(t *testing.T, f *fair)) {
	t.Helper()
	t.Parallel()
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(at(10, 30, 10, 0))
		do(t, newFair(t, d, clock))
	})
}

// aFair runs do on SQLite alone, where what is proved is the page's own doing.
func aFair(t *testing.T, do func(t *testing.T, f *fair)) {
	t.Helper()
	t.Parallel()
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	do(t, newFair(t, dbtest.Open(t, dbtest.SQLite(t), clock.Now), clock))
}

func newFair(t *testing.T, d *db.DB, clock *dbtest.Clock, edit ...func(*Options)) *fair {
	t.Helper()
	f := &fair{rig: start(t, d, edit...), clock: clock}
	f.Server.door.limits.Off = true
	f.hearAll()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(f.log.String())
		}
	})
	f.place = f.community("xiangyang")
	ctx, err := t.Context(), error(nil)
	rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-11-19","2026-12-19"]}`))
	f.ok(err)
	f.market, err = f.Scheduler.SaveMarket(ctx, scheduler.Market{CommunityID: f.place.ID, Slug: "m", Name: "幸福长九", Venue: "门口", Rule: rule, Opens: 9 * 60, Closes: 11*60 + 30})
	f.ok(err)
	f.ok(f.Booths.SaveLayout(ctx, f.place.ID, f.market.ID, booths.Layout{
		Zones:  []booths.Zone{{Name: "健康区", Accepts: []string{"clinic"}}, {Name: "便民区"}},
		Booths: []booths.Booth{{Code: "A1", Zone: "健康区", X: 200, Y: 200, Features: []string{"power", "quiet"}}, {Code: "B1", Zone: "便民区", X: 600, Y: 200, Features: []string{"water"}}},
		Wanted: []string{"血压", "理发"},
	}))
	f.doctors = f.partner("<市>医院", "clinic", booths.Offering{Name: "血压", Kind: "person", Minutes: 3}, booths.Offering{Name: "耳穴", Kind: "person", Minutes: 10, Needs: []string{"quiet"}})
	f.grinder = f.partner("磨刀师傅", "repair", booths.Offering{Name: "磨刀", Kind: "item", Minutes: 8})
	f.soy = f.partner("豆浆铺", "food", booths.Offering{Name: "豆浆", Kind: "stock", Minutes: 1, Stock: 3})
	f.tick()
	f.day, err = f.Scheduler.NextDay(ctx, f.place.ID, f.market.ID)
	f.ok(err)
	return f
}

func (f *fair) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fair) partner(name, category string, services ...booths.Offering) booths.Partner {
	f.t.Helper()
	p, err := f.Booths.SavePartner(f.t.Context(), booths.Scope{CommunityID: f.place.ID}, booths.Partner{Name: name, Kind: booths.KindOrganisation, Category: category, Services: services})
	f.ok(err)
	return p
}

// as is a browser of somebody who acts for a partner.
func (f *fair) as(p booths.Partner) *browser {
	f.t.Helper()
	return f.browser(f.token(account.Role{Kind: account.Partner, CommunityID: f.place.ID, PartnerID: p.ID}))
}

func (f *fair) organizer() *browser {
	f.t.Helper()
	return f.browser(f.token(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}))
}

// claims asks for a place without a browser.
func (f *fair) claims(p booths.Partner) booths.Claim {
	f.t.Helper()
	c, err := f.Booths.Claim(f.t.Context(), booths.Scope{CommunityID: f.place.ID, PartnerID: p.ID}, f.day.ID, booths.Ask{PartnerID: p.ID})
	f.ok(err)
	f.hear()
	return c
}

// until pushes the clock and lets the scheduler write down what is due.
func (f *fair) until(t time.Time) {
	f.t.Helper()
	f.clock.Set(t)
	f.tick()
}

func (f *fair) tick() {
	f.t.Helper()
	_, err := f.Scheduler.Tick(f.t.Context())
	f.ok(err)
	f.hear()
	_, err = f.Queue.Tick(f.t.Context())
	f.ok(err)
	f.hear()
}

// opened is the day with both places given and the lines open; it returns them by service.
func (f *fair) opened() map[string]queue.Line {
	f.t.Helper()
	f.claims(f.doctors)
	f.claims(f.grinder)
	f.until(at(11, 19, 9, 0))
	return f.lines()
}

func (f *fair) lines() map[string]queue.Line {
	f.t.Helper()
	all, err := f.Queue.Lines(f.t.Context(), f.place.ID, f.day.ID)
	f.ok(err)
	out := map[string]queue.Line{}
	for _, l := range all {
		out[l.Service] = l
	}
	return out
}

// numbers gives out n numbers of a line.
func (f *fair) numbers(line string, n int) {
	f.t.Helper()
	for range n {
		_, err := f.Queue.Issue(f.t.Context(), queue.IssueRequest{DayID: f.day.ID, LineID: line, Via: queue.Desk})
		f.ok(err)
	}
	f.hear()
}

func (f *fair) claim(p booths.Partner) booths.Claim {
	f.t.Helper()
	all, err := f.Booths.ClaimsOf(f.t.Context(), f.place.ID, f.day.ID)
	f.ok(err)
	for _, c := range all {
		if c.PartnerID == p.ID {
			return c
		}
	}
	f.t.Fatalf("%s has no claim", p.Name)
	return booths.Claim{}
}

// hears puts a reaction on the list of those who hear events of type E.
func hears[E event.Event](f *fair, react func(*db.Tx, E) error) {
	var zero E
	f.hearings[zero.Name()] = append(f.hearings[zero.Name()], func(tx *db.Tx, payload string) error {
		e, err := event.Decode[E]([]byte(payload))
		if err != nil {
			return err
		}
		return react(tx, e)
	})
}

// hear carries what has been told since the last time to everybody concerned.
func (f *fair) hear() {
	f.t.Helper()
	for {
		var news []outbox.Stored
		f.ok(f.db.View(f.t.Context(), func(tx *db.Tx) (err error) {
			news, err = outbox.After(tx, outbox.Topic, f.heard, 500)
			return err
		}))
		if len(news) == 0 {
			return
		}
		f.ok(f.db.Update(f.t.Context(), func(tx *db.Tx) error {
			for _, e := range news {
				for _, react := range f.hearings[e.Name] {
					if err := react(tx, e.Payload); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		f.heard = news[len(news)-1].Seq
	}
}

func (f *fair) hearAll() {
	f.hearings = map[string][]func(*db.Tx, string) error{}
	sch, bo, qu, no, figures := f.Scheduler, f.Booths, f.Queue, f.Notify, queue.Figures{}
	hears(f, sch.ClaimMade)
	hears(f, sch.ClaimWithdrawn)
	hears(f, sch.TicketIssued)
	hears(f, sch.LinesClosed)
	hears(f, bo.MarketDayPlanned)
	hears(f, bo.MarketDayMoved)
	hears(f, bo.MarketDayClaimingOpened)
	hears(f, bo.MarketDayConfirmed)
	hears(f, bo.MarketDayUndone)
	hears(f, bo.MarketDaySettled)
	hears(f, bo.MarketDayCancelled)
	hears(f, qu.MarketDayPlanned)
	hears(f, qu.MarketDayMoved)
	hears(f, qu.MarketDayOpened)
	hears(f, qu.MarketDayClosed)
	hears(f, qu.MarketDayUndone)
	hears(f, qu.MarketDayCancelled)
	hears(f, qu.BoothsPublished)
	hears(f, qu.BoothAssigned)
	hears(f, qu.BoothReleased)
	hears(f, figures.VisitorCheckedIn)
	hears(f, figures.VisitorDiscounted)
	hears(f, figures.TicketIssued)
	hears(f, figures.TicketMoved)
	hears(f, figures.MarketDaySettled)
	hears(f, no.MarketDayPlanned)
	hears(f, no.MarketChanged)
	hears(f, no.MarketDayMoved)
	hears(f, no.MarketDayClaimingOpened)
	hears(f, no.MarketDayConfirmed)
	hears(f, no.MarketDayOpened)
	hears(f, no.MarketDayUndone)
	hears(f, no.MarketDayClosed)
	hears(f, no.MarketDayCancelled)
	hears(f, no.BoothsPublished)
	hears(f, no.DayCounted)
}
