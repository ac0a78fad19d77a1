package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"yiji/booths"
)

// throughTheYear pushes the clock from one due time to the next until the
// played day has its claims open: dates are planned, ten markets run by
// themselves.
func (w *world) throughTheYear(ctx context.Context, until time.Time) error {
	for {
		if err := w.settle(ctx); err != nil {
			return err
		}
		next, err := w.app.Scheduler.Tick(ctx)
		if err != nil {
			return err
		}
		if queued, err := w.app.Queue.Tick(ctx); err != nil {
			return err
		} else if !queued.IsZero() && (next.IsZero() || queued.Before(next)) {
			next = queued
		}
		if next.IsZero() || next.After(until) {
			if err := w.clock.to(ctx, until); err != nil {
				return err
			}
			return w.settle(ctx)
		}
		if !next.After(w.clock.Now()) {
			next = w.clock.Now().Add(time.Second)
		}
		if err := w.clock.to(ctx, next); err != nil {
			return err
		}
	}
}

// find looks up the played day.
func (w *world) find(ctx context.Context) error {
	days, err := w.days(ctx, playedDate, playedDate)
	if err != nil {
		return err
	}
	if len(days) != 1 {
		return fmt.Errorf("the scheduler made %d days of %s", len(days), playedDate)
	}
	w.day = days[0]
	return nil
}

// claim lets every partner of the roster ask for its places over HTTP.
func (w *world) claim(ctx context.Context) error {
	for _, p := range w.roster.Partners {
		places := p.Places
		if len(places) == 0 {
			places = []booths.RosterPlace{{}}
		}
		for i, place := range places {
			body := map[string]any{}
			if len(place.Services) > 0 {
				body["services"] = place.Services
			}
			err := w.partners[p.Name].do(ctx, request{http.MethodPost, "communities/" + w.community + "/days/" + w.day.ID + "/claims", key("claim", w.ids[p.Name], i), body, nil})
			if err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		w.say("认领: %s, %d 个摊位", p.Name, len(places))
	}
	return nil
}

// Placed is one row of who stands where.
type Placed struct {
	Partner  string   `json:"partner"`
	Booth    string   `json:"booth"`
	Services []string `json:"services"`
}

// assignments reads who stands where from the public page of the day.
func (w *world) assignments(ctx context.Context) ([]Placed, error) {
	if err := w.resident.do(ctx, request{http.MethodGet, "days/" + w.day.ID, "", nil, &w.day}); err != nil {
		return nil, err
	}
	at := map[[2]string]*Placed{}
	var order [][2]string
	for _, l := range w.day.Lines {
		id := [2]string{l.Booth, l.Partner}
		if at[id] == nil {
			at[id] = &Placed{Partner: l.Partner, Booth: l.Booth}
			order = append(order, id)
		}
		at[id].Services = append(at[id].Services, l.Service)
	}
	slices.SortFunc(order, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	out := make([]Placed, 0, len(order))
	for _, id := range order {
		out = append(out, *at[id])
	}
	return out, nil
}

// heard reports whether every line has done what the day's state says.
func (d day) heard() bool {
	return !slices.ContainsFunc(d.Lines, func(l line) bool { return d.State == "open" && l.State == "planned" })
}

// market plays the day from its opening until everybody has been told.
func (w *world) market(ctx context.Context, speed float64) error {
	if err := w.clock.to(ctx, w.day.OpensAt.Add(-time.Minute)); err != nil {
		return err
	}
	if speed > 0 {
		w.clock.run(speed)
	}
	if err := w.clock.to(ctx, w.day.OpensAt); err != nil {
		return err
	}
	if err := w.reach(ctx, "open"); err != nil {
		return err
	}
	w.say("开市, %d 条队", len(w.day.Lines))
	var s script
	crowd(&s, w, *w.roster.Arrivals, w.day.Lines)
	open(&s, w, w.day.Lines)
	last := w.day.OpensAt
	var blind error
	look := w.once(ctx, &blind)
	err := s.play(ctx, w.clock, w.day.ClosesAt, func(now time.Time) {
		look(now)
		if now.Sub(last) >= 15*time.Minute {
			last = now
			w.say("到场 %d 人, 已取 %d 个号", w.seen.came, w.seen.tickets())
		}
	})
	if err = errors.Join(err, blind); err != nil {
		return err
	}
	if err := w.reach(ctx, "closed"); err != nil {
		return err
	}
	w.say("收市, 已叫到的继续服务 15 分钟")
	if err := w.confirm(ctx); err != nil {
		return err
	}
	if err := s.play(ctx, w.clock, w.day.ClosesAt.Add(15*time.Minute+time.Second), func(time.Time) {}); err != nil {
		return err
	}
	return w.reach(ctx, "settled")
}

// reach waits until the server itself has brought the day to a state, and the
// lines have heard of it: what is true at once by the clock is written down a
// moment later.
func (w *world) reach(ctx context.Context, state string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if err := w.settle(ctx); err != nil {
			return err
		}
		if err := w.find(ctx); err != nil {
			return err
		}
		if err := w.resident.do(ctx, request{http.MethodGet, "days/" + w.day.ID, "", nil, &w.day}); err != nil {
			return err
		}
		if w.day.State == "settled" || w.day.State == state && w.day.heard() {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the day is %s and does not become %s: %w", w.day.State, state, ctx.Err())
		}
	}
}
