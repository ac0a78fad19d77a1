package browser

import (
	_ "embed" // the scripts
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed find.js
var findJS string

// spot is where an element can be pressed, or why it cannot.
type spot struct {
	X   float64 `json:"x"`
	Y   float64 `json:"y"`
	Why string  `json:"why"`
}

// Press presses an element as a finger or a mouse does: it waits until the
// element is there, visible, enabled and not covered, and afterwards until the
// page it leads to has loaded. what is a selector or the visible text of a
// button or link.
func (p *Page) Press(what string) {
	p.t.Helper()
	at := p.reach(what)
	ctx, cancel := p.soon()
	defer cancel()
	if p.o.Touch {
		for _, kind := range []input.DispatchTouchEventType{input.DispatchTouchEventTypeTouchStart, input.DispatchTouchEventTypeTouchEnd} {
			points := []*input.TouchPoint{}
			if kind == input.DispatchTouchEventTypeTouchStart {
				points = append(points, &input.TouchPoint{X: at.X, Y: at.Y})
			}
			p.must(run(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})())
		}
	} else {
		for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
			p.must(run(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, ClickCount: 1})())
		}
	}
	p.settle()
}

// Key presses one key, named as in the keyboard event: "Enter", "Tab", "ArrowDown".
func (p *Page) Key(name string) {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	codes := map[string]int64{"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46, " ": 32}
	text := map[string]string{"Enter": "\r", " ": " "}[name]
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		e := input.DispatchKeyEventParams{Type: kind, Key: name, Code: name, WindowsVirtualKeyCode: codes[name]}
		if kind == input.DispatchKeyEventTypeKeyDown {
			e.Text = text
		}
		p.must(run(ctx, input.DispatchKeyEvent, e)())
	}
	p.settle()
}

// Type replaces what stands in a field.
func (p *Page) Type(field, value string) {
	p.t.Helper()
	p.reach(field)
	Eval[bool](p, `s => { const e = document.querySelector(s); e.focus(); if (e.select) e.select(); return true }`, field)
	ctx, cancel := p.soon()
	defer cancel()
	if value == "" {
		p.Key("Delete")
		return
	}
	p.must(run(ctx, input.InsertText, input.InsertTextParams{Text: value})())
}

// Choose picks an option of a list by its value or visible text, and sets dates,
// times and other fields one does not type into.
func (p *Page) Choose(field, value string) {
	p.t.Helper()
	p.reach(field)
	why := Eval[string](p, `(s, v) => {
		const e = document.querySelector(s);
		if (e.tagName === "SELECT") {
			const o = [...e.options].find(o => o.value === v || o.text.trim() === v);
			if (!o) return "no option " + v;
			o.selected = true;
		} else e.value = v;
		e.dispatchEvent(new Event("input", {bubbles: true}));
		e.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	}`, field, value)
	if why != "" {
		p.t.Fatalf("%s: %s", field, why)
	}
	p.settle()
}

// Text is the visible text of the first element a selector finds, "" without one.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	p.settle()
	return Eval[string](p, `s => (document.querySelector(s)?.innerText ?? "").trim()`, selector)
}

// Has reports whether something visible is there: a selector, or a text anywhere
// on the page.
func (p *Page) Has(what string) bool {
	p.t.Helper()
	p.settle()
	return Eval[bool](p, `s => {
		try { const e = document.querySelector(s); if (e) return e.checkVisibility({visibilityProperty: true}) } catch {}
		return document.body.innerText.includes(s);
	}`, what)
}

// WaitFor waits until a condition in the page is true, or a promise of it keeps;
// what says in words what was waited for.
func (p *Page) WaitFor(what, condition string) {
	p.t.Helper()
	var last error
	if !p.poll(func() bool {
		ok, err := eval[bool](p, `Promise.resolve(`+condition+`).then(yes => !!yes)`)
		last = err
		return ok && err == nil
	}) {
		text, _ := eval[string](p, `location.href + "\n" + document.body.innerText.slice(0, 600)`)
		p.t.Fatalf("waited in vain: %s (%v)\n%s", what, last, text)
	}
}

// poll asks again until yes, or until patience ends.
func (p *Page) poll(yes func() bool) bool {
	ask := time.NewTicker(15 * time.Millisecond)
	defer ask.Stop()
	ctx, cancel := p.soon()
	defer cancel()
	for !yes() {
		select {
		case <-ask.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// reach waits until something can be pressed and has stopped moving.
func (p *Page) reach(what string) spot {
	p.t.Helper()
	p.settle()
	var at, before spot
	var last error
	if !p.poll(func() bool {
		before = at
		at, last = eval[spot](p, findJS, what)
		return last == nil && at.Why == "" && at == before
	}) {
		text, _ := eval[string](p, `location.href + "\n" + document.body.innerText.slice(0, 600)`)
		p.t.Fatalf("cannot press %q: %s %v\n%s", what, at.Why, last, text)
	}
	return at
}

// settle waits until no page is being loaded. What was pressed decides where to
// go a moment after the event is over, so the page is asked twice first.
func (p *Page) settle() {
	p.t.Helper()
	for range 2 {
		if _, err := eval[int](p, `1`); err != nil && !gone(err) {
			p.t.Fatal(err)
		}
	}
	ctx, cancel := p.soon()
	defer cancel()
	for {
		p.mu.Lock()
		loading, moved := p.loading, p.moved
		p.mu.Unlock()
		if !loading {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			p.t.Fatal("the page has not loaded")
		}
	}
}

// Back goes back one page.
func (p *Page) Back() {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	h, err := chromedp.Call(ctx, page.GetNavigationHistory, cdp.Empty{})
	p.must(err)
	if h.CurrentIndex < 1 {
		p.t.Fatal("there is no page to go back to")
	}
	to := h.Entries[h.CurrentIndex-1]
	p.must(run(ctx, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: to.ID})())
	if !p.poll(func() bool {
		at, err := eval[string](p, `document.readyState === "complete" ? location.href : ""`)
		return err == nil && at == to.URL
	}) {
		p.t.Fatalf("going back to %s", to.URL)
	}
	p.settle()
}
