package node

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
)

// TestCallersAreForgotten sees that the memory of those who have called is given back.
func TestCallersAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		guard, err := limits.NewGuard(config.Default().Access, limits.Options{})
		if err != nil {
			t.Fatal(err)
		}
		calls, err := newCalls(guard, config.Default().Matchmaking)
		if err != nil {
			t.Fatal(err)
		}
		n := &Node{calls: calls}
		_, _ = calls.Player("ann", 0)
		_, _ = calls.Address("192.0.2.1:1", nil, callGuest)
		n.Sweep()
		if calls.Len() != 2 {
			t.Fatalf("%d are remembered", calls.Len())
		}
		<-time.After(time.Minute)
		n.Sweep()
		if calls.Len() != 0 {
			t.Errorf("%d are remembered after a while", calls.Len())
		}
	})
}
