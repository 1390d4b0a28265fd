package queue_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// whole is a store with the sides of all its callers.
type whole interface {
	store.Tickets
	store.Queues
	store.Matches
}

// BenchmarkTickets has many players queue at once and waits until each knows its match:
// it prints how many tickets a second go through one queue, from end to end, and how long
// one takes. With Redis, each write is on the disk before it is answered ("always"), or
// once a second.
func BenchmarkTickets(b *testing.B) {
	// Two views of a store: the matcher's, and that of the servers that the players call.
	redis := func(args ...string) func(b *testing.B) (matcher, servers whole) {
		return func(b *testing.B) (matcher, servers whole) {
			srv := redistest.Start(b, args...)
			return open(b, srv, "bench:"), open(b, srv, "bench:")
		}
	}
	fives := openMode()
	fives.Format = mode.Format{Teams: 2, Size: 5, MinSize: 5}
	for _, store := range []struct {
		name string
		open func(b *testing.B) (matcher, servers whole)
	}{
		{"memory", func(*testing.B) (matcher, servers whole) {
			s := memory.NewTickets(time.Now)
			return s, s
		}},
		{"redis/always", redis()},
		{"redis/everysec", redis("--appendfsync", "everysec")},
	} {
		for _, md := range []struct {
			name string
			md   mode.Mode
		}{{"1v1", openMode()}, {"5v5", fives}} {
			b.Run(store.name+"/"+md.name, func(b *testing.B) {
				matcher, servers := store.open(b)
				throughput(b, matcher, servers, md.md)
			})
		}
	}
}

// throughput sends b.N tickets through a queue, from so many players at a time, whose
// servers make so many calls of the store at the same time.
func throughput(b *testing.B, matcher, servers whole, md mode.Mode) {
	const players, calls = 3000, 16
	s := &narrow{whole: servers, calls: make(chan struct{}, calls)}
	r, err := queue.Start(queue.Config{Queues: matcher, Metrics: quiet{}, Placer: place.New(manyNodes{}), Modes: []mode.Mode{md}})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Stop()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	total := int64(max(b.N/md.Format.Players(), 1) * md.Format.Players())
	var next, took atomic.Int64
	b.ResetTimer()
	var wg sync.WaitGroup
	for p := range players {
		wg.Go(func() {
			for i := next.Add(1); i <= total; i = next.Add(1) {
				begun := time.Now()
				if err := once(ctx, s, fmt.Sprint("ticket-", i), fmt.Sprint("player-", p)); err != nil {
					b.Error(err)
					return
				}
				took.Add(int64(time.Since(begun)))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "tickets/s")
	b.ReportMetric(float64(took.Load())/float64(total)/1e6, "ms/ticket")
	b.ReportMetric(float64(s.again.Load()), "retries")
	b.ReportMetric(0, "ns/op")
}

// narrow is a store with so many calls at the same time. It asks again when it was not
// answered in time, which it counts.
type narrow struct {
	whole
	calls chan struct{}
	again atomic.Int64
}

func (n *narrow) call(ctx context.Context, f func() error) error {
	for {
		n.calls <- struct{}{}
		err := f()
		<-n.calls
		if !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
		n.again.Add(1)
	}
}

// once has a player queue and wait for a match.
func once(ctx context.Context, s *narrow, id, player string) error {
	now := time.Now()
	t := store.Ticket{
		ID: id, Queue: "open", Created: now, Since: now,
		Members: []store.Member{{Player: player, Name: player, Mu: 1500 + 350*rand.NormFloat64(), Sigma: 100, Ready: true}},
	}
	err := s.call(ctx, func() error { return s.Add(ctx, t) })
	if err != nil {
		return err
	}
	changed, stop, err := s.Watch(ctx, id)
	if err != nil {
		return err
	}
	defer stop()
	for {
		var st store.Status
		err := s.call(ctx, func() (err error) {
			st, err = s.Ticket(ctx, id)
			return err
		})
		if err != nil {
			return err
		}
		switch {
		case st.State == store.Matched:
			err := s.call(ctx, func() error {
				_, err := s.Match(ctx, st.Match, "")
				return err
			})
			if err != nil {
				return fmt.Errorf("match %s of %s: %w", st.Match, id, err)
			}
			return nil
		case st.State.Ended():
			return fmt.Errorf("%s ended in state %d", id, st.State)
		}
		look := time.NewTimer(5 * time.Second)
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return ctx.Err()
		}
		look.Stop()
	}
}
