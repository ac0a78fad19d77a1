package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"yiji/internal/db"
)

// load asks a server for the same thing over many keep-alive connections, one
// request at a time on each. It is as lean as Go allows, because on a small
// machine what the generator costs is taken from both sides.
type load struct {
	address string
	request func(i int) []byte // of connection i; it may hold a count
	status  int                // expected of every answer
	hands   int
}

// count stands in a request for ten digits that change with every use of it.
const count = "-0000000000"

// checkIn asks for a number, each time with another key of the same length.
func checkIn(address string, path func(i int) string) func(i int) []byte {
	return func(i int) []byte {
		return []byte("POST " + path(i) + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n" +
			"Content-Length: 2\r\nIdempotency-Key: " + db.NewID() + count + "\r\n\r\n{}")
	}
}

// read asks for a page as browsers do, compressed.
func read(address, path string) func(i int) []byte {
	return func(int) []byte {
		return []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAccept-Encoding: gzip\r\nAccept-Language: zh-CN\r\n\r\n")
	}
}

// taken is what a load came to.
type taken struct {
	answers int
	took    time.Duration
	waits   series // milliseconds of every 16th answer
}

func (t taken) rate() float64 { return float64(t.answers) / t.took.Seconds() }

// run asks for the given time.
func (l load) run(length time.Duration) (all taken, err error) {
	var mu sync.Mutex
	var g errgroup.Group
	start := time.Now()
	for i := range l.hands {
		g.Go(func() error {
			t, err := l.hand(i, start.Add(length))
			mu.Lock()
			defer mu.Unlock()
			all.answers += t.answers
			all.waits = append(all.waits, t.waits...)
			return err
		})
	}
	err = g.Wait()
	all.took = time.Since(start)
	return all, err
}

// hand is one connection.
func (l load) hand(i int, until time.Time) (t taken, err error) {
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		return t, err
	}
	defer c.Close()
	request := l.request(i)
	var digits []byte
	if at := bytes.Index(request, []byte(count)); at >= 0 {
		digits = request[at+1:][:len(count)-1]
	}
	in := bufio.NewReaderSize(c, 64<<10)
	for n := 0; ; n++ {
		now := time.Now()
		if !now.Before(until) {
			return t, nil
		}
		copy(digits, fmt.Appendf(nil, "%010d", n))
		if _, err := c.Write(request); err != nil {
			return t, err
		}
		if err := l.answer(in); err != nil {
			return t, err
		}
		t.answers++
		if n%16 == 0 {
			t.waits = append(t.waits, millis(time.Since(now)))
		}
	}
}

var contentLength = []byte("Content-Length: ")

// answer reads one answer and checks its status.
func (l load) answer(in *bufio.Reader) error {
	first, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	status, err := strconv.Atoi(string(first[9:12]))
	if err != nil {
		return err
	}
	length := -1
	for {
		h, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(h) == 2 {
			break
		}
		if bytes.HasPrefix(h, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(h[len(contentLength):]))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("HTTP %d without a length", status)
	}
	if status != l.status {
		body, _ := io.ReadAll(io.LimitReader(in, int64(length)))
		return fmt.Errorf("HTTP %d: %s", status, body)
	}
	_, err = in.Discard(length)
	return err
}
