package main

import (
	"context"
	"fmt"

	"yiji/internal/app"
)

// serveCmd runs the server.
type serveCmd struct {
	store
	logging
	Listen         string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	BaseURL        string   `help:"Address people use, as in links and QR codes (default: the listening address)." placeholder:"URL"`
	SMTP           string   `help:"Mail server: smtp://user:password@host:587 or smtps://…:465. Without it messages are files in --outbox." placeholder:"URL"`
	MailFrom       string   `help:"Sender of mail, as 益集 <yiji@example.org>." placeholder:"ADDRESS"`
	Outbox         string   `help:"Folder for messages without a channel, .eml and .json (default: outbox beside the database)." type:"path" placeholder:"DIR"`
	AllowPrivate   []string `help:"Private networks webhooks and robots may reach, as 10.0.0.0/8." placeholder:"NETWORK"`
	TrustedProxies []string `help:"Networks of proxies whose X-Forwarded headers count." placeholder:"NETWORK"`
	MetricsToken   string   `help:"Bearer token that opens /metrics to others than private addresses." placeholder:"TOKEN"`
	Holidays       []string `help:"More years of holidays, YAML files." type:"existingfile" placeholder:"FILE"`
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	o := c.options()
	o.Listen, o.BaseURL, o.SMTP, o.MailFrom = c.Listen, c.BaseURL, c.SMTP, c.MailFrom
	o.OutboxDir, o.Holidays, o.Logger = c.Outbox, c.Holidays, c.logger(s.err)
	o.MetricsToken = c.MetricsToken
	var err error
	if o.AllowPrivate, err = app.ParsePrefixes("--allow-private", c.AllowPrivate); err != nil {
		return err
	}
	if o.TrustedProxies, err = app.ParsePrefixes("--trusted-proxies", c.TrustedProxies); err != nil {
		return err
	}
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	token, fresh, err := a.Account.SetupLink(ctx)
	if err != nil {
		_ = a.Close()
		return err
	}
	fmt.Fprintf(s.out, "益集 is at %s\n", a.BaseURL)
	if fresh {
		fmt.Fprintf(s.out, "First start. Open this link once to become the administrator:\n  %s/setup/%s\n", a.BaseURL, token)
	}
	return a.Run(ctx)
}
