package bus

import (
	"encoding/json"
	"errors"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"

	"yiji/internal/db"
)

// Publisher puts Watermill messages into the outbox, in a transaction of their
// own. The program itself emits inside the transaction of the change
// (outbox.Emit); this is for what lives outside of it, and for Watermill's
// acceptance suite.
type Publisher struct {
	db     *db.DB
	closed atomic.Bool
}

// NewPublisher returns a publisher.
func NewPublisher(d *db.DB) *Publisher { return &Publisher{db: d} }

// Publish writes all messages or none. The key of a message is its metadata
// "event_key"; messages without one are in order among themselves.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if p.closed.Load() {
		return errors.New("publisher is closed")
	}
	records := make([]db.Record, len(messages))
	for i, m := range messages {
		meta, err := json.Marshal(m.Metadata)
		if err != nil {
			return err
		}
		records[i] = db.Record{ID: m.UUID, Topic: topic, Key: m.Metadata.Get(metaKey), Name: m.Metadata.Get(metaName), Payload: string(m.Payload), Metadata: string(meta)}
	}
	ctx := messages[0].Context()
	return p.db.Update(ctx, func(tx *db.Tx) error {
		for _, r := range records {
			tx.Append(r)
		}
		return nil
	})
}

// Close makes later calls of Publish fail.
func (p *Publisher) Close() error {
	p.closed.Store(true)
	return nil
}
