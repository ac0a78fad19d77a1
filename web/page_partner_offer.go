package web

import (
	"github.com/a-h/templ"

	"yiji/booths"
)

func (s *Server) offerShow(c *call) error {
	v, err := c.offerView()
	if err != nil {
		return err
	}
	return c.show(offerPage(v))
}

func (c *call) offerView() (offerView, error) {
	at, err := c.stall("stall.offer")
	v := offerView{stall: at, form: c.form()}
	v.Modules = []string{"claim.js"}
	if err != nil {
		return v, err
	}
	if v.Offer, err = c.server.Booths.Offer(c.ctx(), c.partnerOf(""), c.Param("offer")); err != nil {
		return v, err
	}
	if v.Day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, v.Offer.DayID); err != nil {
		return v, err
	}
	v.Plan, err = c.server.Booths.DayBooths(c.ctx(), c.In.CommunityID, v.Offer.DayID)
	return v, err
}

func (s *Server) offerAnswer(c *call) error {
	f, id := c.form("answer"), c.Param("offer")
	key, err := "done.stall_accepted", error(nil)
	if f.Get("answer") == "yes" {
		_, err = s.Booths.AcceptOffer(c.ctx(), c.partnerOf(f.Key), id)
	} else {
		key, err = "done.stall_declined", s.Booths.DeclineOffer(c.ctx(), c.partnerOf(f.Key), id)
	}
	v, gone := c.offerView()
	if gone != nil {
		return gone
	}
	if err != nil {
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return offerPage(v)
		})
	}
	return c.done(v.Base+"/days/"+v.Offer.DayID+v.As, key)
}

func (v offerView) open() bool { return v.Offer.State == booths.OfferOpen }

// ground shows where the offered booth stands.
func (v offerView) ground() ground {
	all := make([]booths.Booth, len(v.Plan.Booths))
	for i, b := range v.Plan.Booths {
		all[i] = b.Booth
	}
	return v.drawing(all, func(b booths.Booth) (string, string) {
		if b.ID == v.Offer.BoothID {
			return "mine", ""
		}
		return "taken", ""
	}).ofOne("mine")
}
