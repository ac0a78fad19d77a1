package web

import (
	"slices"
	"strconv"

	"yiji/internal/fault"
	"yiji/notify"
	"yiji/scheduler"
)

// batchesInto lists the messages by what they are about: one card, however many
// people they went to, and what reached nobody on top.
func (c *call) batchesInto(v *messagesView) (err error) {
	if v.List, err = c.server.Notify.Batches(c.ctx(), c.In.CommunityID, v.filter); err != nil {
		return err
	}
	if len(v.List) > lettersShown {
		v.List = v.List[:lettersShown]
		v.Older = v.List[lettersShown-1].ID
	}
	slices.SortStableFunc(v.List, func(a, b notify.Batch) int {
		switch {
		case a.Failed() == b.Failed():
			return 0
		case a.Failed():
			return -1
		}
		return 1
	})
	var few []notify.Delivery
	for _, b := range v.List {
		few = append(few, b.Few...)
	}
	v.to, err = c.receivers(few)
	return err
}

// batchTag is how many messages of a batch are in one state.
type batchTag struct {
	Icon, Look, Says string
}

// tags are the states of a batch, those that need somebody first.
func (p page) tags(b notify.Batch) []batchTag {
	var out []batchTag
	add := func(s notify.State, look, key string, n int) {
		if n > 0 {
			out = append(out, batchTag{stateIcon(s), look, p.T("msg.state_"+key) + " " + strconv.Itoa(n)})
		}
	}
	add(notify.GivenUp, "alarm", string(notify.GivenUp), b.States[notify.GivenUp])
	for _, s := range notify.States {
		switch n := b.States[s]; s {
		case notify.GivenUp:
		case notify.Delivered:
			add(s, "ok", string(s), n-b.InFolder)
			add(s, "", "in_folder", b.InFolder)
		default:
			add(s, "", string(s), n)
		}
	}
	return out
}

// failures are those of the few that reached nobody, others the rest of them.
func failures(b notify.Batch) []notify.Delivery {
	return slices.DeleteFunc(slices.Clone(b.Few), func(d notify.Delivery) bool { return d.State != notify.GivenUp })
}

func others(b notify.Batch) []notify.Delivery {
	return slices.DeleteFunc(slices.Clone(b.Few), func(d notify.Delivery) bool { return d.State == notify.GivenUp })
}

// batchView is everybody one batch went to.
type batchView struct {
	lettersView
	List []notify.Delivery
	form form
}

func (c *call) batchShow(id string) error {
	v := batchView{form: c.form()}
	v.page = c.console("msg.title")
	var err error
	if v.List, err = c.server.Notify.BatchOf(c.ctx(), c.In.CommunityID, id); err != nil {
		return err
	}
	v.Title = c.T("msg.kind_" + string(v.List[0].Kind))
	if id := v.List[0].DayID; id != "" {
		day, err := c.server.Scheduler.Day(c.ctx(), c.In.CommunityID, id)
		if err != nil && fault.KindOf(err) != fault.KindNotFound {
			return err
		}
		v.days = []scheduler.Day{day}
	}
	if v.to, err = c.receivers(v.List); err != nil {
		return err
	}
	return c.show(batchPage(v))
}
