package queue

import (
	"strings"
	"testing"
	"time"
)

func TestFeedbackIsAnonymousAndCountsOncePerServedNumber(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		say := func(in FeedbackInput) error {
			if in.DayID == "" {
				in.DayID = p.day.DayID
			}
			return p.s.FeedbackGive(p.ctx, in)
		}
		p.refused(say(FeedbackInput{Mark: Good}), "queue.not_open")
		lines := p.opened(Person, Person)
		line, card := lines[0], "card"+p.name
		served := func(line string) Ticket {
			t := p.take(line, card)
			p.next(line)
			_, err := p.s.Serve(p.ctx, p.about(t))
			p.ok(err)
			return t
		}
		waiting := p.take(lines[1], "another"+p.name)
		one, two := served(line), served(line)
		words := FeedbackInput{Ticket: one.Handle, Mark: Good, LineID: line, Words: " 很好\n请打 138 0013 8000 或 a.b@example.org ", Key: p.key("k1")}
		p.ok(say(words))
		p.ok(say(words)) // sent twice
		p.refused(say(FeedbackInput{Mark: Poor, Key: p.key("k1")}), "idempotency.body_differs")
		p.refused(say(FeedbackInput{Ticket: one.Handle, Mark: Good}), "queue.feedback_given") // a second time
		p.ok(say(FeedbackInput{Visitor: card, Mark: Poor, Key: p.key("k2")}))                 // the other number of the card
		p.refused(say(FeedbackInput{Visitor: card, Mark: Good}), "queue.feedback_given")
		p.refused(say(FeedbackInput{Ticket: two.Handle, Mark: Good}), "queue.feedback_given")
		for range 3 { // nobody was served: it is shown apart
			p.ok(say(FeedbackInput{Ticket: waiting.Handle, Mark: Good}))
		}
		p.ok(say(FeedbackInput{Mark: Good, Words: "人太多"}))
		p.refused(say(FeedbackInput{Mark: "great"}), "queue.feedback_mark")
		p.refused(say(FeedbackInput{Mark: Good, Words: strings.Repeat("好", 201)}), "queue.feedback_long")
		p.refused(say(FeedbackInput{Mark: Good, LineID: "none"}), "queue.line_unknown")
		p.refused(say(FeedbackInput{Mark: Good, DayID: "none"}), "queue.day_unknown")
		other := p.on("m2", "2026-11-19")
		other.publish(booth("a9", "A9", "p9", service("s9", Person, 0)))
		p.refused(say(FeedbackInput{Mark: Good, LineID: other.lines()[0]}), "queue.line_unknown")

		got, err := p.s.FeedbackOf(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if got.Good != 1 || got.Fair != 0 || got.Poor != 1 || got.Apart != 4 || len(got.Words) != 2 ||
			got.Words[0].Words != "很好 请打 … 或 …" || got.Words[0].Service != "服务s0" || got.Words[0].Apart || !got.Words[1].Apart {
			t.Errorf("%+v", got)
		}
		for n, handle := range map[bool]string{true: one.Handle, false: waiting.Handle} {
			if v, err := p.s.TicketByHandle(p.ctx, handle); err != nil || v.Spoke != n {
				t.Errorf("%+v, %v", v, err)
			}
		}
		if _, err := p.s.FeedbackOf(p.ctx, "c2", p.day.DayID); err == nil {
			t.Error("another community reads it")
		}
		p.clock.Set(p.closes().Add(29 * 24 * time.Hour))
		p.ok(say(FeedbackInput{Mark: Fair}))
		p.clock.Set(p.closes().Add(feedbackFor))
		p.refused(say(FeedbackInput{Mark: Fair}), "queue.feedback_over")
	})
}

func FuzzTidyWords(f *testing.F) {
	for _, s := range []string{"", "好", "138-0013-8000", "+86 138 0013 8000", "a@b.cn", "\x00\ufffd", "12 人 2026-11-19", "1234567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := tidyWords(s)
		if contact.MatchString(once) {
			t.Errorf("%q keeps a contact: %q", s, once)
		}
		if strings.ContainsAny(once, "\x00\n\r") {
			t.Errorf("%q keeps control characters: %q", s, once)
		}
	})
}
