package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// pgbenchClients is how many ask at the same time.
const pgbenchClients = 64

// pgbench is the yardstick of P2: PostgreSQL's own benchmark, an update, a
// select and an insert in one transaction (-N: without the contended rows).
type pgbench struct {
	program, url string
	seconds      int
}

func (r *run) startPgbench(ctx context.Context) (*pgbench, error) {
	p := &pgbench{seconds: int(math.Ceil(r.length.Seconds()))}
	var err error
	if p.program, err = findPgbench(); err != nil {
		return nil, err
	}
	if p.url, err = r.database(ctx, "pgbench"); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, p.program, "-i", "-q", "-s", "10", p.url).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pgbench -i: %w: %s", err, out)
	}
	return p, nil
}

func findPgbench() (string, error) {
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p, nil
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(all) == 0 {
		return "", errors.New("pgbench is not installed (Debian: postgresql)")
	}
	slices.Sort(all)
	return all[len(all)-1], nil
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// run returns transactions a second.
func (p *pgbench) run(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.seconds)*time.Second+time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, p.program, "-n", "-N", "-M", "prepared", "-c", strconv.Itoa(pgbenchClients), "-j", "2",
		"-T", strconv.Itoa(p.seconds), p.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	m := tps.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
