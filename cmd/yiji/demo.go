package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"yiji/internal/app"
	"yiji/internal/demo"
	"yiji/internal/fault"
)

// demoCmd plays a whole market on the real server.
type demoCmd struct {
	JSON   string  `name:"json" help:"Write the summary for machines into this file." placeholder:"FILE"`
	Serve  bool    `help:"Keep the pages open afterwards, until Ctrl-C."`
	Speed  float64 `help:"Play the market day so many times faster than life, to watch it; 0 is as fast as it goes." default:"0" placeholder:"N"`
	Listen string  `help:"Address to listen on (default: a free port)." placeholder:"HOST:PORT"`
}

// Run plays; a broken promise is an error.
func (c *demoCmd) Run(ctx context.Context, s streams) error {
	if c.Speed < 0 {
		return fault.Invalid("demo.speed", "--speed", "%v is negative", c.Speed)
	}
	if c.Listen != "" {
		if err := app.CheckListen(c.Listen); err != nil {
			return err
		}
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return err
	}
	var file *os.File
	if c.JSON != "" { // before the work: an unwritable file is said at once
		if file, err = os.Create(c.JSON); err != nil {
			return fault.Invalid("demo.json", "--json", "%v", err)
		}
		defer file.Close()
	}
	var written error
	err = demo.Run(ctx, demo.Options{
		Listen: c.Listen, Speed: c.Speed, Serve: c.Serve,
		Logger: slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Timeline: func(at time.Time, line string) {
			fmt.Fprintf(s.out, "%s  %s\n", at.In(zone).Format("2006-01-02 15:04:05"), line)
		},
		Open: func(p demo.Pages) {
			if c.Serve || c.Speed > 0 {
				fmt.Fprintf(s.out, "\nresidents  %s\nthe day    %s\nscreen     %s\norganizer  %s  as %s with %s\npartner    %s  (works once)\n\n",
					p.Schedule, p.Day, p.Screen, p.Login, p.Email, p.Password, p.Partner)
			}
		},
		Done: func(sum demo.Summary) {
			summary(s, sum)
			if file != nil {
				enc := json.NewEncoder(file)
				enc.SetIndent("", "  ")
				written = enc.Encode(sum)
			}
			if c.Serve {
				fmt.Fprintln(s.out, "\nThe pages stay open. Ctrl-C ends and removes everything.")
			}
		},
	})
	if err != nil {
		return fmt.Errorf("the demonstration failed: %w", err)
	}
	return written
}

func summary(s streams, sum demo.Summary) {
	fmt.Fprintln(s.out)
	dates := table{}
	for _, d := range sum.Dates {
		mark := ""
		if d.Shifted {
			mark = "→"
		}
		dates.row(mark, d.Date, d.Weekday, d.Lunar, d.State, d.Reason)
	}
	dates.print(s.out)
	fmt.Fprintln(s.out)
	lines := table{}
	lines.row("摊位", "服务", "取号", "服务完成", "过号", "顺延", "平均等候(分)")
	for _, l := range sum.Lines {
		lines.row(l.Booth, l.Service, fmt.Sprint(l.Issued), fmt.Sprint(l.Served), fmt.Sprint(l.Missed), fmt.Sprint(l.Expired), fmt.Sprint(l.WaitMin))
	}
	lines.print(s.out)
	fmt.Fprintf(s.out, "\n居民 %d · 号 %d · 完成 %d · 过号 %d · 顺延下次 %d · 领完 %d\n重号 %d · 断号 %d · 消息 %d 发出 %d 失败 · 不变量 %d 破坏 · %.1f 秒\n",
		sum.Residents, sum.Tickets, sum.Served, sum.Missed, sum.CarriedOver, sum.SoldOut,
		sum.Duplicates, sum.Gaps, sum.Deliveries.Sent, sum.Deliveries.Failed, sum.Broken, sum.Seconds)
	for kind, n := range sum.Messages {
		fmt.Fprintf(s.out, "  %s: %d\n", kind, n)
	}
}
