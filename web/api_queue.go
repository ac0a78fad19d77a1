package web

import (
	"context"

	"yiji/booths/queue"
	"yiji/internal/account"
)

// queueAPI is running a line, and what the day's lines came to.
func (s *Server) queueAPI() []endpoint {
	const line = "/communities/:community/lines/:line"
	run := func(verb, summary string, do job) endpoint {
		return endpoint{method: post, path: line + "/" + verb, summary: summary, action: account.LineRun, where: ofLine, do: do}
	}
	press := func(verb, summary string, do job) endpoint { // a second one would count again
		e := run(verb, summary, do)
		e.keyed = true
		return e
	}
	settle := func(verb, summary string, do job) endpoint {
		return endpoint{method: post, path: line + "/" + verb, summary: summary, action: account.LineSettle, where: ofLine, do: do}
	}
	q := s.Queue
	return []endpoint{
		{method: get, path: line, summary: "What the people at a booth see", action: account.LineRun, where: ofLine, do: on(s.apiLine)},
		press("next", "Call the next number", on(oneTicket[lineOrder](q.Next))),
		press("serve-and-next", "Complete a ticket, if one is named, and call the next, which is null when nobody waits", on(oneMove[lineOrder](q.ServeAndNext))),
		run("serve", "Complete a ticket: done, or picked up", on(oneTicket[ticketOrder](q.Serve))),
		run("recall", "Call a number again, at most once a minute", on(oneTicket[ticketOrder](q.Recall))),
		run("missed", "过号 by hand", on(oneTicket[ticketOrder](q.Missed))),
		run("accept", "Take an item in, or say that a called person has come", on(oneTicket[ticketOrder](q.Accept))),
		run("ready", "An item can be picked up", on(oneTicket[ticketOrder](q.Ready))),
		run("undo", "Take back the move a line offers, while it is still the last of the line or of the ticket named", on(s.apiUndoMove)),
		run("pause", "Stop numbers and calls; the reason is shown", on(s.apiPause)),
		run("resume", "End a pause", on(s.apiResume)),
		settle("desk-only", "Give the numbers of a line at the desk only", on(s.apiDeskOnly(true))),
		settle("phone-again", "Give them by phone again", on(s.apiDeskOnly(false))),
		{method: get, path: "/communities/:community/days/:day/hauls", summary: "Numbers of suspected lines that single sources took, and what was made void of them", action: account.LineSettle, where: inCommunity, do: on(s.apiHauls)},
		settle("void", "Make the numbers of a haul void that still wait; its source gets none of the line by phone any more", on(s.apiVoid)),
		settle("unvoid", "Take that back, within ten minutes", on(s.apiUnvoid)),
		press("stock", "Add pieces, or take some away; with the pieces in all that one saw it is refused when somebody changed them meanwhile", on(s.apiStock)),
		{method: get, path: "/communities/:community/days/:day/figures", summary: "The counts of a day", action: account.FiguresRead, where: inCommunity, do: on(s.apiFigures)},
		{method: get, path: "/communities/:community/days/:day/feedback", summary: "What residents said about a day", action: account.FiguresRead, where: inCommunity, do: on(s.apiFeedback)},
	}
}

// lineOrder is what a line is told. Version, when given, is what the line was
// when one looked: the command is refused when another came between.
type lineOrder struct {
	Ticket  string `json:"ticket,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// ticketOrder is what a line is told about one ticket.
type ticketOrder struct {
	Ticket  string `json:"ticket"`
	Reason  string `json:"reason,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// undoOrder names the move as the line offers it in "undo".
type undoOrder struct {
	Move    int64  `json:"move"`
	Ticket  string `json:"ticket,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Version int64  `json:"version,omitempty"`
}

type stockOrder struct {
	Pieces  int    `json:"pieces"`        // negative takes away
	All     int    `json:"all,omitempty"` // the pieces in all, as one saw them
	Reason  string `json:"reason,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// ordered is any request to a line.
type ordered interface{ lineOrder | ticketOrder }

// oneTicket makes a handler of a command that answers the ticket it moved.
func oneTicket[In ordered](do func(context.Context, queue.LineCommand) (queue.Ticket, error)) func(*call, In) (queue.Ticket, error) {
	return oneMove[In](do)
}

// oneMove makes a handler of a command with an answer of its own.
func oneMove[In ordered, Out any](do func(context.Context, queue.LineCommand) (Out, error)) func(*call, In) (Out, error) {
	return func(c *call, in In) (Out, error) {
		cmd, err := c.order(lineOrder(in))
		if err != nil {
			var nothing Out
			return nothing, err
		}
		return do(c.ctx(), cmd)
	}
}

// order is a request as the queue takes it.
func (c *call) order(in lineOrder) (queue.LineCommand, error) {
	_, dayID, _, err := c.server.Queue.LineOwner(c.ctx(), c.Param("line"))
	return queue.LineCommand{CommunityID: c.In.CommunityID, DayID: dayID, LineID: c.Param("line"), TicketID: in.Ticket,
		By: c.Actor.PersonID, Reason: in.Reason, Key: c.given(), Version: in.Version}, err
}

// apiLine also shows a line after a command that answers no ticket.
func (s *Server) apiLine(c *call, _ none) (queue.Console, error) {
	cmd, err := c.order(lineOrder{})
	if err != nil {
		return queue.Console{}, err
	}
	return s.Queue.Line(c.ctx(), cmd.CommunityID, cmd.DayID, cmd.LineID)
}

func (s *Server) lineAfter(c *call, in lineOrder, do func(context.Context, queue.LineCommand) error) (queue.Console, error) {
	cmd, err := c.order(in)
	if err == nil {
		err = do(c.ctx(), cmd)
	}
	if err != nil {
		return queue.Console{}, err
	}
	return s.apiLine(c, none{})
}

func (s *Server) apiPause(c *call, in lineOrder) (queue.Console, error) {
	return s.lineAfter(c, in, s.Queue.Pause)
}

func (s *Server) apiResume(c *call, in lineOrder) (queue.Console, error) {
	return s.lineAfter(c, in, s.Queue.Resume)
}

func (s *Server) apiUndoMove(c *call, in undoOrder) (queue.Ticket, error) {
	cmd, err := c.order(lineOrder{Ticket: in.Ticket, Reason: in.Reason, Version: in.Version})
	if err != nil {
		return queue.Ticket{}, err
	}
	cmd.Move = in.Move
	return s.Queue.Undo(c.ctx(), cmd)
}

func (s *Server) apiDeskOnly(only bool) func(*call, lineOrder) (queue.Console, error) {
	return func(c *call, in lineOrder) (queue.Console, error) {
		return s.lineAfter(c, in, func(ctx context.Context, cmd queue.LineCommand) error { return s.Queue.DeskOnly(ctx, cmd, only) })
	}
}

func (s *Server) apiStock(c *call, in stockOrder) (queue.Console, error) {
	return s.lineAfter(c, lineOrder{Reason: in.Reason, Version: in.Version}, func(ctx context.Context, cmd queue.LineCommand) error {
		if in.All > 0 {
			cmd.Saw = &in.All
		}
		_, err := s.Queue.AddStock(ctx, cmd, in.Pieces)
		return err
	})
}

type voidOrder struct {
	First  int    `json:"first"` // the lowest number of the haul
	Reason string `json:"reason,omitempty"`
}

func (s *Server) apiVoid(c *call, in voidOrder) (queue.Haul, error) {
	cmd, err := c.order(lineOrder{Reason: in.Reason})
	if err != nil {
		return queue.Haul{}, err
	}
	return s.Queue.Void(c.ctx(), cmd, in.First)
}

type unvoidOrder struct {
	Void string `json:"void"`
}

// unvoided says how many numbers wait again.
type unvoided struct {
	Numbers int `json:"numbers"`
}

func (s *Server) apiUnvoid(c *call, in unvoidOrder) (unvoided, error) {
	cmd, err := c.order(lineOrder{})
	if err != nil {
		return unvoided{}, err
	}
	n, err := s.Queue.Unvoid(c.ctx(), cmd, in.Void)
	return unvoided{n}, err
}

func (s *Server) apiHauls(c *call, _ none) ([]queue.Haul, error) {
	return s.Queue.Hauls(c.ctx(), c.In.CommunityID, c.Param("day"))
}

func (s *Server) apiFigures(c *call, _ none) (queue.DayCounts, error) {
	return s.Queue.DayFigures(c.ctx(), c.In.CommunityID, c.Param("day"))
}

func (s *Server) apiFeedback(c *call, _ none) (queue.Feedbacks, error) {
	return s.Queue.FeedbackOf(c.ctx(), c.In.CommunityID, c.Param("day"))
}
