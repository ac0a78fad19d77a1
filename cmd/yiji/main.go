// Command yiji plans recurring public-welfare markets, gives booths to
// partners, runs the queues of the day and tells everyone when it closes.
//
// Every flag can be given as an environment variable: --base-url is
// YIJI_BASE_URL. Exit codes: 0 done, 1 something of ours failed, 2 the input
// was wrong (the message names the field and the reason).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones also where the machine has none

	"github.com/alecthomas/kong"

	"yiji/internal/app"
	"yiji/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitInput  = 2
)

// cli is the command line: one field a subcommand.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server: pages, API, alarm clock, messages."`
	Demo    demoCmd    `cmd:"" help:"Play a whole market on the real server: 2026, five partners, 300 residents."`
	Import  importCmd  `cmd:"" help:"Take over a roster (.yaml or .xlsx): community, market, booths, partners."`
	Preview previewCmd `cmd:"" help:"Show the dates a rule means, each with its reason."`
	Plan    planCmd    `cmd:"" help:"Show who would stand where for a roster, and why, without touching anything."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this program's schema and say which it has."`
	Doctor  doctorCmd  `cmd:"" help:"Check every invariant of the database; exit 1 when one is broken."`
	Backup  backupCmd  `cmd:"" help:"Write everything into one file, for either database."`
	Restore restoreCmd `cmd:"" help:"Fill an empty database from a backup."`
	Parked  parkedCmd  `cmd:"" help:"List events that a part of the program could not apply."`
	Replay  replayCmd  `cmd:"" help:"Apply parked events again."`
	Invite  inviteCmd  `cmd:"" help:"Print a single-use link for an organizer, a desk volunteer, a partner or a kiosk."`
}

// streams are where a command speaks.
type streams struct{ out, err io.Writer }

// run is the whole program but the process: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("yiji"),
		kong.Description("益集 – recurring public-welfare markets: dates by rule, booths by plan, queues by number.\n\n"+
			"Start with: yiji demo    Then: yiji serve"),
		kong.DefaultEnvars("YIJI"),
		kong.WithHyphenPrefixedParameters(true), // --count -1 is judged by the command, which knows the range
		kong.ValueFormatter(withDefault),
		kong.Writers(out, errs),
		kong.Exit(func(n int) { code = n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{out, errs}),
	)
	if err != nil {
		fmt.Fprintln(errs, "yiji:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(errs, "yiji: %v\n", err)
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
			fmt.Fprintf(errs, "see: yiji %s --help\n", strings.Fields(parse.Context.Command())[0])
		}
		return exitInput
	}
	return report(errs, typed(kctx, kctx.Run()))
}

// typed says a fault in the words of the command line: a field that is a flag
// or an argument of the command is called as one types it.
func typed(kctx *kong.Context, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Error() != err.Error() {
		return err
	}
	return f.Renamed(func(field string) string {
		for _, flag := range kctx.Flags() {
			if flag.Name == field {
				return "--" + field
			}
		}
		for _, arg := range kctx.Selected().Positional {
			if arg.Name == field {
				return arg.Tag.PlaceHolder
			}
		}
		return field
	})
}

// withDefault is the help of a flag with what it is when it is not given.
func withDefault(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if v.HasDefault && v.Default != "" {
		help += " Default: " + v.Default
	}
	return help
}

// report prints an error once, for people, and chooses the exit code.
func report(errs io.Writer, err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return exitOK
	}
	fmt.Fprintln(errs, "yiji:", err)
	switch fault.KindOf(err) {
	case fault.KindInvalid, fault.KindNotFound, fault.KindConflict:
		return exitInput
	}
	return exitFailed
}

// store are the flags of every command that opens the database.
type store struct {
	Database string `help:"SQLite file, or postgres://user:password@host/name." default:"yiji.db" placeholder:"FILE|URL"`
	Key      string `help:"Installation key, base64 of 32 bytes; otherwise --key-file is read or made." placeholder:"BASE64"`
	KeyFile  string `help:"File of the installation key (default: <database>.key)." type:"path" placeholder:"FILE"`
}

func (s store) options() app.Options {
	return app.Options{Database: s.Database, Key: s.Key, KeyFile: s.KeyFile}
}

// file is the SQLite file, "" for PostgreSQL.
func (s store) file() string {
	if strings.HasPrefix(s.Database, "postgres://") || strings.HasPrefix(s.Database, "postgresql://") {
		return ""
	}
	return strings.TrimPrefix(s.Database, "sqlite:")
}

// there refuses a SQLite file that does not exist, for commands that look into
// a database: a mistyped name must not make an empty one that looks sound.
func (s store) there() error {
	if s.file() == "" {
		return nil
	}
	if _, err := os.Stat(s.file()); err != nil {
		return fault.Invalid("database.missing", "--database", "%v", err)
	}
	return nil
}

// logging are the flags about what is logged.
type logging struct {
	LogLevel  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"text or json." enum:"text,json" default:"text"`
}

func (l logging) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // the enum allows only what it knows
	opts := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// langFlag is the language of what a command prints for people.
type langFlag struct {
	Lang string `help:"Language of reasons: zh-Hans, zh-Hant or en." enum:"zh-Hans,zh-Hant,en" default:"zh-Hans"`
}
