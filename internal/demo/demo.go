package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"yiji/internal/app"
	"yiji/notify"
	"yiji/scheduler"
)

// Options say how to play.
type Options struct {
	Database string // "" is a SQLite file that is removed afterwards
	Listen   string // "" is a free port of the loopback interface
	Speed    float64
	Serve    bool                            // keep the pages open until ctx ends
	Timeline func(at time.Time, line string) // told what happens, in the time of the community
	Open     func(Pages)                     // told where to look, just before the market opens
	Done     func(Summary)                   // told what came out, before Serve waits
	Look     func(Moment, Scene) error       // shown the house at some moments, while the played time stands still
	Logger   *slog.Logger
}

// Pages are where a visitor of the demonstration can look, and as whom.
type Pages struct {
	Schedule, Day, Screen string // for everybody
	Login, Email          string // the organizer's
	Password              string
	Partner               string // a single-use link into a partner's pages
}

// Date is one date of 2026 and what became of it.
type Date struct {
	RuleDate string `json:"rule_date"`
	Date     string `json:"date"`
	Weekday  string `json:"weekday"`
	Lunar    string `json:"lunar"`
	State    string `json:"state"`
	Shifted  bool   `json:"shifted"`
	Reason   string `json:"reason"`
}

// Summary is what came out, for people and machines.
type Summary struct {
	Residents        int            `json:"residents"`
	Tickets          int            `json:"tickets"`
	Served           int            `json:"served"`
	Missed           int            `json:"missed"`
	Left             int            `json:"left"`
	CarriedOver      int            `json:"carried_over"`
	SoldOut          int            `json:"told_sold_out"`
	Duplicates       int            `json:"duplicates"`
	Gaps             int            `json:"gaps"`
	Deliveries       Deliveries     `json:"deliveries"`
	InvariantsBroken []string       `json:"invariants_broken_names"`
	Broken           int            `json:"invariants_broken"`
	Dates            []Date         `json:"dates"`
	Assignments      []Placed       `json:"assignments"`
	Lines            []LineSummary  `json:"lines"`
	Seconds          float64        `json:"seconds"`
	Messages         map[string]int `json:"messages"` // by kind
}

// Deliveries counts messages by how they ended.
type Deliveries struct {
	Sent    int64 `json:"sent"`
	Failed  int64 `json:"failed"`
	Skipped int64 `json:"skipped"`
}

// LineSummary is one line of the day's figures.
type LineSummary struct {
	Booth   string `json:"booth"`
	Service string `json:"service"`
	Issued  int    `json:"issued"`
	Served  int    `json:"served"`
	Missed  int    `json:"missed"`
	Expired int    `json:"expired"`
	WaitMin int    `json:"mean_wait_minutes"`
}

// Run plays. The error says which promise was broken.
func Run(ctx context.Context, o Options) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "yiji-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := build(ctx, dir, o)
	if err != nil {
		return err
	}
	rctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- w.app.Run(rctx) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	sum, err := w.play(ctx, o)
	if err != nil {
		return err
	}
	sum.Seconds = time.Since(began).Seconds()
	o.Done(sum)
	if broken := sum.promises(); broken != nil {
		return broken
	}
	if o.Serve {
		<-ctx.Done()
	}
	return nil
}

func (w *world) play(ctx context.Context, o Options) (Summary, error) {
	var sum Summary
	steps := []func() error{
		func() error { return w.found(ctx) },
		func() error { return w.throughTheYear(ctx, time.Date(2026, 10, 29, 3, 0, 0, 0, time.UTC)) },
		func() error { return w.find(ctx) },
		func() error { return w.meet(ctx) },
		func() error { return w.claim(ctx) },
		func() error { return w.throughTheYear(ctx, time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC)) },
		func() (err error) { sum.Assignments, err = w.assignments(ctx); return err },
		func() error {
			for _, p := range sum.Assignments {
				w.say("排位: %s %s (%s)", p.Booth, p.Partner, strings.Join(p.Services, "、"))
			}
			return nil
		},
		func() error { return w.look(ctx, Planned) },
		func() error { return w.show(ctx, o.Open) },
		func() error { return w.market(ctx, o.Speed) },
		func() error { return w.tell(ctx) },
		func() error { return w.look(ctx, Settled) },
		func() error { return w.count(ctx, &sum) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// tell waits until every message of the day has gone out or is given up.
func (w *world) tell(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		counts, err := w.app.Notify.Counts(ctx)
		if err != nil {
			return err
		}
		if counts[notify.Queued]+counts[notify.Sending]+counts[notify.Retry] == 0 {
			return nil
		}
		w.app.Wake()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("messages are still waiting: %v", counts)
		}
	}
}

// confirm follows the link in the messages that ask residents whether they asked
// to be told; one of them never does.
func (w *world) confirm(ctx context.Context) error {
	if err := w.tell(ctx); err != nil {
		return err
	}
	tokens, err := LinksIn(w.outbox, "/confirm/")
	if err != nil {
		return err
	}
	for _, t := range tokens[min(1, len(tokens)):] {
		if err := w.resident.do(ctx, request{http.MethodPost, "confirmations", key("confirm", t), map[string]any{"token": t}, nil}); err != nil {
			return err
		}
	}
	w.say("%d 位居民要收邮件, 一位没有确认", len(tokens))
	return nil
}

// LinksIn are the tokens of the links to a path in the mails of an outbox folder.
func LinksIn(folder, path string) (tokens []string, err error) {
	link := regexp.MustCompile(regexp.QuoteMeta(path) + `([a-z2-7]{26})`)
	names, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			return nil, err
		}
		letter, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, letter.Body))
		if err != nil {
			return nil, err
		}
		if m := link.FindSubmatch(text); m != nil {
			tokens = append(tokens, string(m[1]))
		}
	}
	return tokens, err
}

// count reads the figures, the messages and the invariants.
func (w *world) count(ctx context.Context, sum *Summary) error {
	c, err := w.app.Scheduler.CommunityBySlug(ctx, w.community)
	if err != nil {
		return err
	}
	f, err := w.app.Queue.DayFigures(ctx, c.ID, w.day.ID)
	if err != nil {
		return err
	}
	sum.Residents, sum.Tickets, sum.CarriedOver = f.Residents, f.Tickets, f.CarriedOver
	sum.Duplicates, sum.Gaps, sum.SoldOut = w.seen.twice, w.seen.gaps(), w.seen.sold
	for _, l := range f.Lines {
		sum.Served, sum.Missed, sum.Left = sum.Served+l.Served, sum.Missed+l.Missed, sum.Left+l.Left
		wait := 0
		if l.Called > 0 {
			wait = int(l.WaitedSeconds) / l.Called / 60
		}
		sum.Lines = append(sum.Lines, LineSummary{l.BoothCode, l.Service, l.Issued, l.Served, l.Missed, l.Expired, wait})
	}
	if err := w.messages(ctx, c.ID, sum); err != nil {
		return err
	}
	if sum.Dates, err = w.dates(ctx, c.ID); err != nil {
		return err
	}
	broken, err := w.app.DB.Check(ctx, app.Invariants())
	sum.Broken = len(broken)
	for _, b := range broken {
		sum.InvariantsBroken = append(sum.InvariantsBroken, b.Name)
	}
	return errors.Join(err, w.joined(sum))
}

// joined says how many numbers were given that no resident of ours was shown.
// Whoever looks at open pages may take some; else there must be none.
func (w *world) joined(sum *Summary) error {
	shown := w.seen.tickets()
	others := sum.Tickets - shown
	if others < 0 || others > 0 && !w.open {
		return fmt.Errorf("people were shown %d numbers, the day counts %d", shown, sum.Tickets)
	}
	if others > 0 {
		sum.Gaps = max(0, sum.Gaps-others)
		w.say("看演示的人也取了 %d 个号", others)
	}
	return nil
}

func (w *world) messages(ctx context.Context, communityID string, sum *Summary) error {
	counts, err := w.app.Notify.Counts(ctx)
	if err != nil {
		return err
	}
	sum.Deliveries = Deliveries{Sent: counts[notify.Delivered], Failed: counts[notify.GivenUp], Skipped: counts[notify.Skipped]}
	all, err := w.app.Notify.Deliveries(ctx, communityID, notify.Filter{Limit: 1000})
	if err != nil {
		return err
	}
	sum.Messages = map[string]int{}
	for _, d := range all {
		if d.State == notify.Delivered {
			sum.Messages[string(d.Kind)]++
		}
	}
	return nil
}

// dates are the rows the scheduler made, as they stand.
func (w *world) dates(ctx context.Context, communityID string) (out []Date, err error) {
	from, _ := scheduler.ParseDate("", "2026-01-01")
	to, _ := scheduler.ParseDate("", lastDate)
	days, err := w.app.Scheduler.Days(ctx, communityID, scheduler.DayFilter{FromDate: from, ToDate: to, Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		l := scheduler.Occurrence{Date: d.HeldOn, RuleDate: d.Date, Lunar: scheduler.LunarOf(d.HeldOn),
			Shifted: d.Date != d.HeldOn, Reasons: d.Reasons}.In("zh-Hans")
		out = append(out, Date{l.RuleDate, l.Date, l.Weekday, l.Lunar, string(d.State), l.Shifted, l.Reason})
	}
	return out, nil
}

// promises is nil when the market kept them.
func (s Summary) promises() error {
	var errs []error
	check := func(ok bool, what string, n int64) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %d", what, n))
		}
	}
	check(s.Broken == 0, "invariants broken", int64(s.Broken))
	check(s.Duplicates == 0, "numbers given twice", int64(s.Duplicates))
	check(s.Gaps == 0, "numbers missing", int64(s.Gaps))
	check(s.Deliveries.Failed == 0, "messages given up", s.Deliveries.Failed)
	check(len(s.Dates) == 12, "dates of 2026", int64(len(s.Dates)))
	check(s.Residents > 0, "residents counted", int64(s.Residents))
	ended := s.Served + s.Missed + s.Left + s.CarriedOver
	check(ended == s.Tickets, "tickets without an end", int64(s.Tickets-ended))
	return errors.Join(errs...)
}
