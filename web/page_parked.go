package web

import (
	"cmp"
	"strconv"

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
	v, err := c.parkedView(c.form())
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

// parkedReplay tries everything of this community again. What fails again holds
// back only what came after it on its own day.
func (s *Server) parkedReplay(c *call) error {
	r, err := c.replay(nil)
	if err != nil {
		return err
	}
	if r.Left == 0 {
		return c.done("/o/"+c.Community.Slug+"/parked", "done.parked_replayed")
	}
	f := c.form()
	v, err := c.parkedView(f)
	if err != nil {
		return err
	}
	again := fault.Conflict("parked.again", "", "%d failed again: %s", r.Left, r.Error).
		Telling("done", strconv.Itoa(r.Applied), "left", strconv.Itoa(r.Left))
	return c.again(f, again, func(f form) templ.Component {
		v.form = f
		return parkedPage(v)
	})
}

// replay tries what is parked of this community again, where only asks for it.
func (c *call) replay(only func(parkedGroup) bool) (r replayAnswer, err error) {
	v, err := c.parkedView(form{})
	if err != nil {
		return r, err
	}
	for _, g := range v.Groups {
		if only != nil && !only(g) {
			continue
		}
		n, failed := c.server.replay(c.ctx(), g.Consumer, g.Day.ID)
		r.Applied += n
		if failed != nil {
			c.server.log.Warn("replay failed again", "consumer", g.Consumer, "day", g.Day.ID, "error", failed)
			r.Left += max(len(g.Events)-n, 1)
			r.Error = cmp.Or(r.Error, failed.Error())
		}
	}
	return r, nil
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
