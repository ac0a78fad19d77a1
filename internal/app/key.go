package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"

	"yiji/internal/db"
	"yiji/internal/fault"
)

// OpenKey returns the installation's key and makes sure that it is the one the
// database was made with; a new database takes the key it is given, or a new
// one. Faults: option.key_missing when the key is gone, option.key_other when
// another lies in its place.
func OpenKey(ctx context.Context, d *db.DB, o Options) ([]byte, error) {
	o = o.withDefaults()
	mark, err := keyMark(ctx, d)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(o.keyFile()); mark != "" && o.Key == "" && errors.Is(err, os.ErrNotExist) {
		return nil, fault.Invalid("option.key_missing", "--key-file", "%s is gone; without it sealed contacts and all links are lost: put it back, from a backup perhaps", o.keyFile())
	}
	key, err := o.LoadKey()
	if err != nil {
		return nil, err
	}
	if mark == "" {
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO installation (one, key_mark) VALUES (1, $1) ON CONFLICT DO NOTHING`, markOf(key))
			return err
		})
		if err == nil {
			mark, err = keyMark(ctx, d) // of two first starts one has won
		}
		if err != nil {
			return nil, err
		}
	}
	if mark != markOf(key) {
		return nil, fault.Invalid("option.key_other", "--key-file", "%s is not the key this database was made with", o.keyFile())
	}
	return key, nil
}

func keyMark(ctx context.Context, d *db.DB) (string, error) {
	var mark string
	err := d.View(ctx, func(tx *db.Tx) error {
		err := tx.Get(&mark, `SELECT key_mark FROM installation WHERE one = 1`)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return mark, err
}

func markOf(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("yiji key mark v1"))
	return hex.EncodeToString(m.Sum(nil)[:16])
}
