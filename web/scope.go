package web

import (
	"yiji/internal/account"
	"yiji/internal/fault"
)

// scope finds out where a request happens: it fills c.In, the object that the
// route's action is done to. What it cannot find is NotFound.
type scope func(c *call) error

// nowhere: the installation, or something whose handle is its own key.
func nowhere(*call) error { return nil }

// inCommunity reads :community, a slug or an id.
func inCommunity(c *call) error {
	name := c.Param("community")
	got, err := c.server.Scheduler.CommunityBySlug(c.ctx(), name)
	if fault.KindOf(err) == fault.KindNotFound && isHandle(name) {
		got, err = c.server.Scheduler.Community(c.ctx(), name)
	}
	if err != nil {
		return err
	}
	c.Community = got
	c.In = account.Object{CommunityID: got.ID}
	return nil
}

// ofPartner reads :community and :partner. That the partner is the community's
// is for the service to check: it finds nothing otherwise.
func ofPartner(c *call) error {
	if err := inCommunity(c); err != nil {
		return err
	}
	c.In.PartnerID = c.Param("partner")
	return nil
}

// asPartner reads :community and takes the partner the actor acts for there;
// who acts for several says which with ?partner= . An organizer says which too.
func asPartner(c *call) error {
	if err := inCommunity(c); err != nil {
		return err
	}
	c.In.PartnerID = c.QueryParam("partner")
	if own := c.Actor.PartnerIn(c.In.CommunityID); c.In.PartnerID == "" && len(own) > 0 {
		c.In.PartnerID = own[0]
	}
	return nil
}

// ofLine reads :community and :line: whose line it is, the queue knows.
func ofLine(c *call) error {
	if err := inCommunity(c); err != nil {
		return err
	}
	communityID, _, partnerID, err := c.server.Queue.LineOwner(c.ctx(), c.Param("line"))
	if err != nil {
		return err
	}
	if communityID != c.In.CommunityID {
		return fault.NotFound("queue.line_unknown", "line", "there is no such line here")
	}
	c.In.PartnerID = partnerID
	return nil
}
