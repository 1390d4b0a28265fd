package redisbus

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/bustest"
	"github.com/tickroom/tickroom/world"
)

// counter is a listener that counts.
type counter chan struct{}

func (c counter) Hear(*bus.Message) bool { c <- struct{}{}; return true }
func (counter) Deaf(string)              {}
func (counter) Hears(string, bool)       {}

// BenchmarkBus is a message of 1 KB from one server's room to another's: each by itself, which is how
// long one takes, and many at once, which is how many go through.
func BenchmarkBus(b *testing.B) {
	srv := redistest.Start(b, "--appendfsync", "everysec")
	start := func(name string) *Bus {
		s := at(srv.Addr())
		c, err := redisclient.New(s.redis)
		if err != nil {
			b.Fatal(err)
		}
		s.options.Prefix, s.options.Log = name, slog.New(slog.DiscardHandler)
		bs := New(c, s.options)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); bs.Run(ctx) }()
		b.Cleanup(func() { stop(); <-done; _ = c.Close() })
		return bs
	}
	for _, many := range []int{1, 500} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			from, to := start(b.Name()), start(b.Name())
			heard := make(counter, 10_000)
			to.Subscribe("news", world.Start, heard)
			from.Send("x", bustest.Posts("news", "first"))
			<-heard
			posts := bustest.Posts("news", strings.Split(strings.Repeat(strings.Repeat("x", 1000)+" ", many), " ")[:many]...)
			for b.Loop() {
				from.Send("x", posts)
				for range many {
					<-heard
				}
			}
			b.ReportMetric(float64(b.N*many)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
