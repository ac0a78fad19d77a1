package queue

import (
	"strings"
	"testing"
	"time"
)

func TestFeedbackIsAnonymousAndCounted(t *testing.T) {
	eachDay(t, func(t *testing.T, p *place) {
		say := func(in FeedbackInput) error {
			if in.DayID == "" {
				in.DayID = p.day.DayID
			}
			return p.s.FeedbackGive(p.ctx, in)
		}
		p.refused(say(FeedbackInput{Mark: Good}), "queue.not_open")
		line := p.opened(Person)[0]
		p.ok(say(FeedbackInput{Mark: Good, LineID: line, Words: " 很好\n请打 138 0013 8000 或 a.b@example.org ", Key: "k1"}))
		p.ok(say(FeedbackInput{Mark: Good, LineID: line, Words: " 很好\n请打 138 0013 8000 或 a.b@example.org ", Key: "k1"})) // sent twice
		p.refused(say(FeedbackInput{Mark: Poor, Key: "k1"}), "idempotency.body_differs")
		p.ok(say(FeedbackInput{Mark: Poor, Key: "k2"}))
		p.refused(say(FeedbackInput{Mark: "great"}), "queue.feedback_mark")
		p.refused(say(FeedbackInput{Mark: Good, Words: strings.Repeat("好", 201)}), "queue.feedback_long")
		p.refused(say(FeedbackInput{Mark: Good, LineID: "none"}), "queue.line_unknown")
		p.refused(say(FeedbackInput{Mark: Good, DayID: "none"}), "queue.day_unknown")
		other := p.on("m2", "2026-11-19")
		other.publish(booth("a9", "A9", "p9", service("s9", Person, 0)))
		p.refused(say(FeedbackInput{Mark: Good, LineID: other.lines()[0]}), "queue.line_unknown")

		got, err := p.s.FeedbackOf(p.ctx, "c1", p.day.DayID)
		p.ok(err)
		if got.Good != 1 || got.Fair != 0 || got.Poor != 1 || len(got.Words) != 1 || got.Words[0].Words != "很好 请打 … 或 …" || got.Words[0].Service != "服务s0" {
			t.Errorf("%+v", got)
		}
		if _, err := p.s.FeedbackOf(p.ctx, "c2", p.day.DayID); err == nil {
			t.Error("another community reads it")
		}
		p.clock.set(p.closes().Add(29 * 24 * time.Hour))
		p.ok(say(FeedbackInput{Mark: Fair}))
		p.clock.set(p.closes().Add(feedbackFor))
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
