package browser

import (
	"regexp"
	"strconv"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Screenshot is the whole page as WebP, a third of what PNG takes. The screen
// is made as high as the page, so that what sticks to its edges stays there.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	p.settle()
	p.high(max(p.o.Height, Eval[int](p, `document.documentElement.scrollHeight`)))
	defer p.high(p.o.Height)
	return p.Screen()
}

func (p *Page) high(pixels int) {
	p.t.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, p.o.screen(pixels))
	p.must(err)
}

// Screen is what one sees of the page without scrolling, as WebP.
func (p *Page) Screen() []byte {
	p.t.Helper()
	p.settle()
	ctx, cancel := p.soon()
	defer cancel()
	quality := int64(70)
	res, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
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
