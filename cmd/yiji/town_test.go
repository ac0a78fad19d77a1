package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yiji/booths"
	"yiji/internal/app"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// town is a database in which a market is open right now, by the real clock:
// the binary under test can be started on it, killed, and started again.
type town struct {
	url   string
	key   string // key file
	day   string
	lines []string
}

// zoneAtNoon is a time zone in which it is about noon now, so that a market
// open all day long stays open while the test runs.
func zoneAtNoon(now time.Time) string {
	return fmt.Sprintf("Etc/GMT%+d", now.UTC().Hour()-12) // the sign of Etc zones is the other way round
}

// found builds the town: planned, claimed and confirmed in the past of a pushed
// clock, so that the real clock finds it due to open.
func found(t *testing.T, url string) town {
	t.Helper()
	now := time.Now()
	zone, err := time.LoadLocation(zoneAtNoon(now))
	if err != nil {
		t.Fatal(err)
	}
	today := now.In(zone).Format(time.DateOnly)
	var clock atomic.Int64 // read by the running house while it is pushed
	clock.Store(now.Add(-40 * 24 * time.Hour).UnixMicro())
	tw := town{url: url, key: filepath.Join(t.TempDir(), "key")}
	a, err := app.New(t.Context(), app.Options{Database: url, KeyFile: tw.key, Listen: "127.0.0.1:0", OutboxDir: t.TempDir(),
		Clock: func() time.Time { return time.UnixMicro(clock.Load()) }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	raw, err := os.ReadFile("../../internal/demo/xiangyang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := booths.ParseRoster(raw)
	if err != nil {
		t.Fatal(err)
	}
	r.Community.TimeZone = zone.String()
	r.Market.Rule = json.RawMessage(`{"dates":["` + today + `"]}`)
	r.Market.Opens, r.Market.Closes = "00:00", "23:59"
	done, err := a.Import(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	to := func(at time.Time) {
		clock.Store(at.UnixMicro())
		for range 3 {
			if _, err := a.Scheduler.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := a.Bus.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	to(now.Add(-10 * 24 * time.Hour))
	days, err := a.Scheduler.Days(t.Context(), done.Community.ID, scheduler.DayFilter{})
	if err != nil || len(days) != 1 {
		t.Fatalf("%d days, %v", len(days), err)
	}
	tw.day = days[0].ID
	for _, p := range r.Partners {
		scope := booths.Scope{CommunityID: done.Community.ID, PartnerID: done.Partners[p.Name]}
		_, err := a.Booths.Claim(t.Context(), scope, tw.day, booths.Ask{PartnerID: done.Partners[p.Name]})
		if err != nil {
			t.Fatalf("%s: %v (%s)", p.Name, err, fault.From(err).Code)
		}
	}
	to(now.Add(-2 * 24 * time.Hour))
	lines, err := a.Queue.Lines(t.Context(), done.Community.ID, tw.day)
	if err != nil || len(lines) < 5 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, l := range lines {
		if l.Stock == 0 && !strings.Contains(l.Service, "豆浆") {
			tw.lines = append(tw.lines, l.ID)
		}
	}
	return tw
}
