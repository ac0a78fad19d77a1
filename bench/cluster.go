package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"yiji/internal/db"
)

// database makes a new database on the cluster and returns its address.
func (r *run) database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, r.cluster.URL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name += "_" + db.NewID()[:6]
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(r.cluster.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// checkpoint lets every measurement begin with the same write-ahead log: empty.
func (r *run) checkpoint(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.cluster.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
