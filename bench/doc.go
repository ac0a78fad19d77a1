// Command bench measures the house against yardsticks in the same run and
// writes RESULTS.md: "make bench". It is a module of its own, so that the
// yardsticks never weigh on users.
//
// An absolute figure means nothing on a shared machine. Every line is a ratio:
// ours and the yardstick take turns, at least five times each, and the table
// shows the median ratio with the smallest and the largest.
//
//	P1  checkins.go  durable check-ins over HTTP on SQLite      against a constant POST
//	P2  checkins.go  the same on PostgreSQL                     against pgbench (pgbench.go)
//	P3  page.go      the residents' schedule page               against nginx and a bare handler
//	P4  pipeline.go  committed change to committed reaction     against River (river.go)
//	P5  watch.go     one call seen by 10,000 open pages         against a bare broadcast
//	P6  assign.go    the best assignment of 1,000 to 1,000      against scipy (lap.py)
package main
