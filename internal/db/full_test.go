package db_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// full makes the file as large as it may get, so that the next page does not
// fit: SQLite answers as it does on a full disk (SQLITE_FULL).
func full(tx *db.Tx, yes bool) error {
	pages := 1 << 30
	if yes {
		pages = 1
	}
	var now int
	return tx.Get(&now, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
}

// On a full disk SQLite undoes the whole transaction, not the statement. Those
// who shared it must not be told that they are in, and who comes after in the
// same group must not write outside of any transaction, without their events.
func TestAFullDiskSpoilsNobodyElsesUpdate(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), nil)
	scratch(t, d)
	const all = 300
	in := make([]bool, all)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				if err := full(tx, i%7 == 0); err != nil {
					return err
				}
				key := fmt.Sprint(i)
				if i%7 == 0 {
					key += strings.Repeat("x", 1<<20)
				}
				_, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ($1, $2)`, key, i)
				if i%2 == 0 {
					_, _ = tx.Exec(`INSERT INTO scratch (k, v) VALUES ($1, $2)`, "beside "+fmt.Sprint(i), -1) // some look away
				}
				tx.Append(db.Record{ID: fmt.Sprint(i), Topic: "t", Key: "k", Name: "n", Payload: "{}"})
				return err
			})
			in[i] = err == nil
			if wanted := i%7 != 0; in[i] != wanted {
				t.Errorf("update %d: %v", i, err)
			}
			if err != nil && !errors.Is(err, db.ErrDisk) {
				t.Errorf("update %d does not say that the disk is full: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range all {
		rows := count(t, d, `SELECT COUNT(*) FROM scratch WHERE v = $1`, i)
		events := count(t, d, `SELECT COUNT(*) FROM outbox WHERE id = $1`, fmt.Sprint(i))
		if (rows == 1) != in[i] || (events == 1) != in[i] {
			t.Errorf("update %d was told %v and has %d rows, %d events", i, in[i], rows, events)
		}
	}
	if n := count(t, d, `SELECT COUNT(*) FROM scratch WHERE v = -1`); n != all/2-all/14-1 {
		t.Errorf("%d rows beside them", n)
	}
}

// PostgreSQL says it with a code of its own; there the statement alone fails.
func TestPostgresSaysThatItsDiskIsFull(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	d := dbtest.Open(t, dbtest.Postgres(t), nil)
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DO $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$`)
		return err
	})
	if !errors.Is(err, db.ErrDisk) {
		t.Error(err)
	}
	if err := d.Room(t.Context()); err != nil {
		t.Error("there is room again:", err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM commands`); n != 0 {
		t.Errorf("looking for room left %d rows", n)
	}
}
