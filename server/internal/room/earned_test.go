package room

import (
	"net/netip"
	"testing"
	"time"
)

// TestAHoldIsEarned has players lose their connections after stays of several lengths.
func TestAHoldIsEarned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stay, held uint32 }{
		{5, 20},    // the least, 1 s
		{60, 60},   // as long as the stay
		{500, 100}, // the most, 5 s
	} {
		h, g := newRelay(t, Config{HoldLeast: time.Second})
		p := h.party()
		for range c.stay {
			p.exchange()
		}
		if w := p.s.Welcome(); w.GetHoldSeconds() != 5 || w.GetHoldLeastSeconds() != 1 {
			t.Errorf("%g s and at least %g s are told", w.GetHoldSeconds(), w.GetHoldLeastSeconds())
		}
		p.lose(0, 0)
		h.tick()
		away := uint32(0)
		for ; h.e.Held() > 0 && away < 1000; away++ {
			h.tick()
		}
		if away+1 < c.held || away > c.held+1 {
			t.Errorf("after %d ticks it was held for %d, want %d", c.stay, away, c.held)
		}
		wantCalls(t, g, "join 1", "away 1", "leave 1")
	}
}

// TestStaysAddUp has a player come back again and again: what was earned before is not lost.
func TestStaysAddUp(t *testing.T) {
	t.Parallel()
	h, _ := newRelay(t, Config{HoldLeast: time.Second})
	p := h.party()
	for range 4 {
		for range 15 {
			p.exchange()
		}
		p.lose(0, 0)
		h.tick()
		if err := p.connect(); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	p.lose(0, 0)
	for range 50 {
		h.tick()
	}
	if h.e.Held() != 1 {
		t.Error("it is held no more after 50 ticks; it had stayed for 60")
	}
}

// TestHeldSessionsAreCounted has more sessions to hold than may be.
func TestHeldSessionsAreCounted(t *testing.T) {
	t.Parallel()
	shares := 0
	h, g := newRelay(t, Config{MayHold: func(string, netip.Addr) (func(), bool) {
		if shares == 1 {
			return nil, false
		}
		shares++
		return func() { shares-- }, true
	}})
	ann, bob := h.party(), h.party()
	for range 5 {
		ann.send()
		bob.exchange()
		ann.receive(100)
	}
	ann.lose(0, 0)
	h.tick()
	bob.lose(0, 0)
	h.tick()
	if h.e.Held() != 1 || shares != 1 {
		t.Errorf("%d are held, %d shares are taken; one may be", h.e.Held(), shares)
	}
	wantCalls(t, g, "join 1", "join 2", "away 1", "leave 2")
	if err := ann.connect(); err != nil || shares != 0 {
		t.Errorf("%v; when it is back it has %d shares", err, shares)
	}
	ann.settle()
	ann.lose(0, 0)
	for range 200 {
		h.tick()
	}
	if h.e.Held() != 0 || shares != 0 {
		t.Errorf("in the end %d are held, with %d shares", h.e.Held(), shares)
	}
}
