package queue

import (
	"context"
	"errors"
	"time"
)

var errSoon = errors.New("queue: not written yet")

// Issue gives a number.
func (s *Service) Issue(ctx context.Context, r IssueRequest) (Ticket, error) { return Ticket{}, errSoon }

// CheckIn counts a visitor of the day without a number; a new card when visitor is empty.
func (s *Service) CheckIn(ctx context.Context, dayID, visitor string, via Via, key string) (string, error) {
	return "", errSoon
}

// Next calls the next number. A Ticket with Number 0 and fault queue.nobody_waiting when nobody waits.
func (s *Service) Next(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// ServeAndNext completes the ticket named by TicketID (none: nothing) and calls the next; Number 0 when nobody waits.
func (s *Service) ServeAndNext(ctx context.Context, c LineCommand) (Ticket, error) {
	return Ticket{}, errSoon
}

// Recall calls a called number again; after three calls it is 过号.
func (s *Service) Recall(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Accept takes in an item (or begins to serve a person).
func (s *Service) Accept(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Ready says that an item can be picked up.
func (s *Service) Ready(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Serve completes a ticket.
func (s *Service) Serve(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Missed is 过号 by hand.
func (s *Service) Missed(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Undo takes back the last move of the line, or of the ticket named by TicketID.
func (s *Service) Undo(ctx context.Context, c LineCommand) (Ticket, error) { return Ticket{}, errSoon }

// Pause stops numbers and calls; Reason is shown to those who wait.
func (s *Service) Pause(ctx context.Context, c LineCommand) error { return errSoon }

// Resume ends a pause.
func (s *Service) Resume(ctx context.Context, c LineCommand) error { return errSoon }

// AddStock adds pieces (negative: takes them away) and returns how many are left to promise.
func (s *Service) AddStock(ctx context.Context, c LineCommand, pieces int) (left int, err error) {
	return 0, errSoon
}

// Leave gives a number up; handle is the ticket's secret Handle.
func (s *Service) Leave(ctx context.Context, handle string) (Ticket, error) { return Ticket{}, errSoon }

// UndoLeave takes leaving back.
func (s *Service) UndoLeave(ctx context.Context, handle string) (Ticket, error) {
	return Ticket{}, errSoon
}

// Tick ends what time has ended and returns when to come again, zero when nothing is due.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) { return time.Time{}, errSoon }

// Lines returns the lines of a day.
func (s *Service) Lines(ctx context.Context, communityID, dayID string) ([]Line, error) {
	return nil, errSoon
}

// Line returns what the people at the booth see.
func (s *Service) Line(ctx context.Context, communityID, dayID, lineID string) (Console, error) {
	return Console{}, errSoon
}

// LineOwner tells whose line it is.
func (s *Service) LineOwner(ctx context.Context, lineID string) (communityID, dayID, partnerID string, err error) {
	return "", "", "", errSoon
}

// TicketByHandle returns what the holder of a ticket sees.
func (s *Service) TicketByHandle(ctx context.Context, handle string) (TicketView, error) {
	return TicketView{}, errSoon
}

// Card returns everything a visitor holds on a day.
func (s *Service) Card(ctx context.Context, visitor, dayID string) (Card, error) {
	return Card{}, errSoon
}

// DayFigures returns the counts of a day.
func (s *Service) DayFigures(ctx context.Context, communityID, dayID string) (DayCounts, error) {
	return DayCounts{}, errSoon
}
