package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"yiji/booths/queue"
)

// One place that takes so many numbers of one line in such a time is shown to
// the organizer. A square of residents behind one address may do so honestly:
// nobody is refused anything.
const (
	manyNumbers = 30
	manyWithin  = time.Minute
)

// lookout notices places that take very many numbers of one line. It keeps
// keyed hashes of addresses in memory and forgets them with the process.
type lookout struct {
	key  []byte
	mu   sync.Mutex
	seen map[[sha256.Size]byte]*haul
}

// haul is the last numbers one place took of one line.
type haul struct {
	ids   []string
	times []time.Time
	told  time.Time
}

func newLookout() *lookout {
	l := &lookout{key: make([]byte, sha256.Size), seen: map[[sha256.Size]byte]*haul{}}
	_, _ = rand.Read(l.key) // never fails
	return l
}

// took counts a number and reports, at most once within the time, that they
// have become very many. The same number shown again is not counted.
func (l *lookout) took(address string, t queue.Ticket, now time.Time) bool {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(address + "\x00" + t.LineID))
	place := [sha256.Size]byte(mac.Sum(nil))
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.seen[place]
	if h == nil {
		l.forget(now)
		h = &haul{}
		l.seen[place] = h
	}
	if slices.Contains(h.ids, t.ID) {
		return false
	}
	h.ids, h.times = append(h.ids, t.ID), append(h.times, now)
	if over := len(h.ids) - manyNumbers; over > 0 {
		h.ids, h.times = h.ids[over:], h.times[over:]
	}
	if len(h.ids) < manyNumbers || now.Sub(h.times[0]) > manyWithin || now.Sub(h.told) < manyWithin {
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
		if now.Sub(h.times[len(h.times)-1]) > manyWithin {
			delete(l.seen, place)
		}
	}
	if len(l.seen) >= generation {
		clear(l.seen)
	}
}

// noticeIssue looks at a number just given by phone.
func (c *call) noticeIssue(t queue.Ticket) {
	s := c.server
	if t.Via != queue.Phone || !s.lookout.took(c.address(), t, s.clock()) {
		return
	}
	s.log.Warn("very many numbers of one line go to one place", "day", t.DayID, "line", t.LineID)
	if s.suspected != nil {
		s.suspected()
	}
	if err := s.Queue.Suspect(c.ctx(), t.DayID, t.LineID); err != nil {
		s.log.Error("a suspicion could not be kept", "line", t.LineID, "error", err)
	}
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
