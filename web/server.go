package web

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/live"
	"yiji/internal/outbox"
	"yiji/internal/text"
	"yiji/notify"
	"yiji/scheduler"
)

// Services are what pages call.
type Services struct {
	Account   *account.Service
	Scheduler *scheduler.Service
	Booths    *booths.Service
	Queue     *queue.Service
	Notify    *notify.Service
}

// Options say how the server presents itself.
type Options struct {
	Services
	// BaseURL is the address people use, https://example.org; its scheme decides
	// about Secure cookies.
	BaseURL string
	// Key is the installation's key: form tokens are derived from it, so that
	// they survive a restart and work on every machine.
	Key []byte
	// TrustedProxies may say for whom they ask (X-Forwarded-For, -Proto); nobody else.
	TrustedProxies []netip.Prefix
	Limits         Limits
	Healthy        func(ctx context.Context) error // nil is always healthy
	Ready          func(ctx context.Context) error // nil is always ready
	Metrics        http.Handler                    // nil has no /metrics
	MetricsToken   string                          // opens /metrics to addresses that are not private
	Suspected      func()                          // called when very many numbers go to one place
	// Parked lists events that could not be applied, Replay tries those of a
	// consumer and market day again; nil knows none.
	Parked func(ctx context.Context, limit int) ([]outbox.Parked, error)
	Replay func(ctx context.Context, consumer, key string) (applied int, err error)
	// Heard waits until everybody has heard of everything that has happened; nil
	// is at once.
	Heard func(ctx context.Context) error
	// Changes is another number after every commit; nil keeps no page.
	Changes func() int64
	Live    *live.Hub        // nil has no live updates: pages refresh themselves
	Clock   func() time.Time // for pages; nil is time.Now
	Logger  *slog.Logger
}

// Server answers HTTP. Its Handler can be served by anything.
type Server struct {
	Services
	base    string
	secure  bool
	formKey []byte
	origins *http.CrossOriginProtection
	door    *doorman
	lookout *lookout
	shelf   *shelf
	// suspected counts; nil counts nothing.
	suspected func()
	clock     func() time.Time
	parked    func(context.Context, int) ([]outbox.Parked, error)
	replay    func(context.Context, string, string) (int, error)
	heard     func(context.Context) error
	places    places
	live      *live.Hub
	log       *slog.Logger
	echo      *echo.Echo
	handler   http.Handler
	// stopping is closed when the server begins to stop: streams end themselves.
	stopping chan struct{}
}

// New returns a server with every route; nothing listens before Serve.
func New(o Options) (*Server, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || strings.Trim(base.Path, "/") != "" {
		return nil, fmt.Errorf("base URL %q: must be http(s)://host without a path", o.BaseURL)
	}
	formKey, err := hkdf.Key(sha256.New, o.Key, nil, "yiji web form token v1", sha256.Size)
	if err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s := &Server{
		Services: o.Services, base: base.Scheme + "://" + base.Host, secure: base.Scheme == "https",
		formKey: formKey, origins: http.NewCrossOriginProtection(), door: newDoorman(o.Limits, time.Now), lookout: newLookout(o.Limits.Off), shelf: newShelf(o.Changes), suspected: o.Suspected,
		heard: o.Heard, live: o.Live, clock: o.Clock, parked: o.Parked, replay: o.Replay, log: o.Logger, stopping: make(chan struct{}),
	}
	if err := s.origins.AddTrustedOrigin(s.base); err != nil {
		return nil, err
	}
	s.echo = s.newEcho(o.TrustedProxies, s.routes())
	s.handler = s.headers(s.mux(o))
	return s, nil
}

// Handler is the whole server as a standard handler.
func (s *Server) Handler() http.Handler { return s.handler }

// mux puts the standard handlers beside echo.
func (s *Server) mux(o Options) http.Handler {
	m := http.NewServeMux()
	m.Handle("/static/", assets)
	m.Handle("GET /healthz", probe(o.Healthy))
	m.Handle("GET /readyz", probe(o.Ready))
	if o.Metrics != nil {
		m.Handle("GET /metrics", guardMetrics(o.Metrics, o.MetricsToken))
	}
	m.Handle("/", s.echo)
	return m
}

func (s *Server) newEcho(proxies []netip.Prefix, rows []route) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor, e.SchemeExtractor = echo.ExtractIPDirect(), echo.ExtractSchemeDirect()
	if len(proxies) > 0 {
		trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, p := range proxies {
			trust = append(trust, echo.TrustIPRange(ipNet(p)))
		}
		e.IPExtractor = echo.ExtractIPFromXFFHeader(trust...)
		e.SchemeExtractor = echo.ExtractSchemeFromHeaders(trust...)
	}
	e.Use(plainRequestID, middleware.RequestIDWithConfig(middleware.RequestIDConfig{Generator: spokenID}), s.recovered)
	zipped := middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 1024})
	for _, r := range rows {
		h := s.serve(r)
		if !r.stream && !r.alike {
			h = zipped(h)
		}
		e.Add(r.method, r.path, h)
		if r.method == get {
			e.Add(http.MethodHead, r.path, h)
		}
	}
	return e
}

// serve is the way of every request to its handler.
func (s *Server) serve(r route) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := &call{Context: ec, server: s, route: r}
		c.looks = c.remembered()
		ec.Set(callKey, c)
		if !r.stream {
			ctx, cancel := context.WithTimeout(ec.Request().Context(), handlerTimeout)
			defer cancel()
			ec.SetRequest(ec.Request().WithContext(ctx))
		}
		err := s.arrive(c)
		if err == nil && r.alike {
			p, ok, leave := s.kept(c)
			defer leave()
			if ok {
				return c.hand(p)
			}
		}
		if err == nil {
			err = s.enter(c)
		}
		if err == nil {
			err = r.handle(c)
		}
		return err
	}
}

// arrive is what is decided before anything is looked up.
func (s *Server) arrive(c *call) error {
	c.choose()
	if err := s.admit(c); err != nil {
		return err
	}
	if slices.ContainsFunc(c.ParamValues(), notPlain) || !c.api() && oddQuery(c.QueryParams()) {
		return fault.NotFound("request.not_found", "", "no address of ours has control characters")
	}
	return nil
}

func notPlain(s string) bool { return !text.Plain(s) }

// oddQuery looks for what never comes from a page of ours; programs are told the field (setParam).
func oddQuery(q url.Values) bool {
	for _, values := range q {
		if slices.ContainsFunc(values, notPlain) {
			return true
		}
	}
	return false
}

// admit counts the request.
func (s *Server) admit(c *call) error {
	req := c.Request()
	writes := req.Method != http.MethodGet && req.Method != http.MethodHead
	return s.door.admit(c.address(), writes)
}

// bound bounds the request's body. Who asks is known by then, so that the
// refusal is in their language.
func (c *call) bound() error {
	err := limitBody(c.Response(), c.Request(), c.route.body)
	if err != nil && !c.api() { // a browser reads the answer only when it has sent everything
		_, _ = io.CopyN(io.Discard, c.Request().Body, uploadLimit)
	}
	return err
}

// enter is everything that is decided before a handler runs.
func (s *Server) enter(c *call) error {
	err := c.who()
	if c.Lang == "" {
		c.Lang = accepted(c.Request())
	}
	for _, step := range []func() error{c.bound, c.ours, func() error { return c.route.where(c) }, c.allowed} {
		if err == nil {
			err = step()
		}
	}
	return err
}

// recovered turns a panic of one request into its error.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				err = panicked(p)
			}
		}()
		return next(c)
	}
}

func probe(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
		defer cancel()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if check != nil {
			if err := check(ctx); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprintln(w, "no")
				return
			}
		}
		fmt.Fprintln(w, "ok")
	})
}

// The time a request may take in each of its phases.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 20 * time.Second
	writeTimeout   = 40 * time.Second // streams lift it for themselves
	idleTimeout    = 2 * time.Minute
	handlerTimeout = 15 * time.Second
	probeTimeout   = 2 * time.Second
	stopTimeout    = 10 * time.Second
)

// Serve answers on a listener until ctx ends, then finishes what has begun
// within ten seconds. A server serves once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	srv.RegisterOnShutdown(sync.OnceFunc(func() { close(s.stopping) }))
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := srv.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	<-failed
	return err
}

// spokenID is short enough to be read out over the telephone by somebody whose
// page failed; the log has it beside the time.
func spokenID() string { return db.NewID()[:8] }

// plainRequestID forgets a request's own id unless it is short and plain: it is
// repeated in answers and in the log.
func plainRequestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		odd := func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}
		if len(id) > 64 || strings.ContainsFunc(id, odd) {
			c.Request().Header.Del(echo.HeaderXRequestID)
		}
		return next(c)
	}
}
