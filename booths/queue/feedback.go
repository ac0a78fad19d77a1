package queue

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/text"
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
// It counts when it comes from a served number, each of which may say it once:
// the one of Ticket, a handle, or one on the card Visitor, of the line if it has
// one there. Which one it was is not kept with it. Key makes retries safe.
type FeedbackInput struct {
	DayID   string
	Ticket  string
	Visitor string
	LineID  string // "" is the whole day
	Mark    Mark
	Words   string // optional
	Key     string
}

// Feedback is what was said. LineID is "" where the whole day is meant, Apart
// says that no served number stands behind it.
type Feedback struct {
	LineID  string    `json:"line,omitempty"`
	Service string    `json:"service,omitempty"`
	Mark    Mark      `json:"mark"`
	Words   string    `json:"words,omitempty"`
	Apart   bool      `json:"apart,omitempty"`
	At      time.Time `json:"at"`
}

// Feedbacks are a day's marks, one for a served number at most, and Apart from
// them how many said something without one; with what was written, that last, newest first.
type Feedbacks struct {
	Good  int        `json:"good"`
	Fair  int        `json:"fair"`
	Poor  int        `json:"poor"`
	Apart int        `json:"apart"`
	Words []Feedback `json:"words"`
}

const (
	wordsMost   = 200                 // characters
	feedbackFor = 30 * 24 * time.Hour // after closing
)

// contact finds what looks like a telephone number or a mail address: people
// write them although nobody asks.
var contact = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+|\+?\d(?:[ -]?\d){6,}`)

// tidyWords makes one line of what somebody wrote and takes contacts out of it.
func tidyWords(s string) string {
	return strings.TrimSpace(contact.ReplaceAllString(text.Tidy(s), "…"))
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
	asked := request{"queue.feedback", in.Key, digest(in.DayID, in.Ticket, in.Visitor, in.LineID, in.Mark, in.Words)}
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
	counts, err := speaks(tx, in)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO queue_feedback (id, day_id, line_id, mark, words, apart, at) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		db.NewID(), in.DayID, in.LineID, in.Mark, tidyWords(in.Words), !counts, now)
	return err
}

// speaks finds a served number that has not said yet how it was, and lets it
// say so; false when the sender has none that was served. Whose numbers all
// have spoken is refused.
func speaks(tx *db.Tx, in FeedbackInput) (bool, error) {
	var served []struct {
		LineID string `db:"line_id"`
		Number int    `db:"number"`
	}
	err := tx.Select(&served, `SELECT line_id, number FROM queue_tickets WHERE day_id = $1 AND state = 'served'
		AND (handle = $2 OR $2 = '' AND visitor = $3 AND visitor <> '')
		ORDER BY CASE WHEN line_id = $4 THEN 0 ELSE 1 END, line_id, number`, in.DayID, in.Ticket, in.Visitor, in.LineID)
	if err != nil {
		return false, err
	}
	for _, t := range served {
		n, err := tx.Exec(`INSERT INTO queue_feedback_given (line_id, number) VALUES ($1,$2) ON CONFLICT DO NOTHING`, t.LineID, t.Number)
		if err != nil || n == 1 {
			return n == 1, err
		}
	}
	if len(served) > 0 {
		return false, fault.Conflict("queue.feedback_given", "", "every served number says once how it was")
	}
	return false, nil
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
		err = tx.Get(&out, `SELECT COUNT(*) FILTER (WHERE mark = 'good' AND NOT apart) AS good, COUNT(*) FILTER (WHERE mark = 'fair' AND NOT apart) AS fair,
			COUNT(*) FILTER (WHERE mark = 'poor' AND NOT apart) AS poor, COUNT(*) FILTER (WHERE apart) AS apart FROM queue_feedback WHERE day_id = $1`, dayID)
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
		Apart   bool   `db:"apart"`
		At      int64  `db:"at"`
	}
	err := tx.Select(&rows, `SELECT f.line_id, COALESCE(l.service, '') AS service, f.mark, f.words, f.apart, f.at
		FROM queue_feedback f LEFT JOIN queue_lines l ON l.id = f.line_id
		WHERE f.day_id = $1 AND f.words <> '' ORDER BY f.apart, f.at DESC, f.id LIMIT 500`, dayID)
	for _, r := range rows {
		out.Words = append(out.Words, Feedback{LineID: r.LineID, Service: r.Service, Mark: r.Mark, Words: r.Words, Apart: r.Apart, At: db.Time(r.At)})
	}
	return err
}
