package client

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// proxy passes bytes on, until it is told to pass no more: its connections stay open, and
// nobody is told.
type proxy struct {
	to   string
	dead atomic.Int32 // how many connections are, the oldest first
	made atomic.Int32
}

// run runs the proxy until the test ends, and returns its address.
func (p *proxy) run(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); _ = ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			down, err := ln.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", p.to)
			if err != nil {
				t.Error(err)
				return
			}
			n := p.made.Add(1)
			context.AfterFunc(ctx, func() { _ = down.Close(); _ = up.Close() })
			all.Go(func() { p.pass(n, up, down) })
			all.Go(func() { p.pass(n, down, up) })
		}
	})
	return "http://" + ln.Addr().String()
}

func (p *proxy) pass(n int32, to io.Writer, from io.Reader) {
	var b [4096]byte
	for {
		k, err := from.Read(b[:])
		if err != nil {
			return
		}
		if n > p.dead.Load() {
			if _, err := to.Write(b[:k]); err != nil {
				return
			}
		}
	}
}

// A line that dies silently is noticed, and the session goes on over another one, at the
// rate that was asked for last.
func TestALineThatDiesSilently(t *testing.T) {
	t.Parallel()
	hellos := make(chan *tickroomv1.Hello, 2)
	url := serve(t, func(p peer) {
		f, err := p.read()
		if err != nil {
			t.Errorf("server: %v", err)
			return
		}
		hellos <- f.GetHello()
		w := welcome()
		w.Resumed = f.GetHello().GetResume() != ""
		p.send(&tickroomv1.ServerFrame{Welcome: w})
		for {
			f, err := p.read()
			if err != nil {
				return
			}
			if f.GetPing() != nil {
				p.send(&tickroomv1.ServerFrame{Pongs: []*tickroomv1.Pong{{ClientTimeUs: f.GetPing().GetClientTimeUs()}}})
			}
		}
	})
	through := &proxy{to: strings.TrimPrefix(url, "http://")}
	why := make(chan *CloseError, 4)
	c := dial(t, through.run(t), Options{beat: 50 * time.Millisecond, OnState: func(_ State, e *CloseError) { why <- e }})
	c.SetEvery(4)
	through.dead.Store(1)
	if e := <-why; !errors.Is(e, ErrSilent) || e.Code != CloseLost || !strings.Contains(e.Error(), "nothing comes from the server: not a byte in 400ms") {
		t.Errorf("told %v", e)
	}
	if e := <-why; e != nil {
		t.Errorf("then %v", e)
	}
	<-hellos
	if h := <-hellos; h.GetResume() != "s1" || h.GetEvery() != 4 {
		t.Errorf("hello %v", h)
	}
}

// A server that takes the connection and says nothing does not hold a client for ever.
func TestAServerThatLetsNobodyIn(t *testing.T) {
	t.Parallel()
	url := serve(t, func(p peer) {
		for {
			if _, err := p.read(); err != nil {
				return
			}
		}
	})
	_, err := Dial(t.Context(), url, Options{Config: walkers, beat: 5 * time.Millisecond})
	if !errors.Is(err, ErrSilent) {
		t.Errorf("%v", err)
	}
}

func TestPulse(t *testing.T) {
	t.Parallel()
	var p pulse
	heard := uint64(100)
	for range 1000 { // one byte in seven pings
		heard++
		for range deadAfter {
			if err := p.beat(heard, true, time.Second); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.beat(heard, true, time.Second); !errors.Is(err, ErrSilent) {
		t.Errorf("%v", err)
	}
	p = pulse{}
	for range deadAfter {
		if err := p.beat(0, false, time.Second); err != nil {
			t.Errorf("before the welcome: %v", err)
		}
	}
}

func TestDialTriesAgain(t *testing.T) {
	t.Parallel()
	for _, limit := range []time.Duration{20 * time.Second, -1, math.MinInt64, math.MaxInt64} {
		over := make(chan struct{})
		url := script(t, turnedAway(closecode.GoingAway), func(p peer, _ *tickroomv1.Hello) { seated(p, welcome(), 4); <-over })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c, err := Dial(ctx, url, Options{Config: walkers, JoinFor: limit})
		if err != nil {
			t.Fatalf("for %v: %v", limit, err)
		}
		close(over)
		c.Close(CloseNormal, "")
	}
}

// Whatever has kept a client out, its error says that, and not just that it took too long.
func TestDialSaysWhatItWas(t *testing.T) {
	t.Parallel()
	full := serve(t, func(p peer) { _ = p.conn.Close(closecode.RoomFull, "all places are taken") })
	answer := func(status int, text string, header ...string) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, text, status)
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	silent := serve(t, func(p peer) {
		for {
			if _, err := p.read(); err != nil {
				return
			}
		}
	})
	for _, c := range []struct {
		url     string
		joinFor time.Duration
		timeout time.Duration // of the context; 0: long
		says    string
		code    uint16
		status  int
	}{
		{full, 0, 0, "4003 ROOM_FULL: all places are taken", closecode.RoomFull, 0},
		{full, 50 * time.Millisecond, 0, "not let in within 50ms: context deadline exceeded; the last attempt: client: the server closed with 4003 ROOM_FULL: all places are taken", closecode.RoomFull, 0},
		{full, -1, 300 * time.Millisecond, "context deadline exceeded; the last attempt: client: the server closed with 4003", closecode.RoomFull, 0},
		{"http://" + nobody.Addr().String(), 0, 0, "connection refused", 0, 0},
		{"http://" + nobody.Addr().String(), time.Nanosecond, 0, "not let in within 1ns", 0, 0},
		{"http://" + nobody.Addr().String(), 200 * time.Millisecond, 0, "connection refused", 0, 0},
		{answer(404, "404 page not found"), 0, 0, "404 Not Found: 404 page not found (is this the address of the server's WebSocket? Its path is usually /ws)", 0, 404},
		{answer(404, "no"), 20 * time.Second, 0, "404 Not Found", 0, 404},
		{answer(403, "pages of https://evil.example may not connect here"), 20 * time.Second, 0, "403 Forbidden: pages of https://evil.example may not connect here", 0, 403},
		{answer(429, "too fast", "Retry-After", "7"), 0, 0, "429 Too Many Requests: too fast (try again in 7s)", 0, 429},
		{answer(503, "soon", "Retry-After", "7"), 200 * time.Millisecond, 0, "503 Service Unavailable: soon (try again in 7s)", 0, 503},
		{silent, 100 * time.Millisecond, 0, "not let in within 100ms: context deadline exceeded; the server has not answered the hello yet", 0, 0},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if c.timeout > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), c.timeout)
			}
			defer cancel()
			_, err := Dial(ctx, c.url, Options{Config: walkers, JoinFor: c.joinFor})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v; want %s", err, c.says)
			}
			var closed *CloseError
			if errors.As(err, &closed); c.code != 0 && (closed == nil || closed.Code != c.code) {
				t.Errorf("%v; want the code %d", err, c.code)
			}
			var answer *HandshakeError
			if errors.As(err, &answer); c.status != 0 && (answer == nil || answer.Status != c.status) {
				t.Errorf("%v; want the status %d", err, c.status)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "0": 0, "-3": 0, "7": 7 * time.Second, "100000": maxRetryAfter, "99999999999999999999": 0,
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): maxRetryAfter,
	} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	r := reconnect{}
	r.welcome(0)
	if d := r.turnedAway(7*time.Second, time.Minute); d.String() != "resume after 7000 to 14000 ms" {
		t.Errorf("after a wait of 7 s: %v", d)
	}
	if d := r.turnedAway(0, time.Minute); d.String() != "resume after 187 to 375 ms" {
		t.Errorf("without a wait: %v", d)
	}
}

// A rate that was asked for is kept, by whatever hello comes next.
func TestTheRateIsKept(t *testing.T) {
	t.Parallel()
	cfg := walkers
	cfg.Every = 2
	s := joined(t, cfg)
	for _, step := range []struct{ ask, want uint32 }{{1, 1}, {8, 8}, {0, 1}, {32, 32}} {
		s.SetEvery(step.ask)
		s.Lost()
		h := hello(t, s)
		if h.GetEvery() != step.want {
			t.Errorf("after SetEvery(%d): %v", step.ask, h)
		}
	}
}
