package workqueue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("away")

// log notes what was done, by any goroutine.
type log struct {
	mu   sync.Mutex
	done []int
}

func (l *log) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, n)
}

func (l *log) want(t *testing.T, want ...int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.done, want) {
		t.Errorf("done: %v, want %v", l.done, want)
	}
}

func TestAFullQueueTakesNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did log
		q := New(Options[int]{Size: 3, Timeout: time.Second, Do: func(_ context.Context, n int) error { did.add(n); return nil }})
		for n := range 5 {
			if got := q.Add(n); got != (n < 3) {
				t.Errorf("%d: taken: %v", n, got)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go q.Run(ctx)
		synctest.Wait()
		did.want(t, 0, 1, 2)
		if !q.Add(5) {
			t.Error("there is a place again, yet it is not taken")
		}
		synctest.Wait()
		did.want(t, 0, 1, 2, 5)
	})
}

// TestWorkIsTriedAgain has what the work needs be away for a while.
func TestWorkIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did, failed log
		attempts := 0
		q := New(Options[int]{Size: 3, Timeout: time.Second, Retry: 100 * time.Millisecond,
			Do: func(_ context.Context, n int) error {
				if attempts++; attempts < 10 {
					return errAway
				}
				did.add(n)
				return nil
			},
			Failing: func(n int, _ error) { failed.add(n) },
		})
		q.Add(1)
		q.Add(2)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go q.Run(ctx)
		<-time.After(850 * time.Millisecond)
		synctest.Wait()
		did.want(t)
		<-time.After(100 * time.Millisecond)
		synctest.Wait()
		did.want(t, 1, 2)
		failed.want(t, 1) // it is told once
	})
}

func TestAnAttemptIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var did log
		q := New(Options[int]{Size: 3, Timeout: time.Second, Do: func(ctx context.Context, n int) error {
			if n == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			did.add(n)
			return nil
		}})
		q.Add(1)
		q.Add(2)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		begun := time.Now()
		go q.Run(ctx)
		<-time.After(time.Second)
		synctest.Wait()
		did.want(t, 2) // without a Retry there is one attempt
		if took := time.Since(begun); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestSeveralAreDoneAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := New(Options[int]{Size: 8, Workers: 4, Timeout: time.Minute, Do: func(context.Context, int) error {
			<-time.After(time.Second)
			return nil
		}})
		for n := range 8 {
			q.Add(n)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go q.Run(ctx)
		synctest.Wait()
		if n := q.Len(); n != 4 {
			t.Errorf("%d wait, with 4 being done", n)
		}
		<-time.After(1500 * time.Millisecond)
		if n := q.Len(); n != 0 {
			t.Errorf("%d wait after the first four", n)
		}
		<-time.After(time.Second)
	})
}

// TestWhatIsLeftAtTheEnd sees that Rest is told of what was never begun, for as long as it
// succeeds.
func TestWhatIsLeftAtTheEnd(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	fill := func(o Options[int]) *Queue[int] {
		o.Size, o.Workers, o.Timeout = 10, 4, time.Second
		o.Do = func(context.Context, int) error { t.Error("work is begun after the end"); return nil }
		q := New(o)
		for n := range 10 {
			q.Add(n)
		}
		return q
	}
	var rest log
	q := fill(Options[int]{Rest: func(ctx context.Context, n int) error { rest.add(n); return ctx.Err() }})
	q.Run(ended)
	if slices.Sort(rest.done); q.Len() != 0 {
		t.Errorf("%d wait still", q.Len())
	}
	rest.want(t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

	// One that fails means that what is needed is away: no more are tried one by one.
	calls := 0
	q = New(Options[int]{Size: 10, Timeout: time.Second, Rest: func(context.Context, int) error { calls++; return errAway }})
	for n := range 10 {
		q.Add(n)
	}
	q.rest(ended)
	if calls != 1 {
		t.Errorf("tried %d times", calls)
	}

	q = fill(Options[int]{}) // nothing is said: it is forgotten
	q.Run(ended)
}

// TestTheEndIsNotWaitedFor has the end come while work is tried again and again.
func TestTheEndIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := New(Options[int]{Size: 3, Timeout: time.Second, Retry: time.Hour, Do: func(context.Context, int) error { return errAway },
			Rest: func(context.Context, int) error { t.Error("what is away is asked again"); return errAway }})
		q.Add(1)
		q.Add(2)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); q.Run(ctx) }()
		synctest.Wait()
		begun := time.Now()
		stop()
		<-done
		if took := time.Since(begun); took != 0 {
			t.Errorf("the end took %v", took)
		}
	})
}
