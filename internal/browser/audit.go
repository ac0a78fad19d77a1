package browser

import (
	_ "embed" // the scripts
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/emulation"
)

//go:embed audit.js
var auditJS string

// axe-core as published, see doc.go.
//
//go:embed testdata/axe-core-4.14.1/axe.min.js
var axeJS string

// Bar is what an audience's pages are held to, in CSS pixels and ratios. Zero
// asks for nothing.
type Bar struct {
	Text        float64 `json:"text"`   // smallest text
	Button      float64 `json:"button"` // smallest text of a button
	Contrast    float64 `json:"contrast"`
	BigContrast float64 `json:"bigContrast"` // from 24 px, or 18.66 px bold
	Target      float64 `json:"target"`      // smallest side of what can be pressed
	Primary     float64 `json:"primary"`     // smallest side of a filled button
	Gap         float64 `json:"gap"`         // between two targets
	Weight      int     `json:"-"`           // bytes of a first visit with everything
}

// The bars: residents are often over seventy, outdoors, on an old phone;
// partners and the desk work standing, with a thumb; an office has a mouse.
var (
	Residents = Bar{Text: 20, Button: 22, Contrast: 7, BigContrast: 4.5, Target: 48, Primary: 60, Gap: 8, Weight: 30 << 10}
	Standing  = Bar{Text: 16, Button: 16, Contrast: 4.5, BigContrast: 3, Target: 48, Primary: 48, Gap: 8}
	Office    = Bar{Text: 16, Button: 16, Contrast: 4.5, BigContrast: 3, Target: 24, Primary: 24}
)

// Finding is one thing a check has to say: which check, at which kind of
// element, and how bad it is. Check and At are what a ledger keeps.
type Finding struct {
	Check string `json:"check"`
	At    string `json:"at"`
	Say   string `json:"say"`
}

// String is the finding in one line.
func (f Finding) String() string { return fmt.Sprintf("%s | %s | %s", f.Check, f.At, f.Say) }

// Audit measures the open page: what was asked for over the network, and what
// audit.js measures. The console's errors become findings, too.
func (p *Page) Audit(bar Bar) []Finding {
	p.t.Helper()
	out := p.Traffic(bar)
	return append(out, patient[[]Finding](p, auditJS, bar)...)
}

// Traffic is the part of Audit that needs no look at the page: its weight,
// other hosts, the console. Weight counts only after a first visit (not Cached).
func (p *Page) Traffic(bar Bar) (out []Finding) {
	p.t.Helper()
	for _, u := range p.Foreign() {
		out = append(out, Finding{"foreign", "html", u})
	}
	if w := p.Weight(); bar.Weight > 0 && w > bar.Weight {
		out = append(out, Finding{"weight", "html", fmt.Sprintf("%d bytes, at most %d", w, bar.Weight)})
	}
	for _, b := range p.Problems() {
		kind := "console"
		if strings.Contains(b, "Content Security Policy") {
			kind = "policy"
		}
		out = append(out, Finding{kind, "html", b})
	}
	return out
}

// axeRules are all rules of WCAG 2.2 A and AA, contrast and target size of AAA,
// and best practice. Contrast is measured once: what meets AAA meets AA.
const axeRules = `{
	runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
	rules: {"color-contrast-enhanced": {enabled: %t}, "color-contrast": {enabled: %t}, "target-size": {enabled: true}},
	resultTypes: ["violations"], preload: false, elementRef: true
}`

// Axe runs axe-core on the open page; enhanced asks for the contrast of AAA. A
// page that runs no scripts itself is looked at all the same.
func (p *Page) Axe(enhanced bool) []Finding {
	p.t.Helper()
	if p.o.NoScript {
		ctx, cancel := p.soon()
		defer cancel()
		p.must(run(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})())
		defer func() {
			p.must(run(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})())
		}()
	}
	call := fmt.Sprintf(axeCall, fmt.Sprintf(axeRules, enhanced, !enhanced))
	if Eval[bool](p, `typeof axe === "object"`) {
		return patient[[]Finding](p, call)
	}
	return patient[[]Finding](p, axeJS+"\n;"+call)
}

// patient evaluates once more when the page loaded itself again meanwhile.
func patient[T any](p *Page, js string, args ...any) (v T) {
	p.t.Helper()
	var err error
	for range 3 {
		p.settle()
		if v, err = eval[T](p, js, args...); err == nil || !gone(err) {
			break
		}
	}
	p.must(err)
	return v
}

// axeCall names elements as audit.js does.
const axeCall = `axe.run(document, %s).then(r => {
	const one = x => x.tagName.toLowerCase() + (x.classList.length ? "." + x.classList[0] : "") + (x.getAttribute("type") ? "[" + x.getAttribute("type") + "]" : "");
	const out = [], known = new Set();
	for (const v of r.violations) for (const n of v.nodes) {
		const e = n.element, up = e && e.parentElement;
		const at = !e || e === document.documentElement ? "html" : (up && up !== document.body && up !== document.documentElement ? one(up) + ">" : "") + one(e);
		const key = v.id + "|" + at;
		if (!known.has(key)) { known.add(key); out.push({check: "axe:" + v.id, at, say: v.help + ": " + n.html.slice(0, 160)}) }
	}
	return out;
})`
