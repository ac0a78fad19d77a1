package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/app"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/demo"
	"yiji/web"
)

// Moment is when the house is looked at.
type Moment string

// The moments.
const (
	Bare    Moment = "bare"
	Empty   Moment = "empty"
	Planned Moment = Moment(demo.Planned)
	Busy    Moment = Moment(demo.Busy)
	Settled Moment = Moment(demo.Settled)
)

// Moments are all of them, in their order.
var Moments = []Moment{Bare, Empty, Planned, Busy, Settled}

// Names of the cookies that carry a session and a resident's card.
const (
	Cookie     = "yiji_session"
	CardCookie = "yiji_card"
)

// Facts are what is where in a world: handles to put into addresses, "" for
// what there is none of at its moment.
type Facts struct {
	Community, CommunityID, Market, Day string
	Partner                             string // one with several services
	Channel, Delivery                   string
	Invitation, Setup                   string // tokens of links
	Unsubscribe, Confirm                string
	Partners                            map[string]string
	Numbers                             map[queue.State]demo.Number // one for each state there is
	Line                                string                      // of Partner, with numbers where there are any
	Slip, SlipLine                      string                      // id of a number that waits, and its line's
	SlipNumber                          int
	Tokens                              map[account.Kind]string
}

// World is a running house at a moment.
type World struct {
	Facts
	*dbtest.Clock // what time it is there
	Base          string
	App           *app.App
	t             testing.TB
}

// still is a moment kept: the database as a file and what is in it.
type still struct {
	Facts
	now time.Time
	key string
	raw []byte
}

var stills = sync.OnceValues(play)

// play plays the market once and keeps every moment.
func play() (map[Moment]*still, error) {
	kept := map[Moment]*still{}
	ctx := context.Background()
	err := demo.Run(ctx, demo.Options{
		Logger: quiet, Timeline: func(time.Time, string) {}, Open: func(demo.Pages) {}, Done: func(demo.Summary) {},
		Look: func(m demo.Moment, s demo.Scene) error {
			k, err := keep(ctx, s)
			kept[Moment(m)] = k
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	for _, m := range []Moment{Bare, Empty} {
		if kept[m], err = found(ctx, m); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// keep copies the house of a scene and lets people in.
func keep(ctx context.Context, s demo.Scene) (*still, error) {
	var dump bytes.Buffer
	if err := s.App.DB.Dump(ctx, &dump, nil, nil); err != nil {
		return nil, err
	}
	k := &still{now: s.Now, key: s.Key}
	k.Facts = Facts{Community: s.Community, Market: s.MarketID, Day: s.DayID, Partners: s.Partners, Partner: s.Partners["山东省第二康复医院"],
		Unsubscribe: unsubscribe(s.Outbox)}
	if k.Unsubscribe != "" { // everybody but the first has confirmed
		tokens, err := demo.LinksIn(s.Outbox, "/confirm/")
		if err != nil {
			return nil, err
		}
		k.Confirm = tokens[0]
	}
	return k, k.fill(ctx, &dump, func(a *app.App) error { return k.meet(ctx, a, s.Numbers) })
}

// found is the house before there is anything to play.
func found(ctx context.Context, m Moment) (*still, error) {
	k := &still{now: time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC), key: key}
	return k, k.fill(ctx, nil, func(a *app.App) (err error) {
		if m == Bare {
			k.Setup, _, err = a.Account.SetupLink(ctx)
			return err
		}
		return k.begin(ctx, a)
	})
}

// fill opens a house at the still's time, empty or (from) as it was dumped, lets
// do fill it and keeps its file.
func (k *still) fill(ctx context.Context, from io.Reader, do func(a *app.App) error) error {
	dir, err := os.MkdirTemp("", "yiji-stage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o := k.options(dir, func() time.Time { return k.now })
	if from != nil {
		if err := restore(ctx, o, from); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	if err := do(a); err != nil {
		return fmt.Errorf("filling: %w (closing: %v)", err, a.Close())
	}
	if err := a.Close(); err != nil {
		return err
	}
	k.raw, err = os.ReadFile(filepath.Join(dir, "yiji.db"))
	return err
}

func restore(ctx context.Context, o app.Options, from io.Reader) error {
	d, err := db.Open(ctx, db.Options{URL: o.Database, Clock: o.Clock, Logger: o.Logger})
	if err != nil {
		return err
	}
	_, err = d.Restore(ctx, from, nil)
	return errors.Join(err, d.Close())
}

func (k *still) options(dir string, clock func() time.Time) app.Options {
	return app.Options{Database: filepath.Join(dir, "yiji.db"), Key: k.key, Listen: "127.0.0.1:0", OutboxDir: filepath.Join(dir, "outbox"),
		Clock: clock, Logger: quiet, Limits: web.Limits{Off: true}}
}

// Open starts the house at a moment, until the test ends.
func Open(t testing.TB, m Moment) *World {
	t.Helper()
	all, err := stills()
	if err != nil {
		t.Fatal(err)
	}
	k := all[m]
	if k == nil {
		t.Fatalf("nothing was kept at the moment %q", m)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "yiji.db"), k.raw, 0o600); err != nil {
		t.Fatal(err)
	}
	w := &World{Facts: k.Facts, t: t, Clock: dbtest.NewClock(k.now)}
	if w.App, err = app.New(context.Background(), k.options(dir, w.Now)); err != nil {
		t.Fatal(err)
	}
	w.Base = w.App.BaseURL
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.App.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-w.App.Bus.Running()
	w.Settle()
	return w
}

// Push lets time go on, and waits until the house has done what is due by then.
func (w *World) Push(d time.Duration) {
	w.t.Helper()
	w.Clock.Push(d)
	w.App.Wake()
	for range 3 { // opening follows confirming, telling follows closing
		for _, tick := range []func(context.Context) (time.Time, error){w.App.Scheduler.Tick, w.App.Booths.Tick, w.App.Queue.Tick} {
			if _, err := tick(context.Background()); err != nil {
				w.t.Fatal(err)
			}
		}
		w.Settle()
	}
}

// Settle waits until every event has been heard.
func (w *World) Settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.App.Bus.Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// Token is the session of somebody of a kind; the partner is Facts.Partner.
func (w *World) Token(kind account.Kind) string {
	w.t.Helper()
	if w.Tokens[kind] == "" {
		w.t.Fatalf("nobody is a %s here", kind)
	}
	return w.Tokens[kind]
}

var inMail = regexp.MustCompile(`/unsubscribe/([A-Za-z0-9_-]+)`)

// unsubscribe finds the token of a link in the messages that went out.
func unsubscribe(folder string) string {
	names, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if m := inMail.FindSubmatch(raw); err == nil && m != nil {
			return string(m[1])
		}
	}
	return ""
}
