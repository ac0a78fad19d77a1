package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"yiji/booths"
	"yiji/internal/fault"
)

// claimFieldsOf are the fields of a claim: what is brought, and for each service
// what one may change on the way.
func claimFieldsOf(p booths.Partner) []string {
	all := slices.Clone(claimFields)
	for _, o := range p.Services {
		all = append(all, "minutes."+o.ID, "stock."+o.ID, "needs."+o.ID)
	}
	return all
}

// claimForm is the form of a claim, filled in as it was the last time.
func (c *call) claimForm(p booths.Partner, last *booths.Claim) form {
	f := c.form(claimFieldsOf(p)...)
	for _, o := range p.Services {
		boxed, _ := splitFeatures(o.Needs)
		f = f.With("minutes."+o.ID, strconv.Itoa(o.Minutes)).With("needs."+o.ID, boxed...)
		if o.Stock > 0 {
			f = f.With("stock."+o.ID, strconv.Itoa(o.Stock))
		}
		if last == nil || slices.ContainsFunc(last.Services, func(l booths.Offering) bool { return l.ID == o.ID }) {
			f = f.With("services", append(slices.Clone(f.All("services")), o.ID)...)
		}
	}
	if last != nil {
		for i, w := range last.Wishes.Booths[:min(2, len(last.Wishes.Booths))] {
			f = f.With("wish"+strconv.Itoa(i+1), w)
		}
		f = f.With("zones", last.Wishes.Zones...)
	}
	return f
}

// lastClaim is what the partner asked for the last time before a day opens,
// nil when it never did.
func (c *call) lastClaim(day booths.Day) (*booths.Claim, error) {
	mine, err := c.server.Booths.MyDays(c.ctx(), c.partnerOf(""), c.In.PartnerID)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(mine, func(a, b booths.MyDay) int { return b.OpensAt.Compare(a.OpensAt) })
	for _, d := range mine {
		if d.ID == day.ID || d.OpensAt.After(day.OpensAt) || len(d.Claims) == 0 {
			continue
		}
		return &d.Claims[len(d.Claims)-1], nil
	}
	return nil, nil
}

// brings writes down what was changed about the services: minutes, pieces and
// needs hold for this day and the next ones.
func (c *call) brings(f form, p booths.Partner) error {
	if !f.On("sheet") {
		return nil
	}
	changed := false
	for i := range p.Services {
		o, was := &p.Services[i], p.Services[i]
		if len(f.All("minutes."+o.ID)) == 0 {
			continue // it has a place already and was not on the form
		}
		var err error
		if o.Minutes, err = f.number("minutes." + o.ID); err != nil {
			return err
		}
		if len(f.All("stock."+o.ID)) > 0 {
			if o.Stock, err = f.number("stock." + o.ID); err != nil {
				return err
			}
		}
		_, own := splitFeatures(o.Needs)
		o.Needs = append(slices.Clone(f.All("needs."+o.ID)), listed(own)...)
		changed = changed || o.Minutes != was.Minutes || o.Stock != was.Stock || !sameWords(o.Needs, was.Needs)
	}
	if !changed {
		return nil
	}
	_, err := c.server.Booths.SavePartner(c.ctx(), c.partnerOf(f.Key+"-brings"), p)
	return serviceFault(err, p)
}

// serviceFault leads what is wrong with a service to its field on the form.
func serviceFault(err error, p booths.Partner) error {
	var wrong *fault.Error
	if !errors.As(err, &wrong) {
		return err
	}
	return wrong.Renamed(func(field string) string {
		for i, o := range p.Services {
			if what, ok := strings.CutPrefix(field, "services["+strconv.Itoa(i)+"]."); ok {
				what, _, _ = strings.Cut(what, "[")
				return what + "." + o.ID
			}
		}
		return field
	})
}

func sameWords(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// brought says in one line what the form as it stands brings.
func (v partnerDayView) brought() string {
	var names []string
	for _, o := range v.unclaimed() {
		if v.claim.Chosen("services", o.ID) {
			name := o.Name
			if n := v.claim.Get("stock." + o.ID); o.Kind == booths.KindStock && n != "" {
				name += " " + v.T("stall.pieces_n", "n", n)
			}
			names = append(names, name)
		}
	}
	return v.listText(names)
}

// featureBoxes are the needs one may tick.
func (v partnerDayView) featureBoxes() []choice {
	out := make([]choice, len(booths.Features))
	for i, w := range booths.Features {
		out[i] = choice{w, v.featuresText([]string{w})}
	}
	return out
}

// wantedFirst are the wishes of the organizer: those nobody answers stand first.
func (v partnerDayView) wantedFirst() []wanted {
	out := slices.Clone(v.Wanted)
	slices.SortStableFunc(out, func(a, b wanted) int {
		switch {
		case a.Brought == b.Brought:
			return 0
		case a.Brought:
			return 1
		}
		return -1
	})
	return out
}
