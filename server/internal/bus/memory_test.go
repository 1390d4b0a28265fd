package bus_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/bustest"
	"github.com/tickroom/tickroom/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	t.Parallel()
	bustest.Suite(t, func(_ *testing.T, keep bus.Keep) func() bus.Bus {
		b := bus.NewMemory(keep)
		return func() bus.Bus { return b }
	})
}

// TestMemoryForgets lets messages and keys grow old, and posts more bytes than are kept.
func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bus.NewMemory(bus.Keep{Age: time.Minute, Messages: 100, Bytes: 50, Keys: 2 * time.Minute})
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() { defer close(done); b.Run(ctx) }()
		e := bustest.NewEar(0)
		s := bustest.Listen(t, b, "news", world.Now, e)
		first := bustest.Post(t, b, "news", "k", "1")
		<-time.After(90 * time.Second)
		if n := bustest.Post(t, b, "news", "k", "1"); n != first {
			t.Errorf("posted again as %d, first as %d", n, first)
		}
		bustest.Post(t, b, "news", "", "2")
		e.Places(-1)
		s.Resume()
		e.Want(t, "2")
		if got := e.States(); got != "hears missed message" {
			t.Error(got)
		}
		<-time.After(90 * time.Second)
		if n := bustest.Post(t, b, "news", "k", "3"); n == first {
			t.Error("the key is known for too long")
		}
		b.Send("r", bustest.Posts("news", bustest.Texts("ten bytes ", 9)...))
		late := bustest.NewEar(-1)
		bustest.Listen(t, b, "news", world.Start, late)
		late.Want(t, bustest.Texts("ten bytes ", 9)[5:]...)
		stop()
		<-done
	})
}
