package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/app"
	"yiji/scheduler"
	"yiji/web"
)

// stalls is how many lines the market of P1 and P2 has.
const stalls = 8

// house is the real server with a market that is open.
type house struct {
	*app.App
	clock *clock
	day   scheduler.Day
	lines []queue.Line
	stop  context.CancelFunc
	ended chan error
}

// clock runs as ours does, from another time.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) set(t time.Time) { c.ahead.Store(int64(time.Until(t))) }

var shanghai = time.FixedZone("CST", 8*3600)

// openHouse starts the server on a database and brings a market day to its opening.
func openHouse(ctx context.Context, dir, database string) (*house, error) {
	h := &house{clock: &clock{}, ended: make(chan error, 1)}
	h.clock.set(time.Date(2026, 10, 30, 12, 0, 0, 0, shanghai))
	var err error
	h.App, err = app.New(ctx, app.Options{
		Database: database, KeyFile: filepath.Join(dir, "key"), OutboxDir: filepath.Join(dir, "outbox"),
		Listen: "127.0.0.1:0", Clock: h.clock.now, Logger: quiet, Limits: web.Limits{Off: true},
	})
	if err != nil {
		return nil, err
	}
	ctx, h.stop = context.WithCancel(ctx)
	go func() { h.ended <- h.Run(ctx) }()
	for _, step := range []func(context.Context) error{h.found, h.tick, h.claim, h.tick, h.open} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

func (h *house) close() error {
	h.stop()
	return <-h.ended
}

// found makes a community with a market and its ground.
func (h *house) found(ctx context.Context) error {
	c, err := h.Scheduler.SaveCommunity(ctx, scheduler.Community{Slug: "bench", Name: "测速社区", TimeZone: "Asia/Shanghai"})
	if err != nil {
		return err
	}
	rule, err := scheduler.ParseRule([]byte(`{"dates":["2026-11-19"]}`))
	if err != nil {
		return err
	}
	m, err := h.Scheduler.SaveMarket(ctx, scheduler.Market{CommunityID: c.ID, Slug: "market", Name: "测速市集", Venue: "门口",
		Rule: rule, Opens: 9 * 60, Closes: 21 * 60, Leads: scheduler.DefaultLeads()})
	if err != nil {
		return err
	}
	h.day.CommunityID, h.day.MarketID = c.ID, m.ID
	var ground booths.Layout
	for i := range stalls {
		ground.Booths = append(ground.Booths, booths.Booth{Code: fmt.Sprintf("A%d", i+1), X: booths.CM(i * 500)})
	}
	return h.Booths.SaveLayout(ctx, c.ID, m.ID, ground)
}

// claim lets a partner with one service ask for each place.
func (h *house) claim(ctx context.Context) error {
	var err error
	if h.day, err = h.Scheduler.NextDay(ctx, h.day.CommunityID, h.day.MarketID); err != nil {
		return err
	}
	for i := range stalls {
		scope := booths.Scope{CommunityID: h.day.CommunityID}
		p, err := h.Booths.SavePartner(ctx, scope, booths.Partner{Name: fmt.Sprintf("伙伴 %d", i+1), Kind: booths.KindOrganisation, Category: "repair",
			Services: []booths.Offering{{Name: fmt.Sprintf("服务 %d", i+1), Kind: "person", Minutes: 3}}})
		if err != nil {
			return err
		}
		if _, err := h.Booths.Claim(ctx, scope, h.day.ID, booths.Ask{PartnerID: p.ID}); err != nil {
			return err
		}
	}
	return nil
}

// tick lets everything happen that is due.
func (h *house) tick(ctx context.Context) error {
	if _, err := h.Scheduler.Tick(ctx); err != nil {
		return err
	}
	return h.Bus.Settle(ctx)
}

// open pushes the clock to the day.
func (h *house) open(ctx context.Context) error {
	h.clock.set(h.day.ConfirmAt.Add(time.Second))
	if err := h.tick(ctx); err != nil {
		return err
	}
	h.clock.set(h.day.OpensAt.Add(time.Second))
	if err := h.tick(ctx); err != nil {
		return err
	}
	h.Wake()
	var err error
	if h.lines, err = h.Queue.Lines(ctx, h.day.CommunityID, h.day.ID); err != nil {
		return err
	}
	for _, l := range h.lines {
		if l.State != queue.LineOpen {
			return fmt.Errorf("line %s is %s", l.Service, l.State)
		}
	}
	if len(h.lines) != stalls {
		return fmt.Errorf("%d lines instead of %d", len(h.lines), stalls)
	}
	return nil
}

// issued counts the numbers given.
func (h *house) issued(ctx context.Context) (n int, err error) {
	lines, err := h.Queue.Lines(ctx, h.day.CommunityID, h.day.ID)
	for _, l := range lines {
		n += l.Issued
	}
	return n, err
}

// path is where numbers of one of the lines are taken.
func (h *house) path(i int) string {
	return "/api/v1/days/" + h.day.ID + "/lines/" + h.lines[i%len(h.lines)].ID + "/tickets"
}

// fill gives out n numbers without HTTP, to make the data larger.
func (h *house) fill(ctx context.Context, n int) error {
	err := byHands(n, 256, func(i int) error {
		_, err := h.Queue.Issue(ctx, queue.IssueRequest{DayID: h.day.ID, LineID: h.lines[i%len(h.lines)].ID, Via: queue.Desk})
		return err
	})
	if err != nil {
		return err
	}
	return h.Bus.Settle(ctx)
}
