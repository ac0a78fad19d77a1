package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"yiji/internal/db"
	"yiji/notify/channel"
)

// pools is how many messages of a kind are under way at once, never two to the
// same receiver: a slow one holds its own place and nobody else's.
var pools = map[channel.Kind]int{
	channel.Mail: 4, channel.Webhook: 8, channel.WeCom: 4, channel.DingTalk: 4, channel.Feishu: 4, channel.Folder: 2,
}

// stopGrace is how long messages under way may take after Run was asked to stop.
const stopGrace = 5 * time.Second

// errDropped ends a dispatcher that a test has stopped between two steps.
var errDropped = errors.New("dispatcher was stopped between two steps")

// job is one claimed attempt.
type job struct {
	row   deliveryRow
	msg   channel.Message
	lease string
}

// dispatcher is one running Run.
type dispatcher struct {
	s    *Service
	free map[channel.Kind]int
	done chan channel.Kind
	wg   sync.WaitGroup
}

// Run sends what is due until ctx ends, then lets the messages under way finish
// for a few seconds. It wakes by Wake, by the next due time and, as a safety
// net, twice a minute. Several processes may run it on one database.
func (s *Service) Run(ctx context.Context) error {
	d := &dispatcher{s: s, free: map[channel.Kind]int{}, done: make(chan channel.Kind, 64)}
	for k, n := range s.pools {
		d.free[k] = n
	}
	wire, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		grace := time.AfterFunc(stopGrace, cancel)
		d.wg.Wait()
		grace.Stop()
		cancel()
		s.client.CloseIdleConnections()
	}()
	tickNext := time.Time{}
	for ctx.Err() == nil {
		wait, err := d.round(ctx, wire, &tickNext)
		if errors.Is(err, errDropped) {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			s.o.Logger.Error("notify: dispatch", "error", err)
			wait = time.Second
		}
		if d.wait(ctx, wait) {
			tickNext = time.Time{}
		}
	}
	return nil
}

// round does everything that is due now and returns how long nothing will be.
func (d *dispatcher) round(ctx, wire context.Context, tickNext *time.Time) (time.Duration, error) {
	now := d.s.db.Now()
	if tickNext.IsZero() || !now.Before(*tickNext) {
		next, err := d.s.Tick(ctx)
		if err != nil {
			return 0, err
		}
		*tickNext = next
	}
	jobs, next, err := d.s.claim(ctx, d.free)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		if !d.s.step("claimed", j.row.ID) {
			return 0, errDropped
		}
		d.free[j.row.Channel]--
		d.wg.Add(1)
		go d.work(wire, j)
	}
	if tickNext.Before(next) {
		next = *tickNext
	}
	return min(max(next.Sub(d.s.db.Now()), 0), pollEvery), nil
}

// wait returns when there may be something to do. woken means that somebody
// said so: a new day may have come, so the next round looks at reminders, too.
func (d *dispatcher) wait(ctx context.Context, atMost time.Duration) (woken bool) {
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-d.s.wake:
		woken = true
	case k := <-d.done:
		d.free[k]++
	}
	for {
		select {
		case k := <-d.done:
			d.free[k]++
		default:
			return woken
		}
	}
}

// work sends one message, outside any transaction, and writes down what became of it.
func (d *dispatcher) work(wire context.Context, j job) {
	defer d.wg.Done()
	defer func() { d.done <- j.row.Channel }()
	ctx, cancel := context.WithTimeout(wire, channel.Timeout)
	o := d.s.senders[j.row.Channel].Send(ctx, j.msg)
	stopped := wire.Err() != nil
	cancel()
	if !d.s.step("sent", j.row.ID) {
		return
	}
	if stopped && o.Result == channel.Temporary {
		o = channel.Outcome{Result: channel.Temporary, Code: "stopped", Detail: "the program was stopped during the attempt"}
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(wire), channel.Timeout)
	defer cancel()
	if err := d.s.record(ctx, j, o); err != nil {
		d.s.o.Logger.Error("notify: record an attempt", "delivery", j.row.ID, "error", err)
	}
	d.s.step("recorded", j.row.ID)
}

// record writes the outcome of an attempt; the delivery changes only while the
// lease is still ours.
func (s *Service) record(ctx context.Context, j job, o channel.Outcome) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE notify_attempts SET ended_at = $1, result = $2, code = $3, detail = $4
			WHERE delivery_id = $5 AND n = $6 AND result = ''`, db.Micros(tx.Now), string(o.Result), o.Code, o.Detail, j.row.ID, j.row.Attempts); err != nil {
			return err
		}
		state, why, next, finished := s.after(j.row, o, tx.Now)
		_, err := tx.Exec(`UPDATE notify_deliveries SET state = $1, why = $2, next_at = $3, finished_at = $4, lease = '', lease_until = 0
			WHERE id = $5 AND lease = $6 AND state = 'sending'`, string(state), why, db.Micros(next), finished, j.row.ID, j.lease)
		if err != nil || state != Retry || j.row.Audience != ToChannel {
			return err
		}
		// the others to the same receiver would only fail, too
		_, err = tx.Exec(`UPDATE notify_deliveries SET next_at = $1 WHERE finished_at = 0
			AND recipient = $2 AND channel = $3 AND state <> 'sending' AND next_at < $1`, db.Micros(next), j.row.Recipient, string(j.row.Channel))
		return err
	})
}

// after decides what follows an outcome.
func (s *Service) after(r deliveryRow, o channel.Outcome, now time.Time) (state State, why string, next time.Time, finished int64) {
	switch o.Result {
	case channel.Delivered:
		return Delivered, "", now, db.Micros(now)
	case channel.Temporary:
		next = now.Add(backOff(r.ID, r.Tries, o.RetryAfter))
		if r.Tries < attemptsMax && next.Sub(db.Time(r.FirstAt)) <= giveUpAfter {
			return Retry, o.Code, next, 0
		}
	}
	s.o.Logger.Warn("notify: gave up", "delivery", r.ID, "kind", r.Kind, "channel", r.Channel, "attempts", r.Attempts, "code", o.Code)
	return GivenUp, o.Code, now, db.Micros(now)
}
