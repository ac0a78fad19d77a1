package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"yiji/booths"
	"yiji/internal/app"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// previewCmd shows what a rule means.
type previewCmd struct {
	langFlag
	Rule     string   `required:"" help:"The rule as JSON: {\"monthly\":{\"days\":[19]}}, {\"monthly\":{\"nth\":-1,\"weekday\":\"saturday\"}}, {\"weekly\":{\"every\":2,\"weekdays\":[\"friday\"],\"from\":\"2026-01-02\"}}, {\"lunar\":{\"days\":[3,8,13,18,23,28]}}, {\"dates\":[\"2026-03-01\"]}, {\"cron\":\"0 9 8 * *\"}." placeholder:"JSON"`
	Holiday  string   `help:"When the date is a holiday: keep, skip, next-workday, previous-workday, next-same-weekday." default:"keep" placeholder:"POLICY"`
	Weekend  string   `help:"When the date is a weekend that is not worked: the same choices." default:"keep" placeholder:"POLICY"`
	TZ       string   `name:"tz" help:"Time zone of the community." default:"Asia/Shanghai" placeholder:"ZONE"`
	Holidays []string `help:"Holidays as YAML, beside the built-in 2026." placeholder:"FILE"`
	From     string   `help:"First date, YYYY-MM-DD; today without." placeholder:"DATE"`
	Count    int      `help:"How many dates." default:"12" placeholder:"N"`
	JSON     bool     `name:"json" help:"Print an array for machines."`
}

// maxPreview bounds a preview: a rule of every day for a hundred years.
const maxPreview = 40_000

// Run prints the dates held; those skipped are said on the table, too.
func (c *previewCmd) Run(s streams) error {
	in, err := c.input()
	if err != nil {
		return err
	}
	all, err := scheduler.PreviewAll(in)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s, scheduler.Lines(scheduler.Held(all), c.Lang))
	}
	if len(all) == 0 {
		fmt.Fprintf(s.out, "no date on or after %s\n", in.From)
	}
	t := table{}
	for _, o := range all {
		l := o.In(c.Lang)
		mark := ""
		switch {
		case o.Skipped:
			mark = "×"
		case o.Shifted:
			mark = "→"
		}
		t.row(mark, l.Date, l.Weekday, l.Lunar, l.RuleDate, l.Reason)
	}
	t.print(s.out)
	return nil
}

func (c *previewCmd) input() (in scheduler.Input, err error) {
	if rule := strings.TrimSpace(c.Rule); rule == "" || rule == "null" {
		return in, fault.Invalid("rule.empty", "--rule", "is empty; yiji preview --help shows rules")
	}
	if in.Rule, err = scheduler.ParseRule([]byte(c.Rule)); err != nil {
		return in, fault.From(err).In("--rule")
	}
	if in.Holiday, err = scheduler.ParsePolicy("--holiday", c.Holiday); err != nil {
		return in, err
	}
	if in.Weekend, err = scheduler.ParsePolicy("--weekend", c.Weekend); err != nil {
		return in, err
	}
	loc, err := scheduler.Location("--tz", c.TZ)
	if err != nil {
		return in, err
	}
	if in.From = scheduler.DateOf(time.Now(), loc); c.From != "" {
		if in.From, err = scheduler.ParseDate("--from", c.From); err != nil {
			return in, err
		}
	}
	if c.Count < 1 || c.Count > maxPreview {
		return in, fault.Invalid("preview.count", "--count", "%d is not between 1 and %d", c.Count, maxPreview)
	}
	in.Count = c.Count
	in.Calendar, err = app.Options{Holidays: c.Holidays}.Calendar()
	return in, err
}

// planCmd shows the plan of a roster.
type planCmd struct {
	langFlag
	File string `arg:"" help:"Roster: .yaml, .xlsx or .csv." placeholder:"FILE"`
	JSON bool   `name:"json" help:"Print the plan for machines, with every feasible pair and its score."`
}

// Run prints who stands where and why.
func (c *planCmd) Run(s streams) error {
	r, err := readRoster(c.File)
	if err != nil {
		return err
	}
	warn(s, r, c.Lang)
	result := booths.PlanRoster(r)
	v := result.In(c.Lang)
	if c.JSON {
		return printJSON(s, v)
	}
	t := table{}
	for _, a := range v.Assignments {
		t.row(a.Booth, a.Partner, fmt.Sprint(a.Score), strings.Join(a.Reasons, ";"))
	}
	for _, w := range v.Waitlist {
		t.row("候补", w.Partner, fmt.Sprint(w.Position), strings.Join(w.Reasons, ";"))
	}
	t.print(s.out)
	for _, d := range v.Disturbances {
		fmt.Fprintln(s.out, "!", strings.Join(d.Reasons, ";"))
	}
	return nil
}

func readRoster(name string) (booths.Roster, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return booths.Roster{}, fault.Invalid("file.unreadable", "FILE", "%v", err)
	}
	r, err := booths.ReadRoster(name, raw)
	if err == nil {
		err = app.CheckRoster(r)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

func warn(s streams, r booths.Roster, lang string) {
	for _, w := range r.Warnings() {
		fmt.Fprintf(s.err, "! %s: %s\n", w.Field, w.Reason.In(lang))
	}
}

func printJSON(s streams, v any) error {
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
