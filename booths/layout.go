package booths

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// CM is a length on the plan in centimetres: whole numbers, so that a plan is
// the same on every machine.
type CM int

// Metres returns the length in metres.
func (c CM) Metres() float64 { return float64(c) / 100 }

// Zone is a part of the market ground. Accepts lists the categories that may
// stand there; an empty list accepts everybody.
type Zone struct {
	Name    string   `json:"name"`
	Accepts []string `json:"accepts,omitempty"`
}

// Booth is one place on the plan. X and Y are where it stands, W and H its
// size; a size of 0 is unknown and limits nobody. ID is empty in a layout and
// set in the snapshot of a day.
type Booth struct {
	ID       string   `json:"id,omitempty"`
	Code     string   `json:"code"`
	Zone     string   `json:"zone,omitempty"`
	X        CM       `json:"x"`
	Y        CM       `json:"y"`
	W        CM       `json:"w,omitempty"`
	H        CM       `json:"h,omitempty"`
	Features []string `json:"features,omitempty"`
}

// Layout is the ground of a market: its zones, its booths, and what the
// organizer wishes to be offered (names of services or categories).
type Layout struct {
	Zones  []Zone   `json:"zones"`
	Booths []Booth  `json:"booths"`
	Wanted []string `json:"wanted,omitempty"`
}

// Features known by name; a layout may use others of its own.
var Features = []string{"power", "water", "shade", "indoors", "vehicle", "quiet", "wheelchair"}

// Kinds of a service: one waits oneself, leaves an item, or takes from a stock.
const (
	KindPerson = "person"
	KindItem   = "item"
	KindStock  = "stock"
)

// Offering is one service: one thing a partner brings. Stock counts pieces for kind stock;
// Price is a cap in fen, 0 is free; Shows names the filing or certificate.
type Offering struct {
	ID      string   `json:"id,omitempty"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Minutes int      `json:"minutes"`
	Stock   int      `json:"stock,omitempty"`
	Needs   []string `json:"needs,omitempty"`
	Price   int      `json:"price,omitempty"`
	Shows   string   `json:"shows,omitempty"`
	Loud    bool     `json:"loud,omitempty"`
}

// Limits on what one layout or roster may hold; beyond them something is wrong
// with the file rather than with the market.
const (
	maxName     = 200
	maxToken    = 60
	maxBooths   = 5000
	maxPartners = 20000
	maxServices = 50
	maxMinutes  = 480
	maxStock    = 1_000_000
	maxMetres   = 10_000
)

// Check reports what is wrong with the layout, naming every field.
func (l Layout) Check() error {
	var wrong fault.List
	zones := map[string]bool{}
	for i, z := range l.Zones {
		field := fmt.Sprintf("zones[%d]", i)
		wrong.Add(checkName(z.Name, field+".name"))
		if zones[z.Name] {
			wrong.Add(fault.Invalid("zone.twice", field+".name", "zone %q stands twice", z.Name))
		}
		zones[z.Name] = true
		wrong.Add(checkTokens(z.Accepts, field+".accepts"))
	}
	if len(l.Booths) > maxBooths {
		return fault.Invalid("booth.too_many", "booths", "at most %d booths", maxBooths)
	}
	codes, points := map[string]bool{}, map[[2]CM]string{}
	measured := slices.ContainsFunc(l.Booths, func(b Booth) bool { return b.X != 0 || b.Y != 0 }) // otherwise nobody has placed any
	for i, b := range l.Booths {
		field := fmt.Sprintf("booths[%d]", i)
		wrong.Add(b.check(field, zones))
		at := [2]CM{b.X, b.Y}
		if first, taken := points[at]; taken && measured {
			wrong.Add(fault.Invalid("booth.same_point", field+".x", "booth %q stands on the same point as %q", b.Code, first).Telling("booth", first))
		}
		points[at] = b.Code
		if codes[b.Code] {
			wrong.Add(fault.Invalid("booth.code_twice", field+".code", "booth code %q stands twice", b.Code))
		}
		codes[b.Code] = true
	}
	wrong.Add(checkTokens(l.Wanted, "wanted"))
	return wrong.Err()
}

func (b Booth) check(field string, zones map[string]bool) error {
	var wrong fault.List
	wrong.Add(checkToken(b.Code, field+".code"))
	if b.Zone != "" && !zones[b.Zone] {
		wrong.Add(fault.Invalid("booth.zone_unknown", field+".zone", "no zone is called %q", b.Zone))
	}
	for _, m := range []struct {
		name string
		v    CM
		min  CM
	}{{"x", b.X, -maxMetres * 100}, {"y", b.Y, -maxMetres * 100}, {"w", b.W, 0}, {"h", b.H, 0}} {
		if m.v < m.min || m.v > maxMetres*100 {
			wrong.Add(fault.Invalid("booth.metres", field+"."+m.name, "%g metres is out of range", m.v.Metres()))
		}
	}
	wrong.Add(checkTokens(b.Features, field+".features"))
	return wrong.Err()
}

func (s Offering) check(field string) error {
	var wrong fault.List
	wrong.Add(checkName(s.Name, field+".name"))
	if !slices.Contains([]string{KindPerson, KindItem, KindStock}, s.Kind) {
		wrong.Add(fault.Invalid("service.kind_unknown", field+".kind", "%q is not person, item or stock", s.Kind))
	}
	switch {
	case s.Minutes < 0:
		wrong.Add(fault.Invalid("service.minutes_negative", field+".minutes", "%d minutes is less than nothing", s.Minutes))
	case s.Minutes == 0 || s.Minutes > maxMinutes:
		wrong.Add(fault.Invalid("service.minutes", field+".minutes", "minutes must be 1 to %d", maxMinutes))
	}
	switch {
	case s.Kind == KindStock && (s.Stock <= 0 || s.Stock > maxStock):
		wrong.Add(fault.Invalid("service.stock_count", field+".stock", "kind stock needs how many pieces there are, 1 to %d", maxStock))
	case s.Kind != KindStock && s.Stock != 0:
		wrong.Add(fault.Invalid("service.stock_kind", field+".stock", "only kind stock counts pieces"))
	}
	if s.Price < 0 || s.Price > 100_000_000 {
		wrong.Add(fault.Invalid("service.price", field+".price", "a price must be 0 to 1000000 yuan"))
	}
	if s.Shows != "" {
		wrong.Add(checkName(s.Shows, field+".shows"))
	}
	wrong.Add(checkTokens(s.Needs, field+".needs"))
	return wrong.Err()
}

// checkName accepts what a person may write on a sign, in any script.
func checkName(s, field string) error { return checkText(s, field, maxName) }

func checkToken(s, field string) error { return checkText(s, field, maxToken) }

func checkTokens(list []string, field string) error {
	seen := map[string]bool{}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		if err := checkToken(s, at); err != nil {
			return err
		}
		if seen[s] {
			return fault.Invalid("list.twice", at, "%q stands twice", s)
		}
		seen[s] = true
	}
	return nil
}

func checkText(s, field string, limit int) error {
	switch {
	case !utf8.ValidString(s):
		return fault.Invalid("text.not_utf8", field, "is not UTF-8")
	case text.Shown(s) == "":
		return fault.Invalid("text.empty", field, "must not be empty")
	case utf8.RuneCountInString(s) > limit:
		return fault.Invalid("text.too_long", field, "is longer than %d characters", limit).Telling("most", strconv.Itoa(limit))
	}
	if !text.Plain(s) {
		return fault.Invalid("text.control", field, "contains control characters")
	}
	return nil
}

// nameKey is what makes two names the same: Unicode form, width, case, signs
// that show nothing, and surrounding or doubled space do not count.
func nameKey(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(text.Bare(norm.NFKC.String(s)))), " ")
}

// cm turns metres into centimetres; false when it is no length.
func cm(metres float64) (CM, bool) {
	if math.IsNaN(metres) || math.Abs(metres) > maxMetres {
		return 0, false
	}
	return CM(math.Round(metres * 100)), true
}
