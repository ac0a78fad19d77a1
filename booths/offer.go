package booths

import (
	"context"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
)

// How an offer ends. Void is one that the organizer or a cancellation took away.
const (
	OfferOpen     = "open"
	OfferAccepted = "accepted"
	OfferDeclined = "declined"
	OfferExpired  = "expired"
	OfferVoid     = "void"
)

// Offer is a freed booth that waits for one partner's answer.
type Offer struct {
	ID        string    `json:"id" db:"id"`
	DayID     string    `json:"day" db:"day_id"`
	ClaimID   string    `json:"claim" db:"claim_id"`
	PartnerID string    `json:"partner" db:"partner_id"`
	BoothID   string    `json:"booth" db:"booth_id"`
	Code      string    `json:"booth_code" db:"code"`
	ExpiresAt time.Time `json:"expires_at" db:"-"`
	State     string    `json:"state,omitempty" db:"-"` // filled by Service.Offer: one of the Offer… constants
}

// offerUntil is the deadline of an offer made now: the usual time, but never
// more than half of what is left before the opening, so that the next one also
// has a chance, and never less than ten minutes unless the opening is nearer.
// False: it is too late to offer anything.
func offerUntil(now, opens time.Time, usual time.Duration) (time.Time, bool) {
	left := opens.Sub(now)
	if left <= 0 {
		return time.Time{}, false
	}
	wait := min(usual, max(left/2, 10*time.Minute), left)
	return now.Add(wait).Truncate(time.Microsecond), true
}

// offerFree offers every free booth of a published day to the first on the
// waitlist whom it fits, who has no open offer and was not offered it before.
// The caller holds the day's lock.
func (s *Service) offerFree(tx *db.Tx, day Day) error {
	until, ok := offerUntil(tx.Now, day.OpensAt, s.opt.OfferFor)
	if day.State != DayPublished || !ok {
		return nil
	}
	free, err := freeBooths(tx, day)
	if err != nil || len(free) == 0 {
		return err
	}
	all, err := claimsOfDay(tx, day.ID)
	if err != nil {
		return err
	}
	asked, err := offeredBefore(tx, day.ID)
	if err != nil {
		return err
	}
	in, err := s.planInput(tx, day, all)
	if err != nil {
		return err
	}
	g := Input{Booths: free, Zones: day.Zones}.ground()
	for b := range free {
		for i := range all {
			c := &all[i]
			if c.State != ClaimWaiting || c.Offer != nil || asked[c.ID+free[b].ID] {
				continue
			}
			if p := in.place(c.ID); p == nil || fit(p, &free[b], g.features[b], g.zones) != fits {
				continue
			}
			c.Offer = &Offer{ID: db.NewID(), DayID: day.ID, ClaimID: c.ID, PartnerID: c.PartnerID, BoothID: free[b].ID, Code: free[b].Code, ExpiresAt: until}
			if err := makeOffer(tx, day, c.Offer); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func (in Input) place(key string) *Place {
	for i := range in.Places {
		if in.Places[i].Key == key {
			return &in.Places[i]
		}
	}
	return nil
}

func makeOffer(tx *db.Tx, day Day, o *Offer) error {
	if err := insertOffer(tx, o); err != nil {
		return err
	}
	return outbox.Emit(tx, event.OfferMade{Day: day.event(), OfferID: o.ID, ClaimID: o.ClaimID, PartnerID: o.PartnerID,
		BoothCode: o.Code, ExpiresAt: o.ExpiresAt})
}

// endOffer closes an offer if there is one; declined and expired are told.
func (s *Service) endOffer(tx *db.Tx, day Day, o *Offer, how string) error {
	if o == nil {
		return nil
	}
	n, err := closeOffer(tx, o.ID, how)
	if err != nil || n == 0 || (how != OfferDeclined && how != OfferExpired) {
		return err
	}
	return outbox.Emit(tx, event.OfferEnded{Day: day.event(), OfferID: o.ID, PartnerID: o.PartnerID, How: how})
}

// Offer returns one offer and how it stands now: one whose deadline has passed
// is expired, whether or not somebody recorded it.
func (s *Service) Offer(ctx context.Context, scope Scope, offerID string) (Offer, error) {
	var out Offer
	unknown := fault.NotFound("offer.unknown", "offer", "there is no such offer here")
	err := s.db.View(ctx, func(tx *db.Tx) error {
		o, found, err := offerByID(tx, offerID)
		if err != nil {
			return err
		}
		if !found || !scope.partner(o.PartnerID) {
			return unknown
		}
		day, err := dayByID(tx, scope.CommunityID, o.DayID)
		if fault.Is(err, "day.unknown") {
			return unknown
		}
		if err != nil {
			return err
		}
		booth, err := boothByID(tx, day, o.BoothID)
		if err != nil {
			return err
		}
		out = Offer{ID: o.ID, DayID: o.DayID, ClaimID: o.ClaimID, PartnerID: o.PartnerID, BoothID: o.BoothID, Code: booth.Code,
			ExpiresAt: db.Time(o.ExpiresAt), State: o.State}
		if out.State == OfferOpen && !tx.Now.Before(out.ExpiresAt) {
			out.State = OfferExpired
		}
		return nil
	})
	return out, err
}

// AcceptOffer takes the offered booth. The deadline counts, not whether
// somebody recorded that it passed. Accepting twice answers the same.
func (s *Service) AcceptOffer(ctx context.Context, scope Scope, offerID string) (Claim, error) {
	var out Claim
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		day, c, o, err := s.lockOffer(tx, scope, offerID)
		if err != nil {
			return err
		}
		if o.State == OfferAccepted && c.Holding != nil {
			out = c
			return nil
		}
		if err := o.standing(tx.Now); err != nil {
			return err
		}
		if _, err := closeOffer(tx, offerID, OfferAccepted); err != nil {
			return err
		}
		booth, err := boothByID(tx, day, o.BoothID)
		if err != nil {
			return err
		}
		if err := s.give(tx, day, c, booth.holding("offer", text.Reason{Code: "booths.placed.offer", Args: text.Args{"booth": booth.Code}})); err != nil {
			return err
		}
		out, err = claimByID(tx, day, c.ID)
		return err
	})
	return out, err
}

// DeclineOffer says no; the booth is offered to the next and the claim stays
// where it was on the waitlist.
func (s *Service) DeclineOffer(ctx context.Context, scope Scope, offerID string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		day, c, o, err := s.lockOffer(tx, scope, offerID)
		if err != nil || o.State == OfferDeclined {
			return err
		}
		if err := o.standing(tx.Now); err != nil {
			return err
		}
		if err := s.endOffer(tx, day, c.Offer, OfferDeclined); err != nil {
			return err
		}
		return s.offerFree(tx, day)
	})
}

// standing reports whether the offer can still be answered.
func (o offerRow) standing(now time.Time) error {
	switch {
	case o.State == OfferOpen && now.Before(db.Time(o.ExpiresAt)):
		return nil
	case o.State == OfferOpen, o.State == OfferExpired:
		return fault.Closed("offer.expired", "offer", "this offer ran out; the booth is offered to the next")
	case o.State == OfferAccepted:
		return fault.Conflict("offer.accepted", "offer", "this offer was accepted already")
	case o.State == OfferDeclined:
		return fault.Conflict("offer.declined", "offer", "this offer was declined already")
	}
	return fault.Conflict("offer.void", "offer", "this offer does not stand any more")
}

func (s *Service) lockOffer(tx *db.Tx, scope Scope, offerID string) (Day, Claim, offerRow, error) {
	unknown := fault.NotFound("offer.unknown", "offer", "there is no such offer here")
	o, found, err := offerByID(tx, offerID)
	if err != nil {
		return Day{}, Claim{}, o, err
	}
	if !found {
		return Day{}, Claim{}, o, unknown
	}
	day, c, err := s.lockClaim(tx, scope, o.ClaimID)
	if fault.Is(err, "claim.unknown") {
		return day, c, o, unknown
	}
	if err != nil {
		return day, c, o, err
	}
	o, _, err = offerByID(tx, offerID) // again: the lock may have waited for its end
	return day, c, o, err
}

// Tick ends the offers whose deadline has passed and offers their booths to
// the next. It returns when the next deadline is; the zero time for none. Its
// cost grows with what is due.
func (s *Service) Tick(ctx context.Context) (time.Time, error) {
	var next time.Time
	for {
		more := false
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			due, err := dueOffers(tx, 50)
			if err != nil {
				return err
			}
			more = len(due) == 50
			for _, o := range due {
				if err := s.expire(tx, o); err != nil {
					return err
				}
			}
			next, err = nextDeadline(tx)
			return err
		})
		if err != nil || !more {
			return next, err
		}
	}
}

func (s *Service) expire(tx *db.Tx, due dueOffer) error {
	day, err := lockDay(tx, due.CommunityID, due.DayID)
	if err != nil {
		return err
	}
	o, found, err := offerByID(tx, due.ID)
	if err != nil || !found || o.State != OfferOpen {
		return err
	}
	if err := s.endOffer(tx, day, &Offer{ID: o.ID, PartnerID: o.PartnerID}, OfferExpired); err != nil {
		return err
	}
	return s.offerFree(tx, day)
}
