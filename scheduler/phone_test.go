package scheduler

import (
	"testing"

	"yiji/internal/fault"
)

func TestATelephoneLooksLikeOne(t *testing.T) {
	for _, s := range []string{"", "110", "0538-1234567", "+86 538 1234567", "(0538) 1234567", "0538-1234567 转 8", "0538-1234567转8", "0538-1234567 ext. 8"} {
		if err := checkPhone(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"找王主任", "wang@example.com", "javascript:1", "-", "转8", "0538 转"} {
		if err := checkPhone(s); !fault.Is(err, "scheduler.phone") {
			t.Errorf("%q: %v", s, err)
		}
	}
}
