package web

import (
	"sync"
	"time"
)

// place is where a market day belongs: what the busiest answers need to know
// besides the day itself. It hardly ever changes.
type place struct {
	community string
	zone      *time.Location
	until     time.Time
}

// places remembers the places of days for a minute.
type places struct {
	mu    sync.Mutex
	known map[string]place
}

const (
	placeLife = time.Minute
	placesMax = 10_000
)

// placeOf returns the place of a day.
func (s *Server) placeOf(c *call, dayID string) (place, error) {
	now := time.Now()
	s.places.mu.Lock()
	p, ok := s.places.known[dayID]
	s.places.mu.Unlock()
	if ok && now.Before(p.until) {
		return p, nil
	}
	d, err := s.Scheduler.PublicDay(c.ctx(), dayID)
	if err != nil {
		return place{}, err
	}
	p = place{community: d.CommunityID, zone: zoneNamed(d.TimeZone), until: now.Add(placeLife)}
	s.places.mu.Lock()
	defer s.places.mu.Unlock()
	if s.places.known == nil || len(s.places.known) >= placesMax {
		s.places.known = map[string]place{}
	}
	s.places.known[dayID] = p
	return p, nil
}
