package web

import (
	"context"

	"github.com/a-h/templ"

	"yiji/notify"
	"yiji/notify/channel"
)

var channelFields = []string{"kind", "name", "target", "secret", "lang", "active"}

func (s *Server) channelsShow(c *call) error {
	v, err := c.channelsView(c.form(channelFields...).With("lang", c.Lang))
	if err != nil {
		return err
	}
	return c.show(channelsPage(v))
}

func (c *call) channelsView(f form) (channelsView, error) {
	v := channelsView{page: c.console("chan.title"), form: f}
	var err error
	if v.List, err = c.server.Notify.ChannelList(c.ctx(), c.In.CommunityID); err != nil {
		return v, err
	}
	v.Last = map[string][]notify.Delivery{}
	for _, x := range v.List {
		if v.Last[x.ID], err = c.lastTo(x.ID, 1); err != nil {
			return v, err
		}
	}
	return v, nil
}

// lastTo are the last messages to a channel.
func (c *call) lastTo(channelID string, n int) ([]notify.Delivery, error) {
	return c.server.Notify.Deliveries(c.ctx(), c.In.CommunityID, notify.Filter{Recipient: "channel:" + channelID, Limit: n})
}

func channelInput(f form) notify.ChannelInput {
	return notify.ChannelInput{Kind: channel.Kind(f.Get("kind")), Name: f.Get("name"), Target: f.Get("target"), Secret: f.Get("secret"),
		Lang: f.Get("lang"), Active: true, Key: f.Key}
}

func (s *Server) channelAdd(c *call) error {
	f := c.form(channelFields...)
	made, err := s.Notify.ChannelSave(c.ctx(), c.In.CommunityID, channelInput(f))
	if err != nil {
		v, gone := c.channelsView(f)
		if gone != nil {
			return gone
		}
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return channelsPage(v)
		})
	}
	return c.done("/o/"+c.Community.Slug+"/channels/"+made.ID, "done.chan_added")
}

func (s *Server) channelShow(c *call) error {
	v, err := c.channelView(c.form(channelFields...))
	if err != nil {
		return err
	}
	v.Asked = c.QueryParam("delete") != ""
	v.form = v.form.With("name", v.Channel.Name).With("lang", v.Channel.Lang)
	if v.Channel.Active {
		v.form = v.form.With("active", "yes")
	}
	return c.show(channelPage(v))
}

func (c *call) channelView(f form) (channelView, error) {
	v := channelView{page: c.console("chan.one"), form: f}
	list, err := c.server.Notify.ChannelList(c.ctx(), c.In.CommunityID)
	if err != nil {
		return v, err
	}
	id := c.Param("channel")
	if v.Secret, err = c.server.Notify.ChannelSecret(c.ctx(), c.In.CommunityID, id); err != nil {
		return v, err
	}
	for _, x := range list {
		if x.ID == id {
			v.Channel = x
		}
	}
	v.Last, err = c.lastTo(id, 3)
	return v, err
}

// channelDo is one button of a channel's page: it comes back there when it
// worked, and with the reason when it did not.
func (s *Server) channelDo(note string, do func(ctx context.Context, c *call, f form) error) handler {
	return func(c *call) error {
		f := c.form(channelFields...)
		if err := do(c.ctx(), c, f); err != nil {
			v, gone := c.channelView(f)
			if gone != nil {
				return gone
			}
			return c.again(f, err, func(f form) templ.Component {
				v.form = f
				return channelPage(v)
			})
		}
		return c.done("/o/"+c.Community.Slug+"/channels/"+c.Param("channel"), note)
	}
}

func (s *Server) channelSave(ctx context.Context, c *call, f form) error {
	v, err := c.channelView(f)
	if err != nil {
		return err
	}
	in := channelInput(f)
	in.ID, in.Kind, in.Active = v.Channel.ID, v.Channel.Kind, f.On("active")
	_, err = s.Notify.ChannelSave(ctx, c.In.CommunityID, in)
	return err
}

func (s *Server) channelTest(ctx context.Context, c *call, f form) error {
	_, err := s.Notify.ChannelTest(ctx, c.In.CommunityID, c.Param("channel"), f.Key)
	return err
}

func (s *Server) channelRotate(ctx context.Context, c *call, _ form) error {
	_, err := s.Notify.ChannelRotate(ctx, c.In.CommunityID, c.Param("channel"))
	return err
}

func (s *Server) channelDelete(c *call) error {
	if err := s.Notify.ChannelDelete(c.ctx(), c.In.CommunityID, c.Param("channel")); err != nil {
		return err
	}
	return c.done("/o/"+c.Community.Slug+"/channels", "done.chan_deleted")
}

func (p page) channelKinds() []choice {
	out := make([]choice, len(channel.Kinds))
	for i, k := range channel.Kinds {
		out[i] = choice{string(k), p.T("msg.channel_" + string(k))}
	}
	return out
}
