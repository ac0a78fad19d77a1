// Package web shows the house to people: residents, partners, desk, organizers
// and programs. One server, one table of routes, one page per file.
//
//	request ─▶ headers, limits ─▶ origin, form token ─▶ who (session) ─▶ where (scope)
//	        ─▶ account.Allow ─▶ handler: decode, one call, render ─▶ page | JSON
//	                                      └─ error ─▶ errors.go: kind → status, text
//
// # Adding a page
//
// A page is two files and one row. page_xxx.templ holds a typed struct and its
// markup, page_xxx.go the handlers, routes.go one line:
//
//	{method: get, path: "/o/:community/partners", action: account.PartnerList, where: inCommunity, handle: s.partnersPage},
//
//	// page_partners.templ
//	type partnersView struct {
//		page
//		Partners []booths.Partner
//	}
//	templ partnersPage(v partnersView) {
//		@layout(v.page) {
//			<h1>{ v.T("organizer.partners") }</h1>
//		}
//	}
//
//	// page_partners.go
//	func (s *Server) partnersPage(c *call) error {
//		list, err := s.Booths.Partners(c.ctx(), c.In.CommunityID)
//		if err != nil {
//			return err
//		}
//		return c.show(partnersPage(partnersView{c.console("organizer.partners"), list}))
//	}
//
// Run "go generate ./web" after changing a .templ file and commit what it
// writes. A handler never asks who the actor is in order to allow something:
// the row's action and scope have decided that before it runs. A scope fills
// c.In, the object the action is done to; routes.go lists them.
//
// # Adding a form
//
// The GET handler shows the page with an empty form, the POST handler reads it,
// makes one call and answers with a redirect. When the call fails the same
// page comes back with everything that was typed and the reason beside its
// field; the fault's Field names the form's field:
//
//	func (s *Server) partnerSave(c *call) error {
//		f := c.form("name", "phone")
//		_, err := s.Booths.SavePartner(c.ctx(), …, f.Get("name"), f.Key)
//		if err != nil {
//			return c.again(f, err, func(f form) templ.Component { return partnerPage(partnerView{c.console("organizer.partner"), f}) })
//		}
//		return c.done("/o/"+c.Community.Slug+"/partners", "done.saved")
//	}
//
// In the markup write <form method="post" action="…">, put @formHead(v.form)
// first (hidden token, idempotency key, what is wrong in general), then
// @field(v.form, input{Name: "name", Label: v.T("…")}), @selection or @boxes.
// Texts after a redirect are keys that start with "done.". A form with a file
// has enctype="multipart/form-data", its row body: uploadLimit; c.upload reads it.
//
// # Adding to the API
//
// The API is one table, too: a row in the …API() function of its file names
// method, path, summary, action, scope and a handler whose types say what it
// reads and answers. Routes and the OpenAPI document come from the rows.
//
//	{method: post, path: "/days/:day/lines/:line/tickets", summary: "Take a number", action: account.TicketTake, where: nowhere, do: on(s.apiTake), status: 201, keyed: true},
//
//	func (s *Server) apiTake(c *call, in takeRequest) (queue.Ticket, error)
//
// The members of the input come from the JSON body, for GET from the query;
// one without omitempty is required. What is unknown, missing, null, twice or of
// the wrong type is refused before the handler runs, naming the field; tags
// enum, format and pattern only describe, services judge. A returned error
// becomes {"error":{"code","field","message","reason"}}. Empty lists are
// [], instants have the offset of the community (c.inZone where the path names
// none). Rows that are keyed need the header Idempotency-Key; c.given() is its
// value. Programs show their session as "Authorization: Bearer …". The tests
// hold every request and answer against the served document.
//
// # Live pages
//
// A page is complete as it is served; live.js then keeps it current while the
// market runs. It is an ES module:
//
//	import { follow, ahead } from "./live.js";
//	const stop = follow("/d/" + day + "/live", {
//		onLine: l => …,   // the whole state of one line, whenever it changes
//		onDay: d => …,    // the day's
//		onAll: ids => …,  // a complete picture follows: lines not among ids are gone
//		onState: s => …,  // "live", "poll" (every few seconds) or "offline"
//	});
//
// Every handler may be left out, and may be called again with what it knows:
// a frame is a complete state, so showing it twice is showing it once. A frame
// is never older than the one before it. internal/live/frame.go says what is in
// one; a line's: line booth service kind state why_code why waiting order wait
// {lo hi known left} near called serving calls [{number at calls open}] ready stock_left
// issued desk_only at. state may be "removed". People before number n: ahead(l, n), -1
// when n does not wait (then look into called, serving, ready). A page with a
// line it has never heard of reloads itself.
//
// What a screen speaks are the calls whose (number, calls) it has not spoken:
// the last five are in every frame, so calls that came together are all there;
// the first frame after loading is what has been called before.
//
// follow takes up a cut connection by itself, wakes when the page is shown
// again (WeChat suspends pages) and falls back to GET …/live.json. Numbers
// only: a ticket's own page learns its number from its own markup.
//
// Residents' pages share fresh.js: numbers are written in place, and where other
// words are due (data-sig no longer fits the frame) the element #whole of the
// page is asked for anew, so every sentence comes from the server. A page whose
// network is gone says in #stale how old it is. The pages of numbers put
// themselves, as they stand, into the store of the service worker (/sw.js),
// which shows them when the network does not answer; deleting one's data empties
// it. The page of the desk is kept there, too (kept.js), for the login that opened
// it. A number asked for is written down with its key until it is answered
// (day.js), so a lost answer is asked for again and gives the same number.
//
// # Errors
//
// Return them. errors.go alone knows what a kind means in HTTP; the sentence
// a user reads is the text "error.<code>", or that of the kind when there is none.
package web

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1020 generate
