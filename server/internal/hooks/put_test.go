package hooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/world"
)

// forgetful is a store that forgets its newest letters now and then, and of which answers are lost.
type forgetful struct {
	Store

	mu      sync.Mutex
	writers map[string]uint64
	has     []string // ids of letters
	calls   int
	forgets int // times that are left
}

func (s *forgetful) Append(_ context.Context, writer string, first uint64, letters []Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.forgets > 0 && s.calls%5 == 0 { // another Redis takes over, without the newest ones
		s.forgets--
		n := min(3, len(s.has), int(s.writers[writer]))
		s.has = s.has[:len(s.has)-n]
		s.writers[writer] -= uint64(n)
	}
	if last := s.writers[writer]; first > last+1 {
		return &ForgottenError{Last: last}
	}
	for i, l := range letters {
		if n := first + uint64(i); n > s.writers[writer] {
			s.writers[writer] = n
			s.has = append(s.has, l.ID)
		}
	}
	if s.calls%7 == 0 {
		return errors.New("the answer is lost")
	}
	return nil
}

// TestWhatTheStoreForgets is put in again: it has all letters in the end, and each room's in their order.
func TestWhatTheStoreForgets(t *testing.T) {
	t.Parallel()
	o := options(t, "http://127.0.0.1:1/")
	s := &forgetful{Store: o.Store, writers: map[string]uint64{}, forgets: 20}
	o.Store, o.Buffer, o.Stream, o.Receivers = s, 10_000, true, nil
	h := New(o) // which does not run
	r := h.Room("r", "k")
	const events = 200
	for range events {
		r.Joined(&world.Player{})
		for range 3 {
			_ = h.moveSome(t.Context())
		}
	}
	for range 100 {
		_ = h.moveSome(t.Context())
		h.put.look(t.Context(), time.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var once []string
	for _, id := range s.has {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	if s.forgets != 0 || len(once) != events {
		t.Fatalf("the store has %d of %d letters; it has forgotten some %d times", len(once), events, 20-s.forgets)
	}
	for i, id := range once {
		if want := fmt.Sprintf("%s-%d", r.life, i+1); id != want {
			t.Errorf("letter %d is %s, not %s", i, id, want)
		}
	}
}
