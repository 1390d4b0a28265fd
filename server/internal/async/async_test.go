package async

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counts is a Metrics.
type counts struct {
	mu      sync.Mutex
	running int
	most    int
	how     []string
}

func (c *counts) AsyncBegun() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running++
	c.most = max(c.most, c.running)
}

func (c *counts) AsyncReturned() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

func (c *counts) AsyncEnded(how string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.how = append(c.how, how)
}

// rig has outcomes noted.
type rig struct {
	*Runner
	counts counts
	mu     sync.Mutex
	got    []world.Outcome
}

func newRig(atOnce int) *rig {
	r := &rig{}
	r.Runner = New(atOnce, &r.counts, slog.New(slog.DiscardHandler))
	return r
}

func (r *rig) run(life context.Context, id uint64, limit float64, work func(ctx context.Context) ([]byte, error)) {
	r.Run(life, "room", &world.Job{ID: id, Limit: limit, Work: work}, func(o world.Outcome) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, o)
	})
}

func (r *rig) want(t *testing.T, how ...string) []world.Outcome {
	t.Helper()
	if err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.counts.how)
	if !slices.Equal(r.counts.how, how) || r.counts.running != 0 {
		t.Errorf("ended: %q, want %q; %d run", r.counts.how, how, r.counts.running)
	}
	return r.got
}

func after(d time.Duration, text string, err error) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		<-time.After(d)
		return []byte(text), err
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(10)
		r.run(t.Context(), 1, 10, after(3*time.Second, "found", nil))
		r.run(t.Context(), 2, 10, after(time.Second, "", errors.New("away")))
		r.run(t.Context(), 3, 10, after(2*time.Second, "", errors.New("")))
		r.run(t.Context(), 4, 10, func(context.Context) ([]byte, error) { <-time.After(4 * time.Second); panic("oh") })
		// One that does not look at its context is late all the same, and has its place until it returns.
		r.run(t.Context(), 5, 5, after(time.Minute, "too late", nil))
		r.run(t.Context(), 6, 6, func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() })
		got := r.want(t, "done", "failed", "failed", "late", "late", "panicked")
		want := []world.Outcome{
			{Job: 2, Err: "away"}, {Job: 3, Err: "an error without a text"}, {Job: 1, Data: []byte("found")}, {Job: 4, Err: "the work panicked: oh"},
			{Job: 5, Late: true, Err: "it had 5 s"}, {Job: 6, Late: true, Err: "it had 6 s"},
		}
		if !slices.EqualFunc(got, want, func(a, b world.Outcome) bool {
			return a.Job == b.Job && a.Err == b.Err && a.Late == b.Late && string(a.Data) == string(b.Data)
		}) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestPlaces has more work than may be done at once: what waits for too long is late.
func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(2)
		for id := range uint64(7) {
			r.run(t.Context(), id+1, 3.5, after(time.Second, "", nil))
		}
		got := r.want(t, "done", "done", "done", "done", "done", "done", "late")
		if len(got) != 7 || r.counts.most != 2 {
			t.Errorf("%d outcomes; %d were done at once", len(got), r.counts.most)
		}
	})
}

// TestARoomEnds with work under way, and some that waits.
func TestARoomEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		life, end := context.WithCancel(t.Context())
		for id := range uint64(2) {
			r.run(life, id, 10, func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() })
		}
		<-time.After(time.Second)
		end()
		if got := r.want(t, "abandoned", "abandoned"); len(got) != 0 {
			t.Errorf("a room that has ended is told %+v", got)
		}
	})
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(1)
		r.run(t.Context(), 1, 1, after(time.Hour, "", nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		<-time.After(2 * time.Hour)
	})
}
