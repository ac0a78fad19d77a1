//go:build !race

package look

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/demo/stage"
)

// pushed lets a page's clock be pushed like the world's.
const pushed = `{ const real = Date.now; window.pushed = 0; Date.now = () => real() + window.pushed; }`

// badDay is a desk behind a bad cable, while telephones take numbers.
type badDay struct {
	t            *testing.T
	w            *stage.World
	c            *cable
	p            *browser.Page
	line, button string
	last         int
	began        time.Time
	desk         map[int]time.Time // numbers shown at the desk, when
	phones       map[int]bool
}

func (d *badDay) push(by time.Duration) {
	d.w.Push(by)
	browser.Eval[bool](d.p, `ms => { window.pushed += ms; return true }`, by.Milliseconds())
}

// tap gives a number at the desk; false when it says that the market is over.
func (d *badDay) tap() bool {
	d.p.Press(d.button)
	d.p.WaitFor("a slip or a word", fmt.Sprintf(`(+document.querySelector(".slip .big")?.textContent || %[1]d) !== %[1]d && !document.querySelector("[aria-busy]") || document.querySelector("#lost [data-why=shut]").checkVisibility()`, d.last))
	if d.p.Has("#lost [data-why=shut]") {
		return false
	}
	d.last = slipNumber(d.p, 0)
	if was, twice := d.desk[d.last]; twice {
		d.t.Errorf("the desk gave %d at %s and at %s", d.last, was, d.w.Now())
	}
	d.desk[d.last] = d.w.Now()
	return true
}

// phone takes a number by telephone.
func (d *badDay) phone() {
	for _, n := range online(d.t, d.w, d.line, 1) {
		d.phones[n] = true
	}
}

// home mends the cable for as long as it takes to bring everything home.
func (d *badDay) home() {
	d.c.mend()
	d.p.WaitFor("all is home", `dispatchEvent(new Event("online")) && document.querySelector("#net").dataset.unsynced === "0" && document.querySelector("#net [data-say=cut]").hidden`)
}

// twins are the numbers that two people have.
func (d *badDay) twins() (n int) {
	for one := range d.desk {
		if d.phones[one] {
			n++
		}
	}
	return n
}

// live goes through the morning with one kind of bad cable after the other; it is cut
// over the closing of the market and until four hours have passed.
func (d *badDay) live() {
	kinds := []func(){d.c.cut, func() { d.c.swallow("/tickets") },
		func() { d.c.set(posts("", d.c.halved)) }, func() { d.c.lose("/desk/") }, func() { d.c.lose("/api/") }}
	closes := d.closes()
	for i := 0; d.w.Now().Add(10 * time.Minute).Before(closes); i++ {
		d.home()
		kinds[i%len(kinds)]()
		d.push(7 * time.Minute)
		d.tap()
		d.phone()
		d.push(time.Minute)
		d.tap()
		d.phone()
	}
	d.c.cut()
	d.push(closes.Add(-time.Minute).Sub(d.w.Now()))
	d.tap()
	d.push(2 * time.Minute)
	if d.tap() {
		d.t.Errorf("the desk gave %d at %s, after closing", d.last, d.w.Now())
	}
	d.push(d.began.Add(4 * time.Hour).Sub(d.w.Now()))
	d.home()
}

// closes is when the market does.
func (d *badDay) closes() time.Time {
	all, err := d.w.App.Queue.Lines(d.t.Context(), d.w.CommunityID, d.w.Day)
	if err != nil || len(all) == 0 {
		d.t.Fatal(all, err)
	}
	return all[0].ClosesAt
}

func misfortune(t *testing.T, do func(d *badDay)) {
	t.Helper()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 390}, func(p *browser.Page) {
		p.Before(pushed)
		d := &badDay{t: t, w: w, c: plug(t, w.Base), p: p, began: w.Now(), desk: map[int]time.Time{}, phones: map[int]bool{}}
		do(d)
		p.Problems() // the cut connections
	})
}

// G10: for four hours connections break, answers are lost or end in the middle;
// nobody has somebody else's number, and every number that the desk showed is in
// the house once, with the time it was given at.
func TestFourHoursOfABadCable(t *testing.T) {
	t.Parallel()
	misfortune(t, func(d *badDay) {
		d.line, d.button = stocked(d.p, d.w, d.c.base)
		d.live()
		if n := d.twins(); n > 0 {
			t.Errorf("%d numbers were given twice", n)
		}
		if len(d.desk) < 10 || len(d.phones) < 10 {
			t.Fatalf("only %d numbers at the desk and %d by telephone", len(d.desk), len(d.phones))
		}
		for n, at := range d.desk {
			tk := ticket(t, d.w, d.line, n)
			if off := tk.IssuedAt.Sub(at); off < -5*time.Minute || off > 5*time.Minute || tk.Via != queue.Desk || tk.State == queue.Left {
				t.Errorf("number %d was given at %s; the house says %s at %s by %s", n, at, tk.State, tk.IssuedAt, tk.Via)
			}
		}
		d.nobodyElse()
		broken, err := d.w.App.DB.Check(t.Context(), queue.Invariants)
		if err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v %v", broken, err)
		}
	})
}

// nobodyElse looks for numbers that were given and that nobody was shown: all of them
// must have been taken back, or have ended with the market.
func (d *badDay) nobodyElse() {
	d.t.Helper()
	var list []struct {
		Number int         `db:"number"`
		State  queue.State `db:"state"`
	}
	err := d.w.App.DB.View(d.t.Context(), func(tx *db.Tx) error {
		return tx.Select(&list, `SELECT number, state FROM queue_tickets WHERE line_id = $1 AND issued_at > $2 AND via <> 'kiosk'`, d.line, db.Micros(d.began))
	})
	if err != nil {
		d.t.Fatal(err)
	}
	ghosts := 0
	for _, n := range list {
		if _, shown := d.desk[n.Number]; shown || d.phones[n.Number] {
			continue
		}
		ghosts++
		if n.State != queue.Left && n.State != queue.Expired {
			d.t.Errorf("number %d is %s and nobody has it", n.Number, n.State)
		}
	}
	if ghosts == 0 {
		d.t.Error("no answer was lost: the cable was not bad")
	}
}

// The control: a desk that counts on by itself from the last number it saw, with
// nothing lent to it, gives numbers that others have.
func TestControlABadCableWithoutALease(t *testing.T) {
	t.Parallel()
	misfortune(t, func(d *badDay) {
		next := map[string]int{}
		d.c.set(posts("/blocks", func(w http.ResponseWriter, r *http.Request) {
			line := strings.Split(r.URL.Path, "/")[6]
			next[line] += 20
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(d.made(line, next[line]))
		}))
		d.line, d.button = stocked(d.p, d.w, d.c.base)
		d.c.cut()
		for range 3 {
			d.push(time.Minute)
			d.tap()
			d.phone()
		}
		if d.twins() == 0 {
			t.Error("counting on by hand made no twin: the rig sees nothing")
		}
	})
}

// made is a block nobody has lent: the twenty numbers after those that were given.
func (d *badDay) made(line string, upTo int) queue.Block {
	all, err := d.w.App.Queue.Lines(d.t.Context(), d.w.CommunityID, d.w.Day)
	if err != nil {
		d.t.Error(err)
	}
	b := queue.Block{ID: db.NewID(), LineID: line, Used: []int{}, LeasedAt: d.w.Now(), ServerNow: d.w.Now()}
	for _, l := range all {
		if l.ID == line {
			b.First, b.Last, b.OpensAt, b.ClosesAt = l.Issued+upTo-19, l.Issued+upTo, l.OpensAt, l.ClosesAt
		}
	}
	return b
}
