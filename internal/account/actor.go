package account

import (
	"slices"
	"time"
)

// Kind is what somebody is to a community.
type Kind string

// The kinds of role. Admin is of the installation, the others of one community.
const (
	Admin     Kind = "admin"
	Organizer Kind = "organizer"
	Desk      Kind = "desk"
	Partner   Kind = "partner"
	Kiosk     Kind = "kiosk" // no person: the tablet at the entrance
)

// Kinds lists every kind of role.
var Kinds = []Kind{Admin, Organizer, Desk, Partner, Kiosk}

// Role is one kind in one community; a partner's role is bound to a partner id too.
type Role struct {
	Kind        Kind   `json:"kind"`
	CommunityID string `json:"community,omitempty"`
	PartnerID   string `json:"partner,omitempty"`
}

// Actor is who asks. The zero Actor is somebody who has not logged in.
type Actor struct {
	PersonID  string
	SessionID string
	Name      string
	Lang      string
	Roles     []Role
}

// SignedIn reports whether somebody is known at all.
func (a Actor) SignedIn() bool { return a.PersonID != "" }

// Has reports whether the actor holds this very role.
func (a Actor) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Is reports whether the actor holds a role of this kind in the community;
// for Admin the community does not matter.
func (a Actor) Is(k Kind, communityID string) bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool {
		return r.Kind == k && (k == Admin || r.CommunityID == communityID)
	})
}

// Device reports whether the actor is a tablet that stands in public, whoever
// touches it: it has nothing of its own to look after.
func (a Actor) Device() bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return r.Kind == Kiosk })
}

// Communities lists the communities the actor has a role in, in the order of the roles.
func (a Actor) Communities() []string {
	var out []string
	for _, r := range a.Roles {
		if r.CommunityID != "" && !slices.Contains(out, r.CommunityID) {
			out = append(out, r.CommunityID)
		}
	}
	return out
}

// PartnerIn returns the partner ids the actor acts for in a community.
func (a Actor) PartnerIn(communityID string) []string {
	var out []string
	for _, r := range a.Roles {
		if r.Kind == Partner && r.CommunityID == communityID {
			out = append(out, r.PartnerID)
		}
	}
	return out
}

// Operator is the person at the command line of the machine: an admin without a row.
func Operator() Actor {
	return Actor{PersonID: "operator", Name: "operator", Roles: []Role{{Kind: Admin}}}
}

// Person is somebody with an account, as its community's organizers see them.
type Person struct {
	ID          string
	Name        string
	Email       string // opened from its seal; empty when none was given
	Lang        string
	HasPassword bool
	CreatedAt   time.Time
	Roles       []Role
}
