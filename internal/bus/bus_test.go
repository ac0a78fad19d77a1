package bus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yiji/internal/bus"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/event"
	"yiji/internal/outbox"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func checkedIn(day string, n int) event.VisitorCheckedIn {
	return event.VisitorCheckedIn{Day: event.Day{DayID: day}, Via: fmt.Sprint(n), At: time.Unix(int64(n), 0).UTC()}
}

// emit commits n events of each day, the days interleaved.
func emit(t testing.TB, d *db.DB, days []string, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		for _, day := range days {
			err := d.Update(t.Context(), func(tx *db.Tx) error { return outbox.Emit(tx, checkedIn(day, n)) })
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ledger is a consumer's state: what it applied, in which order, kept in SQL.
func createLedger(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE ledger (day TEXT NOT NULL, place BIGINT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, place))`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// note writes the event as the next line of its day. It has no protection of
// its own: applied twice, it stands twice.
func note(tx *db.Tx, e event.VisitorCheckedIn) error {
	_, err := tx.Exec(`INSERT INTO ledger (day, place, n)
		SELECT CAST($1 AS TEXT), COUNT(*), CAST($2 AS BIGINT) FROM ledger WHERE day = $1`, e.DayID, e.At.Unix())
	return err
}

func ledger(t testing.TB, d *db.DB, day string) (ns []int) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Select(&ns, `SELECT n FROM ledger WHERE day = $1 ORDER BY place`, day)
	})
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func wantInOrder(t testing.TB, got []int, upTo int) {
	t.Helper()
	if len(got) != upTo {
		t.Fatalf("%d events applied, want %d: %v", len(got), upTo, got)
	}
	for i, n := range got {
		if i != n {
			t.Fatalf("place %d holds event %d: %v", i, n, got)
		}
	}
}

// run starts a bus and returns a function that stops it and waits.
func run(t testing.TB, b *bus.Bus) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	<-b.Running()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("bus: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func newBus(t testing.TB, d *db.DB, attempts int) *bus.Bus {
	t.Helper()
	b, err := bus.New(d, bus.Options{Logger: quiet, Attempts: attempts, Pause: func(int) time.Duration { return time.Millisecond }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func settle(t testing.TB, b *bus.Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.Settle(ctx); err != nil {
		t.Fatalf("the bus did not settle: %v", err)
	}
}

func days(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("day%d", i))
	}
	return all
}

// G13: events that fail now and then, a bus that is stopped and started in the
// middle: every event is applied once, in the order of its day.
func TestAppliedOnceInOrderThroughFailuresAndRestarts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		createLedger(t, d)
		all := days(5)
		var chaos atomic.Bool
		chaos.Store(true)
		react := func(tx *db.Tx, e event.VisitorCheckedIn) error {
			if err := note(tx, e); err != nil {
				return err
			}
			if chaos.Load() && rand.IntN(10) == 0 {
				return errors.New("fails after it wrote")
			}
			return nil
		}
		const rounds, each = 4, 25
		for round := range rounds {
			b := newBus(t, d, 1_000_000)
			b.Consumer("ledger", bus.On(react))
			stop := run(t, b)
			emit(t, d, all, round*each, (round+1)*each)
			if round == rounds-1 {
				chaos.Store(false)
				settle(t, b)
			}
			stop()
		}
		for _, day := range all {
			wantInOrder(t, ledger(t, d, day), rounds*each)
		}
	})
}

// The control of G13: the same deliveries without the inbox apply events twice.
func TestControlWithoutInboxAppliesTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		createLedger(t, d)
		b := newBus(t, d, 3)
		b.Consumer("ledger", bus.On(note))
		stop := run(t, b)
		emit(t, d, days(1), 0, 5)
		settle(t, b)
		stop()
		rewind := func(alsoInbox bool) {
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(`UPDATE consumers SET seq = 0`); err != nil || !alsoInbox {
					return err
				}
				_, err := tx.Exec(`DELETE FROM inbox`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			b := newBus(t, d, 3)
			b.Consumer("ledger", bus.On(note))
			stop := run(t, b)
			settle(t, b)
			stop()
		}
		rewind(false)
		wantInOrder(t, ledger(t, d, "day0"), 5) // delivered twice, applied once
		rewind(true)
		if n := len(ledger(t, d, "day0")); n != 10 {
			t.Fatalf("without the inbox %d lines: the rig cannot see a double application", n)
		}
	})
}

// poisoned runs a bus over ten events of each of four days, one of which a
// consumer cannot digest until it is mended. keyed says what each is kept in order by.
func poisoned(t *testing.T, d *db.DB, keyed func(event.VisitorCheckedIn) event.Event) (b *bus.Bus, mended *atomic.Bool) {
	t.Helper()
	createLedger(t, d)
	mended = new(atomic.Bool)
	b = newBus(t, d, 3)
	b.Consumer("ledger", bus.On(func(tx *db.Tx, e event.VisitorCheckedIn) error {
		if e.DayID == "day2" && e.At.Unix() == 3 && !mended.Load() {
			return errors.New("cannot digest this")
		}
		return note(tx, e)
	}))
	b.Consumer("other", bus.On(func(*db.Tx, event.VisitorCheckedIn) error { return nil }))
	run(t, b)
	for n := range 10 {
		for _, day := range days(4) {
			if err := d.Update(t.Context(), func(tx *db.Tx) error { return outbox.Emit(tx, keyed(checkedIn(day, n))) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	settle(t, b)
	return b, mended
}

// heaped is an event kept in order with all others instead of with its day's.
type heaped struct{ event.VisitorCheckedIn }

func (heaped) Key() string { return "everything" }

// The control of G14: the same poison in a house that keeps all events in one
// order. Then every day stands still behind it.
func TestControlOneKeyForAllDaysStopsThemAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		poisoned(t, d, func(e event.VisitorCheckedIn) event.Event { return heaped{e} })
		for day, upTo := range map[string]int{"day0": 4, "day1": 4, "day2": 3, "day3": 3} {
			wantInOrder(t, ledger(t, d, day), upTo)
		}
	})
}

// G14: a poison event is parked with what comes after it on its day; the other
// days go on; after the cause is mended a replay applies them in order.
func TestPoisonParksOnlyItsDayAndReplays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		all := days(4)
		b, mended := poisoned(t, d, func(e event.VisitorCheckedIn) event.Event { return e })
		for _, day := range []string{"day0", "day1", "day3"} {
			wantInOrder(t, ledger(t, d, day), 10)
		}
		wantInOrder(t, ledger(t, d, "day2"), 3)
		var parked []outbox.Parked
		err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			parked, err = outbox.AllParked(tx, 100)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(parked) != 7 || parked[0].Error != "cannot digest this" || parked[0].Attempts != 3 {
			t.Fatalf("parked: %+v", parked)
		}
		if n, err := b.Replay(t.Context(), "ledger", "day2"); err == nil || n != 0 {
			t.Fatalf("a replay before it is mended: %d, %v", n, err)
		}
		mended.Store(true)
		if n, err := b.Replay(t.Context(), "ledger", "day2"); err != nil || n != 7 {
			t.Fatalf("replay: %d, %v", n, err)
		}
		emit(t, d, all, 10, 12)
		settle(t, b)
		wantInOrder(t, ledger(t, d, "day2"), 12)
	})
}

// Two processes on one PostgreSQL: the events of a day are applied once and in
// order although both read, and one of them goes away in the middle.
func TestTwoProcessesShareAConsumer(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url := dbtest.Postgres(t)
	d1, d2 := dbtest.Open(t, url, nil), dbtest.Open(t, url, nil)
	createLedger(t, d1)
	b1, b2 := newBus(t, d1, 5), newBus(t, d2, 5)
	b1.Consumer("ledger", bus.On(note))
	b2.Consumer("ledger", bus.On(note))
	stop1 := run(t, b1)
	run(t, b2)
	emit(t, d1, days(3), 0, 20)
	emit(t, d2, days(3), 20, 40)
	stop1()
	emit(t, d2, days(3), 40, 60)
	settle(t, b2)
	for _, day := range days(3) {
		wantInOrder(t, ledger(t, d2, day), 60)
	}
}

// Trap 3: a slow transaction must not publish a number below one that a reader
// has already passed. The slow one does its work first and is numbered last.
func TestSlowTransactionIsNumberedByItsCommit(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url := dbtest.Postgres(t)
	slow, fast := dbtest.Open(t, url, nil), dbtest.Open(t, url, nil)
	emitted, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- slow.Update(context.Background(), func(tx *db.Tx) error {
			err := outbox.Emit(tx, checkedIn("slow", 1))
			close(emitted)
			<-release // still open while the other one commits
			return err
		})
	}()
	<-emitted
	emit(t, fast, []string{"fast"}, 0, 1)
	read := func(after int64) (events []outbox.Stored) {
		err := fast.View(t.Context(), func(tx *db.Tx) (err error) {
			events, err = outbox.After(tx, outbox.Topic, after, 10)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	seen := read(0)
	if len(seen) != 1 || seen[0].Key != "fast" {
		t.Fatalf("first read: %+v", seen)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if later := read(seen[0].Seq); len(later) != 1 || later[0].Key != "slow" {
		t.Fatalf("behind the cursor: the slow event was lost, read %+v", later)
	}
}

// The control of trap 3: numbers from a sequence, taken when the row is
// written, lose the slow event in the same interleaving.
func TestControlSequenceLosesTheSlowEvent(t *testing.T) {
	if !dbtest.HavePostgres(t) {
		return
	}
	url := dbtest.Postgres(t)
	slow, fast := dbtest.Open(t, url, nil), dbtest.Open(t, url, nil)
	write := func(tx *db.Tx, key string) error {
		_, err := tx.Exec(`INSERT INTO naive (key) VALUES ($1)`, key)
		return err
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(fast.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE naive (seq BIGSERIAL PRIMARY KEY, key TEXT NOT NULL)`)
		return err
	}))
	written, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- slow.Update(context.Background(), func(tx *db.Tx) error {
			err := write(tx, "slow")
			close(written)
			<-release
			return err
		})
	}()
	<-written
	must(fast.Update(t.Context(), func(tx *db.Tx) error { return write(tx, "fast") }))
	var cursor int64
	count := func() (n int) {
		must(fast.View(t.Context(), func(tx *db.Tx) error {
			return tx.Get(&n, `SELECT COUNT(*) FROM naive WHERE seq > $1`, cursor)
		}))
		return n
	}
	must(fast.View(t.Context(), func(tx *db.Tx) error { return tx.Get(&cursor, `SELECT MAX(seq) FROM naive`) }))
	close(release)
	must(<-done)
	if n := count(); n != 0 {
		t.Fatalf("the naive numbering did not lose the event (%d seen): the rig proves nothing", n)
	}
}

// An idle bus does nothing: no transaction is opened while nothing happens.
func TestIdleBusIsSilent(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), nil)
	b := newBus(t, d, 3)
	b.Consumer("ledger", bus.On(func(*db.Tx, event.VisitorCheckedIn) error { return nil }))
	run(t, b)
	emit(t, d, days(1), 0, 3)
	settle(t, b)
	before := d.Stats()
	time.Sleep(300 * time.Millisecond) // the only way to see that nothing happens is to let time pass
	if after := d.Stats(); after.Commits != before.Commits {
		t.Errorf("%d commits while idle", after.Commits-before.Commits)
	}
}

func BenchmarkPipeline(b *testing.B) {
	d := dbtest.Open(b, dbtest.SQLite(b), nil)
	bb := newBus(b, d, 3)
	bb.Consumer("noop", bus.On(func(*db.Tx, event.VisitorCheckedIn) error { return nil }))
	run(b, bb)
	all := days(100)
	b.ResetTimer()
	b.SetParallelism(64)
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			err := d.Update(b.Context(), func(tx *db.Tx) error { return outbox.Emit(tx, checkedIn(all[i%100], i)) })
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	settle(b, bb)
}
