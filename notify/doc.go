// Package notify tells people what happened: partners, residents who asked,
// organizers, and the robots and webhooks of a community.
//
// Reactions (on.go) hear events and write deliveries, nothing else. dispatch.go
// is the only place that talks to the outside; it looks up the address, commits
// the attempt, sends outside any transaction and writes down what happened.
//
//	event ─► reaction ─► queued ──claim──► sending ──► delivered
//	                       ▲   (attempt row) │
//	                       │                 ├──► retry ─(pause)─► sending …
//	                     Resend              └──► given_up   (visible, with the last answer)
//	                       │
//	     too late, no address, unsubscribed ──► skipped (why)
//	     too many for a robot, a burst for one person ──► merged into one digest
//
// A delivery exists once per reason, recipient and channel. A claim is a
// compare-and-set with a lease: whoever dies between claim and answer leaves an
// attempt without a result, and after the lease somebody tries again – a message
// may arrive twice after a crash, never not at all.
//
// How late a message may be, and at which hours residents may be written to,
// is policy.go; what it says is message.go with the texts of internal/text.
// Contacts are nowhere in deliveries: partners' and organizers' addresses come
// from the Directory at the moment of sending, residents' are sealed and
// forgotten 24 hours after closing.
package notify
