package queue_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/place"
	"github.com/tickroom/tickroom/matchmaking/queue"
)

// BenchmarkTickets has many players queue at once and waits until each knows its match:
// it prints how many tickets a second go through one queue, from end to end, and how long
// one takes. With Redis, each write is on the disk before it is answered ("always"), or
// once a second.
func BenchmarkTickets(b *testing.B) {
	redis := func(args ...string) func(b *testing.B) matchmaking.Tickets {
		return func(b *testing.B) matchmaking.Tickets {
			return open(b, redistest.Start(b, args...), "bench:")
		}
	}
	stores := map[string]func(b *testing.B) matchmaking.Tickets{
		"memory":         func(*testing.B) matchmaking.Tickets { return matchmaking.NewMemoryTickets(nil) },
		"redis/always":   redis(),
		"redis/everysec": redis("--appendfsync", "everysec"),
	}
	fives := openMode()
	fives.Format = mode.Format{Teams: 2, Size: 5, MinSize: 5}
	for _, name := range []string{"memory", "redis/always", "redis/everysec"} {
		for _, md := range []struct {
			name string
			md   mode.Mode
		}{{"1v1", openMode()}, {"5v5", fives}} {
			b.Run(name+"/"+md.name, func(b *testing.B) { throughput(b, stores[name](b), md.md) })
		}
	}
}

// throughput sends b.N tickets through a queue, from so many players at a time.
func throughput(b *testing.B, s matchmaking.Tickets, md mode.Mode) {
	const players = 5000
	r, err := queue.Start(queue.Config{Tickets: s, Placer: place.New(manyNodes{}), Modes: []mode.Mode{md}})
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
	b.ReportMetric(0, "ns/op")
}

// once has a player queue and wait for a match.
func once(ctx context.Context, s matchmaking.Tickets, id, player string) error {
	now := time.Now()
	err := s.Add(ctx, matchmaking.Ticket{
		ID: id, Queue: "open", Created: now, Since: now,
		Members: []matchmaking.Member{{Player: player, Name: player, Mu: 1500 + 350*rand.NormFloat64(), Sigma: 100, Ready: true}},
	})
	if err != nil {
		return err
	}
	changed, stop, err := s.Watch(ctx, id)
	if err != nil {
		return err
	}
	defer stop()
	for {
		st, err := s.Ticket(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case st.State == matchmaking.Matched:
			if _, err := s.Match(ctx, st.Match, ""); err != nil {
				return fmt.Errorf("match %s of %s: %w", st.Match, id, err)
			}
			return nil
		case st.State.Ended():
			return fmt.Errorf("%s ended in state %d", id, st.State)
		}
		look := time.NewTimer(time.Second)
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
