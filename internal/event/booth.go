package event

import "time"

// Told by booths: who stands where.

// Service is what stands in a published booth and will have a line.
// Kind is "person", "item" or "stock"; Stock counts pieces for kind stock.
type Service struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Minutes int    `json:"minutes"`
	Stock   int    `json:"stock,omitempty"`
}

// Place is one booth given to one partner for the day.
type Place struct {
	AssignmentID string    `json:"assignment"`
	BoothID      string    `json:"booth"`
	BoothCode    string    `json:"booth_code"`
	Zone         string    `json:"zone,omitempty"`
	PartnerID    string    `json:"partner"`
	ClaimID      string    `json:"claim"`
	Services     []Service `json:"services"`
}

// Waiting is one place on the waitlist; Position counts from 1.
type Waiting struct {
	ClaimID   string `json:"claim"`
	PartnerID string `json:"partner"`
	Position  int    `json:"position"`
}

// ClaimMade: a partner asked for a place.
type ClaimMade struct {
	Day
	ClaimID   string `json:"claim"`
	PartnerID string `json:"partner"`
}

// ClaimWithdrawn: a partner took its claim back.
type ClaimWithdrawn struct {
	Day
	ClaimID   string `json:"claim"`
	PartnerID string `json:"partner"`
}

// BoothsPublished: the assignment is final; everybody with or without a place can be told.
type BoothsPublished struct {
	Day
	Places   []Place   `json:"places"`
	Waitlist []Waiting `json:"waitlist"`
}

// BoothAssigned: a single place was given after publication (offer accepted, override, substitute).
// Why is a stable code: "offer", "override", "substitute", "direct".
type BoothAssigned struct {
	Day
	Place Place  `json:"place"`
	Why   string `json:"why"`
}

// BoothReleased: a single place became free after publication. Why is a stable
// code: "released", "withdrawn", "substitute", "override".
type BoothReleased struct {
	Day
	AssignmentID string `json:"assignment"`
	BoothID      string `json:"booth"`
	BoothCode    string `json:"booth_code"`
	PartnerID    string `json:"partner"`
	Why          string `json:"why"`
}

// OfferMade: a freed booth waits for one partner's answer until ExpiresAt.
type OfferMade struct {
	Day
	OfferID   string    `json:"offer"`
	ClaimID   string    `json:"claim"`
	PartnerID string    `json:"partner"`
	BoothCode string    `json:"booth_code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// OfferEnded: an offer was declined or ran out; How is "declined" or "expired".
type OfferEnded struct {
	Day
	OfferID   string `json:"offer"`
	PartnerID string `json:"partner"`
	How       string `json:"how"`
}

// Name implements Event.
func (ClaimMade) Name() string { return "claim.made.v1" }

// Name implements Event.
func (ClaimWithdrawn) Name() string { return "claim.withdrawn.v1" }

// Name implements Event.
func (BoothsPublished) Name() string { return "booths.published.v1" }

// Name implements Event.
func (BoothAssigned) Name() string { return "booth.assigned.v1" }

// Name implements Event.
func (BoothReleased) Name() string { return "booth.released.v1" }

// Name implements Event.
func (OfferMade) Name() string { return "offer.made.v1" }

// Name implements Event.
func (OfferEnded) Name() string { return "offer.ended.v1" }
