package queue

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yiji/internal/fault"
)

var noon = time.Date(2026, 11, 19, 4, 0, 0, 0, time.UTC)

func TestStepsOfATicket(t *testing.T) {
	states := []State{Waiting, Called, Serving, Ready, Served, Missed, Left, Expired}
	want := map[verb]map[State]State{
		doCall:   {Waiting: Called},
		doRecall: {Called: Called},
		doAccept: {Called: Serving},
		doReady:  {Called: Ready, Serving: Ready},
		doServe:  {Called: Served, Serving: Served, Ready: Served},
		doMiss:   {Called: Missed},
		doLeave:  {Waiting: Left, Called: Left},
		doExpire: {Waiting: Expired},
	}
	for v, from := range want {
		for _, s := range states {
			after, err := step(Ticket{Number: 7, State: s, IssuedAt: noon}, Item, v, noon.Add(time.Minute))
			to, ok := from[s]
			if ok != (err == nil) || ok && after.State != to {
				t.Errorf("%s of %s is %s, %v; want %q", v, s, after.State, err, to)
			}
			if !ok && !fault.Is(err, "queue.ticket_state") {
				t.Errorf("%s of %s: %v", v, s, err)
			}
			if ok && after.State.Ended() != !after.EndedAt.IsZero() {
				t.Errorf("%s of %s: ended at %v", v, s, after.EndedAt)
			}
		}
	}
}

func TestMissedOnceOrTwice(t *testing.T) {
	closes := noon.Add(time.Hour)
	first, err := miss(Ticket{Number: 7, State: Called, Calls: 3}, noon, closes, 99)
	if err != nil || first.State != Waiting || first.pos != 99 || first.Calls != 0 || !first.EndedAt.IsZero() {
		t.Fatalf("first %+v %v", first, err)
	}
	first.State = Called
	if second, err := miss(first, noon, closes, 99); err != nil || second.State != Missed {
		t.Fatalf("second %+v %v", second, err)
	}
	if late, err := miss(Ticket{State: Called}, closes, closes, 99); err != nil || late.State != Missed {
		t.Fatalf("after closing %+v %v", late, err)
	}
}

func TestRecallDue(t *testing.T) {
	for _, c := range []struct {
		calls int
		after time.Duration
		due   bool
		code  string
	}{
		{1, 59 * time.Second, false, "queue.recall_too_soon"},
		{1, time.Minute, false, ""},
		{2, time.Minute, false, ""},
		{3, 59 * time.Second, false, "queue.recall_too_soon"},
		{3, time.Minute, true, ""},
	} {
		due, err := recallDue(Ticket{State: Called, Calls: c.calls, CalledAt: noon}, noon.Add(c.after))
		if due != c.due || (err != nil) != (c.code != "") || err != nil && !fault.Is(err, c.code) {
			t.Errorf("%+v: %v %v", c, due, err)
		}
	}
	if _, err := recallDue(Ticket{State: Waiting}, noon); !fault.Is(err, "queue.ticket_state") {
		t.Error(err)
	}
}

func TestPlaceAfterIsBehindThreeAndBeforeTheFourth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "waiting")
		var waiting []int64
		number := 2
		for range n {
			number += rapid.IntRange(0, 3).Draw(t, "gap")
			waiting = append(waiting, posOf(number))
			number++
		}
		got := placeAfter(posOf(1), waiting)
		switch {
		case n == 0 && got != posOf(1):
			t.Fatalf("alone at %d", got)
		case n > 0 && got <= waiting[min(n, putBackPlaces)-1]:
			t.Fatalf("%d is not behind %v", got, waiting)
		case n > putBackPlaces && got >= waiting[putBackPlaces]:
			t.Fatalf("%d is behind the fourth of %v", got, waiting)
		case n > 0 && got >= posOf(number):
			t.Fatalf("%d is behind the next number", got)
		}
	})
}

func TestChoose(t *testing.T) {
	ordinary, again, urgent := &Ticket{Number: 1}, &Ticket{Number: 1, Misses: 1}, &Ticket{Number: 9, Priority: true}
	for _, c := range []struct {
		first, priority *Ticket
		since           int
		want            *Ticket
		why             string
	}{
		{nil, nil, 9, nil, ""},
		{ordinary, nil, 9, ordinary, ""},
		{again, nil, 0, again, WhyAgain},
		{ordinary, urgent, 2, ordinary, ""},
		{ordinary, urgent, 3, urgent, WhyPriority},
		{urgent, urgent, 0, urgent, ""},
		{urgent, urgent, 5, urgent, ""},
	} {
		if got, why := choose(c.first, c.priority, c.since); got != c.want || why != c.why {
			t.Errorf("%+v: %v %q", c, got, why)
		}
	}
}

func TestEstimate(t *testing.T) {
	minutes := func(m ...int) (d []time.Duration) {
		for _, one := range m {
			d = append(d, time.Duration(one)*time.Minute)
		}
		return d
	}
	for _, c := range []struct {
		name     string
		ahead    int
		usual    int
		measured []time.Duration
		state    LineState
		want     Band
	}{
		{"nobody", 0, 5, nil, LineOpen, Band{Known: true, Hi: 1}},
		{"usual minutes", 4, 5, nil, LineOpen, Band{Known: true, Lo: 15, Hi: 26}},
		{"too few measured", 4, 5, minutes(60, 60), LineOpen, Band{Known: true, Lo: 15, Hi: 26}},
		{"median, not mean", 4, 5, minutes(2, 2, 60), LineOpen, Band{Known: true, Lo: 6, Hi: 11}},
		{"the last nine", 1, 5, append(minutes(4, 4, 4, 4, 4, 4, 4, 4, 4), minutes(90, 90, 90, 90, 90, 90, 90, 90, 90, 90)...), LineOpen, Band{Known: true, Lo: 3, Hi: 6}},
		{"no usual minutes", 2, 0, nil, LineOpen, Band{Known: true, Lo: 1, Hi: 3}},
		{"paused", 4, 5, nil, LinePaused, Band{}},
		{"sold out goes on", 4, 5, nil, LineSoldOut, Band{Known: true, Lo: 15, Hi: 26}},
		{"closed", 4, 5, nil, LineClosed, Band{}},
		{"planned", 4, 5, nil, LinePlanned, Band{}},
	} {
		if got := estimate(c.ahead, c.usual, c.measured, c.state); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Who stays close by is a matter of minutes, not of people.
func TestNear(t *testing.T) {
	half := 30 * time.Second
	for _, c := range []struct {
		usual    int
		measured []time.Duration
		state    LineState
		want     int
	}{
		{3, nil, LineOpen, 3},
		{1, nil, LineOpen, 10},
		{10, nil, LineOpen, 1},
		{15, nil, LineOpen, 0}, // the next one always
		{15, []time.Duration{half, half, half}, LineSoldOut, 20},
		{3, nil, LinePaused, -1},
		{3, nil, LineClosing, -1},
	} {
		if got := near(c.usual, c.measured, c.state); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func FuzzNumberOf(f *testing.F) {
	for _, s := range []string{"l-1", "l-0", "l--1", "l-01", "m-1", "l-", "", "l-99999999999999999999", "l-+1", "l-１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := numberOf("l", s)
		if n < 0 || n > 0 && ticketID("l", n) != s {
			t.Fatalf("%q is number %d", s, n)
		}
	})
}

func TestSecondsAreRoundedUpAndNeverZero(t *testing.T) {
	for d, want := range map[time.Duration]int64{0: 1, time.Microsecond: 1, time.Second: 1, time.Second + 1: 2} {
		if got := seconds(noon, noon.Add(d)); got != want {
			t.Errorf("%v is %d", d, got)
		}
	}
	if got := seconds(noon, time.Time{}); got != 0 {
		t.Errorf("not yet is %d", got)
	}
	if fmt.Sprint(numberOf("a-1", "a-1-2")) != "2" {
		t.Error("a line's id may contain a dash")
	}
}
