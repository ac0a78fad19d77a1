package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yiji/booths/queue"
	"yiji/internal/db"
)

// Options say what is followed; numbers that are zero have the values named.
type Options struct {
	Queue *queue.Service
	// Day reads what the frame of a day says but its arrivals; NotFound is an answer.
	Day        func(tx *db.Tx, dayID string) (Day, error)
	Most       int           // watchers at once in this process, 20,000
	Reserve    int           // of them, so many places only for walls and staff, 1,000
	PerAddress int           // the public from one address, 600: two hundred residents share one, with three pages each
	Walls      int           // walls from one address, 20
	Beat       time.Duration // between two signs of life, 15 s
	Stall      time.Duration // how long a connection may take no bytes, 10 s
	Poll       time.Duration // safety net beside the wake-up, 5 s, while somebody watches
	Logger     *slog.Logger
}

func (o Options) filled() Options {
	if o.Most == 0 {
		o.Most = 20_000
	}
	if o.PerAddress == 0 {
		o.PerAddress = 600
	}
	if o.Reserve == 0 {
		o.Reserve = min(1_000, o.Most/4)
	}
	o.Reserve = max(0, o.Reserve) // -1 is none
	if o.Walls == 0 {
		o.Walls = 20
	}
	if o.Beat == 0 {
		o.Beat = 15 * time.Second
	}
	if o.Stall == 0 {
		o.Stall = 10 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Stats count what a hub does.
type Stats struct {
	Watchers int64 // now
	Rooms    int64 // days that are read now
	Frames   int64 // states encoded
	Dropped  int64 // watchers that took no bytes for too long
	Refused  int64 // watchers too many
	Reads    int64 // snapshots taken
}

// Hub follows the events of days that somebody watches. It serves while Run runs.
type Hub struct {
	db   *db.DB
	o    Options
	asks chan chan struct{} // read now, and say when it is done
	stop chan struct{}      // closed when Run ends

	mu        sync.Mutex
	stopped   bool
	rooms     map[string]*room
	addresses map[seat]int
	leaving   sync.WaitGroup // of every watcher

	watchers                        atomic.Int64
	frames, dropped, refused, reads atomic.Int64
	seen                            int64       // the number the events were read up to; the loop's own
	onPut                           func(*room) // for tests: after a room took something in
}

// unread is the number before the first event was looked at.
const unread = -1

// New returns a hub that follows nothing before Run.
func New(d *db.DB, o Options) *Hub {
	return &Hub{db: d, o: o.filled(), asks: make(chan chan struct{}), stop: make(chan struct{}),
		rooms: map[string]*room{}, addresses: map[seat]int{}, seen: unread}
}

// Stats returns the counters.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	rooms := int64(len(h.rooms))
	h.mu.Unlock()
	return Stats{Watchers: h.watchers.Load(), Rooms: rooms, Frames: h.frames.Load(), Dropped: h.dropped.Load(),
		Refused: h.refused.Load(), Reads: h.reads.Load()}
}

// Run follows events until ctx ends, then ends every stream and waits for them.
func (h *Hub) Run(ctx context.Context) error {
	defer h.end()
	wake, stop := h.db.Watch()
	defer stop()
	tick := time.NewTimer(h.o.Poll)
	defer tick.Stop()
	for {
		var asked []chan struct{}
		ticked := false
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-tick.C:
			ticked = true
		case a := <-h.asks:
			asked = append(asked, a)
		}
		asked = append(asked, h.asked()...)
		rooms := h.open(ticked)
		changed := h.pulse(ctx, rooms)
		for _, a := range asked {
			close(a)
		}
		if len(rooms) == 0 {
			tick.Stop() // nobody watches: nothing is done until somebody asks
			continue
		}
		tick.Reset(h.o.Poll)
		if changed {
			h.rest(ctx)
		}
	}
}

// asked takes the questions that wait right now.
func (h *Hub) asked() (all []chan struct{}) {
	for {
		select {
		case a := <-h.asks:
			all = append(all, a)
		default:
			return all
		}
	}
}

// A wake-up per commit would keep a busy day's machine writing to pages only.
// Telling a watcher costs about ten microseconds, and as long as telling all
// of them takes the hub rests: what is committed meanwhile comes together.
const (
	restPerWatcher = 10 * time.Microsecond
	restMost       = 250 * time.Millisecond
)

func (h *Hub) rest(ctx context.Context) {
	d := min(restMost, time.Duration(h.watchers.Load())*restPerWatcher)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// idleTicks is how long a day stays read after its last watcher left, so that
// those who ask now and then are answered from memory: half a minute.
const idleTicks = 6

// open lists the days to read; a tick forgets those that nobody watches any more.
func (h *Hub) open(tick bool) []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*room, 0, len(h.rooms))
	for day, r := range h.rooms {
		if tick && r.watchers == 0 {
			r.idle++
		}
		if r.idle > idleTicks || r.watchers == 0 && r.failed() {
			delete(h.rooms, day)
			continue
		}
		out = append(out, r)
	}
	return out
}

func (r *room) failed() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.err != nil
}

func (h *Hub) end() {
	h.mu.Lock()
	h.stopped = true
	close(h.stop)
	h.mu.Unlock()
	h.leaving.Wait()
}

// ErrFull refuses a watcher: there are too many, or the hub does not run.
var ErrFull = errors.New("too many watch already")

// Rank says who watches: limits of the public leave room for the others.
type Rank int

// The ranks. Anybody may say to be a wall, so walls have a limit, too; staff are
// people who have logged in.
const (
	Public Rank = iota
	Wall
	Staff
)

// seat is what watchers are counted by.
type seat struct {
	rank    Rank
	address string
}

// full reports whether there is no place for one more; the caller holds the lock.
func (h *Hub) full(s seat) bool {
	all, here := int(h.watchers.Load()), h.addresses[s]
	switch s.rank {
	case Staff:
		return all >= h.o.Most
	case Wall:
		return all >= h.o.Most || here >= h.o.Walls
	}
	return all >= h.o.Most-h.o.Reserve || here >= h.o.PerAddress
}

// enter counts a watcher in; leave counts it out.
func (h *Hub) enter(day string, s seat) (*room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped || h.full(s) {
		h.refused.Add(1)
		return nil, ErrFull
	}
	r := h.room(day)
	r.watchers++
	h.addresses[s]++
	h.watchers.Add(1)
	h.leaving.Add(1)
	return r, nil
}

func (h *Hub) leave(r *room, s seat) {
	h.mu.Lock()
	r.watchers--
	if h.addresses[s]--; h.addresses[s] == 0 {
		delete(h.addresses, s)
	}
	h.watchers.Add(-1)
	h.mu.Unlock()
	h.leaving.Done()
}

// room finds or makes the room of a day; the caller holds the lock.
func (h *Hub) room(day string) *room {
	r, ok := h.rooms[day]
	if !ok {
		r = newRoom(day)
		h.rooms[day] = r
	}
	r.idle = 0
	return r
}

// ready waits until a room was read, up to since if the events go that far:
// another process may have told of events that this one has not heard of yet.
func (h *Hub) ready(ctx context.Context, r *room, since int64) error {
	if ok, err := r.loaded(since); ok || err != nil {
		return err
	}
	done := make(chan struct{})
	select {
	case h.asks <- done:
	case <-h.stop:
		return ErrFull
	case <-ctx.Done():
		return ctx.Err()
	}
	<-done // the loop answers what it took
	ok, err := r.loaded(0)
	if err == nil && !ok {
		err = ErrFull // the database did not answer
	}
	return err
}
