package web

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"yiji/booths"
)

// ground is the drawing of the booths, to scale, in centimetres.
type ground struct {
	Label      string
	X, Y, W, H int
	Zones      []groundZone
	Booths     []groundBooth
	Font       int    // of what is written beside the booths
	Scale      string // words beside the bar of five metres
	Marks      []groundMark
	Ways       bool // some booths lead somewhere
}

// groundMark is a small icon of the drawing with its word and, for those who ask
// where, the codes of the booths.
type groundMark struct{ Icon, Word, Codes string }

// featureIcons are the icons of the features that have one.
var featureIcons = map[string]string{
	"power": "plug", "water": "droplet", "shade": "umbrella", "indoors": "building-warehouse", "vehicle": "truck", "quiet": "ear-off", "wheelchair": "wheelchair",
}

type groundZone struct {
	Name       string
	Class      string
	Mark       string // class of its colour, and of its shape in words beside
	Shape      string // before its name
	Font       int
	X, Y, W, H int
}

type groundBooth struct {
	Code  string
	Class string // mine, taken, free, offered
	Words string // who stands there, for those who read the drawing aloud
	Short string
	Plain bool // its code large, no names: residents' drawing
	Least int  // its code is at least so high, beyond the booth if it must
	X, Y  int  // the middle
	W, H  int
	Icons []string
	ID    string // of the booth on a day
	To    string // where pressing it leads, "" nowhere
}

const (
	groundMargin  = 150
	groundDefault = 300 // a booth of unknown size, where there is room for it
)

// drawing draws booths from their metres. Say tells of each how it looks and
// who stands there.
func (p page) drawing(all []booths.Booth, say func(booths.Booth) (class, who string)) ground {
	g := ground{Label: p.T("ground.label"), Scale: p.T("ground.scale")}
	size := usualSize(all)
	for _, b := range byCode(all) {
		w, h := int(b.W), int(b.H)
		if w == 0 || h == 0 {
			w, h = size, size
		}
		class, who := say(b)
		words := b.Code
		if who != "" {
			words += " · " + who
		}
		g.Booths = append(g.Booths, groundBooth{Code: b.Code, Class: class, Words: words, Short: shorten(who, 5), X: int(b.X), Y: int(b.Y), W: w, H: h, Icons: iconsOf(b, booths.Features), ID: b.ID})
		g.stretch(groundZone{Name: b.Zone, X: int(b.X) - w/2, Y: int(b.Y) - h/2, W: int(b.X) + w/2, H: int(b.Y) + h/2})
	}
	for _, m := range p.marks(all, booths.Features) {
		m.Codes = ""
		g.Marks = append(g.Marks, m)
	}
	g.frame()
	return g
}

// marks say what the icons of some features mean, and where they are.
func (p page) marks(all []booths.Booth, features []string) (out []groundMark) {
	for _, f := range features {
		var codes []string
		for _, b := range all {
			if slices.Contains(b.Features, f) {
				codes = append(codes, b.Code)
			}
		}
		if len(codes) > 0 {
			out = append(out, groundMark{featureIcons[f], p.T("booths.feature." + f), p.listText(codes)})
		}
	}
	return out
}

// iconsOf are the icons of those features that a booth has.
func iconsOf(b booths.Booth, features []string) (out []string) {
	for _, f := range features {
		if slices.Contains(b.Features, f) {
			out = append(out, featureIcons[f])
		}
	}
	return out
}

// leading gives each booth a way; an empty one leads nowhere.
func (g ground) leading(to func(groundBooth) string) ground {
	g.Booths = slices.Clone(g.Booths)
	for i := range g.Booths {
		g.Booths[i].To = to(g.Booths[i])
		g.Ways = g.Ways || g.Booths[i].To != ""
	}
	return g
}

// ofOne is the drawing for those to whom one kind of booth matters: its code is
// large and lies over the others, which say theirs and nothing else.
func (g ground) ofOne(class string) ground {
	for i := range g.Booths {
		b := &g.Booths[i]
		b.Plain, b.Short = true, ""
		if b.Class != class {
			b.Icons = nil
			continue
		}
		b.Least = g.W / 9
		if code, _ := b.letters(); code == b.Least { // it needs the room of the icons
			b.Icons = nil
		}
	}
	g.Marks = slices.DeleteFunc(g.Marks, func(m groundMark) bool {
		return !slices.ContainsFunc(g.Booths, func(b groundBooth) bool { return slices.Contains(b.Icons, m.Icon) })
	})
	slices.SortStableFunc(g.Booths, func(a, b groundBooth) int { return cmp.Compare(a.Least, b.Least) })
	return g
}

// role: a picture has no ways in it.
func (g ground) role() string {
	if g.Ways {
		return "group"
	}
	return "img"
}

// letters is the size of a booth's code and of what stands below it.
func (b groundBooth) letters() (code, who int) {
	side := min(b.W, b.H*5/4)
	if b.Plain {
		return max(side*9/20, b.Least), side / 6
	}
	return side * 2 / 7, side / 6
}

// codeY is the foot of the code: in the middle where nothing stands below it.
func (b groundBooth) codeY() int {
	switch code, _ := b.letters(); {
	case !b.Plain:
		return b.Y
	case code == b.Least:
		return b.Y + code*7/20
	case len(b.Icons) > 0:
		return b.Y + b.H/10
	}
	return b.Y + b.H*3/20
}

// mark is where the i-th icon stands: a row along the booth's foot.
func (b groundBooth) mark(i int) (x, y, side int) {
	side = min(min(b.W, b.H)/5, b.W/max(len(b.Icons), 1))
	if b.Plain {
		side = min(b.W, b.H) * 7 / 25
	}
	return b.X - side*len(b.Icons)/2 + side*i, b.Y + b.H/2 - side - side/6, side
}

// usualSize is what a booth of unknown size is drawn as: three metres, or less
// where the nearest two stand closer.
func usualSize(all []booths.Booth) int {
	size := groundDefault
	for i := range all {
		for j := range i {
			far := max(absInt(int(all[i].X-all[j].X)), absInt(int(all[i].Y-all[j].Y)))
			if far > 0 {
				size = min(size, far*4/5)
			}
		}
	}
	return max(size, 20)
}

func absInt(n int) int { return max(n, -n) }

// stretch makes a zone reach around a booth. X and Y of a growing zone are its
// corner, W and H the opposite one until frame turns them into sizes.
func (g *ground) stretch(by groundZone) {
	for i := range g.Zones {
		if z := &g.Zones[i]; z.Name == by.Name {
			z.X, z.Y, z.W, z.H = min(z.X, by.X), min(z.Y, by.Y), max(z.W, by.W), max(z.H, by.H)
			return
		}
	}
	g.Zones = append(g.Zones, by)
}

func (g *ground) frame() {
	if len(g.Zones) == 0 {
		return
	}
	left, top, right, bottom := g.Zones[0].X, g.Zones[0].Y, g.Zones[0].W, g.Zones[0].H
	for _, z := range g.Zones {
		left, top, right, bottom = min(left, z.X), min(top, z.Y), max(right, z.W), max(bottom, z.H)
	}
	g.X, g.W = left-groundMargin, max(right-left, 500)+2*groundMargin
	g.Font = max(50, g.W/18)
	g.Y, g.H = top-groundMargin-g.Font, bottom-top+2*groundMargin+3*g.Font
	for i := range g.Zones {
		z := &g.Zones[i]
		z.Class, z.Mark, z.Shape = "zone zone-"+strconv.Itoa(i%zoneMarks), markClass(i), zoneShapes[i%zoneMarks]
		if z.Name == "" {
			z.Class, z.Mark, z.Shape = "zone zone-none", "", ""
		}
		z.X, z.Y, z.W, z.H = z.X-40, z.Y-g.Font*8/5, z.W-z.X+80, z.H-z.Y+g.Font*8/5+40
		z.Font = min(g.Font, (z.W-60)/(utf8.RuneCountInString(z.Name)+1))
	}
}

func (g ground) viewBox() string {
	return strconv.Itoa(g.X) + " " + strconv.Itoa(g.Y) + " " + strconv.Itoa(g.W) + " " + strconv.Itoa(g.H)
}

// shorten keeps the first n characters of a name.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
