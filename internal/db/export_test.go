package db

import "context"

// DownTo takes the migrations after a version back. No Update may have run.
func (d *DB) DownTo(ctx context.Context, version int64) error {
	p, err := d.provider()
	if err == nil {
		_, err = p.DownTo(ctx, version)
	}
	return err
}
