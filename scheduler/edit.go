package scheduler

import "context"

// Action is what happens to a day that an edit touches.
type Action string

// The actions offered day by day.
const (
	KeepDay   Action = "keep"   // stays as it is
	MoveDay   Action = "move"   // to where the new rule puts it, or to Choice.To
	CancelDay Action = "cancel" // is called off
)

// Choice is the organizer's decision about one day.
type Choice struct {
	Action Action
	To     Date // for MoveDay when the new rule offers no date
	Why    string
}

// Affected is a planned day an edit touches.
type Affected struct {
	Day      Day
	Offer    Date // where the new rule would hold it; zero if it does not know the date
	Opens    TimeOfDay
	Closes   TimeOfDay
	NeedsSay bool // has claims or tickets: without a Choice nothing is saved
}

// Edit is what an edit would do.
type Edit struct {
	Affected []Affected
	Next     []Occurrence // the next 12 dates after the edit
}

// PreviewEdit shows what saving the market would do to its planned days.
func (s *Service) PreviewEdit(ctx context.Context, m Market) (Edit, error) { return Edit{}, errTodo }

// ApplyEdit saves the market with a choice per day id; days without claims or
// tickets follow the new rule unless a choice says otherwise.
func (s *Service) ApplyEdit(ctx context.Context, m Market, choices map[string]Choice) (Market, error) {
	return m, errTodo
}
