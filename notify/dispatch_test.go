package notify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/notify/channel"
)

// queue writes n messages for a channel, due a microsecond apart.
func (w *town) queue(c Channel, n int, name string) {
	w.Helper()
	w.tell(func(tx *db.Tx) error {
		for i := range n {
			due := tx.Now.Add(-time.Duration(n-i) * time.Microsecond)
			d := draft{kind: Test, day: dayRow{Community: comm}, reason: fmt.Sprintf("%s:%d", name, i), due: due, p: params{Channel: name, Market: "益路向阳"}}
			if err := w.write(tx, d, to{audience: ToChannel, id: "channel:" + c.ID, channel: c.Kind, lang: "zh-Hans"}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *town) countsBy(state State) int64 {
	w.Helper()
	all, err := w.Counts(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return all[state]
}

// killer ends a dispatcher at its n-th step: from then on it does nothing, like a process that is gone.
type killer struct {
	mu   sync.Mutex
	left int
	dead chan struct{}
}

func (k *killer) step(string, string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left--; k.left == 0 {
		close(k.dead)
	}
	return k.left > 0
}

// crash runs a dispatcher that dies at its n-th step; false when it finished before.
func (w *town) crash(s *Service, n int, finished func() bool) bool {
	w.Helper()
	k := &killer{left: n, dead: make(chan struct{})}
	s.step = k.step
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	defer func() { cancel(); <-ended }()
	go func() { defer close(ended); s.Run(ctx) }()
	died := false
	until(w.T, "the dispatcher is dead or done", func() bool {
		select {
		case <-k.dead:
			died = true
		default:
		}
		return died || finished()
	})
	return died
}

// verdict compares what receivers recorded with what the database promises:
// every message at least once, and no duplicate without an interrupted attempt (G15, G16).
func (w *town) verdict(arrived []string) (problems []string) {
	w.Helper()
	seen := map[string]int{}
	for _, id := range arrived {
		seen[id]++
	}
	all, err := w.Deliveries(context.Background(), comm, Filter{Limit: 1000})
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range all {
		_, _, tries, err := w.Letter(context.Background(), comm, d.ID)
		if err != nil {
			w.Fatal(err)
		}
		interrupted := 0
		for _, a := range tries {
			if a.Result == "" {
				interrupted++
			}
		}
		switch n := seen[d.ID]; {
		case n == 0:
			problems = append(problems, d.ID+" never arrived: "+state(d))
		case n-1 > interrupted:
			problems = append(problems, fmt.Sprintf("%s arrived %d times with %d interrupted attempts", d.ID, n, interrupted))
		}
	}
	return problems
}

// The dispatcher is killed at each of its steps, again and again, and started anew.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w := newTown(t, d, c)
		r := newReceiver(t, c)
		for i := range 5 {
			w.queue(w.channel(channel.Webhook, r.URL, ""), 4, fmt.Sprint("hook", i))
		}
		crashes := 0
		done := func() bool { return w.countsBy(Delivered) == 20 }
		for n := 1; !done(); n++ {
			w.Service = newTown(t, d, c).Service // a new process
			if w.crash(w.Service, n, done) {
				crashes++
			}
			c.Push(lease + time.Second)
		}
		if problems := w.verdict(r.ids); len(problems) > 0 {
			t.Errorf("after %d crashes: %s", crashes, strings.Join(problems, "\n"))
		}
		interrupted, err := w.Interrupted(context.Background())
		if err != nil || crashes < 3 || interrupted == 0 || int64(len(r.ids)-20) > interrupted {
			t.Errorf("%d crashes, %d interrupted, %d duplicates, %v: the rig does not bite", crashes, interrupted, len(r.ids)-20, err)
		}
	})
}

// Control: the same rig with lease and attempt row taken away must go red.
func TestControlWithoutLeaseAndAttempt(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	d := dbtest.Open(t, dbtest.SQLite(t), c.Now)
	w := newTown(t, d, c)
	r := newReceiver(t, c)
	w.queue(w.channel(channel.Webhook, r.URL, ""), 3, "hook")
	ctx := context.Background()
	for range 2 { // two dispatchers, neither of which leaves a trace before the wire
		jobs, _, err := w.claim(ctx, w.pools)
		if err != nil || len(jobs) != 1 {
			t.Fatal(jobs, err)
		}
		w.tell(func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM notify_attempts`)
			return err
		}, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE notify_deliveries SET state = 'queued', lease = '', attempts = 0, next_at = $1 WHERE state = 'sending'`, db.Micros(tx.Now.Add(-time.Second)))
			return err
		})
		w.senders[channel.Webhook].Send(ctx, jobs[0].msg) // and then it dies
	}
	w.drain()
	if problems := w.verdict(r.ids); len(problems) == 0 {
		t.Error("the rig did not notice duplicates without lease and attempt row")
	}
}

// Two dispatchers on one database never send the same message twice.
func TestTwoDispatchers(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w, second := newTown(t, d, c), newTown(t, d, c)
		r := newReceiver(t, c)
		for i := range 6 {
			w.queue(w.channel(channel.Webhook, r.URL, ""), 5, fmt.Sprint("hook", i))
		}
		w.start()
		second.start()
		until(t, "all are delivered", func() bool { return w.countsBy(Delivered) == 30 })
		if r.count() != 30 || len(w.verdict(r.ids)) > 0 {
			t.Errorf("%d arrivals", r.count())
		}
	})
}

// G17: a receiver that hangs delays nobody else; control: in a pool of one it does.
func TestSlowReceiver(t *testing.T) {
	for _, control := range []bool{false, true} {
		t.Run(fmt.Sprintf("control %v", control), func(t *testing.T) {
			c := dbtest.NewClock(local(19, 9, 0))
			d := dbtest.Open(t, dbtest.SQLite(t), c.Now)
			w := newTown(t, d, c)
			if control {
				w.pools = map[channel.Kind]int{channel.Webhook: 1, channel.Folder: 1}
			}
			release, hanging := make(chan struct{}), make(chan struct{})
			slow, fast := newReceiver(t, c), newReceiver(t, c)
			let := sync.OnceFunc(func() { close(release) })
			t.Cleanup(let) // before the receivers close, which wait for their requests
			slow.answer = func(n int, _ http.ResponseWriter, _ *http.Request) {
				if n == 1 {
					close(hanging)
				}
				<-release
			}
			w.queue(w.channel(channel.Webhook, slow.URL, ""), 20, "slow")
			c.Push(time.Millisecond)
			w.queue(w.channel(channel.Webhook, fast.URL, ""), 40, "fast")
			w.queue(w.channel(channel.Folder, "", ""), 40, "folder")
			stop := w.start()
			<-hanging
			want := int64(80)
			if control {
				want = 40
			}
			until(t, "the others are delivered", func() bool { return w.countsBy(Delivered) == want })
			if control != (fast.count() == 0) || slow.count() != 1 {
				t.Errorf("fast %d, slow %d while the slow one hangs", fast.count(), slow.count())
			}
			let()
			stop()
		})
	}
}

// G18: a flood to one robot is a few messages and a digest, at most 18 a minute.
func TestRobotIsNeverFlooded(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w := newTown(t, d, c)
		r := newReceiver(t, c)
		robot := w.channel(channel.WeCom, r.URL, "")
		w.queue(robot, 500, "flood")
		w.drain()
		if r.count() != bucketSize || !strings.Contains(r.texts[bucketSize-1], "495") || len(r.texts[bucketSize-1]) > channel.WeComLimit {
			t.Fatalf("%d messages, the last one: %s", r.count(), r.texts[r.count()-1])
		}
		if w.countsBy(Delivered) != 6 || w.countsBy(Merged) != 495 {
			t.Errorf("%d delivered, %d merged", w.countsBy(Delivered), w.countsBy(Merged))
		}
		for i := range 40 { // and one every second
			c.Push(time.Second)
			w.queue(robot, 1, fmt.Sprint("drip", i))
			w.drain()
		}
		c.Push(time.Minute)
		w.drain()
		if r.busiest() > 18 || w.countsBy(Queued) != 0 {
			t.Errorf("%d within a minute, %d left", r.busiest(), w.countsBy(Queued))
		}
	})
}

// Control for G18: with the bucket refilled by hand the same drip is more than 18 a minute.
func TestControlWithoutBucket(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c)
	r := newReceiver(t, c)
	robot := w.channel(channel.WeCom, r.URL, "")
	for i := range 25 {
		c.Push(time.Second)
		w.tell(func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM notify_buckets`); return err })
		w.queue(robot, 1, fmt.Sprint("drip", i))
		w.drain()
	}
	if r.busiest() <= 18 {
		t.Errorf("%d within a minute: the rig would not notice", r.busiest())
	}
}

// A receiver that is down: growing pauses, its other messages wait too, given up visibly, sent again by a button.
func TestRetryGiveUpResend(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(19, 9, 0))
		w := newTown(t, d, c)
		r := newReceiver(t, c)
		down := true
		r.answer = func(_ int, rw http.ResponseWriter, _ *http.Request) {
			if down {
				rw.WriteHeader(http.StatusServiceUnavailable)
				io.WriteString(rw, "down\r\nfor\x00good")
			}
		}
		hook := w.channel(channel.Webhook, r.URL, "")
		w.queue(hook, 1, "a")
		start := c.Now()
		var gaps []time.Duration
		for w.countsBy(GivenUp) == 0 {
			before := c.Now()
			w.drain()
			if w.countsBy(GivenUp) == 0 {
				c.Set(w.nextTry())
				gaps = append(gaps, c.Now().Sub(before))
			}
		}
		if r.count() != len(gaps)+1 || r.count() > attemptsMax || !slices.IsSorted(gaps[:8]) || c.Now().Sub(start) > giveUpAfter+5*time.Hour {
			t.Errorf("%d attempts, pauses %v", r.count(), gaps)
		}
		only := w.list(Filter{State: GivenUp})["test channel"]
		if only.Why != "http_503" || only.Detail != "down  for good" || !only.Resendable() {
			t.Errorf("%+v", only)
		}
		if err := w.Resend(context.Background(), "other", only.ID); err == nil {
			t.Error("another community could resend")
		}
		down = false
		for range 2 { // pressed twice
			if err := w.Resend(context.Background(), comm, only.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.drain()
		if w.countsBy(Delivered) != 1 || r.ids[0] != r.ids[len(r.ids)-1] {
			t.Errorf("resend: %v", r.ids)
		}
	})
}

// nextTry is when the only waiting message is tried again.
func (w *town) nextTry() time.Time {
	w.Helper()
	all, _ := w.Deliveries(context.Background(), comm, Filter{State: Retry})
	if len(all) != 1 {
		w.Fatalf("%d waiting", len(all))
	}
	return all[0].Next
}

func TestPermanentIsGivenUpAtOnce(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c)
	r := newReceiver(t, c)
	r.answer = func(_ int, rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, `{"errcode":93000,"errmsg":"invalid"}`)
	}
	w.queue(w.channel(channel.WeCom, r.URL, ""), 1, "a")
	w.drain()
	if got := state(w.list(Filter{})["test channel"]); got != "given_up wecom_93000" || r.count() != 1 {
		t.Errorf("%s after %d", got, r.count())
	}
}

// DingTalk's block of ten minutes is respected by all messages to that robot.
func TestReceiverAsksForAPause(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c)
	r := newReceiver(t, c)
	r.answer = func(n int, rw http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			io.WriteString(rw, `{"errcode":130101,"errmsg":"send too fast"}`)
			return
		}
		io.WriteString(rw, `{"errcode":0}`)
	}
	w.queue(w.channel(channel.DingTalk, r.URL, ""), 3, "a")
	w.drain()
	c.Push(9 * time.Minute)
	w.drain()
	if r.count() != 1 {
		t.Errorf("%d requests during the block", r.count())
	}
	c.Push(time.Minute)
	w.drain()
	if w.countsBy(Delivered) != 3 {
		t.Errorf("%d delivered", w.countsBy(Delivered))
	}
}

// Run wakes by itself when something is written, and leaves nothing behind.
func TestRunWakes(t *testing.T) {
	c := dbtest.NewClock(local(18, 17, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(18, 17, 0))
		w := newTown(t, d, c)
		stop := w.start()
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.BoothsPublished, published("d1")))
		until(t, "the plan is told", func() bool { return w.countsBy(Delivered) == 4 })
		c.Set(local(18, 18, 0))
		w.Wake()
		until(t, "reminders went out", func() bool { return w.countsBy(Delivered) == 6 })
		stop()
	})
}

// A digest that could not be delivered is folded into the next one with all its members.
func TestDigestOfDigests(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w := newTown(t, d, c)
		r := newReceiver(t, c)
		down := true
		r.answer = func(n int, rw http.ResponseWriter, _ *http.Request) {
			if down && n >= bucketSize {
				rw.WriteHeader(http.StatusBadGateway)
				return
			}
			io.WriteString(rw, `{"errcode":0}`)
		}
		robot := w.channel(channel.WeCom, r.URL, "")
		w.queue(robot, 20, "first")
		w.drain() // five alone, a digest of fifteen that fails
		down = false
		w.tell(func(tx *db.Tx) error { // the bucket is down to its last token
			_, err := tx.Exec(`UPDATE notify_buckets SET tokens = $1, refilled_at = $2`, 0, db.Micros(c.Now().Add(10*time.Second)))
			return err
		})
		c.Push(15 * time.Second)
		w.queue(robot, 5, "second")
		w.drain()
		if last := r.texts[len(r.texts)-1]; w.countsBy(Delivered) != 6 || w.countsBy(Merged) != 21 || !strings.Contains(last, "20 条") {
			t.Errorf("%d delivered, %d merged: %s", w.countsBy(Delivered), w.countsBy(Merged), last)
		}
	})
}
