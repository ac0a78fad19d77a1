// Package demo plays a whole year and one market day on the real server: a
// temporary SQLite file, a free port, and a clock it can push.
//
//	year    the scheduler creates the dates of 2026 and runs ten markets by itself
//	claims  five partners come in by their links and claim places over HTTP
//	day     19 November: 300 residents take numbers over HTTP, booths call and serve
//	told    the day closes, settles and the messages go out
//	check   every invariant; every number seen by somebody once
//
// Everything people do goes through the HTTP API with their own sessions.
// Chance comes from a fixed seed, so the same fixture plays the same market.
package demo
