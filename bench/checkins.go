package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// visitors is how many connections ask at the same time.
const visitors = 256

// checkInsSQLite is P1: durable check-ins over HTTP on SQLite.
func checkInsSQLite(ctx context.Context, r *run) (lines []line, err error) {
	h, err := openHouse(ctx, r.dir, filepath.Join(r.dir, "p1.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	yard, err := startConstant()
	if err != nil {
		return nil, err
	}
	defer yard.close()
	l := line{ID: "P1", Work: fmt.Sprintf("durable check-ins over HTTP, SQLite FULL, %d connections, %d lines", visitors, stalls),
		Yardstick: "echo answering a constant POST, same process, same load", Unit: "/s", Target: "≥ 0.25", met: atLeast(0.25)}
	var c counter
	l.pair, err = inTurns(ctx, r.pairs, c.checkIns(h, r.length), func(context.Context) (float64, error) {
		t, err := load{address: yard.address, request: checkIn(yard.address, h.path), status: http.StatusCreated, hands: visitors}.run(r.length)
		return t.rate(), err
	})
	if err != nil {
		return nil, err
	}
	l.Note = c.note()
	l.Growth, err = r.growCheckIns(ctx, filepath.Join(r.dir, "grow.db"))
	return []line{l}, err
}

// checkInsPostgres is P2: the same on PostgreSQL.
func checkInsPostgres(ctx context.Context, r *run) (lines []line, err error) {
	l := line{ID: "P2", Work: fmt.Sprintf("durable check-ins over HTTP, PostgreSQL, %d connections, %d lines, every rule checked", visitors, stalls),
		Yardstick: fmt.Sprintf("`pgbench -N -M prepared -c %d`, the same server", pgbenchClients), Unit: "/s", Target: "≥ 3", met: atLeast(3)}
	if r.noPG != nil {
		l.Note = "not measured: " + r.noPG.Error()
		return []line{l}, nil
	}
	url, err := r.database(ctx, "checkins")
	if err != nil {
		return nil, err
	}
	h, err := openHouse(ctx, r.dir, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	yard, err := r.startPgbench(ctx)
	if err != nil {
		l.Note = "not measured: " + err.Error()
		return []line{l}, nil
	}
	var c counter
	if l.pair, err = inTurns(ctx, r.pairs, c.checkIns(h, r.length), yard.run); err != nil {
		return nil, err
	}
	l.Note = c.note()
	if url, err = r.database(ctx, "grow"); err == nil {
		l.Growth, err = r.growCheckIns(ctx, url)
	}
	return []line{l}, err
}

// counter adds up what the runs of one line came to.
type counter struct {
	waits            series
	answers, commits int64
	loaded, settled  time.Duration
}

// checkIns takes numbers for a while and returns how many a second. Every one
// that was answered must be in the database. The clock stops with the last
// answer; what other parts of the house do about the events is waited for
// before the next run and told in the note.
func (c *counter) checkIns(h *house, length time.Duration) measurement {
	address := strings.TrimPrefix(h.BaseURL, "http://")
	return func(ctx context.Context) (float64, error) {
		before, err := h.issued(ctx)
		if err != nil {
			return 0, err
		}
		stats := h.DB.Stats()
		t, err := load{address: address, request: checkIn(address, h.path), status: http.StatusCreated, hands: visitors}.run(length)
		if err != nil {
			return 0, err
		}
		c.commits += h.DB.Stats().Commits - stats.Commits
		start := time.Now()
		if err := h.Bus.Settle(ctx); err != nil {
			return 0, err
		}
		c.settled += time.Since(start)
		c.loaded += t.took
		c.answers += int64(t.answers)
		c.waits = append(c.waits, t.waits...)
		after, err := h.issued(ctx)
		if err == nil && after-before != t.answers {
			err = fmt.Errorf("%d answers, %d numbers in the database", t.answers, after-before)
		}
		return t.rate(), err
	}
}

func (c *counter) note() string {
	return fmt.Sprintf("%s check-ins in %s, answered within %s ms (median), %s ms (p99); %s a commit, commits of reactions included; with the reactions to all of them waited for, %s/s",
		thousands(c.answers), c.loaded.Round(time.Millisecond), number(c.waits.at(0.5)), number(c.waits.at(0.99)),
		number(float64(c.answers)/float64(c.commits)), number(float64(c.answers)/(c.loaded+c.settled).Seconds()))
}

// growCheckIns measures with 1, 10 and 100 times the numbers given before.
func (r *run) growCheckIns(ctx context.Context, database string) (said string, err error) {
	h, err := openHouse(ctx, r.dir, database)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var data, cost []float64
	for _, n := range growthSteps {
		have, err := h.issued(ctx)
		if err != nil {
			return "", err
		}
		if err := h.fill(ctx, max(0, n-have)); err != nil {
			return "", err
		}
		var c counter
		rate, err := c.checkIns(h, time.Second)(ctx)
		if err != nil {
			return "", err
		}
		data, cost = append(data, float64(max(n, have))), append(cost, 1/rate)
		said += fmt.Sprintf("%s numbers given: %s/s, ", thousands(int64(max(n, have))), number(rate))
	}
	return fmt.Sprintf("%stime a check-in ~ numbers^%.2f", said, exponent(data, cost)), nil
}

// growthSteps are 1, 10 and 100 times the data.
var growthSteps = []int{500, 5_000, 20_000}

// constant is the yardstick of P1 and P3a: the same web framework with nothing to do.
type constant struct {
	address string
	server  *http.Server
}

const constantAnswer = `{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa-100","handle":"aaaaaaaaaaaaaaaaaaaaaaaaaa","visitor":"aaaaaaaaaaaaaaaaaaaaaaaaaa",` +
	`"day":"aaaaaaaaaaaaaaaaaaaaaaaaaa","line":"aaaaaaaaaaaaaaaaaaaaaaaaaa","number":100,"via":"phone","state":"waiting","issued_at":"2026-11-19T09:00:00.000000+08:00"}`

func startConstant() (*constant, error) {
	e := echo.New()
	e.POST("/api/v1/days/:day/lines/:line/tickets", func(c echo.Context) error {
		return c.Blob(http.StatusCreated, echo.MIMEApplicationJSON, []byte(constantAnswer))
	})
	return serve(e)
}

func serve(e *echo.Echo) (*constant, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &constant{address: l.Addr().String(), server: &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = c.server.Serve(l) }()
	return c, nil
}

func (c *constant) close() { _ = c.server.Close() }
