package redisbus

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redisfault"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/bustest"
	"github.com/tickroom/tickroom/world"
)

// proxied starts a redis-server with a proxy before it.
func proxied(t *testing.T) (*redistest.Server, *redisfault.Proxy, *site) {
	t.Helper()
	srv := redistest.Start(t)
	p, err := redisfault.Start("unix", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return srv, p, at(p.Addr())
}

// TestHarm loses, repeats, delays and cuts calls and answers while servers post: each message comes
// once, in the order of its sender.
func TestHarm(t *testing.T) {
	t.Parallel()
	for name, odds := range map[string]redisfault.Odds{
		"all":     {LoseCall: 0.02, LoseAnswer: 0.03, Repeat: 0.1, DelayCall: 0.03, DelayAnswer: 0.03, CutCall: 0.05, CutAnswer: 0.05},
		"losses":  {LoseCall: 0.05, LoseAnswer: 0.05},
		"repeats": {Repeat: 0.5},
		"cuts":    {CutCall: 0.05, CutAnswer: 0.05},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			odds.Late = 300 * time.Millisecond
			harm(t, odds)
		})
	}
}

func harm(t *testing.T, odds redisfault.Odds) {
	t.Helper()
	_, proxy, s := proxied(t)
	s.options.Timeout, s.redis.ReadTimeout = 200*time.Millisecond, 200*time.Millisecond
	servers := []*Bus{s.start(t), s.start(t), s.start(t)}
	topics := []string{"gifts", "show/1", "room/a"}
	ears := map[string][]*bustest.Ear{}
	for _, topic := range topics {
		for _, b := range servers {
			e := bustest.NewEar(-1)
			bustest.Listen(t, b, topic, world.Now, e)
			ears[topic] = append(ears[topic], e)
		}
	}
	proxy.Harm(odds.Plan(1, nil))
	const each = 60
	var wg sync.WaitGroup
	for i, b := range servers {
		wg.Go(func() {
			for n := range each {
				if n == each/2 && i == 0 {
					proxy.Cut()
				}
				text := strconv.Itoa(n)
				for _, topic := range topics {
					b.Send("sender"+strconv.Itoa(i), bustest.Posts(topic, text))
				}
				insist(t, b, "gifts", strconv.Itoa(i)+"/"+text)
			}
		})
	}
	wg.Wait()
	proxy.Heal()
	for topic, all := range ears {
		want := len(servers) * each
		if topic == "gifts" {
			want *= 2
		}
		for _, e := range all {
			e.AwaitCount(t, want)
			exact(t, topic, e.Heard(), want)
		}
	}
	t.Log(proxy.Counts())
}

// insist posts a gift until it is told that it has.
func insist(t *testing.T, b *Bus, topic, key string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ; t.Context().Err() == nil; <-tick.C {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := b.Post(ctx, &bus.Draft{Topic: topic, Key: key, ID: 7, Data: []byte(key)})
		cancel()
		if err == nil {
			return
		}
		if !errors.Is(err, bus.ErrAway) && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
			return
		}
	}
}

// exact fails the test if a message is missing, doubled, or out of its order.
func exact(t *testing.T, topic string, heard []*bus.Message, want int) {
	t.Helper()
	if len(heard) != want {
		t.Errorf("%s: %d messages, want %d", topic, len(heard), want)
	}
	next := map[string]int{}
	for _, m := range heard {
		from, text, ok := strings.Cut(string(m.Data), "/")
		if !ok {
			from, text = m.From, from
		} else {
			from = "backend " + from
		}
		if text != strconv.Itoa(next[from]) {
			t.Errorf("%s: from %s comes %s, not %d", topic, from, text, next[from])
		}
		next[from]++
	}
}

// TestFailOverThatForgets leads to a Redis that has none of the messages: they are posted again, and
// who has heard them does not hear them again.
func TestFailOverThatForgets(t *testing.T) {
	t.Parallel()
	_, proxy, s := proxied(t)
	other := redistest.Start(t)
	look := other.Client()
	a, b := s.start(t), s.start(t)
	for i, topic := range []string{"gifts", "room/r"} {
		e := bustest.NewEar(-1)
		bustest.Listen(t, b, topic, world.Now, e)
		a.Send("x", bustest.Posts(topic, bustest.Texts("", 10)...))
		bustest.Post(t, b, topic, "k", "11")
		e.AwaitCount(t, 11)
		if i == 0 {
			proxy.Switch("unix", other.Addr())
		}
		// The key is forgotten until its server posts again what it had posted.
		tick := time.NewTicker(10 * time.Millisecond)
		for n := int64(0); n != 11; <-tick.C {
			var err error
			if n, err = look.XLen(t.Context(), b.part(topic).reader.streamKey(topic)).Result(); err != nil {
				t.Fatal(err)
			}
		}
		tick.Stop()
		bustest.Post(t, b, topic, "k", "11")
		a.Send("x", bustest.Posts(topic, "12"))
		e.AwaitCount(t, 12)
		late := bustest.NewEar(-1)
		bustest.Listen(t, a, topic, world.Start, late)
		late.AwaitCount(t, 12)
		for _, heard := range [][]string{e.Texts(), late.Texts()} {
			slices.SortFunc(heard, func(a, b string) int { return len(a)*100 + int(a[len(a)-1]) - len(b)*100 - int(b[len(b)-1]) })
			if want := bustest.Texts("", 12); len(heard) != 12 || !slices.Equal(heard[9:], want[9:]) {
				t.Errorf("%s: heard %q", topic, heard)
			}
		}
	}
}

// TestHang has Redis answer nothing for a while, with what waits in the kernel meanwhile done later.
func TestHang(t *testing.T) {
	t.Parallel()
	_, proxy, s := proxied(t)
	s.options.Timeout, s.redis.ReadTimeout = 100*time.Millisecond, 100*time.Millisecond
	a, b := s.start(t), s.start(t)
	e := bustest.NewEar(-1)
	bustest.Listen(t, b, "news", world.Now, e)
	for i := range 3 {
		proxy.Hang(300 * time.Millisecond)
		a.Send("x", bustest.Posts("news", bustest.Texts(strconv.Itoa(i)+" ", 50)...))
		e.AwaitCount(t, 50*(i+1))
	}
	e.Want(t, slices.Concat(bustest.Texts("0 ", 50), bustest.Texts("1 ", 50), bustest.Texts("2 ", 50))...)
}
