package redisdb_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// BenchmarkQueue has tickets go through one queue: several programs add them, and a
// matcher reads the changes and commits matches of ten. An operation is a ticket that
// is Matched.
func BenchmarkQueue(b *testing.B) {
	for name, args := range map[string][]string{
		"memory": {"--appendonly", "no"},
		"aof":    {"--appendfsync", "everysec"},
		"fsync":  {"--appendfsync", "always"},
	} {
		b.Run(name, func(b *testing.B) {
			srv := redistest.Start(b, args...)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			p := prefix()
			matcher := tickets(b, connected(b, on(srv)), p)
			l, err := matcher.Lease(ctx, "q", "m", time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			var adding sync.WaitGroup
			b.ResetTimer()
			for range 2 {
				s := tickets(b, connected(b, on(srv)), p)
				for range 16 {
					adding.Go(func() {
						for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
							if err := s.Add(ctx, benchTicket(i)); err != nil {
								b.Error(err)
								cancel()
							}
						}
					})
				}
			}
			matchAll(ctx, b, matcher, l)
			adding.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
		})
	}
}

// matchAll commits matches of ten until all tickets are matched.
func matchAll(ctx context.Context, b *testing.B, matcher *redisdb.Tickets, l store.Lease) {
	var waiting []store.Ticket
	after, matched := uint64(0), 0
	for matched < b.N && ctx.Err() == nil {
		changes, err := matcher.Changes(ctx, "q", after)
		if err != nil {
			b.Fatal(err)
		}
		after = changes.Next
		waiting = append(waiting, changes.Tickets...)
		for len(waiting) >= 10 || len(waiting) > 0 && matched+len(waiting) == b.N {
			part := waiting[:min(10, len(waiting))]
			waiting = waiting[len(part):]
			o := store.Outcome{Match: store.Match{ID: fmt.Sprint("m", matched), Mode: "q", Kind: "arena", Node: "node-1", URL: "wss://node-1.example", Teams: make([]store.Team, 2)}}
			for i, k := range part {
				o.Tickets = append(o.Tickets, k.ID)
				team := &o.Match.Teams[i%2]
				team.Slots = append(team.Slots, store.Slot{Ticket: k.ID, Player: k.Members[0].Player, Name: k.Members[0].Name, Mu: k.Members[0].Mu, Sigma: k.Members[0].Sigma})
			}
			gone, err := matcher.Commit(ctx, l, o)
			if err != nil || len(gone) > 0 {
				b.Fatal(gone, err)
			}
			matched += len(part)
		}
	}
}

func benchTicket(i int) store.Ticket {
	id := fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", i)
	return store.Ticket{
		ID: id, Queue: "q", Created: time.Now(), Since: time.Now(), Query: "skill > 3",
		Attributes: map[string]any{"skill": 4.5, "map": "desert"},
		Members: []store.Member{{
			Player: "player-" + id, Name: "Somebody", Mu: 1500, Sigma: 350, Ready: true, Roles: []string{"tank", "healer"},
			Latency: map[string]time.Duration{"eu": 20 * time.Millisecond, "us": 90 * time.Millisecond, "asia": 200 * time.Millisecond},
		}},
	}
}

func BenchmarkCalls(b *testing.B) {
	srv := redistest.Start(b, "--appendonly", "no")
	s := tickets(b, connected(b, on(srv)), prefix())
	b.Run("Add", func(b *testing.B) {
		n := made.Add(1) * 1_000_000
		for i := range b.N {
			if err := s.Add(b.Context(), benchTicket(int(n)+i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Ticket", func(b *testing.B) {
		if err := s.Add(b.Context(), benchTicket(1)); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.Ticket(b.Context(), benchTicket(1).ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}
