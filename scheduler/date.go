package scheduler

import (
	"database/sql/driver"
	"fmt"
	"time"

	"yiji/internal/fault"
)

// Date is a local calendar date, counted in days since 1970-01-01. The zero
// value means "no date"; written dates lie in the years 2000 to 2199.
type Date int

// FirstDate and LastDate bound every date we read or compute.
var (
	FirstDate = NewDate(2000, time.January, 1)
	LastDate  = NewDate(2199, time.December, 31)
)

// NewDate returns the date of year, month and day; they are normalised as by time.Date.
func NewDate(y int, m time.Month, d int) Date {
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// DateOf returns the local date of an instant in loc.
func DateOf(t time.Time, loc *time.Location) Date {
	y, m, d := t.In(loc).Date()
	return NewDate(y, m, d)
}

// ParseDate reads "2006-01-02" strictly; field names the input in its fault.
func ParseDate(field, s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Format(time.DateOnly) != s {
		return 0, fault.Invalid("scheduler.date.malformed", field, "%q is not a date, expected YYYY-MM-DD and a day that exists", s)
	}
	d := NewDate(t.Date())
	if d < FirstDate || d > LastDate {
		return 0, fault.Invalid("scheduler.date.out_of_range", field, "%s is not between %s and %s", s, FirstDate, LastDate)
	}
	return d, nil
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// IsZero reports whether d means "no date".
func (d Date) IsZero() bool { return d == 0 }

// String returns "2006-01-02", empty for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// Civil returns year, month and day.
func (d Date) Civil() (int, time.Month, int) { return d.utc().Date() }

// Year returns the year.
func (d Date) Year() int { return d.utc().Year() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday((int(d)%7 + 7 + 4) % 7) }

// week numbers the weeks, which begin on Monday.
func (d Date) week() int { return (int(d) + 3) / 7 }

// At returns the instant of a time of day on this date in loc. In a gap of the
// clock the time moves forward by the gap's length, in an overlap the first of
// the two instants is meant (as RFC 5545 says).
func (d Date) At(t TimeOfDay, loc *time.Location) time.Time {
	wall := d.utc().Add(time.Duration(t) * time.Minute)
	_, before := wall.Add(-24 * time.Hour).In(loc).Zone()
	_, after := wall.Add(24 * time.Hour).In(loc).Zone()
	first := wall.Add(-time.Duration(before) * time.Second)
	if shows(first, wall, loc) {
		return first
	}
	if second := wall.Add(-time.Duration(after) * time.Second); shows(second, wall, loc) {
		return second
	}
	return first
}

// shows reports whether clocks in loc show wall at the instant t.
func shows(t, wall time.Time, loc *time.Location) bool {
	_, off := t.In(loc).Zone()
	return t.Add(time.Duration(off) * time.Second).Equal(wall)
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; empty is no date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate("", string(b))
	if err == nil {
		*d = v
	}
	return err
}

// Value stores the date as text.
func (d Date) Value() (driver.Value, error) { return d.String(), nil }

// Scan reads a stored date.
func (d *Date) Scan(v any) error {
	switch s := v.(type) {
	case nil:
		*d = 0
		return nil
	case string:
		return d.UnmarshalText([]byte(s))
	case []byte:
		return d.UnmarshalText(s)
	}
	return fmt.Errorf("scan %T into a date", v)
}

// TimeOfDay is a local wall-clock time in minutes after midnight.
type TimeOfDay int

// ParseTimeOfDay reads "09:00" strictly; field names the input in its fault.
func ParseTimeOfDay(field, s string) (TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || t.Format("15:04") != s {
		return 0, fault.Invalid("scheduler.time.malformed", field, "%q is not a time of day, expected HH:MM between 00:00 and 23:59", s)
	}
	return TimeOfDay(t.Hour()*60 + t.Minute()), nil
}

// String returns "09:00".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText implements encoding.TextMarshaler.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TimeOfDay) UnmarshalText(b []byte) error {
	v, err := ParseTimeOfDay("", string(b))
	if err == nil {
		*t = v
	}
	return err
}

// Value stores the time as text.
func (t TimeOfDay) Value() (driver.Value, error) { return t.String(), nil }

// Scan reads a stored time of day.
func (t *TimeOfDay) Scan(v any) error {
	switch s := v.(type) {
	case string:
		return t.UnmarshalText([]byte(s))
	case []byte:
		return t.UnmarshalText(s)
	}
	return fmt.Errorf("scan %T into a time of day", v)
}
