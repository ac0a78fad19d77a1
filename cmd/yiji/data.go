package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cheggaaa/pb/v3"

	"yiji/internal/app"
	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/seal"
)

// importCmd takes over a roster.
type importCmd struct {
	store
	langFlag
	File string `arg:"" help:"Roster of a community, its market and partners: .yaml, or .xlsx with a sheet 市集." placeholder:"FILE"`
}

// Run imports; the same file twice changes nothing the second time.
func (c *importCmd) Run(ctx context.Context, s streams) error {
	r, err := readRoster(c.File)
	if err != nil {
		return err
	}
	if r.Community.Slug == "" && len(r.Market.Rule) == 0 { // before a database is made for it
		return fault.Invalid("roster.no_market", "FILE", "%s names no community and no market; partners alone are imported on a community's page of partners", c.File)
	}
	warn(s, r, c.Lang)
	return withApp(ctx, c.store, func(a *app.App) error {
		done, err := a.Import(ctx, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s · %s: %d partners new, %d changed, %d unchanged, %d booths\n",
			done.Community.Name, done.Market.Name, done.Created, done.Changed, done.Unchanged, done.Booths)
		return nil
	})
}

// withApp builds the house on a free port, does one thing and takes it down.
func withApp(_ context.Context, st store, do func(*app.App) error) error {
	o := st.options()
	o.Listen = "127.0.0.1:0"
	a, err := app.New(context.Background(), o) // once begun it is finished
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

func withDB(ctx context.Context, st store, do func(*db.DB) error) error {
	d, err := db.Open(ctx, db.Options{URL: st.Database})
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.Close())
}

// migrateCmd brings the schema up.
type migrateCmd struct{ store }

// Run migrates and says the version.
func (c *migrateCmd) Run(ctx context.Context, s streams) error {
	return withDB(ctx, c.store, func(d *db.DB) error {
		have, _, err := d.Schema(ctx)
		if err == nil {
			fmt.Fprintf(s.out, "schema %d\n", have)
		}
		return err
	})
}

// doctorCmd checks the invariants.
type doctorCmd struct {
	store
	JSON bool `name:"json" help:"Print what is broken for machines."`
}

// Run checks; a broken invariant is an error.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	if err := c.there(); err != nil {
		return err
	}
	return withDB(ctx, c.store, func(d *db.DB) error {
		all := app.Invariants()
		broken, err := d.Check(ctx, all)
		if err != nil {
			return err
		}
		if c.JSON {
			if broken == nil {
				broken = []db.Broken{}
			}
			if err := printJSON(s, broken); err != nil {
				return err
			}
		}
		for _, b := range broken {
			fmt.Fprintf(s.err, "✗ %s (%d rows)\n", b.Name, b.Rows)
		}
		if _, err := app.OpenKey(ctx, d, c.options()); err != nil { // it may lie elsewhere: serve refuses without it
			fmt.Fprintf(s.err, "! %v\n", err)
		}
		if len(broken) > 0 {
			return fmt.Errorf("%d of %d invariants are broken", len(broken), len(all))
		}
		if !c.JSON {
			fmt.Fprintf(s.out, "✓ %d invariants hold\n", len(all))
		}
		return nil
	})
}

// backupCmd writes everything into a file.
type backupCmd struct {
	store
	File string `arg:"" help:"File to write, must not exist. It holds the key: keep it as safe as the key." placeholder:"FILE"`
}

// Run writes beside the file and renames: a backup is whole or not there.
func (c *backupCmd) Run(ctx context.Context, s streams) error {
	if err := c.there(); err != nil {
		return err
	}
	if _, err := os.Stat(c.File); err == nil {
		return fault.Invalid("backup.exists", "FILE", "%s exists already", c.File)
	}
	return withDB(ctx, c.store, func(d *db.DB) error {
		key, err := app.OpenKey(ctx, d, c.options())
		if err != nil {
			return err
		}
		tmp, err := os.CreateTemp(filepath.Dir(c.File), ".backup-*")
		if err != nil {
			return fault.Invalid("backup.unwritable", "FILE", "%v", err)
		}
		defer os.Remove(tmp.Name())
		bar := progress(s, "backup")
		err = d.Dump(ctx, tmp, map[string]string{"key": seal.FormatKey(key)}, bar.told)
		bar.end()
		if err := errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
			return err
		}
		if err := os.Rename(tmp.Name(), c.File); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s written\n", c.File)
		return nil
	})
}

// restoreCmd fills an empty database.
type restoreCmd struct {
	store
	File string `arg:"" help:"A file that backup wrote." placeholder:"FILE"`
}

// Run restores data and key. A new file is written beside its name and renamed:
// it is whole or not there.
func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fault.Invalid("file.unreadable", "FILE", "%v", err)
	}
	defer f.Close()
	head, err := db.ReadHeader(f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	into, fresh := c.store, c.there() != nil
	if fresh {
		into.Database = c.file() + ".restoring"
		defer removeSQLite(into.Database)
	}
	err = withDB(ctx, into, func(d *db.DB) error {
		bar := progress(s, "restore")
		defer bar.end()
		_, err := d.Restore(ctx, f, bar.told)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.options().StoreKey(head.Extra["key"]); err != nil {
		return err
	}
	if fresh {
		if err := os.Rename(into.Database, c.file()); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "restored what was saved at %s\n", head.CreatedAt.Format("2006-01-02 15:04:05 MST"))
	return nil
}

// removeSQLite takes away what is left of a database: the file and those beside it.
func removeSQLite(file string) {
	for _, end := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(file + end)
	}
}

// bar shows rows on a terminal and nothing in a log.
type bar struct{ pb *pb.ProgressBar }

func progress(s streams, what string) bar {
	f, ok := s.err.(*os.File)
	if !ok {
		return bar{}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return bar{}
	}
	p := pb.New64(0).SetTemplateString(what + ` {{counters . }} rows {{speed . }}`).SetWriter(f)
	return bar{p.Start()}
}

func (b bar) told(rows int64) {
	if b.pb != nil {
		b.pb.SetCurrent(rows)
	}
}

func (b bar) end() {
	if b.pb != nil {
		b.pb.Finish()
	}
}
