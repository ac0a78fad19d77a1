package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// job is one Update on its way through the lane.
type job struct {
	ctx     context.Context
	do      func(*Tx) error
	records []Record
	err     error
	done    chan struct{}
}

const (
	groupSize = 256 // Updates that share one commit at most
	tries     = 8   // attempts of an Update that loses against another process
)

// Update runs do in a transaction and returns after COMMIT: nil means the
// change and its events are on disk. An error from do, or a panic in it,
// undoes everything do did. do may run more than once, so its only effects are
// through the Tx. The error of a failed COMMIT means the outcome is unknown;
// callers repeat with the same idempotency key.
func (d *DB) Update(ctx context.Context, do func(*Tx) error) error {
	j := &job{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case d.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return ErrStopped
	}
	<-j.done // once in the lane it has an outcome, and the caller must know it
	return j.err
}

// View runs do on one consistent snapshot. Writing in it fails.
func (d *DB) View(ctx context.Context, do func(*Tx) error) error {
	var s *session
	select {
	case s = <-d.reads:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return ErrStopped
	}
	defer func() { d.reads <- s }()
	err := d.view(ctx, s, do)
	if ctx.Err() != nil || brokenConn(err) {
		s.close()
	}
	return err
}

func (d *DB) view(ctx context.Context, s *session, do func(*Tx) error) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	// Not the caller's context: one that ends right here would leave it open whether the transaction began.
	if err := s.plain(context.WithoutCancel(ctx), d.dialect.beginRead); err != nil {
		s.close()
		return err
	}
	tx := &Tx{Now: d.Now(), ctx: ctx, s: s}
	err := guard(func() error { return do(tx) })
	if end := s.plain(context.WithoutCancel(ctx), "ROLLBACK"); end != nil {
		s.close()
	}
	return err
}

// lane is the one goroutine that writes.
func (d *DB) lane() {
	defer close(d.stopped)
	s := &session{pool: d.writer, fatal: d.dialect.fatal}
	defer s.close()
	for {
		select {
		case j := <-d.jobs:
			d.runGroup(s, d.collect(j))
		case <-d.quit:
			return
		}
	}
}

// collect takes the Updates that wait right now, without waiting for more.
func (d *DB) collect(first *job) []*job {
	group := []*job{first}
	for len(group) < groupSize {
		select {
		case j := <-d.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// runGroup gives every job its outcome. When the group as a whole fails for a
// reason that may pass (a deadlock, a broken connection before COMMIT) or is the
// reason of one of them (its rows were too many for the disk) each job is tried
// again on its own, so that one cannot spoil the others.
func (d *DB) runGroup(s *session, group []*job) {
	err := d.commit(s, group)
	if err != nil && (d.again(err) || errors.Is(err, errDead) && len(group) > 1) {
		for _, j := range group {
			j.err = nil
			d.runAlone(s, j)
		}
	} else if err != nil {
		for _, j := range group {
			if j.err == nil {
				j.err = err
			}
		}
	}
	for _, j := range group {
		if j.err != nil && d.dialect.full(j.err) {
			d.noRoom.Store(true)
			j.err = fmt.Errorf("%w: %w", ErrDisk, j.err)
		}
		close(j.done)
	}
}

func (d *DB) runAlone(s *session, j *job) {
	for n := range tries {
		j.err = nil
		err := d.commit(s, []*job{j})
		if err == nil {
			return
		}
		j.err = err
		if !d.again(err) || j.ctx.Err() != nil {
			return
		}
		d.pause(time.Duration(n+1) * 5 * time.Millisecond)
	}
}

func (d *DB) pause(t time.Duration) {
	select {
	case <-time.After(t):
	case <-d.quit:
	}
}

func (d *DB) again(err error) bool {
	return errors.Is(err, errAgain) || d.dialect.retryable(err)
}

// commit runs the jobs in one transaction. A job's own failure is stored in it;
// an error of commit means that nothing of the whole group became true.
func (d *DB) commit(s *session, group []*job) error {
	ctx := context.Background() // a caller that hangs up must not undo its neighbours
	if err := d.begin(ctx, s); err != nil {
		return err
	}
	var records []Record
	for _, j := range group {
		if err := d.runJob(ctx, s, j); err != nil {
			d.abort(s)
			return err
		}
		if j.err == nil {
			records = append(records, j.records...)
		}
	}
	if err := d.number(ctx, s, records); err != nil {
		d.abort(s)
		return err
	}
	if err := s.plain(ctx, "COMMIT"); err != nil {
		s.close()
		return fmt.Errorf("commit, outcome unknown: %w", commitError{err})
	}
	d.commits.Add(1)
	d.updates.Add(int64(len(group)))
	if len(records) > 0 {
		d.watch.wake()
	}
	return nil
}

// begin starts a transaction, on a new connection if the old one has died.
func (d *DB) begin(ctx context.Context, s *session) error {
	var err error
	for range 2 {
		if err = s.connect(ctx); err != nil {
			continue
		}
		if err = s.plain(ctx, d.dialect.begin); err == nil {
			return nil
		}
		s.close()
	}
	return err
}

// runJob runs one job in its savepoint. It returns only errors that doom the
// whole group; the job's own is stored in the job.
func (d *DB) runJob(ctx context.Context, s *session, j *job) error {
	if err := j.ctx.Err(); err != nil {
		j.err = err
		return nil
	}
	tx := &Tx{Now: d.Now(), ctx: context.WithoutCancel(j.ctx), s: s}
	j.err = tx.Savepoint(func() error { return j.do(tx) })
	if tx.dead != nil {
		j.err = tx.dead
		return fmt.Errorf("%w: %w", errDead, tx.dead)
	}
	if j.err != nil && (d.again(j.err) || brokenConn(j.err)) {
		return j.err
	}
	j.records = tx.records
	return ctx.Err()
}

func (d *DB) abort(s *session) {
	if err := s.plain(context.Background(), "ROLLBACK"); err != nil {
		s.close()
	}
}

// guard turns a panic into an error: one bad request must not end the lane.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// errDead marks a failure that took the transaction of the whole group with it.
var errDead = errors.New("the transaction is undone")

// commitError marks a COMMIT whose outcome nobody knows: it is never retried
// here, because the change may already be true.
type commitError struct{ cause error }

func (e commitError) Error() string { return e.cause.Error() }
func (e commitError) Unwrap() error { return e.cause }
