package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

func TestLookoutCountsNumbersOfOneLineFromOnePlace(t *testing.T) {
	l, now := newLookout(), at(11, 19, 9, 0)
	take := func(place, line string, n int, at time.Time) bool {
		return l.took(place, queue.Ticket{ID: line + "-" + strconv.Itoa(n), LineID: line}, at)
	}
	for n := range 200 { // a square behind one address, ten lines, ten minutes
		if take("square", fmt.Sprint("line", n%10), n, now.Add(time.Duration(n)*3*time.Second)) {
			t.Fatalf("number %d of honest residents was suspected", n)
		}
	}
	for n := range 60 {
		want := n == manyNumbers-1 // once within the minute, not with every further number
		for range 2 {              // the same number shown again is one number
			if got := take("machine", "a", n, now.Add(time.Duration(n)*time.Second/2)); got != want {
				t.Errorf("number %d: suspected %v", n, got)
			}
			want = false
		}
	}
	for n := range 60 {
		if take(fmt.Sprint("home", n), "a", 100+n, now) {
			t.Error("sixty places with a number each were suspected")
		}
	}
	for place := range l.seen {
		if strings.Contains(string(place[:]), "machine") {
			t.Error("an address is kept as it is")
		}
	}
}

// One machine without cookies takes numbers: everybody still gets one, the
// organizer sees a warning and may give the numbers at the desk only.
func TestAMachineTakesNumbersAndTheOrganizerSwitches(t *testing.T) {
	clock := &fairClock{}
	clock.set(at(10, 30, 10, 0))
	dbtest.EachAt(t, clock.time, func(t *testing.T, d *db.DB) {
		clock.set(at(10, 30, 10, 0))
		suspected := 0
		f := newFair(t, d, clock, func(o *Options) { o.Suspected = func() { suspected++ }; o.Clock = clock.time })
		line := f.opened()["血压"]
		day, path := "/o/"+f.place.Slug+"/days/"+f.day.ID, "/days/"+f.day.ID+"/lines/"+line.ID+"/tickets"
		anyone, boss := f.program(), f.organizer()
		take := func(n int) {
			for range n {
				anyone.must(201, post, path, map[string]any{}, nil)
			}
		}
		take(manyNumbers - 1)
		warning := "一分钟内从同一处取走了很多号"
		if a := boss.get(day); suspected != 0 || strings.Contains(a.Body, warning) {
			t.Errorf("suspected %d times after %d numbers", suspected, manyNumbers-1)
		}
		take(11)
		if a := boss.get(day); suspected != 1 || !strings.Contains(a.Body, warning) {
			t.Errorf("suspected %d times; the page says nothing", suspected)
		}
		if log := f.log.String(); !strings.Contains(log, line.ID) || strings.Contains(log, "127.0.0.1") {
			t.Errorf("the log names no line, or the address: %s", log)
		}
		to := "/o/" + f.place.Slug + "/lines/" + line.ID + "/desk-only"
		says(t, boss.send(day, to), 200, "只在服务台发号", "恢复手机取号")
		says(t, f.browser().get("/d/"+f.day.ID), 200, "请到服务台取号")
		if r := anyone.ask(post, path, map[string]any{}, db.NewID()); r.Status != 409 && r.Status != 410 && r.Status != 403 || r.Problem.Code != "queue.desk_only" || r.Problem.Message == "" {
			t.Errorf("%d %+v", r.Status, r.Problem)
		}
		f.with(account.Role{Kind: account.Desk, CommunityID: f.place.ID}).must(201, post, path, map[string]any{"via": "desk"}, nil)
		says(t, boss.send(day, to), 200, "手机可以取号了")
		take(1)
		var c, again queue.Console
		program, api := f.with(account.Role{Kind: account.Organizer, CommunityID: f.place.ID}), "/communities/"+f.place.Slug+"/lines/"+line.ID
		if program.must(200, post, api+"/desk-only", map[string]any{}, &c); !c.Line.DeskOnly {
			t.Error("the API did not switch")
		}
		if program.must(200, post, api+"/phone-again", map[string]any{}, &again); again.Line.DeskOnly {
			t.Error("the API did not switch back")
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
		f.ok(f.Queue.FeedbackGive(t.Context(), queue.FeedbackInput{DayID: f.day.ID, Mark: queue.Good, Words: "豆浆好喝"}))
		f.ok(f.Queue.FeedbackGive(t.Context(), queue.FeedbackInput{DayID: f.day.ID, Mark: queue.Poor}))
		var said queue.Feedbacks
		program.must(200, get, api+"/days/"+f.day.ID+"/feedback", nil, &said)
		if said.Good != 1 || said.Poor != 1 || len(said.Words) != 1 || said.Words[0].Words != "豆浆好喝" {
			t.Errorf("%+v", said)
		}
		says(t, f.organizer().get("/o/"+f.place.Slug+"/days/"+f.day.ID+"/summary"), 200, "满意 1，一般 0，不满意 1")
	})
}
