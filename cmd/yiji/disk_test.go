//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// mayWrite lets the process write the first bytes of its files and no more:
// what the kernel answers beyond that SQLite takes for a disk that does not
// write. Zero is the only certain limit: a write-ahead log that begins anew
// finds room in its old length.
func (p *process) mayWrite(bytes uint64) {
	p.t.Helper()
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		p.t.Error(err)
	}
}

func (p *process) status(path string) int {
	p.t.Helper()
	res, err := http.Get(p.base + path)
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// The disk fills up under load. Whoever is not in is told so, reading goes on,
// the balancer hears of it, and once there is room everything is as if nothing
// had been: no number lost, none twice, every event there.
func TestADiskFillsUpUnderLoad(t *testing.T) {
	tw := found(t, dbtest.SQLite(t))
	p := serve(t, tw)
	all := rushUntil(t, p, tw, 0, func() { p.mayWrite(0) })
	one := all[0]
	body := strings.NewReader(`{"visitor":"` + db.NewID() + `"}`)
	req, _ := http.NewRequest(http.MethodPost, p.base+"/api/v1/days/"+tw.day+"/lines/"+one.line+"/tickets", body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", db.NewID())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Error struct{ Code string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusServiceUnavailable || answer.Error.Code != "disk" {
		t.Errorf("with a full disk the answer is %d %+v %v", res.StatusCode, answer, err)
	}
	if got := p.status("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("with a full disk /readyz is %d", got)
	}
	if got := p.status("/d/" + tw.day); got != http.StatusOK {
		t.Errorf("with a full disk the day's page is %d", got)
	}
	p.mayWrite(unix.RLIM_INFINITY)
	p.await(func() bool { return p.status("/readyz") == http.StatusOK })
	unanswered := 0
	for _, e := range all {
		if e.number == 0 {
			unanswered++
		}
		again(t, p, tw, e)
	}
	if unanswered == 0 {
		t.Error("everybody was answered: the rig proves nothing")
	}
	wantNumbers(t, all)
	wantFigures(t, p, tw, len(all))
	wantHealthy(t, p, tw)
}
