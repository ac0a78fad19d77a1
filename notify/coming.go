package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"yiji/internal/db"
	"yiji/internal/text"
	"yiji/notify/channel"
)

// Ahead is a market day with those of its next steps that others decide; a step
// that is over is zero.
type Ahead struct {
	DayID           string
	Claims, Confirm time.Time
}

// Coming is what will go out next: a message that is written and waits, or one
// that a step of a day will write.
type Coming struct {
	DayID   string
	Kind    Kind
	At      time.Time
	To      map[Audience]int // how many, as it stands now
	Written bool
}

// Coming lists what will go out in a community, soonest first: what is written
// (about one day, or with dayID "" about all) and what the steps of the days
// ahead will write. Webhooks, which hear every event, are left out of the steps.
func (s *Service) Coming(ctx context.Context, communityID, dayID string, days []Ahead) (out []Coming, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if out, err = waiting(tx, communityID, dayID); err != nil {
			return err
		}
		for _, a := range days {
			steps, err := s.steps(tx, communityID, a)
			if err != nil {
				return err
			}
			out = append(out, steps...)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Coming) int { return a.At.Compare(b.At) })
	return out, err
}

// waiting folds what is written and not sent by day and kind.
func waiting(tx *db.Tx, communityID, dayID string) (out []Coming, err error) {
	var rows []struct {
		DayID    string   `db:"day_id"`
		Kind     Kind     `db:"kind"`
		Audience Audience `db:"audience"`
		At       int64    `db:"at"`
		N        int      `db:"n"`
	}
	err = tx.Select(&rows, `SELECT day_id, kind, audience, MIN(next_at) AS at, COUNT(DISTINCT recipient) AS n FROM notify_deliveries
		WHERE finished_at = 0 AND community_id = $1 AND ($2 = '' OR day_id = $2) GROUP BY day_id, kind, audience ORDER BY day_id, kind, audience`, communityID, dayID)
	for _, r := range rows {
		at := maxTime(db.Time(r.At), tx.Now)
		if n := len(out); n > 0 && out[n-1].DayID == r.DayID && out[n-1].Kind == r.Kind {
			out[n-1].To[r.Audience] = r.N
			if at.Before(out[n-1].At) {
				out[n-1].At = at
			}
			continue
		}
		out = append(out, Coming{DayID: r.DayID, Kind: r.Kind, At: at, To: map[Audience]int{r.Audience: r.N}, Written: true})
	}
	return out, err
}

// crowd is how many there are of everybody a day may write to.
type crowd struct {
	all, claimed, placed, organizers, channels int
	reminder, closing                          int
}

// steps are the messages that the next steps of a day will write; those for
// nobody are left out.
func (s *Service) steps(tx *db.Tx, communityID string, a Ahead) (out []Coming, err error) {
	var d struct {
		dayRow
		Reminded bool `db:"reminded"`
	}
	err = tx.Get(&d, `SELECT `+dayColumns+`, reminded FROM notify_days WHERE day_id = $1 AND community_id = $2`, a.DayID, communityID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil // not heard of yet
	}
	if err != nil {
		return nil, err
	}
	n, err := s.crowd(tx, d.dayRow)
	if err != nil {
		return nil, err
	}
	add := func(k Kind, at time.Time, to map[Audience]int) {
		if _, residents := to[ToResident]; residents {
			at = afterQuiet(at, zoneOf(d.Zone))
		}
		sum := 0
		for _, k := range to {
			sum += k
		}
		if sum > 0 {
			out = append(out, Coming{DayID: a.DayID, Kind: k, At: maxTime(at, tx.Now), To: to})
		}
	}
	staff := map[Audience]int{ToOrganizer: n.organizers, ToChannel: n.channels}
	if d.State == "planned" {
		if !a.Claims.IsZero() {
			add(ClaimingOpened, a.Claims, map[Audience]int{ToPartner: n.all, ToChannel: n.channels})
		}
		if !a.Confirm.IsZero() {
			add(BoothsPublished, a.Confirm, map[Audience]int{ToPartner: n.claimed})
			add(PlanPublished, a.Confirm, staff)
		}
		if !d.Reminded {
			add(ReminderPartner, db.Time(d.RemindAt), map[Audience]int{ToPartner: n.placed})
			add(ReminderResident, db.Time(d.RemindAt), map[Audience]int{ToResident: n.reminder})
		}
		add(DayOpened, db.Time(d.OpensAt), staff)
	}
	if d.State == "planned" || d.State == "open" {
		closes := db.Time(d.ClosesAt)
		add(ClosingPartner, closes, map[Audience]int{ToPartner: n.placed})
		add(ClosingResident, closes, map[Audience]int{ToResident: n.closing})
		add(ClosingOrganizer, closes, staff)
	}
	return out, nil
}

// crowd counts who would be written to. Before places are given everybody who
// claimed may get one.
func (s *Service) crowd(tx *db.Tx, d dayRow) (n crowd, err error) {
	if s.o.Directory.Partners != nil {
		all, err := s.o.Directory.Partners(tx, d.Community)
		if err != nil {
			return n, err
		}
		n.all = len(all)
	}
	if s.o.Directory.Organizers != nil {
		all, err := s.o.Directory.Organizers(tx, d.Community)
		if err != nil {
			return n, err
		}
		n.organizers = len(all)
	}
	err = s.eachChannel(tx, d.Community, func(c channelRow) error {
		if c.Kind != channel.Webhook {
			n.channels++
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	claimed, err := partnersOf(tx, d.DayID)
	if err != nil {
		return n, err
	}
	placed, _, err := boothsOf(tx, d.DayID)
	if err != nil {
		return n, err
	}
	n.claimed, n.placed = len(claimed), len(placed)
	if n.placed == 0 {
		n.placed = n.claimed
	}
	rows, err := subscribers(tx, d)
	n.reminder = persons(rows, func(r subscriptionRow) bool { return r.Reminder })
	n.closing = persons(rows, func(r subscriptionRow) bool { return r.Closing })
	return n, err
}

// persons counts each address once.
func persons(rows []subscriptionRow, wants func(subscriptionRow) bool) int {
	told := map[string]bool{}
	for _, r := range rows {
		if wants(r) {
			told[r.Digest] = true
		}
	}
	return len(told)
}

// Masked is a recipient as a page may show it.
type Masked struct{ Name, Address string }

// Masks says where messages to these recipients ("organizer:ID", "resident:ID")
// go, masked; empty where there is no address any more.
func (s *Service) Masks(ctx context.Context, communityID string, recipients []string) (map[string]Masked, error) {
	out := map[string]Masked{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		for _, r := range recipients {
			if _, done := out[r]; done {
				continue
			}
			t, _, err := s.resolve(tx, deliveryRow{Community: communityID, Recipient: r})
			if err != nil {
				return err
			}
			out[r] = Masked{Name: text.Masked(t.name), Address: text.Masked(t.email)}
		}
		return nil
	})
	return out, err
}

// WhyKey is the plain reason behind the code of a message that did not go out:
// the part of the key "msg.why_…" that pages show, "other" for what is not known.
func WhyKey(code string) string {
	switch code {
	case whyTooLate, whyNotUseful, whyNoAddress, whyGone, whyUnsubscribed, "stopped":
		return code
	case "timeout", "connect", "smtp_connect", "smtp_connection":
		return "connect"
	case "url_invalid", "address_refused":
		return "address"
	case "address_invalid", "smtp_message":
		return "mailbox"
	case "attempts":
		return "attempts"
	case "smtp_settings", "folder", "key_invalid", "address_sealed", "params_unreadable":
		return "settings"
	}
	family, rest, _ := strings.Cut(code, "_")
	switch {
	case family == "smtp" && strings.HasPrefix(rest, "4"):
		return "mail_later"
	case family == "smtp":
		return "mail_refused"
	case family == "http" && (rest == "429" || strings.HasPrefix(rest, "5")):
		return "server"
	case family == "http":
		return "http"
	case family == "wecom" || family == "dingtalk" || family == "feishu":
		return "robot"
	}
	return "other"
}
