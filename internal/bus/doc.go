// Package bus carries events from the outbox to the reactions, with Watermill.
//
// Subscriber is the outbox as a Watermill subscriber: at least once, in order
// per key. Bus runs a Watermill Router with one handler per consumer; a handler
// hands its message to the consumer's reactor, which applies many events in one
// commit, each reaction in a savepoint of its own:
//
//	outbox ──► Subscriber ──► Router ──► reactor: BEGIN
//	             ▲   one handler per       still ours? (lease)
//	             │   consumer              inbox rows of the batch
//	             │                         reaction · reaction · reaction
//	             └──── ack / nack ──────── COMMIT
//
// A reaction is a plain function (tx, event). One that keeps failing is tried
// again with growing pauses and then parked, together with later events of the
// same key; other keys go on. Replay applies parked events later.
//
// Messages of one key are handed out before their predecessors are acked, so
// that a batch can hold many of them; each carries a turn that knows its
// predecessor, and the reactor keeps to it. A subscriber made without Pipeline
// keeps the order by itself: one message of a key at a time.
package bus
