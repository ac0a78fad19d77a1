package web

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"yiji/internal/fault"
)

// How large a body may be.
const (
	bodyLimit   = 64 << 10
	uploadLimit = 5 << 20 // a roster
)

// Limits bound what one address may ask for. A whole square of residents
// shares one: 200 people who open a page, take two numbers and look again
// every few seconds stay far below. Zero fields have these defaults.
type Limits struct {
	ReadsPerSecond  float64 // 200
	ReadBurst       int     // 2000
	WritesPerSecond float64 // 50
	WriteBurst      int     // 600
	Off             bool    // no limits: for measurements
}

func (l Limits) filled() Limits {
	if l.ReadsPerSecond <= 0 {
		l.ReadsPerSecond = 200
	}
	if l.ReadBurst <= 0 {
		l.ReadBurst = 2000
	}
	if l.WritesPerSecond <= 0 {
		l.WritesPerSecond = 50
	}
	if l.WriteBurst <= 0 {
		l.WriteBurst = 600
	}
	return l
}

// doorman counts what each address asks for, in memory. He remembers two
// generations of addresses: when the younger is full the older is forgotten,
// so that many addresses cost a bounded amount of memory.
type doorman struct {
	limits     Limits
	now        func() time.Time
	mu         sync.Mutex
	young, old map[string]*guest
}

type guest struct{ reads, writes, letters *rate.Limiter }

// A mail that anybody may cause goes to somebody who may not have asked: one
// address causes two hundred at once, a square of residents, and then one every
// ten seconds. What one receiver gets is bounded by notify.
const (
	letterBurst = 200
	letterEvery = 10 * time.Second
)

// letter lets a request cause a mail.
func (d *doorman) letter(address string) error {
	if d.limits.Off || d.guest(address).letters.AllowN(d.now(), 1) {
		return nil
	}
	return fault.Closed("request.too_many", "", "too many mails were caused from this address; slow down")
}

const generation = 20_000

func newDoorman(l Limits, now func() time.Time) *doorman {
	return &doorman{limits: l.filled(), now: now, young: map[string]*guest{}}
}

// admit lets a request in or asks its sender to slow down.
func (d *doorman) admit(address string, writes bool) error {
	if d.limits.Off {
		return nil
	}
	g := d.guest(address)
	bucket := g.reads
	if writes {
		bucket = g.writes
	}
	if !bucket.AllowN(d.now(), 1) {
		return fault.Closed("request.too_many", "", "too many requests from this address; slow down")
	}
	return nil
}

func (d *doorman) guest(address string) *guest {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g, ok := d.young[address]; ok {
		return g
	}
	g, ok := d.old[address]
	if !ok {
		g = &guest{
			reads:   rate.NewLimiter(rate.Limit(d.limits.ReadsPerSecond), d.limits.ReadBurst),
			writes:  rate.NewLimiter(rate.Limit(d.limits.WritesPerSecond), d.limits.WriteBurst),
			letters: rate.NewLimiter(rate.Every(letterEvery), letterBurst),
		}
	}
	if len(d.young) >= generation {
		d.old, d.young = d.young, map[string]*guest{}
	}
	d.young[address] = g
	return g
}

// limitBody refuses a body that says it is too large, and cuts one that does not say.
func limitBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if limit <= 0 {
		limit = bodyLimit
	}
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

func isTooLarge(err error) bool {
	var big *http.MaxBytesError
	return errors.As(err, &big)
}
