package redisfleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/fleet"
	"github.com/tickroom/tickroom/server/internal/redisfleet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a server of a test.
type node struct {
	*fleet.Fleet
	line  *redisfleet.Line
	asked atomic.Int64
}

func start(t *testing.T, r *redistest.Server, name string, handle fleet.Handler) *node {
	t.Helper()
	n := &node{}
	counting := func(ctx context.Context, method string, body json.RawMessage) (any, error) {
		n.asked.Add(1)
		return handle(ctx, method, body)
	}
	n.line = redisfleet.New(r.Client(), "p:", name, counting, slog.New(slog.DiscardHandler))
	n.Fleet = fleet.New(name, counting, n.line)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { n.line.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	if err := n.line.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// echo answers with what it is asked, and refuses "refuse".
func echo(_ context.Context, method string, body json.RawMessage) (any, error) {
	if method == "refuse" {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("there is none"))
	}
	return body, nil
}

func TestCalls(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	a, b := start(t, r, "a", echo), start(t, r, "b", echo)
	for _, to := range []string{"a", "b"} {
		var out string
		if err := a.Call(t.Context(), to, "echo", "hello "+to, &out); err != nil || out != "hello "+to {
			t.Errorf("%s says %q, %v", to, out, err)
		}
		err := a.Call(t.Context(), to, "refuse", nil, nil)
		if connect.CodeOf(err) != connect.CodeNotFound || err.Error() != "not_found: there is none" {
			t.Errorf("%s refuses with %v", to, err)
		}
	}
	if a.asked.Load() != 2 || b.asked.Load() != 2 {
		t.Errorf("a was asked %d times, b %d times", a.asked.Load(), b.asked.Load())
	}
	if err := a.Call(t.Context(), "c", "echo", nil, nil); !errors.Is(err, fleet.ErrNobody) {
		t.Errorf("one that is not there: %v", err)
	}
	alone := fleet.New("x", echo, nil)
	if err := alone.Call(t.Context(), "y", "echo", nil, nil); !errors.Is(err, fleet.ErrNobody) {
		t.Errorf("without a Redis: %v", err)
	}
}

// TestSlow has a server that takes longer than until the call is sent again: it does it once.
func TestSlow(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	release := make(chan struct{})
	a := start(t, r, "a", echo)
	b := start(t, r, "b", func(ctx context.Context, _ string, body json.RawMessage) (any, error) {
		select {
		case <-release:
			return body, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	time.AfterFunc(1300*time.Millisecond, func() { close(release) })
	var out string
	if err := a.Call(t.Context(), "b", "slow", "done", &out); err != nil || out != "done" || b.asked.Load() != 1 {
		t.Errorf("%q, %v, asked %d times", out, err, b.asked.Load())
	}
}

// TestAway has Redis hang under a call.
func TestAway(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	a := start(t, r, "a", echo)
	start(t, r, "b", echo)
	r.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := a.Call(ctx, "b", "echo", nil, nil)
	r.Thaw()
	if !errors.Is(err, fleet.ErrNobody) && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
