package shows_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/server/internal/claim"
)

// faulty is claims whose calls are late, lost, or done without anybody hearing of it.
type faulty struct {
	claim.Claims
	mu   sync.Mutex
	rnd  *rand.Rand
	harm bool
}

// trouble returns how long a call takes on its way, whether it arrives, and whether its answer does.
func (f *faulty) trouble() (wait time.Duration, arrives, heard bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait = time.Duration(f.rnd.Int64N(int64(10 * time.Millisecond)))
	if !f.harm {
		return wait, true, true
	}
	switch f.rnd.IntN(8) {
	case 0:
		return wait, false, false
	case 1:
		return wait, true, false
	case 2:
		wait += time.Duration(f.rnd.Int64N(int64(2 * lease))) // longer than the caller waits, perhaps
	}
	return wait, true, true
}

var errLost = errors.New("the answer is lost")

// do makes a call. One that is late is done though its caller has given up.
func do[T any](ctx context.Context, f *faulty, call func() (T, error)) (out T, err error) {
	wait, arrives, heard := f.trouble()
	type answer struct {
		out T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		<-time.After(wait)
		a := answer{err: errLost}
		if arrives {
			a.out, a.err = call()
		}
		if !heard {
			a.err = errLost
		}
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.out, a.err
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

func (f *faulty) Want(ctx context.Context, owner string, lease time.Duration, w []claim.Wanted) ([]claim.Claim, error) {
	return do(ctx, f, func() ([]claim.Claim, error) { return f.Claims.Want(context.Background(), owner, lease, w) })
}

func (f *faulty) Renew(ctx context.Context, lease time.Duration, held []claim.Claim) ([]claim.Claim, error) {
	return do(ctx, f, func() ([]claim.Claim, error) { return f.Claims.Renew(context.Background(), lease, held) })
}

func (f *faulty) Release(ctx context.Context, held claim.Claim) error {
	_, err := do(ctx, f, func() (struct{}, error) { return struct{}{}, f.Claims.Release(context.Background(), held) })
	return err
}

// TestSimulatedTrouble has servers compete for a show while their calls are lost, late and done unheard,
// houses come and go, and rooms fail. No epoch is there twice, no house hears a lower one than before;
// and when the trouble is over one show is there, and all houses hear it.
func TestSimulatedTrouble(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	line := &faulty{Claims: claim.NewMemory(time.Now), rnd: rand.New(rand.NewPCG(seed, 2)), harm: true}
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
		wait(4 * lease) // for calls that are late
	}()
	var houses [4]*house
	for i := range houses {
		servers = append(servers, begin(t, line, fmt.Sprint("s", i)))
	}
	for range 60 {
		i := rnd.IntN(len(houses))
		switch rnd.IntN(4) {
		case 0, 1:
			if houses[i] == nil {
				houses[i] = &house{}
				servers[i].Opened(quiz, houses[i])
			}
		case 2:
			if houses[i] != nil {
				servers[i].Closed(quiz, houses[i])
				check(t, houses[i])
				houses[i] = nil
			}
		case 3:
			for _, r := range servers[i].running() {
				r.end()
			}
		}
		wait(time.Duration(rnd.Int64N(int64(2 * time.Second))))
	}
	if houses[0] == nil {
		houses[0] = &house{}
		servers[0].Opened(quiz, houses[0])
	}
	line.mu.Lock()
	line.harm = false
	line.mu.Unlock()
	wait(40 * time.Second) // one that has failed often may be made again after half a minute
	var running []*room
	made := map[uint64]bool{}
	for _, s := range servers {
		running = append(running, s.running()...)
		for _, r := range s.rooms {
			if made[r.epoch] {
				t.Errorf("the epoch %d was there twice", r.epoch)
			}
			made[r.epoch] = true
		}
	}
	if len(running) != 1 {
		t.Fatalf("%d shows run", len(running))
	}
	for _, h := range houses {
		if h == nil {
			continue
		}
		if check(t, h); h.hears() != running[0].epoch {
			t.Errorf("a house hears %d; the show is %d", h.hears(), running[0].epoch)
		}
	}
}

// check fails if a house was told of a lower epoch than before.
func check(t *testing.T, h *house) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	highest := uint64(0)
	for _, epoch := range h.told {
		if epoch != 0 && epoch < highest {
			t.Errorf("told %v", h.told)
		}
		highest = max(highest, epoch)
	}
}
