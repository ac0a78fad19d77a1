package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yiji/internal/account"
	"yiji/internal/app"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/outbox"
)

// parkedCmd lists what could not be applied.
type parkedCmd struct {
	store
	JSON bool `name:"json" help:"Print for machines."`
}

// maxParked is how many rows are listed.
const maxParked = 1000

// Run lists, oldest first.
func (c *parkedCmd) Run(ctx context.Context, s streams) error {
	if err := c.there(); err != nil {
		return err
	}
	return withDB(ctx, c.store, func(d *db.DB) error {
		all := []outbox.Parked{}
		err := d.View(ctx, func(tx *db.Tx) error {
			rows, err := outbox.AllParked(tx, maxParked)
			all = append(all, rows...)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s, all)
		}
		if len(all) == 0 {
			fmt.Fprintln(s.out, "nothing is parked")
		}
		t := table{}
		for _, p := range all {
			first, _, _ := strings.Cut(p.Error, "\n")
			t.row(db.Time(p.ParkedAt).Format(time.RFC3339), p.Consumer, p.Key, p.Name, first)
		}
		t.print(s.out)
		return nil
	})
}

// replayCmd applies parked events again.
type replayCmd struct {
	store
	Consumer string `arg:"" optional:"" help:"Only this consumer's (see: yiji parked)." placeholder:"CONSUMER"`
	Key      string `arg:"" optional:"" help:"Only this market day's." placeholder:"DAY"`
}

// Run replays everything parked that matches, one market day after the other: a
// day that fails again holds no other day back.
func (c *replayCmd) Run(ctx context.Context, s streams) error {
	if err := c.there(); err != nil {
		return err
	}
	return withApp(ctx, c.store, func(a *app.App) error {
		var piles []outbox.Pile
		err := a.DB.View(ctx, func(tx *db.Tx) (err error) {
			piles, err = outbox.Piles(tx)
			return err
		})
		if err != nil {
			return err
		}
		piles = slices.DeleteFunc(piles, func(p outbox.Pile) bool {
			return (c.Consumer != "" && c.Consumer != p.Consumer) || (c.Key != "" && c.Key != p.Key)
		})
		if len(piles) == 0 {
			fmt.Fprintln(s.out, "nothing to replay")
		}
		applied, left := 0, 0
		for _, p := range piles {
			n, err := a.Bus.Replay(ctx, p.Consumer, p.Key)
			applied += n
			if err == nil {
				fmt.Fprintf(s.out, "%s %s: %d applied\n", p.Consumer, p.Key, n)
				continue
			}
			left += p.Events - n
			fmt.Fprintf(s.out, "%s %s: %d applied, %d left: %v\n", p.Consumer, p.Key, n, p.Events-n, err)
		}
		if left > 0 {
			return fmt.Errorf("%d applied, %d still parked (see: yiji parked)", applied, left)
		}
		return nil
	})
}

// inviteCmd prints a link.
type inviteCmd struct {
	store
	Role      string `arg:"" enum:"admin,organizer,desk,partner,kiosk" help:"admin, organizer, desk, partner or kiosk (the tablet at the entrance)." placeholder:"ROLE"`
	Community string `help:"Slug of the community (not for admin)." placeholder:"SLUG"`
	Partner   string `help:"Name of the partner, for role partner." placeholder:"NAME"`
	Label     string `help:"A note for yourself whom it is for." placeholder:"TEXT"`
	BaseURL   string `help:"Address people use: of the machine that runs serve, or of the proxy before it." default:"http://127.0.0.1:8080" placeholder:"URL"`
}

// Run prints the link once; only its digest is kept.
func (c *inviteCmd) Run(ctx context.Context, s streams) error {
	if c.Role != string(account.Partner) && c.Partner != "" {
		return fault.Invalid("invite.partner", "--partner", "only a partner's invitation names one: leave it out for %s", c.Role)
	}
	if err := cmp.Or(app.CheckBaseURL(cmp.Or(c.BaseURL, " ")), c.there()); err != nil {
		return err
	}
	return withApp(ctx, c.store, func(a *app.App) error {
		if c.Role == string(account.Admin) && c.Community != "" {
			return fault.Invalid("invite.community", "--community", "an admin belongs to no community: leave it out")
		}
		role := account.Role{Kind: account.Kind(c.Role)}
		if role.Kind != account.Admin {
			if c.Community == "" {
				return fault.Invalid("invite.community", "--community", "a %s belongs to a community: name its slug", c.Role)
			}
			community, err := a.Scheduler.CommunityBySlug(ctx, c.Community)
			if err != nil {
				return err
			}
			role.CommunityID = community.ID
		}
		if role.Kind == account.Partner {
			id, err := partnerNamed(ctx, a, role.CommunityID, c.Partner)
			if err != nil {
				return err
			}
			role.PartnerID = id
		}
		token, err := a.Account.Invite(ctx, account.Operator(), account.Invitation{Role: role, Label: c.Label})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s/invite/%s\n", strings.TrimRight(c.BaseURL, "/"), token)
		fmt.Fprintf(s.err, "The link leads to %s, as --base-url or YIJI_BASE_URL says; without them it is this machine alone. Give serve the same address.\n", c.BaseURL)
		return nil
	})
}

func partnerNamed(ctx context.Context, a *app.App, communityID, name string) (string, error) {
	all, err := a.Booths.Partners(ctx, communityID)
	if err != nil {
		return "", err
	}
	names := []string{}
	for _, p := range all {
		if p.Name == name {
			return p.ID, nil
		}
		if !p.Archived {
			names = append(names, p.Name)
		}
	}
	switch {
	case len(names) == 0:
		return "", fault.NotFound("invite.partner", "--partner", "this community has no partners yet: add them on its page, or import a roster")
	case name == "":
		return "", fault.Invalid("invite.partner", "--partner", "name one of: %s", strings.Join(names, ", "))
	}
	return "", fault.NotFound("invite.partner", "--partner", "there is no partner %q in this community; there are: %s", name, strings.Join(names, ", "))
}
