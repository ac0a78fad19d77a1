// Package scheduler says when: communities, their markets and the days on
// which they are held.
//
// A market carries a rule (recurrence.go). The rule yields local dates, the
// calendar and the policies may shift them (plan.go), the time of day is
// applied last. Every rule is a robfig cron.Schedule.
//
//	Rule ──► rule dates ──► exceptions ──► holiday policy ──► weekend policy ──► occurrences
//	                        skip move extra  (calendar.go)                       (Preview)
//
// An occurrence less than 60 days ahead becomes a market day, a row whose
// identity is (market, date the rule says), also after a shift or a move:
//
//	planned ──► claiming ──► confirmed ──► open ──► closed ──► settled
//	   └───────────┴────────────┴─ cancelled (why)
//	missed: it was over before anyone knew
//
//	planned    < 60 days ahead                           by the clock
//	claiming   21 days ahead, 10:00                      by the clock
//	confirmed  3 days ahead, 18:00, or earlier           by the clock, or an organizer
//	open       at the opening time, or ≤ 60 min earlier  by the clock, or an organizer
//	closed     at the closing time, or earlier           by the clock, or an organizer
//	settled    when every line is closed                 hears event.LinesClosed
//
// Time decides what is true; Tick only writes it down. Each transition has an
// instant at which it is effective and one at which it was recorded; it is a
// compare-and-set in the transaction of its event, so any number of schedulers
// may tick at once and a clock that jumps back undoes nothing. Whatever a
// person commands is judged after the day has been brought up to tx.Now inside
// the same transaction, so a scheduler that sleeps changes no answer.
//
// An organizer's early confirmation, opening or closing can be taken back for ten
// minutes, and not after the planned time of the step has come (undo.go); a
// cancellation, too, before the day would have opened (revive.go): by a person,
// never by a clock. The step then leaves the transitions – so each state
// is entered once by what counts – and stays in the history with who and when.
// Everybody hears MarketDayUndone and is again where they were; what an early
// step has to say to people is held until it is certain.
//
// Nothing is effective before the row of its day was made: a day that is planned
// late – its market was saved late, or the scheduler was away – has windows of
// its own, beginning then, and claims stay open for a part of what is left
// (windows.go), so the window is never shortened silently. A transition that
// comes later than planned and is effective later, too, says so in its history;
// the event carries how late it was recorded. Only missed looks back: it says
// when the day was over.
//
// Days are made of what lies ahead. A date that is over, or has begun, when a
// market is created or edited was not due before, and gets no day; a day that
// was due while nobody planned it is made, and is missed if it is over.
//
// Runner is the only user of robfig/cron as an alarm clock. It may forget, fire
// twice or late: Tick compares rows with now and does what is due.
package scheduler
