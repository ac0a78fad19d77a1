package queue

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// G7, G8, G9: many clients take numbers, each repeating its request at random,
// some hanging up, some sending another body with their key.
func TestEveryKeyHasOneNumber(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		const clients = 60
		numbers, refusals := retried(p, line, clients, func(i int) string { return p.key("key-", i) })
		if got := distinct(numbers); len(got) != clients || got[0] != 1 || got[clients-1] != clients {
			t.Fatalf("%d clients hold %v", clients, got)
		}
		if refusals == 0 {
			t.Fatal("another body with the same key was never refused")
		}
		if l := p.line(line); l.Issued != clients {
			t.Fatalf("%d issued to %d clients", l.Issued, clients)
		}
		p.healthy()
	})
}

// Three devices show "undo: 1 served" and all press at once: one takes it back,
// the call before it stays, and the same press repeated has the same answer.
func TestOneOfThreeUndoesTheMoveTheyAllSee(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		one := p.next(line)
		_, err := p.s.Serve(p.ctx, p.about(one))
		p.ok(err)
		console, err := p.s.Line(p.ctx, "c1", p.day.DayID, line)
		p.ok(err)
		press := func(i int) (Ticket, error) {
			c := p.about(one)
			c.Move, c.Key = console.Undo.Move, p.key("undo-", i)
			return p.s.Undo(p.ctx, c)
		}
		got, errs := make([]Ticket, 3), make([]error, 3)
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() { got[i], errs[i] = press(i) })
		}
		wg.Wait()
		won := slices.IndexFunc(errs, func(err error) bool { return err == nil })
		for i, err := range errs {
			if i != won {
				p.refused(err, "queue.undo_stale")
			}
		}
		if won < 0 || got[won].State != Called {
			t.Fatalf("undone %+v", got)
		}
		again, err := press(won)
		p.ok(err)
		if now := p.line(line); again.State != Called || len(now.Calls) != 1 || !now.Calls[0].Open {
			t.Fatalf("again %+v, the line %+v", again, now)
		}
		nothing := p.cmd(line)
		_, err = p.s.Undo(p.ctx, nothing)
		p.refused(err, "queue.undo_move")
		p.healthy()
	})
}

// The control: without the key the same schedule makes more numbers than clients.
func TestControlRetriesWithoutKeysMakeTwins(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		retried(p, line, 20, func(int) string { return "" })
		if l := p.line(line); l.Issued <= 20 {
			t.Fatalf("%d issued: the rig does not retry", l.Issued)
		}
	})
}

// retried lets each client ask several times at once and returns what each answer said.
func retried(p *place, line string, clients int, key func(int) string) (numbers []int, refusals int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	held := map[int]int{}
	for i := range clients {
		r := IssueRequest{DayID: p.day.DayID, LineID: line, Via: []Via{Phone, Desk, Kiosk}[i%3], Key: key(i)}
		for n := range 2 + i%3 {
			ctx, cancel := context.WithCancel(p.ctx)
			if n == 0 && rand.IntN(3) == 0 {
				cancel() // hangs up before or while it is asked
			}
			wg.Go(func() {
				defer cancel()
				t, err := p.s.Issue(ctx, r)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					return
				}
				if was, ok := held[i]; ok && was != t.Number && r.Key != "" {
					numbers = append(numbers, -1) // two numbers for one key
				}
				held[i] = t.Number
				numbers = append(numbers, t.Number)
			})
		}
	}
	wg.Wait()
	for i := range clients {
		r := IssueRequest{DayID: p.day.DayID, LineID: line, Via: Phone, Priority: true, Key: key(i)}
		if _, err := p.s.Issue(p.ctx, r); fault.Is(err, "idempotency.body_differs") {
			refusals++
		}
	}
	return numbers, refusals
}

func distinct(n []int) []int {
	slices.Sort(n)
	return slices.Compact(n)
}

// G8, the control: a number counted in one transaction and written in another leaves a gap when the second fails.
func TestControlAGapIsNoticed(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		p.hear(func(tx *db.Tx) error {
			_, err := takeNumber(tx, IssueRequest{DayID: p.day.DayID, LineID: line})
			return err
		})
		p.take(line, "b")
		broken, err := p.db.Check(p.ctx, Invariants)
		p.ok(err)
		if len(broken) != 1 {
			t.Fatalf("broken: %+v", broken)
		}
	})
}

// G11: three people press 下一位 at once, again and again.
func TestThreePressNextAtOnce(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		const rounds = 100
		twice := pressed(p, line, rounds, func() (int, error) {
			c, err := p.s.Next(p.ctx, p.cmd(line))
			return c.Number, err
		})
		if twice > 0 {
			t.Fatalf("%d numbers were called twice", twice)
		}
		if l := p.line(line); l.Waiting != 0 || l.Issued != 3*rounds {
			t.Fatalf("%d of %d wait", l.Waiting, l.Issued)
		}
		p.healthy()
	})
}

// With the version of their page, three presses are one call.
func TestThreePressTheSamePage(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		for round := range 30 {
			for range 3 {
				p.take(line, "")
			}
			c := p.cmd(line)
			c.Version = p.line(line).Version
			if twice := together(func() (int, error) { n, err := p.s.Next(p.ctx, c); return n.Number, err }); len(twice) != 1 {
				t.Fatalf("round %d called %v", round, twice)
			}
		}
		p.healthy()
	})
}

// The control: read, then write, without the compare-and-set.
func TestControlReadThenWriteCallsTwice(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		for range 100 {
			if pressed(p, line, 1, func() (int, error) { return naiveNext(p, line) }) > 0 {
				return
			}
		}
		t.Fatal("the control never called twice: the rig sees nothing")
	})
}

func naiveNext(p *place, line string) (int, error) {
	var first *Ticket
	err := p.db.View(p.ctx, func(tx *db.Tx) (err error) {
		first, _, err = firstWaiting(tx, line)
		return err
	})
	if err != nil || first == nil {
		return 0, err
	}
	return first.Number, p.db.Update(p.ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE queue_tickets SET state = 'called' WHERE line_id = $1 AND number = $2`, line, first.Number)
		return err
	})
}

// pressed lets three press at once, with three more waiting in each round, and counts what was called more than once.
func pressed(p *place, line string, rounds int, press func() (int, error)) (twice int) {
	p.t.Helper()
	seen := map[int]int{}
	for range rounds {
		for range 3 {
			p.take(line, "")
		}
		for _, n := range together(press) {
			seen[n]++
		}
	}
	for _, n := range seen {
		twice += n - 1
	}
	return twice
}

func together(press func() (int, error)) []int {
	var mu sync.Mutex
	var called []int
	var ready, wg sync.WaitGroup
	ready.Add(3)
	for range 3 {
		wg.Go(func() {
			ready.Done()
			ready.Wait()
			n, err := press()
			mu.Lock()
			defer mu.Unlock()
			if err == nil && n > 0 {
				called = append(called, n)
			}
		})
	}
	wg.Wait()
	return called
}

// G11 for the invariants themselves: a call out of order without a reason is noticed.
func TestControlACallOutOfOrderIsNoticed(t *testing.T) {
	eachOwnDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		b := p.take(line, "b")
		p.hear(func(tx *db.Tx) error {
			w, err := lockByID(tx, line, "partner")
			if err != nil {
				return err
			}
			after, err := step(b, Person, doCall, tx.Now)
			if err != nil {
				return err
			}
			b.pos, after.pos = posOf(b.Number), posOf(b.Number)
			if err := w.move(b, after, note{verb: doCall}); err != nil {
				return err
			}
			return w.finish()
		})
		broken, err := p.db.Check(p.ctx, Invariants)
		p.ok(err)
		if len(broken) != 1 {
			t.Fatalf("broken: %+v", broken)
		}
	})
}

// Pieces are promised once, whatever happens at the same time.
func TestStockIsNeverOversold(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s0", Stock, 40)))
		p.open()
		line := p.lines()[0]
		var wg sync.WaitGroup
		for side := range 6 {
			wg.Go(func() {
				for i := range 15 {
					t, err := p.s.Issue(p.ctx, IssueRequest{DayID: p.day.DayID, LineID: line, Via: Kiosk, Key: p.key(side, "-", i)})
					switch {
					case err == nil && i%4 == 0:
						_, _ = p.s.Leave(p.ctx, t.Handle)
					case i%5 == 0:
						_, _ = p.s.Next(p.ctx, p.cmd(line))
					}
				}
			})
		}
		wg.Wait()
		var promised int
		p.ok(p.db.View(p.ctx, func(tx *db.Tx) error {
			return tx.Get(&promised, `SELECT COUNT(*) FROM queue_tickets WHERE line_id = $1 AND state <> 'left'`, line)
		}))
		if promised > 40 || promised < 35 {
			t.Fatalf("%d promised of 40", promised)
		}
		p.healthy()
	})
}

// A key is answered the same way after the ticket has moved on, after the line
// closed, and when the answer was a number the card already had.
func TestTheSameKeyTheSameAnswer(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		fresh := IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: "card", Via: Phone, Key: p.key("k1")}
		again := fresh
		again.Key = p.key("k2")
		first, err := p.s.Issue(p.ctx, fresh)
		p.ok(err)
		held, err := p.s.Issue(p.ctx, again)
		p.ok(err)
		if held.Number != first.Number {
			t.Fatalf("one card holds %d and %d", first.Number, held.Number)
		}
		_, err = p.s.Serve(p.ctx, p.about(p.next(line)))
		p.ok(err)
		repeat := func() {
			t.Helper()
			if got, err := p.s.Issue(p.ctx, fresh); err != nil || got != first {
				t.Fatalf("answered %+v %v, then %+v", first, err, got)
			}
			if got, err := p.s.Issue(p.ctx, again); err != nil || got.Number != first.Number {
				t.Fatalf("answered %+v %v", got, err)
			}
			for _, r := range []IssueRequest{fresh, again} {
				r.Priority = true
				_, err = p.s.Issue(p.ctx, r)
				p.refused(err, "idempotency.body_differs")
			}
		}
		repeat()
		p.close()
		repeat()
		c := p.cmd(line)
		c.Key = "next"
		_, err = p.s.Next(p.ctx, c)
		p.refused(err, "queue.day_closed")
		p.healthy()
	})
}

// A press that is repeated with its key calls once.
func TestARepeatedPressCallsOnce(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		p.take(line, "a")
		p.take(line, "b")
		c := p.cmd(line)
		c.Key = "press"
		got := together(func() (int, error) { n, err := p.s.Next(p.ctx, c); return n.Number, err })
		if len(got) != 3 || len(distinct(got)) != 1 || p.line(line).Waiting != 1 {
			t.Fatalf("one press called %v", got)
		}
		c.Reason = "another"
		_, err := p.s.Next(p.ctx, c)
		p.refused(err, "idempotency.body_differs")
	})
}

// One card pressing twice at once in one line holds one number.
func TestOneCardAtOnce(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		got := together(func() (int, error) { return p.take(line, "card").Number, nil })
		if len(got) != 3 || len(distinct(got)) != 1 {
			t.Fatalf("one card holds %v", got)
		}
		p.healthy()
	})
}
