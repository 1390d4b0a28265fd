package match

import (
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// TestWhatIsRemovedIsFreed sees that a matcher keeps no ticket beyond the pass after its end,
// however many it once had.
func TestWhatIsRemovedIsFreed(t *testing.T) {
	t.Parallel()
	m := mustNew(t, fives())
	var kept []weak.Pointer[store.Ticket]
	add := func(name string, n int) {
		for i := range n {
			ticket := new(solo(fmt.Sprint(name, i), float64(1000*i), epoch)) // too far apart to be matched
			if err := m.Add(ticket); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, weak.Make(ticket))
		}
	}
	add("first ", 100)
	m.Pass(epoch)
	for i := range 100 {
		m.Remove(fmt.Sprint("first ", i))
	}
	add("never seen by a pass ", 10)
	for i := range 10 {
		m.Remove(fmt.Sprint("never seen by a pass ", i))
	}
	m.Pass(epoch)
	runtime.GC()
	left := 0
	for _, w := range kept {
		if w.Value() != nil {
			left++
		}
	}
	if left > 0 {
		t.Errorf("%d of %d tickets are in memory still", left, len(kept))
	}
	runtime.KeepAlive(m)
}
