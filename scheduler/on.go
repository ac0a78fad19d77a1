package scheduler

import (
	"yiji/internal/db"
	"yiji/internal/event"
)

// LinesClosed: every ticket has an end, the day is settled.
func (s *Service) LinesClosed(tx *db.Tx, e event.LinesClosed) error { return errTodo }

// ClaimMade counts a claim, so that an edit knows whom it affects.
func (s *Service) ClaimMade(tx *db.Tx, e event.ClaimMade) error { return errTodo }

// ClaimWithdrawn counts a claim less.
func (s *Service) ClaimWithdrawn(tx *db.Tx, e event.ClaimWithdrawn) error { return errTodo }

// TicketIssued counts a number.
func (s *Service) TicketIssued(tx *db.Tx, e event.TicketIssued) error { return errTodo }
