// Package queue runs the lines of a market day: who is waiting for what.
//
// A line is the queue for one service at one booth. It is planned when the
// booths are published, opens and closes with the day:
//
//	planned ──opened──► open ⇄ paused, sold out ──day closed──► closing ──► closed
//	   └── booth released before anybody took a number ──► removed
//
// A ticket is a number in a line:
//
//	issue ► waiting ──next──► called ──────────serve──────────► served
//	         ▲   │              │ └─accept─► serving ─ready─► ready ┘   (items)
//	         │   │              └─missed 过号: once three places later, then ─► missed
//	         │   ├─leave─► left          (leave also from called)
//	         └─undo  └─day closes─► expired, and first in line on the next day
//
// Numbers of a line rise by one whether they come from a phone, the desk or a
// kiosk: the counter is a row, written in the transaction of the ticket. Every
// move of a ticket after that is a row of queue_moves with its reason and an
// event. Nobody is called before a lower waiting number without a recorded
// reason. Commands are judged by the time of their transaction, not by what
// has been recorded: after closes_at no number is issued even if nobody has
// told us yet that the day closed.
//
// Numbers that one source took very fast can be made void together by the
// organizer (Void): they are left, with a reason, and their pieces are free.
//
// Two presses of 下一位 at once call two people or, when both carry the
// version of the line their page showed, one (LineCommand.Version).
//
// Carry-over: waiting tickets that expire at close get the first numbers, in
// their old order, when the next day of the same market opens a line of the
// same partner and service (else: of the same service name). Nobody has to
// claim anything; the old ticket's page leads to the new number. A carry-over
// that finds no line on that next day lapses when it closes.
//
// Figures are collected from the events by a consumer of its own, figures.go.
package queue
