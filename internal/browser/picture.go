package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"slices"
	"strconv"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Screenshot is the whole page as a small PNG: at most 256 colours, which is
// plenty for paper and ink.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	p.settle()
	ctx, cancel := p.soon()
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	p.must(err)
	img, err := png.Decode(bytes.NewReader(raw))
	p.must(err)
	var out bytes.Buffer
	p.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduced(img)))
	return out.Bytes()
}

// reduced keeps the 256 most frequent colours; the others become the nearest.
func reduced(img image.Image) image.Image {
	b := img.Bounds()
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		r, g, bl, _ := img.At(x, y).RGBA()
		// Two bits less per channel: a difference nobody sees, and far fewer colours.
		return color.RGBA{uint8(r>>8) | 3, uint8(g>>8) | 3, uint8(bl>>8) | 3, 255}
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, c color.RGBA) int {
		if n := count[c] - count[a]; n != 0 {
			return n
		}
		return int(a.R)<<16 + int(a.G)<<8 + int(a.B) - int(c.R)<<16 - int(c.G)<<8 - int(c.B)
	})
	palette := color.Palette{}
	for _, c := range all[:min(256, len(all))] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	out := image.NewPaletted(b, palette)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(palette.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
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
