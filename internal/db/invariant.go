package db

import (
	"context"
	"fmt"
)

// Invariant is a sentence that must hold at every commit, as a query that
// returns no row while it does.
type Invariant struct{ Name, SQL string }

// Broken is an invariant that does not hold, with how many rows say so.
type Broken struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Check asks every invariant on one snapshot and returns those that do not hold.
func (d *DB) Check(ctx context.Context, all []Invariant) ([]Broken, error) {
	var broken []Broken
	err := d.View(ctx, func(tx *Tx) error {
		broken = nil
		for _, i := range all {
			var n int64
			if err := tx.Get(&n, `SELECT COUNT(*) FROM (`+i.SQL+`) AS broken`); err != nil {
				return fmt.Errorf("invariant %s: %w", i.Name, err)
			}
			if n > 0 {
				broken = append(broken, Broken{Name: i.Name, Rows: n})
			}
		}
		return nil
	})
	return broken, err
}
