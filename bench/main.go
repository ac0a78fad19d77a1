package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"yiji/internal/db/dbtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := bench
	if len(os.Args) == 6 && os.Args[1] == "watch" { // the pages of P5, started by P5
		do = func(context.Context) error { return watchers(os.Args[2:]) }
	}
	if err := do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is what every measurement needs.
type run struct {
	dir     string // for files, gone at the end
	pairs   int
	length  time.Duration // of one measurement
	cluster *dbtest.Cluster
	noPG    error // why there is no cluster
}

// verbose prints figures as they are taken.
var verbose bool

// parts are the measurements in the order of the table.
var parts = []struct {
	id string
	do func(context.Context, *run) ([]line, error)
}{
	{"P1", checkInsSQLite}, {"P2", checkInsPostgres}, {"P3", schedulePage}, {"P4", pipeline}, {"P5", liveQueue}, {"P6", assignment},
}

func bench(ctx context.Context) (err error) {
	r := &run{}
	out := flag.String("out", "", "write the table to this file as well")
	only := flag.String("only", "", "measure these only: P1,P4")
	profile := flag.String("profile", "", "write a CPU profile of each part into this folder")
	flag.IntVar(&r.pairs, "pairs", 5, "pairs of runs")
	flag.DurationVar(&r.length, "length", 2*time.Second, "how long one run takes")
	flag.BoolVar(&verbose, "v", false, "print every figure as it is taken")
	flag.Parse()
	if flag.NArg() > 0 || r.pairs < 1 || r.length <= 0 {
		return errors.New("usage: go run . [-out RESULTS.md] [-only P1,P4] [-pairs 5] [-length 2s] [-profile DIR]")
	}
	if r.dir, err = os.MkdirTemp("", "yiji-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if r.cluster, r.noPG = dbtest.StartCluster(ctx, true); r.noPG == nil {
		defer func() { err = errors.Join(err, r.cluster.Stop("fast")) }()
	}
	start := time.Now()
	lines, err := r.measure(ctx, *only, *profile)
	if err != nil {
		return err
	}
	text := report(r, lines, time.Since(start))
	fmt.Print(text)
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(text), 0o644)
}

func (r *run) measure(ctx context.Context, only, profile string) ([]line, error) {
	var all []line
	for _, p := range parts {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.id) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", p.id)
		stop, err := profiling(profile, p.id)
		if err != nil {
			return nil, err
		}
		lines, err := p.do(ctx, r)
		stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.id, err)
		}
		for _, l := range lines {
			fmt.Fprintln(os.Stderr, l.row())
		}
		all = append(all, lines...)
	}
	return all, nil
}

// profiling writes a CPU profile until the returned function is called.
func profiling(dir, id string) (stop func(), err error) {
	if dir == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, id+".cpu"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
