package live

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"time"
)

// follow sends what is new in a room to one watcher until something ends:
// sending fails, ctx, the hub, or one of the given channels. The watcher was
// told everything up to since.
func (h *Hub) follow(ctx context.Context, r *room, since int64, send func([]byte) error, stop <-chan struct{}) error {
	if err := h.ready(ctx, r, since); err != nil {
		return err
	}
	if since = r.whence(since); since < 0 {
		var body []byte
		body, since = r.all()
		if err := send(body); err != nil {
			return h.lost(err)
		}
	} else if err := send(upTo(nil, since)); err != nil { // says that the line is open
		return h.lost(err)
	}
	beat := time.NewTimer(jitter(h.o.Beat))
	defer beat.Stop()
	for {
		body, to, changed := r.after(since)
		if body == nil {
			select {
			case <-changed:
				continue
			case <-beat.C:
				body, to = upTo([]byte(": still here\n"), since), since
			case <-ctx.Done():
				return nil
			case <-stop:
				return nil
			case <-h.stop:
				return nil
			}
		}
		if err := send(body); err != nil {
			return h.lost(err)
		}
		since = to
		beat.Reset(jitter(h.o.Beat))
	}
}

// lost counts a watcher that takes no bytes.
func (h *Hub) lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.dropped.Add(1)
	}
	return err
}

// jitter spreads what would otherwise happen at once to all: down to three
// quarters of d.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/4+1)
}
