package queue

import (
	"context"

	"yiji/internal/db"
)

// DeskOnly lets numbers of a line be given at the desk and the kiosk only, or
// (false) by phone again. Numbers that were given stay; saying it twice is once.
func (s *Service) DeskOnly(ctx context.Context, c LineCommand, only bool) error {
	v, told := verb("phone_again"), "phone_again"
	if only {
		v, told = "desk_only", "desk_only"
	}
	_, err := s.command(ctx, c, v, func(w *work) (Ticket, error) {
		if w.line.Phase != phasePlanned {
			if err := w.serving(); err != nil {
				return Ticket{}, err
			}
		}
		if w.line.DeskOnly == only {
			return Ticket{}, nil
		}
		w.line.DeskOnly = only
		return Ticket{}, w.changed(told, w.line.Phase, c.Reason)
	})
	return err
}

// Suspect notes that so many numbers of a line were taken from one place that
// its organizer should look. It changes nothing for anybody.
func (s *Service) Suspect(ctx context.Context, dayID, lineID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE queue_lines SET suspect_at = $3 WHERE id = $1 AND day_id = $2`, lineID, dayID, db.Micros(tx.Now))
		return err
	})
}
