package browser

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// Request is one thing the page asked for since it was opened.
type Request struct {
	URL    string
	Kind   string // Document, Stylesheet, Script, Image, Fetch, EventSource …
	Status int    // 0 before an answer
	Bytes  int    // as transferred, headers included
	Failed string // why there was none
	page   string // which page asked
}

// Requests are everything asked for since Open, in order.
func (p *Page) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Request
	for _, r := range p.asks {
		out = append(out, *r)
	}
	return out
}

// Weight is how many bytes the page and everything it needed came to.
func (p *Page) Weight() (n int) {
	for _, r := range p.Requests() {
		n += r.Bytes
	}
	return n
}

// Foreign are the addresses asked for on other hosts than the page's own.
func (p *Page) Foreign() (out []string) {
	p.t.Helper()
	own, err := url.Parse(p.URL())
	p.must(err)
	for _, r := range p.Requests() {
		u, err := url.Parse(r.URL)
		if by, _ := url.Parse(r.page); by != nil && by.Host != own.Host {
			continue // the page before was still at it
		}
		if err != nil || u.Host != own.Host && u.Scheme != "data" && u.Scheme != "blob" {
			out = append(out, r.URL)
		}
	}
	return out
}

// Problems takes the console's errors, policy violations and exceptions so far:
// what is taken does not fail the test any more.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.bad
	p.bad = nil
	return out
}

// Offline cuts the network, also connections that are open, and gives it back.
func (p *Page) Offline(cut bool) {
	p.t.Helper()
	p.mu.Lock()
	p.offline = p.offline || cut
	p.mu.Unlock()
	ctx, cancel := p.soon()
	defer cancel()
	p.must(run(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1}}})())
	p.must(run(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1})())
}

// Block refuses addresses: patterns such as "*://*:*/static/*". Without any,
// everything is let through again.
func (p *Page) Block(patterns ...string) {
	p.t.Helper()
	p.mu.Lock()
	p.offline = p.offline || len(patterns) > 0 // its errors in the console are wanted
	p.mu.Unlock()
	ctx, cancel := p.soon()
	defer cancel()
	list := []*network.BlockPattern{}
	for _, s := range patterns {
		list = append(list, &network.BlockPattern{URLPattern: s, Block: true})
	}
	p.must(run(ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: list})())
}

// listen hears everything the tab says, in order.
func (p *Page) listen(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		r := &Request{URL: e.Request.URL, Kind: string(e.Type), page: e.DocumentURL}
		p.asks = append(p.asks, r)
		p.byID[e.RequestID] = r
	case *network.EventResponseReceived:
		if r := p.byID[e.RequestID]; r != nil {
			r.Status = int(e.Response.Status)
		}
	case *network.EventLoadingFinished:
		if r := p.byID[e.RequestID]; r != nil {
			r.Bytes = int(e.EncodedDataLength)
		}
	case *network.EventLoadingFailed:
		if r := p.byID[e.RequestID]; r != nil {
			r.Failed = e.ErrorText
		}
	case *page.EventFrameRequestedNavigation:
		p.goes(e.Disposition == page.ClientNavigationDispositionCurrentTab)
	case *page.EventFrameStartedNavigating:
		p.goes(true)
	case *page.EventLoadEventFired, *page.EventFrameStoppedLoading, *page.EventNavigatedWithinDocument:
		p.goes(false)
	case *page.EventFrameNavigated:
		if e.Type == page.NavigationTypeBackForwardCacheRestore { // loaded long ago
			p.goes(false)
		}
	default:
		p.complain(ev)
	}
}

// goes notes whether a page is being loaded.
func (p *Page) goes(loading bool) {
	if p.loading != loading {
		p.loading = loading
		close(p.moved)
		p.moved = make(chan struct{})
	}
}

// complain keeps what a developer would see in red. The status of the page
// itself is the test's to judge, and a cut network says so for every request.
func (p *Page) complain(ev any) {
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		document := slices.ContainsFunc(p.asks, func(r *Request) bool { return r.URL == e.Entry.URL && r.Kind == "Document" })
		if e.Entry.Source == log.EntrySourceNetwork && (document || p.offline) {
			return
		}
		p.bad = append(p.bad, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		text := d.Text
		if d.Exception != nil {
			text += " " + d.Exception.Description
		}
		p.bad = append(p.bad, fmt.Sprintf("exception: %s %s:%d", text, d.URL, d.LineNumber))
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		var words []string
		for _, a := range e.Args {
			words = append(words, strings.Trim(string(a.Value), `"`)+a.Description)
		}
		p.bad = append(p.bad, "console: "+strings.Join(words, " "))
	}
}
