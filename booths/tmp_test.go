package booths

import (
	"math/rand"
	"os"
	"testing"
)

func TestTmp(t *testing.T) {
	d, _ := os.ReadFile("testdata/xiangyang.yaml")
	r, err := ParseRoster(d)
	if err != nil {
		t.Fatal(err)
	}
	j, _ := PlanRoster(r).JSON("en")
	t.Log(string(j), string(r.Market.Rule), r.Warnings())
}
func BenchmarkAssign1000(b *testing.B) {
	rnd := rand.New(rand.NewSource(1))
	s := make([]int64, 1000*1000)
	for i := range s {
		s[i] = 1 + rnd.Int63n(1000000)
	}
	b.ResetTimer()
	for range b.N {
		MaxSum(1000, 1000, s)
	}
}
