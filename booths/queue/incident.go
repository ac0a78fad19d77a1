package queue

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Incident is something that happened on a day and has to be remembered, such
// as somebody who fainted. It is about what happened, not about who: contacts
// are taken out of the words.
type Incident struct {
	ID        string    `json:"id"`
	DayID     string    `json:"day"`
	At        time.Time `json:"at"`
	Words     string    `json:"words"`
	UndoUntil time.Time `json:"undo_until"` // it can be taken back until then
}

// IncidentInput is a note as somebody writes it. At zero is now. Key makes
// retries safe.
type IncidentInput struct {
	CommunityID string
	DayID       string
	At          time.Time
	Words       string
	Key         string
}

const (
	incidentWords = 300            // characters
	incidentFar   = 12 * time.Hour // before the opening, after the closing
)

// IncidentNote keeps what happened, from twelve hours before the opening until
// twelve hours after the closing.
func (s *Service) IncidentNote(ctx context.Context, in IncidentInput) (Incident, error) {
	in.Words = tidyWords(in.Words)
	switch n := utf8.RuneCountInString(in.Words); {
	case n == 0:
		return Incident{}, fault.Invalid("queue.incident_empty", "words", "must not be empty")
	case n > incidentWords:
		return Incident{}, fault.Invalid("queue.incident_long", "words", "is longer than %d characters", incidentWords)
	case len(in.Key) > longest:
		return Incident{}, fault.Invalid("queue.key_long", "idempotency_key", "is longer than %d characters", longest)
	}
	asked := request{"queue.incident:" + in.DayID, in.Key, digest(in.CommunityID, in.Words, in.At.UTC())}
	var out Incident
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		out, err = once(tx, asked, func() (Incident, error) { return noteIncident(tx, in) })
		return err
	})
	return out, err
}

func noteIncident(tx *db.Tx, in IncidentInput) (Incident, error) {
	d, err := dayOf(tx, in.CommunityID, in.DayID)
	if err != nil {
		return Incident{}, err
	}
	if in.At.IsZero() {
		in.At = tx.Now
	}
	at := db.Micros(in.At)
	switch {
	case in.At.After(tx.Now):
		return Incident{}, fault.Invalid("queue.incident_future", "at", "has not happened yet")
	case at < d.OpensAt-incidentFar.Microseconds(), at > d.ClosesAt+incidentFar.Microseconds():
		return Incident{}, fault.Invalid("queue.incident_far", "at", "must lie within twelve hours of the market day")
	}
	id := db.NewID()
	_, err = tx.Exec(`INSERT INTO queue_incidents (id, day_id, at, words, noted_at) VALUES ($1,$2,$3,$4,$5)`,
		id, d.ID, at, in.Words, db.Micros(tx.Now))
	return Incident{ID: id, DayID: d.ID, At: db.Time(at), Words: in.Words, UndoUntil: tx.Now.Add(undoFor)}, err
}

// IncidentRemove takes a note back within ten minutes. Taking it back twice is once.
func (s *Service) IncidentRemove(ctx context.Context, communityID, dayID, id string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := dayOf(tx, communityID, dayID); err != nil {
			return err
		}
		var noted int64
		err := tx.Get(&noted, `SELECT noted_at FROM queue_incidents WHERE id = $1 AND day_id = $2`, id, dayID)
		switch {
		case errors.Is(err, db.ErrNoRows):
			return nil
		case err != nil:
			return err
		case tx.Now.Sub(db.Time(noted)) >= undoFor:
			return fault.Closed("queue.incident_final", "incident", "a note can be taken back for ten minutes")
		}
		_, err = tx.Exec(`DELETE FROM queue_incidents WHERE id = $1`, id)
		return err
	})
}

// Incidents lists what was noted about a day, in the order it happened.
func (s *Service) Incidents(ctx context.Context, communityID, dayID string) ([]Incident, error) {
	var out []Incident
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := dayOf(tx, communityID, dayID); err != nil {
			return err
		}
		var rows []struct {
			ID    string `db:"id"`
			At    int64  `db:"at"`
			Words string `db:"words"`
			Noted int64  `db:"noted_at"`
		}
		err := tx.Select(&rows, `SELECT id, at, words, noted_at FROM queue_incidents WHERE day_id = $1 ORDER BY at, noted_at, id`, dayID)
		out = make([]Incident, len(rows))
		for i, r := range rows {
			out[i] = Incident{ID: r.ID, DayID: dayID, At: db.Time(r.At), Words: r.Words, UndoUntil: db.Time(r.Noted).Add(undoFor)}
		}
		return err
	})
	return out, err
}

// dayOf is a day of the community.
func dayOf(tx *db.Tx, communityID, dayID string) (dayRow, error) {
	d, err := getDay(tx, dayID)
	if err == nil && d.CommunityID != communityID {
		err = fault.NotFound("queue.day_unknown", "day", "there is no such market day")
	}
	return d, err
}
