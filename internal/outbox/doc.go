// Package outbox is the promise that an event exists if and only if its change
// was committed, and that each consumer applies it once.
//
//	service ── Emit(tx, event) ──► outbox ──► bus ──► reaction(tx, event)
//	           same transaction    in commit order      │ same transaction
//	                                                    ▼
//	                                        inbox (applied) or parked (failed)
//
// Emit needs a transaction, so there is no event without its change. A
// consumer's inbox row is written in the transaction of its reaction, so a
// repeated delivery changes nothing. What a consumer cannot apply is parked
// with its error, together with later events of the same key; other keys go on.
package outbox
