package scheduler

import "context"

// DayRef names a day inside its community.
type DayRef struct{ CommunityID, DayID string }

// MoveOrder says when a day takes place instead; nil times stay the market's.
type MoveOrder struct {
	To            Date
	Opens, Closes *TimeOfDay
	Why           string
}

// Confirm ends claiming now instead of at ConfirmAt.
func (s *Service) Confirm(ctx context.Context, ref DayRef) (Day, error) { return Day{}, errTodo }

// Open opens the day now, at most OpenEarlyMinutes before its time.
func (s *Service) Open(ctx context.Context, ref DayRef) (Day, error) { return Day{}, errTodo }

// Close closes the day now.
func (s *Service) Close(ctx context.Context, ref DayRef, why string) (Day, error) {
	return Day{}, errTodo
}

// Cancel calls the day off; with a replacement an extra day is planned on that date.
func (s *Service) Cancel(ctx context.Context, ref DayRef, why string, replacement Date) (Day, error) {
	return Day{}, errTodo
}

// Move holds the day at another date or time; its identity stays. Moving back is the undo.
func (s *Service) Move(ctx context.Context, ref DayRef, o MoveOrder) (Day, error) {
	return Day{}, errTodo
}

// AddException records a skip, a move or an extra day and applies it to the planned days.
func (s *Service) AddException(ctx context.Context, communityID, marketID string, e Exception) (Market, error) {
	return Market{}, errTodo
}

// RemoveException takes the exception of that date back, where nothing has come of it.
func (s *Service) RemoveException(ctx context.Context, communityID, marketID string, date Date) (Market, error) {
	return Market{}, errTodo
}
