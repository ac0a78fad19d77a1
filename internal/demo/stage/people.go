package stage

import (
	"context"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/app"
	"yiji/internal/demo"
	"yiji/notify"
	"yiji/notify/channel"
	"yiji/scheduler"
)

// key is the installation's key where nothing was played; a test's, not a secret.
const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// begin makes the first administrator, a community and its organizer.
func (k *still) begin(ctx context.Context, a *app.App) error {
	c, err := a.Scheduler.SaveCommunity(ctx, scheduler.Community{Slug: "xiangyang", Name: "泰前街道向阳社区", City: "泰安市", TimeZone: "Asia/Shanghai", Locale: "zh-Hans"})
	if err != nil {
		return err
	}
	k.Community = c.Slug
	return k.meet(ctx, a, nil)
}

// meet lets one person of each kind in and looks up what is there.
func (k *still) meet(ctx context.Context, a *app.App, numbers []demo.Number) error {
	c, err := a.Scheduler.CommunityBySlug(ctx, k.Community)
	if err != nil {
		return err
	}
	k.CommunityID = c.ID
	for _, step := range []func(context.Context, *app.App) error{k.people, k.messages, k.lines} {
		if err := step(ctx, a); err != nil {
			return err
		}
	}
	k.Numbers = map[queue.State]demo.Number{}
	for _, n := range numbers {
		v, err := a.Queue.TicketByHandle(ctx, n.Handle)
		if err != nil {
			return err
		}
		k.Numbers[v.Ticket.State] = n
		if v.Ticket.State == queue.Waiting {
			k.Slip, k.SlipLine, k.SlipNumber = v.Ticket.ID, v.Ticket.LineID, v.Ticket.Number
		}
	}
	return nil
}

// people gives everybody a session; one invitation stays open.
func (k *still) people(ctx context.Context, a *app.App) (err error) {
	k.Tokens = map[account.Kind]string{}
	names := map[account.Kind]string{account.Admin: "王主任", account.Organizer: "李社工", account.Desk: "张大姐", account.Partner: "赵医生", account.Kiosk: "门口平板"}
	for _, kind := range []account.Kind{account.Admin, account.Organizer, account.Desk, account.Partner, account.Kiosk} {
		r := account.Role{Kind: kind, CommunityID: k.CommunityID}
		switch {
		case kind == account.Admin:
			r.CommunityID = ""
		case kind == account.Partner && k.Partner == "":
			continue
		case kind == account.Partner:
			r.PartnerID = k.Partner
		}
		link, err := a.Account.Invite(ctx, account.Operator(), account.Invitation{Role: r})
		if err != nil {
			return err
		}
		if k.Tokens[kind], err = a.Account.Accept(ctx, link, account.Newcomer{Name: names[kind], Lang: "zh-Hans"}); err != nil {
			return err
		}
	}
	role := account.Role{Kind: account.Desk, CommunityID: k.CommunityID}
	k.Invitation, err = a.Account.Invite(ctx, account.Operator(), account.Invitation{Role: role, Label: "窗口志愿者"})
	return err
}

// messages makes a channel and finds a message that went out.
func (k *still) messages(ctx context.Context, a *app.App) error {
	c, err := a.Notify.ChannelSave(ctx, k.CommunityID, notify.ChannelInput{Kind: channel.Mail, Name: "社区值班邮箱", Target: "duty@example.org", Lang: "zh-Hans", Active: true, Key: "stage"})
	if err != nil {
		return err
	}
	k.Channel = c.ID
	list, err := a.Notify.Deliveries(ctx, k.CommunityID, notify.Filter{DayID: k.Day, Limit: 1})
	if err == nil && len(list) > 0 {
		k.Delivery = list[0].ID
	}
	return err
}

// lines finds the busiest line of the partner.
func (k *still) lines(ctx context.Context, a *app.App) error {
	if k.Day == "" {
		return nil
	}
	lines, err := a.Queue.Lines(ctx, k.CommunityID, k.Day)
	most := -1
	for _, l := range lines {
		if l.PartnerID == k.Partner && l.Issued > most {
			k.Line, most = l.ID, l.Issued
		}
	}
	return err
}
