package booths

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// The YAML form of a roster, one function per thing in it. Everything that
// xiangyang.yaml does not show is optional:
//
//	zones:    a name, or {name, accepts: [category, …]}
//	booths:   {code, zone, x, y, w, h, features}            metres
//	wanted:   [service or category, …]
//	partners: {name, kind, category, services, places, standing, newcomer, loud,
//	           size: {w, h}, wishes: {booths, zones}, history: {kept, dropped, last},
//	           contact: {person, telephone, email}}
//	services: {name, kind, minutes, stock, needs, price, shows, loud}   price in yuan
//	places:   {services: [name, …], locked: code}

func (d *decoder) roster(v value) Roster {
	f := d.fields(v, "community", "market", "zones", "booths", "wanted", "partners", "arrivals")
	var r Roster
	r.Community = d.community(d.must(v, f, "community"))
	r.Market = d.market(d.must(v, f, "market"))
	for _, z := range d.list(f["zones"]) {
		r.Zones = append(r.Zones, d.zone(z))
	}
	for _, b := range d.list(d.must(v, f, "booths")) {
		r.Booths = append(r.Booths, d.booth(b))
	}
	r.Wanted = d.texts(f["wanted"])
	for _, p := range d.list(d.must(v, f, "partners")) {
		r.Partners = append(r.Partners, d.partner(p))
	}
	if a, ok := f["arrivals"]; ok {
		r.Arrivals = d.arrivals(a)
	}
	return r
}

// must returns a value that has to be there.
func (d *decoder) must(outer value, f map[string]value, name string) value {
	v, ok := f[name]
	if !ok && d.err == nil {
		d.fail("roster.key_missing", value{outer.node, outer.at(name)}, "is missing")
	}
	return v
}

func (d *decoder) community(v value) RosterCommunity {
	if v.node == nil {
		return RosterCommunity{}
	}
	f := d.fields(v, "slug", "name", "city", "address", "telephone", "timezone", "locale")
	return RosterCommunity{
		Slug: d.text(d.must(v, f, "slug")), Name: d.text(d.must(v, f, "name")),
		City: d.text(f["city"]), Address: d.text(f["address"]), Telephone: d.text(f["telephone"]),
		TimeZone: d.text(f["timezone"]), Locale: d.text(f["locale"]),
	}
}

func (d *decoder) market(v value) RosterMarket {
	if v.node == nil {
		return RosterMarket{}
	}
	f := d.fields(v, "name", "venue", "rule", "holiday", "weekend", "opens", "closes", "residents_reported")
	m := RosterMarket{
		Name: d.text(d.must(v, f, "name")), Venue: d.text(f["venue"]), Rule: d.json(f["rule"], 0),
		Holiday: d.text(f["holiday"]), Weekend: d.text(f["weekend"]),
		Opens: d.clock(f["opens"]), Closes: d.clock(f["closes"]),
	}
	if m.Opens != "" && m.Closes != "" && m.Closes <= m.Opens {
		d.fail("market.closes_first", f["closes"], "%s is not after the opening at %s", m.Closes, m.Opens)
	}
	if rep, ok := f["residents_reported"]; ok {
		n := d.must(rep, d.fields(rep, "at_least"), "at_least")
		if m.ResidentsReported = d.number(n); m.ResidentsReported < 0 {
			d.fail("market.residents", n, "a count cannot be negative")
		}
	}
	return m
}

func (d *decoder) zone(v value) Zone {
	if v.node.Kind == yaml.ScalarNode {
		return Zone{Name: d.text(v)}
	}
	f := d.fields(v, "name", "accepts")
	return Zone{Name: d.text(d.must(v, f, "name")), Accepts: d.texts(f["accepts"])}
}

func (d *decoder) booth(v value) Booth {
	f := d.fields(v, "code", "zone", "x", "y", "w", "h", "features")
	return Booth{
		Code: d.text(d.must(v, f, "code")), Zone: d.text(f["zone"]),
		X: d.metres(f["x"]), Y: d.metres(f["y"]), W: d.metres(f["w"]), H: d.metres(f["h"]),
		Features: d.texts(f["features"]),
	}
}

func (d *decoder) partner(v value) RosterPartner {
	f := d.fields(v, "name", "kind", "category", "services", "places", "standing", "newcomer", "loud",
		"size", "wishes", "history", "contact")
	p := RosterPartner{
		Name: strings.TrimSpace(d.text(d.must(v, f, "name"))), Kind: d.text(d.must(v, f, "kind")), Category: d.text(f["category"]),
		Standing: d.yes(f["standing"]), Newcomer: d.yes(f["newcomer"]), Loud: d.yes(f["loud"]),
	}
	for _, s := range d.list(d.must(v, f, "services")) {
		p.Services = append(p.Services, d.service(s))
	}
	for _, pl := range d.list(f["places"]) {
		g := d.fields(pl, "services", "locked")
		p.Places = append(p.Places, RosterPlace{Services: d.texts(d.must(pl, g, "services")), Locked: d.text(g["locked"])})
	}
	if s, ok := f["size"]; ok {
		g := d.fields(s, "w", "h")
		p.W, p.H = d.metres(g["w"]), d.metres(g["h"])
	}
	if w, ok := f["wishes"]; ok {
		g := d.fields(w, "booths", "zones")
		p.Wishes = Wishes{Booths: d.texts(g["booths"]), Zones: d.texts(g["zones"])}
	}
	if h, ok := f["history"]; ok {
		g := d.fields(h, "kept", "dropped", "last")
		p.History = RosterHistory{Kept: d.number(g["kept"]), Dropped: d.number(g["dropped"]), Last: d.text(g["last"])}
	}
	if c, ok := f["contact"]; ok {
		g := d.fields(c, "person", "telephone", "email")
		p.Contact = Contact{Person: d.text(g["person"]), Telephone: d.text(g["telephone"]), Email: d.text(g["email"])}
	}
	return p
}

func (d *decoder) service(v value) Offering {
	f := d.fields(v, "name", "kind", "minutes", "stock", "needs", "price", "shows", "loud")
	s := Offering{
		Name: d.text(d.must(v, f, "name")), Kind: d.text(d.must(v, f, "kind")), Minutes: d.number(f["minutes"]),
		Stock: d.number(f["stock"]), Needs: d.texts(f["needs"]), Shows: d.text(f["shows"]), Loud: d.yes(f["loud"]),
	}
	if s.Minutes == 0 && f["minutes"].node == nil {
		s.Minutes = defaultMinutes
	}
	price := d.decimal(f["price"])
	if price < 0 || price > 1_000_000 {
		d.fail("service.price", f["price"], "a price must be 0 to 1000000 yuan")
		return s
	}
	s.Price = int(price*100 + 0.5)
	return s
}

// defaultMinutes is what a service takes when nobody says.
const defaultMinutes = 5

func (d *decoder) arrivals(v value) *Arrivals {
	f := d.fields(v, "residents", "first_20_minutes", "lines_per_resident")
	a := &Arrivals{
		Residents: d.number(f["residents"]), First20Minutes: d.decimal(f["first_20_minutes"]),
		LinesPerResident: d.decimal(f["lines_per_resident"]),
	}
	switch {
	case a.Residents < 0 || a.Residents > 1_000_000:
		d.fail("arrivals.residents", f["residents"], "must be 0 to 1000000")
	case !(a.First20Minutes >= 0 && a.First20Minutes <= 1):
		d.fail("arrivals.first_20_minutes", f["first_20_minutes"], "is a share from 0 to 1")
	case !(a.LinesPerResident >= 0 && a.LinesPerResident <= 20):
		d.fail("arrivals.lines_per_resident", f["lines_per_resident"], "must be 0 to 20")
	}
	return a
}
