package web

import (
	"github.com/a-h/templ"

	"yiji/notify"
	"yiji/scheduler"
)

func (c *call) subscribeForm() form { return c.form("email", "reminder", "closing", "dayid") }

// subscribePage is the second screen on which a resident may ask to be told.
// Nothing is ticked; each purpose says what it is for and how long it is kept.
func (s *Server) subscribePage(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	return c.show(c.subscribeView(d)(c.subscribeForm()))
}

func (s *Server) subscribe(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	f := c.subscribeForm()
	in := notify.SubscriptionInput{MarketID: d.MarketID, Email: f.Get("email"), Lang: c.Lang, Reminder: f.On("reminder"), Closing: f.On("closing"), Key: f.Key}
	if f.Get("dayid") != "" {
		in.DayID = d.ID
	}
	if err = s.door.letter(c.address()); err == nil {
		err = s.Notify.SubscriptionAdd(c.ctx(), d.CommunityID, in)
	}
	if err != nil {
		return c.again(f, err, c.subscribeView(d))
	}
	return c.done("/d/"+d.ID, "done.subscribed")
}

func (c *call) subscribeView(d scheduler.Day) func(form) templ.Component {
	w := c.when(d.TimeZone)
	v := subscribeView{page: c.page("public.subscribe"), when: w, Day: d}
	switch d.StateAt(w.now) {
	case scheduler.Planned, scheduler.Claiming, scheduler.Confirmed, scheduler.Open:
		v.Which = []choice{{"one", c.T("public.subscribe_one", "date", w.Date(d.HeldOn))}, {"", c.T("public.subscribe_every")}}
	}
	return func(f form) templ.Component {
		v.form = f
		return subscribePage(v)
	}
}

// confirmPage shows what somebody asked for under this address; looking confirms nothing.
func (s *Server) confirmPage(c *call) error {
	sub, err := s.Notify.SubscriptionAsked(c.ctx(), c.Param("token"))
	if err != nil {
		return err
	}
	return c.show(confirmPage(c.aboutSubscription("public.confirm", sub)))
}

func (s *Server) confirm(c *call) error {
	if err := s.Notify.SubscriptionConfirm(c.ctx(), c.Param("token")); err != nil {
		return err
	}
	return c.done("/", "done.confirmed")
}

// unsubscribePage shows what a link would end; looking does not end it.
func (s *Server) unsubscribePage(c *call) error {
	sub, err := s.Notify.SubscriptionShow(c.ctx(), c.Param("token"))
	if err != nil {
		return err
	}
	return c.show(unsubscribePage(c.aboutSubscription("public.unsubscribe", sub)))
}

func (c *call) aboutSubscription(title string, sub notify.Subscription) subscriptionView {
	v := subscriptionView{page: c.page(title), Subscription: sub, form: c.form()}
	if d, err := scheduler.ParseDate("held_on", sub.HeldOn); err == nil {
		v.Date = c.when("").Date(d)
	}
	return v
}

func (s *Server) unsubscribe(c *call) error {
	if err := s.Notify.SubscriptionRemove(c.ctx(), c.Param("token")); err != nil {
		return err
	}
	return c.done("/", "done.unsubscribed")
}
