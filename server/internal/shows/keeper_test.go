package shows_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/server/internal/shows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lease = 1500 * time.Millisecond

var quiz = shows.Show{Kind: "quiz-show", Name: "one"}

// house remembers what it is told.
type house struct {
	mu   sync.Mutex
	told []uint64
}

func (h *house) Shown(epoch uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, epoch)
}

// hears returns the epoch that the house was told last.
func (h *house) hears() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) == 0 {
		return 0
	}
	return h.told[len(h.told)-1]
}

// room is a show's room that does nothing.
type room struct {
	of    shows.Show
	epoch uint64
	once  sync.Once
	done  chan struct{}
}

func (r *room) ShowID() string        { return fmt.Sprintf("%s-%d", r.of.Name, r.epoch) }
func (r *room) EndShow(string)        { r.end() }
func (r *room) end()                  { r.once.Do(func() { close(r.done) }) }
func (r *room) Done() <-chan struct{} { return r.done }

func (r *room) runs() bool {
	select {
	case <-r.done:
		return false
	default:
		return true
	}
}

// server is a keeper with what it makes.
type server struct {
	*shows.Keeper
	stop func()

	mu    sync.Mutex
	rooms []*room
	fail  error // with which no room is made
}

func (s *server) make(_ context.Context, of shows.Show, epoch uint64) (shows.Stage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	r := &room{of: of, epoch: epoch, done: make(chan struct{})}
	s.rooms = append(s.rooms, r)
	return r, nil
}

// running returns the rooms that run.
func (s *server) running() (out []*room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rooms {
		if r.runs() {
			out = append(out, r)
		}
	}
	return out
}

// begin runs a server until the test ends, or stop is called. It must be in a bubble.
func begin(t *testing.T, c claim.Claims, owner string) *server {
	s := &server{}
	s.Keeper = shows.New(shows.Options{
		Claims: c, Owner: owner, Lease: lease, Linger: 10 * time.Second, Make: s.make, Count: func(string) {}, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { s.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		s.Close(ctx)
		cancel()
		all.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

// wait lets time go by, and what is to happen then happen.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestAShowIsThereOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := claim.NewMemory(time.Now)
		a, b := begin(t, c, "a"), begin(t, c, "b")
		var houses [3]house
		a.Opened(quiz, &houses[0])
		synctest.Wait()
		b.Opened(quiz, &houses[1])
		b.Opened(quiz, &houses[2])
		wait(lease)
		if len(a.running()) != 1 || len(b.running()) != 0 {
			t.Fatalf("%d and %d rooms", len(a.running()), len(b.running()))
		}
		epoch := a.running()[0].epoch
		for i := range houses {
			if houses[i].hears() != epoch || len(houses[i].told) != 1 {
				t.Errorf("house %d was told %v; the epoch is %d", i, houses[i].told, epoch)
			}
		}
		// Its own houses are not needed for a show to stay.
		a.Closed(quiz, &houses[0])
		wait(time.Minute)
		if len(a.running()) != 1 || houses[1].hears() != epoch {
			t.Fatal("the show has ended, though another server has houses")
		}
		if st := b.States(); len(st) != 1 || st[0].Here || st[0].Epoch != epoch || st[0].Owner != "a" || st[0].Houses != 2 || st[0].Room == "" {
			t.Errorf("%+v", st)
		}
		// Without any it ends.
		b.Closed(quiz, &houses[1])
		b.Closed(quiz, &houses[2])
		wait(5 * time.Second)
		if len(a.running()) != 1 {
			t.Error("the show has ended at once")
		}
		wait(10 * time.Second)
		if len(a.running()) != 0 || len(a.States()) != 0 || len(b.States()) != 0 {
			t.Errorf("%d run, and there is %+v", len(a.running()), a.States())
		}
		// A new house has a new show.
		b.Opened(quiz, &houses[1])
		wait(lease)
		if r := b.running(); len(r) != 1 || r[0].epoch <= epoch || houses[1].hears() != r[0].epoch {
			t.Errorf("%v; the epoch before was %d", r, epoch)
		}
	})
}

// TestAShowIsHeld has a show made and kept for a while that nobody watches, on one of two servers that want it.
func TestAShowIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := claim.NewMemory(time.Now)
		a, b := begin(t, c, "a"), begin(t, c, "b")
		a.Hold(quiz, 20*time.Second)
		wait(lease)
		b.Hold(quiz, 20*time.Second)
		wait(15 * time.Second)
		a.Hold(quiz, 20*time.Second)
		wait(15 * time.Second)
		if len(a.running()) != 1 || len(b.running()) != 0 || len(b.States()) != 0 {
			t.Errorf("%d and %d rooms, and b has %v", len(a.running()), len(b.running()), b.States())
		}
		wait(20 * time.Second)
		if len(a.running()) != 0 || len(a.States()) != 0 {
			t.Errorf("%d rooms, and %v: nobody wants it any more", len(a.running()), a.States())
		}
	})
}

func TestAServerThatGoesAwayGivesItsShowsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := claim.NewMemory(time.Now)
		a, b := begin(t, c, "a"), begin(t, c, "b")
		var h house
		a.Opened(quiz, &house{})
		synctest.Wait()
		b.Opened(quiz, &h)
		wait(lease)
		old := h.hears()
		a.stop()
		wait(lease / 2) // sooner than the lease ends
		if r := b.running(); len(r) != 1 || r[0].epoch <= old || h.hears() != r[0].epoch {
			t.Errorf("%v; the house was told %v", r, h.told)
		}
	})
}

// cut is claims that can't be reached while it is set.
type cut struct {
	claim.Claims
	mu   sync.Mutex
	away bool
}

func (c *cut) set(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
}

func (c *cut) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return errors.New("they are away")
	}
	return nil
}

func (c *cut) Want(ctx context.Context, owner string, lease time.Duration, w []claim.Wanted) ([]claim.Claim, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	return c.Claims.Want(ctx, owner, lease, w)
}

func (c *cut) Renew(ctx context.Context, lease time.Duration, held []claim.Claim) ([]claim.Claim, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	return c.Claims.Renew(ctx, lease, held)
}

// TestALostClaimEndsTheShow cuts the server off that has the show, and lets it come back.
func TestALostClaimEndsTheShow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := claim.NewMemory(time.Now)
		line := &cut{Claims: c}
		a, b := begin(t, line, "a"), begin(t, c, "b")
		var near, far house
		a.Opened(quiz, &near)
		synctest.Wait()
		b.Opened(quiz, &far)
		wait(lease)
		old := far.hears()
		line.set(true)
		wait(2 * lease)
		r := b.running()
		if len(r) != 1 || r[0].epoch <= old || far.hears() != r[0].epoch {
			t.Fatalf("%v; the house was told %v", r, far.told)
		}
		if len(a.running()) != 1 || near.hears() != 0 {
			t.Errorf("while nobody knows, %d run, and a house is told of %d", len(a.running()), near.hears())
		}
		line.set(false)
		wait(lease)
		if len(a.running()) != 0 || near.hears() != r[0].epoch {
			t.Errorf("%d run, and a house was told %v", len(a.running()), near.told)
		}
	})
}

// TestAShowOutlivesItsClaims has nobody reach the claims for a while.
func TestAShowOutlivesItsClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		line := &cut{Claims: claim.NewMemory(time.Now)}
		a, b := begin(t, line, "a"), begin(t, line, "b")
		var near, far house
		a.Opened(quiz, &near)
		synctest.Wait()
		b.Opened(quiz, &far)
		wait(lease)
		epoch := far.hears()
		line.set(true)
		wait(time.Minute)
		if near.hears() != 0 || far.hears() != 0 {
			t.Error("houses hear a show of which nobody knows")
		}
		line.set(false)
		wait(lease)
		if len(a.running()) != 1 || len(b.running()) != 0 || near.hears() != epoch || far.hears() != epoch {
			t.Errorf("%d and %d run; told were %v and %v", len(a.running()), len(b.running()), near.told, far.told)
		}
	})
}

func TestAShowThatFailsIsMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := begin(t, claim.NewMemory(time.Now), "a")
		a.fail = errors.New("the file is not there")
		var h house
		a.Opened(quiz, &h)
		wait(10 * time.Second)
		if h.hears() != 0 {
			t.Error("a house hears a show that is not there")
		}
		a.mu.Lock()
		a.fail = nil
		a.mu.Unlock()
		wait(20 * time.Second)
		r := a.running()
		if len(r) != 1 || h.hears() != r[0].epoch {
			t.Fatalf("%v; told was %v", r, h.told)
		}
		r[0].end() // as after a panic
		synctest.Wait()
		wait(lease)
		if h.hears() != 0 {
			t.Error("a house hears a show that has ended")
		}
		wait(time.Minute)
		if again := a.running(); len(again) != 1 || again[0].epoch <= r[0].epoch || h.hears() != again[0].epoch {
			t.Errorf("%v; told was %v", again, h.told)
		}
		// The more often it fails the less often it is made.
		for range 100 {
			for _, r := range a.running() {
				r.end()
			}
			wait(lease)
		}
		if n := len(a.rooms); n > 12 {
			t.Errorf("made %d times in %v", n, 100*lease)
		}
	})
}
