package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/seal"
	"yiji/notify/channel"
)

var shanghai = zoneOf("Asia/Shanghai")

// local is an instant of November 2026 in Shanghai.
func local(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, shanghai).UTC()
}

// town is a community with people, on a real database.
type town struct {
	*testing.T
	*Service
	clock      *dbtest.Clock
	dir        string
	partners   map[string]Recipient
	organizers []Recipient
}

const comm = "xiangyang"

func newTown(t *testing.T, d *db.DB, c *dbtest.Clock, change ...func(*Options)) *town {
	t.Helper()
	w := &town{T: t, clock: c, dir: t.TempDir(), partners: map[string]Recipient{
		"hospital": {Name: "山东省第二康复医院", Lang: "zh-Hans", Email: "lin@hospital.example"},
		"bank":     {Name: "Jining Bank", Lang: "en", Email: "bank@bank.example"},
		"sharpen":  {Name: "磨剪子師傅", Lang: "zh-Hant", Email: "m@sharpen.example"},
	}, organizers: []Recipient{{ID: "wang", Name: "王主任", Lang: "zh-Hans", Email: "wang@xiangyang.example"}}}
	o := Options{BaseURL: "https://yiji.example/", Key: make([]byte, seal.KeySize), OutboxDir: w.dir, Logger: slog.New(slog.DiscardHandler), Directory: w.directory(),
		Guard:  channel.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		AtHome: func(k channel.Kind, u *url.URL) bool { return u.Hostname() == "127.0.0.1" || channel.AtHome(k, u) }}
	for _, f := range change {
		f(&o)
	}
	s, err := New(d, o)
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		w.sound()
	})
	return w
}

func (w *town) directory() Directory {
	return Directory{
		Partner: func(_ *db.Tx, id string) (Recipient, error) {
			p, ok := w.partners[id]
			if !ok {
				return p, fault.NotFound("booths.partner_unknown", "partner", "there is no such partner")
			}
			p.ID = id
			return p, nil
		},
		Partners: func(tx *db.Tx, _ string) (out []Recipient, err error) {
			for id, p := range w.partners {
				p.ID = id
				out = append(out, p)
			}
			return out, nil
		},
		Organizers: func(*db.Tx, string) ([]Recipient, error) { return w.organizers, nil },
	}
}

// sound checks the invariants.
func (w *town) sound() {
	w.Helper()
	broken, err := w.Service.db.Check(context.Background(), Invariants)
	if err != nil || len(broken) > 0 {
		w.Errorf("invariants: %v %v", broken, err)
	}
}

// tell runs reactions in one transaction.
func (w *town) tell(reactions ...func(tx *db.Tx) error) {
	w.Helper()
	if err := w.Service.db.Update(context.Background(), func(tx *db.Tx) error {
		for _, r := range reactions {
			if err := r(tx); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		w.Fatal(err)
	}
}

func hear[E event.Event](react func(*db.Tx, E) error, e E) func(*db.Tx) error {
	return func(tx *db.Tx) error { return react(tx, e) }
}

// the market day every test uses: 19 November 2026, 9:00 to 11:30 in Shanghai.
func theDay(id string) event.Day {
	return event.Day{DayID: id, MarketID: "m1", CommunityID: comm, Date: "2026-11-19"}
}

func planned(id string) event.MarketDayPlanned {
	return event.MarketDayPlanned{Day: theDay(id), Community: "泰前街道向阳社区", Market: "益路向阳", Venue: "党群服务中心门口", TimeZone: "Asia/Shanghai",
		Locale: "zh-Hans", HeldOn: "2026-11-19", OpensAt: local(19, 9, 0), ClosesAt: local(19, 11, 30)}
}

func published(id string) event.BoothsPublished {
	return event.BoothsPublished{Day: theDay(id), Places: []event.Place{
		{AssignmentID: id + "-1", BoothCode: "A1", PartnerID: "hospital"}, {AssignmentID: id + "-2", BoothCode: "B3", PartnerID: "bank"},
		{AssignmentID: id + "-3", BoothCode: "B4", PartnerID: "bank"}},
		Waitlist: []event.Waiting{{ClaimID: id + "-c9", PartnerID: "sharpen", Position: 1}}}
}

func opened(id string) event.MarketDayOpened {
	return event.MarketDayOpened{Day: theDay(id), EffectiveAt: local(19, 9, 0), ClosesAt: local(19, 11, 30)}
}

func closed(id string) event.MarketDayClosed {
	return event.MarketDayClosed{Day: theDay(id), EffectiveAt: local(19, 11, 30), ServeUntil: local(19, 11, 45)}
}

func counted(id string) event.DayCounted {
	return event.DayCounted{Day: theDay(id), Residents: 312, Tickets: 480, CarriedOver: 4, NextDay: "d-next", NextDate: "2026-12-19", ClosedAt: local(19, 11, 30),
		Lines: []event.LineFigures{
			{LineID: "l1", PartnerID: "hospital", Service: "测血压", Issued: 200, Served: 190, Missed: 6},
			{LineID: "l2", PartnerID: "hospital", Service: "针灸", Issued: 40, Served: 36, Missed: 1},
			{LineID: "l3", PartnerID: "bank", Service: "豆浆热饮", Issued: 200, Served: 200}}}
}

// subscribe adds a resident.
func (w *town) subscribe(email, day, lang string) {
	w.Helper()
	if err := w.SubscriptionAdd(context.Background(), comm, SubscriptionInput{MarketID: "m1", DayID: day, Email: email, Lang: lang, Reminder: true, Closing: true}); err != nil {
		w.Fatal(err)
	}
	w.confirm()
}

// confirm answers the messages that ask whether somebody asked, as if they had
// not been needed.
func (w *town) confirm() {
	w.Helper()
	for _, token := range w.asked() {
		if err := w.SubscriptionConfirm(context.Background(), token); err != nil {
			w.Fatal(err)
		}
	}
	w.tell(func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM notify_deliveries WHERE kind = 'subscription_confirm' AND state = 'queued'`)
		return err
	})
}

// asked are the tokens of wishes that nobody has confirmed.
func (w *town) asked() (tokens []string) {
	w.Helper()
	w.tell(func(tx *db.Tx) error {
		tokens = nil
		return tx.Select(&tokens, `SELECT token FROM notify_wishes ORDER BY asked_at, day_id`)
	})
	return tokens
}

// channel adds a receiver of the community.
func (w *town) channel(kind channel.Kind, target, secret string) Channel {
	w.Helper()
	c, err := w.ChannelSave(context.Background(), comm, ChannelInput{Kind: kind, Name: string(kind), Target: target, Secret: secret, Lang: "zh-Hans", Active: true})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// drain sends everything that is due, one by one, and returns when to look again.
func (w *town) drain() time.Time {
	w.Helper()
	ctx := context.Background()
	for {
		jobs, next, err := w.claim(ctx, w.pools)
		if err != nil {
			w.Fatal(err)
		}
		if len(jobs) == 0 && next.After(w.clock.Now()) {
			return next
		}
		for _, j := range jobs {
			if err := w.record(ctx, j, w.senders[j.row.Channel].Send(ctx, j.msg)); err != nil {
				w.Fatal(err)
			}
		}
	}
}

// list is "kind recipient state why" of every delivery of the day that is not a webhook's.
func (w *town) list(f Filter) map[string]Delivery {
	w.Helper()
	f.Limit = 1000
	all, err := w.Deliveries(context.Background(), comm, f)
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]Delivery{}
	for _, d := range all {
		key := fmt.Sprintf("%s %s", d.Kind, d.Recipient)
		if d.Audience == ToResident || d.Audience == ToChannel || d.Kind == Digest {
			key = fmt.Sprintf("%s %s", d.Kind, d.Audience)
		}
		if _, twice := out[key]; twice {
			key += " " + d.ID
		}
		out[key] = d
	}
	return out
}

// state is what became of a delivery: "queued", "skipped too_late", …
func state(d Delivery) string {
	if d.Why != "" && (d.State == Skipped || d.State == GivenUp) {
		return string(d.State) + " " + d.Why
	}
	return string(d.State)
}

// start runs a dispatcher until the returned function is called or the test ends.
func (w *town) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Service.Run(ctx); err != nil {
			w.Error(err)
		}
	}()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-done }) }
	w.Cleanup(stop)
	return stop
}

// until looks again and again until ok, at most two minutes.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		case <-again.C:
		}
	}
}

// receiver records what a webhook or robot gets, by the time of the test's clock.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	clock  *dbtest.Clock
	answer func(n int, w http.ResponseWriter, r *http.Request) // nil: a robot's "ok"
	ids    []string
	times  []time.Time
	texts  []string
}

func newReceiver(t *testing.T, c *dbtest.Clock) *receiver {
	r := &receiver{clock: c}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	var body struct {
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	json.Unmarshal(raw, &body)
	r.mu.Lock()
	r.ids = append(r.ids, req.Header.Get("webhook-id"))
	r.times = append(r.times, r.clock.Now())
	r.texts = append(r.texts, body.Text.Content)
	n := len(r.ids)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, w, req)
		return
	}
	io.WriteString(w, `{"errcode":0,"code":0}`)
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids)
}

// busiest returns the most arrivals in any minute.
func (r *receiver) busiest() (most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.times {
		n := 0
		for j := i; j < len(r.times) && r.times[j].Sub(r.times[i]) < time.Minute; j++ {
			n++
		}
		most = max(most, n)
	}
	return most
}
