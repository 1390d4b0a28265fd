package redisbus

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/bustest"
	"github.com/tickroom/tickroom/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a Redis that tests have servers at.
type site struct {
	redis   redisclient.Config
	options Options
}

// at returns a site with a Redis at some addresses.
func at(addrs ...string) *site {
	return &site{
		redis:   redisclient.Config{Addresses: addrs, DialTimeout: time.Second, ReadTimeout: time.Second, Pool: Connections},
		options: Options{Prefix: "t:", Keep: bustest.Keep, Queue: 10_000, QueueBytes: 64 << 20, Timeout: time.Second},
	}
}

// start starts the bus of a server, until the test ends.
func (s *site) start(t *testing.T) *Bus {
	t.Helper()
	c, err := redisclient.New(s.redis)
	if err != nil {
		t.Fatal(err)
	}
	o := s.options
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	b := New(c, o)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// suite runs the suite at a site, each test with keys of its own.
func (s *site) suite(t *testing.T) {
	t.Helper()
	bustest.Suite(t, func(t *testing.T, keep bus.Keep) func() bus.Bus {
		own := *s
		own.options.Prefix, own.options.Keep = t.Name()+":", keep
		return func() bus.Bus { return own.start(t) }
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	at(redistest.Start(t).Addr()).suite(t)
}

func TestCluster(t *testing.T) {
	t.Parallel()
	s := at(redistest.StartCluster(t, 3)...)
	s.redis.Cluster = true
	s.suite(t)
}

// TestRedisAway kills Redis, and starts it again.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	s := at(srv.Addr())
	a, b := s.start(t), s.start(t)
	e, gifts := bustest.NewEar(-1), bustest.NewEar(-1)
	bustest.Listen(t, b, "news", world.Now, e)
	bustest.Listen(t, b, "gifts", world.Now, gifts)
	a.Send("x", bustest.Posts("news", "1"))
	e.Want(t, "1")

	srv.Kill()
	e.AwaitState(t, "deaf")
	a.Send("x", bustest.Posts("news", bustest.Texts("away ", 500)...))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The first one may find out by itself that Redis is away; another one is told so at once.
	for range 2 {
		if _, err := a.Post(ctx, &bus.Draft{Topic: "gifts", Key: "k", ID: 7, Data: []byte("rose")}); !errors.Is(err, bus.ErrAway) || ctx.Err() != nil {
			t.Errorf("posted without Redis: %v", err)
		}
	}
	// Who subscribes now hears when Redis is back.
	late := bustest.NewEar(-1)
	b.Subscribe("news", world.Start, late)

	srv.Run()
	e.Want(t, append([]string{"1"}, bustest.Texts("away ", 500)...)...)
	late.AwaitCount(t, 501)
	if got := e.States(); got != "hears message deaf hears message" {
		t.Error(got)
	}
	// A backend tries again until it is told that it has worked, and no gift is doubled.
	for {
		if _, err := a.Post(ctx, &bus.Draft{Topic: "gifts", Key: "k", ID: 7, Data: []byte("rose")}); err == nil {
			break
		} else if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	insist(t, b, "gifts", "lily")
	gifts.Want(t, "rose", "lily")
}

// TestAFullQueue has more messages wait than may.
func TestAFullQueue(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	s := at(srv.Addr())
	s.options.Queue = 10
	a := s.start(t)
	e := bustest.NewEar(-1)
	bustest.Listen(t, a, "news", world.Now, e)
	srv.Kill()
	e.AwaitState(t, "deaf")
	if lost := a.Send("x", bustest.Posts("news", bustest.Texts("", 30)...)); lost != 20 {
		t.Errorf("%d of 30 are lost, with 10 places", lost)
	}
	srv.Run()
	e.Want(t, bustest.Texts("", 10)...)
	insist(t, a, "news", "11") // that of before may be heard before the server has its answer
	e.Want(t, bustest.Texts("", 11)...)
}

// TestFailOver kills the master while messages are posted, with a replica that takes over.
func TestFailOver(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t)
	s := at(f.Sentinel)
	s.redis.Master = f.Name
	a, b := s.start(t), s.start(t)
	e, gifts := bustest.NewEar(-1), bustest.NewEar(-1)
	bustest.Listen(t, b, "news", world.Now, e)
	bustest.Listen(t, b, "gifts", world.Now, gifts)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	over := make(chan struct{})
	var posted, sent []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i, after := 0, 0; after < 100 && ctx.Err() == nil; i++ {
			select {
			case <-over:
				after++
			default:
			}
			text := strconv.Itoa(i)
			sent = append(sent, text)
			a.Send("x", bustest.Posts("news", text))
			for ctx.Err() == nil {
				if _, err := a.Post(ctx, &bus.Draft{Topic: "gifts", Key: text, ID: 7, Data: []byte(text)}); err == nil {
					posted = append(posted, text)
					break
				}
				<-tick.C
			}
			<-tick.C
		}
	}()
	gifts.AwaitCount(t, 20)
	t.Logf("no master for %v", f.Switch(ctx))
	close(over)
	<-done
	e.Want(t, sent...)
	gifts.AwaitCount(t, len(posted))
	// What was lost with the master and posted again comes behind what others have posted, but here
	// there is one who posts.
	if got := gifts.Texts(); !slices.Equal(got, posted) {
		t.Errorf("%d gifts were posted, and %d came:\n%s\n%s", len(posted), len(got), strings.Join(posted, " "), strings.Join(got, " "))
	}
}
