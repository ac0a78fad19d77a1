package account

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"yiji/internal/db"
	"yiji/internal/seal"
)

// Options say what the service needs besides its database.
type Options struct {
	// Key is the installation's key (seal.KeySize bytes): it seals addresses, and
	// the digests that find them again are keyed by a key derived from it.
	Key []byte
	// Lifetimes may be left zero: each zero field has a good default.
	Lifetimes Lifetimes
	// ParallelChecks bounds the passwords hashed at once; 0 is 2. Each costs 19 MiB.
	ParallelChecks int
}

// Lifetimes say how long links and sessions live. Consoles are what admins and
// organizers use; hands are desk volunteers and partners, who log in once and
// come back from market to market. A kiosk stands switched off between two markets
// and has nobody who could log in: it lives until its role is withdrawn, or a
// year goes by without a market.
type Lifetimes struct {
	Invitation  time.Duration // for admins, organizers and the desk: 14 days
	PartnerLink time.Duration // invitation of a partner: 30 days
	LoginLink   time.Duration // 3 days
	ConsoleIdle time.Duration // 7 days without a request
	ConsoleMax  time.Duration // 30 days after logging in, whatever happens
	HandIdle    time.Duration // 30 days
	HandMax     time.Duration // 180 days
	KioskIdle   time.Duration // 365 days
	KioskMax    time.Duration // 5 years
}

const day = 24 * time.Hour

func (l Lifetimes) filled() Lifetimes {
	for _, f := range []struct {
		field *time.Duration
		good  time.Duration
	}{
		{&l.Invitation, 14 * day}, {&l.PartnerLink, 30 * day}, {&l.LoginLink, 3 * day},
		{&l.ConsoleIdle, 7 * day}, {&l.ConsoleMax, 30 * day}, {&l.HandIdle, 30 * day}, {&l.HandMax, 180 * day},
		{&l.KioskIdle, 365 * day}, {&l.KioskMax, 5 * 365 * day},
	} {
		if *f.field <= 0 {
			*f.field = f.good
		}
	}
	return l
}

// ofLink is how long a link for this kind of role can be accepted.
func (l Lifetimes) ofLink(k Kind) time.Duration {
	switch k {
	case Partner:
		return l.PartnerLink
	case loginKind:
		return l.LoginLink
	}
	return l.Invitation
}

// ofSession is how long a session lives with these roles: the most powerful decides.
func (l Lifetimes) ofSession(roles []Role) (idle, most time.Duration) {
	idle, most = l.ConsoleIdle, l.ConsoleMax
	for _, r := range roles {
		switch r.Kind {
		case Admin, Organizer:
			return l.ConsoleIdle, l.ConsoleMax
		case Desk, Partner:
			idle, most = l.HandIdle, l.HandMax
		case Kiosk: // has no other role
			return l.KioskIdle, l.KioskMax
		}
	}
	return idle, most
}

// Service is what the rest of the house asks about people.
type Service struct {
	db     *db.DB
	box    *seal.Box
	finder []byte // key of the digests
	life   Lifetimes
	hasher *hasher
}

// New returns the service on an open database; it fails only for a key of the wrong length.
func New(d *db.DB, o Options) (*Service, error) {
	if o.ParallelChecks <= 0 {
		o.ParallelChecks = 2
	}
	box, err := seal.New(o.Key)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	finder, err := hkdf.Key(sha256.New, o.Key, nil, "yiji account digest v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	return &Service{db: d, box: box, finder: finder, life: o.Lifetimes.filled(), hasher: newHasher(o.ParallelChecks)}, nil
}

// digest finds a value again without keeping it: equal values of one purpose
// have equal digests, and nobody without the key can try values.
func (s *Service) digest(purpose, value string) string {
	if value == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.finder)
	mac.Write([]byte(purpose + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil))
}
