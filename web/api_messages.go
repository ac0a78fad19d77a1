package web

import (
	"slices"
	"time"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/notify"
)

// messageAPI is who is told, and events that could not be applied.
func (s *Server) messageAPI() []endpoint {
	const community = "/communities/:community"
	return []endpoint{
		{method: get, path: community + "/days/:day/deliveries", summary: "The messages of a day: whom by role and id, never an address", action: account.DeliveryRead, where: inCommunity, do: on(s.apiDeliveries)},
		{method: post, path: community + "/deliveries/:delivery/resend", summary: "Send a finished message again", action: account.DeliveryResend, where: inCommunity, do: on(s.apiResend)},
		{method: post, path: community + "/subscriptions", summary: "Ask to be told about a market or one of its days: a message to the address asks for confirmation; the answer never says who is subscribed", action: account.TellMe, where: inCommunity, do: on(s.apiSubscribe), status: 202},
		{method: post, path: "/confirmations", summary: "Confirm what was asked for, with the token of the message", action: account.TellMe, where: nowhere, do: on(s.apiConfirmAsked)},
		{method: get, path: community + "/parked", summary: "Events of the community that a part of the house could not apply", action: account.ParkedRead, where: inCommunity, do: on(s.apiParked)},
		{method: post, path: community + "/parked/replay", summary: "Try the parked events of the community again", action: account.ParkedReplay, where: inCommunity, do: on(s.apiReplay)},
	}
}

type deliveriesQuery struct {
	State  string `json:"state,omitempty" enum:"queued,sending,retry,delivered,given_up,skipped,merged"`
	Kind   string `json:"kind,omitempty"`
	Limit  int    `json:"limit,omitempty"`  // 1 to 1000, 100 without
	Before string `json:"before,omitempty"` // id of the last delivery of the page before
}

func (s *Server) apiDeliveries(c *call, q deliveriesQuery) (list[notify.Delivery], error) {
	switch {
	case q.Limit < 0 || q.Limit > 1000:
		return list[notify.Delivery]{}, fault.Invalid("request.limit", "limit", "must be 1 to 1000")
	case q.State != "" && !slices.Contains(notify.States, notify.State(q.State)):
		return list[notify.Delivery]{}, fault.Invalid("request.state", "state", "%q is not a state of a message", q.State)
	}
	if _, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, c.Param("day")); err != nil {
		return list[notify.Delivery]{}, err
	}
	all, err := s.Notify.Deliveries(c.ctx(), c.In.CommunityID, notify.Filter{DayID: c.Param("day"), State: notify.State(q.State),
		Kind: notify.Kind(q.Kind), Limit: q.Limit, Before: q.Before})
	return list[notify.Delivery]{all}, err
}

func (s *Server) apiResend(c *call, _ none) (none, error) {
	return none{}, s.Notify.Resend(c.ctx(), c.In.CommunityID, c.Param("delivery"))
}

type subscriptionRequest struct {
	Market   string `json:"market,omitempty"` // slug or id: every day of it
	Day      string `json:"day,omitempty"`    // this day only
	Email    string `json:"email"`
	Lang     string `json:"lang,omitempty" enum:"zh-Hans,zh-Hant,en"`
	Reminder bool   `json:"reminder,omitempty"` // the evening before
	Closing  bool   `json:"closing,omitempty"`  // thanks and the next date
}

func (s *Server) apiSubscribe(c *call, in subscriptionRequest) (none, error) {
	w := notify.SubscriptionInput{DayID: in.Day, Email: in.Email, Lang: in.Lang, Reminder: in.Reminder, Closing: in.Closing, Key: c.given()}
	if w.Lang == "" {
		w.Lang = c.Lang
	}
	switch {
	case in.Market != "":
		m, err := c.marketNamed(in.Market)
		if err != nil {
			return none{}, err
		}
		w.MarketID = m.ID
	case in.Day != "":
		d, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, in.Day)
		if err != nil {
			return none{}, err
		}
		w.MarketID = d.MarketID
	default:
		return none{}, fault.Invalid("request.missing", "market", "is missing: name a market or a day")
	}
	if err := s.door.letter(c.address()); err != nil {
		return none{}, err
	}
	return none{}, s.Notify.SubscriptionAdd(c.ctx(), c.In.CommunityID, w)
}

type confirmRequest struct {
	Token string `json:"token"` // from the link of the message
}

func (s *Server) apiConfirmAsked(c *call, in confirmRequest) (none, error) {
	return none{}, s.Notify.SubscriptionConfirm(c.ctx(), in.Token)
}

// parkedAnswer is an event that a consumer could not apply, or that came after one.
type parkedAnswer struct {
	Consumer string    `json:"consumer"`
	Key      string    `json:"key"` // the market day
	Event    string    `json:"event"`
	Name     string    `json:"name"`
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"`
	ParkedAt time.Time `json:"parked_at"`
}

const parkedMax = 1000

func (s *Server) apiParked(c *call, _ none) (list[parkedAnswer], error) {
	var out list[parkedAnswer]
	if s.parked == nil {
		return out, nil
	}
	all, err := s.parked(c.ctx(), parkedMax)
	if err != nil {
		return out, err
	}
	ours := map[string]bool{}
	for _, p := range all {
		if _, asked := ours[p.Key]; !asked {
			ours[p.Key] = c.hasDay(p.Key)
		}
		if ours[p.Key] {
			out.Items = append(out.Items, parkedOf(p))
		}
	}
	return out, nil
}

func (c *call) hasDay(id string) bool {
	_, err := c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, id)
	return err == nil
}

func parkedOf(p outbox.Parked) parkedAnswer {
	return parkedAnswer{Consumer: p.Consumer, Key: p.Key, Event: p.EventID, Name: p.Name, Error: p.Error, Attempts: p.Attempts, ParkedAt: db.Time(p.ParkedAt)}
}

// replayRequest says what to try again: everything of the community, unless a
// consumer or a market day is named.
type replayRequest struct {
	Consumer string `json:"consumer,omitempty"`
	Key      string `json:"key,omitempty"` // the market day
}

// replayAnswer says how many events went through, how many wait still, and why
// the first of them does.
type replayAnswer struct {
	Applied int    `json:"applied"`
	Left    int    `json:"left"`
	Error   string `json:"error,omitempty"`
}

func (s *Server) apiReplay(c *call, in replayRequest) (replayAnswer, error) {
	if in.Key != "" && !c.hasDay(in.Key) {
		return replayAnswer{}, fault.NotFound("parked.unknown", "key", "nothing of this market day is parked here")
	}
	return c.replay(func(g parkedGroup) bool {
		return (in.Consumer == "" || in.Consumer == g.Consumer) && (in.Key == "" || in.Key == g.Day.ID)
	})
}
