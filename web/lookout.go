package web

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"yiji/booths/queue"
)

// The brake: one place gets so many numbers of one line in such a time by phone;
// who asks for more is sent to the desk, in words. Two hundred honest residents
// behind one address pass even when all of them want the same line at once: that
// is what we promise, and no smaller number keeps it. Ten minutes, because no
// line serves two hundred in less: beyond that a number by phone gains nobody
// anything, and the desk is near. A machine gets no further than that crowd, is
// shown to the organizer at its thirtieth number, and what it took is made void
// with one press (queue.Void), after which its place gets none by phone at all.
const (
	brakeNumbers = 200
	brakeWithin  = 10 * time.Minute
)

// lookout counts the numbers of single lines that go to single places, in
// memory, each process for itself like all limits. A place is the keyed hash
// that the tickets carry.
type lookout struct {
	off  bool // for measurements
	mu   sync.Mutex
	seen map[string]*haul
}

// haul is the last numbers one place took of one line.
type haul struct {
	taken []taken // at most brakeNumbers
	asked int     // requests that have no answer yet
	told  time.Time
}

type taken struct {
	number int
	at     time.Time
}

func newLookout(off bool) *lookout { return &lookout{off: off, seen: map[string]*haul{}} }

// ask reserves a number for a place; the brake is on when it has had too many.
// Every ask is followed by one took.
func (l *lookout) ask(place string, now time.Time) (braked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.seen[place]
	if h == nil {
		l.forget(now)
		h = &haul{}
		l.seen[place] = h
	}
	if i := slices.IndexFunc(h.taken, func(t taken) bool { return now.Sub(t.at) < brakeWithin }); i >= 0 {
		h.taken = h.taken[i:]
	} else {
		h.taken = nil
	}
	h.asked++
	return !l.off && len(h.taken)+h.asked > brakeNumbers
}

// took counts what an ask came to, 0 for nothing, and reports, at most once
// within the time, that the numbers have become very many. The same number
// shown again is not counted.
func (l *lookout) took(place string, number int, now time.Time) (many bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.seen[place]
	if h == nil { // forgotten meanwhile
		return false
	}
	h.asked--
	if number == 0 || slices.ContainsFunc(h.taken, func(t taken) bool { return t.number == number }) {
		return false
	}
	h.taken = append(h.taken, taken{number, now})
	first := len(h.taken) - queue.Many
	if first < 0 || now.Sub(h.taken[first].at) > queue.Within || now.Sub(h.told) < queue.Within {
		return false
	}
	h.told = now
	return true
}

// forget drops the places that have taken nothing lately, when there are many.
func (l *lookout) forget(now time.Time) {
	if len(l.seen) < generation {
		return
	}
	for place, h := range l.seen {
		if h.asked == 0 && (len(h.taken) == 0 || now.Sub(h.taken[len(h.taken)-1].at) >= brakeWithin) {
			delete(l.seen, place)
		}
	}
	if len(l.seen) >= generation {
		clear(l.seen)
	}
}

// issue gives a number. One by phone carries where it was taken: a hash of the
// address for this line of this day, keyed by the installation, so that nobody
// who has the database alone can tell an address or follow one to another line.
func (c *call) issue(r queue.IssueRequest) (queue.Ticket, error) {
	s := c.server
	if r.Via != queue.Phone {
		return s.Queue.Issue(c.ctx(), r)
	}
	r.Source = s.handleFrom("source", r.DayID+"\x00"+r.LineID+"\x00"+c.address())
	r.Braked = s.lookout.ask(r.Source, s.clock())
	t, err := s.Queue.Issue(c.ctx(), r)
	if s.lookout.took(r.Source, t.Number, s.clock()) {
		c.suspect(t)
	}
	return t, err
}

func (c *call) suspect(t queue.Ticket) {
	s := c.server
	s.log.Warn("very many numbers of one line go to one place", "day", t.DayID, "line", t.LineID)
	if s.suspected != nil {
		s.suspected()
	}
	if err := s.Queue.Suspect(c.ctx(), t.DayID, t.LineID); err != nil {
		s.log.Error("a suspicion could not be kept", "line", t.LineID, "error", err)
	}
}

// lineHaul makes the numbers of a haul void, or takes that back.
func (s *Server) lineHaul(c *call) error {
	f := c.form("first", "void")
	_, dayID, _, err := s.Queue.LineOwner(c.ctx(), c.Param("line"))
	if err != nil {
		return err
	}
	cmd := queue.LineCommand{CommunityID: c.In.CommunityID, DayID: dayID, LineID: c.Param("line"), By: c.Actor.PersonID, Key: f.Key}
	note := "done.haul_void"
	if id := f.Get("void"); id != "" {
		note = "done.haul_back"
		_, err = s.Queue.Unvoid(c.ctx(), cmd, id)
	} else {
		first, _ := strconv.Atoi(f.Get("first")) // 0 names no haul
		_, err = s.Queue.Void(c.ctx(), cmd, first)
	}
	if err != nil {
		return err
	}
	return c.done("/o/"+c.Community.Slug+"/days/"+dayID, note)
}

// haulsOf are the hauls of a line.
func (v marketDayView) haulsOf(line string) (out []queue.Haul) {
	for _, h := range v.Hauls {
		if h.LineID == line {
			out = append(out, h)
		}
	}
	return out
}

// haulText says how many numbers were taken, when, and how many of them wait.
func (v marketDayView) haulText(h queue.Haul) string {
	key := "duty.haul"
	if h.VoidID != "" {
		key = "duty.haul_void"
	}
	return v.T(key, "n", strconv.Itoa(h.Numbers), "from", v.clockText(h.From), "to", v.clockText(h.To),
		"first", strconv.Itoa(h.First), "last", strconv.Itoa(h.Last), "waiting", strconv.Itoa(h.Waiting))
}

// deskOnly lets the numbers of a line be given at the desk only, or by phone again.
func (s *Server) deskOnly(c *call) error {
	f := c.form("only")
	_, dayID, _, err := s.Queue.LineOwner(c.ctx(), c.Param("line"))
	if err != nil {
		return err
	}
	err = s.Queue.DeskOnly(c.ctx(), queue.LineCommand{CommunityID: c.In.CommunityID, DayID: dayID, LineID: c.Param("line"), By: c.Actor.PersonID, Key: f.Key}, f.On("only"))
	if err != nil {
		return err
	}
	if f.On("only") {
		return c.done("/o/"+c.Community.Slug+"/days/"+dayID, "done.desk_only")
	}
	return c.done("/o/"+c.Community.Slug+"/days/"+dayID, "done.phone_again")
}

// switches reports whether it still matters where numbers of a line are given.
func (v marketDayView) switches(l queue.Line) bool {
	return l.State == queue.LinePlanned || l.State == queue.LineOpen || l.State == queue.LinePaused || l.State == queue.LineSoldOut
}
