package db

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"yiji/internal/fault"
)

// A backup is gzip over JSON lines: a Header, then for every table its name and
// columns followed by one line a row, then an end line with the count of rows.
// It is the same for both databases, so a backup of one restores into the other.

// Header is the first line of a backup.
type Header struct {
	Format    string            `json:"format"` // BackupFormat
	Schema    int64             `json:"schema"`
	CreatedAt time.Time         `json:"created_at"`
	Extra     map[string]string `json:"extra,omitempty"` // what the caller wants to find again
}

// BackupFormat names what Dump writes.
const BackupFormat = "yiji-backup-1"

type dumpTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

type dumpEnd struct {
	Rows *int64 `json:"rows"`
}

// Dump writes everything, as one consistent snapshot. progress is told the rows
// written so far; nil is fine.
func (d *DB) Dump(ctx context.Context, w io.Writer, extra map[string]string, progress func(rows int64)) error {
	have, _, err := d.Schema(ctx)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(w)
	enc := json.NewEncoder(z)
	if err := enc.Encode(Header{Format: BackupFormat, Schema: have, CreatedAt: d.Now(), Extra: extra}); err != nil {
		return err
	}
	var rows int64
	err = d.View(ctx, func(tx *Tx) error {
		tables, err := d.tables(tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := tx.dumpTable(enc, table, &rows, progress); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(enc.Encode(dumpEnd{Rows: &rows}), z.Close())
}

// tables lists our tables in the order they were made, so that what a foreign
// key points to comes first.
func (d *DB) tables(tx *Tx) ([]string, error) {
	var names []string
	if err := tx.Select(&names, d.dialect.tables); err != nil {
		return nil, err
	}
	return names, nil
}

func (tx *Tx) dumpTable(enc *json.Encoder, table string, rows *int64, progress func(int64)) error {
	cursor, err := tx.s.conn.QueryxContext(tx.ctx, `SELECT * FROM `+table) // every column there is: the header names them
	if err != nil {
		return err
	}
	defer cursor.Close()
	columns, err := cursor.Columns()
	if err != nil {
		return err
	}
	if err := enc.Encode(dumpTable{Table: table, Columns: columns}); err != nil {
		return err
	}
	for cursor.Next() {
		values, err := cursor.SliceScan()
		if err != nil {
			return err
		}
		for i, v := range values {
			if raw, ok := v.([]byte); ok {
				values[i] = string(raw)
			}
		}
		if err := enc.Encode(values); err != nil {
			return err
		}
		if *rows++; progress != nil && *rows%1000 == 0 {
			progress(*rows)
		}
	}
	return cursor.Err()
}

// ReadHeader reads the first line of a backup.
func ReadHeader(r io.Reader) (Header, error) {
	dec, err := backupDecoder(r)
	if err != nil {
		return Header{}, err
	}
	return readHeader(dec)
}

func backupDecoder(r io.Reader) (*json.Decoder, error) {
	z, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, fault.Invalid("backup.not_one", "file", "this is not a backup of yiji")
	}
	dec := json.NewDecoder(z)
	dec.UseNumber()
	return dec, nil
}

func readHeader(dec *json.Decoder) (Header, error) {
	var h Header
	if err := dec.Decode(&h); err != nil || h.Format != BackupFormat {
		return h, fault.Invalid("backup.not_one", "file", "this is not a backup of yiji")
	}
	return h, nil
}

// Restore fills an empty database from a backup, in one transaction: all of it
// or nothing. The database must have the backup's schema or a newer one.
func (d *DB) Restore(ctx context.Context, r io.Reader, progress func(rows int64)) (Header, error) {
	dec, err := backupDecoder(r)
	if err != nil {
		return Header{}, err
	}
	h, err := readHeader(dec)
	if err != nil {
		return h, err
	}
	have, _, err := d.Schema(ctx)
	if err != nil {
		return h, err
	}
	if h.Schema > have {
		return h, fault.Invalid("backup.newer", "file", "the backup has schema %d, this program knows %d: use a newer yiji", h.Schema, have)
	}
	done := false // the input can be read once, so the function runs once
	err = d.Update(ctx, func(tx *Tx) error {
		if done {
			return errors.New("restore was disturbed by another process, start again")
		}
		done = true
		if err := d.mustBeEmpty(tx); err != nil {
			return err
		}
		return tx.fill(dec, progress)
	})
	return h, err
}

func (d *DB) mustBeEmpty(tx *Tx) error {
	tables, err := d.tables(tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		var n int
		if err := tx.Get(&n, `SELECT COUNT(*) FROM `+t); err != nil {
			return err
		}
		if slices.Contains(seeded, t) {
			if _, err := tx.Exec(`DELETE FROM ` + t); err != nil {
				return err
			}
			continue
		}
		if n > 0 {
			return fault.Conflict("backup.not_empty", "database", "table %s has %d rows: restore only into an empty database", t, n)
		}
	}
	return nil
}

// seeded are the tables that migrations give their one row; a restore brings it.
var seeded = []string{"outbox_head", "account_setup"}

func (tx *Tx) fill(dec *json.Decoder, progress func(int64)) error {
	var insert string
	var rows int64
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fault.Invalid("backup.cut_off", "file", "the backup ends early or is damaged after %d rows", rows).Because(err)
		}
		if raw[0] == '{' {
			var end dumpEnd
			var t dumpTable
			if err := errors.Join(json.Unmarshal(raw, &end), json.Unmarshal(raw, &t)); err != nil {
				return err
			}
			if end.Rows != nil {
				return checkRows(*end.Rows, rows)
			}
			var err error
			if insert, err = insertInto(t); err != nil {
				return err
			}
			continue
		}
		if err := tx.fillRow(insert, raw); err != nil {
			return err
		}
		if rows++; progress != nil && rows%1000 == 0 {
			progress(rows)
		}
	}
}

func checkRows(want, have int64) error {
	if want != have {
		return fault.Invalid("backup.cut_off", "file", "the backup has %d rows of %d", have, want)
	}
	return nil
}

func (tx *Tx) fillRow(insert string, raw json.RawMessage) error {
	var values []any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&values); err != nil {
		return err
	}
	for i, v := range values {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			values[i] = whole
		} else if values[i], err = n.Float64(); err != nil {
			return err
		}
	}
	_, err := tx.Exec(insert, values...)
	return err
}

// insertInto builds the statement of a table; names come from a file, so only
// plain ones are accepted.
func insertInto(t dumpTable) (string, error) {
	for _, name := range append([]string{t.Table}, t.Columns...) {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return "", fault.Invalid("backup.name", "file", "the name %q cannot be a table or column", name)
		}
	}
	return `INSERT INTO ` + t.Table + ` (` + strings.Join(t.Columns, ", ") + `) VALUES ` + Rows(1, len(t.Columns)), nil
}
