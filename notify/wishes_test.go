package notify

import (
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// A second wish for what one is subscribed to has a link of its own: it works,
// opened again it says that all is arranged, and the letters sent before keep theirs.
func TestTheLinkOfASecondWishStaysGood(t *testing.T) {
	c := dbtest.NewClock(local(10, 12, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(10, 12, 0))
		w := newTown(t, d, c)
		w.tell(hear(w.MarketDayPlanned, planned("d1")))
		var links []string
		for _, closing := range []bool{false, true} {
			in := SubscriptionInput{MarketID: "m1", DayID: "d1", Email: "li@home.example", Lang: "zh-Hans", Reminder: !closing, Closing: closing}
			if err := w.SubscriptionAdd(bg, comm, in); err != nil {
				t.Fatal(err)
			}
			links = append(links, w.asked()...)
			if err := w.SubscriptionConfirm(bg, links[len(links)-1]); err != nil {
				t.Fatal(err)
			}
			c.Push(wishPause)
		}
		for i, link := range links {
			if s, err := w.SubscriptionAsked(bg, link); err != nil || !s.Agreed || !s.Reminder || !s.Closing {
				t.Errorf("link %d says %+v %v", i+1, s, err)
			}
			if err := w.SubscriptionConfirm(bg, link); err != nil {
				t.Errorf("link %d again: %v", i+1, err)
			}
		}
		if _, err := w.SubscriptionShow(bg, links[0]); err != nil {
			t.Errorf("the letters of before cannot end it: %v", err)
		}
		if n, err := w.SubscriptionCount(bg, comm, "m1"); n != 1 || err != nil || len(links) != 2 {
			t.Errorf("%d subscribed by %d links, %v", n, len(links), err)
		}
		w.sound()
	})
}
