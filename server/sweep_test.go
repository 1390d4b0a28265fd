package server

import (
	"context"
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
		calls, err := limits.NewCalls(guard, limits.Rate{PerSecond: 10, Burst: 10})
		if err != nil {
			t.Fatal(err)
		}
		s := &Server{guard: guard, matches: &matchmaker{calls: calls}}
		ctx, cancel := context.WithCancel(t.Context())
		go s.sweep(ctx)
		_, _ = calls.Player("ann", 0)
		_, _ = calls.Address("192.0.2.1:1", nil, 0)
		if calls.Len() != 2 {
			t.Fatalf("%d are remembered", calls.Len())
		}
		<-time.After(sweepEvery + time.Second)
		synctest.Wait()
		if calls.Len() != 0 {
			t.Errorf("%d are remembered after a while", calls.Len())
		}
		cancel()
		synctest.Wait()
	})
}
