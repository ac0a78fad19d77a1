package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"yiji/booths"
	"yiji/internal/db"
)

// line is what a visitor sees of a line on the day's page.
type line struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Kind    string `json:"kind"`
	Partner string `json:"partner"`
	Booth   string `json:"booth_code"`
	State   string `json:"state"`
	Minutes int    `json:"minutes"`
	Issued  int    `json:"issued"`
}

// number is a ticket as its holder gets it.
type number struct {
	ID      string `json:"id"`
	Handle  string `json:"handle"`
	Visitor string `json:"visitor"`
	Line    string `json:"line"`
	Number  int    `json:"number"`
	State   string `json:"state"`
}

// ledger is what people have seen: every number that was shown to somebody.
type ledger struct {
	mu    sync.Mutex
	shown map[string]map[int]string // line → number → ticket
	twice int
	came  int
	sold  int // wanted a number and were told there is none
	late  int // wanted one when the line had closed
	held  []Number
}

func newLedger() *ledger { return &ledger{shown: map[string]map[int]string{}} }

// see notes a number shown to somebody; another ticket with the same number is
// a twin.
func (l *ledger) see(n number) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown[n.Line] == nil {
		l.shown[n.Line] = map[int]string{}
	}
	if have, ok := l.shown[n.Line][n.Number]; ok && have != n.ID {
		l.twice++
	}
	if _, ok := l.shown[n.Line][n.Number]; !ok {
		l.held = append(l.held, Number{n.Handle, n.Visitor, n.Line})
	}
	l.shown[n.Line][n.Number] = n.ID
}

// all is every number somebody holds.
func (l *ledger) all() []Number {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.held)
}

func (l *ledger) count(what *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*what++
}

// gaps counts numbers that nobody was shown although a higher one was.
func (l *ledger) gaps() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, numbers := range l.shown {
		highest := 0
		for k := range numbers {
			highest = max(highest, k)
		}
		n += highest - len(numbers)
	}
	return n
}

func (l *ledger) tickets() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, numbers := range l.shown {
		n += len(numbers)
	}
	return n
}

// crowd plans when residents come: the given part within the first 20 minutes,
// the others evenly until a quarter of an hour before the end.
func crowd(s *script, w *world, a booths.Arrivals, lines []line) {
	opens, closes := w.day.OpensAt, w.day.ClosesAt
	r := rand.New(rand.NewPCG(19, 11))
	early := int(float64(a.Residents) * a.First20Minutes)
	for i := range a.Residents {
		from, span := opens, 20*time.Minute
		if i >= early {
			from, span = opens.Add(20*time.Minute), closes.Sub(opens)-35*time.Minute
		}
		at := from.Add(time.Duration(r.Int64N(int64(span))))
		want := wishes(r, lines, a.LinesPerResident)
		asks := i%25 == 0 // every 25th leaves an address to be thanked
		s.add(at, func(ctx context.Context) error { return visit(ctx, w, i, want, asks) })
	}
}

// wishes picks one or two lines so that on average perPerson come together.
func wishes(r *rand.Rand, lines []line, perPerson float64) []line {
	order := r.Perm(len(lines))
	n := int(perPerson)
	if r.Float64() < perPerson-float64(n) {
		n++
	}
	n = min(max(n, 1), len(lines))
	out := make([]line, 0, n)
	for _, i := range order[:n] {
		out = append(out, lines[i])
	}
	return out
}

// visit is one resident: takes a number in each wanted line, every fifth one
// twice because the network was slow and the first answer never came.
func visit(ctx context.Context, w *world, i int, want []line, asks bool) error {
	w.seen.count(&w.seen.came)
	visitor := db.NewID()
	if err := w.resident.do(ctx, request{http.MethodPost, "days/" + w.day.ID + "/check-in", key("come", i), map[string]any{"visitor": visitor}, nil}); err != nil {
		return err
	}
	for k, l := range want {
		tries := 1
		if i%5 == 0 {
			tries = 2
		}
		for range tries {
			if err := take(ctx, w, l, visitor, key("number", i, k)); err != nil {
				return err
			}
		}
	}
	if !asks {
		return nil
	}
	ask := map[string]any{"day": w.day.ID, "email": fmt.Sprintf("resident%d@example.org", i), "lang": "zh-Hans", "reminder": false, "closing": true}
	return w.resident.do(ctx, request{http.MethodPost, "communities/" + w.community + "/subscriptions", key("ask", i), ask, nil})
}

func take(ctx context.Context, w *world, l line, visitor, key string) error {
	var n number
	err := w.resident.do(ctx, request{http.MethodPost, "days/" + w.day.ID + "/lines/" + l.ID + "/tickets", key, map[string]any{"visitor": visitor}, &n})
	var no *refusal
	switch {
	case errors.As(err, &no) && no.Code == "queue.sold_out":
		w.seen.count(&w.seen.sold)
		return nil
	case errors.As(err, &no) && no.Status == http.StatusConflict:
		w.seen.count(&w.seen.late)
		return nil
	case err != nil:
		return err
	}
	w.seen.see(n)
	return nil
}

func key(parts ...any) string { return strings.ReplaceAll(fmt.Sprint(parts...), " ", "-") }
