// Package live lets pages follow a market day while it happens.
//
//	commit ─ wake ─► Hub.Run ── one View ──► room of a day ──► watcher ─► page
//	                 events after the last    line → newest    its own number:
//	                 number mark lines;       frame, each      sends what is newer
//	                 those lines are read     encoded once
//
// The hub reads the outbox behind its head like anybody may, in every process;
// it is no consumer and stores nothing. What it shows is read through the
// services in the same snapshot as the number of the newest event, so a frame
// with number n is what the events up to n add up to. Only days that somebody
// watches are read; with nobody watching nothing is done.
//
// A frame is the complete state of one line (Line) or of the day (Day), so a
// later one replaces an earlier one. A watcher keeps nothing but the number up
// to which it was told. What is pending for it are the frames with higher
// numbers: one that reads slowly gets the newest state of each line, late, and
// never holds up anybody. One that takes no bytes for ten seconds is dropped.
//
// A stream is made of these events:
//
//	retry  how long the browser waits before it comes again
//	all    a complete picture follows, of these lines; forget what you knew
//	line   the state of a line      day  the state of the day
//	at     everything up to this number was told; also the heartbeat
//
// Only "at" carries an id: a connection cut between two frames resumes before
// both. Who comes back with the number of an "at" gets what changed since, or,
// when the number is older than what the room remembers, everything.
//
// On HTTP/1.1 a stream leaves net/http with its connection: what a request
// keeps (buffers, a deep stack, a reading goroutine) is most of a watcher's
// memory. Elsewhere (HTTP/2) it is written through http.ResponseController.
package live
