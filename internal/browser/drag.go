package browser

import "github.com/chromedp/cdproto/input"

// Drag takes an element with the mouse, or with a finger, and lets it go over
// another; the way goes by steps, as a hand's does. to is a selector or a text;
// by moves on from its middle, in CSS pixels.
func (p *Page) Drag(what, to string, by ...float64) {
	p.t.Helper()
	end := p.reach(to)
	from := p.reach(what)
	if len(by) == 2 {
		end.X, end.Y = end.X+by[0], end.Y+by[1]
	}
	ctx, cancel := p.soon()
	defer cancel()
	const steps = 6
	for i := range steps + 2 {
		k := float64(min(i, steps)) / steps
		x, y := from.X+(end.X-from.X)*k, from.Y+(end.Y-from.Y)*k
		if p.o.Touch {
			e := input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchMove, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}
			if i == 0 {
				e.Type = input.DispatchTouchEventTypeTouchStart
			}
			if i > steps {
				e = input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}}
			}
			p.must(run(ctx, input.DispatchTouchEvent, e)())
			continue
		}
		e := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}
		if i == 0 {
			e.Type = input.DispatchMouseEventTypeMousePressed
		}
		if i > steps {
			e.Type, e.Buttons = input.DispatchMouseEventTypeMouseReleased, 0
		}
		p.must(run(ctx, input.DispatchMouseEvent, e)())
	}
	p.settle()
}
