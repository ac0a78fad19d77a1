package web

import (
	"yiji/booths/queue"
	"yiji/internal/account"
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
	Device string       `json:"device"`
	Slips  []queue.Slip `json:"slips"`
}

func (s *Server) apiSlips(c *call, in slipsRequest) (list[queue.SlipResult], error) {
	all, err := s.Queue.Sync(c.ctx(), queue.SyncRequest{CommunityID: c.In.CommunityID, BlockID: c.Param("block"), Device: in.Device,
		By: c.Actor.PersonID, Slips: in.Slips})
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
