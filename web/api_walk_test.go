package web

import (
	"net/url"
	"strings"
	"testing"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/scheduler"
)

// walk is a whole market day over the API, from the set-up link on.
type walk struct {
	*fair
	admin, organizer, anyone *program
	doctors, grinder, late   *program
	ids                      map[string]string // partners by name
	dayID                    string
}

const walkPath = "/communities/xiangyang"

// Everything a market day needs is done over the API alone; every request and
// every answer is held against the served document, on both databases.
func TestAMarketDayOverTheAPI(t *testing.T) {
	clock := &dbtest.Clock{}
	clock.Set(at(10, 28, 10, 0))
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(at(10, 28, 10, 0))
		w := &walk{fair: &fair{rig: start(t, d), clock: clock}, ids: map[string]string{}}
		w.Server.door.limits.Off = true
		w.hearAll()
		w.anyone = w.program()
		w.found()
		w.prepare()
		w.until(at(10, 30, 10, 0))
		w.claimPlaces()
		w.plan()
		w.edit()
		w.until(at(11, 19, 8, 30))
		w.logIn()
		w.serve()
		w.end()
	})
}

// found: set-up link, community, organizer.
func (w *walk) found() {
	w.t.Helper()
	link, _, err := w.Account.SetupLink(w.t.Context())
	w.ok(err)
	who := map[string]any{"name": "王主任", "email": "admin@example.org", "password": "long-enough-2026", "lang": "zh-Hans"}
	var s session
	first := w.anyone.ask(post, "/setup/"+link, who, "setup")
	again := w.anyone.ask(post, "/setup/"+link, who, "setup")
	if first.Status != 201 || again.Status != 201 {
		w.t.Fatalf("set up %d, repeated %d: %s %s", first.Status, again.Status, first.Raw, again.Raw)
	}
	w.anyone.must(201, post, "/sessions", map[string]any{"email": "admin@example.org", "password": "long-enough-2026"}, &s)
	w.admin = w.program(s.Token)
	place := map[string]any{"slug": "xiangyang", "name": "向阳社区", "city": "泰安", "timezone": "Asia/Shanghai"}
	w.admin.must(201, post, "/communities", place, &w.place)
	w.admin.must(201, post, "/communities", place, nil)
	place["name"] = "别的社区"
	if r := w.admin.ask(post, "/communities", place); r.Status != 409 || r.Problem.Field != "slug" {
		w.t.Errorf("another community of the same slug: %d %+v", r.Status, r.Problem)
	}
	w.organizer = w.comeIn(map[string]any{"role": "organizer", "label": "小李"}, "李工")
	w.admin.must(200, put, walkPath, map[string]any{"name": "向阳社区", "city": "泰安", "address": "向阳街 1 号", "phone": "0538-0000000"}, &w.place)
	var all list[scheduler.Community]
	w.anyone.must(200, get, "/communities", nil, &all)
	w.anyone.must(200, get, walkPath, nil, nil)
	if len(all.Items) != 1 || w.place.Address != "向阳街 1 号" {
		w.t.Errorf("communities %+v", all)
	}
}

// comeIn invites somebody and lets them in by the link.
func (w *walk) comeIn(role map[string]any, name string) *program {
	w.t.Helper()
	by := w.admin
	if role["role"] == "partner" {
		by = w.organizer
	}
	var one, same inviteAnswer
	key := db.NewID()
	r := by.ask(post, walkPath+"/invitations", role, key)
	w.decode(r, 201, &one)
	w.decode(by.ask(post, walkPath+"/invitations", role, key), 201, &same)
	if one != same {
		w.t.Errorf("the same key gave two links: %s %s", one.Link, same.Link)
	}
	u, err := url.Parse(one.Link)
	w.ok(err)
	token := strings.TrimPrefix(u.Path, "/invite/")
	var l linkAnswer
	w.anyone.must(200, get, "/invitations/"+token, nil, &l)
	if l.Role != role["role"] || l.Community != "向阳社区" {
		w.t.Errorf("the link says %+v", l)
	}
	var s session
	who := map[string]any{"name": name}
	if role["role"] == "organizer" {
		who["email"], who["password"] = "worker@example.org", "long-enough-2026"
	}
	w.anyone.must(201, post, "/invitations/"+token, who, &s)
	if r := w.anyone.ask(post, "/invitations/"+token, map[string]any{"name": "somebody else"}); r.Status != 409 {
		w.t.Errorf("a used link: %d %s", r.Status, r.Raw)
	}
	p := w.program(s.Token)
	var me meAnswer
	p.must(200, get, "/me", nil, &me)
	if me.Name != name || len(me.Roles) != 1 || string(me.Roles[0].Kind) != role["role"] {
		w.t.Errorf("me %+v", me)
	}
	return p
}

func (w *walk) decode(r reply, status int, into any) {
	w.t.Helper()
	if r.Status != status {
		w.t.Fatalf("%d, want %d: %s", r.Status, status, r.Raw)
	}
	w.ok(unmarshal(r.Raw, into))
}

// prepare: market, ground, partners.
func (w *walk) prepare() {
	w.t.Helper()
	o := w.organizer
	market := map[string]any{"slug": "m", "name": "幸福长九", "venue": "门口", "rule": map[string]any{"monthly": map[string]any{"days": []int{19}}},
		"opens": "09:00", "closes": "11:30", "holiday": "next-workday", "leads": map[string]any{"serve_minutes": 20}}
	o.must(201, post, walkPath+"/markets", market, &w.market)
	if w.market.Leads.ServeMinutes != 20 || w.market.Leads.PlanDays != 60 {
		w.t.Errorf("lead times %+v", w.market.Leads)
	}
	if r := o.ask(post, walkPath+"/markets", market); r.Status != 409 || r.Problem.Code != "market.slug_taken" {
		w.t.Errorf("the same market again: %d %+v", r.Status, r.Problem)
	}
	market["venue"] = "党群服务中心门口"
	o.must(200, post, walkPath+"/markets/m/preview", market, nil)
	o.must(200, put, walkPath+"/markets/m", market, &w.market)
	if w.market.Leads.ServeMinutes != 20 || w.market.Venue != "党群服务中心门口" {
		w.t.Errorf("market %+v", w.market)
	}
	o.must(200, post, walkPath+"/markets/m/exceptions", map[string]any{"kind": "skip", "date": "2026-12-19", "why": "装修"}, nil)
	o.must(200, del, walkPath+"/markets/m/exceptions/2026-12-19", nil, nil)
	o.must(200, get, walkPath+"/markets", nil, nil)
	o.must(200, get, walkPath+"/markets/"+w.market.ID, nil, nil)
	var ground booths.Layout
	layout := map[string]any{"zones": []any{map[string]any{"name": "便民区"}}, "booths": []any{
		map[string]any{"code": "A1", "zone": "便民区", "x": 100, "y": 200, "features": []string{"power"}}, map[string]any{"code": "A2", "x": 500, "y": 200}}}
	o.must(200, put, walkPath+"/markets/m/layout", layout, nil)
	o.must(200, get, walkPath+"/markets/m/layout", nil, &ground)
	if len(ground.Booths) != 2 || ground.Booths[1].X != 500 {
		w.t.Errorf("layout %+v", ground)
	}
	person := func(n string) map[string]any { return map[string]any{"name": n, "kind": "person", "minutes": 3} }
	w.doctors = w.admit("医院", "clinic", person("血压"), person("针灸"))
	w.grinder = w.admit("磨刀师傅", "repair", map[string]any{"name": "磨刀", "kind": "item", "minutes": 8})
	w.late = w.admit("豆浆铺", "food", map[string]any{"name": "豆浆", "kind": "stock", "minutes": 1, "stock": 2})
}

func (w *walk) admit(name, category string, services ...map[string]any) *program {
	w.t.Helper()
	var p booths.Partner
	body := map[string]any{"name": name, "kind": "organisation", "category": category, "services": services,
		"contact": map[string]any{"person": "某人", "telephone": "13800000000", "email": "p@example.org"}}
	r := w.organizer.must(201, post, walkPath+"/partners", body, &p)
	if strings.Contains(string(r.Raw), "13800000000") {
		w.t.Error("the contact was answered")
	}
	delete(body, "contact")
	body["loud"] = true
	w.organizer.must(200, put, walkPath+"/partners/"+p.ID, body, &p)
	kept, err := w.Booths.Partner(w.t.Context(), booths.Scope{CommunityID: w.place.ID}, p.ID)
	w.ok(err)
	if kept.Contact.Telephone != "13800000000" || !p.Loud {
		w.t.Errorf("changing a partner without its contact: %+v", kept)
	}
	w.organizer.must(200, get, walkPath+"/partners", nil, nil)
	w.ids[name] = p.ID
	return w.comeIn(map[string]any{"role": "partner", "partner": p.ID}, name)
}

// logIn renews the organizer's session, which ends after a week without use.
func (w *walk) logIn() {
	w.t.Helper()
	var s session
	w.anyone.must(201, post, "/sessions", map[string]any{"email": "worker@example.org", "password": "long-enough-2026"}, &s)
	w.organizer.token = s.Token
}

// claimPlaces: partners ask by the names of their services.
func (w *walk) claimPlaces() {
	w.t.Helper()
	var days list[dayAnswer]
	r := w.anyone.must(200, get, walkPath+"/days?from=2026-11-01&to=2026-11-30&state=claiming&market=m&limit=5", nil, &days)
	if len(days.Items) != 1 || days.Items[0].Date != "2026-11-19" || !strings.Contains(string(r.Raw), `"opens_at":"2026-11-19T09:00:00+08:00"`) {
		w.t.Fatalf("days %s", r.Raw)
	}
	w.dayID = days.Items[0].ID
	claims := walkPath + "/days/" + w.dayID + "/claims"
	key := db.NewID()
	var one, same booths.Claim
	w.decode(w.doctors.ask(post, claims, map[string]any{"services": []string{"血压"}, "wishes": map[string]any{"booths": []string{"A1"}}}, key), 201, &one)
	w.decode(w.doctors.ask(post, claims, map[string]any{"services": []string{"血压"}, "wishes": map[string]any{"booths": []string{"A1"}}}, key), 201, &same)
	if one.ID != same.ID || len(one.Services) != 1 || one.Services[0].Name != "血压" {
		w.t.Errorf("claims %+v %+v", one, same)
	}
	if r := w.doctors.ask(post, claims, map[string]any{}, key); r.Status != 422 || r.Problem.Code != "idempotency.body_differs" {
		w.t.Errorf("the same key for something else: %d %+v", r.Status, r.Problem)
	}
	if r := w.doctors.ask(post, claims, map[string]any{"partner": w.ids["磨刀师傅"]}, db.NewID()); r.Status != 403 {
		w.t.Errorf("claimed for somebody else: %d", r.Status)
	}
	for field, wishes := range map[string]any{"wishes.booths[1]": map[string]any{"booths": []string{"A1", "Z9"}}, "wishes.zones[0]": map[string]any{"zones": []string{"南区"}}} {
		if r := w.doctors.ask(post, claims, map[string]any{"services": []string{"针灸"}, "wishes": wishes}, db.NewID()); r.Status != 422 || r.Problem.Field != field {
			w.t.Errorf("a wish for what is not on the ground: %d %+v", r.Status, r.Problem)
		}
	}
	w.organizer.must(201, post, claims, map[string]any{"partner": w.ids["磨刀师傅"], "services": []string{"磨刀"}}, nil)
	w.organizer.must(200, get, claims, nil, nil)
	w.hear()
	w.layOut()
}

// layOut: a ground changed while a day takes claims names the day, which gets
// it when told to.
func (w *walk) layOut() {
	w.t.Helper()
	o, at := w.organizer, walkPath+"/markets/m/"
	var ground booths.Layout
	o.must(200, get, at+"layout", nil, &ground)
	for i := range ground.Booths {
		ground.Booths[i].Y += 100
	}
	for range 2 { // there and back
		for i := range ground.Booths {
			ground.Booths[i].Y -= 50
		}
		var saved layoutSaved
		o.must(200, put, at+"layout", ground, &saved)
		if len(saved.Behind) != 1 || saved.Behind[0].Day != w.dayID || !saved.Behind[0].Ground || len(saved.Booths) != 2 {
			w.t.Fatalf("saved %+v", saved)
		}
		var late list[behindDay]
		o.must(200, get, at+"behind", nil, &late)
		if len(late.Items) != 1 || late.Items[0].HeldOn != "2026-11-19" {
			w.t.Errorf("behind %+v", late)
		}
		catchUp := walkPath + "/days/" + w.dayID + "/catch-up"
		o.must(204, post, catchUp, nil, nil)
		o.must(204, post, catchUp+"/undo", nil, nil)
		o.must(409, post, catchUp+"/undo", nil, nil) // it is as it was before
		o.must(204, post, catchUp, nil, nil)
		o.must(200, get, at+"behind", nil, &late)
		if len(late.Items) != 0 {
			w.t.Errorf("still behind: %+v", late)
		}
	}
}

// plan: a draft with reasons, a decision over it, publication.
func (w *walk) plan() {
	w.t.Helper()
	day := walkPath + "/days/" + w.dayID
	var draft, final planAnswer
	w.organizer.must(200, get, day+"/plan", nil, &draft)
	if draft.Published || len(draft.Assignments) != 2 || len(draft.Assignments[0].Reasons) == 0 {
		w.t.Errorf("draft %+v", draft)
	}
	var all list[booths.Claim]
	w.organizer.must(200, get, day+"/claims", nil, &all)
	for _, c := range all.Items {
		if c.Partner == "磨刀师傅" {
			w.organizer.must(204, post, day+"/override", map[string]any{"claim": c.ID, "booth": "A2", "reason": "离水近"}, nil)
		}
	}
	if r := w.organizer.ask(post, day+"/override", map[string]any{"claim": all.Items[0].ID, "booth": "Z9", "reason": "x"}); r.Status != 404 || r.Problem.Field != "booth" {
		w.t.Errorf("a booth that is not there: %d %+v", r.Status, r.Problem)
	}
	w.organizer.must(200, post, day+"/confirm", nil, nil)
	w.hear()
	w.organizer.must(200, get, day+"/plan", nil, &final)
	if !final.Published || len(final.Assignments) != 2 || final.Assignments[1].Booth != "A2" || final.Assignments[1].Partner != "磨刀师傅" {
		w.t.Errorf("plan %+v", final)
	}
}

// edit: single edits after publication, an offer among them.
func (w *walk) edit() {
	w.t.Helper()
	day := walkPath + "/days/" + w.dayID
	var c booths.Claim
	w.late.must(201, post, day+"/claims", map[string]any{}, &c)
	if r := w.late.ask(post, day+"/booths/A1/claim", nil, db.NewID()); r.Status != 409 || r.Problem.Code != "booth.taken" {
		w.t.Errorf("a taken booth: %d %+v", r.Status, r.Problem)
	}
	var plan planAnswer
	w.organizer.must(200, get, day+"/plan", nil, &plan)
	held := plan.Booths[1].Claim
	if len(plan.Waitlist) != 1 || held == nil {
		w.t.Fatalf("plan %+v", plan)
	}
	if r := w.late.ask(post, walkPath+"/assignments/"+held.Holding.ID+"/release", map[string]any{}); r.Status != 404 {
		w.t.Errorf("released somebody else's booth: %d", r.Status)
	}
	w.grinder.must(204, post, walkPath+"/assignments/"+held.Holding.ID+"/release", map[string]any{"reason": "病了"}, nil)
	w.hear()
	var all list[booths.Claim]
	w.organizer.must(200, get, day+"/claims", nil, &all)
	for _, k := range all.Items {
		if k.ID == c.ID && k.Offer != nil {
			w.late.must(204, post, walkPath+"/offers/"+k.Offer.ID+"/decline", nil, nil)
			w.late.must(204, post, walkPath+"/claims/"+c.ID+"/withdraw", nil, nil)
		}
	}
	w.hear()
	w.grinder.must(201, post, day+"/booths/A2/claim", map[string]any{"services": []string{"磨刀"}}, &c)
	if c.Holding == nil || c.Holding.Code != "A2" {
		w.t.Errorf("claimed directly: %+v", c)
	}
	w.hear()
}

// serve: opening, numbers, calls.
func (w *walk) serve() {
	w.t.Helper()
	w.organizer.must(200, post, walkPath+"/days/"+w.dayID+"/open", nil, nil)
	w.hear()
	var d openDay
	w.anyone.must(200, get, "/days/"+w.dayID, nil, &d)
	if d.State != "open" || len(d.Lines) != 2 || d.Lines[0].Partner == "" || d.Lines[0].State != "open" {
		w.t.Fatalf("day %+v", d)
	}
	w.anyone.must(200, post, "/days/"+w.dayID+"/check-in", map[string]any{}, nil)
	for _, l := range d.Lines {
		if l.Service == "磨刀" {
			w.runItems(l.ID)
		} else {
			w.runPersons(l.ID)
		}
	}
	w.hear()
}

func (w *walk) runPersons(line string) {
	w.t.Helper()
	take, run := "/days/"+w.dayID+"/lines/"+line+"/tickets", walkPath+"/lines/"+line+"/"
	var a, b, n queue.Ticket
	w.decode(w.anyone.ask(post, take, map[string]any{}, "first"), 201, &a)
	w.decode(w.anyone.ask(post, take, map[string]any{}, "first"), 201, &b)
	if a.Number != 1 || b.Handle != a.Handle || b.Visitor != a.Visitor {
		w.t.Errorf("the same key gave %+v and %+v", a, b)
	}
	if r := w.anyone.ask(post, take, map[string]any{"visitor": db.NewID()}, "first"); r.Status != 422 || r.Problem.Code != "idempotency.body_differs" {
		w.t.Errorf("the same key for another number: %d %+v", r.Status, r.Problem)
	}
	b = queue.Ticket{}
	if r := w.anyone.ask(post, take, map[string]any{"priority": true}, db.NewID()); r.Status != 401 {
		w.t.Errorf("anybody comes before the others: %d", r.Status)
	}
	w.organizer.must(201, post, take, map[string]any{"visitor": db.NewID(), "priority": true}, &b)
	if r := w.anyone.ask(post, take, map[string]any{"via": "desk", "proxy": true}, db.NewID()); r.Status != 401 {
		w.t.Errorf("anybody issues at the desk: %d", r.Status)
	}
	w.organizer.must(201, post, take, map[string]any{"via": "desk", "proxy": true, "visitor": a.Visitor}, &n)
	if a.Number != 1 || b.Number != 2 || n.Number != 3 || a.Handle == "" || n.Visitor != a.Visitor {
		w.t.Errorf("tickets %+v %+v %+v", a, b, n)
	}
	var held ticketAnswer
	w.anyone.must(200, get, "/tickets/"+n.Handle, nil, &held)
	if held.Ahead != 2 || held.Line.Partner != "医院" {
		w.t.Errorf("ticket %+v", held)
	}
	w.anyone.must(200, post, "/tickets/"+n.Handle+"/leave", nil, nil)
	w.anyone.must(200, post, "/tickets/"+n.Handle+"/stay", nil, nil)
	if r := w.grinder.ask(post, run+"next", map[string]any{}); r.Status != 403 {
		w.t.Errorf("somebody else runs the line: %d", r.Status)
	}
	n = queue.Ticket{}
	w.doctors.must(200, post, run+"next", map[string]any{}, &n)
	if n.Number != 1 || n.Handle != "" || n.Visitor != "" {
		w.t.Errorf("the booth sees %+v", n)
	}
	w.clock.Set(w.clock.Now().Add(61e9))
	w.doctors.must(200, post, run+"recall", map[string]any{"ticket": n.ID}, nil)
	w.doctors.must(200, post, run+"missed", map[string]any{"ticket": n.ID}, nil)
	var c queue.Console
	w.doctors.must(200, get, strings.TrimSuffix(run, "/"), nil, &c)
	if r := w.doctors.ask(post, run+"undo", map[string]any{}); r.Status != 422 || r.Problem.Code != "request.missing" {
		w.t.Errorf("an undo of nothing named: %d %+v", r.Status, r.Problem)
	}
	w.doctors.must(200, post, run+"undo", map[string]any{"move": c.Undo.Move}, nil)
	if r := w.doctors.ask(post, run+"undo", map[string]any{"move": c.Undo.Move}); r.Status != 409 || r.Problem.Code != "queue.undo_stale" {
		w.t.Errorf("another device undoes the same: %d %+v", r.Status, r.Problem)
	}
	w.doctors.must(200, post, run+"accept", map[string]any{"ticket": n.ID}, nil)
	w.doctors.must(200, post, run+"serve", map[string]any{"ticket": n.ID}, nil)
	c = queue.Console{}
	w.doctors.must(200, post, run+"pause", map[string]any{"reason": "吃饭"}, &c)
	if c.Line.State != queue.LinePaused || c.Line.Why != "吃饭" {
		w.t.Errorf("paused %+v", c.Line)
	}
	w.doctors.must(200, post, run+"resume", nil, &c)
	if r := w.doctors.ask(post, run+"next", map[string]any{"version": c.Line.Version + 7}, "next-of-a-version-0001"); r.Status != 409 {
		w.t.Errorf("a command for another version: %d %s", r.Status, r.Raw)
	}
	var turn queue.Turn
	w.doctors.must(200, post, run+"serve-and-next", map[string]any{}, &turn)
	for range 2 {
		n = *turn.Next
		w.doctors.must(200, post, run+"serve-and-next", map[string]any{"ticket": n.ID}, &turn)
	}
	if turn.Next != nil || turn.Served == nil || turn.Served.Number != n.Number {
		w.t.Errorf("served %+v, called %+v though nobody waits", turn.Served, turn.Next)
	}
	if r := w.doctors.ask(post, run+"next", nil, "next-of-nobody-00001"); r.Status != 409 || r.Problem.Code != "queue.nobody_waiting" {
		w.t.Errorf("nobody waits: %d %+v", r.Status, r.Problem)
	}
	w.doctors.must(200, get, strings.TrimSuffix(run, "/"), nil, nil)
}

func (w *walk) runItems(line string) {
	w.t.Helper()
	run := walkPath + "/lines/" + line + "/"
	var n queue.Ticket
	w.anyone.must(201, post, "/days/"+w.dayID+"/lines/"+line+"/tickets", map[string]any{}, nil)
	w.anyone.must(201, post, "/days/"+w.dayID+"/lines/"+line+"/tickets", map[string]any{}, nil)
	w.grinder.must(200, post, run+"next", nil, &n)
	w.grinder.must(200, post, run+"accept", map[string]any{"ticket": n.ID}, nil)
	w.grinder.must(200, post, run+"ready", map[string]any{"ticket": n.ID}, &n)
	if n.State != queue.Ready {
		w.t.Errorf("ready %+v", n)
	}
	w.grinder.must(200, post, run+"serve", map[string]any{"ticket": n.ID}, nil)
}

// end: subscriptions, closing, what it came to, going.
func (w *walk) end() {
	w.t.Helper()
	day, o := walkPath+"/days/"+w.dayID, w.organizer
	ask := map[string]any{"day": w.dayID, "email": "resident@example.org", "lang": "zh-Hans", "closing": true}
	w.anyone.must(202, post, walkPath+"/subscriptions", ask, nil)
	w.anyone.must(202, post, walkPath+"/subscriptions", map[string]any{"market": "m", "email": "resident@example.org", "reminder": true}, nil)
	o.must(200, post, day+"/close", map[string]any{"why": "下雨"}, nil)
	w.hear()
	var undone dayAnswer
	o.must(200, post, day+"/undo", map[string]any{"step": "closed"}, &undone)
	if undone.State != "open" {
		w.t.Errorf("after the undo %+v", undone)
	}
	w.hear()
	o.must(200, post, day+"/close", map[string]any{"why": "下雨"}, nil)
	w.hear()
	w.until(w.clock.Now().Add(21 * 60e9))
	var f queue.DayCounts
	o.must(200, get, day+"/figures", nil, &f)
	if f.Residents != 5 || f.Tickets != 5 || f.CarriedOver != 1 || !f.Counted {
		w.t.Errorf("figures %+v", f)
	}
	var d dayAnswer
	w.anyone.must(200, get, "/days/"+w.dayID, nil, &openDay{})
	if r := w.anyone.must(200, get, walkPath+"/days?state=settled", nil, &list[dayAnswer]{}); !strings.Contains(string(r.Raw), w.dayID) {
		w.t.Errorf("settled days: %s", r.Raw)
	}
	var sent list[deliveryView]
	o.must(200, get, day+"/deliveries?limit=50", nil, &sent)
	if len(sent.Items) == 0 {
		w.t.Error("nobody is told that the day is over")
	}
	for _, m := range sent.Items {
		if r := o.ask(post, walkPath+"/deliveries/"+m.ID+"/resend", nil); r.Status != 204 && r.Status != 409 {
			w.t.Errorf("resend: %d %s", r.Status, r.Raw)
		}
	}
	o.must(200, get, walkPath+"/parked", nil, nil)
	w.until(at(11, 28, 10, 0)) // December is being claimed
	w.logIn()
	var days list[dayAnswer]
	w.anyone.must(200, get, walkPath+"/days?from=2026-12-01", nil, &days)
	next := walkPath + "/days/" + days.Items[0].ID
	o.must(200, post, next+"/move", map[string]any{"to": "2026-12-21", "opens": "09:30", "why": "场地"}, &d)
	if d.HeldOn != "2026-12-21" || d.OpensAt.Format("15:04") != "09:30" {
		w.t.Errorf("moved %+v", d)
	}
	o.must(200, post, next+"/cancel", map[string]any{"why": "大雪", "to": "2026-12-26"}, &d)
	if d.State != "cancelled" || d.MovedTo != "2026-12-26" || d.Why != "大雪" {
		w.t.Errorf("cancelled %+v", d)
	}
	o.must(204, del, "/sessions", nil, nil)
	if r := o.ask(get, "/me", nil); r.Status != 401 || r.Header.Get("WWW-Authenticate") == "" {
		w.t.Errorf("after logging out: %d", r.Status)
	}
}
