package db

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	enc := json.NewEncoder(shortLines{z})
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
	lines, err := backupLines(r)
	if err != nil {
		return Header{}, err
	}
	return readHeader(lines)
}

// longestLine is what a line of a backup may take: whoever gives us a file does
// not say how much memory we need.
const longestLine = 16 << 20

// shortLines refuses to write a line that nobody could read again.
type shortLines struct{ w io.Writer }

// Write takes one whole line, as json.Encoder gives it.
func (s shortLines) Write(line []byte) (int, error) {
	if len(line) >= longestLine {
		return 0, fmt.Errorf("a row of %d MB is more than a backup can hold (%d MB)", len(line)>>20, longestLine>>20)
	}
	return s.w.Write(line)
}

func backupLines(r io.Reader) (*bufio.Scanner, error) {
	z, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, errNoBackup
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, longestLine)
	return lines, nil
}

var errNoBackup = fault.Invalid("backup.not_one", "file", "this is not a backup of yiji")

func readHeader(lines *bufio.Scanner) (Header, error) {
	var h Header
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil || h.Format != BackupFormat {
		return h, errNoBackup
	}
	return h, nil
}

// Restore fills an empty database from a backup, in one transaction: all of it
// or nothing. The database must have the backup's schema or a newer one.
func (d *DB) Restore(ctx context.Context, r io.Reader, progress func(rows int64)) (Header, error) {
	lines, err := backupLines(r)
	if err != nil {
		return Header{}, err
	}
	h, err := readHeader(lines)
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
		err := tx.fill(lines, progress)
		for err != nil && lines.Scan() { // gzip says at the end whether the file or we are to blame
		}
		if bad := lines.Err(); err != nil && bad != nil {
			return damaged(0, bad)
		}
		return err
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

// fill reads to the very end of the file, because only there gzip says whether
// all of it is what was written.
func (tx *Tx) fill(lines *bufio.Scanner, progress func(int64)) error {
	var insert string
	var rows int64
	ended := false
	for lines.Scan() {
		line := lines.Bytes()
		switch {
		case ended:
			return damaged(rows, errors.New("something follows the end"))
		case len(line) == 0 || !utf8.Valid(line):
			return damaged(rows, errors.New("a line is no text"))
		case line[0] != '{':
			if err := tx.fillRow(insert, line, rows); err != nil {
				return err
			}
			if rows++; progress != nil && rows%1000 == 0 {
				progress(rows)
			}
			continue
		}
		var end dumpEnd
		var t dumpTable
		if err := errors.Join(json.Unmarshal(line, &end), json.Unmarshal(line, &t)); err != nil {
			return damaged(rows, err)
		}
		if ended = end.Rows != nil; ended {
			if *end.Rows != rows {
				return fault.Invalid("backup.cut_off", "file", "the backup has %d rows of %d", rows, *end.Rows)
			}
			continue
		}
		var err error
		if insert, err = insertInto(t); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil || !ended {
		return damaged(rows, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return nil
}

func damaged(rows int64, why error) error {
	return fault.Invalid("backup.cut_off", "file", "the backup ends early or is damaged, %d rows were read", rows).Because(why)
}

func (tx *Tx) fillRow(insert string, line []byte, rows int64) error {
	var values []any
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&values); err != nil || insert == "" || dec.InputOffset() != int64(len(line)) {
		return damaged(rows, cmp.Or(err, errors.New("a line is not a row")))
	}
	for i, v := range values {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			values[i] = whole
		} else if values[i], err = n.Float64(); err != nil {
			return damaged(rows, err)
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
