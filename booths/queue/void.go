package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// Many numbers of one line, taken from one source Within a time, are shown to
// the organizer. Where a number was taken is known by a keyed hash that is made
// for one line of one day and erased when the lines of the day have closed.
const (
	Many   = 30
	Within = time.Minute
)

// Haul is a run of numbers of one line that one source took at such a pace, or
// (VoidID) what was made void of one.
type Haul struct {
	LineID    string    `json:"line"`
	First     int       `json:"first"` // the lowest number, which names the haul
	Last      int       `json:"last"`
	Numbers   int       `json:"numbers"`
	Waiting   int       `json:"waiting"` // of them wait or are called
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	VoidID    string    `json:"void,omitempty"`
	UndoUntil time.Time `json:"undo_until,omitzero"` // making void can be taken back until then
}

// taken is a number with where it was taken.
type taken struct {
	LineID string `db:"line_id"`
	Number int    `db:"number"`
	Source string `db:"source"`
	State  State  `db:"state"`
	At     int64  `db:"issued_at"`
	VoidID string `db:"void_id"`
	Voided int64  `db:"voided_at"`
}

// haulsOf finds the runs of numbers of which each belongs to Many from one
// source Within the time. Numbers come by line, source, time.
func haulsOf(all []taken) (runs [][]taken) {
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].LineID == all[from].LineID && all[to].Source == all[from].Source {
			to++
		}
		runs = append(runs, runsOf(all[from:to])...)
		from = to
	}
	return runs
}

// runsOf finds the runs of one source.
func runsOf(one []taken) (runs [][]taken) {
	begin, end := 0, 0 // the run that is growing
	for i := 0; i+Many <= len(one); i++ {
		if one[i+Many-1].At-one[i].At > Within.Microseconds() {
			continue
		}
		if i >= end && end > begin {
			runs, begin = append(runs, one[begin:end]), i
		} else if end == begin {
			begin = i
		}
		end = i + Many
	}
	if end > begin {
		runs = append(runs, one[begin:end])
	}
	return runs
}

func haulOf(run []taken) Haul {
	h := Haul{LineID: run[0].LineID, First: run[0].Number, Last: run[0].Number, Numbers: len(run), From: db.Time(run[0].At), To: db.Time(run[0].At), VoidID: run[0].VoidID}
	if h.VoidID != "" {
		h.UndoUntil = db.Time(run[0].Voided).Add(undoFor)
	}
	for _, t := range run {
		h.First, h.Last = min(h.First, t.Number), max(h.Last, t.Number)
		if at := db.Time(t.At); at.After(h.To) {
			h.To = at
		}
		if contains(allowed[doVoid], t.State) {
			h.Waiting++
		}
	}
	return h
}

const takenFrom = `SELECT t.line_id, t.number, t.source, t.state, t.issued_at, t.void_id, COALESCE(v.at, 0) AS voided_at
	FROM queue_tickets t LEFT JOIN queue_voids v ON v.id = t.void_id `

// Hauls lists what single sources took of the lines of a day that were
// suspected, and what was made void of it, by line and time. After the day
// nothing of it is known.
func (s *Service) Hauls(ctx context.Context, communityID, dayID string) ([]Haul, error) {
	var out []Haul
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := dayOf(tx, communityID, dayID); err != nil {
			return err
		}
		var open, void []taken
		const suspected = `WHERE t.line_id IN (SELECT id FROM queue_lines WHERE day_id = $1 AND suspect_at > 0) AND t.source <> '' `
		if err := tx.Select(&open, takenFrom+suspected+`AND t.void_id = '' ORDER BY t.line_id, t.source, t.issued_at, t.number`, dayID); err != nil {
			return err
		}
		if err := tx.Select(&void, takenFrom+suspected+`AND v.undone_at = 0 ORDER BY t.line_id, t.void_id, t.number`, dayID); err != nil {
			return err
		}
		out = nil
		for _, run := range haulsOf(open) {
			out = append(out, haulOf(run))
		}
		for from := 0; from < len(void); {
			to := from
			for to < len(void) && void[to].VoidID == void[from].VoidID {
				to++
			}
			out, from = append(out, haulOf(void[from:to])), to
		}
		return nil
	})
	return out, err
}

// WhyMachine is the reason of a void where nobody wrote one.
const WhyMachine = "machine"

// Void takes back the numbers of a haul that wait or are called, with a reason,
// and lets its source take no more of the line by phone. The haul is named by
// its first number.
func (s *Service) Void(ctx context.Context, c LineCommand, first int) (Haul, error) {
	if c.Reason = tidyWords(c.Reason); c.Reason == "" {
		c.Reason = WhyMachine
	}
	return run(ctx, s, c, verb(fmt.Sprint("void ", first)), func(w *work) (Haul, error) {
		if err := w.serving(); err != nil {
			return Haul{}, err
		}
		var all []taken
		err := w.tx.Select(&all, takenFrom+`WHERE t.line_id = $1 AND t.source <> '' AND t.void_id = '' ORDER BY t.source, t.issued_at, t.number`, w.line.ID)
		if err != nil {
			return Haul{}, err
		}
		for _, run := range haulsOf(all) {
			if h := haulOf(run); h.First == first && h.Waiting > 0 {
				return w.void(c, run)
			}
		}
		return Haul{}, fault.Conflict("queue.haul_over", "first", "no numbers taken together from one source begin with %d and still wait", first)
	})
}

func (w *work) void(c LineCommand, all []taken) (Haul, error) {
	id := db.NewID()
	_, err := w.tx.Exec(`INSERT INTO queue_voids (id, line_id, source, reason, by_whom, at, undone_at) VALUES ($1,$2,$3,$4,$5,$6,0)`,
		id, w.line.ID, all[0].Source, c.Reason, c.By, db.Micros(w.tx.Now))
	if err != nil {
		return Haul{}, err
	}
	var void []taken
	for _, k := range all {
		if !contains(allowed[doVoid], k.State) {
			continue
		}
		t, err := getTicket(w.tx, w.line.ID, k.Number)
		if err != nil {
			return Haul{}, err
		}
		after, err := step(t, w.line.Kind, doVoid, w.tx.Now)
		if err != nil {
			return Haul{}, err
		}
		if err := w.move(t, after, note{verb: doVoid, why: c.Reason, final: true}); err != nil {
			return Haul{}, err
		}
		if err := markVoid(w.tx, t, id); err != nil {
			return Haul{}, err
		}
		if err := discount(w.tx, w.line.event(), t.Visitor); err != nil {
			return Haul{}, err
		}
		k.VoidID, k.Voided, k.State = id, db.Micros(w.tx.Now), after.State
		void = append(void, k)
	}
	return haulOf(void), nil
}

// Unvoid takes a void back within ten minutes: its numbers wait in their places
// again, but those whose holder has another number by now or whose piece is
// gone. It answers how many came back; doing it twice is doing it once.
func (s *Service) Unvoid(ctx context.Context, c LineCommand, id string) (back int, err error) {
	return run(ctx, s, c, verb("unvoid "+id), func(w *work) (int, error) {
		var v struct {
			At     int64 `db:"at"`
			Undone int64 `db:"undone_at"`
		}
		err := w.tx.Get(&v, `SELECT at, undone_at FROM queue_voids WHERE id = $1 AND line_id = $2`, id, w.line.ID)
		switch {
		case noRows(err):
			return 0, fault.NotFound("queue.void_unknown", "void", "nothing of this line was made void under this name")
		case err != nil || v.Undone > 0:
			return 0, err
		case w.tx.Now.Sub(db.Time(v.At)) >= undoFor:
			return 0, fault.Closed("queue.void_final", "void", "it can be taken back for ten minutes")
		case db.Micros(w.tx.Now) >= w.line.ClosesAt:
			return 0, fault.Closed("queue.day_closed", "line", "the market day has closed")
		}
		if _, err := w.tx.Exec(`UPDATE queue_voids SET undone_at = $2 WHERE id = $1`, id, db.Micros(w.tx.Now)); err != nil {
			return 0, err
		}
		return w.unvoid(id)
	})
}

func (w *work) unvoid(id string) (back int, err error) {
	if err := w.serving(); err != nil {
		return 0, err
	}
	void, err := manyTickets(w.tx, `WHERE line_id = $1 AND void_id = $2 ORDER BY pos, number`, w.line.ID, id)
	if err != nil {
		return 0, err
	}
	for _, t := range void {
		var m moveRow
		err := w.tx.Get(&m, `SELECT `+moveColumns+` FROM queue_moves WHERE line_id = $1 AND number = $2 AND verb = 'void' ORDER BY seq DESC LIMIT 1`, w.line.ID, t.Number)
		if err != nil {
			return back, err
		}
		var was snapshot
		if err := json.Unmarshal([]byte(m.Before), &was); err != nil {
			return back, fmt.Errorf("move %d of line %s: %w", m.Seq, m.LineID, err)
		}
		if fault.Is(w.cardFree(t, was.State), "queue.card_waits_again") || w.line.soldOut() {
			continue
		}
		if err := w.move(t, t.restore(was), note{verb: doUndo, why: WhyUndo, final: true, undoes: m.Seq}); err != nil {
			return back, err
		}
		if err := markUndone(w.tx, w.line.ID, m.Seq, w.line.MoveSeq); err != nil {
			return back, err
		}
		if err := markVoid(w.tx, t, ""); err != nil {
			return back, err
		}
		if err := count(w.tx, w.line.event(), visit{visitor: t.Visitor, via: t.Via, at: t.IssuedAt}); err != nil {
			return back, err
		}
		back++
	}
	return back, nil
}

func markVoid(tx *db.Tx, t Ticket, id string) error {
	_, err := tx.Exec(`UPDATE queue_tickets SET void_id = $3 WHERE line_id = $1 AND number = $2`, t.LineID, t.Number, id)
	return err
}

// discount takes back that a card was seen on a day, when all its numbers are void.
func discount(tx *db.Tx, d event.Day, visitor string) error {
	var at int64
	err := tx.Get(&at, `DELETE FROM queue_visits WHERE day_id = $1 AND visitor = $2
		AND NOT EXISTS (SELECT 1 FROM queue_tickets WHERE visitor = $2 AND day_id = $1 AND void_id = '') RETURNING at`, d.DayID, visitor)
	if noRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return outbox.Emit(tx, event.VisitorDiscounted{Day: d, At: db.Time(at)})
}

// voided reports whether the source of a request took numbers that were made void.
func voided(tx *db.Tx, r IssueRequest) (bool, error) {
	var n int
	err := tx.Get(&n, `SELECT COUNT(*) FROM queue_voids WHERE line_id = $1 AND source = $2 AND source <> '' AND undone_at = 0`, r.LineID, r.Source)
	return n > 0, err
}

// forgetSources erases where the numbers of a day were taken.
func forgetSources(tx *db.Tx, dayID string) error {
	for _, table := range []string{"queue_tickets", "queue_voids"} {
		if _, err := tx.Exec(`UPDATE `+table+` SET source = '' WHERE source <> '' AND line_id IN (`+ofDay+`)`, dayID); err != nil {
			return err
		}
	}
	return nil
}
