package room

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// BenchmarkTick is a tick of a room of walkers, each of whom sends an input and is sent a
// snapshot: without sockets, but with all else that a tick costs. Rooms of more than 64
// are served in parts. With a journal it is the same with what servers keep in memory of it.
func BenchmarkTick(b *testing.B) {
	audience := map[string]string{"watch": "1", "npcs": "20"} // all are sent the same
	for _, bc := range []struct {
		n       int
		options map[string]string
		ring    int  // bytes of the journal in memory
		kept    bool // it is in a file, too
	}{{16, nil, 0, false}, {64, nil, 0, false}, {64, nil, 1 << 20, false}, {64, nil, 1 << 20, true}, {256, nil, 0, false}, {256, nil, 1 << 20, false}, {4000, audience, 0, false}} {
		n, options := bc.n, map[string]string{"players": strconv.Itoa(bc.n)}
		maps.Copy(options, bc.options)
		name := fmt.Sprint(n)
		if bc.ring > 0 {
			name += "/journal"
		}
		if bc.kept {
			name += "+file"
		}
		b.Run(name, func(b *testing.B) {
			log := slog.New(slog.DiscardHandler)
			pool, err := NewPool(1, true, log)
			if err != nil {
				b.Fatal(err)
			}
			cfg := Config{MessagesPerSecond: 1e6, BytesPerSecond: 1e9, Ring: bc.ring}
			besides(b, &cfg, bc.kept, log)
			e, err := New("r", walkers.Kind(), 1, options, cfg, log)
			if err != nil {
				b.Fatal(err)
			}
			l := newLoop(e, pool, LoopConfig{Metrics: metrics.New("test").Kind("walkers"), PlaceFree: func() {}, Ended: func(string) {}})
			clients := make([]quiet, n)
			for i := range clients {
				if _, err := e.Join(&clients[i], &Joiner{Hello: &tickroomv1.Hello{}}); err != nil {
					b.Fatal(err)
				}
			}
			tick := func() {
				for i := range clients {
					clients[i].ack = e.tick
				}
				e.fill(1)
				if l.tick(1, 0, time.Now()) != nil {
					b.Fatal("the room is over")
				}
			}
			for range 200 {
				tick()
			}
			b.ReportAllocs()
			for b.Loop() {
				tick()
			}
			if len(e.clients) != n {
				b.Fatalf("%d clients are left", len(e.clients))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/client")
			l.end(&socket.CloseError{Code: 1001, Reason: "the end"})
			if err := pool.Close(time.Second); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// besides has done beside the room what its journal needs.
func besides(b *testing.B, cfg *Config, kept bool, log *slog.Logger) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	work := make(chan func(), 64)
	wg.Go(func() {
		for fn := range work {
			fn()
		}
	})
	cfg.Press = func(fn func()) bool {
		select {
		case work <- fn:
			return true
		default:
			return false
		}
	}
	b.Cleanup(func() {
		cancel()
		close(work)
		wg.Wait()
	})
	if !kept {
		return
	}
	s, err := journalfile.Open(journalfile.Options{Dir: b.TempDir(), MaxBytes: 1 << 40, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	wg.Go(func() { s.Run(ctx) })
	cfg.Keep, cfg.KeepBytes = s.Begin("r"), 1<<40
}
