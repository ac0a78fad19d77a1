package booths

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
	"yiji/internal/seal"
)

// Options are the settings of the service.
type Options struct {
	// Box seals contacts; without one a partner with a contact is refused.
	Box *seal.Box
	// OfferFor is how long an offer stands at most; 0 is 24 hours.
	OfferFor time.Duration
}

// Service answers what people ask about booths. Its methods are grouped in
// files by noun: partner.go, ground.go, claim.go, draft.go, booth.go, offer.go.
type Service struct {
	db  *db.DB
	opt Options
}

// New returns the service on a database.
func New(d *db.DB, o Options) *Service {
	if o.OfferFor <= 0 {
		o.OfferFor = 24 * time.Hour
	}
	return &Service{db: d, opt: o}
}

// Scope says for whom something is done. Everything outside the community is
// not found; with a PartnerID also everything of other partners. By is the
// account that acts, for the record; Key makes a repeated command harmless.
type Scope struct {
	CommunityID string
	PartnerID   string
	By          string
	Key         string
}

func (s Scope) partner(id string) bool { return s.PartnerID == "" || s.PartnerID == id }

// command is what an idempotency key stands for.
type command struct {
	name string
	body any
}

// once runs a command at most once per key of the scope; answer is where the
// (first) answer goes.
func (s Scope) once(tx *db.Tx, c command, answer any, do func() error) error {
	raw, err := json.Marshal(c.body)
	if err != nil {
		return fault.Internal(err)
	}
	hash := sha256.Sum256(append([]byte(c.name+"\x00"), raw...))
	out, err := tx.Once("booths:"+s.CommunityID+":"+s.PartnerID, s.Key, hex.EncodeToString(hash[:]), func() ([]byte, error) {
		if err := do(); err != nil {
			return nil, err
		}
		return json.Marshal(answer)
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fault.Internal(err)
	}
	return nil
}

// pack writes a small value into a text column.
func pack(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // only our own plain types come here
		return "null"
	}
	return string(raw)
}

func unpack(s string, into any) error {
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), into); err != nil {
		return fault.Internal(err)
	}
	return nil
}
