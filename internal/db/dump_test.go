package db_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
)

// G23, first half: what one database dumps the other restores, to the row; a
// damaged backup restores nothing.
func TestDumpRestoresIntoEitherDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, from *db.DB) {
		update(t, from, func(tx *db.Tx) error {
			for range 2500 {
				tx.Append(db.Record{ID: db.NewID(), Topic: "t", Key: "幸福长“9” 🥢", Name: "n", Payload: "{}"})
			}
			return nil
		})
		var file bytes.Buffer
		told := int64(0)
		if err := from.Dump(t.Context(), &file, map[string]string{"k": "v"}, func(n int64) { told = n }); err != nil {
			t.Fatal(err)
		}
		if told < 2000 {
			t.Errorf("progress said %d rows", told)
		}
		dbtest.Each(t, func(t *testing.T, to *db.DB) {
			cut := file.Bytes()[:file.Len()-200]
			if _, err := to.Restore(t.Context(), bytes.NewReader(cut), nil); !fault.Is(err, "backup.cut_off") {
				t.Errorf("half a backup: %v", err)
			}
			if n := count(t, to, `SELECT COUNT(*) FROM outbox`); n != 0 {
				t.Fatalf("half a backup left %d rows", n)
			}
			h, err := to.Restore(t.Context(), bytes.NewReader(file.Bytes()), nil)
			if err != nil || h.Extra["k"] != "v" {
				t.Fatalf("%+v, %v", h, err)
			}
			if n := count(t, to, `SELECT COUNT(*) FROM outbox WHERE key = '幸福长“9” 🥢'`); n != 2500 {
				t.Errorf("%d rows restored", n)
			}
			if n := count(t, to, `SELECT seq FROM outbox_head`); n != 2500 {
				t.Errorf("the head stands at %d", n)
			}
			if _, err := to.Restore(t.Context(), bytes.NewReader(file.Bytes()), nil); !fault.Is(err, "backup.not_empty") {
				t.Errorf("into a full database: %v", err)
			}
		})
	})
}

// A backup that is not byte for byte what was written restores nothing.
func TestADamagedBackupIsRefused(t *testing.T) {
	from, to := dbtest.Open(t, dbtest.SQLite(t), nil), dbtest.Open(t, dbtest.SQLite(t), nil)
	update(t, from, func(tx *db.Tx) error {
		tx.Append(db.Record{ID: db.NewID(), Topic: "t", Key: "k", Name: "n", Payload: "{}"})
		return nil
	})
	var file bytes.Buffer
	if err := from.Dump(t.Context(), &file, nil, nil); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	refused := func(what string, raw []byte) {
		t.Helper()
		if _, err := to.Restore(t.Context(), bytes.NewReader(raw), nil); fault.KindOf(err) != fault.KindInvalid || err == nil {
			t.Errorf("%s: %v", what, err)
		}
		if n := count(t, to, `SELECT COUNT(*) FROM outbox`); n != 0 {
			t.Fatalf("%s left %d rows", what, n)
		}
	}
	const silent = 10 // the bytes of gzip's own header after its mark say nothing about the content
	for i := range whole {
		if i > 2 && i < silent || i%7 > 0 && i < len(whole)-40 {
			continue
		}
		raw := bytes.Clone(whole)
		raw[i] ^= 0xff
		refused(fmt.Sprintf("byte %d of %d", i, len(whole)), raw)
	}
	for n := 1; n <= 16; n++ {
		refused(fmt.Sprintf("without the last %d bytes", n), whole[:len(whole)-n])
	}
	refused("a byte more", append(bytes.Clone(whole), 0))
	refused("two backups", append(bytes.Clone(whole), whole...))
	refused("no UTF-8", zipped(`{"format":"yiji-backup-1"}`, `{"table":"outbox","columns":["id"]}`, "[\"\xcf\"]", `{"rows":1}`))
	refused("a row of no table", zipped(`{"format":"yiji-backup-1"}`, `["x"]`, `{"rows":1}`))
	refused("rows in one line", zipped(`{"format":"yiji-backup-1"}`, `{"table":"outbox","columns":["id"]}`, `["x"]["y"]`, `{"rows":1}`))
	refused("an empty line", zipped(`{"format":"yiji-backup-1"}`, ``, `{"rows":0}`))
	refused("more after the end", zipped(`{"format":"yiji-backup-1"}`, `{"rows":0}`, `{"rows":0}`))
	if _, err := to.Restore(t.Context(), bytes.NewReader(whole), nil); err != nil {
		t.Errorf("the whole one: %v", err)
	}
}

func zipped(lines ...string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, strings.Join(lines, "\n")+"\n")
	_ = z.Close()
	return b.Bytes()
}

// A row without end is refused before it fills the memory.
func TestABackupsLineHasALimit(t *testing.T) {
	to := dbtest.Open(t, dbtest.SQLite(t), nil)
	for _, start := range []string{`"`, `{"format":"yiji-backup-1"}` + "\n" + `{"table":"outbox","columns":["id"]}` + "\n" + `["`} {
		r, w := io.Pipe()
		given := make(chan int)
		go func() {
			z, n, err := gzip.NewWriter(w), 0, error(nil)
			_, _ = io.WriteString(z, start)
			for chunk := bytes.Repeat([]byte("a"), 1<<20); err == nil; n++ {
				_, err = z.Write(chunk)
			}
			given <- n
		}()
		if _, err := to.Restore(t.Context(), r, nil); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("%v", err)
		}
		_ = r.Close()
		if n := <-given; n > 64 {
			t.Errorf("%d MB were read", n)
		}
	}
}

// What Restore would refuse Dump does not write: a backup is not found to be
// useless on the day it is needed.
func TestADumpIsReadableOrNone(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), nil)
	for size, want := range map[int]bool{16<<20 - 4096: true, 16 << 20: false} {
		update(t, d, func(tx *db.Tx) error {
			if _, err := tx.Exec(`DELETE FROM outbox`); err != nil {
				return err
			}
			tx.Append(db.Record{ID: db.NewID(), Topic: "t", Key: "k", Name: "n", Payload: strings.Repeat("x", size)})
			return nil
		})
		var file bytes.Buffer
		err := d.Dump(t.Context(), &file, nil, nil)
		if (err == nil) != want {
			t.Errorf("a row of %d bytes: %v", size, err)
		}
		if err == nil {
			if _, err := dbtest.Open(t, dbtest.SQLite(t), nil).Restore(t.Context(), &file, nil); err != nil {
				t.Errorf("restored: %v", err)
			}
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte(`{"format":"yiji-backup-1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if h, err := db.ReadHeader(bytes.NewReader(raw)); err == nil && h.Format != db.BackupFormat {
			t.Errorf("accepted %+v", h)
		}
	})
}
