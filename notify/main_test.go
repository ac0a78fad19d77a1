package notify

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine outlives the tests: dispatchers, workers and connections end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}
