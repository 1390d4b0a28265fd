package registry

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Rooms made at any times tick at moments that are spread evenly over the period.
func TestRoomsTickOneAfterAnother(t *testing.T) {
	t.Parallel()
	const dt = 50 * time.Millisecond
	rnd := rand.New(rand.NewPCG(1, 1))
	since := time.Duration(0)
	var at []time.Duration
	for made := range uint64(100) {
		since += time.Duration(rnd.Int64N(int64(3 * time.Second)))
		wait := phase(since, dt, made+1)
		if wait < 0 || wait >= dt {
			t.Fatalf("room %d waits %v", made, wait)
		}
		at = append(at, (since+wait)%dt)
	}
	slices.Sort(at)
	at = append(at, at[0]+dt)
	for i := range 100 {
		if gap := at[i+1] - at[i]; gap > 3*dt/100 {
			t.Errorf("a gap of %v between two of 100 rooms", gap)
		}
	}
}
