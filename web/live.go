package web

import (
	"errors"
	"net/http"
	"strconv"

	"yiji/internal/live"
)

// liveStream lets a page follow a day: server-sent events, numbers only.
func (s *Server) liveStream(c *call) error { return s.streamed(c, live.Public) }

// wallStream is the stream of walls, which have places of their own.
func (s *Server) wallStream(c *call) error { return s.streamed(c, live.Wall) }

func (s *Server) streamed(c *call, as live.Rank) error {
	if len(c.Actor.Roles) > 0 {
		as = live.Staff
	}
	return s.livePart(c, func() error {
		return s.live.Stream(c.Response(), c.Request(), live.Visit{Day: c.Param("day"), Address: c.address(), Rank: as, Stop: s.stopping})
	})
}

// livePicture is the same at once, for a page that cannot hold a stream.
func (s *Server) livePicture(c *call) error {
	return s.livePart(c, func() error { return s.live.Picture(c.Response(), c.Request(), c.Param("day")) })
}

// liveRetry is when a page that is too many may try again, in seconds; until
// then it asks for the picture.
const liveRetry = 30

func (s *Server) livePart(c *call, answer func() error) error {
	if _, err := s.Scheduler.PublicDay(c.ctx(), c.Param("day")); err != nil {
		return err
	}
	err := live.ErrFull
	if s.live != nil {
		err = answer()
	}
	if errors.Is(err, live.ErrFull) {
		c.Response().Header().Set("Retry-After", strconv.Itoa(liveRetry))
		return c.NoContent(http.StatusServiceUnavailable)
	}
	return err
}
