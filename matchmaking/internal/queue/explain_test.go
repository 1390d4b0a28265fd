package queue

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// explainer makes one of a stepper's mode, whose clock is at.
func explainer(b *stepper, at *time.Time) *Explainer {
	e := NewExplainer(b.s, b.s, []mode.Mode{b.q.mode})
	e.now = func() time.Time { return *at }
	return e
}

func TestExplain(t *testing.T) {
	t.Parallel()
	reads := 0
	b := step(t, duel(), oneNode())
	b.s.set(func(call string) error {
		if call == "Changes" {
			reads++
		}
		return nil
	}, nil)
	at := epoch.Add(time.Second)
	e := explainer(b, &at)
	b.add("ann")
	b.add("pro", func(x *store.Ticket) { x.Members[0].Mu = 3000 })
	b.add("bad", func(x *store.Ticket) { x.Query = "level >" })
	b.add("gone")
	if _, err := b.s.Cancel(t.Context(), "gone", "gone"); err != nil {
		t.Fatal(err)
	}
	x, err := e.Explain(t.Context(), "ann")
	if err != nil || x.Waiting != 1 || x.Suitable != 0 || x.Excluded[match.RuleRating] != 1 || x.Wait != time.Second || x.Mode != "duel" {
		t.Errorf("got %+v, %v", x, err)
	}
	if text := x.String(); !strings.Contains(text, "rating") {
		t.Errorf("it reads %s", text)
	}
	at = epoch
	for _, c := range []struct {
		id   string
		want error
	}{{"nobody", store.ErrNoTicket}, {"gone", store.ErrEnded}, {"bad", match.ErrTicket}} {
		if _, err := e.Explain(t.Context(), c.id); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", c.id, err)
		}
	}
	b.add("elsewhere", func(x *store.Ticket) { x.Queue = "other" })
	if _, err := e.Explain(t.Context(), "elsewhere"); !errors.Is(err, store.ErrNoTicket) {
		t.Errorf("in another mode: got %v", err)
	}
	b.add("party", func(x *store.Ticket) { x.Members = append(x.Members, store.Member{Player: "missing"}) })
	if _, err := e.Explain(t.Context(), "party"); !errors.Is(err, ErrGathering) {
		t.Errorf("one that gathers: got %v", err)
	}

	// Who came later is explained from the same reading, and a second later it is another.
	before := reads
	b.add("cat")
	at = epoch.Add(1500 * time.Millisecond)
	if x, err := e.Explain(t.Context(), "cat"); err != nil || x.Suitable != 1 || reads != before {
		t.Errorf("got %+v, %v; read %d times", x, err, reads-before)
	}
	b.turn(0) // ann and cat have a match now
	at = epoch.Add(2 * time.Second)
	if x, err := e.Explain(t.Context(), "pro"); err != nil || x.Waiting != 0 || reads == before {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestManyAskForExplanations(t *testing.T) {
	t.Parallel()
	b := step(t, duel(), oneNode())
	b.add("ann")
	reading, read := make(chan struct{}), make(chan struct{})
	var once sync.Once
	reads := 0
	b.s.set(func(call string) error {
		if call == "Changes" {
			reads++
			once.Do(func() {
				close(reading)
				<-read
			})
		}
		return nil
	}, nil)
	at := epoch
	e := explainer(b, &at)
	var wg sync.WaitGroup
	ask := func() {
		if _, err := e.Explain(t.Context(), "ann"); err != nil {
			t.Error(err)
		}
	}
	wg.Go(ask)
	<-reading
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Explain(ctx, "ann"); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not want to wait: %v", err)
	}
	for range 8 {
		wg.Go(ask)
	}
	close(read)
	wg.Wait()
	if reads != 1 {
		t.Errorf("read %d times", reads)
	}
}

func TestTheStoreDoesNotExplain(t *testing.T) {
	t.Parallel()
	b := step(t, duel(), oneNode())
	b.add("ann")
	b.s.set(func(call string) error { return errAway }, nil)
	at := epoch
	if _, err := explainer(b, &at).Explain(t.Context(), "ann"); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
}
