package queue

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// Mark is how somebody liked it.
type Mark string

// The marks: 满意, 一般, 不满意.
const (
	Good Mark = "good"
	Fair Mark = "fair"
	Poor Mark = "poor"
)

// Marks are all marks, best first.
var Marks = []Mark{Good, Fair, Poor}

// FeedbackInput is what somebody says about a day, or about one of its lines.
// It is anonymous: it names neither a card nor a number. Key makes retries safe.
type FeedbackInput struct {
	DayID  string
	LineID string // "" is the whole day
	Mark   Mark
	Words  string // optional
	Key    string
}

// Feedback is what was said. LineID is "" where the whole day is meant.
type Feedback struct {
	LineID  string    `json:"line,omitempty"`
	Service string    `json:"service,omitempty"`
	Mark    Mark      `json:"mark"`
	Words   string    `json:"words,omitempty"`
	At      time.Time `json:"at"`
}

// Feedbacks are a day's marks, counted, with what was written, newest first.
type Feedbacks struct {
	Good  int        `json:"good"`
	Fair  int        `json:"fair"`
	Poor  int        `json:"poor"`
	Words []Feedback `json:"words"`
}

const (
	wordsMost   = 200                 // characters
	feedbackFor = 30 * 24 * time.Hour // after closing
)

// contact finds what looks like a telephone number or a mail address: people
// write them although nobody asks.
var contact = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+|\+?\d(?:[ -]?\d){6,}`)

// tidyWords takes contacts and control characters out of what somebody wrote.
func tidyWords(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(contact.ReplaceAllString(s, "…"))
}

func (in FeedbackInput) check() error {
	switch {
	case in.Mark != Good && in.Mark != Fair && in.Mark != Poor:
		return fault.Invalid("queue.feedback_mark", "mark", "must be good, fair or poor")
	case utf8.RuneCountInString(in.Words) > wordsMost:
		return fault.Invalid("queue.feedback_long", "words", "is longer than %d characters", wordsMost)
	case len(in.Key) > longest:
		return fault.Invalid("queue.key_long", "idempotency_key", "is longer than %d characters", longest)
	}
	return nil
}

// FeedbackGive keeps what somebody says, from the opening of the day until
// thirty days after it closed. Telephone numbers and mail addresses in the
// words are not kept.
func (s *Service) FeedbackGive(ctx context.Context, in FeedbackInput) error {
	in.Words = strings.TrimSpace(in.Words)
	if err := in.check(); err != nil {
		return err
	}
	asked := request{"queue.feedback", in.Key, digest(in.DayID, in.LineID, in.Mark, in.Words)}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := once(tx, asked, func() (bool, error) { return true, giveFeedback(tx, in) })
		return err
	})
}

func giveFeedback(tx *db.Tx, in FeedbackInput) error {
	d, err := getDay(tx, in.DayID)
	if err != nil {
		return err
	}
	now := db.Micros(tx.Now)
	switch {
	case d.State == "cancelled" || d.State == "missed":
		return fault.Closed("queue.feedback_none", "day", "this market day did not take place")
	case now < d.OpensAt:
		return fault.Closed("queue.not_open", "day", "the market day has not opened yet")
	case now >= d.ClosesAt+feedbackFor.Microseconds():
		return fault.Closed("queue.feedback_over", "day", "it is too late for this market day")
	}
	if in.LineID != "" {
		l, err := getLine(tx, in.LineID)
		if err != nil {
			return err
		}
		if l.DayID != in.DayID {
			return errLineUnknown()
		}
	}
	_, err = tx.Exec(`INSERT INTO queue_feedback (id, day_id, line_id, mark, words, at) VALUES ($1,$2,$3,$4,$5,$6)`,
		db.NewID(), in.DayID, in.LineID, in.Mark, tidyWords(in.Words), now)
	return err
}

// FeedbackOf returns what was said about a day of the community.
func (s *Service) FeedbackOf(ctx context.Context, communityID, dayID string) (Feedbacks, error) {
	var out Feedbacks
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = Feedbacks{}
		d, err := getDay(tx, dayID)
		if err == nil && d.CommunityID != communityID {
			err = fault.NotFound("queue.day_unknown", "day", "there is no such market day")
		}
		if err != nil {
			return err
		}
		err = tx.Get(&out, `SELECT COUNT(*) FILTER (WHERE mark = 'good') AS good, COUNT(*) FILTER (WHERE mark = 'fair') AS fair,
			COUNT(*) FILTER (WHERE mark = 'poor') AS poor FROM queue_feedback WHERE day_id = $1`, dayID)
		return errors.Join(err, readWords(tx, dayID, &out))
	})
	return out, err
}

func readWords(tx *db.Tx, dayID string, out *Feedbacks) error {
	var rows []struct {
		LineID  string `db:"line_id"`
		Service string `db:"service"`
		Mark    Mark   `db:"mark"`
		Words   string `db:"words"`
		At      int64  `db:"at"`
	}
	err := tx.Select(&rows, `SELECT f.line_id, COALESCE(l.service, '') AS service, f.mark, f.words, f.at
		FROM queue_feedback f LEFT JOIN queue_lines l ON l.id = f.line_id
		WHERE f.day_id = $1 AND f.words <> '' ORDER BY f.at DESC, f.id LIMIT 500`, dayID)
	for _, r := range rows {
		out.Words = append(out.Words, Feedback{LineID: r.LineID, Service: r.Service, Mark: r.Mark, Words: r.Words, At: db.Time(r.At)})
	}
	return err
}
