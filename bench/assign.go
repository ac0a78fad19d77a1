package main

import (
	"bufio"
	"context"
	_ "embed" // the yardstick
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"yiji/booths"
)

//go:embed lap.py
var scipyProgram string

// ranges are how large the random scores are; the first is the line of the table.
var ranges = []int64{1_000_000, 1000, 100}

// assignment is P6.
func assignment(ctx context.Context, r *run) ([]line, error) {
	const work, target = "assignment 1,000 × 1,000, optimal, the same optimum", "≤ 1 × its time"
	yard, err := startScipy(ctx, r.dir)
	if err != nil {
		return []line{{ID: "P6", Work: work, Yardstick: "scipy `linear_sum_assignment`", Target: target, Note: "not measured: " + err.Error()}}, nil
	}
	defer yard.stop()
	var lines []line
	for i, most := range ranges {
		m := newMatrix(1000, most, uint64(i))
		p, err := m.against(ctx, yard, r.pairs)
		if err != nil {
			return nil, err
		}
		l := line{ID: "P6", Work: work + ", whole numbers to " + thousands(most), Yardstick: "scipy " + yard.version + " `linear_sum_assignment`, the same matrix",
			Unit: "ms", pair: p, Target: target, met: atMost(1)}
		if i > 0 {
			l.ID = "P6" + string(rune('a'+i-1))
		}
		lines = append(lines, l)
	}
	lines[0].Growth, err = growAssignment(ctx)
	return lines, err
}

// growAssignment solves 300², 1000² and 3000² cells.
func growAssignment(ctx context.Context) (string, error) {
	var cells, cost []float64
	var said []string
	for i, n := range []int{316, 1000, 3162} {
		m := newMatrix(n, ranges[0], uint64(10+i))
		took := time.Duration(1 << 62)
		for range 3 {
			took = min(took, m.solve())
		}
		cells, cost = append(cells, float64(n*n)), append(cost, took.Seconds())
		said = append(said, fmt.Sprintf("%d×%d: %s ms", n, n, number(millis(took))))
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
	return fmt.Sprintf("%s; time ~ cells^%.2f", strings.Join(said, ", "), exponent(cells, cost)), nil
}

// matrix is one problem and the optimum both sides found.
type matrix struct {
	n     int
	score []int64
	sum   int64
}

func newMatrix(n int, most int64, seed uint64) *matrix {
	m := &matrix{n: n, score: make([]int64, n*n)}
	random := rand.New(rand.NewPCG(2026, seed))
	for i := range m.score {
		m.score[i] = 1 + random.Int64N(most)
	}
	return m
}

func (m *matrix) solve() time.Duration {
	start := time.Now()
	_, m.sum = booths.MaxSum(m.n, m.n, m.score)
	return time.Since(start)
}

func (m *matrix) against(ctx context.Context, yard *scipy, pairs int) (pair, error) {
	if err := yard.load(m); err != nil {
		return pair{}, err
	}
	ours := func(context.Context) (float64, error) { return millis(m.solve()), nil }
	theirs := func(context.Context) (float64, error) {
		took, sum, err := yard.solve()
		if err == nil && m.sum != 0 && sum != m.sum {
			err = fmt.Errorf("P6: we found %d, scipy %d", m.sum, sum)
		}
		return millis(took), err
	}
	return inTurns(ctx, 2*pairs+1, ours, theirs)
}

// scipy is a Python process that solves on demand.
type scipy struct {
	version string
	dir     string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startScipy(ctx context.Context, dir string) (*scipy, error) {
	var why error
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		s := &scipy{dir: dir, cmd: exec.CommandContext(ctx, name, "-c", scipyProgram)}
		if why = s.start(); why == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no python3 with scipy here (Debian: python3-scipy): %w", why)
}

func (s *scipy) start() error {
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if s.version, err = s.line(); err != nil {
		return errors.Join(errors.New("scipy cannot be imported"), s.cmd.Wait())
	}
	return nil
}

func (s *scipy) stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}

func (s *scipy) line() (string, error) {
	text, err := s.out.ReadString('\n')
	return strings.TrimSpace(text), err
}

func (s *scipy) ask(words ...any) (string, error) {
	if _, err := fmt.Fprintln(s.in, words...); err != nil {
		return "", err
	}
	return s.line()
}

func (s *scipy) load(m *matrix) error {
	raw := make([]byte, 0, 8*len(m.score))
	for _, v := range m.score {
		raw = binary.NativeEndian.AppendUint64(raw, uint64(v))
	}
	name := filepath.Join(s.dir, "matrix")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		return err
	}
	_, err := s.ask("load", name, m.n)
	return err
}

func (s *scipy) solve() (took time.Duration, sum int64, err error) {
	text, err := s.ask("solve")
	if err != nil {
		return 0, 0, err
	}
	var seconds float64
	if _, err := fmt.Sscan(text, &seconds, &sum); err != nil {
		return 0, 0, fmt.Errorf("scipy said %q: %w", text, err)
	}
	return time.Duration(seconds * float64(time.Second)), sum, nil
}
