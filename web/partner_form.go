package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yiji/booths"
	"yiji/internal/fault"
)

// partnerForm fills the form with a partner.
func (c *call) partnerForm(p booths.Partner) form {
	f := c.form(partnerFields...).With("name", p.Name).With("kind", p.Kind).With("category", known(c.Lang, "office.category_", p.Category)).
		With("w", decimal(int(p.W))).With("h", decimal(int(p.H))).
		With("contact.person", p.Contact.Person).With("contact.telephone", p.Contact.Telephone).With("contact.email", p.Contact.Email).
		With("step").With("sure").With("loud")
	if p.Loud {
		f = f.With("loud", "yes")
	}
	for i, o := range p.Services {
		needs, own := splitFeatures(o.Needs)
		f = f.add(serviceTable, 1, "name", o.Name, "kind", o.Kind, "minutes", strconv.Itoa(o.Minutes), "price", decimal(o.Price), "own", own, "shows", o.Shows)
		f = f.With(serviceTable.at(i, "needs"), needs...)
		if o.Stock > 0 {
			f = f.With(serviceTable.at(i, "stock"), strconv.Itoa(o.Stock))
		}
		if o.Loud {
			f = f.With(serviceTable.at(i, "loud"), "yes")
		}
	}
	for _, q := range p.Qualifications {
		f = f.add(paperTable, 1, "name", q.Name, "number", q.Number, "expires_on", q.ExpiresOn)
	}
	if len(p.Services) == 0 {
		f = f.add(serviceTable, 1, "minutes", "5")
	}
	return f
}

// splitFeatures tells the features with a box of their own from the others.
func splitFeatures(all []string) (boxed []string, own string) {
	var rest []string
	for _, w := range all {
		if slices.Contains(booths.Features, w) {
			boxed = append(boxed, w)
		} else {
			rest = append(rest, w)
		}
	}
	return boxed, strings.Join(rest, "、")
}

// partnerOf reads a partner; row i of a table is element i of its list.
func partnerOf(f form, p booths.Partner) (booths.Partner, error) {
	p.Name, p.Kind, p.Category = f.Get("name"), f.Get("kind"), categoryToken(f.lang, f.Get("category"))
	p.Loud = f.On("loud")
	p.Contact = booths.Contact{Person: f.Get("contact.person"), Telephone: f.Get("contact.telephone"), Email: f.Get("contact.email")}
	var wrong fault.List
	for name, into := range map[string]*booths.CM{"w": &p.W, "h": &p.H} {
		n, err := f.hundredths(name)
		wrong.Add(err)
		*into = booths.CM(n)
	}
	p.Services, p.Qualifications = nil, nil
	for i := range f.rows(serviceTable) {
		o, err := serviceOf(f, i)
		wrong.Add(err)
		p.Services = append(p.Services, o)
	}
	for i := range f.rows(paperTable) {
		p.Qualifications = append(p.Qualifications, booths.Qualification{
			Name: f.Get(paperTable.at(i, "name")), Number: f.Get(paperTable.at(i, "number")), ExpiresOn: f.Get(paperTable.at(i, "expires_on")),
		})
	}
	wrong.Add(p.Check())
	return p, wrong.Err()
}

func serviceOf(f form, i int) (o booths.Offering, err error) {
	at := func(col string) string { return serviceTable.at(i, col) }
	o = booths.Offering{
		Name: f.Get(at("name")), Kind: f.Get(at("kind")), Shows: f.Get(at("shows")), Loud: f.On(at("loud")),
		Needs: append(slices.Clone(f.All(at("needs"))), listed(f.Get(at("own")))...),
	}
	var wrong fault.List
	o.Minutes, err = f.number(at("minutes"))
	wrong.Add(err)
	o.Stock, err = f.number(at("stock"))
	wrong.Add(err)
	o.Price, err = f.hundredths(at("price"))
	wrong.Add(err)
	return o, wrong.Err()
}

// standingForm fills the form of a partner's standing places at one market.
func (c *call) standingForm(p booths.Partner, marketID string) form {
	f := c.form("market", "standing", "step").With("market", marketID).With("step")
	i := 0
	for _, st := range p.Standing {
		if st.MarketID != marketID {
			continue
		}
		f = f.add(placeTable, 1, "row", "1", "booths", strings.Join(st.Wishes.Booths, "、"), "zones", strings.Join(st.Wishes.Zones, "、")).
			With(placeTable.at(i, "services"), st.Services...)
		i++
	}
	return f
}

var wishOfPlace = regexp.MustCompile(`^(standing\[\d+\]\.)wishes\.(booths|zones)\[\d+\]$`)

// partnerStanding changes the standing places of a partner at one market.
func (s *Server) partnerStanding(c *call) error {
	p, err := c.partner()
	if err != nil {
		return err
	}
	f := c.sheet([]table{placeTable}, "market", "standing", "step")
	m, err := s.Scheduler.Market(c.ctx(), c.In.CommunityID, f.Get("market"))
	if err != nil {
		return err
	}
	put := func(v *partnerView, f form) { v.standing[m.ID] = f }
	switch what, _, row := f.pressed(); what {
	case "add":
		return c.partnerAgain(p, f.add(placeTable, 1, "row", "1"), nil, put)
	case "drop":
		return c.partnerAgain(p, f.drop(placeTable, row), nil, put)
	}
	var places []booths.Standing
	for i := range f.rows(placeTable) {
		places = append(places, booths.Standing{MarketID: m.ID, Services: f.All(placeTable.at(i, "services")), Wishes: booths.Wishes{
			Booths: listed(f.Get(placeTable.at(i, "booths"))), Zones: listed(f.Get(placeTable.at(i, "zones"))),
		}})
	}
	if p.Archived && len(places) > 0 {
		err = fault.Conflict("partner.archived", "standing", "the partner is archived")
	} else {
		err = s.Booths.SaveStanding(c.ctx(), c.boothScope(f), p.ID, m.ID, places)
	}
	if err != nil {
		err = fault.From(err).Renamed(func(field string) string { // one line of the form holds a list
			return wishOfPlace.ReplaceAllString(field, "$1$2")
		})
		return c.partnerAgain(p, f, err, put)
	}
	return c.done("/o/"+c.Community.Slug+"/partners/"+p.ID, "done.standing_saved")
}
