// Package stage gives tests the house at a moment of its life, full of real
// people and numbers: the played market of internal/demo, stopped.
//
//	w := stage.Open(t, stage.Busy)        the real server on a SQLite file of its own, clock standing still
//	p.Cookie(w.Base, stage.Cookie, w.Token(account.Desk))
//	p.Open(w.Base + "/d/" + w.Day)
//	w.Push(61 * time.Second)              time goes on only when it is pushed
//
// The market is played once per process, in memory for every moment; Open
// copies a file and starts a server, so every test has a world of its own to
// change. Moments: Bare (installed, nobody yet), Empty (an administrator, a
// community, an organizer and nothing else), Planned (two days before), Busy
// (300 residents, 75 minutes after opening), Settled (closed and told).
package stage
