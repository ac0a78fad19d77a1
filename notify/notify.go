package notify

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"yiji/internal/db"
	"yiji/internal/seal"
	"yiji/notify/channel"
)

// Kind is what a message is about; its texts are "notify.<kind>.…".
type Kind string

// The kinds of message.
const (
	ClaimingOpened      Kind = "claiming_opened"      // partners, channels: places can be claimed
	BoothsPublished     Kind = "booths_published"     // partners: booth X, or waitlist n
	PlanPublished       Kind = "plan_published"       // organizers, channels: how many places and waiting
	BoothAssigned       Kind = "booth_assigned"       // partner: a single place after publication
	BoothReleased       Kind = "booth_released"       // partner: a single place taken back
	BoothFree           Kind = "booth_free"           // organizers, channels: a place became free
	OfferMade           Kind = "offer_made"           // partner: a freed booth waits for an answer
	OfferEnded          Kind = "offer_ended"          // partner: the offer is over
	ReminderPartner     Kind = "reminder_partner"     // partner: the evening before
	ReminderResident    Kind = "reminder_resident"    // residents who asked
	DayCancelled        Kind = "day_cancelled"        // everybody
	DayMoved            Kind = "day_moved"            // everybody
	DayOpened           Kind = "day_opened"           // organizers, channels: 开市了
	DayMissed           Kind = "day_missed"           // organizers, channels
	ClosingPartner      Kind = "closing_partner"      // thanks, own numbers, next date, claim link
	SubscriptionConfirm Kind = "subscription_confirm" // resident: did you ask for this
	ClosingResident     Kind = "closing_resident"     // thanks, feedback link, next date
	ClosingOrganizer    Kind = "closing_organizer"    // summary
	Digest              Kind = "digest"               // several messages in one
	Test                Kind = "test"                 // a channel is tried out
	Hook                Kind = "event"                // webhooks: the event itself, as JSON
)

// State is where a delivery is.
type State string

// The states of a delivery.
const (
	Queued    State = "queued"
	Sending   State = "sending"
	Retry     State = "retry"
	Delivered State = "delivered"
	GivenUp   State = "given_up"
	Skipped   State = "skipped"
	Merged    State = "merged"
)

// States lists every state, in the order of a life.
var States = []State{Queued, Sending, Retry, Delivered, GivenUp, Skipped, Merged}

// Recipient is a person as the Directory knows it. Lang is one of text.Langs.
type Recipient struct {
	ID    string
	Name  string
	Lang  string
	Email string
}

// Directory finds people. Contacts belong to other packages; app wires these.
// A nil function means that nobody can be found.
type Directory struct {
	// Partner returns a partner's contact; a fault NotFound when there is none any more.
	Partner func(tx *db.Tx, partnerID string) (Recipient, error)
	// Partners returns everybody who is asked when claiming opens.
	Partners func(tx *db.Tx, communityID string) ([]Recipient, error)
	// Organizers returns the organizers of a community.
	Organizers func(tx *db.Tx, communityID string) ([]Recipient, error)
}

// Links are the paths put behind Options.BaseURL; {day}, {market}, {community},
// {offer} and {token} are filled in. Empty ones have the default shown.
type Links struct {
	Day         string // /d/{day}
	Claim       string // /partner/days/{day}
	Market      string // /m/{market}, where no next day is known
	Offer       string // /partner/offers/{offer}
	Feedback    string // /d/{day}/feedback
	Organizer   string // /organizer/days/{day}
	Unsubscribe string // /unsubscribe/{token}
	Confirm     string // /confirm/{token}
}

// Options say how messages go out. A Key and an OutboxDir are enough.
type Options struct {
	BaseURL   string // https://example.org, without a slash at the end
	Directory Directory
	Links     Links
	// Key is the installation's key of seal.KeySize bytes: addresses and secrets are
	// sealed with it, and the digests that find an address again are derived from it.
	Key []byte
	// Mail is the SMTP server; nil writes .eml files into OutboxDir.
	Mail *channel.MailSender
	// OutboxDir is the local folder for .eml and .json files.
	OutboxDir string
	// Offline writes everything into OutboxDir, whatever a channel says.
	Offline bool
	// Guard opens private addresses to webhooks and robots; zero allows none.
	Guard channel.Guard
	// AtHome says where a robot may be; nil is channel.AtHome, the platforms' own
	// hosts. No flag sets it: tests name their receivers here.
	AtHome func(channel.Kind, *url.URL) bool
	// TLS is used for outgoing HTTPS; nil trusts the system's certificates.
	TLS *tls.Config
	// ReminderHour is the local hour of the day before at which reminders go out; 0 is 18.
	ReminderHour int
	Logger       *slog.Logger
}

// Service writes and sends messages.
type Service struct {
	db      *db.DB
	o       Options
	seal    *seal.Box
	finder  []byte // key of the address digests
	senders map[channel.Kind]channel.Sender
	client  *http.Client
	wake    chan struct{}
	pools   map[channel.Kind]int
	// step is called between the steps of a delivery. Tests stop a dispatcher
	// there; it returns false when the dispatcher is to drop what it does.
	step func(where string, deliveryID string) bool
}

// New returns a Service. Nothing is sent before Run.
func New(d *db.DB, o Options) (*Service, error) {
	box, err := seal.New(o.Key)
	if err != nil {
		return nil, err
	}
	finder, err := hkdf.Key(sha256.New, o.Key, nil, "yiji notify digest v1", sha256.Size)
	if err != nil {
		return nil, err
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.ReminderHour <= 0 || o.ReminderHour > 23 {
		o.ReminderHour = 18
	}
	if o.AtHome == nil {
		o.AtHome = channel.AtHome
	}
	o.Links = o.Links.filled()
	s := &Service{db: d, o: o, seal: box, finder: finder, pools: pools, wake: make(chan struct{}, 1), client: channel.NewClient(o.Guard, o.TLS)}
	s.step = func(string, string) bool { return true }
	s.senders = s.adapters()
	return s, nil
}

func (s *Service) adapters() map[channel.Kind]channel.Sender {
	out := map[channel.Kind]channel.Sender{}
	for _, k := range channel.Kinds {
		f := channel.FolderSender{Dir: s.o.OutboxDir, Kind: k}
		if s.o.Mail != nil {
			f.From = s.o.Mail.From
		}
		out[k] = f
	}
	if s.o.Offline {
		return out
	}
	if s.o.Mail != nil {
		out[channel.Mail] = *s.o.Mail
	}
	out[channel.Webhook] = channel.WebhookSender{Client: s.client}
	for k, robot := range map[channel.Kind]channel.Sender{
		channel.WeCom: channel.WeComSender{Client: s.client}, channel.DingTalk: channel.DingTalkSender{Client: s.client}, channel.Feishu: channel.FeishuSender{Client: s.client},
	} {
		out[k] = channel.HomeSender{Sender: robot, Kind: k, AtHome: s.o.AtHome}
	}
	return out
}

// needsAddress reports whether somebody without a mail address cannot be reached.
func (s *Service) needsAddress() bool { return s.o.Mail != nil && !s.o.Offline }

// Wake makes the dispatcher look again: after a reaction was committed, or when
// a test or demonstration has moved the clock. It never blocks.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (l Links) filled() Links {
	or := func(s *string, standard string) {
		if *s == "" {
			*s = standard
		}
	}
	or(&l.Day, "/d/{day}")
	or(&l.Claim, "/partner/days/{day}")
	or(&l.Market, "/m/{market}")
	or(&l.Offer, "/partner/offers/{offer}")
	or(&l.Feedback, "/d/{day}/feedback")
	or(&l.Organizer, "/organizer/days/{day}")
	or(&l.Unsubscribe, "/unsubscribe/{token}")
	or(&l.Confirm, "/confirm/{token}")
	return l
}

// lease is how long a claimed delivery belongs to one dispatcher: well over the
// longest attempt, so that only a dead one loses it.
const lease = 4 * channel.Timeout

// pollEvery is the safety net: what no signal announced is found this late.
const pollEvery = 30 * time.Second
