package queue

import "yiji/internal/db"

// Service runs the lines. Who may run which line is decided by its callers
// (LineOwner tells them whose it is); that a line belongs to the named day and
// community is checked here.
type Service struct{ db *db.DB }

// New returns the service on an open database.
func New(d *db.DB) *Service { return &Service{db: d} }
