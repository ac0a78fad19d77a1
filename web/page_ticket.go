package web

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"rsc.io/qr"

	"yiji/booths/queue"
	"yiji/internal/fault"
)

const ticketRefresh = 20 // seconds between two looks at a number that waits

// ticketModules follow numbers, speak, and keep their pages for a lost network.
var ticketModules = []string{"share.js", "ticket.js"}

// ticketPage shows one number to its holder; the address is the key.
func (s *Server) ticketPage(c *call) error {
	v, err := c.ticketView()
	if err != nil {
		return err
	}
	return c.show(ticketPage(v))
}

func (c *call) ticketView() (ticketView, error) {
	c.Response().Header().Set("Cache-Control", "no-store")
	t, err := c.server.Queue.TicketByHandle(c.ctx(), c.Param("ticket"))
	if err != nil {
		return ticketView{}, err
	}
	d, err := c.marketDay(t.Ticket.DayID)
	if err != nil {
		return ticketView{}, err
	}
	v := ticketView{page: c.page("public.ticket", "n", strconv.Itoa(t.Ticket.Number)), when: c.when(d.TimeZone), TicketView: t, Day: d,
		Still: c.QueryParam("still") != "", form: c.form(), Own: c.card(false) == t.Ticket.Visitor}
	v.Modules = ticketModules
	if s := t.Ticket.State; s == queue.Expired && t.Next == "" || s == queue.Missed {
		if v.NextDay, err = c.nextAfter(d); err != nil {
			return v, err
		}
	}
	if !v.Still && !t.Ticket.State.Ended() {
		v.Refresh = ticketRefresh
	}
	return v, nil
}

// ticketAct does something with the number of the address and shows its page
// again, with the reason when it was refused.
func (c *call) ticketAct(do func(handle string) error, done string) error {
	f, handle := c.form(), c.Param("ticket")
	err := do(handle)
	if err == nil {
		return c.done("/t/"+handle, done)
	}
	v, gone := c.ticketView()
	if gone != nil {
		return err
	}
	v.Refresh = 0
	return c.again(f, err, func(f form) templ.Component {
		v.form = f
		return ticketPage(v)
	})
}

func (s *Server) ticketLeave(c *call) error {
	return c.ticketAct(func(handle string) error { _, err := s.Queue.Leave(c.ctx(), handle); return err }, "done.ticket_left")
}

func (s *Server) ticketStay(c *call) error {
	return c.ticketAct(func(handle string) error { _, err := s.Queue.UndoLeave(c.ctx(), handle); return err }, "done.ticket_kept")
}

// ticketForget deletes the card of a number, and with it what this browser
// knows of it.
func (s *Server) ticketForget(c *call) error {
	t, err := s.Queue.TicketByHandle(c.ctx(), c.Param("ticket"))
	if err != nil {
		return err
	}
	if err := s.Queue.Forget(c.ctx(), t.Ticket.Visitor); err != nil {
		return err
	}
	if c.card(false) == t.Ticket.Visitor {
		c.forgetCard()
	}
	return c.done("/d/"+t.Ticket.DayID, "done.card_forgotten")
}

// forgetCard drops the card's cookie, and the form's, which it follows from.
func (c *call) forgetCard() {
	c.dropCookie(cardCookie)
	c.dropCookie(formCookie)
}

// ticketQR is the address of a number's page as a picture, for slips.
func (s *Server) ticketQR(c *call) error {
	t, err := s.Queue.TicketByHandle(c.ctx(), c.Param("ticket"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.picture(s.base + "/t/" + t.Ticket.Handle)
}

// scheduleQR and dayQR are the addresses of pages as pictures, to show a neighbour.
func (s *Server) scheduleQR(c *call) error { return c.picture(s.base + "/c/" + c.Community.Slug) }

func (s *Server) dayQR(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	return c.picture(s.base + "/d/" + d.ID)
}

// picture answers with the QR code of an address, drawn as one SVG path.
func (c *call) picture(address string) error {
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return fault.Internal(err)
	}
	const quiet = 4 // modules of white around it, as the norm wants
	side := strconv.Itoa(code.Size + 2*quiet)
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + ` ` + side + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path d="`)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				b.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h1v1h-1z")
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return c.Blob(http.StatusOK, "image/svg+xml", b.Bytes())
}

// cardPage shows everything the visitor holds on a day.
func (s *Server) cardPage(c *call) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	v := cardView{page: c.page("public.card"), when: c.when(d.TimeZone), Day: d, form: c.form()}
	v.Modules = ticketModules
	if visitor := c.card(false); visitor != "" {
		if v.Card, err = s.Queue.Card(c.ctx(), visitor, d.ID); err != nil {
			return err
		}
		slices.SortStableFunc(v.Card.Tickets, livingFirst)
	}
	if v.living() && c.QueryParam("still") == "" {
		v.Refresh = ticketRefresh
	}
	return c.show(cardPage(v))
}

// livingFirst puts numbers that wait for something before those that are over.
func livingFirst(a, b queue.TicketView) int {
	switch over := a.Ticket.State.Ended(); {
	case over == b.Ticket.State.Ended():
		return 0
	case over:
		return 1
	}
	return -1
}

func (s *Server) cardForget(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	if err := s.Queue.Forget(c.ctx(), c.card(false)); err != nil {
		return err
	}
	c.forgetCard()
	return c.done("/d/"+d.ID, "done.card_forgotten")
}

// near reports whether the holder should stay close by.
func near(t queue.TicketView) bool {
	return t.Ticket.State == queue.Waiting && t.Ahead <= t.Line.Near
}

// halted reports whether there is nothing to go to the booth for: the line is
// paused, or a number was called and nobody stands there any more.
func halted(t queue.TicketView) bool {
	if t.Line.State != queue.LinePaused {
		return false
	}
	return t.Ticket.State == queue.Waiting || t.Ticket.State == queue.Called && t.Line.Why == queue.WhyReleased
}
