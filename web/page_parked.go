package web

import (
	"github.com/a-h/templ"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/outbox"
	"yiji/internal/text"
	"yiji/scheduler"
)

// parkedGroup is what one consumer could not apply about one market day.
type parkedGroup struct {
	Consumer string
	Day      scheduler.Day
	Events   []outbox.Parked
}

func (g parkedGroup) since() int64 { return g.Events[0].ParkedAt }

func (s *Server) parkedShow(c *call) error {
	v, err := c.parkedView(c.form("consumer", "day"))
	if err != nil {
		return err
	}
	return c.show(parkedPage(v))
}

// parkedView lists only what is about days of this community.
func (c *call) parkedView(f form) (parkedView, error) {
	v := parkedView{page: c.console("parked.title"), form: f}
	if c.server.parked == nil {
		return v, nil
	}
	all, err := c.server.parked(c.ctx(), parkedMax)
	if err != nil {
		return v, err
	}
	index, days := map[string]int{}, map[string]scheduler.Day{}
	for _, p := range all {
		day, asked := days[p.Key]
		if !asked {
			if day, err = c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, p.Key); err != nil && fault.KindOf(err) != fault.KindNotFound {
				return v, err
			}
			days[p.Key] = day
		}
		if day.ID == "" {
			continue // another community's
		}
		i, known := index[p.Consumer+"\x00"+p.Key]
		if !known {
			i = len(v.Groups)
			index[p.Consumer+"\x00"+p.Key] = i
			v.Groups = append(v.Groups, parkedGroup{Consumer: p.Consumer, Day: day})
		}
		v.Groups[i].Events = append(v.Groups[i].Events, p)
	}
	return v, nil
}

func (s *Server) parkedReplay(c *call) error {
	f := c.form("consumer", "day")
	if _, err := s.Scheduler.Day(c.ctx(), c.In.CommunityID, f.Get("day")); err != nil {
		return err
	}
	var err error
	if s.replay != nil {
		_, err = s.replay(c.ctx(), f.Get("consumer"), f.Get("day"))
	}
	if err != nil {
		s.log.Warn("replay failed again", "consumer", f.Get("consumer"), "error", err)
		v, gone := c.parkedView(f)
		if gone != nil {
			return gone
		}
		again := fault.Conflict("parked.again", "", "failed again: %v", err)
		return c.again(f, again, func(f form) templ.Component {
			v.form = f
			return parkedPage(v)
		})
	}
	return c.done("/o/"+c.Community.Slug+"/parked", "done.parked_replayed")
}

// sinceText is when the first event of the group was set aside.
func (v parkedView) sinceText(g parkedGroup) string { return v.momentText(db.Time(g.since())) }

// part is what stands still, in words; a part without words has its own name.
func (v parkedView) part(g parkedGroup) string {
	if key := "parked.part_" + g.Consumer; text.Has(v.Lang, key) {
		return v.T(key)
	}
	return g.Consumer
}

// means is what that means for the day.
func (v parkedView) means(g parkedGroup) string {
	if key := "parked.means_" + g.Consumer; text.Has(v.Lang, key) {
		return v.T(key)
	}
	return ""
}
