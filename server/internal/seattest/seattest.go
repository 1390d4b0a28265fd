// Package seattest holds the tests that every seat.Used store must pass.
package seattest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/seat"
)

// Used tests stores that open makes. Each call of open returns a store that holds
// nothing of the ids used so far; they may share what is behind them. A second
// result shares everything with the first, as another program's would; it may be
// the same one. The stores need place for a thousand seats.
func Used(t *testing.T, open func(t *testing.T) (first, second seat.Used)) {
	for name, test := range map[string]func(t *testing.T, a, b seat.Used){
		"once": testOnce, "apart": testApart, "race": testRace, "expired": testExpired,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			test(t, a, b)
		})
	}
}

func newID() (id seat.ID) {
	_, _ = rand.Read(id[:])
	return id
}

func hour() time.Time { return time.Now().Add(time.Hour) }

func testOnce(t *testing.T, a, b seat.Used) {
	id := newID()
	if err := a.Take(t.Context(), id, hour()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []seat.Used{a, b, a} {
		if err := s.Take(t.Context(), id, hour()); !errors.Is(err, seat.ErrUsed) {
			t.Errorf("the second time: %v", err)
		}
	}
}

// testApart sees that ids that differ in one bit are different ids, whatever bytes are in
// them.
func testApart(t *testing.T, a, b seat.Used) {
	id := newID()
	if err := a.Take(t.Context(), id, hour()); err != nil {
		t.Fatal(err)
	}
	for i := range len(id) * 8 {
		other := id
		other[i/8] ^= 1 << (i % 8)
		if err := a.Take(t.Context(), other, hour()); err != nil {
			t.Fatal(err)
		}
		if err := b.Take(t.Context(), other, hour()); !errors.Is(err, seat.ErrUsed) {
			t.Errorf("%v, the second time: %v", other, err)
		}
	}
}

// testRace has sixteen take a seat at once.
func testRace(t *testing.T, a, b seat.Used) {
	for range 20 {
		id := newID()
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range 16 {
			s := a
			if i%2 == 1 {
				s = b
			}
			wg.Go(func() {
				<-begin
				switch err := s.Take(context.WithoutCancel(t.Context()), id, hour()); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, seat.ErrUsed):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		close(begin)
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 15 {
			t.Errorf("%d took it and %d did not", won.Load(), lost.Load())
		}
	}
}

func testExpired(t *testing.T, a, _ seat.Used) {
	for _, ago := range []time.Duration{time.Minute, 1e6 * time.Hour} {
		id := newID()
		for range 2 {
			if err := a.Take(t.Context(), id, time.Now().Add(-ago)); !errors.Is(err, seat.ErrExpired) && !errors.Is(err, seat.ErrUsed) {
				t.Errorf("a seat of %v ago: %v", ago, err)
			}
		}
	}
}
