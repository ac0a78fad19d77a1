package bus_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/bus"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// A subscriber that is closed while the writer is busy for long still gives its
// lease up: who subscribes next, in the same process, reads on.
func TestLeavingWaitsForABusyWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Open(t, dbtest.SQLite(t), nil)
		open := func() (*bus.Subscriber, <-chan *message.Message) {
			s := bus.NewSubscriber(d, bus.SubscriberOptions{Consumer: "group"})
			out, err := s.Subscribe(t.Context(), "topic")
			if err != nil {
				t.Fatal(err)
			}
			return s, out
		}
		send := func() {
			if err := bus.NewPublisher(d).Publish("topic", message.NewMessage(db.NewID(), []byte("x"))); err != nil {
				t.Fatal(err)
			}
		}
		first, out := open()
		send()
		(<-out).Ack()
		busy, free, done := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			done <- d.Update(t.Context(), func(*db.Tx) error {
				close(busy)
				<-free
				return nil
			})
		}()
		<-busy
		closed := make(chan error)
		go func() { closed <- first.Close() }()
		time.Sleep(time.Minute) // of the bubble's time
		close(free)
		for _, c := range []chan error{done, closed} {
			if err := <-c; err != nil {
				t.Fatal(err)
			}
		}
		send()
		second, out := open()
		select {
		case m := <-out:
			m.Ack()
		case <-time.After(time.Minute):
			t.Fatal("nobody reads any more")
		}
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
