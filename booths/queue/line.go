package queue

import (
	"time"

	"yiji/internal/fault"
)

// The rules of a line.
const (
	maxCalls      = 3                // calls of a number before it is 过号
	callEvery     = time.Minute      // the least time between two calls of one number
	putBackPlaces = 3                // a missed number comes again after so many others
	maxPutBacks   = 1                // how often it does
	priorityEvery = 3                // 每3位安排1位优先
	undoFor       = 10 * time.Minute // how long a move can be taken back
)

// posBits leave room between the places of two numbers for those put back.
const posBits = 20

func posOf(number int) int64 { return int64(number) << posBits }

// verb is what happens to a ticket.
type verb string

const (
	doCall   verb = "call"
	doRecall verb = "recall"
	doAccept verb = "accept"
	doReady  verb = "ready"
	doServe  verb = "serve"
	doMiss   verb = "miss"
	doLeave  verb = "leave"
	doExpire verb = "expire"
	doVoid   verb = "void"
	doUndo   verb = "undo"
)

// allowed lists from which states a verb may be done.
var allowed = map[verb][]State{
	doCall:   {Waiting},
	doRecall: {Called},
	doAccept: {Called},
	doReady:  {Called, Serving},
	doServe:  {Called, Serving, Ready},
	doMiss:   {Called},
	doLeave:  {Waiting, Called},
	doExpire: {Waiting},
	doVoid:   {Waiting, Called},
}

// step answers what a ticket becomes by a verb at now. Where a missed ticket
// is put back, the caller sets its place; missed and recall are decided by
// miss and recall below.
func step(t Ticket, k Kind, v verb, now time.Time) (Ticket, error) {
	if !contains(allowed[v], t.State) {
		return t, fault.Conflict("queue.ticket_state", "ticket", "number %d is %s, it cannot be moved by %s", t.Number, t.State, v)
	}
	switch v {
	case doCall, doRecall:
		if t.FirstCalledAt.IsZero() {
			t.FirstCalledAt = now
		}
		t.State, t.CalledAt, t.Calls = Called, now, t.Calls+1
	case doAccept:
		t.State = Serving
	case doReady:
		if k != Item {
			return t, fault.Conflict("queue.not_an_item", "ticket", "only a line for items has a pick-up")
		}
		t.State, t.DoneAt = Ready, now
	case doServe:
		if t.DoneAt.IsZero() {
			t.DoneAt = now
		}
		t.State, t.EndedAt = Served, now
	case doMiss:
		t.State, t.EndedAt, t.Misses = Missed, now, t.Misses+1
	case doLeave, doVoid:
		t.State, t.EndedAt = Left, now
	case doExpire:
		t.State, t.EndedAt = Expired, now
	}
	return t, nil
}

// miss is 过号: the first time the ticket waits again at place, unless the day
// has closed; the second time it is over.
func miss(t Ticket, now, closesAt time.Time, place int64) (Ticket, error) {
	after, err := step(t, Person, doMiss, now)
	if err != nil || after.Misses > maxPutBacks || !now.Before(closesAt) {
		return after, err
	}
	after.State, after.EndedAt, after.CalledAt, after.Calls, after.pos = Waiting, time.Time{}, time.Time{}, 0, place
	return after, nil
}

// recallDue answers whether a called ticket may be called once more at now;
// missDue that it was called often enough and the next recall is 过号.
func recallDue(t Ticket, now time.Time) (missDue bool, err error) {
	if t.State != Called {
		return false, fault.Conflict("queue.ticket_state", "ticket", "number %d is %s, it cannot be called again", t.Number, t.State)
	}
	if wait := t.CalledAt.Add(callEvery).Sub(now); wait > 0 {
		return false, fault.Conflict("queue.recall_too_soon", "ticket", "number %d was called a moment ago, wait %d seconds", t.Number, seconds(now, now.Add(wait)))
	}
	return t.Calls >= maxCalls, nil
}

// placeAfter says where a missed ticket is put back: right behind the third of
// those who wait now (in order), or the last when they are fewer, and before
// everybody after. Nobody waiting means it keeps its own place.
func placeAfter(own int64, waiting []int64) int64 {
	if len(waiting) == 0 {
		return own
	}
	n := min(putBackPlaces, len(waiting))
	before := waiting[n-1]
	behind := (before>>posBits + 1) << posBits // the place of the following number
	if n < len(waiting) {
		behind = min(behind, waiting[n])
	}
	return before + (behind-before)/2
}

// choose picks who is called next of the first in order and the first with
// priority, after sincePriority ordinary calls: priority comes before others
// only after every third ordinary call. The answer says why, "" when the order
// alone decides.
func choose(first, priority *Ticket, sincePriority int) (*Ticket, string) {
	if first == nil {
		return nil, ""
	}
	if priority == nil || priority.Number == first.Number || sincePriority < priorityEvery {
		if first.Misses > 0 {
			return first, WhyAgain
		}
		return first, ""
	}
	return priority, WhyPriority
}

// countPriority is sincePriority after t was called.
func countPriority(t Ticket, sincePriority int) int {
	if t.Priority {
		return 0
	}
	return sincePriority + 1
}

func contains(states []State, s State) bool {
	for _, one := range states {
		if one == s {
			return true
		}
	}
	return false
}
