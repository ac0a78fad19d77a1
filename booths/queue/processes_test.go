package queue

import (
	"fmt"
	"sync"
	"testing"

	"yiji/internal/db/dbtest"
	"yiji/internal/event"
)

// Within one process Updates queue up anyway. Two processes on one PostgreSQL
// meet in the rows: G7, G8, G9, G11 and the end that is told once.
func TestTwoProcesses(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url, c := dbtest.Postgres(t), dbtest.NewClock(opening("2026-11-19"))
	p := newPlace(t, dbtest.Open(t, url, c.Now), c, "two")
	services := []*Service{p.s, New(dbtest.Open(t, url, c.Now))}
	lines := p.opened(Person, Stock, Person)

	var mu sync.Mutex
	calls := map[string]int{}
	var wg sync.WaitGroup
	for side := range 6 {
		s := services[side%2]
		wg.Go(func() {
			for i := range 25 {
				line := lines[i%3]
				// every key is used by both processes, every card by all
				r := IssueRequest{DayID: p.day.DayID, LineID: line, Visitor: fmt.Sprint("card", i), Via: Phone, Key: p.key(side/2, "-", i)}
				_, _ = s.Issue(p.ctx, r)
				called, err := s.Next(p.ctx, p.cmd(line))
				if err != nil {
					continue
				}
				mu.Lock()
				calls[called.ID]++
				mu.Unlock()
				if i%2 == 0 {
					_, _ = s.Serve(p.ctx, p.about(called))
				}
			}
		})
	}
	wg.Wait()
	for id, n := range calls {
		if n != 1 {
			t.Errorf("%s was called %d times", id, n)
		}
	}
	if len(calls) < 20 {
		t.Fatalf("only %d calls: the processes do not get on", len(calls))
	}
	p.healthy()

	var last []Ticket
	for _, id := range lines {
		console, err := p.s.Line(p.ctx, "c1", p.day.DayID, id)
		p.ok(err)
		for _, one := range console.Current {
			last = append(last, one.Ticket)
		}
	}
	p.close()
	for i, one := range last {
		wg.Go(func() { _, _ = services[i%2].Serve(p.ctx, p.about(one)) })
	}
	wg.Wait()
	if n := told[event.LinesClosed](p, nil); n != 1 {
		t.Fatalf("lines closed told %d times", n)
	}
	p.healthy()
}
