package demo

import (
	"context"
	_ "embed" // the roster
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yiji/booths"
	"yiji/internal/app"
	"yiji/internal/db"
	"yiji/scheduler"
	"yiji/web"
)

//go:embed xiangyang.yaml
var roster []byte

// The played time: the program is started before the first date of 2026 is due
// to be planned; the day played is 19 November, a Thursday.
var start = time.Date(2025, time.December, 15, 0, 0, 0, 0, time.UTC)

const (
	playedDate = "2026-11-19"
	lastDate   = "2026-12-31"
)

// world is everything the demonstration holds in its hands.
type world struct {
	app       *app.App
	clock     *clock
	roster    booths.Roster
	http      *http.Client
	resident  client
	admin     client
	ids       map[string]string // partners' ids by name
	partners  map[string]client // by name
	community string
	marketID  string
	day       day
	seen      *ledger
	open      bool // people can look at the pages meanwhile, and join in
	told      func(at time.Time, line string)
	shown     func(Moment, Scene) error // nil when nobody looks
	key       string
	outbox    string
}

// day is the market day as the API tells it.
type day struct {
	ID       string    `json:"id"`
	Date     string    `json:"date"`
	HeldOn   string    `json:"held_on"`
	State    string    `json:"state"`
	OpensAt  time.Time `json:"opens_at"`
	ClosesAt time.Time `json:"closes_at"`
	Reasons  []string  `json:"reasons"`
	Lines    []line    `json:"lines"`
}

// build starts the real server on a SQLite file in dir and a free port.
func build(ctx context.Context, dir string, o Options) (*world, error) {
	r, err := booths.ParseRoster(roster)
	if err != nil {
		return nil, err
	}
	// Not in the report: what happens on a holiday. The demonstration postpones to the next workday.
	r.Market.Holiday = string(scheduler.NextWorkday)
	c := newClock(start)
	listen := o.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	if o.Database == "" {
		o.Database = filepath.Join(dir, "yiji.db")
	}
	a, err := app.New(ctx, app.Options{
		Database: o.Database, KeyFile: filepath.Join(dir, "key"), Listen: listen, OutboxDir: filepath.Join(dir, "outbox"),
		Clock: c.Now, Logger: o.Logger,
		Limits: web.Limits{Off: true}, // one address asks for three hundred people, as fast as it can
	})
	if err != nil {
		return nil, err
	}
	c.pushed = a.Wake
	w := &world{app: a, clock: c, roster: r, http: newHTTP(), partners: map[string]client{}, seen: newLedger(), told: o.Timeline, shown: o.Look, open: o.Serve || o.Speed > 0,
		outbox: filepath.Join(dir, "outbox")}
	if key, err := os.ReadFile(filepath.Join(dir, "key")); err == nil {
		w.key = strings.TrimSpace(string(key))
	}
	w.resident = client{http: w.http, base: a.BaseURL}
	return w, nil
}

func (w *world) say(format string, args ...any) { w.told(w.clock.Now(), fmt.Sprintf(format, args...)) }

// settle waits until everything that follows from what has happened has happened.
func (w *world) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return w.app.Bus.Settle(ctx)
}

// found opens the one-time link of the first start and imports the roster.
func (w *world) found(ctx context.Context) error {
	link, _, err := w.app.Account.SetupLink(ctx)
	if err != nil {
		return err
	}
	var session struct {
		Token string `json:"token"`
	}
	who := map[string]any{"name": "王主任", "email": "organizer@example.org", "password": password, "lang": "zh-Hans"}
	if err := w.resident.do(ctx, request{http.MethodPost, "setup/" + link, "setup", who, &session}); err != nil {
		return err
	}
	w.admin = client{http: w.http, base: w.app.BaseURL, token: session.Token}
	done, err := w.app.Import(ctx, w.roster)
	if err != nil {
		return err
	}
	w.community, w.marketID = done.Community.Slug, done.Market.ID
	w.ids = done.Partners
	w.say("%s · %s: %d 位合伙人, %d 个摊位", done.Community.Name, done.Market.Name, len(done.Partners), done.Booths)
	return w.join(ctx)
}

// The organizer comes in by a link like everybody else, and later by password.
const worker, password = "worker@example.org", "yiji-demo-2026"

// show tells where to look and invites the visitor as a partner, by a link of
// its own.
func (w *world) show(ctx context.Context, tell func(Pages)) error {
	base := w.app.BaseURL
	p := Pages{Schedule: base + "/c/" + w.community, Day: base + "/d/" + w.day.ID, Screen: base + "/d/" + w.day.ID + "/screen",
		Login: base + "/login", Email: worker, Password: password}
	if err := w.login(ctx); err != nil {
		return err
	}
	token, err := w.invite(ctx, w.admin, map[string]any{"role": "partner", "partner": w.ids[w.roster.Partners[0].Name]})
	if err != nil {
		return err
	}
	p.Partner = base + "/invite/" + token
	tell(p)
	return nil
}

// join lets an organizer of the community in.
func (w *world) join(ctx context.Context) error {
	token, err := w.invite(ctx, w.admin, map[string]any{"role": "organizer"})
	if err != nil {
		return err
	}
	w.admin, err = w.accept(ctx, token, map[string]any{"name": "向阳社区工作者", "email": worker, "password": password})
	return err
}

// meet lets the partners in when their market comes near.
func (w *world) meet(ctx context.Context) error {
	if err := w.login(ctx); err != nil {
		return err
	}
	return w.letIn(ctx, w.ids)
}

// login gives the organizer a new session: one of weeks ago has ended.
func (w *world) login(ctx context.Context) error {
	var session struct {
		Token string `json:"token"`
	}
	who := map[string]any{"email": worker, "password": password}
	if err := w.resident.do(ctx, request{http.MethodPost, "sessions", "", who, &session}); err != nil {
		return err
	}
	w.admin.token = session.Token
	return nil
}

// letIn invites every partner; each opens its link once and has a session.
func (w *world) letIn(ctx context.Context, ids map[string]string) error {
	for name, id := range ids {
		token, err := w.invite(ctx, w.admin, map[string]any{"role": "partner", "partner": id})
		if err != nil {
			return err
		}
		if w.partners[name], err = w.accept(ctx, token, map[string]any{"name": name}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) invite(ctx context.Context, as client, role map[string]any) (token string, err error) {
	var out struct {
		Link string `json:"link"`
	}
	err = as.do(ctx, request{http.MethodPost, "communities/" + w.community + "/invitations", db.NewID(), role, &out})
	if err != nil {
		return "", err
	}
	u, err := url.Parse(out.Link)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(u.Path, "/invite/"), nil
}

func (w *world) accept(ctx context.Context, token string, who map[string]any) (client, error) {
	var out struct {
		Token string `json:"token"`
	}
	err := w.resident.do(ctx, request{http.MethodPost, "invitations/" + token, db.NewID(), who, &out})
	return client{http: w.http, base: w.app.BaseURL, token: out.Token}, err
}

// days asks the API for the days of the community between two dates.
func (w *world) days(ctx context.Context, from, to string) ([]day, error) {
	var out struct {
		Items []day `json:"items"`
	}
	err := w.resident.do(ctx, request{http.MethodGet, "communities/" + w.community + "/days?limit=100&from=" + from + "&to=" + to, "", nil, &out})
	return out.Items, err
}
