package account

import "yiji/internal/fault"

// Action is something one may want to do. A route declares exactly one.
type Action string

// Object is what the action is done to: where it belongs. A partner's own
// things (claims, lines, figures) carry its PartnerID; the zero Object is the installation.
type Object struct {
	CommunityID string
	PartnerID   string
}

// Everybody, also without an account.
const (
	PublicRead   Action = "public.read"   // schedule, day, wall screen, calendar feed, plan once published
	SessionOpen  Action = "session.open"  // see the login page, log in, show and accept a link
	TicketTake   Action = "ticket.take"   // a resident takes a number
	TicketFollow Action = "ticket.follow" // see, keep, leave one's own ticket: its handle is the key
	FeedbackGive Action = "feedback.give" // say how it was, anonymously
	TellMe       Action = "tell.me"       // ask to be told about a market, and take it back by the link's token
)

// Everybody with an account, for oneself: not a tablet, which is nobody's own.
const (
	SessionManage Action = "session.manage" // log out, list and end own sessions, change own password, forget me
	HomeRead      Action = "home.read"      // the page that leads to one's own communities
)

// The installation.
const (
	CommunityCreate Action = "community.create"
	CommunityList   Action = "community.list"
	SystemRead      Action = "system.read"   // state of the installation
	CalendarEdit    Action = "calendar.edit" // load a year of holidays
)

// A community, its markets and their days.
const (
	CommunityEdit Action = "community.edit" // name, address, telephone, feeds
	OfficeEnter   Action = "office.enter"   // the door of a community's office: what lies behind is asked for by itself
	MarketRead    Action = "market.read"    // the organizer's view
	MarketEdit    Action = "market.edit"    // create, change the rule, exceptions, preview
	DayRead       Action = "day.read"       // the working view of a day: organizer and desk
	DayPlan       Action = "day.plan"       // skip, move, cancel, extra day
	DayOpen       Action = "day.open"
	DayClose      Action = "day.close"
	FiguresRead   Action = "figures.read"  // summary, report, ledger of the whole day
	IncidentNote  Action = "incident.note" // write down what happened, and take it back
)

// Places: partners, layout, claims, plan.
const (
	PartnerList  Action = "partner.list"
	PartnerRead  Action = "partner.read"  // one partner with its contacts and own numbers
	PartnerEdit  Action = "partner.edit"  // its services, needs and contacts
	PartnerAdmit Action = "partner.admit" // create, approve, retire, import a roster
	LayoutRead   Action = "layout.read"
	LayoutEdit   Action = "layout.edit"
	ClaimList    Action = "claim.list"
	ClaimMake    Action = "claim.make"   // claim, change, withdraw, release, name a substitute
	OfferAnswer  Action = "offer.answer" // accept or decline a freed booth
	PlanRead     Action = "plan.read"    // the plan before it is published, with all reasons
	PlanConfirm  Action = "plan.confirm"
	PlanOverride Action = "plan.override"
)

// Lines and tickets.
const (
	LineRun     Action = "line.run"     // call, recall, serve, miss, ready, undo, pause, stop
	LineSettle  Action = "line.settle"  // change a line's kind, stock or priority for the day
	TicketIssue Action = "ticket.issue" // give out a number at the desk and take it back
	TicketFind  Action = "ticket.find"  // look a number up for somebody at the desk
	TicketTouch Action = "ticket.touch" // a number by a touch on the tablet at the entrance, and the lines to choose from
)

// Messages and events.
const (
	DeliveryRead   Action = "delivery.read"
	DeliveryResend Action = "delivery.resend"
	ChannelEdit    Action = "channel.edit" // robots, webhooks, quiet hours, templates
	ParkedRead     Action = "parked.read"
	ParkedReplay   Action = "parked.replay"
)

// People.
const (
	AccountRead   Action = "account.read"   // people, invitations and roles of a community
	AccountInvite Action = "account.invite" // invite, re-issue, login link
	AccountRevoke Action = "account.revoke" // withdraw an invitation or a role, end somebody's sessions
)

// reach says how far a kind of role carries an action.
type reach int

const (
	nowhere   reach = iota
	anywhere        // any object, or none
	community       // objects of the role's community
	own             // objects of the role's community and partner id
)

// who says for one action how far each kind reaches. Everyone and known hold
// without any role: for everybody, and for every person who has logged in.
type who struct {
	everyone, known, admin, organizer, desk, partner, kiosk reach
}

var (
	forEveryone   = who{everyone: anywhere}
	forKnown      = who{known: anywhere}
	forAdmin      = who{admin: anywhere}
	forOrganizers = who{organizer: community}
	forOwners     = who{organizer: community, partner: own}
	forMembers    = who{organizer: community, desk: community, partner: community}
	forDay        = who{organizer: community, desk: community}
	forKeepers    = who{admin: anywhere, organizer: community}
	forKiosk      = who{kiosk: community} // and nobody else, so that no console's login stands in public
)

// policy is the whole of it: what is not here is denied. An admin looks after
// the installation and lets organizers in; the daily work and the private data
// of a community are its own.
var policy = map[Action]who{
	PublicRead:   forEveryone,
	SessionOpen:  forEveryone,
	TicketTake:   forEveryone,
	TicketFollow: forEveryone,
	FeedbackGive: forEveryone,
	TellMe:       forEveryone,

	SessionManage: forKnown,
	HomeRead:      forKnown,

	CommunityCreate: forAdmin,
	CommunityList:   forAdmin,
	SystemRead:      forAdmin,
	CalendarEdit:    forAdmin,

	CommunityEdit: forKeepers,
	OfficeEnter:   forKeepers,
	MarketRead:    forOrganizers,
	MarketEdit:    forOrganizers,
	DayRead:       forDay,
	DayPlan:       forOrganizers,
	DayOpen:       forOrganizers,
	DayClose:      forOrganizers,
	FiguresRead:   forOrganizers,
	IncidentNote:  forDay,

	PartnerList:  forOrganizers,
	PartnerRead:  forOwners,
	PartnerEdit:  forOwners,
	PartnerAdmit: forOrganizers,
	LayoutRead:   forMembers,
	LayoutEdit:   forOrganizers,
	ClaimList:    forOrganizers,
	ClaimMake:    forOwners,
	OfferAnswer:  forOwners,
	PlanRead:     forOrganizers,
	PlanConfirm:  forOrganizers,
	PlanOverride: forOrganizers,

	LineRun:     forOwners,
	LineSettle:  forOrganizers,
	TicketIssue: forDay,
	TicketFind:  forDay,
	TicketTouch: forKiosk,

	DeliveryRead:   forOrganizers,
	DeliveryResend: forOrganizers,
	ChannelEdit:    forOrganizers,
	ParkedRead:     forKeepers,
	ParkedReplay:   forKeepers,

	AccountRead:   forKeepers,
	AccountInvite: forKeepers,
	AccountRevoke: forKeepers,
}

// Allow returns nil when the actor may do the action to the object, otherwise
// a Forbidden: "account.sign_in" when nobody is logged in, "account.not_allowed" when somebody is.
func Allow(a Actor, do Action, to Object) error {
	w := policy[do]
	if w.everyone == anywhere || (w.known == anywhere && a.SignedIn() && !a.Device()) {
		return nil
	}
	if !a.SignedIn() {
		return fault.Forbidden("account.sign_in", "", "%s needs somebody who is logged in", do)
	}
	for _, r := range a.Roles {
		if w.of(r.Kind).covers(r, to) {
			return nil
		}
	}
	return fault.Forbidden("account.not_allowed", "", "%s is not yours to do here", do)
}

// Public reports whether everybody may do the action, whatever the object.
func Public(do Action) bool { return policy[do].everyone == anywhere }

// Listed reports whether the policy has a row for the action at all.
func Listed(do Action) bool { _, ok := policy[do]; return ok }

func (w who) of(k Kind) reach {
	switch k {
	case Admin:
		return w.admin
	case Organizer:
		return w.organizer
	case Desk:
		return w.desk
	case Partner:
		return w.partner
	case Kiosk:
		return w.kiosk
	}
	return nowhere
}

func (s reach) covers(r Role, to Object) bool {
	switch s {
	case anywhere:
		return true
	case community:
		return r.CommunityID != "" && r.CommunityID == to.CommunityID
	case own:
		return r.CommunityID != "" && r.CommunityID == to.CommunityID &&
			r.PartnerID != "" && r.PartnerID == to.PartnerID
	}
	return false
}
