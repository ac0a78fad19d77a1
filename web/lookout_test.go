package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

func TestLookoutCountsNumbersOfOneLineFromOnePlace(t *testing.T) {
	l, now := newLookout(false), at(11, 19, 9, 0)
	take := func(place string, n int, at time.Time) bool {
		if l.ask(place, at) {
			t.Fatalf("number %d is braked", n)
		}
		return l.took(place, n, at)
	}
	for n := range 200 { // a square behind one address, ten lines, ten minutes
		if take(fmt.Sprint("square", n%10), n+1, now.Add(time.Duration(n)*3*time.Second)) {
			t.Fatalf("number %d of honest residents was suspected", n)
		}
	}
	for n := range 60 {
		want := n == queue.Many-1 // once within the minute, not with every further number
		for range 2 {             // the same number shown again is one number
			if got := take("machine", n+1, now.Add(time.Duration(n)*time.Second/2)); got != want {
				t.Errorf("number %d: suspected %v", n, got)
			}
			want = false
		}
	}
	for n := range 60 {
		if take(fmt.Sprint("home", n), 100+n, now) {
			t.Error("sixty places with a number each were suspected")
		}
	}
}

// Two hundred residents behind one address want the same line in the same
// second: all get a number. A machine gets no more than they.
func TestTheBrakeLetsTheSquareThrough(t *testing.T) {
	now := at(11, 19, 9, 0)
	through := func(l *lookout, n int, every time.Duration) (got int) {
		for i := range n {
			at := now.Add(time.Duration(i) * every)
			number := i + 1
			if l.ask("here", at) {
				number = 0
			} else {
				got++
			}
			l.took("here", number, at)
		}
		return got
	}
	for _, c := range []struct {
		name  string
		off   bool
		n     int
		every time.Duration
		want  int
	}{
		{"the square at once", false, 200, 0, 200},
		{"a morning", false, 600, 15 * time.Second, 600},
		{"a machine for a minute", false, 300, time.Second / 5, 200},
		{"a machine for nineteen minutes", false, 1140, time.Second, 400},
		{"a machine without the brake", true, 300, time.Second / 5, 300},
	} {
		if got := through(newLookout(c.off), c.n, c.every); got != c.want {
			t.Errorf("%s: %d numbers, want %d", c.name, got, c.want)
		}
	}
	l := newLookout(false) // three hundred ask before the first is answered
	braked := 0
	for range 300 {
		if l.ask("here", now) {
			braked++
		}
	}
	if braked != 100 {
		t.Errorf("%d of 300 at once were braked", braked)
	}
}

// One machine without cookies takes numbers: the organizer sees it and makes
// them void with one press, takes that back, and may give the numbers at the
// desk only.
func TestAMachineTakesNumbersAndTheOrganizerSwitches(t *testing.T) {
	clock := &dbtest.Clock{}
	clock.Set(at(10, 30, 10, 0))
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(at(10, 30, 10, 0))
		suspected := 0
		f := newFair(t, d, clock, func(o *Options) { o.Suspected = func() { suspected++ }; o.Clock = clock.Now })
		line := f.opened()["血压"]
		day, path := "/o/"+f.place.Slug+"/days/"+f.day.ID, "/days/"+f.day.ID+"/lines/"+line.ID+"/tickets"
		anyone, boss := f.program(), f.organizer()
		var last queue.Ticket
		take := func(n int) {
			for range n {
				anyone.must(201, post, path, map[string]any{}, &last)
			}
		}
		take(queue.Many - 1)
		warning := "一分钟内从同一处取走了很多号"
		if a := boss.get(day); suspected != 0 || strings.Contains(a.Body, warning) {
			t.Errorf("suspected %d times after %d numbers", suspected, queue.Many-1)
		}
		take(11)
		says(t, boss.get(day), 200, warning, "同一处取走 40 个号：1 到 40 号，09:00 到 09:00，还有 40 个在等。", "作废这批号")
		if suspected != 1 {
			t.Errorf("suspected %d times", suspected)
		}
		if log := f.log.String(); !strings.Contains(log, line.ID) || strings.Contains(log, "127.0.0.1") {
			t.Errorf("the log names no line, or the address: %s", log)
		}

		haul := "/o/" + f.place.Slug + "/lines/" + line.ID + "/void"
		says(t, boss.send(day, haul), 200, "这批号已作废", "已作废 40 个号", "撤销作废")
		says(t, f.browser().get("/t/"+last.Handle), 200, "这个号已作废", "请到服务台取一个新号")
		if r := anyone.ask(post, path, map[string]any{}, db.NewID()); r.Status != 403 || r.Problem.Code != "queue.desk_please" || r.Problem.Message == "" {
			t.Errorf("%d %+v", r.Status, r.Problem)
		}
		someone := f.browser()
		says(t, someone.send("/d/"+f.day.ID, "/d/"+f.day.ID+"/lines/"+line.ID+"/tickets"), 403, "请到服务台取号")
		says(t, boss.send(day, haul), 200, "这批号又在排队了", "还有 40 个在等")

		to := "/o/" + f.place.Slug + "/lines/" + line.ID + "/desk-only"
		says(t, boss.send(day, to), 200, "只在服务台发号", "恢复手机取号")
		says(t, f.browser().get("/d/"+f.day.ID), 200, "请到服务台取号")
		if r := anyone.ask(post, path, map[string]any{}, db.NewID()); r.Status != 409 || r.Problem.Code != "queue.desk_only" || r.Problem.Message == "" {
			t.Errorf("%d %+v", r.Status, r.Problem)
		}
		f.with(account.Role{Kind: account.Desk, CommunityID: f.place.ID}).must(201, post, path, map[string]any{"via": "desk"}, nil)
		says(t, boss.send(day, to), 200, "手机可以取号了")
		take(1)
		program, api := f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}), "/communities/"+f.place.Slug
		var c, again queue.Console
		if program.must(200, post, api+"/lines/"+line.ID+"/desk-only", map[string]any{}, &c); !c.Line.DeskOnly {
			t.Error("the API did not switch")
		}
		if program.must(200, post, api+"/lines/"+line.ID+"/phone-again", map[string]any{}, &again); again.Line.DeskOnly {
			t.Error("the API did not switch back")
		}
		var hauls []queue.Haul
		if program.must(200, get, api+"/days/"+f.day.ID+"/hauls", nil, &hauls); len(hauls) != 1 || hauls[0].First != 1 {
			t.Fatalf("%+v", hauls)
		}
		var void queue.Haul
		program.must(200, post, api+"/lines/"+line.ID+"/void", map[string]any{"first": 1, "reason": "机器取号"}, &void)
		var back unvoided
		if program.must(200, post, api+"/lines/"+line.ID+"/unvoid", map[string]any{"void": void.VoidID}, &back); back.Numbers != void.Numbers {
			t.Errorf("%+v came back of %+v", back, void)
		}
	})
}

// A machine asks for three hundred numbers in a minute: it does not get them,
// and is told where to go; a resident behind another address still does.
func TestAMachineIsBraked(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		line := f.opened()["血压"]
		path := "/d/" + f.day.ID + "/lines/" + line.ID + "/tickets"
		given := 0
		for i := range brakeNumbers {
			r := queue.IssueRequest{DayID: f.day.ID, LineID: line.ID, Via: queue.Phone}
			place := f.handleFrom("source", f.day.ID+"\x00"+line.ID+"\x00127.0.0.1")
			if r.Source = place; !f.lookout.ask(place, f.clock.Now().Add(time.Duration(i)*time.Second/5)) {
				given++
			}
			f.lookout.took(place, i+1, f.clock.Now())
		}
		if given != brakeNumbers {
			t.Errorf("%d residents behind one address got a number", given)
		}
		says(t, f.browser().send("/d/"+f.day.ID, path), 403, "从这里取走的号太多了，请到服务台取号。")
		f.lookout.off = true // the control: without the brake
		if a := f.browser().send("/d/"+f.day.ID, path); a.Status != 200 || !strings.HasPrefix(a.Path, "/t/") {
			t.Errorf("%d %s", a.Status, a.Path)
		}
	})
}

func TestMetricsAreNotForTheWorld(t *testing.T) {
	h := guardMetrics(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }), "secret")
	open := guardMetrics(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }), "")
	for _, c := range []struct {
		h            http.Handler
		from, header string
		want         int
	}{
		{h, "127.0.0.1:1", "", 200}, {h, "[::1]:1", "", 200}, {h, "10.1.2.3:1", "", 200}, {h, "192.168.0.9:1", "", 200}, {h, "[fd00::1]:1", "", 200},
		{h, "[::ffff:10.0.0.1]:1", "", 200}, {h, "203.0.113.7:1", "", 403}, {h, "[2001:db8::1]:1", "", 403}, {h, "nonsense", "", 403},
		{h, "203.0.113.7:1", "X-Forwarded-For: 127.0.0.1", 403}, {h, "127.0.0.1:1", "X-Forwarded-For: 203.0.113.7", 403},
		{h, "127.0.0.1:1", "X-Real-Ip: 203.0.113.7", 403}, {h, "203.0.113.7:1", "Authorization: Bearer secret", 200},
		{h, "203.0.113.7:1", "Authorization: Bearer wrong", 403}, {h, "203.0.113.7:1", "Authorization: Bearer ", 403},
		{open, "203.0.113.7:1", "Authorization: Bearer ", 403}, {open, "203.0.113.7:1", "", 403}, {open, "127.0.0.1:1", "", 200},
	} {
		r := httptest.NewRequest(get, "/metrics", nil)
		r.RemoteAddr = c.from
		if name, value, ok := strings.Cut(c.header, ": "); ok {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		if c.h.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("from %s with %q: %d, want %d", c.from, c.header, w.Code, c.want)
		}
	}
}

// Stock is added over the API, and what residents said reaches the organizer.
func TestStockAndFeedbackOverTheAPI(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.claims(f.soy)
		f.until(at(11, 19, 9, 0))
		line := f.lines()["豆浆"]
		api := "/communities/" + f.place.Slug
		program := f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID})
		var c queue.Console
		program.must(200, post, api+"/lines/"+line.ID+"/stock", map[string]any{"pieces": 7}, &c)
		if c.Line.Stock != line.Stock+7 || c.Line.StockLeft != line.StockLeft+7 {
			t.Errorf("%d of %d left", c.Line.StockLeft, c.Line.Stock)
		}
		if r := program.ask(post, api+"/lines/"+line.ID+"/stock", map[string]any{"pieces": 7, "all": line.Stock}, db.NewID()); r.Status != 409 || r.Problem.Code != "queue.stock_moved" {
			t.Errorf("pieces of before: %d %s", r.Status, r.Raw)
		}
		cmd := queue.LineCommand{CommunityID: f.place.ID, DayID: f.day.ID, LineID: line.ID, By: "booth"}
		k, err := f.Queue.Issue(t.Context(), queue.IssueRequest{DayID: f.day.ID, LineID: line.ID, Via: queue.Desk})
		f.ok(err)
		_, err = f.Queue.Next(t.Context(), cmd)
		f.ok(err)
		cmd.TicketID = k.ID
		_, err = f.Queue.Serve(t.Context(), cmd)
		f.ok(err)
		f.ok(f.Queue.FeedbackGive(t.Context(), queue.FeedbackInput{DayID: f.day.ID, Ticket: k.Handle, Mark: queue.Good, Words: "豆浆好喝"}))
		f.ok(f.Queue.FeedbackGive(t.Context(), queue.FeedbackInput{DayID: f.day.ID, Mark: queue.Poor}))
		var said queue.Feedbacks
		program.must(200, get, api+"/days/"+f.day.ID+"/feedback", nil, &said)
		if said.Good != 1 || said.Poor != 0 || said.Apart != 1 || len(said.Words) != 1 || said.Words[0].Words != "豆浆好喝" {
			t.Errorf("%+v", said)
		}
		says(t, f.organizer().get("/o/"+f.place.Slug+"/days/"+f.day.ID+"/summary"), 200, "满意 1，一般 0，不满意 0", "另有 1 份评价没有办过的号，不计在内。")
	})
}
