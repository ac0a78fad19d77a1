package queue

import (
	"strings"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/event"
)

func TestIncidentsAreNotedAndTakenBack(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.opened(Person)
		note := func(in IncidentInput) (Incident, error) {
			if in.DayID == "" {
				in.DayID = p.day.DayID
			}
			if in.CommunityID == "" {
				in.CommunityID = "c1"
			}
			return p.s.IncidentNote(p.ctx, in)
		}
		refused := func(in IncidentInput, code string) {
			t.Helper()
			_, err := note(in)
			p.refused(err, code)
		}
		p.clock.Push(time.Hour)
		first, err := note(IncidentInput{Words: " 老人晕倒,已送医,家属 13800138000 ", Key: p.key("k")})
		p.ok(err)
		if first.Words != "老人晕倒,已送医,家属 …" || !first.At.Equal(p.clock.Now()) {
			t.Errorf("%+v", first)
		}
		again, err := note(IncidentInput{Words: "老人晕倒,已送医,家属 13800138000", Key: p.key("k")})
		p.ok(err)
		if again.ID != first.ID {
			t.Error("sent twice is noted twice")
		}
		earlier, err := note(IncidentInput{Words: "停电五分钟", At: p.clock.Now().Add(-30 * time.Minute)})
		p.ok(err)
		refused(IncidentInput{Words: " "}, "queue.incident_empty")
		refused(IncidentInput{Words: strings.Repeat("长", 301)}, "queue.incident_long")
		refused(IncidentInput{Words: "以后", At: p.clock.Now().Add(time.Minute)}, "queue.incident_future")
		refused(IncidentInput{Words: "以前", At: p.opens.Add(-13 * time.Hour)}, "queue.incident_far")
		refused(IncidentInput{Words: "x", CommunityID: "c2"}, "queue.day_unknown")
		list, err := p.s.Incidents(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if len(list) != 2 || list[0].ID != earlier.ID || list[1] != first {
			t.Errorf("%+v", list)
		}
		_, err = p.s.Incidents(p.ctx, "c2", p.day.DayID)
		p.refused(err, "queue.day_unknown")
		p.refused(p.s.IncidentRemove(p.ctx, "c2", p.day.DayID, first.ID), "queue.day_unknown")
		p.clock.Push(undoFor - time.Second)
		p.ok(p.s.IncidentRemove(p.ctx, "c1", p.day.DayID, earlier.ID))
		p.ok(p.s.IncidentRemove(p.ctx, "c1", p.day.DayID, earlier.ID))
		p.clock.Push(time.Second)
		p.refused(p.s.IncidentRemove(p.ctx, "c1", p.day.DayID, first.ID), "queue.incident_final")
		list, err = p.s.Incidents(p.ctx, "c1", p.day.DayID)
		if p.ok(err); len(list) != 1 {
			t.Errorf("%d notes are left", len(list))
		}
	})
}

// Who is moved to another booth while people wait takes them along: the numbers
// stay, and they are told the new booth.
func TestALineMovesWithItsPeople(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		p.publish(booth("a1", "A1", "p1", service("s1", Person, 0)), booth("a2", "A2", "p2", service("s1", Person, 0)))
		p.open()
		lines := p.lines()
		mine, theirs := p.take(lines[0], "a"), p.take(lines[1], "b")
		p.take(lines[0], "c")
		for _, left := range []string{"a1", "a2"} {
			p.hear(func(tx *db.Tx) error {
				return p.s.BoothReleased(tx, event.BoothReleased{Day: p.day, AssignmentID: left, Why: "override"})
			})
		}
		give := func(place event.Place) {
			p.hear(func(tx *db.Tx) error {
				return p.s.BoothAssigned(tx, event.BoothAssigned{Day: p.day, Place: place, Why: "override"})
			})
		}
		give(booth("a3", "A2", "p1", service("s1", Person, 0)))
		give(booth("a4", "A1", "p2", service("s1", Person, 0)))
		if got := p.lines(); len(got) != 2 {
			t.Fatalf("%d lines, want the two there were", len(got))
		}
		for ticket, code := range map[string]string{mine.Handle: "A2", theirs.Handle: "A1"} {
			v, err := p.s.TicketByHandle(p.ctx, ticket)
			p.ok(err)
			if v.Line.BoothCode != code || v.Line.State != LineOpen || v.Ticket.State != Waiting {
				t.Errorf("the number leads to %s, %s, %s", v.Line.BoothCode, v.Line.State, v.Ticket.State)
			}
		}
		if got := p.next(lines[0]); got.Number != mine.Number || p.line(lines[0]).Waiting != 1 {
			t.Errorf("called %d, %d wait", got.Number, p.line(lines[0]).Waiting)
		}
		p.healthy()
	})
}

func TestTheCourseOfADay(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		line := p.opened(Person)[0]
		empty, err := p.s.DayCourse(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if len(empty.Slots) != 0 || len(empty.Lines) != 0 {
			t.Errorf("%+v", empty)
		}
		p.take(line, "a")
		p.take(line, "b")
		p.clock.Push(6 * time.Minute)
		first := p.next(line)
		p.clock.Push(6 * time.Minute)
		_, err = p.s.Serve(p.ctx, p.about(first))
		p.ok(err)
		p.next(line)
		c, err := p.s.DayCourse(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if got := c.Lines[line].Longest; got != 12*time.Minute {
			t.Errorf("the longest wait is %s", got)
		}
		want := []CourseSlot{{At: p.opens, Waiting: 2}, {At: p.opens.Add(slot), Waiting: 1}, {At: p.opens.Add(2 * slot), Served: 1}}
		for i, s := range c.Slots {
			if i >= len(want) || s != want[i] {
				t.Errorf("step %d is %+v, want %+v", i, s, want)
			}
		}
		if len(c.Slots) != len(want) {
			t.Errorf("%d steps, want %d", len(c.Slots), len(want))
		}
		_, err = p.s.DayCourse(p.ctx, "c2", p.day.DayID)
		p.refused(err, "queue.day_unknown")
	})
}
