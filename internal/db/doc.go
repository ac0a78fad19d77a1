// Package db opens the database and holds the only begin and commit in the
// program.
//
// There are two ways in. View reads from one consistent snapshot. Update
// changes: waiting Updates share one commit, each in its own savepoint, so a
// failing one undoes only itself and the disk is asked once for all of them.
//
//	Update ─┐                       ┌─ answer
//	Update ─┼─► BEGIN · do · do · do · number the events · COMMIT ─┼─ answer
//	Update ─┘   (savepoint each)                                   └─ answer
//
// One lane of writing per process serves both databases: SQLite allows one
// writer anyway, and on PostgreSQL the numbers of events are given in commit
// order under one row lock, so a second lane would only wait for the first –
// or deadlock with it. Answers are given after COMMIT, with the data on disk
// (synchronous=FULL on SQLite).
//
// SQL is one text for both databases: $1 placeholders, TEXT ids, instants as
// BIGINT microseconds UTC, local dates as TEXT. This package and its tests are
// the only place that knows which database is behind.
package db
