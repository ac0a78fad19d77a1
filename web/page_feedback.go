package web

import (
	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/scheduler"
)

func (c *call) feedbackForm() form { return c.form("line", "ticket", "mark", "words") }

// feedbackPage asks how it was, about one line or the whole day; nobody is named.
func (s *Server) feedbackPage(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	v, err := c.feedbackView(d)
	if err != nil {
		return err
	}
	return c.show(v(c.feedbackForm().With("line", c.QueryParam("line")).With("ticket", c.QueryParam("ticket"))))
}

func (s *Server) feedback(c *call) error {
	d, err := c.marketDay(c.Param("day"))
	if err != nil {
		return err
	}
	f := c.feedbackForm()
	err = s.Queue.FeedbackGive(c.ctx(), queue.FeedbackInput{DayID: d.ID, Ticket: f.Get("ticket"), Visitor: c.card(false), LineID: f.Get("line"),
		Mark: queue.Mark(f.Get("mark")), Words: f.Get("words"), Key: f.Key})
	if err == nil {
		return c.done("/d/"+d.ID, "done.feedback")
	}
	v, broken := c.feedbackView(d)
	if broken != nil {
		return err
	}
	return c.again(f, err, v)
}

func (c *call) feedbackView(d scheduler.Day) (func(form) templ.Component, error) {
	zones, err := c.zones(d.ID, nil)
	v := feedbackView{page: c.page("public.feedback"), when: c.when(d.TimeZone), Day: d, Lines: []choice{{"", c.T("public.feedback_day")}}}
	for _, z := range zones {
		for _, l := range z.Lines {
			v.Lines = append(v.Lines, choice{l.ID, l.Service})
		}
	}
	return func(f form) templ.Component {
		v.form = f
		return feedbackPage(v)
	}, err
}
