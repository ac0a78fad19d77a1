package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/internal/text"
	"yiji/notify"
	"yiji/notify/channel"
	"yiji/scheduler"
)

// How much one page of messages lists, and how far back a failure is news.
const (
	lettersShown = 20
	stepsShown   = 12
	failureNews  = 7 * 24 * time.Hour
)

// receiver is who gets a message: a name, the contact masked, and the page where it is kept.
type receiver struct{ Name, Contact, Path string }

// messagesShow is the message centre: of the whole community, or of one day.
func (s *Server) messagesShow(c *call) error {
	if id := c.QueryParam("batch"); id != "" {
		return c.batchShow(id)
	}
	v, err := c.messagesView()
	if err != nil {
		return err
	}
	return c.show(messagesPage(v))
}

func (c *call) messagesView() (v messagesView, err error) {
	v.page = c.console("msg.title")
	if day := c.QueryParam("day"); day != "" {
		if v.duty, err = c.dutyOf("msg.title", day); err != nil {
			return v, err
		}
	}
	v.Modules = []string{"paper.js"}
	if v.days, err = c.messageDays(v.Day); err != nil {
		return v, err
	}
	v.filter = notify.Filter{DayID: v.Day.ID, Limit: lettersShown + 1, Before: c.QueryParam("before")}
	if state := notify.State(c.QueryParam("state")); slices.Contains(notify.States, state) {
		v.filter.State = state
	}
	if kind := channel.Kind(c.QueryParam("channel")); slices.Contains(channel.Kinds, kind) {
		v.filter.Channel = kind
	}
	v.form = c.form("day", "state", "channel").With("day", v.Day.ID).With("state", string(v.filter.State)).With("channel", string(v.filter.Channel))
	if v.Counts, err = c.server.Notify.CountsOf(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil {
		return v, err
	}
	if err = c.batchesInto(&v); err != nil {
		return v, err
	}
	if v.Coming, err = c.comingMessages(v); err != nil || v.Day.ID == "" {
		return v, err
	}
	v.Paste, err = c.paste(v.duty)
	return v, err
}

// messageDays are the days one may look at: those to come, the last ones, and
// the one that is looked at.
func (c *call) messageDays(chosen scheduler.Day) ([]scheduler.Day, error) {
	out, err := c.coming(stepsShown)
	if err != nil {
		return nil, err
	}
	past, err := c.behind(0, daysBehind)
	out = append(out, past...)
	if chosen.ID != "" && !slices.ContainsFunc(out, func(d scheduler.Day) bool { return d.ID == chosen.ID }) {
		out = append(out, chosen)
	}
	return out, err
}

// comingMessages is what goes out next; the steps of a day that only the
// scheduler knows are told to notify.
func (c *call) comingMessages(v messagesView) ([]notify.Coming, error) {
	var ahead []notify.Ahead
	for _, d := range v.days {
		if v.Day.ID != "" && d.ID != v.Day.ID {
			continue
		}
		a := notify.Ahead{DayID: d.ID, Claims: d.ClaimsAt, Confirm: d.ConfirmAt}
		switch d.StateAt(v.Now) {
		case scheduler.Planned:
		case scheduler.Claiming:
			a.Claims = time.Time{}
		case scheduler.Confirmed, scheduler.Open:
			a.Claims, a.Confirm = time.Time{}, time.Time{}
		default:
			continue
		}
		ahead = append(ahead, a)
	}
	all, err := c.server.Notify.Coming(c.ctx(), c.In.CommunityID, v.Day.ID, ahead)
	return all[:min(len(all), stepsShown)], err
}

// receivers finds out to whom messages go, with their contacts masked.
func (c *call) receivers(list []notify.Delivery) (map[string]receiver, error) {
	out, office := map[string]receiver{}, "/o/"+c.Community.Slug
	var ids, others []string
	for _, d := range list {
		if id, partner := strings.CutPrefix(d.Recipient, "partner:"); partner {
			ids = append(ids, id)
		} else {
			others = append(others, d.Recipient)
		}
	}
	channels, err := c.server.Notify.ChannelList(c.ctx(), c.In.CommunityID)
	if err != nil {
		return nil, err
	}
	masks, err := c.server.Notify.Masks(c.ctx(), c.In.CommunityID, others)
	if err != nil {
		return nil, err
	}
	for to, m := range masks {
		out[to] = receiver{Name: m.Name, Contact: m.Address}
	}
	for _, x := range channels {
		out["channel:"+x.ID] = receiver{Name: x.Name, Contact: x.Hint, Path: office + "/channels/" + x.ID}
	}
	return out, c.partnerReceivers(out, ids)
}

func (c *call) partnerReceivers(out map[string]receiver, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return err
	}
	contacts, err := c.server.Booths.Contacts(c.ctx(), c.In.CommunityID, ids...)
	for _, p := range partners {
		out["partner:"+p.ID] = receiver{Name: p.Name, Contact: maskedContact(contacts[p.ID]), Path: "/o/" + c.Community.Slug + "/partners/" + p.ID}
	}
	return err
}

func maskedContact(k booths.Contact) string {
	all := []string{text.Masked(k.Person), text.Masked(k.Telephone), text.Masked(k.Email)}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// receiver names who gets a message: partners and channels by name, people by
// what they are.
func (v lettersView) receiver(d notify.Delivery) receiver {
	r := v.to[d.Recipient]
	if r.Name == "" || d.Audience == notify.ToResident {
		r.Name = strings.TrimSpace(v.T("msg.to_"+string(d.Audience)) + " " + r.Name)
	}
	return r
}

// stateText says how far a message is. What lies in the local folder was sent to nobody.
func (p page) stateText(d notify.Delivery) string {
	if d.State == notify.Delivered && d.InFolder {
		return p.T("msg.state_in_folder")
	}
	return p.T("msg.state_" + string(d.State))
}

// sentText is by which way and when a message was written.
func (p page) sentText(d notify.Delivery) string {
	return p.T("msg.channel_"+string(d.Channel)) + " · " + p.momentText(d.Created)
}

// stateIcon is the shape beside the word.
func stateIcon(s notify.State) string {
	switch s {
	case notify.Delivered:
		return "check"
	case notify.GivenUp:
		return "alert-triangle"
	case notify.Skipped:
		return "x"
	case notify.Merged:
		return "list"
	}
	return "clock"
}

// whyText says in plain words why a message was not sent, and what to do.
func (p page) whyText(why string) string { return p.T("msg.why_"+notify.WhyKey(why), "code", why) }

// whomText says to how many a message will go: 3 家合伙人、1 个群.
func (p page) whomText(to map[notify.Audience]int) string {
	var out []string
	for _, a := range []notify.Audience{notify.ToPartner, notify.ToResident, notify.ToOrganizer, notify.ToChannel} {
		if n := to[a]; n > 0 {
			out = append(out, p.T("msg.n_"+string(a), "n", strconv.Itoa(n)))
		}
	}
	return p.listText(out)
}

// dayText is about which day a message is; "" for none, or one far back.
func (v lettersView) dayText(id string) string {
	for _, d := range v.days {
		if d.ID == id {
			return v.dateText(d.HeldOn) + " " + d.MarketName
		}
	}
	return ""
}

func (v messagesView) dayChoices() []choice {
	out := []choice{{"", v.T("msg.any_day")}}
	for _, d := range v.days {
		out = append(out, choice{d.ID, v.dayText(d.ID)})
	}
	return out
}

// stateChoices are the states there are messages in, with how many.
func (v messagesView) stateChoices() []choice {
	out := []choice{{"", v.T("msg.all")}}
	for _, s := range notify.States {
		if n := v.Counts[s]; n > 0 || s == v.filter.State {
			out = append(out, choice{string(s), v.T("msg.state_"+string(s)) + " " + strconv.FormatInt(n, 10)})
		}
	}
	return out
}

func (v messagesView) channelChoices() []choice {
	return append([]choice{{"", v.T("msg.any_channel")}}, v.channelKinds()...)
}

// filtered is the address of the list as it is, with another state or further back.
func (v messagesView) filtered(state notify.State, before string) string {
	q := url.Values{}
	for name, value := range map[string]string{"day": v.Day.ID, "state": string(state), "channel": string(v.filter.Channel), "before": before} {
		if value != "" {
			q.Set(name, value)
		}
	}
	to := v.office() + "/messages"
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return to
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
		next, err := c.server.Scheduler.NextDay(c.ctx(), c.In.CommunityID, d.Day.MarketID)
		switch {
		case err == nil:
			args = append(args, "next", d.T("msg.paste_next", "when", d.hoursText(next), "venue", next.Venue))
		case fault.KindOf(err) == fault.KindNotFound:
			args = append(args, "next", d.T("msg.paste_next_unknown"))
		default:
			return nil, err
		}
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
	v := letterView{form: f}
	v.page = c.console("msg.letter")
	var err error
	if v.Delivery, v.Text, v.Tries, err = c.server.Notify.Letter(c.ctx(), c.In.CommunityID, c.Param("delivery")); err != nil {
		return v, err
	}
	if v.Delivery.DayID != "" {
		day, err := c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, v.Delivery.DayID)
		if err != nil && fault.KindOf(err) != fault.KindNotFound {
			return v, err
		}
		v.days = []scheduler.Day{day}
	}
	v.to, err = c.receivers([]notify.Delivery{v.Delivery})
	return v, err
}

// subject is what a message is about; what programs get has no words of its own.
func (v letterView) subject() string {
	if v.Delivery.Kind == notify.Hook {
		return v.T("msg.kind_" + string(notify.Hook))
	}
	return v.Text.Subject
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
	return c.done(v.office()+"/messages/"+v.Delivery.ID, "done.msg_resent")
}
