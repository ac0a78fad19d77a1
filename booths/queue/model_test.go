package queue

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
)

// model is a line as simple as it can be said: a list and a few rules.
type model struct {
	kind    Kind
	tickets []*modelTicket
	moves   []*modelMove
	paused  bool
	left    int
	since   int
	cards   map[string]bool
}

type modelTicket struct {
	number          int
	visitor         string
	proxy, priority bool
	state           State
	place           float64
	calls, misses   int
	calledAt        time.Time
	everCalled      bool
}

type modelMove struct {
	ticket  *modelTicket
	before  modelTicket
	since   int
	verb    string
	visitor bool
	undone  bool
	at      time.Time
}

func (m *model) waiting() []*modelTicket {
	var w []*modelTicket
	for _, t := range m.tickets {
		if t.state == Waiting {
			w = append(w, t)
		}
	}
	slices.SortFunc(w, func(a, b *modelTicket) int { return cmp.Or(cmp.Compare(a.place, b.place), a.number-b.number) })
	return w
}

func (m *model) holder(visitor string) *modelTicket {
	for _, t := range m.tickets {
		if t.visitor == visitor && !t.proxy && !t.state.Ended() {
			return t
		}
	}
	return nil
}

func (m *model) issue(visitor string, proxy, priority bool) (*modelTicket, string) {
	if t := m.holder(visitor); t != nil && !proxy {
		return t, ""
	}
	if m.paused {
		return nil, "queue.line_paused"
	}
	if m.kind == Stock {
		if m.left == 0 {
			return nil, "queue.sold_out"
		}
		m.left--
	}
	n := len(m.tickets) + 1
	t := &modelTicket{number: n, visitor: visitor, proxy: proxy, priority: priority, state: Waiting, place: float64(n)}
	m.tickets = append(m.tickets, t)
	m.cards[visitor] = true
	return t, ""
}

func (m *model) record(t *modelTicket, verb string, visitor bool, now time.Time, change func()) {
	mv := &modelMove{ticket: t, before: *t, since: m.since, verb: verb, visitor: visitor, at: now}
	held := !t.state.Ended() || t.state == Served
	change()
	if holds := !t.state.Ended() || t.state == Served; held && !holds {
		m.left++
	}
	m.moves = append(m.moves, mv)
}

func (m *model) next(now time.Time) (*modelTicket, string) {
	if m.paused {
		return nil, "queue.line_paused"
	}
	w := m.waiting()
	if len(w) == 0 {
		return nil, "queue.nobody_waiting"
	}
	t := w[0]
	if m.since >= 3 {
		for _, one := range w {
			if one.priority {
				t = one
				break
			}
		}
	}
	m.record(t, "call", false, now, func() {
		t.state, t.calledAt, t.calls, t.everCalled = Called, now, 1, true
	})
	if m.since++; t.priority {
		m.since = 0
	}
	return t, ""
}

func (m *model) miss(t *modelTicket, now time.Time) {
	m.record(t, "miss", false, now, func() {
		if t.misses++; t.misses == 2 {
			t.state = Missed
			return
		}
		if w := m.waiting(); len(w) > 0 {
			before := w[min(3, len(w))-1].place
			behind := math.Floor(before) + 1
			if len(w) > 3 {
				behind = min(behind, w[3].place)
			}
			t.place = (before + behind) / 2
		}
		t.state, t.calls = Waiting, 0
	})
}

func (m *model) undo(only *modelTicket, byVisitor bool, now time.Time) (*modelTicket, string) {
	for i := len(m.moves) - 1; i >= 0; i-- {
		mv := m.moves[i]
		if mv.undone || only != nil && mv.ticket != only || only == nil && mv.visitor || now.Sub(mv.at) > 10*time.Minute || m.later(i) {
			continue
		}
		if byVisitor && !mv.visitor {
			return nil, "queue.nothing_to_undo"
		}
		t := mv.ticket
		if t.state.Ended() && !mv.before.state.Ended() && !t.proxy && m.holder(t.visitor) != nil {
			return nil, "queue.card_waits_again"
		}
		if t.state.Ended() && t.state != Served {
			if m.kind == Stock && m.left == 0 {
				return nil, "queue.sold_out"
			}
			m.left--
		}
		*t = mv.before
		mv.undone = true
		if mv.verb == "call" {
			m.since = mv.since
		}
		return t, ""
	}
	return nil, "queue.nothing_to_undo"
}

// later reports whether the ticket of move i has been moved since.
func (m *model) later(i int) bool {
	for _, l := range m.moves[i+1:] {
		if l.ticket == m.moves[i].ticket && !l.undone {
			return true
		}
	}
	return false
}

// machine drives the model and the service with the same commands.
type machine struct {
	*model
	p       *place
	line    string
	handles map[int]string
}

func TestALineBehavesLikeItsModel(t *testing.T) {
	defer checks(t, "12")()
	eachDay(t, func(t *testing.T, p *place) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			q := *p
			q.t = rt
			q.clock.Set(opening("2026-11-19").Add(-time.Hour))
			day := q.on(fmt.Sprint("model", n), "2026-11-19")
			kind := rapid.SampledFrom([]Kind{Person, Stock}).Draw(rt, "kind")
			m := &machine{model: &model{kind: kind, left: 5, cards: map[string]bool{}}, p: day, line: day.opened(kind)[0], handles: map[int]string{}}
			rt.Repeat(map[string]func(*rapid.T){
				"issue": m.doIssue, "issue again": m.doIssue, "next": m.doNext, "next again": m.doNext, "serve": m.doServe,
				"miss": m.doMiss, "recall": m.doRecall, "leave": m.doLeave, "undo": m.doUndo, "undo ticket": m.doUndoTicket,
				"undo leave": m.doUndoLeave, "pause": m.doPause, "stock": m.doStock, "time": m.doTime, "close and back": m.doCloseAndBack, "": m.same,
			})
			m.end(rt)
		})
		p.healthy()
	})
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

func agree(t *rapid.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Fatalf("%s: service says %v, the model %q", what, err, code)
	}
}

func (m *machine) any(t *rapid.T, states ...State) *modelTicket {
	var some []*modelTicket
	for _, one := range m.tickets {
		if slices.Contains(states, one.state) {
			some = append(some, one)
		}
	}
	if len(some) == 0 {
		t.Skip("no such ticket")
	}
	return rapid.SampledFrom(some).Draw(t, "ticket")
}

func (m *machine) about(t *modelTicket) LineCommand {
	c := m.p.cmd(m.line)
	c.TicketID = ticketID(m.line, t.number)
	return c
}

func (m *machine) doIssue(t *rapid.T) {
	visitor := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"}).Draw(t, "visitor")
	proxy, priority := rapid.IntRange(0, 3).Draw(t, "proxy") == 0, rapid.IntRange(0, 3).Draw(t, "priority") == 0
	want, code := m.issue(visitor, proxy, priority)
	got, err := m.p.s.Issue(m.p.ctx, IssueRequest{DayID: m.p.day.DayID, LineID: m.line, Visitor: visitor, Via: Desk, Proxy: proxy, Priority: priority})
	agree(t, "issue", err, code)
	if want != nil {
		m.handles[got.Number] = got.Handle
		if got.Number != want.number {
			t.Fatalf("number %d, the model %d", got.Number, want.number)
		}
	}
}

func (m *machine) doNext(t *rapid.T) {
	want, code := m.next(m.p.clock.Now())
	got, err := m.p.s.Next(m.p.ctx, m.p.cmd(m.line))
	agree(t, "next", err, code)
	if want != nil && got.Number != want.number {
		t.Fatalf("called %d, the model %d", got.Number, want.number)
	}
}

func (m *machine) doServe(t *rapid.T) {
	one := m.any(t, Called, Waiting, Served)
	code := "queue.ticket_state"
	if one.state == Called {
		code = ""
		m.record(one, "serve", false, m.p.clock.Now(), func() { one.state = Served })
	}
	_, err := m.p.s.Serve(m.p.ctx, m.about(one))
	agree(t, "serve", err, code)
}

func (m *machine) doMiss(t *rapid.T) {
	one := m.any(t, Called)
	m.miss(one, m.p.clock.Now())
	_, err := m.p.s.Missed(m.p.ctx, m.about(one))
	agree(t, "miss", err, "")
}

func (m *machine) doRecall(t *rapid.T) {
	one, now, code := m.any(t, Called), m.p.clock.Now(), ""
	switch {
	case now.Sub(one.calledAt) < time.Minute:
		code = "queue.recall_too_soon"
	case one.calls == 3:
		m.miss(one, now)
	default:
		m.record(one, "recall", false, now, func() { one.calls++; one.calledAt = now })
	}
	_, err := m.p.s.Recall(m.p.ctx, m.about(one))
	agree(t, "recall", err, code)
}

func (m *machine) doLeave(t *rapid.T) {
	one := m.any(t, Waiting, Called)
	m.record(one, "leave", true, m.p.clock.Now(), func() { one.state = Left })
	_, err := m.p.s.Leave(m.p.ctx, m.handles[one.number])
	agree(t, "leave", err, "")
}

func (m *machine) doUndo(t *rapid.T) {
	want, code := m.undo(nil, false, m.p.clock.Now())
	got, err := m.p.undo(m.p.cmd(m.line))
	agree(t, "undo", err, code)
	if want != nil && got.Number != want.number {
		t.Fatalf("undone %d, the model %d", got.Number, want.number)
	}
}

func (m *machine) doUndoTicket(t *rapid.T) {
	one := m.any(t, Waiting, Called, Served, Missed, Left)
	_, code := m.undo(one, false, m.p.clock.Now())
	_, err := m.p.undo(m.about(one))
	agree(t, "undo ticket", err, code)
}

func (m *machine) doUndoLeave(t *rapid.T) {
	one := m.any(t, Left)
	_, code := m.undo(one, true, m.p.clock.Now())
	_, err := m.p.s.UndoLeave(m.p.ctx, m.handles[one.number])
	agree(t, "undo leave", err, code)
}

// doCloseAndBack: an early closing that is taken back leaves everything as it was.
func (m *machine) doCloseAndBack(*rapid.T) {
	m.p.closeEarly()
	m.p.undone("closed", "open")
}

func (m *machine) doPause(t *rapid.T) {
	if m.paused = !m.paused; m.paused {
		agree(t, "pause", m.p.s.Pause(m.p.ctx, m.p.cmd(m.line)), "")
		return
	}
	agree(t, "resume", m.p.s.Resume(m.p.ctx, m.p.cmd(m.line)), "")
}

func (m *machine) doStock(t *rapid.T) {
	n, code := rapid.SampledFrom([]int{-3, -2, -1, 1, 2}).Draw(t, "pieces"), ""
	w := m.waiting()
	switch short := -(m.left + n); {
	case m.kind != Stock:
		code = "queue.not_stock"
	case short > len(w):
		code = "queue.pieces"
	default:
		m.left = max(0, m.left+n)
		for i := range max(0, short) {
			w[len(w)-1-i].state = Expired
			m.forget(w[len(w)-1-i])
		}
	}
	_, err := m.p.s.AddStock(m.p.ctx, m.p.cmd(m.line), n)
	agree(t, "stock", err, code)
}

// forget: what was expired cannot be taken back.
func (m *machine) forget(t *modelTicket) {
	for _, mv := range m.moves {
		if mv.ticket == t {
			mv.undone = true
		}
	}
}

func (m *machine) doTime(t *rapid.T) {
	m.p.clock.Push(time.Duration(rapid.IntRange(1, 100).Draw(t, "seconds")) * time.Second)
}

// same compares every ticket and the order of those who wait.
func (m *machine) same(t *rapid.T) {
	var rows []ticketRow
	m.p.ok(m.p.db.View(m.p.ctx, func(tx *db.Tx) error {
		return tx.Select(&rows, `SELECT `+ticketColumns+` FROM queue_tickets WHERE line_id = $1 ORDER BY pos, number`, m.line)
	}))
	want := slices.Clone(m.tickets)
	slices.SortFunc(want, func(a, b *modelTicket) int { return cmp.Or(cmp.Compare(a.place, b.place), a.number-b.number) })
	if len(rows) != len(want) {
		t.Fatalf("%d tickets, the model %d", len(rows), len(want))
	}
	for i, r := range rows {
		w := want[i]
		if r.Number != w.number || r.State != w.state || r.Calls != w.calls || r.Misses != w.misses || (r.FirstCalledAt > 0) != w.everCalled {
			t.Fatalf("place %d: %+v, the model %+v", i, r, *w)
		}
	}
	if m.kind != Stock {
		return
	}
	if l := m.p.line(m.line); l.StockLeft != m.left {
		t.Fatalf("%d pieces left, the model %d", l.StockLeft, m.left)
	}
}

// end closes the day and compares the figures of the events with the tickets.
func (m *machine) end(t *rapid.T) {
	m.p.close()
	m.p.clock.Push(grace)
	_, err := m.p.s.Tick(m.p.ctx)
	m.p.ok(err)
	m.p.settle()
	f, err := m.p.s.DayFigures(m.p.ctx, "c1", m.p.day.DayID)
	m.p.ok(err)
	if f.Residents != len(m.cards) || f.Tickets != len(m.tickets) || !f.Counted {
		t.Fatalf("figures %+v of %d cards and %d tickets", f, len(m.cards), len(m.tickets))
	}
	if got, want := f.Lines[0], recount(m.p, m.line); got != want {
		t.Fatalf("figures %+v, the tables say %+v", got, want)
	}
	if n := told[event.LinesClosed](m.p, nil); n != 1 {
		t.Fatalf("lines closed told %d times", n)
	}
}

// recount computes a line's figures from its tickets alone.
func recount(p *place, line string) LineCount {
	p.t.Helper()
	var c LineCount
	p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
		return tx.Get(&c, `SELECT l.id AS line_id, l.partner_id, l.booth_code, l.service, COUNT(t.number) AS issued,
			COUNT(t.number) FILTER (WHERE t.state = 'waiting') AS waiting, COUNT(t.number) FILTER (WHERE t.first_called_at > 0) AS called,
			COUNT(t.number) FILTER (WHERE t.state = 'served') AS served, COUNT(t.number) FILTER (WHERE t.state = 'missed') AS missed,
			COUNT(t.number) FILTER (WHERE t.state = 'left') AS gone, COUNT(t.number) FILTER (WHERE t.state = 'expired') AS expired,
			CAST(COALESCE(SUM(CASE WHEN t.first_called_at = t.issued_at THEN 1 WHEN t.first_called_at > 0 THEN (t.first_called_at - t.issued_at + 999999) / 1000000 END), 0) AS BIGINT) AS waited_seconds,
			CAST(COALESCE(SUM(CASE WHEN t.state <> 'served' THEN 0 WHEN t.done_at = t.called_at THEN 1 ELSE (t.done_at - t.called_at + 999999) / 1000000 END), 0) AS BIGINT) AS served_seconds
			FROM queue_lines l LEFT JOIN queue_tickets t ON t.line_id = l.id WHERE l.id = $1 GROUP BY l.id, l.partner_id, l.booth_code, l.service`, line)
	}))
	return c
}
