package live

import (
	"encoding/json"
	"time"

	"yiji/booths/queue"
)

// Line is the frame of a line: everything a page shows of it, numbers only. At
// is the number of the newest event in it. Order holds those who wait, in
// order, as runs; Calls the last five calls, newest first, each with its count,
// so that a screen that speaks can tell a new call from one it has spoken.
type Line struct {
	Line      string          `json:"line"`
	At        int64           `json:"at"`
	Booth     string          `json:"booth"`
	Service   string          `json:"service"`
	Kind      queue.Kind      `json:"kind"`
	State     queue.LineState `json:"state"`
	WhyCode   string          `json:"why_code,omitempty"` // a reason of ours, text queue.why.<code>
	Why       string          `json:"why,omitempty"`      // or the words of the people at the booth
	Waiting   int             `json:"waiting"`
	Order     [][2]int        `json:"order"`
	Wait      queue.Band      `json:"wait"`
	Near      int             `json:"near"`
	Called    []int           `json:"called"`
	Serving   []int           `json:"serving"`
	Calls     []queue.Call    `json:"calls"`
	Ready     []int           `json:"ready"`
	StockLeft *int            `json:"stock_left,omitempty"` // of a stock line
	Issued    int             `json:"issued"`
	DeskOnly  bool            `json:"desk_only,omitempty"` // numbers are given at the desk only
}

// Day is the frame of the day itself. Time decides: a page that has ClosesAt
// knows that no number is given after it, whatever State still says.
type Day struct {
	At       int64     `json:"at"`
	State    string    `json:"state"`
	OpensAt  time.Time `json:"opens_at"`
	ClosesAt time.Time `json:"closes_at"`
	Arrivals int       `json:"arrivals"`
}

func lineFrame(n queue.Now) Line {
	l := Line{
		Line: n.ID, Booth: n.BoothCode, Service: n.Service, Kind: n.Kind, State: n.State, Why: n.Why, Waiting: n.Waiting, Order: some(n.Order),
		Wait: n.Wait, Near: n.Near, Called: some(n.Called), Serving: some(n.Serving), Calls: some(n.Calls), Ready: some(n.Ready), Issued: n.Issued, DeskOnly: n.DeskOnly,
	}
	if l.Why == queue.WhyReleased {
		l.WhyCode, l.Why = l.Why, ""
	}
	if n.Kind == queue.Stock {
		l.StockLeft = &n.StockLeft
	}
	return l
}

// removedFrame says that a line is gone.
func removedFrame(id string) Line {
	return lineFrame(queue.Now{Line: queue.Line{ID: id, State: queue.LineRemoved}})
}

// some makes an empty list of none, so that pages need not ask.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// frame is the newest state of a line, or of the day, encoded once.
type frame struct {
	key  string // the line's id, "" for the day
	at   int64
	gone bool
	bare string // its JSON with at 0, to see whether it changed
	json []byte
}

// encode makes the frame of a state; nil when it is what was known.
func (l Line) encode(at int64, was *frame) (*frame, error) {
	l.At = 0
	return encoded(frame{key: l.Line, gone: l.State == queue.LineRemoved}, was, func(n int64) any { l.At = n; return l }, at)
}

func (d Day) encode(at int64, was *frame) (*frame, error) {
	return encoded(frame{}, was, func(n int64) any { d.At = n; return d }, at)
}

func encoded(f frame, was *frame, state func(at int64) any, at int64) (*frame, error) {
	bare, err := json.Marshal(state(0))
	if err != nil || was != nil && was.bare == string(bare) {
		return nil, err
	}
	f.at, f.bare = at, string(bare)
	f.json, err = json.Marshal(state(at))
	return &f, err
}

// write adds the frame to a stream.
func (f *frame) write(b []byte) []byte {
	name := "line"
	if f.key == "" {
		name = "day"
	}
	b = append(b, "event: "+name+"\ndata: "...)
	return append(append(b, f.json...), "\n\n"...)
}
