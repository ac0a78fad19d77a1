package browser

import (
	"regexp"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// onePage is how Chromium begins a page in a PDF.
var onePage = regexp.MustCompile(`/Type\s*/Page[^s]`)

// Printed is the page as it comes out of a printer: how many sheets, and the PDF.
func (p *Page) Printed() (sheets int, pdf []byte) {
	p.t.Helper()
	p.settle()
	ctx, cancel := p.soon()
	defer cancel()
	yes := true
	out, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: &yes, PreferCSSPageSize: &yes})
	p.must(err)
	return len(onePage.FindAll(out.Data, -1)), out.Data
}
