package browser

import (
	"regexp"
	"strconv"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Screenshot is the whole page as WebP, a third of what PNG takes.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	p.settle()
	ctx, cancel := p.soon()
	defer cancel()
	whole, quality := true, int64(80)
	res, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &whole, Format: page.CaptureScreenshotFormatWebp, Quality: &quality,
	})
	p.must(err)
	return res.Data
}

// Sheet is a printed page in millimetres.
type Sheet struct{ Width, Height float64 }

var (
	sheetPage = regexp.MustCompile(`/Type ?/Page[^s]`)
	sheetBox  = regexp.MustCompile(`/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]`)
)

// Sheets prints the page on the paper its stylesheet asks for.
func (p *Page) Sheets() (out []Sheet) {
	p.t.Helper()
	p.settle()
	ctx, cancel := p.soon()
	defer cancel()
	yes := true
	res, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes})
	p.must(err)
	for _, m := range sheetBox.FindAllSubmatch(res.Data, -1) {
		w, _ := strconv.ParseFloat(string(m[1]), 64)
		h, _ := strconv.ParseFloat(string(m[2]), 64)
		out = append(out, Sheet{w * 25.4 / 72, h * 25.4 / 72})
	}
	if n := len(sheetPage.FindAll(res.Data, -1)); n != len(out) || n == 0 {
		p.t.Fatalf("a print of %d pages with %d sizes", n, len(out))
	}
	return out
}
