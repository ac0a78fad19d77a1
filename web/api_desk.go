package web

import (
	"strconv"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/fault"
)

// deskAPI is what a desk does that goes on without a network: numbers lent
// before it fails, and what became of them afterwards.
func (s *Server) deskAPI() []endpoint {
	const block = "/communities/:community/blocks/:block"
	return []endpoint{
		{method: post, path: "/communities/:community/lines/:line/blocks", summary: "Lend numbers to a device, to be given away while the network is down",
			action: account.TicketIssue, where: ofLine, do: on(s.apiLease), status: 201, keyed: true},
		{method: post, path: "/communities/:community/lines/:line/takeback", summary: "Take back the number of a desk's tap whose answer was lost; 0 when none was given",
			action: account.TicketIssue, where: ofLine, do: on(s.apiTakeBack)},
		{method: post, path: block + "/slips", summary: "Bring home numbers that a device gave away, with their times; bringing one twice is bringing it once",
			action: account.TicketIssue, where: inCommunity, do: on(s.apiSlips)},
		{method: post, path: block + "/end", summary: "Give a block back; its unused numbers go to nobody else, its pieces are free again, and slips given before can still be brought",
			action: account.TicketIssue, where: inCommunity, do: on(s.apiBlockEnd)},
	}
}

type leaseRequest struct {
	Device string `json:"device"` // a random handle the device made of itself
	Size   int    `json:"size"`
}

func (s *Server) apiLease(c *call, in leaseRequest) (queue.Block, error) {
	return s.Queue.Lease(c.ctx(), queue.BlockRequest{CommunityID: c.In.CommunityID, LineID: c.Param("line"), Device: in.Device,
		By: c.Actor.PersonID, Size: in.Size, Key: c.given()})
}

type slipsRequest struct {
	Device string      `json:"device"`
	Slips  []slipGiven `json:"slips"`
}

// slipGiven is a queue.Slip whose time is judged here, where its place is known.
type slipGiven struct {
	Number   int    `json:"number"`
	At       string `json:"at" format:"date-time"`
	Priority bool   `json:"priority,omitempty"`
	Proxy    bool   `json:"proxy,omitempty"`
	Handle   string `json:"handle,omitempty"`
}

func slipsOf(given []slipGiven) ([]queue.Slip, error) {
	var wrong fault.List
	out := make([]queue.Slip, len(given))
	for i, g := range given {
		at, err := time.Parse(time.RFC3339, g.At)
		if err != nil {
			wrong.Add(fault.Invalid("request.instant", "slips["+strconv.Itoa(i)+"].at", "%q is not an instant like 2026-11-19T09:05:00+08:00", g.At))
		}
		out[i] = queue.Slip{Number: g.Number, At: at, Priority: g.Priority, Proxy: g.Proxy, Handle: g.Handle}
	}
	return out, wrong.Err()
}

func (s *Server) apiSlips(c *call, in slipsRequest) (list[queue.SlipResult], error) {
	slips, err := slipsOf(in.Slips)
	if err != nil {
		return list[queue.SlipResult]{}, err
	}
	all, err := s.Queue.Sync(c.ctx(), queue.SyncRequest{CommunityID: c.In.CommunityID, BlockID: c.Param("block"), Device: in.Device,
		By: c.Actor.PersonID, Slips: slips})
	return list[queue.SlipResult]{all}, err
}

type blockEnd struct {
	Device string `json:"device"`
}

func (s *Server) apiBlockEnd(c *call, in blockEnd) (none, error) {
	return none{}, s.Queue.End(c.ctx(), c.In.CommunityID, c.Param("block"), in.Device, c.Actor.PersonID)
}

type takeBackRequest struct {
	Key string `json:"key"` // of the tap
}

type takenBack struct {
	Number int `json:"number"`
}

func (s *Server) apiTakeBack(c *call, in takeBackRequest) (takenBack, error) {
	n, err := s.Queue.TakeBack(c.ctx(), c.In.CommunityID, c.Param("line"), in.Key)
	return takenBack{n}, err
}
