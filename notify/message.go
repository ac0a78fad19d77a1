package notify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"yiji/internal/text"
	"yiji/notify/channel"
)

// params is what a message is made of. It is stored with the delivery, so it
// holds ids, numbers and public names, never a contact.
type params struct {
	Community   string          `json:"community,omitempty"`
	Market      string          `json:"market,omitempty"`
	Venue       string          `json:"venue,omitempty"`
	Zone        string          `json:"zone,omitempty"`
	MarketID    string          `json:"market_id,omitempty"`
	HeldOn      string          `json:"held_on,omitempty"`
	OpensAt     int64           `json:"opens_at,omitempty"`
	ClosesAt    int64           `json:"closes_at,omitempty"`
	Booths      []string        `json:"booths,omitempty"`
	Position    int             `json:"position,omitempty"`
	Places      int             `json:"places,omitempty"`
	Waiting     int             `json:"waiting,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	OldDate     string          `json:"old_date,omitempty"`
	MovedTo     string          `json:"moved_to,omitempty"`
	Offer       string          `json:"offer,omitempty"`
	How         string          `json:"how,omitempty"`
	Expires     int64           `json:"expires,omitempty"`
	Until       int64           `json:"until,omitempty"`
	Residents   int             `json:"residents,omitempty"`
	Tickets     int             `json:"tickets,omitempty"`
	Served      int             `json:"served,omitempty"`
	Missed      int             `json:"missed,omitempty"`
	CarriedOver int             `json:"carried_over,omitempty"`
	Minutes     int64           `json:"minutes,omitempty"` // of presence: opening to closing
	NextDay     string          `json:"next_day,omitempty"`
	NextDate    string          `json:"next_date,omitempty"`
	Lines       []lineCount     `json:"lines,omitempty"`
	Channel     string          `json:"channel,omitempty"`
	Payload     json.RawMessage `json:"payload,omitempty"`
}

// lineCount is one line of a summary.
type lineCount struct {
	Service string `json:"service"`
	Issued  int    `json:"issued"`
	Served  int    `json:"served"`
	Missed  int    `json:"missed"`
}

// letter is everything a text depends on.
type letter struct {
	kind    Kind
	dayID   string
	comm    string
	lang    string
	name    string // of the recipient, may be empty
	token   string // of the subscription, may be empty
	confirm string // of the wish, may be empty
	due     time.Time
	now     time.Time
	p       params
}

// Text is a message as it is read.
type Text struct {
	Subject string
	Body    string
}

// paragraphs are the keys of a kind's body in order, below "notify.<kind>.".
// A key with a condition is left out when the condition does not hold.
func (l letter) paragraphs() []string {
	k := "notify." + string(l.kind) + "."
	switch l.kind {
	case BoothsPublished:
		if len(l.p.Booths) > 0 {
			return []string{k + "placed", "notify.part.when", "notify.part.day_link"}
		}
		return []string{k + "waiting", "notify.part.when", "notify.part.day_link"}
	case ClosingPartner:
		numbers := k + "numbers"
		if l.p.Tickets == 0 {
			numbers = k + "no_numbers"
		}
		return []string{k + "thanks", numbers, l.next(), "notify.part.claim_link"}
	case ClosingResident:
		return []string{k + "thanks", k + "feedback", l.next()}
	case SubscriptionConfirm:
		return []string{k + "body", k + "otherwise"}
	case ClosingOrganizer:
		body := k + "body"
		if l.p.NextDate == "" { // nowhere to carry anybody over to
			body = k + "body_last"
		}
		return []string{body, k + "lines", l.next(), "notify.part.organizer_link"}
	case DayCancelled:
		if l.p.MovedTo != "" {
			return []string{k + "body", k + "moved_to", "notify.part.day_link"}
		}
		return []string{k + "body", "notify.part.day_link"}
	case OfferEnded:
		if l.p.How == "declined" {
			return []string{k + "declined"}
		}
		return []string{k + "expired"}
	}
	return []string{k + "body"}
}

func (l letter) next() string {
	if l.p.NextDate == "" {
		return "notify.part.next_unknown"
	}
	return "notify.part.next"
}

// render builds the text of one message for a person or a robot.
func (o Options) render(l letter, ch channel.Kind) Text {
	t := o.plain(l, ch)
	t.Body = o.frame(l, ch, t.Subject, t.Body)
	return t
}

// plain is render without greeting, signature and headline.
func (o Options) plain(l letter, ch channel.Kind) Text {
	args := o.args(l)
	subject := text.T(l.lang, "notify."+string(l.kind)+".subject", args)
	var parts []string
	if isLate(l.due, l.now) && l.kind != Test {
		parts = append(parts, text.T(l.lang, "notify.part.late", args))
	}
	for _, key := range l.paragraphs() {
		if p := strings.TrimSpace(text.T(l.lang, key, args)); p != "" {
			parts = append(parts, p)
		}
	}
	return Text{Subject: subject, Body: strings.Join(parts, gap(ch))}
}

// gap is what stands between paragraphs: robots' windows are small.
func gap(ch channel.Kind) string {
	if ch.Robot() {
		return "\n"
	}
	return "\n\n"
}

// frame puts greeting and signature around a body, or a robot's headline above it.
func (o Options) frame(l letter, ch channel.Kind, subject, body string) string {
	if ch.Robot() {
		return text.T(l.lang, "notify.layout.robot", text.Args{"subject": subject, "body": body})
	}
	args := o.args(l)
	greeting := "notify.part.greeting"
	if l.name == "" {
		greeting = "notify.part.greeting_nobody"
	}
	args["greeting"], args["body"] = text.T(l.lang, greeting, args), body
	args["unsubscribe_line"] = ""
	if l.token != "" {
		args["unsubscribe_line"] = "\n" + text.T(l.lang, "notify.part.unsubscribe", args)
	}
	return strings.TrimRight(text.T(l.lang, "notify.layout.mail", args), "\n") + "\n"
}

// args are the placeholders every text may use.
func (o Options) args(l letter) text.Args {
	zone := zoneOf(l.p.Zone)
	count := strconv.Itoa
	a := text.Args{
		"name": l.name, "community": l.p.Community, "market": l.p.Market, "venue": l.p.Venue,
		"date": dateText(l.lang, l.p.HeldOn), "opens": clockText(l.p.OpensAt, zone), "closes": clockText(l.p.ClosesAt, zone),
		"booths": strings.Join(l.p.Booths, text.T(l.lang, "notify.comma", nil)), "position": count(l.p.Position),
		"places": count(l.p.Places), "waiting": count(l.p.Waiting), "reason": orDash(l.lang, l.p.Reason),
		"old_date": dateText(l.lang, l.p.OldDate), "moved_to": dateText(l.lang, l.p.MovedTo),
		"expires": momentText(l.lang, l.p.Expires, zone), "until": momentText(l.lang, l.p.Until, zone),
		"residents": count(l.p.Residents), "tickets": count(l.p.Tickets), "served": count(l.p.Served), "missed": count(l.p.Missed),
		"carried_over": count(l.p.CarriedOver), "hours": hoursText(l.p.Minutes), "next_date": dateText(l.lang, l.p.NextDate),
		"due": momentText(l.lang, l.due.UnixMicro(), zone), "lines": linesText(l.lang, l.p.Lines), "channel": l.p.Channel,
		"day_link": o.link(o.Links.Day, l), "organizer_link": o.link(o.Links.Organizer, l), "offer_link": o.link(o.Links.Offer, l),
		"feedback_link": o.link(o.Links.Feedback, l), "unsubscribe_link": o.link(o.Links.Unsubscribe, l), "confirm_link": o.link(o.Links.Confirm, letter{token: l.confirm}),
	}
	a["claim_link"] = o.claimLink(l)
	return a
}

// claimLink leads to the day that can be claimed: the next one after closing,
// this one otherwise, the market when the next day is not known.
func (o Options) claimLink(l letter) string {
	if l.kind == ClosingPartner {
		if l.p.NextDay == "" {
			return o.link(o.Links.Market, l)
		}
		l.dayID = l.p.NextDay
	}
	return o.link(o.Links.Claim, l)
}

func (o Options) link(path string, l letter) string {
	return o.BaseURL + strings.NewReplacer("{day}", l.dayID, "{market}", l.p.MarketID, "{community}", l.comm,
		"{offer}", l.p.Offer, "{token}", l.token).Replace(path)
}

func orDash(lang, s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return text.T(lang, "notify.no_reason", nil)
	}
	return s
}

func dateText(lang, date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return text.T(lang, "notify.date", text.Args{
		"month":   text.T(lang, "notify.month."+strconv.Itoa(int(d.Month())), nil),
		"day":     strconv.Itoa(d.Day()),
		"weekday": text.T(lang, "notify.weekday."+strconv.Itoa(int(d.Weekday())), nil),
		"year":    strconv.Itoa(d.Year()),
	})
}

func clockText(micros int64, zone *time.Location) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).In(zone).Format("15:04")
}

func momentText(lang string, micros int64, zone *time.Location) string {
	if micros == 0 {
		return ""
	}
	t := time.UnixMicro(micros).In(zone)
	return dateText(lang, t.Format(time.DateOnly)) + " " + t.Format("15:04")
}

// hoursText is a number of hours with at most one decimal: 2.5, 3.
func hoursText(minutes int64) string {
	return strconv.FormatFloat(float64((minutes*10+30)/60)/10, 'f', -1, 64)
}

func linesText(lang string, lines []lineCount) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = text.T(lang, "notify.line", text.Args{"service": l.Service,
			"issued": strconv.Itoa(l.Issued), "served": strconv.Itoa(l.Served), "missed": strconv.Itoa(l.Missed)})
	}
	return strings.Join(out, "\n")
}
