// Package migrations is the shape of the database, as numbered SQL files that
// are one text for SQLite and PostgreSQL. They are applied in order at start;
// a released file never changes, a new one is added (expand, then contract).
package migrations

import "embed"

// FS holds the numbered files.
//
//go:embed *.sql
var FS embed.FS
