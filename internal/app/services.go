package app

import (
	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/live"
	"yiji/internal/seal"
	"yiji/notify"
	"yiji/notify/channel"
	"yiji/scheduler"
)

// Services are the parts of the house that people ask.
type Services struct {
	Account   *account.Service
	Scheduler *scheduler.Service
	Booths    *booths.Service
	Queue     *queue.Service
	Notify    *notify.Service
}

func newServices(d *db.DB, o Options, key []byte, base string) (s Services, err error) {
	box, err := seal.New(key)
	if err != nil {
		return s, err
	}
	calendar, err := o.Calendar()
	if err != nil {
		return s, err
	}
	mail, err := o.mail()
	if err != nil {
		return s, err
	}
	if s.Account, err = account.New(d, account.Options{Key: key}); err != nil {
		return s, err
	}
	s.Scheduler = scheduler.New(d, scheduler.Options{Calendar: calendar})
	s.Booths = booths.New(d, booths.Options{Box: box})
	s.Queue = queue.New(d)
	s.Notify, err = notify.New(d, notify.Options{
		BaseURL: base, Directory: directory(s), Links: links, Key: key, Mail: mail, OutboxDir: o.OutboxDir,
		Guard: channel.Guard{Allow: o.AllowPrivate}, Logger: o.Logger,
	})
	return s, err
}

// links are the addresses of web/routes.go that messages point to.
var links = notify.Links{
	Day:         "/d/{day}",
	Claim:       "/p/{community}/days/{day}",
	Market:      "/c/{community}",
	Offer:       "/p/{community}/offers/{offer}",
	Feedback:    "/d/{day}/feedback",
	Organizer:   "/o/{community}/days/{day}/summary",
	Unsubscribe: "/unsubscribe/{token}",
	Confirm:     "/confirm/{token}",
}

// liveDay is what pages that follow a day see of it.
func liveDay(tx *db.Tx, dayID string) (live.Day, error) {
	d, err := scheduler.PublicDayIn(tx, dayID)
	return live.Day{State: string(d.StateAt(tx.Now)), OpensAt: d.OpensAt.UTC(), ClosesAt: d.ClosesAt.UTC()}, err
}

// directory lets notify find people whose contacts others keep.
func directory(s Services) notify.Directory {
	return notify.Directory{
		Partner: func(tx *db.Tx, partnerID string) (notify.Recipient, error) {
			all, err := partners(tx, s.Booths, []string{partnerID})
			if err != nil {
				return notify.Recipient{}, err
			}
			if len(all) == 0 {
				return notify.Recipient{}, fault.NotFound("partner.unknown", "partner", "there is no such partner any more")
			}
			return all[0], nil
		},
		Partners: func(tx *db.Tx, communityID string) ([]notify.Recipient, error) {
			ids, err := s.Booths.PartnerIDs(tx, communityID)
			if err != nil || len(ids) == 0 {
				return nil, err
			}
			return partners(tx, s.Booths, ids)
		},
		Organizers: func(tx *db.Tx, communityID string) ([]notify.Recipient, error) {
			people, err := s.Account.Organizers(tx, communityID)
			if err != nil {
				return nil, err
			}
			out := make([]notify.Recipient, len(people))
			for i, p := range people {
				out[i] = notify.Recipient{ID: p.ID, Name: p.Name, Lang: p.Lang, Email: p.Email}
			}
			return out, nil
		},
	}
}

func partners(tx *db.Tx, b *booths.Service, ids []string) ([]notify.Recipient, error) {
	names, err := b.PartnerNames(tx, ids)
	if err != nil {
		return nil, err
	}
	contacts, err := b.PartnerContacts(tx, ids)
	if err != nil {
		return nil, err
	}
	var out []notify.Recipient
	for _, id := range ids {
		if name, ok := names[id]; ok {
			out = append(out, notify.Recipient{ID: id, Name: name, Email: contacts[id].Email})
		}
	}
	return out, nil
}

// Invariants are all sentences that must hold at every commit.
func Invariants() []db.Invariant {
	var all []db.Invariant
	all = append(all, core...)
	all = append(all, scheduler.Invariants...)
	all = append(all, booths.Invariants...)
	all = append(all, queue.Invariants...)
	all = append(all, notify.Invariants...)
	return append(all, account.Invariants()...)
}

// core are the sentences about events themselves.
var core = []db.Invariant{
	{Name: "the head of the outbox is the highest number", SQL: `SELECT 1 AS broken FROM outbox_head h
		WHERE h.seq < (SELECT COALESCE(MAX(o.seq), 0) FROM outbox o)`},
	{Name: "no number of the outbox is missing", SQL: `SELECT a.seq FROM outbox a
		WHERE a.seq > (SELECT MIN(m.seq) FROM outbox m) AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.seq = a.seq - 1)`},
	{Name: "no consumer is ahead of the outbox", SQL: `SELECT c.name FROM consumers c CROSS JOIN outbox_head h WHERE c.seq > h.seq`},
	{Name: "what is parked still lies in the outbox", SQL: `SELECT p.event_id FROM parked p
		WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = p.event_id)`},
}
