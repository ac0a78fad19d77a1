package db_test

import (
	"bytes"
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

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte(`{"format":"yiji-backup-1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if h, err := db.ReadHeader(bytes.NewReader(raw)); err == nil && h.Format != db.BackupFormat {
			t.Errorf("accepted %+v", h)
		}
	})
}
