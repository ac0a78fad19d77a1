package live

import (
	"context"
	"encoding/json"
	"strings"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// marks say what of a day has to be read again.
type marks struct {
	all, day bool
	lines    []string
}

// reading is one snapshot: the number it stands at, and what is new in it.
type reading struct {
	head  int64
	fresh map[*room][]*frame
	gone  map[*room]error
}

// pulse reads what happened since the last one and puts it into the rooms. It
// reports whether anybody has something new to be told.
func (h *Hub) pulse(ctx context.Context, rooms []*room) (changed bool) {
	if len(rooms) == 0 {
		h.seen = unread
		return false
	}
	var got reading
	h.reads.Add(1)
	err := h.db.View(ctx, func(tx *db.Tx) (err error) {
		got, err = h.read(tx, rooms)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			h.o.Logger.Warn("live: the day cannot be read", "error", err)
		}
		return false
	}
	h.seen = got.head
	for _, r := range rooms {
		if err := got.gone[r]; err != nil {
			r.fail(err)
			continue
		}
		fresh := got.fresh[r]
		r.put(got.head, fresh)
		h.frames.Add(int64(len(fresh)))
		changed = changed || len(fresh) > 0
		if h.onPut != nil {
			h.onPut(r)
		}
	}
	return changed
}

func (h *Hub) read(tx *db.Tx, rooms []*room) (reading, error) {
	got := reading{fresh: map[*room][]*frame{}, gone: map[*room]error{}}
	var err error
	if got.head, err = outbox.Head(tx); err != nil {
		return got, err
	}
	dirty, err := h.dirty(tx, rooms, got.head)
	if err != nil {
		return got, err
	}
	for _, r := range rooms {
		m := dirty[r.day]
		if m == nil {
			continue
		}
		fresh, err := h.readRoom(tx, r, m, got.head)
		switch {
		case fault.KindOf(err) == fault.KindNotFound:
			got.gone[r] = err
		case err != nil:
			return got, err
		}
		got.fresh[r] = fresh
	}
	return got, nil
}

// tooMany events at once are not looked at one by one: everything is read again.
const tooMany = 2000

// dirty says what the events up to head have changed in the rooms.
func (h *Hub) dirty(tx *db.Tx, rooms []*room, head int64) (map[string]*marks, error) {
	out := map[string]*marks{}
	var keys []string
	for _, r := range rooms {
		if ok, _ := r.loaded(0); !ok || h.seen == unread || head < h.seen || head-h.seen > tooMany {
			out[r.day] = &marks{all: true, day: true}
			continue
		}
		keys = append(keys, r.day)
	}
	if len(keys) == 0 || head == h.seen {
		return out, nil
	}
	events, _, err := outbox.Read(tx, outbox.Wanted{Topic: outbox.Topic, Keys: keys, Limit: tooMany + 1}, h.seen)
	for _, e := range events {
		m := out[e.Key]
		if m == nil {
			m = &marks{}
			out[e.Key] = m
		}
		m.add(e)
	}
	return out, err
}

// add marks what an event may have changed: the line it names, the arrivals,
// else everything.
func (m *marks) add(e outbox.Stored) {
	var about struct {
		Line string `json:"line"`
	}
	switch {
	case strings.HasPrefix(e.Name, "visitor."):
		m.day = true
	case !strings.HasPrefix(e.Name, "ticket.") && !strings.HasPrefix(e.Name, "line."):
		m.all, m.day = true, true
	case json.Unmarshal([]byte(e.Payload), &about) == nil && about.Line != "":
		m.lines = append(m.lines, about.Line)
	default:
		m.all = true
	}
}

// readRoom reads what is marked and returns the frames that are new.
func (h *Hub) readRoom(tx *db.Tx, r *room, m *marks, at int64) (fresh []*frame, err error) {
	add := func(f *frame, e error) {
		if err = e; e == nil && f != nil {
			fresh = append(fresh, f)
		}
	}
	if m.all || m.day {
		d, err := h.o.Day(tx, r.day)
		if err != nil {
			return nil, err
		}
		if d.Arrivals, err = h.o.Queue.Arrivals(tx, r.day); err != nil {
			return nil, err
		}
		add(d.encode(at, r.frame("")))
	}
	want := m.lines
	if m.all {
		want = r.keys()
	} else if len(want) == 0 {
		return fresh, err
	}
	var ids []string
	if !m.all {
		ids = unique(want)
	}
	lines, readErr := h.o.Queue.LinesNow(tx, r.day, ids...)
	if readErr != nil {
		return nil, readErr
	}
	there := map[string]bool{"": true}
	for _, l := range lines {
		there[l.ID] = true
		if err == nil {
			add(lineFrame(l).encode(at, r.frame(l.ID)))
		}
	}
	for _, id := range want {
		if !there[id] && err == nil && r.frame(id) != nil {
			add(removedFrame(id).encode(at, r.frame(id)))
		}
	}
	return fresh, err
}

func unique(ids []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
