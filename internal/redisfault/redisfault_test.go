package redisfault

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit bounds what is waited for.
const limit = 20 * time.Second

// patience is how long a client waits for an answer where it is to see that none comes.
const patience = 100 * time.Millisecond

// through returns a proxy before a redis-server of its own, and a client that goes straight.
func through(t *testing.T) (*Proxy, *redis.Client) {
	t.Helper()
	srv := redistest.Start(t, "--appendonly", "no")
	p, err := Start("unix", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, srv.Client()
}

// connect returns a client that goes by way of a proxy, and tries nothing twice.
func connect(t *testing.T, p *Proxy, protocol int, patience time.Duration) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: p.Addr(), Protocol: protocol, MaxRetries: -1, PoolSize: 1, MinIdleConns: 0,
		ReadTimeout: patience, ContextTimeoutEnabled: true, DisableIdentity: true,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// eventually waits until a counter has a value.
func eventually(t *testing.T, c *redis.Client, key, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := c.Get(ctx, key).Result()
		if got == want {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is %q, want %q (%v)", key, got, want, err)
		}
	}
}

// TestHarmless sees that what is not to be harmed arrives as it was sent, both ways, though
// all else would be lost.
func TestHarmless(t *testing.T) {
	t.Parallel()
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprint("RESP", protocol), func(t *testing.T) {
			t.Parallel()
			p, direct := through(t)
			p.Harm(Odds{LoseCall: 1}.Plan(1, func(c *Call) bool { return c.Has("never") }))
			c := connect(t, p, protocol, limit)
			ctx := t.Context()
			big := strings.Repeat("x\r\n$5\r\n", 300_000)
			cmds, err := c.Pipelined(ctx, func(q redis.Pipeliner) error {
				q.Set(ctx, "big", big, 0)
				q.Get(ctx, "big")
				q.HSet(ctx, "h", "a", 1, "b", "")
				q.HGetAll(ctx, "h")
				q.SAdd(ctx, "s", "x")
				q.SMembers(ctx, "s")
				q.ZAdd(ctx, "z", redis.Z{Score: 1.5, Member: "m"})
				q.ZScore(ctx, "z", "m")
				q.Eval(ctx, "return {1, 'two', {false, {}}, redis.status_reply('four')}", nil)
				return nil
			})
			if err != nil || len(cmds) != 9 || cmds[1].(*redis.StringCmd).Val() != big || cmds[3].(*redis.MapStringStringCmd).Val()["a"] != "1" ||
				cmds[5].(*redis.StringSliceCmd).Val()[0] != "x" || cmds[7].(*redis.FloatCmd).Val() != 1.5 || fmt.Sprint(cmds[8].(*redis.Cmd).Val()) != "[1 two [<nil> []] four]" {
				t.Errorf("a pipeline: %v, %.100v", err, cmds[2:])
			}
			if err := c.Get(ctx, "nothing").Err(); !errors.Is(err, redis.Nil) {
				t.Errorf("nothing: %v", err)
			}
			if err := c.Do(ctx, "nonsense").Err(); err == nil || !strings.HasPrefix(err.Error(), "ERR unknown") {
				t.Errorf("nonsense: %v", err)
			}
			if cmds, err := c.TxPipelined(ctx, func(q redis.Pipeliner) error { q.Incr(ctx, "n"); q.Incr(ctx, "n"); return nil }); err != nil || cmds[1].(*redis.IntCmd).Val() != 2 {
				t.Errorf("a transaction: %v, %v", err, cmds)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				if l, err := c.BLPop(ctx, limit, "list").Result(); err != nil || l[1] != "item" {
					t.Errorf("BLPOP: %v, %v", l, err)
				}
			})
			if err := direct.RPush(ctx, "list", "item").Err(); err != nil {
				t.Error(err)
			}
			wg.Wait()
			subscription(t, c, direct)
			if c.Get(ctx, "n").Val() != "2" || p.Counts().Calls < 16 || len(p.Counts().Faults) != 0 {
				t.Errorf("%+v", p.Counts())
			}
		})
	}
}

func subscription(t *testing.T, c, direct *redis.Client) {
	t.Helper()
	ctx := t.Context()
	sub := c.Subscribe(ctx, "news")
	defer func() { _ = sub.Close() }()
	if _, err := sub.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	if err := sub.Subscribe(ctx, "more"); err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	for _, channel := range []string{"news", "more"} {
		if err := direct.Publish(ctx, channel, "text").Err(); err != nil {
			t.Error(err)
		}
		if m, err := sub.ReceiveMessage(ctx); err != nil || m.Channel != channel || m.Payload != "text" {
			t.Errorf("%v, %v", m, err)
		}
	}
	if err := sub.Ping(ctx); err != nil {
		t.Error(err)
	}
	if m, err := sub.Receive(ctx); err != nil || !strings.HasPrefix(fmt.Sprint(m), "Pong") {
		t.Errorf("%v, %v", m, err)
	}
}

// TestPushes has a server that says something between two answers.
func TestPushes(t *testing.T) {
	t.Parallel()
	p, direct := through(t)
	p.Harm(func(c *Call) Fault {
		if c.Name == "INCR" {
			return Fault{Kind: Repeat}
		}
		return Fault{}
	})
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	say := func(line string) {
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(want string) {
		t.Helper()
		if b, err := appendValue(nil, r); err != nil || !strings.HasPrefix(string(b), want) {
			t.Fatalf("%q, %v; want %q", b, err, want)
		}
	}
	say("HELLO 3")
	hear("%")
	say("CLIENT TRACKING ON")
	hear("+OK")
	say("GET key")
	hear("_")
	if err := direct.Set(t.Context(), "key", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	hear(">2\r\n$10\r\ninvalidate")
	say("INCR key") // and again, whose answer nobody hears
	hear(":2")
	// The repeated call may be done after the answer to the first.
	for end := time.Now().Add(10 * time.Second); direct.Get(t.Context(), "key").Val() != "3"; {
		if time.Now().After(end) {
			t.Fatal("the call was not repeated")
		}
		runtime.Gosched()
	}
	say("GET key")
	hear("$1\r\n3")
}

// TestFaults has a counter that goes up by one call, which suffers, and looks at what the
// client hears and what was done.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault Fault
		done  string // what the counter is at
		err   string // what the client sees, if not the answer
		next  bool   // whether the next call of the same pipeline is answered
	}{
		{Fault{}, "1", "", true},
		{Fault{Kind: LoseCall}, "", "timeout", false},
		{Fault{Kind: LoseAnswer}, "1", "timeout", false},
		{Fault{Kind: Repeat}, "2", "", true},
		{Fault{Kind: Repeat, After: 5 * time.Millisecond}, "2", "", true},
		{Fault{Kind: DelayCall, After: 2 * patience}, "1", "timeout", false},
		{Fault{Kind: DelayCall, After: time.Millisecond}, "1", "", true},
		{Fault{Kind: DelayAnswer, After: 2 * patience}, "1", "timeout", false},
		{Fault{Kind: DelayAnswer, After: time.Millisecond}, "1", "", true},
		{Fault{Kind: CutCall}, "", "EOF|reset|broken pipe", false},
		{Fault{Kind: CutAnswer}, "1", "EOF|reset|broken pipe", false},
	} {
		t.Run(fmt.Sprint(c.fault.Kind, c.fault.After), func(t *testing.T) {
			t.Parallel()
			p, direct := through(t)
			p.Harm(func(call *Call) Fault {
				if call.Name == "INCR" {
					return c.fault
				}
				return Fault{}
			})
			wait := limit
			if c.err == "timeout" {
				wait = patience
			}
			client := connect(t, p, 3, wait)
			ctx := t.Context()
			var incr *redis.IntCmd
			var next *redis.StatusCmd
			_, _ = client.Pipelined(ctx, func(q redis.Pipeliner) error {
				incr, next = q.Incr(ctx, "n"), q.Set(ctx, "next", "1", 0)
				return nil
			})
			said := fmt.Sprint(incr.Err())
			if incr.Err() == nil {
				said = ""
			}
			if (said == "") != (c.err == "") || !slices.ContainsFunc(strings.Split(c.err, "|"), func(s string) bool { return strings.Contains(said, s) }) {
				t.Errorf("the client hears %q, want %q", said, c.err)
			}
			if (next.Err() == nil) != c.next {
				t.Errorf("the next call: %v", next.Err())
			}
			eventually(t, direct, "n", c.done)
			if n := p.Counts().Faults[c.fault.Kind]; c.fault.Kind != None && n != 1 {
				t.Errorf("%+v", p.Counts())
			}
			p.Heal()
			if err := client.Incr(ctx, "m").Err(); err != nil {
				t.Errorf("healed: %v", err)
			}
			if got := direct.Get(ctx, "n").Val(); got != c.done {
				t.Errorf("at the end it is at %q, want %q", got, c.done)
			}
		})
	}
}

// TestHang sees that what was sent meanwhile is done afterwards, though nobody waits for it.
func TestHang(t *testing.T) {
	t.Parallel()
	p, direct := through(t)
	c := connect(t, p, 2, patience)
	if err := c.Incr(t.Context(), "n").Err(); err != nil {
		t.Fatal(err)
	}
	p.Hang(time.Hour)
	if err := c.Incr(t.Context(), "n").Err(); err == nil {
		t.Error("a line that hangs answers")
	}
	if n := direct.Get(t.Context(), "n").Val(); n != "1" {
		t.Errorf("meanwhile it is at %s", n)
	}
	p.Heal()
	eventually(t, direct, "n", "2")
	p.Hang(time.Millisecond) // and goes on by itself
	if err := connect(t, p, 2, limit).Incr(t.Context(), "n").Err(); err != nil {
		t.Error(err)
	}
	p.Hang(time.Hour) // to be closed so
}

// TestHealing sees that what is held back goes out, and what was silent breaks.
func TestHealing(t *testing.T) {
	t.Parallel()
	p, direct := through(t)
	var mu sync.Mutex
	faults := []Fault{{DelayCall, time.Hour}, {Repeat, time.Hour}, {LoseAnswer, 0}, {DelayAnswer, time.Hour}}
	asked := make(chan struct{}, len(faults))
	p.Harm(func(c *Call) Fault {
		if c.Name != "INCR" {
			return Fault{}
		}
		mu.Lock()
		defer mu.Unlock()
		f := faults[0]
		faults = faults[1:]
		asked <- struct{}{}
		return f
	})
	var wg sync.WaitGroup
	for range cap(asked) {
		c := connect(t, p, 3, limit)
		wg.Go(func() { _ = c.Incr(t.Context(), "n").Err() })
	}
	for range cap(asked) {
		<-asked
	}
	eventually(t, direct, "n", "3")
	p.Heal()
	eventually(t, direct, "n", "5")
	wg.Wait()
}

func TestCut(t *testing.T) {
	t.Parallel()
	p, direct := through(t)
	c := connect(t, p, 3, limit)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.BLPop(t.Context(), limit, "list").Err(); err == nil || errors.Is(err, redis.Nil) {
			t.Errorf("cut, and %v", err)
		}
	})
	for !strings.Contains(direct.Info(t.Context(), "clients").Val(), "blocked_clients:1") && t.Context().Err() == nil {
	}
	p.Cut()
	wg.Wait()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	if n := p.Counts(); n.Cuts != 1 || n.Lines < 2 {
		t.Errorf("%+v", n)
	}
	p.Close()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a closed proxy passes something on")
	}
}

func TestSwitch(t *testing.T) {
	t.Parallel()
	p, first := through(t)
	other := redistest.Start(t, "--appendonly", "no")
	c := connect(t, p, 3, limit)
	for range 2 {
		if err := c.Incr(t.Context(), "n").Err(); err != nil {
			t.Fatal(err)
		}
	}
	p.Switch("unix", other.Addr())
	n, err := c.Incr(t.Context(), "n").Result()
	for ; err != nil && t.Context().Err() == nil; n, err = c.Incr(t.Context(), "n").Result() { // on the broken connection
	}
	if got := first.Get(t.Context(), "n").Val(); n != 1 || got != "2" || p.Counts().Switches != 1 {
		t.Errorf("the new one is at %d, the old one at %s", n, got)
	}
}

// TestOdds draws a great many fates.
func TestOdds(t *testing.T) {
	t.Parallel()
	o := Odds{LoseCall: 0.1, LoseAnswer: 0.1, Repeat: 0.1, DelayCall: 0.1, DelayAnswer: 0.1, CutCall: 0.1, CutAnswer: 0.1, Late: time.Second}
	draw := func(seed uint64) (out []Fault) {
		plan := o.Plan(seed, func(c *Call) bool { return !c.Has("{rooms}") })
		for i := range 3000 {
			f := plan(&Call{Name: "EVALSHA", Args: [][]byte{[]byte("EVALSHA"), []byte([]string{"{rooms}:", "a", "b"}[i%3])}})
			if i%3 == 0 && f.Kind != None || f.After > time.Second {
				t.Fatalf("call %d suffers %v", i, f)
			}
			out = append(out, f)
		}
		return out
	}
	first := draw(7)
	if !slices.Equal(first, draw(7)) || slices.Equal(first, draw(8)) {
		t.Error("the seed does not decide")
	}
	seen := map[Kind]int{}
	for _, f := range first {
		seen[f.Kind]++
	}
	for _, k := range Kinds() {
		if seen[k] < 100 || seen[k] > 300 {
			t.Errorf("%d of 2000 calls: %s", seen[k], k)
		}
	}
	plan := Odds{LoseCall: 1}.Plan(1, nil)
	for _, c := range []Call{{Name: "HELLO"}, {Name: "SUBSCRIBE"}, {Name: "BLPOP"}, {Name: "INCR", bound: true}} {
		if f := plan(&c); f.Kind != None {
			t.Errorf("%s suffers %s", c.Name, f.Kind)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, v := range []string{
		"+OK\r\n", "-ERR no\r\n", ":1\r\n", "_\r\n", ",1.5\r\n", "#t\r\n", "(123\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "$4\r\n\r\n\r\n\r\n",
		"!3\r\nERR\r\n", "=6\r\ntxt:ab\r\n", "*0\r\n", "*2\r\n*1\r\n:1\r\n$1\r\na\r\n", "~1\r\n:1\r\n", "%1\r\n+a\r\n*1\r\n+b\r\n", ">2\r\n+a\r\n+b\r\n",
		"|1\r\n+ttl\r\n:3\r\n+OK\r\n", "*1\r\n|1\r\n+a\r\n:3\r\n+b\r\n",
	} {
		r := bufio.NewReader(iotest.OneByteReader(strings.NewReader(v + "+next\r\n")))
		if b, err := appendValue(nil, r); err != nil || string(b) != v {
			t.Errorf("%q is read as %q, %v", v, b, err)
		}
		if b, err := appendValue(nil, r); err != nil || string(b) != "+next\r\n" {
			t.Errorf("%q is followed by %q, %v", v, b, err)
		}
		if b, err := appendValue(nil, bufio.NewReader(strings.NewReader(v[:len(v)-1]))); err == nil {
			t.Errorf("%q is whole", b)
		}
	}
	for _, v := range []string{"x\r\n", "$x\r\n", "*x\r\n", "$99999999999\r\n", "$67108864\r\n", "+" + strings.Repeat("a", lineBuffer+1)} {
		if b, err := appendValue(nil, bufio.NewReaderSize(strings.NewReader(v), lineBuffer)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%.20q is read as %.20q, %v", v, b, err)
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*2\r\n$3\r\nget\r\n$5\r\na\r\nbc\r\n": `GET ["get" "a\r\nbc"]`,
		"ping\r\n":                             `PING ["ping"]`,
		"set a  b\r\n":                         `SET ["set" "a" "b"]`,
		"\r\n":                                 ` [""]`,
		"*1\r\n$0\r\n\r\n":                     ` [""]`,
	} {
		b, err := appendCall(nil, bufio.NewReader(strings.NewReader(text)))
		c := parse(b)
		if got := fmt.Sprintf("%s %q", c.Name, c.Args); err != nil || got != want || string(b) != text {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
	if !(&Call{Args: [][]byte{[]byte("a"), []byte("key:1")}}).Has("key:") || (&Call{Args: bytes.Fields([]byte("key: b"))}).Has("key:") {
		t.Error("arguments are looked at wrongly")
	}
}
