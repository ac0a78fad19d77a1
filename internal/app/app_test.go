package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yiji/internal/bus"
	"yiji/internal/db/dbtest"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func options(t *testing.T, url string) Options {
	t.Helper()
	dir := t.TempDir()
	return Options{Database: url, KeyFile: filepath.Join(dir, "key"), OutboxDir: filepath.Join(dir, "outbox"), Listen: "127.0.0.1:0", Logger: quiet}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// measured waits for a line among the metrics: the first tick may still be under way.
func measured(t *testing.T, base, line string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		status, body := get(t, base+"/metrics")
		if status == http.StatusOK && strings.Contains(body, line) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("metrics: %d, no %s in\n%s", status, line, body)
		}
	}
}

// The house starts, answers, and when told to stop leaves nothing running.
func TestStartsAnswersAndStops(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		before := goleak.IgnoreCurrent()
		a, err := New(t.Context(), options(t, url))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		<-a.Bus.Running()
		if status, body := get(t, a.BaseURL+"/readyz"); status != http.StatusOK {
			t.Errorf("readyz: %d %s", status, body)
		}
		if status, body := get(t, a.BaseURL+"/healthz"); status != http.StatusOK {
			t.Errorf("healthz: %d %s", status, body)
		}
		if err := a.Bus.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{`yiji_events_behind{consumer="queue"} 0`, `yiji_events_parked{consumer="notify"} 0`,
			"yiji_late_transitions 0", "yiji_tick_seconds_count", "yiji_commits_total"} {
			measured(t, a.BaseURL, name)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stopping: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
		goleak.VerifyNone(t, before)
	})
}

// An idle house does nothing measurable: nothing is committed between two looks.
func TestIdleHouseIsSilent(t *testing.T) {
	a, err := New(t.Context(), options(t, dbtest.SQLite(t)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	<-a.Bus.Running()
	if err := a.Bus.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := a.DB.Stats().Commits
	for range 50 { // starting up may take a few commits; then there is silence
		time.Sleep(100 * time.Millisecond)
		now := a.DB.Stats().Commits
		if now == last {
			return
		}
		last = now
	}
	t.Error("the house commits something every tenth of a second although nothing happens")
}

func TestASecondProcessIsRefused(t *testing.T) {
	o := options(t, dbtest.SQLite(t))
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if b, err := New(t.Context(), o); err == nil {
		b.Close()
		t.Error("two processes opened one file")
	}
}

// When one part fails the others are stopped, the last started first.
func TestPartsStopInReverseOrder(t *testing.T) {
	var order []string
	ready := make(chan struct{}, 2)
	waits := func(name string) part {
		return part{name, func(ctx context.Context) error {
			ready <- struct{}{}
			<-ctx.Done()
			order = append(order, name)
			return ctx.Err()
		}}
	}
	broken := errors.New("broken")
	err := runParts(t.Context(), []part{waits("first"), waits("second"), {"third", func(context.Context) error {
		<-ready
		<-ready
		return broken
	}}})
	if !errors.Is(err, broken) || strings.Join(order, " ") != "second first" {
		t.Errorf("%v, stopped in order %v", err, order)
	}
}

// unheard are events that only readers of the outbox want.
var unheard = map[string]string{
	"line.changed.v1": "the history of a line, read by people who ask what happened",
}

// No event without somebody who reacts, nobody waits for an event nobody tells.
func TestEveryEventIsHeard(t *testing.T) {
	a, err := New(t.Context(), options(t, dbtest.SQLite(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := bus.New(a.DB, bus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wire(b, a.Services)
	heard := b.Heard()
	files, _ := filepath.Glob("../event/testdata/*.json")
	if len(files) < 20 {
		t.Fatalf("only %d golden events found", len(files))
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if len(heard[name]) == 0 && unheard[name] == "" {
			t.Errorf("nobody hears %s", name)
		}
		delete(heard, name)
	}
	for name, who := range heard {
		t.Errorf("%v wait for %s, which is no event", who, name)
	}
}

func TestBadOptionsNameTheFlag(t *testing.T) {
	for flag, change := range map[string]func(*Options){
		"--key":       func(o *Options) { o.Key = "short" },
		"--smtp":      func(o *Options) { o.SMTP = "mail.example.org" },
		"--mail-from": func(o *Options) { o.SMTP = "smtp://mail.example.org" },
		"--holidays":  func(o *Options) { o.Holidays = []string{"/nowhere.yaml"} },
	} {
		o := options(t, dbtest.SQLite(t))
		change(&o)
		a, err := New(t.Context(), o)
		if err == nil {
			a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
