package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// binary builds the program once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "yiji-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "yiji")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
})

// process is the real server in a process of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string
	log  *bytes.Buffer
}

// serve starts the binary on the town and waits until the market runs.
func serve(t *testing.T, tw town) *process {
	t.Helper()
	p := start(t, tw)
	p.await(func() bool { return p.open(tw) })
	return p
}

// start starts the binary and waits until it is ready.
func start(t *testing.T, tw town) *process {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddress(t)
	p := &process{t: t, base: "http://" + addr, log: &bytes.Buffer{}}
	p.cmd = exec.Command(bin, "serve", "--database", tw.url, "--key-file", tw.key, "--listen", addr, "--outbox", t.TempDir(), "--log-level", "warn")
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.await(func() bool {
		res, err := http.Get(p.base + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// await asks the other process again and again until ok.
func (p *process) await(ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			p.kill()
			p.t.Fatalf("the server does not get there:\n%s", p.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// open reports whether the market runs: on the first start the clock has to
// write the opening down before numbers are given.
func (p *process) open(tw town) bool {
	res, err := http.Get(p.base + "/api/v1/days/" + tw.day)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var d dayPage
	if json.NewDecoder(res.Body).Decode(&d) != nil || len(d.Lines) == 0 {
		return false
	}
	for _, l := range d.Lines {
		if l.State != "open" {
			return false
		}
	}
	return true
}

// kill is kill -9: no goodbye, no flush.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// errand is one person's wish for one number: asked with one key until answered.
type errand struct {
	line, key, visitor string
	number             int // 0: not answered yet
	handle             string
}

type shown struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
	Handle string `json:"handle"`
}

// ask makes the request once; false means that nobody knows what became of it.
func ask(base string, tw town, e *errand) (bool, error) {
	body, _ := json.Marshal(map[string]string{"visitor": e.visitor})
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/days/"+tw.day+"/lines/"+e.line+"/tickets", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", e.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return false, nil
	}
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return false, nil
	}
	if res.StatusCode >= 300 {
		return false, fmt.Errorf("HTTP %d: %s", res.StatusCode, raw)
	}
	var s shown
	if err := json.Unmarshal(raw, &s); err != nil || s.Number == 0 {
		return false, fmt.Errorf("answer %q: %v", raw, err)
	}
	if e.number != 0 && (e.number != s.Number || e.handle != s.Handle) {
		return false, fmt.Errorf("key %s got number %d, then %d", e.key, e.number, s.Number)
	}
	e.number, e.handle = s.Number, s.Handle
	return true, nil
}

// rush lets many people ask at once until the server is killed under them, and
// returns everybody's errand.
func rush(t *testing.T, p *process, tw town, cycle int) []*errand {
	t.Helper()
	return rushUntil(t, p, tw, cycle, p.kill)
}

// rushUntil is rush with another catastrophe.
func rushUntil(t *testing.T, p *process, tw town, cycle int, catastrophe func()) []*errand {
	t.Helper()
	var mu sync.Mutex
	var all []*errand
	var wg sync.WaitGroup
	for person := range 24 {
		wg.Go(func() {
			for n := 0; ; n++ {
				e := &errand{line: tw.lines[(person+n)%len(tw.lines)], key: fmt.Sprintf("k-%d-%d-%d", cycle, person, n), visitor: db.NewID()}
				mu.Lock()
				all = append(all, e)
				mu.Unlock()
				ok, err := ask(p.base, tw, e)
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
			}
		})
	}
	time.Sleep(time.Duration(80+rand.IntN(150)) * time.Millisecond) // the moment of the kill is by chance
	catastrophe()
	wg.Wait()
	return all
}

const crashCycles = 4

// G7, G9, G12, G13 with the real binary: killed under load again and again. A
// number once shown is still there and nobody else's; whoever got no answer
// asks again with the same key and gets one number; the day's figures count
// every ticket once.
func TestKilledUnderLoadLosesNothing(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		tw := found(t, url)
		var all []*errand
		for cycle := range crashCycles {
			all = append(all, rush(t, serve(t, tw), tw, cycle)...)
		}
		p := serve(t, tw)
		unanswered := 0
		for _, e := range all {
			if e.number == 0 {
				unanswered++
			}
			again(t, p, tw, e) // everybody asks once more with the same key
		}
		t.Logf("%d errands, %d without an answer when the server died", len(all), unanswered)
		if unanswered == 0 {
			t.Error("no request was under way at any kill: the rig proves nothing")
		}
		wantNumbers(t, all)
		wantFigures(t, p, tw, len(all))
		wantHealthy(t, p, tw)
	})
}

// The same when not the server dies but PostgreSQL, as by a power failure: what
// was answered is on its disk, and the server goes on by itself when it is back.
func TestPostgresDiesUnderLoad(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	c, err := dbtest.StartCluster(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop("fast"); err != nil {
			t.Error(err)
		}
	}()
	tw := found(t, c.URL)
	p := serve(t, tw)
	var all []*errand
	for cycle := range 2 {
		all = append(all, rushUntil(t, p, tw, cycle, func() {
			if err := c.Crash(t.Context()); err != nil {
				t.Error(err)
			}
		})...)
		for _, e := range all {
			again(t, p, tw, e)
		}
	}
	wantNumbers(t, all)
	wantFigures(t, p, tw, len(all))
	wantHealthy(t, p, tw)
}

// The control: people who ask again without their key leave ghosts behind, so
// the rig does see a command that was committed and never shown.
func TestControlWithoutKeysLeavesGhosts(t *testing.T) {
	tw := found(t, dbtest.SQLite(t))
	var all []*errand
	for cycle := range crashCycles + 2 {
		all = append(all, rush(t, serve(t, tw), tw, cycle)...)
	}
	p := serve(t, tw)
	for _, e := range all {
		if e.number == 0 {
			e.key, e.visitor = db.NewID(), db.NewID() // a client that forgot what it asked
			again(t, p, tw, e)
		}
	}
	if got := issued(t, p, tw); got <= len(all) {
		t.Errorf("%d numbers for %d people: no ghost was seen, the rig proves nothing", got, len(all))
	}
}

func again(t *testing.T, p *process, tw town, e *errand) {
	t.Helper()
	for range 50 {
		ok, err := ask(p.base, tw, e)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		time.Sleep(20 * time.Millisecond) // a rate limit or a restart: a person would also wait
	}
	t.Fatalf("no answer for %s", e.key)
}

// wantNumbers: per line the numbers 1…n, each once.
func wantNumbers(t *testing.T, all []*errand) {
	t.Helper()
	byLine := map[string][]int{}
	for _, e := range all {
		byLine[e.line] = append(byLine[e.line], e.number)
	}
	for line, numbers := range byLine {
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != i+1 {
				t.Fatalf("line %s: place %d holds number %d: lost, or given twice", line, i+1, n)
			}
		}
	}
}

type dayPage struct {
	Lines []struct {
		Issued int    `json:"issued"`
		State  string `json:"state"`
	} `json:"lines"`
}

func issued(t *testing.T, p *process, tw town) (n int) {
	t.Helper()
	res, err := http.Get(p.base + "/api/v1/days/" + tw.day)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var d dayPage
	if err := json.NewDecoder(res.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	for _, l := range d.Lines {
		n += l.Issued
	}
	return n
}

// wantFigures: what the reactions counted is what people hold.
func wantFigures(t *testing.T, p *process, tw town, want int) {
	t.Helper()
	if got := issued(t, p, tw); got != want {
		t.Errorf("%d numbers issued, %d people have one", got, want)
	}
	deadline := time.Now().Add(time.Minute)
	for behind(t, p) {
		if time.Now().After(deadline) {
			t.Fatalf("the consumers do not catch up:\n%s", p.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// behind asks the metrics whether any consumer has events left.
func behind(t *testing.T, p *process) bool {
	t.Helper()
	res, err := http.Get(p.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range bytes.Lines(raw) {
		if !bytes.HasPrefix(line, []byte("yiji_events_behind{")) && !bytes.HasPrefix(line, []byte("yiji_events_parked{")) {
			continue
		}
		lines++
		if !bytes.HasSuffix(line, []byte(" 0\n")) {
			return true
		}
	}
	return lines == 0
}

// wantHealthy stops the server and lets the doctor look.
func wantHealthy(t *testing.T, p *process, tw town) {
	t.Helper()
	p.kill()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin, "doctor", "--database", tw.url).CombinedOutput()
	if err != nil {
		t.Errorf("doctor: %v\n%s", err, out)
	}
}
