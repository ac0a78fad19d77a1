package web

import (
	"strings"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/notify"
	"yiji/scheduler"
)

func (s *Server) messagesShow(c *call) error {
	at, err := c.duty("msg.title")
	if err != nil {
		return err
	}
	v := messagesView{duty: at, Chosen: notify.State(c.QueryParam("state"))}
	v.Modules = []string{"paper.js"}
	if v.Counts, err = s.Notify.CountsOf(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil {
		return err
	}
	filter := notify.Filter{DayID: v.Day.ID, State: v.Chosen, Before: c.QueryParam("before")}
	if v.List, err = s.Notify.Deliveries(c.ctx(), c.In.CommunityID, filter); err != nil {
		return err
	}
	if v.names, err = c.recipients(); err != nil {
		return err
	}
	if v.Paste, err = c.paste(at); err != nil {
		return err
	}
	return c.show(messagesPage(v))
}

// recipients are the public names behind the recipients of deliveries.
func (c *call) recipients() (map[string]string, error) {
	out := map[string]string{}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return nil, err
	}
	for _, p := range partners {
		out["partner:"+p.ID] = p.Name
	}
	channels, err := c.server.Notify.ChannelList(c.ctx(), c.In.CommunityID)
	for _, x := range channels {
		out["channel:"+x.ID] = x.Name
	}
	return out, err
}

// recipientText names who gets a message: partners and channels by name,
// people by what they are.
func (p page) recipientText(names map[string]string, recipient string) string {
	if name := names[recipient]; name != "" {
		return name
	}
	kind, _, _ := strings.Cut(recipient, ":")
	return p.T("msg.to_" + kind)
}

// stateText says how far a message is. What lies in the local folder was sent to nobody.
func (p page) stateText(d notify.Delivery) string {
	if d.State == notify.Delivered && d.InFolder {
		return p.T("msg.state_in_folder")
	}
	return p.T("msg.state_" + string(d.State))
}

// whyText says why a message was not sent.
func (p page) whyText(why string) string {
	if key := "msg.why_" + why; text.Has(p.Lang, key) {
		return p.T(key)
	}
	return why
}

// paste are the ready texts with links, for twenty WeChat groups.
func (c *call) paste(d duty) ([]pasteText, error) {
	lines, err := c.server.Queue.Lines(c.ctx(), c.In.CommunityID, d.Day.ID)
	if err != nil && !unheard(err) {
		return nil, err
	}
	base := c.server.base
	args := []string{"community", d.Community.Name, "market", d.Day.MarketName, "when", d.hoursText(d.Day), "venue", d.Day.Venue,
		"link", base + "/d/" + d.Day.ID, "claim", base + "/p/" + d.Community.Slug + "/days/" + d.Day.ID, "services", d.offered(lines),
		"why", d.Day.Reason, "until", d.momentText(d.Day.ConfirmAt)}
	var keys []string
	switch d.State {
	case scheduler.Claiming:
		keys = []string{"claim", "soon"}
	case scheduler.Confirmed:
		keys = []string{"coming"}
	case scheduler.Open:
		keys = []string{"open"}
	case scheduler.Closed, scheduler.Settled:
		keys = []string{"thanks"}
	case scheduler.Cancelled:
		keys = []string{"cancelled"}
	default:
		keys = []string{"soon"}
	}
	out := make([]pasteText, len(keys))
	for i, k := range keys {
		out[i] = pasteText{ID: "paste-" + k, Title: d.T("msg.paste_" + k + "_title"), Text: d.T("msg.paste_"+k, args...), Link: base + "/d/" + d.Day.ID}
		if k == "claim" {
			out[i].Link = base + "/p/" + d.Community.Slug + "/days/" + d.Day.ID
		}
	}
	return out, nil
}

// offered are the services of a day in words.
func (d duty) offered(lines []queue.Line) string {
	var names []string
	for _, l := range lines {
		names = append(names, l.Service)
	}
	return d.listText(names)
}

func (s *Server) letterShow(c *call) error {
	v, err := c.letterView(c.form())
	if err != nil {
		return err
	}
	return c.show(letterPage(v))
}

func (c *call) letterView(f form) (letterView, error) {
	at, err := c.duty("msg.letter")
	v := letterView{duty: at, form: f}
	if err != nil {
		return v, err
	}
	if v.Delivery, v.Text, v.Tries, err = c.server.Notify.Letter(c.ctx(), c.In.CommunityID, c.Param("delivery")); err != nil {
		return v, err
	}
	if v.Delivery.DayID != v.Day.ID {
		return v, fault.NotFound("notify.delivery_unknown", "delivery", "there is no such message about this day")
	}
	v.names, err = c.recipients()
	return v, err
}

func (s *Server) letterResend(c *call) error {
	f := c.form()
	v, err := c.letterView(f)
	if err != nil {
		return err
	}
	if err := s.Notify.Resend(c.ctx(), c.In.CommunityID, v.Delivery.ID); err != nil {
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return letterPage(v)
		})
	}
	return c.done(v.Base+"/messages/"+v.Delivery.ID, "done.msg_resent")
}
