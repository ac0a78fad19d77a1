package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
)

func update(t *testing.T, d *db.DB, do func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, q string, args ...any) (n int) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Get(&n, q, args...) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func scratch(t *testing.T, d *db.DB) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE scratch (k TEXT PRIMARY KEY, v BIGINT NOT NULL)`)
		return err
	})
}

// One failing, one panicking and many good Updates at once: the good ones are
// there, the others are not, nobody waits for ever.
func TestUpdatesShareACommitButNotAFailure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				err := d.Update(t.Context(), func(tx *db.Tx) error {
					if _, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ($1, $2)`, fmt.Sprint(i), i); err != nil {
						return err
					}
					tx.Append(db.Record{ID: db.NewID(), Topic: "t", Key: "k", Name: "n", Payload: "{}"})
					switch i % 3 {
					case 1:
						return errors.New("no")
					case 2:
						panic("boom")
					}
					return nil
				})
				if (err == nil) != (i%3 == 0) {
					t.Errorf("update %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, d, `SELECT COUNT(*) FROM scratch`); n != 100 {
			t.Errorf("%d rows, want 100", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM scratch WHERE v % 3 <> 0`); n != 0 {
			t.Errorf("%d rows of failed updates", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM outbox`); n != 100 {
			t.Errorf("%d events, want 100", n)
		}
		if n := count(t, d, `SELECT MAX(seq) - COUNT(*) FROM outbox`); n != 0 {
			t.Errorf("event numbers have %d gaps", n)
		}
	})
}

func TestSavepointUndoesItsEventsToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		no := errors.New("no")
		update(t, d, func(tx *db.Tx) error {
			tx.Append(db.Record{ID: "kept", Topic: "t", Key: "k", Name: "n"})
			err := tx.Savepoint(func() error {
				tx.Append(db.Record{ID: "gone", Topic: "t", Key: "k", Name: "n"})
				if _, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ('x', 1)`); err != nil {
					return err
				}
				// a statement that fails aborts a PostgreSQL transaction: the savepoint heals it
				_, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ('x', 1)`)
				return errors.Join(no, err)
			})
			if !errors.Is(err, no) {
				return fmt.Errorf("want %v, got %v", no, err)
			}
			_, err = tx.Exec(`INSERT INTO scratch (k, v) VALUES ('y', 1)`)
			return err
		})
		if n := count(t, d, `SELECT COUNT(*) FROM scratch WHERE k = 'x'`); n != 0 {
			t.Error("the undone row is there")
		}
		if n := count(t, d, `SELECT COUNT(*) FROM outbox WHERE id = 'gone'`); n != 0 {
			t.Error("the undone event is there")
		}
		if n := count(t, d, `SELECT COUNT(*) FROM outbox WHERE id = 'kept'`); n != 1 {
			t.Error("the kept event is not there")
		}
	})
}

func TestViewIsASnapshotAndReadOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		err := d.View(t.Context(), func(tx *db.Tx) error {
			var before, after int
			if err := tx.Get(&before, `SELECT COUNT(*) FROM scratch`); err != nil {
				return err
			}
			update(t, d, func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ('x', 1)`)
				return err
			})
			if err := tx.Get(&after, `SELECT COUNT(*) FROM scratch`); err != nil {
				return err
			}
			if before != after {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ('z', 1)`)
			return err
		})
		if err == nil {
			t.Error("a View could write")
		}
	})
}

func TestOnceAnswersTheSameAndRefusesAnotherBody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		runs := 0
		ask := func(key, body string) (answer string, err error) {
			err = d.Update(t.Context(), func(tx *db.Tx) error {
				a, err := tx.Once("scope", key, body, func() ([]byte, error) {
					runs++
					return fmt.Appendf(nil, "answer %d", runs), nil
				})
				answer = string(a)
				return err
			})
			return answer, err
		}
		first, err := ask("k", "b")
		if err != nil {
			t.Fatal(err)
		}
		again, err := ask("k", "b")
		if err != nil || again != first {
			t.Errorf("second answer %q, %v; first was %q", again, err, first)
		}
		if _, err := ask("k", "other"); !fault.Is(err, "idempotency.body_differs") {
			t.Errorf("another body: %v", err)
		}
		if other, _ := ask("k2", "b"); other == first {
			t.Error("another key got the first key's answer")
		}
	})
}

func TestEventsWakeWatchers(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := dbtest.Open(t, url, nil)
		woken, stop := d.Watch()
		defer stop()
		writer := d
		if d.Postgres() {
			writer = dbtest.Open(t, url, nil) // another process
		}
		update(t, writer, func(tx *db.Tx) error {
			tx.Append(db.Record{ID: "e", Topic: "t", Key: "k", Name: "n"})
			return nil
		})
		<-woken
	})
}

func TestRefusesASecondProcessAndANewerSchema(t *testing.T) {
	path := dbtest.SQLite(t)
	dbtest.Open(t, path, nil)
	if _, err := db.Open(t.Context(), db.Options{URL: path}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second open: %v", err)
	}
	dbtest.EachURL(t, func(t *testing.T, url string) {
		first, err := db.Open(context.Background(), db.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		update(t, first, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
			return err
		})
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if d, err := db.Open(context.Background(), db.Options{URL: url}); err == nil {
			d.Close()
			t.Error("a newer schema was accepted")
		} else if !strings.Contains(err.Error(), "9999") {
			t.Errorf("the refusal does not name the version: %v", err)
		}
	})
}

func TestCancelledCallerLeavesNothingHalf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Update(ctx, func(tx *db.Tx) error {
			cancel() // hangs up in the middle: what was begun is finished
			_, err := tx.Exec(`INSERT INTO scratch (k, v) VALUES ('x', 1)`)
			return err
		})
		if n := count(t, d, `SELECT COUNT(*) FROM scratch`); (err == nil) != (n == 1) {
			t.Errorf("answer %v but %d rows", err, n)
		}
		if err := d.Update(ctx, func(*db.Tx) error { return nil }); err == nil {
			t.Error("a cancelled caller was served")
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	d := dbtest.Open(b, dbtest.SQLite(b), nil)
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := d.Update(b.Context(), func(tx *db.Tx) error {
				tx.Append(db.Record{ID: db.NewID(), Topic: "t", Key: "k", Name: "n", Payload: "{}"})
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// hasty is a context that ends when it is asked for the n-th time, so that a
// test can hang up at every single step of a call.
type hasty struct {
	context.Context
	left atomic.Int32
	done chan struct{}
}

func hangUpAfter(ctx context.Context, n int) *hasty {
	h := &hasty{Context: ctx, done: make(chan struct{})}
	h.left.Store(int32(n))
	return h
}

func (h *hasty) asked() {
	if h.left.Add(-1) == 0 {
		close(h.done)
	}
}

func (h *hasty) Done() <-chan struct{} { h.asked(); return h.done }

func (h *hasty) Err() error {
	h.asked()
	select {
	case <-h.done:
		return context.Canceled
	default:
		return nil
	}
}

// A reader who hangs up at any moment must not leave a transaction open on a
// connection that the next reader gets.
func TestReadersWhoHangUpLeaveNothingBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		look := func(ctx context.Context) error {
			return d.View(ctx, func(tx *db.Tx) error {
				var n int
				return tx.Get(&n, `SELECT COUNT(*) FROM outbox`)
			})
		}
		for n := 1; n <= 40; n++ {
			_ = look(hangUpAfter(t.Context(), n)) // whatever the answer is
			for range 9 {                         // every connection there is
				if err := look(t.Context()); err != nil {
					t.Fatalf("after somebody hung up at step %d: %v", n, err)
				}
			}
		}
	})
}

// A new database is for its owner alone: it holds handles that open what they name.
func TestANewFileIsItsOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yiji.db")
	d, err := db.Open(t.Context(), db.Options{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if i, err := os.Stat(f); err != nil || runtime.GOOS != "windows" && i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", f, i.Mode(), err)
		}
	}
}
