package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// line is a row of the table.
type line struct {
	ID, Work, Yardstick string
	Unit                string // of both figures: "/s" or "ms"
	pair
	Target string
	met    func(line) bool
	Growth string
	Note   string
}

// measured is false when there was nothing to compare with; Note says why.
func (l line) measured() bool { return len(l.ours) > 0 }

func atLeast(want float64) func(line) bool {
	return func(l line) bool { return l.ratios().median() >= want }
}

func atMost(want float64) func(line) bool {
	return func(l line) bool { return l.ratios().median() <= want }
}

func (l line) row() string {
	if !l.measured() {
		return fmt.Sprintf("| %s | %s | %s | – | – | – | %s | %s |", l.ID, l.Work, l.Yardstick, l.Target, l.Note)
	}
	met := "–"
	if l.met != nil {
		met = map[bool]string{true: "yes", false: "**no**"}[l.met(l)]
	}
	ratio, theirs := "–", "–"
	if len(l.theirs) > 0 {
		r := l.ratios()
		ratio = fmt.Sprintf("**%s** [%s–%s]", number(r.median()), number(r.least()), number(r.most()))
		theirs = number(l.theirs.median()) + " " + l.Unit
	}
	return fmt.Sprintf("| %s | %s | %s | %s %s | %s | %s | %s | %s |", l.ID, l.Work, l.Yardstick,
		number(l.ours.median()), l.Unit, theirs, ratio, l.Target, met)
}

// report writes what was measured, when, where and how to do it again.
func report(r *run, lines []line, took time.Duration) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Figures\n")
	p("Written by `make bench` on %s, %s. Every line is measured against a yardstick in the same run, in turns; the ratio is", time.Now().Format("2006-01-02"), took.Round(time.Second))
	p("the median of the pairs [smallest–largest]. Absolute figures are medians and mean something on this machine only.\n")
	p("| # | work | yardstick | ours | yardstick's | ratio | target | met? |")
	p("|---|---|---|---|---|---|---|---|")
	for _, l := range lines {
		p("%s", l.row())
	}
	p("\n%d pairs a line or more, runs of %s. Machine: %s.", r.pairs, r.length, machine())
	if load, err := strconv.ParseFloat(startLoad, 64); err == nil && load > float64(runtime.NumCPU()) {
		p("**The processors were shared with other work (load %s on %d before the run): ratios suffer less than rates, but waiting times and whatever one goroutine does in turn suffer most.**\n", startLoad, runtime.NumCPU())
	}
	p("Repeat: `make bench`; one line: `cd bench && go run . -only P4`; longer: `-length 10s -pairs 9`; where time goes: `-profile DIR`, then `go tool pprof DIR/P1.cpu`.\n")
	p("## Growth and notes\n")
	for _, l := range lines {
		if l.Growth != "" {
			p("- %s: %s", l.ID, l.Growth)
		}
		if l.Note != "" && l.measured() {
			p("- %s: %s", l.ID, l.Note)
		}
	}
	return b.String()
}

// machine is one line about where this ran, how busy it was included.
func machine() string {
	parts := []string{fmt.Sprintf("%d × %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"))}
	if kb := field("/proc/meminfo", "MemTotal"); kb != "" {
		parts = append(parts, kb+" memory")
	}
	parts = append(parts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version())
	if out, err := exec.Command("pg_config", "--version").Output(); err == nil {
		parts = append(parts, strings.TrimSpace(string(out)))
	}
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		parts = append(parts, "load before the run "+startLoad+", at the end "+strings.Join(strings.Fields(string(raw))[:1], " "))
	}
	return strings.Join(parts, "; ")
}

// startLoad is how many processes wanted to run before we added ours: above the
// number of processors the figures were taken on a machine with other work.
var startLoad = func() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(raw))[0]
}()

// field reads "name : value" from a file of /proc; "" where there is none.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
