package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"yiji/booths"
	"yiji/internal/text"
	"yiji/scheduler"
)

// rosterDiff says what an import would change.
type rosterDiff struct {
	Created   []string
	Changed   []rosterChange
	Same      int
	BoothsNew []string
	BoothsOff []string
	BoothsNow int
	Warnings  []string
	Ground    bool // the ground of a market is replaced
}

// rosterChange is one partner that would become different, and in what.
type rosterChange struct {
	Name string
	What []string
}

// sameName compares names as the roster does: width, case and space do not count.
func sameName(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
}

// compare holds a roster against what is there.
func (c *call) compare(r booths.Roster, m scheduler.Market) (d rosterDiff, err error) {
	have, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return d, err
	}
	contacts, err := c.server.Booths.Contacts(c.ctx(), c.In.CommunityID)
	if err != nil {
		return d, err
	}
	byName := map[string]booths.Partner{}
	for _, p := range have {
		p.Contact = contacts[p.ID]
		byName[sameName(p.Name)] = p
	}
	for _, rp := range r.Partners {
		p, there := byName[sameName(rp.Name)]
		if !there {
			d.Created = append(d.Created, rp.Name)
			continue
		}
		if what := c.differences(rp, p, m.ID); len(what) > 0 {
			d.Changed = append(d.Changed, rosterChange{rp.Name, what})
		} else {
			d.Same++
		}
	}
	if m.Name != "" && len(r.Booths) > 0 {
		if err := c.compareGround(&d, r, m); err != nil {
			return d, err
		}
		for _, w := range r.Warnings() {
			d.Warnings = append(d.Warnings, rosterPlace(c.Lang, w.Field)+": "+booths.Sentences([]text.Reason{w.Reason}, c.Lang)[0])
		}
	}
	return d, nil
}

func (c *call) compareGround(d *rosterDiff, r booths.Roster, m scheduler.Market) error {
	d.Ground, d.BoothsNow = true, len(r.Booths)
	var old booths.Layout
	if m.ID != "" {
		var err error
		if old, err = c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID); err != nil {
			return err
		}
	}
	codes := func(list []booths.Booth) (out []string) {
		for _, b := range list {
			out = append(out, b.Code)
		}
		return out
	}
	was, now := codes(old.Booths), codes(r.Booths)
	for _, code := range now {
		if !slices.Contains(was, code) {
			d.BoothsNew = append(d.BoothsNew, code)
		}
	}
	for _, code := range was {
		if !slices.Contains(now, code) {
			d.BoothsOff = append(d.BoothsOff, code)
		}
	}
	return nil
}

// differences names what of a partner an import would change.
func (c *call) differences(rp booths.RosterPartner, p booths.Partner, marketID string) (what []string) {
	add := func(differs bool, key string) {
		if differs {
			what = append(what, c.T(key))
		}
	}
	add(rp.Name != p.Name, "office.partner_name")
	add(rp.Kind != p.Kind, "office.partner_kind")
	add(rp.Category != p.Category, "office.partner_category")
	add(rp.Loud != p.Loud, "office.loud")
	add(rp.W != p.W || rp.H != p.H, "office.partner_place")
	add(rp.Contact != booths.Contact{} && rp.Contact != p.Contact, "office.contact")
	stands := slices.ContainsFunc(p.Standing, func(s booths.Standing) bool { return s.MarketID == marketID })
	add(rp.Standing && marketID != "" && !stands, "office.standing")
	old := map[string]booths.Offering{}
	for _, o := range p.Services {
		o.ID = ""
		old[o.Name] = o
	}
	for _, o := range rp.Services {
		was, there := old[o.Name]
		switch {
		case !there:
			what = append(what, "+ "+o.Name)
		case was.Kind != o.Kind || was.Minutes != o.Minutes || was.Stock != o.Stock || was.Price != o.Price || was.Shows != o.Shows || was.Loud != o.Loud || !slices.Equal(was.Needs, o.Needs):
			what = append(what, o.Name)
		}
		delete(old, o.Name)
	}
	for _, o := range p.Services {
		if _, gone := old[o.Name]; gone {
			what = append(what, "− "+o.Name)
		}
	}
	return what
}

var (
	rosterIndex = regexp.MustCompile(`\b(partners|services|booths|zones|places|wishes|wanted|needs|features)\[(\d+)\]`)
	rosterRow   = regexp.MustCompile(`!\d+`)
	rosterWord  = regexp.MustCompile(`\b(partners|services|booths|zones|name|kind|category|minutes|stock|price|needs|features|code|zone|rule|opens|closes|venue|market|community|slug)\b`)
)

// rosterPlace says where in a file something is, for people: partners[3].kind is 合伙人 4 · 方式.
func rosterPlace(lang, field string) string {
	if field == "file" || field == "market" || field == "" {
		return field
	}
	field = rosterIndex.ReplaceAllStringFunc(field, func(s string) string {
		m := rosterIndex.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return m[1] + " " + strconv.Itoa(n+1)
	})
	field = rosterWord.ReplaceAllStringFunc(field, func(s string) string { return known(lang, "office.roster_", s) })
	field = rosterRow.ReplaceAllStringFunc(field, func(s string) string {
		return " " + text.T(lang, "office.roster_row", text.Args{"n": s[1:]})
	})
	return strings.ReplaceAll(field, ".", " · ")
}
