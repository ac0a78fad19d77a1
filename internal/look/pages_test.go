//go:build !race

package look

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
	"yiji/web"
)

// row is one page as somebody sees it. A pattern may have several rows.
type row struct {
	path   string // as the route table has it, with a query when it needs one
	name   string // in the ledger and the gallery; "" is made from the path
	bar    browser.Bar
	as     account.Kind // "" is nobody
	at     []stage.Moment
	ticket queue.State // whose number and card it is
	main   bool        // one of the most important: looked at in every way
	not    string      // why it is not opened in a browser
}

var (
	always = []stage.Moment{stage.Busy}
	life   = []stage.Moment{stage.Planned, stage.Busy, stage.Settled}
	birth  = []stage.Moment{stage.Empty, stage.Busy}
	before = []stage.Moment{stage.Planned}
	after  = []stage.Moment{stage.Settled}
)

const (
	organizer = account.Organizer
	partner   = account.Partner
	desk      = account.Desk
	kiosk     = account.Kiosk
	admin     = account.Admin
)

// pages is every page of the house: for whom, when.
var pages = slices.Concat([]row{
	{path: "/", bar: browser.Residents, at: birth},
	{path: "/c/:community", bar: browser.Residents, at: []stage.Moment{stage.Empty, stage.Planned, stage.Busy, stage.Settled}, main: true},
	{path: "/c/:community/calendar.ics", not: "a file"},
	{path: "/c/:community/qr.svg", not: "a picture"},
	{path: "/sw.js", not: "the service worker"},
	{path: "/offline", bar: browser.Residents, at: always},
	{path: "/d/:day", bar: browser.Residents, at: life, main: true},
	{path: "/d/:day/qr.svg", not: "a picture"},
	{path: "/d/:day/live", not: "a stream of events"},
	{path: "/d/:day/live.json", not: "for the pages' scripts"},
	{path: "/d/:day/screen/live", not: "a stream of events"},
	{path: "/d/:day/screen/live.json", not: "for the pages' scripts"},
	{path: "/d/:day/card", bar: browser.Residents, at: always, ticket: queue.Waiting},
	{path: "/t/:ticket", name: "ticket-waiting", bar: browser.Residents, at: always, ticket: queue.Waiting, main: true},
	{path: "/t/:ticket", name: "ticket-called", bar: browser.Residents, at: always, ticket: queue.Called},
	{path: "/t/:ticket", name: "ticket-served", bar: browser.Residents, at: after, ticket: queue.Served},
	{path: "/t/:ticket", name: "ticket-expired", bar: browser.Residents, at: after, ticket: queue.Expired},
	{path: "/t/:ticket/qr.svg", not: "a picture"},
	{path: "/d/:day/feedback", bar: browser.Residents, at: after},
	{path: "/d/:day/subscribe", bar: browser.Residents, at: before},
	{path: "/unsubscribe/:token", bar: browser.Residents, at: after},
	{path: "/confirm/:token", bar: browser.Residents, at: after},
	{path: "/d/:day/screen", bar: browser.Residents, at: life},

	{path: "/login", bar: browser.Standing, at: always},
	{path: "/setup/:token", bar: browser.Standing, at: []stage.Moment{stage.Bare}},
	{path: "/invite/:token", bar: browser.Standing, at: always},
	{path: "/me", bar: browser.Standing, as: partner, at: always},

	{path: "/desk/:community", bar: browser.Standing, as: desk, at: []stage.Moment{stage.Empty, stage.Busy, stage.Settled}},
	{path: "/desk/:community/tickets?number=:number&line=:slipline", bar: browser.Standing, as: desk, at: always},
	{path: "/desk/:community/tickets/:ticket", bar: browser.Standing, as: desk, at: always, ticket: queue.Waiting},

	{path: "/kiosk/:community", bar: browser.Residents, as: kiosk, at: []stage.Moment{stage.Empty, stage.Planned, stage.Busy, stage.Settled}},
	{path: "/kiosk/:community/setup", bar: browser.Residents, as: kiosk, at: always},
	{path: "/kiosk/:community/ticket", not: "TestTheKioskGivesANumber takes one and measures it"},

	{path: "/p", bar: browser.Standing, as: partner, at: before},
	{path: "/p/:community", bar: browser.Standing, as: partner, at: life},
	{path: "/p/:community/days/:day", bar: browser.Standing, as: partner, at: life},
	{path: "/p/:community/days/:day/letter", bar: browser.Standing, as: partner, at: []stage.Moment{stage.Settled}},
	{path: "/p/:community/offers/:offer", not: "TestAnOfferIsAnswered makes one and opens it"},
	{path: "/p/:community/lines/:line", bar: browser.Standing, as: partner, at: []stage.Moment{stage.Busy, stage.Settled}, main: true},
}, officePages)

// officePages are the organizers' and the administrator's.
var officePages = []row{
	{path: "/admin/communities", bar: browser.Office, as: admin, at: birth},
	{path: "/admin/communities/:community", bar: browser.Office, as: admin, at: always},
	{path: "/admin/holidays", bar: browser.Office, as: admin, at: always},
	{path: "/o", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community", bar: browser.Office, as: organizer, at: []stage.Moment{stage.Empty, stage.Planned, stage.Busy, stage.Settled}, main: true},
	{path: "/o/:community/more", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days", bar: browser.Office, as: organizer, at: birth},
	{path: "/o/:community/people", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/markets", bar: browser.Office, as: organizer, at: birth},
	{path: "/o/:community/markets/new", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/markets/:market", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/markets/:market/layout", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/partners", bar: browser.Office, as: organizer, at: birth},
	{path: "/o/:community/partners/new", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/partners/:partner", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/import", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/import/template.xlsx", not: "a file"},
	{path: "/o/:community/import/roster.xlsx", not: "a file"},
	{path: "/o/:community/days/:day", bar: browser.Office, as: organizer, at: life},
	{path: "/o/:community/days/:day/confirm", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/open", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/close", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days/:day/cancel", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/move", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/claims", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/claims?partner=:partner", name: "o-days-claims-partner", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/plan", bar: browser.Office, as: organizer, at: before},
	{path: "/o/:community/days/:day/summary", bar: browser.Office, as: organizer, at: []stage.Moment{stage.Busy, stage.Settled}},
	{path: "/o/:community/days/:day/incidents", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days/:day/change", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days/:day/phones", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days/:day/paper", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/days/:day/paper/poster", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/paper/plan", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/paper/signin", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/paper/phones", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/paper/slips", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/report", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/days/:day/ledger.xlsx", not: "a file"},
	{path: "/o/:community/ledger.xlsx", not: "a file"},
	{path: "/o/:community/messages", bar: browser.Office, as: organizer, at: []stage.Moment{stage.Empty, stage.Planned, stage.Settled}},
	{path: "/o/:community/messages?day=:day", name: "o-messages-day", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/messages?batch=:delivery", name: "o-messages-batch", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/messages/:delivery", bar: browser.Office, as: organizer, at: after},
	{path: "/o/:community/parked", bar: browser.Office, as: organizer, at: always},
	{path: "/o/:community/channels", bar: browser.Office, as: organizer, at: birth},
	{path: "/o/:community/channels/:channel", bar: browser.Office, as: organizer, at: always},
}

func (r row) pattern() string { p, _, _ := strings.Cut(r.path, "?"); return p }

// title names the row: "/o/:community/days/:day" is "o-days-day".
func (r row) title() string {
	if r.name != "" {
		return r.name
	}
	var parts []string
	for _, p := range strings.Split(strings.Trim(r.pattern(), "/"), "/") {
		if p != ":community" || strings.HasSuffix(r.path, p) {
			parts = append(parts, strings.Trim(p, ":"))
		}
	}
	if s := strings.Join(parts, "-"); s != "" {
		return s
	}
	return "index"
}

// address is the row's page in a world.
func (r row) address(w *stage.World) string {
	token := w.Invitation
	switch r.pattern() {
	case "/setup/:token":
		token = w.Setup
	case "/unsubscribe/:token":
		token = w.Unsubscribe
	case "/confirm/:token":
		token = w.Confirm
	}
	ticket := w.Numbers[r.ticket].Handle
	if r.as == desk {
		ticket = w.Slip
	}
	return w.Base + strings.NewReplacer(":number", strconv.Itoa(w.SlipNumber), ":slipline", w.SlipLine, ":community", w.Community, ":day", w.Day, ":market", w.Market, ":partner", w.Partner, ":line", w.Line,
		":ticket", ticket, ":channel", w.Channel, ":delivery", w.Delivery, ":token", token).Replace(r.path)
}

// enter gives the page the cookies of the row's person.
func (r row) enter(p *browser.Page, w *stage.World) {
	if r.as != "" {
		p.Cookie(w.Base, stage.Cookie, w.Token(r.as))
	}
	if r.ticket != "" {
		p.Cookie(w.Base, stage.CardCookie, w.Numbers[r.ticket].Visitor)
	}
}

// Every page of the route table has a row, and every row a page.
func TestTableIsComplete(t *testing.T) {
	s, err := web.New(web.Options{BaseURL: "http://localhost", Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	have := s.Pages()
	if len(have) < 40 {
		t.Fatalf("only %d pages: the test looks in the wrong place", len(have))
	}
	named := map[string]bool{}
	for _, r := range pages {
		if !slices.Contains(have, r.pattern()) {
			t.Errorf("%s is no page of the route table", r.path)
		}
		if r.not == "" && len(r.at) == 0 {
			t.Errorf("%s is never looked at and does not say why", r.path)
		}
		if named[r.title()] {
			t.Errorf("two rows are called %s", r.title())
		}
		named[r.title()] = true
	}
	for _, p := range have {
		if !slices.ContainsFunc(pages, func(r row) bool { return r.pattern() == p }) {
			t.Errorf("%s has no row: say for whom it is and when it is looked at", p)
		}
	}
}
