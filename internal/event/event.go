// Package event lists every fact that one part of the house tells another.
//
// Facts are in the past tense, small and without personal data. Each has a
// versioned wire name ("market_day.opened.v1") and a key, the market day, that
// says what must stay in order. The JSON of each is kept golden by a test: a
// change of shape is a new version. Who hears what is in internal/app/wiring.go.
package event

import (
	"encoding/json"
	"fmt"
)

// Event is a fact that can be put into the outbox.
type Event interface {
	// Name is the versioned wire name.
	Name() string
	// Key is what the fact is about: events of one key are heard in order.
	Key() string
}

// Day names the market day a fact is about; every event embeds it.
// Date is the date the market's rule says (YYYY-MM-DD), also after a move.
type Day struct {
	DayID       string `json:"day"`
	MarketID    string `json:"market"`
	CommunityID string `json:"community"`
	Date        string `json:"date"`
}

// Key is the market day's id.
func (d Day) Key() string { return d.DayID }

// Encode returns the JSON of an event.
func Encode(e Event) ([]byte, error) { return json.Marshal(e) }

// Decode reads the JSON of an event of type E; unknown fields are ignored so
// that a newer version of the program may add some.
func Decode[E Event](payload []byte) (E, error) {
	var e E
	if err := json.Unmarshal(payload, &e); err != nil {
		return e, fmt.Errorf("decode %s: %w", e.Name(), err)
	}
	if e.Key() == "" {
		return e, fmt.Errorf("decode %s: field day is empty", e.Name())
	}
	return e, nil
}
