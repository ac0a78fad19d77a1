package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Visit is who asks for what. Stop ends streams that net/http still holds when
// the server begins to stop; the hub ends the others itself.
type Visit struct {
	Day     string
	Address string
	Rank    Rank
	Stop    <-chan struct{}
}

// sendBuffer bounds what the system keeps for a connection that reads slowly:
// what does not fit stays with us, where newer replaces older.
const sendBuffer = 64 << 10

// Stream answers with the events of a day for as long as both sides like. An
// error means that nothing was answered: ErrFull, or why the day cannot be read.
func (h *Hub) Stream(w http.ResponseWriter, q *http.Request, v Visit) error {
	at := seat{v.Rank, v.Address}
	r, err := h.enter(v.Day, at)
	if err != nil {
		return err
	}
	held := true
	defer func() {
		if held {
			h.leave(r, at)
		}
	}()
	since := lastID(q)
	if err := h.ready(q.Context(), r, since); err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // nginx passes every event on at once
	if q.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if conn := taken(w, q); conn != nil {
		held = false
		head := header(head)
		go func() {
			defer h.leave(r, at)
			defer conn.Close()
			send := func(b []byte) error {
				if err := conn.SetWriteDeadline(time.Now().Add(h.o.Stall)); err != nil {
					return err
				}
				_, err := conn.Write(b)
				return err
			}
			if send(head) == nil {
				_ = h.follow(context.Background(), r, since, send, nil) // it ends when the page is gone: nothing to say
			}
		}()
		return nil
	}
	h.written(w, func(send func([]byte) error) { _ = h.follow(q.Context(), r, since, send, v.Stop) })
	return nil
}

// written is a stream through net/http.
func (h *Hub) written(w http.ResponseWriter, follow func(send func([]byte) error)) {
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // a recorder has none
	send := func(b []byte) error {
		if err := out.SetWriteDeadline(time.Now().Add(h.o.Stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		return out.Flush()
	}
	w.WriteHeader(http.StatusOK)
	if send(retry()) == nil {
		follow(send)
	}
}

// taken takes an HTTP/1 connection out of net/http; nil where that cannot be.
func taken(w http.ResponseWriter, q *http.Request) net.Conn {
	if q.ProtoMajor != 1 || q.TLS != nil {
		return nil
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		_ = conn.Close() // sending will say so
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	return conn
}

// header is the beginning of an answer that lasts until the connection ends.
func header(h http.Header) []byte {
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\nDate: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	_ = h.Write(&b)
	b.WriteString("\r\n")
	return append([]byte(b.String()), retry()...)
}

// retry spreads the return of those whose connection ended with the server.
func retry() []byte {
	return fmt.Appendf(nil, "retry: %d\n\n", 1500+rand.IntN(1500))
}

// lastID is the number up to which the asker was told; 0 for nothing.
func lastID(q *http.Request) int64 {
	id := q.Header.Get("Last-Event-ID")
	if id == "" {
		id = q.URL.Query().Get("since")
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Picture answers with everything at once, for those who come now and then.
// Its ETag is the number of the newest change, so that no change costs no body.
func (h *Hub) Picture(w http.ResponseWriter, q *http.Request, day string) error {
	h.mu.Lock()
	r := h.room(day)
	stopped := h.stopped
	h.mu.Unlock()
	if stopped {
		return ErrFull
	}
	if err := h.ready(q.Context(), r, 0); err != nil {
		return err
	}
	body, at := r.json()
	tag := `"` + strconv.FormatInt(at, 10) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	for one := range strings.SplitSeq(q.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, err := w.Write(body)
	return err
}
