package bus_test

import (
	"os"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"yiji/internal/bus"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

// Watermill's own acceptance suite, on both databases. With YIJI_TEST_LONG set it
// sends as many messages as Watermill would (minutes under the race detector),
// otherwise the suite's own smaller numbers.
func TestWatermillAcceptance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		group := func(t *testing.T, consumer string) (message.Publisher, message.Subscriber) {
			return bus.NewPublisher(d), bus.NewSubscriber(d, bus.SubscriberOptions{
				Consumer: consumer, Poll: 100 * time.Millisecond,
				Pause: func(int) time.Duration { return 5 * time.Millisecond },
			})
		}
		tests.TestPubSub(t, tests.Features{
			ConsumerGroups:      true,
			GuaranteedOrder:     true,
			Persistent:          true,
			ExactlyOnceDelivery: false,
			ForceShort:          os.Getenv("YIJI_TEST_LONG") == "",
		}, func(t *testing.T) (message.Publisher, message.Subscriber) {
			return group(t, "group")
		}, group)
	})
}
