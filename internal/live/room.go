package live

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// room is one day that is watched: the newest frame of each line.
type room struct {
	day string

	mu      sync.RWMutex
	err     error             // why there is nothing to watch
	known   bool              // it was read
	base    int64             // at this number
	head    int64             // everything up to here is in
	at      int64             // the newest change
	frames  map[string]*frame // by line, "" is the day
	last    batch
	whole   []byte // the complete picture at head, made when somebody wants it
	page    []byte // the same as one JSON value
	changed chan struct{}

	// Kept by the hub under its own lock.
	watchers int
	idle     int // ticks without a watcher
}

// batch is what the newest change brought: whoever was told everything up to
// prev needs these bytes, whoever it is.
type batch struct {
	prev, to int64
	body     []byte
}

func newRoom(day string) *room {
	return &room{day: day, frames: map[string]*frame{}, changed: make(chan struct{})}
}

// put takes in what was read at a number and wakes those who wait for it.
func (r *room) put(head int64, fresh []*frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.known, r.base, r.at = true, head, head
	}
	r.head, r.whole = head, nil
	if len(fresh) == 0 {
		return
	}
	for _, f := range fresh {
		r.frames[f.key] = f
	}
	r.last = batch{prev: r.at, to: head, body: told(fresh, head)}
	r.at, r.page = head, nil
	close(r.changed)
	r.changed = make(chan struct{})
}

// fail says that there is nothing to watch.
func (r *room) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// loaded reports whether the room was read; its error says why it never will be.
func (r *room) loaded(since int64) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.known && since <= r.head, r.err
}

func (r *room) frame(key string) *frame {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.frames[key]
}

// keys are the lines the room knows.
func (r *room) keys() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.frames))
}

// whence is what somebody who was told everything up to since needs first: that
// number when the room remembers what came after it, else -1: everything.
func (r *room) whence(since int64) int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if since <= 0 || since < r.base || since > r.head {
		return -1
	}
	return since
}

// after returns what is newer than a number, the number reached by it, and what
// to wait for. Bytes are shared: nobody may change them.
func (r *room) after(since int64) (body []byte, to int64, changed <-chan struct{}) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case since >= r.at:
		return nil, since, r.changed
	case since >= r.last.prev && r.last.body != nil:
		return r.last.body, r.last.to, r.changed
	}
	var newer []*frame
	for _, f := range r.frames {
		if f.at > since {
			newer = append(newer, f)
		}
	}
	return told(newer, r.head), r.head, r.changed
}

// all is the complete picture.
func (r *room) all() (body []byte, to int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.whole == nil {
		living := r.living()
		ids := []string{}
		for _, f := range living {
			if f.key != "" {
				ids = append(ids, f.key)
			}
		}
		list, _ := json.Marshal(ids) // strings: cannot fail
		r.whole = append(fmt.Appendf(nil, "event: all\ndata: {\"at\":%d,\"lines\":%s}\n\n", r.head, list), told(living, r.head)...)
	}
	return r.whole, r.head
}

// json is the complete picture for those who ask now and then, and the number
// of its newest change.
func (r *room) json() (body []byte, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.page == nil {
		b := fmt.Appendf(nil, `{"at":%d,"day":`, r.at)
		if d := r.frames[""]; d != nil {
			b = append(b, d.json...)
		} else {
			b = append(b, "null"...)
		}
		b = append(b, `,"lines":[`...)
		for _, f := range r.living() {
			if f.key == "" {
				continue
			}
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = append(b, f.json...)
		}
		r.page = append(b, "]}\n"...)
	}
	return r.page, r.at
}

// living are the frames but those of removed lines, in a fixed order.
func (r *room) living() []*frame {
	var out []*frame
	for _, f := range r.frames {
		if !f.gone {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *frame) int { return cmp.Compare(a.key, b.key) })
	return out
}

// told writes frames in the order of their numbers, and how far they lead.
func told(frames []*frame, head int64) []byte {
	slices.SortFunc(frames, func(a, b *frame) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) })
	var b []byte
	for _, f := range frames {
		b = f.write(b)
	}
	return upTo(b, head)
}

func upTo(b []byte, head int64) []byte {
	n := strconv.FormatInt(head, 10)
	return append(b, "event: at\nid: "+n+"\ndata: "+n+"\n\n"...)
}
