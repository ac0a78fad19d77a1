// Package booths knows who stands where on a market day.
//
// It keeps partners with their services, the layout of every market, the
// claims of a day and the assignment that follows from them.
//
// The life of a claim (one claim is one place for one partner on one day):
//
//	claimed ──plan or direct──▶ placed ──release──▶ released
//	   │  └──plan, no booth──▶ waiting ──offer accepted──▶ placed
//	   │                          │ ▲
//	   │                          ▼ │ declined, expired
//	   │                        offered
//	   └── withdrawn (any time before the opening) · cancelled with the day
//
// The life of a day, as this package hears it:
//
//	planned ─▶ claiming ─▶ published ─▶ settled
//	   └──────────┴────────────┴─ cancelled, missed
//
// planned copies the day; claiming takes a snapshot of the layout and claims for
// the standing partners; published is the answer to "confirmed": the plan is
// computed, written and told. Everything after that is a single edit: release,
// offer to the next on the waitlist until a deadline, one-day substitute, a free
// booth taken directly, an organizer's override with a reason.
//
// Pure files without I/O: layout.go and roster*.go (what a file may say),
// assign.go, score.go, solve.go, neighbours.go, explain.go (the plan), offer.go
// (deadlines). Two partners never hold one booth because of a partial unique
// index in migrations/0003_booths.sql, not because somebody looked first.
package booths
