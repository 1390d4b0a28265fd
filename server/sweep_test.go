package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestSweep sees that all that is to be swept is, each minute.
func TestSweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var a, b int
		go each(ctx, sweepEvery, []func(){func() { a++ }, func() { b++ }})
		<-time.After(2*sweepEvery + time.Second)
		cancel()
		synctest.Wait()
		if a != 2 || b != 2 {
			t.Errorf("swept %d and %d times", a, b)
		}
	})
}
