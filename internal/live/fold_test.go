package live

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

// folded is a line as its events alone tell it. It is written without a look
// at the queue's tables or rules.
type folded struct {
	state   string
	paused  bool
	soldOut bool
	issued  int
	tickets map[int]*foldedTicket
}

type foldedTicket struct {
	state  string
	calls  int
	called time.Time
	before []foldedTicket // what undo goes back to
}

func (l *folded) issue(e event.TicketIssued) {
	l.issued++
	l.tickets[e.Number] = &foldedTicket{state: "waiting"}
}

func (l *folded) move(e event.TicketMoved) {
	t := l.tickets[e.Number]
	if e.Why == queue.WhyUndo {
		was := t.before[len(t.before)-1]
		l.tickets[e.Number] = &was
		return
	}
	was := *t
	t.before = append(slices.Clone(t.before), was)
	t.state = e.To
	switch {
	case e.To == "called":
		t.calls, t.called = t.calls+1, e.At
	case e.To == "waiting": // put back after 过号
		t.calls, t.called = 0, time.Time{}
	}
}

func (l *folded) change(e event.LineChanged) {
	switch {
	case e.To == "paused":
		l.paused = true
	case e.To == "sold_out":
		l.soldOut = true
	case e.To == "resumed" && e.Why == "stock":
		l.soldOut = false
	case e.To == "resumed":
		l.paused = false
	case e.To == "closing" || e.To == "closed":
		l.state, l.paused, l.soldOut = e.To, false, false
	case e.To == "opened":
		l.state = "open"
	case e.To == "planned":
		l.state = "planned"
	}
}

// frame is what a page should show, as far as events tell it.
func (l *folded) frame() string {
	state := l.state
	if state == "open" && l.soldOut {
		state = "sold_out"
	}
	if l.state == "open" && l.paused {
		state = "paused"
	}
	by := map[string][]int{}
	var calls []queue.Call
	for n, t := range l.tickets {
		by[t.state] = append(by[t.state], n)
		if !t.called.IsZero() {
			calls = append(calls, queue.Call{Number: n, At: t.called, Calls: t.calls, Open: t.state == "called"})
		}
	}
	slices.SortFunc(calls, func(a, b queue.Call) int { return cmp.Or(b.At.Compare(a.At), b.Number-a.Number) })
	return show(state, l.issued, by, calls[:min(5, len(calls))])
}

func show(state string, issued int, by map[string][]int, calls []queue.Call) string {
	for _, list := range by {
		slices.Sort(list)
	}
	s := fmt.Sprintf("%s, %d issued, waiting %v, called %v, serving %v, ready %v, calls", state, issued, by["waiting"], by["called"], by["serving"], by["ready"])
	for _, c := range calls {
		s += fmt.Sprintf(" %d×%d@%d %v", c.Number, c.Calls, c.At.UnixMicro(), c.Open)
	}
	return s
}

// onlyClosing reports whether a frame differs from the events in nothing but
// that the line is closing: it was read when the time had come and the event had
// not. Commands are judged by the time, too (G4).
func onlyClosing(got, want string) bool {
	state, rest, _ := strings.Cut(got, ",")
	_, same, _ := strings.Cut(want, ",")
	return state == string(queue.LineClosing) && rest == same
}

// shown says the same of a frame.
func shown(t tester, l Line) string {
	var waiting []int
	for _, run := range l.Order {
		for n := run[0]; n <= run[1]; n++ {
			waiting = append(waiting, n)
		}
	}
	if len(waiting) != l.Waiting {
		t.Fatalf("waiting %d, but in order %v", l.Waiting, l.Order)
	}
	return show(string(l.State), l.Issued, map[string][]int{"waiting": waiting, "called": l.Called, "serving": l.Serving, "ready": l.Ready}, l.Calls)
}

// folds reads the whole outbox and says what each line was at each number.
func (f *fair) folds() (at func(line string, n int64) string) {
	f.t.Helper()
	type state struct {
		n    int64
		text string
	}
	history, lines := map[string][]state{}, map[string]*folded{}
	var events []outbox.Stored
	f.ok(f.db.View(f.ctx, func(tx *db.Tx) (err error) {
		events, err = outbox.After(tx, outbox.Topic, 0, 100_000)
		return err
	}))
	for _, e := range events {
		if e.Key != f.day.DayID {
			continue
		}
		id := ""
		line := func(l string) *folded {
			if id = l; lines[l] == nil {
				lines[l] = &folded{tickets: map[int]*foldedTicket{}}
			}
			return lines[l]
		}
		switch e.Name {
		case event.TicketIssued{}.Name():
			d := decoded[event.TicketIssued](f, e)
			line(d.LineID).issue(d)
		case event.TicketMoved{}.Name():
			d := decoded[event.TicketMoved](f, e)
			line(d.LineID).move(d)
		case event.LineChanged{}.Name():
			d := decoded[event.LineChanged](f, e)
			line(d.LineID).change(d)
		}
		if id != "" {
			history[id] = append(history[id], state{e.Seq, lines[id].frame()})
		}
	}
	return func(line string, n int64) string {
		text := "nothing"
		for _, s := range history[line] {
			if s.n <= n {
				text = s.text
			}
		}
		return text
	}
}

func decoded[E event.Event](f *fair, e outbox.Stored) E {
	f.t.Helper()
	d, err := event.Decode[E]([]byte(e.Payload))
	f.ok(err)
	return d
}

// command does something at random to a line; what the queue refuses is refused.
func (f *fair) command(t *rapid.T) {
	line := rapid.SampledFrom(f.lines).Draw(t, "line")
	about := f.cmd(line)
	about.TicketID = fmt.Sprintf("%s-%d", line, rapid.IntRange(1, 8).Draw(t, "number"))
	switch rapid.IntRange(0, 15).Draw(t, "command") {
	case 0, 1, 2, 3:
		_, _ = f.queue.Issue(f.ctx, queue.IssueRequest{DayID: f.day.DayID, LineID: line, Via: queue.Desk, Priority: rapid.Bool().Draw(t, "priority")})
	case 4, 5, 6:
		_, _ = f.queue.Next(f.ctx, f.cmd(line))
	case 7:
		_, _ = f.queue.Serve(f.ctx, about)
	case 8:
		_, _ = f.queue.Missed(f.ctx, about)
	case 9:
		f.clock.Push(time.Minute)
		_, _ = f.queue.Recall(f.ctx, about)
	case 10:
		_ = f.queue.Pause(f.ctx, f.cmd(line))
	case 11, 12:
		_ = f.queue.Resume(f.ctx, f.cmd(line))
	case 13:
		c := f.cmd(line)
		if l, err := f.queue.Line(f.ctx, c.CommunityID, c.DayID, line); err == nil && l.Undo != nil {
			c.Move = l.Undo.Move
			_, _ = f.queue.Undo(f.ctx, c)
		}
	case 14:
		_, _ = f.queue.Accept(f.ctx, about)
	case 15:
		_, _ = f.queue.AddStock(f.ctx, f.cmd(line), rapid.SampledFrom([]int{-2, -1, 2}).Draw(t, "pieces"))
	}
	f.clock.Push(time.Second)
}

var errCut = errors.New("the network is gone")

// cutting is a page whose connection is cut again and again, also between two
// events of one write, and comes back with the number it had.
func (f *fair) cutting(t testing.TB, cuts func() int, ended chan<- struct{}, over <-chan struct{}) *page {
	p := newPage()
	go func() {
		defer close(ended)
		for {
			left := cuts()
			e := f.watch(t, f.hub, p.last(), func(b []byte) error {
				for i := range b { // event by event
					if b[i] != '\n' || i == 0 || b[i-1] != '\n' {
						continue
					}
					if left--; left < 0 {
						return errCut
					}
					start := lastBreak(b[:i-1])
					p.take(b[start : i+1])
				}
				return nil
			})
			select {
			case <-over:
				return
			case <-e:
			}
		}
	}()
	return p
}

// lastBreak finds where the event that ends here begins.
func lastBreak(b []byte) int {
	for i := len(b) - 1; i > 0; i-- {
		if b[i] == '\n' && b[i-1] == '\n' {
			return i + 1
		}
	}
	return 0
}

// Every frame is what the events up to its number add up to, and a page that is
// cut again and again ends with what one shows that never was.
func TestFramesAreAFoldOfTheEvents(t *testing.T) {
	defer checks(t, "8")()
	eachFair(t, func(t *testing.T, f *fair) {
		day, frames := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			day++
			g := *f
			g.t = rt
			g.clock.Push(opens.Sub(g.clock.Now()))
			d := g.opened(fmt.Sprint("d-fold", day, db.NewID()), 3)
			lengths := rapid.SliceOfN(rapid.IntRange(2, 12), 4, 4).Draw(rt, "cuts")
			whole := d.watched(t, d.hub)
			over, ended, n := make(chan struct{}), make(chan struct{}), 0
			cut := d.cutting(t, func() int { n++; return lengths[n%4] + n }, ended, over) // longer each time: it must get on
			for range rapid.IntRange(5, 60).Draw(rt, "commands") {
				d.command(rt)
			}
			settled := func() {
				truth := d.truth()
				whole.until(rt, "the last event", func(p *page) bool { return p.shows(truth) })
				cut.until(rt, "the last event after cuts", func(p *page) bool { return p.shows(truth) })
			}
			settled() // time decides, too: what is read from here on is closing
			closed := rapid.Bool().Draw(rt, "close")
			if closed {
				d.clock.Push(opens.Add(3 * time.Hour).Sub(d.clock.Now()))
				closes := opens.Add(3 * time.Hour)
				hear(d, event.MarketDayClosed{Day: d.day, EffectiveAt: closes, ServeUntil: closes.Add(15 * time.Minute)}, d.queue.MarketDayClosed)
			}
			settled()
			close(over)
			<-ended
			at := d.folds()
			for _, l := range append(whole.frames(), cut.frames()...) {
				frames++
				if got, want := shown(rt, l), at(l.Line, l.At); got != want && !(closed && onlyClosing(got, want)) {
					rt.Fatalf("frame %d of %s\n shows %s\nevents %s", l.At, l.Line, got, want)
				}
			}
			if a, b := whole.picture(), cut.picture(); a != b {
				rt.Fatalf("never cut: %s\ncut: %s", a, b)
			}
		})
		t.Logf("%d frames compared", frames)
	})
}

// truth is what the queue's tables say of each line, and under "" of the day.
func (f *fair) truth() map[string]string {
	f.t.Helper()
	out := map[string]string{}
	f.ok(f.db.View(f.ctx, func(tx *db.Tx) error {
		arrivals, err := f.queue.Arrivals(tx, f.day.DayID)
		if err != nil {
			return err
		}
		lines, err := f.queue.LinesNow(tx, f.day.DayID)
		for _, l := range lines {
			out[l.ID] = words(lineFrame(l))
		}
		out[""] = fmt.Sprint(arrivals)
		return err
	}))
	if len(out) != len(f.lines)+1 {
		f.t.Fatalf("%d lines, want %d", len(out)-1, len(f.lines))
	}
	return out
}

// words is all that a frame says but for its number and what time alone changes.
func words(l Line) string {
	l.At, l.Wait = 0, Line{}.Wait
	b, err := json.Marshal(l)
	return fmt.Sprint(string(b), err)
}

// shows reports whether the page shows that of every line; the caller holds its lock.
func (p *page) shows(truth map[string]string) bool {
	for id, text := range truth {
		if l, ok := p.lines[id]; id != "" && (!ok || text != words(l)) {
			return false
		}
	}
	return p.day != nil && truth[""] == fmt.Sprint(p.day.Arrivals)
}

// checks sets rapid's number of checks for one test and returns how to put it back.
func checks(t *testing.T, n string) func() {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Value.Set(was) }
}
