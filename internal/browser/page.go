package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for one step, on a busy machine too.
const patience = time.Minute

// Options are how somebody reads. The zero value is a phone with JavaScript,
// in Chinese, by day.
type Options struct {
	Width, Height int     // CSS pixels; 0 is 390 × 844
	Scale         float64 // device pixels per CSS pixel; 0 is 1
	Touch         bool    // a finger instead of a mouse
	NoScript      bool    // JavaScript is off
	Lang          string  // Accept-Language; "" is zh-CN
	Dark          bool    // prefers-color-scheme: dark
	Contrast      bool    // prefers-contrast: more
	Print         bool    // the page as it is printed
	Cached        bool    // keep what was fetched before; otherwise every page is a first visit
}

// screen is the device's, so many CSS pixels high.
func (o Options) screen(height int) emulation.SetDeviceMetricsOverrideParams {
	return emulation.SetDeviceMetricsOverrideParams{Width: int64(o.Width), Height: int64(height), DeviceScaleFactor: o.Scale, Mobile: o.Touch}
}

// Page is one tab of one person: no cookie of it is seen by another.
type Page struct {
	t    testing.TB
	ctx  context.Context
	o    Options
	mu   sync.Mutex
	asks []*Request
	byID map[network.RequestID]*Request
	bad  []string
	// loading is set between the wish to go somewhere and the load event; moved
	// is closed and made anew whenever it changes.
	loading bool
	moved   chan struct{}
	offline bool
}

// With opens an empty page, runs do and closes it. Console errors that nobody
// took fail the test. Without a browser it says so and does nothing.
func With(t testing.TB, o Options, do func(p *Page)) {
	t.Helper()
	if !Have(t) {
		return
	}
	p, end := open(t, o)
	defer end()
	do(p)
}

// Another is a second person at a browser of their own, until the test ends.
func (p *Page) Another(o Options) *Page {
	p.t.Helper()
	n, end := open(p.t, o)
	p.t.Cleanup(end)
	return n
}

// Tab is one more tab of the same person: with the same cookies and the same
// store, until the test ends.
func (p *Page) Tab() *Page {
	p.t.Helper()
	n, end := tab(p.t, p.o, p.ctx)
	p.t.Cleanup(end)
	return n
}

func open(t testing.TB, o Options) (*Page, func()) {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	return tab(t, o, parent, chromedp.WithNewBrowserContext())
}

func tab(t testing.TB, o Options, parent context.Context, whose ...chromedp.ContextOption) (*Page, func()) {
	t.Helper()
	p := &Page{t: t, o: o, byID: map[network.RequestID]*Request{}, moved: make(chan struct{})}
	ctx, cancel := chromedp.NewContext(parent, append(whose, chromedp.WithListener(p.listen))...)
	p.ctx = ctx
	end := func() {
		cancel()
		for _, b := range p.Problems() {
			t.Errorf("in the browser: %s", b)
		}
	}
	if err := chromedp.Do(ctx); err != nil { // binds the tab to ctx, not to a deadline
		end()
		t.Fatal(err)
	}
	if err := p.dress(); err != nil {
		end()
		t.Fatal(err)
	}
	return p, end
}

// dress makes the tab what the options say.
func (p *Page) dress() error {
	o := p.o
	if o.Width == 0 {
		o.Width, o.Height = 390, max(o.Height, 844)
	}
	if o.Height == 0 {
		o.Height = 800
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Lang == "" {
		o.Lang = "zh-CN"
	}
	ctx, cancel := p.soon()
	defer cancel()
	kind := ""
	if o.Print {
		kind = "print"
	}
	pick := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	steps := []func() error{
		run(ctx, emulation.SetDeviceMetricsOverride, o.screen(o.Height)),
		run(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: o.Touch}),
		run(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: o.NoScript}),
		run(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind, Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: pick(o.Dark, "dark", "light")},
			{Name: "prefers-contrast", Value: pick(o.Contrast, "more", "no-preference")},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		}}),
		run(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": o.Lang}}),
		run(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: !o.Cached}),
	}
	for _, do := range steps {
		if err := do(); err != nil {
			return err
		}
	}
	p.o = o
	return nil
}

// run is one command of the protocol.
func run[P, R any](ctx context.Context, cmd cdp.Command[P, R], params P) func() error {
	return func() error {
		_, err := chromedp.Call(ctx, cmd, params)
		if err != nil {
			return fmt.Errorf("%s: %w", cmd.Method, err)
		}
		return nil
	}
}

func (p *Page) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Dress changes how the person reads, on the page that is open.
func (p *Page) Dress(edit func(o *Options)) {
	p.t.Helper()
	edit(&p.o)
	p.must(p.dress())
}

// Cookie gives the person a cookie of the server at base.
func (p *Page) Cookie(base, name, value string) {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	p.must(run(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: base})())
}

// Before runs a script in every page opened from now on, before its own scripts.
func (p *Page) Before(script string) {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	p.must(run(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})())
}

// Grant lets pages have what one is asked for: "clipboard-read". Sound needs no
// grant: a Press counts as the touch that allows it.
func (p *Page) Grant(permissions ...string) {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	for _, name := range permissions {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
		p.must(err)
	}
}

// Open goes to an address and returns its status once it has loaded.
func (p *Page) Open(url string) int {
	p.t.Helper()
	p.mu.Lock()
	p.asks, p.byID = nil, map[network.RequestID]*Request{}
	p.mu.Unlock()
	ctx, cancel := p.soon()
	defer cancel()
	res, err := chromedp.Run(ctx, chromedp.NavigateResponse(url))
	if err != nil {
		p.t.Fatalf("open %s: %v", url, err)
	}
	if res == nil {
		return 0
	}
	return int(res.Status)
}

// Reload loads the page again, as the reader would.
func (p *Page) Reload() int {
	p.t.Helper()
	return p.Open(p.URL())
}

// URL is where the person is.
func (p *Page) URL() string {
	p.t.Helper()
	return Eval[string](p, `location.href`)
}

// Eval evaluates an expression in the page. When it is a function it is called
// with the arguments; a promise is awaited.
func Eval[T any](p *Page, js string, args ...any) T {
	p.t.Helper()
	v, err := eval[T](p, js, args...)
	if err != nil {
		p.t.Fatalf("in the page: %v\n%.300s", err, js)
	}
	return v
}

func eval[T any](p *Page, js string, args ...any) (T, error) {
	if len(args) > 0 {
		var list []string
		for _, a := range args {
			raw, err := json.Marshal(a)
			if err != nil {
				var none T
				return none, err
			}
			list = append(list, string(raw))
		}
		js = "(" + js + ")(" + strings.Join(list, ",") + ")"
	}
	ctx, cancel := p.soon()
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}
