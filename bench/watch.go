package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"yiji/booths/queue"
)

const (
	pages     = 10_000 // that follow the day
	callsEach = 10     // calls of a measurement
)

// liveQueue is P5: one call seen by 10,000 open pages, which are a process of
// their own so that the memory of the server can be told apart.
func liveQueue(ctx context.Context, r *run) (lines []line, err error) {
	if err := moreFiles(); err != nil {
		return nil, err
	}
	h, err := openHouse(ctx, r.dir, filepath.Join(r.dir, "p5.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	yard, err := startBroadcast()
	if err != nil {
		return nil, err
	}
	defer yard.close()
	c := &caller{house: h}
	var memory pair
	var all [2]series
	side := func(w followed, kb, delays *series) measurement {
		return func(ctx context.Context) (float64, error) {
			if err := c.queueUp(ctx); err != nil {
				return 0, err
			}
			d, m, err := w.measure(ctx)
			if err != nil {
				return 0, err
			}
			*kb, *delays = append(*kb, m), append(*delays, d...)
			return d.at(0.99), w.alone(ctx)
		}
	}
	l := line{ID: "P5", Work: fmt.Sprintf("one call seen by %s open pages: p99 over all pages and calls, the commit included", thousands(pages)),
		Yardstick: "a bare echo handler that broadcasts the same bytes, same process", Unit: "ms", Target: "p99 ≤ 200 ms",
		met: func(l line) bool { return l.ours.median() <= 200 }}
	l.pair, err = inTurns(ctx, r.pairs, side(followed{h.BaseURL, "/d/" + h.day.ID + "/live", new(int), c.call}, &memory.ours, &all[0]),
		side(followed{yard.base, "/", new(int), yard.call}, &memory.theirs, &all[1]))
	if err != nil {
		return nil, err
	}
	memory.ours, memory.theirs = memory.ours[1:], memory.theirs[1:] // of the warm-up
	l.Note = fmt.Sprintf("over all runs a page saw a call after %s ms (median), %s ms (p99), %s ms (longest); the yardstick's after %s, %s, %s ms",
		number(all[0].median()), number(all[0].at(0.99)), number(all[0].most()), number(all[1].median()), number(all[1].at(0.99)), number(all[1].most()))
	m := line{ID: "P5a", Work: "memory of the server for one of them, kept by Go (heap and stacks)", Yardstick: "the same handler", Unit: "KB", pair: memory,
		Target: "≤ 20 KB a watcher", met: func(l line) bool { return l.ours.median() <= 20 }}
	return []line{l, m}, nil
}

// caller runs one line: it completes who is there and calls the next.
type caller struct {
	*house
	ticket string
}

// queueUp lets enough people wait for one measurement and what follows it.
func (c *caller) queueUp(ctx context.Context) error {
	for range 3 * callsEach {
		if _, err := c.Queue.Issue(ctx, queue.IssueRequest{DayID: c.day.ID, LineID: c.lines[0].ID, Via: queue.Desk}); err != nil {
			return err
		}
	}
	return c.Bus.Settle(ctx)
}

func (c *caller) call(ctx context.Context, _ int) error {
	line := c.lines[0].ID
	turn, err := c.Queue.ServeAndNext(ctx, queue.LineCommand{CommunityID: c.day.CommunityID, DayID: c.day.ID, LineID: line, TicketID: c.ticket, By: "bench"})
	if err == nil && turn.Next != nil {
		c.ticket = turn.Next.ID
	}
	return err
}

// followed is a stream and what makes the next number be called in it.
type followed struct {
	base, path string
	number     *int // called last
	call       func(ctx context.Context, number int) error
}

// alone waits until the server knows that the pages are closed: a stream
// learns it from writing to it.
func (w followed) alone(ctx context.Context) error {
	for i := range 100 {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil || len(open) < 1000 {
			return err
		}
		if i < 2*callsEach {
			*w.number++
			if err := w.call(ctx, *w.number); err != nil {
				return err
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	return errors.New("the pages are closed, their connections are not")
}

// measure opens the pages, makes the calls and says when each was seen, in
// milliseconds, and what one page costs in memory, in KB.
func (w followed) measure(ctx context.Context) (delays series, kb float64, err error) {
	before := memory()
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	u, err := url.Parse(w.base)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "watch", u.Host, w.path, strconv.Itoa(pages), strconv.Itoa(*w.number+1))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, in.Close(), cmd.Wait()) }()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != "ready" {
		return nil, 0, fmt.Errorf("the pages did not open: %q", lines.Text())
	}
	kb = (memory() - before) / pages / 1024
	for range callsEach {
		*w.number++
		start := time.Now().UnixMicro()
		if err := w.call(ctx, *w.number); err != nil {
			return nil, 0, err
		}
		if !lines.Scan() {
			return nil, 0, errors.New("the pages are gone")
		}
		for one := range strings.FieldsSeq(lines.Text()) {
			seen, err := strconv.ParseInt(one, 10, 64)
			if err != nil {
				return nil, 0, err
			}
			delays = append(delays, float64(seen-start)/1000)
		}
	}
	return delays, kb, nil
}

// memory is what Go holds for what lives, stacks included.
func memory() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// moreFiles lets this process and its children have as many connections as the system allows.
func moreFiles() error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	l.Cur = l.Max
	if l.Cur < pages+500 {
		return fmt.Errorf("P5 needs %d open files, the system allows %d", pages+500, l.Cur)
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}

// broadcast is the yardstick: the least that an echo server can do.
type broadcast struct {
	base string
	srv  *http.Server
	mu   sync.Mutex
	body []byte
	next chan struct{}
}

func startBroadcast() (*broadcast, error) {
	b := &broadcast{next: make(chan struct{})}
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		w := c.Response()
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		if _, err := io.WriteString(w, "event: at\nid: 1\ndata: 1\n\n"); err != nil {
			return err
		}
		b.mu.Lock()
		next := b.next
		b.mu.Unlock()
		w.Flush()
		for {
			select {
			case <-next:
			case <-c.Request().Context().Done():
				return nil
			}
			b.mu.Lock()
			body := b.body
			next = b.next
			b.mu.Unlock()
			if _, err := w.Write(body); err != nil {
				return err
			}
			w.Flush()
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.base, b.srv = "http://"+l.Addr().String(), &http.Server{Handler: e}
	go func() { _ = b.srv.Serve(l) }() // ends with close
	return b, nil
}

func (b *broadcast) close() { _ = b.srv.Close() }

// call sends a frame like ours to all.
func (b *broadcast) call(_ context.Context, number int) error {
	n := strconv.Itoa(number)
	frame := `event: line` + "\n" + `data: {"line":"aaaaaaaaaaaaaaaaaaaaaaaaaa","at":123456,"booth":"A1","service":"服务 1","kind":"person","state":"open","waiting":5,"order":[[2,6]],"wait":{"lo":11,"hi":19,"known":true},"called":[` + n +
		`],"serving":[],"calls":[` + strings.TrimSuffix(strings.Repeat(`{"number":10,"at":"2026-11-19T01:00:00.000000Z","calls":1,"open":false},`, 5), ",") + `],"ready":[],"issued":60}` +
		"\n\nevent: at\nid: 123456\ndata: 123456\n\n"
	b.mu.Lock()
	defer b.mu.Unlock()
	b.body = []byte(frame)
	close(b.next)
	b.next = make(chan struct{})
	return nil
}

// watchers is the other process: "watch HOST PATH COUNT FIRST". It says "ready"
// when every page is open, then for each call, from the number FIRST on, a line
// with the instants at which the pages saw it. It ends with its input.
func watchers(args []string) error {
	if err := moreFiles(); err != nil {
		return err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	type sight struct {
		number int
		at     int64
	}
	sights := make(chan sight, count)
	var open atomic.Int64
	err = byHands(count, 64, func(i int) error {
		// Addresses of their own: a server need not take so many from one.
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%20))}}
		conn, err := d.Dial("tcp", args[0])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", args[1], args[0]); err != nil {
			return err
		}
		in := bufio.NewReaderSize(conn, 4096)
		for told := false; !told; {
			row, err := in.ReadSlice('\n')
			if err != nil {
				return err
			}
			told = bytes.HasPrefix(row, []byte("event: at"))
		}
		open.Add(1)
		go func() {
			for {
				row, err := in.ReadSlice('\n')
				if err != nil {
					return
				}
				_, rest, ok := bytes.Cut(row, []byte(`"called":[`))
				if !ok {
					continue
				}
				digits, _, _ := bytes.Cut(rest, []byte("]"))
				if n, err := strconv.Atoi(string(digits)); err == nil {
					sights <- sight{n, time.Now().UnixMicro()}
				}
			}
		}()
		return nil
	})
	if err != nil || int(open.Load()) != count {
		return fmt.Errorf("%d of %d pages are open: %w", open.Load(), count, err)
	}
	fmt.Println("ready")
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(gone)
	}()
	var line []byte
	seen := 0
	for {
		select {
		case <-gone:
			return nil
		case s := <-sights:
			if s.number != number {
				continue
			}
			line = append(strconv.AppendInt(line, s.at, 10), ' ')
			if seen++; seen == count {
				if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
					return err
				}
				line, seen = line[:0], 0
				number++
			}
		}
	}
}
