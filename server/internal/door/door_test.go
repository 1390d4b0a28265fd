package door

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// hall is a door, and those who come.
type hall struct {
	t *testing.T
	*Door
	refused, closed atomic.Int64
}

func newHall(t *testing.T, limit int, o Options, proxies ...string) *hall {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, err := limits.NewGuard(config.Access{
		ConnectionsPerAddress: limit, IPv4Prefix: 32, IPv6Prefix: 64, MaxTracked: 64, TrustedProxies: proxies, ForwardedHeader: config.XForwardedFor,
	}, limits.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t: t}
	o.Guard, o.Logger = g, slog.New(slog.DiscardHandler)
	o.OnRefused = func(netip.Addr) { h.refused.Add(1) }
	o.OnClosed = func(string) { h.closed.Add(1) }
	h.Door = New(ln, o)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// come connects from an address, and returns the client's side and the door's, which is nil
// if the door closed it.
func (h *hall) come(from string, now time.Time) (client net.Conn, c *Conn) {
	h.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	client, err := d.DialContext(h.t.Context(), "tcp", h.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = client.Close() })
	nc, err := h.ln.Accept()
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = nc.Close() })
	return client, h.admit(nc.(*net.TCPConn), now)
}

// check compares what the door knows with what there is, counted anew.
func (h *hall) check(all []*Conn) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	open, young, weight := 0, 0, map[limits.AddrKey]int{}
	for _, c := range all {
		if c.gone {
			continue
		}
		open++
		if c.stage == fresh {
			young++
		}
		if c.weighs() {
			weight[c.key]++
		}
		if (c.queued != nil) != (c.stage <= over) {
			h.t.Fatalf("at stage %d a connection waits to be closed: %t", c.stage, c.queued != nil)
		}
	}
	heaviest := 0
	for k, w := range weight {
		heaviest = max(heaviest, w)
		if h.holders[k].weight != w {
			h.t.Fatalf("an address weighs %d, and is said to weigh %d", w, h.holders[k].weight)
		}
	}
	got := 0
	if top := h.heaviest(); top != nil {
		got = top.weight
	}
	if h.open != open || h.fresh != young || got != heaviest || h.queues[0].Len()+h.queues[1].Len() > open {
		h.t.Fatalf("open %d, fresh %d, heaviest %d; want %d, %d, %d", h.open, h.fresh, got, open, young, heaviest)
	}
}

func TestTheDoorCountsRight(t *testing.T) {
	t.Parallel()
	const most = 12
	h := newHall(t, 5, Options{Max: most, MaxFresh: 8}, "127.0.0.9")
	r := rand.New(rand.NewPCG(1, 2))
	var all []*Conn
	now := time.Now()
	for range 1500 {
		now = now.Add(100 * time.Millisecond)
		if len(all) == 0 || r.IntN(3) == 0 {
			if _, c := h.come(fmt.Sprintf("127.0.0.%d", 6+r.IntN(4)), now); c != nil {
				all = append(all, c)
			}
		} else {
			c := all[r.IntN(len(all))]
			switch r.IntN(7) {
			case 0:
				_ = c.Close()
			case 1:
				connState(c, http.StateActive)
			case 2:
				connState(c, http.StateIdle)
			case 3:
				connState(c, http.StateHijacked)
			case 4:
				if release, ok := c.Lend(); ok {
					c.Settle()
					_ = c.Close() // as when its descriptor is driven by ticks
					if before := h.Open(); !c.gone {
						if release(); h.Open() != before-1 {
							t.Fatal("a lease that is given back still counts")
						}
					}
				}
			case 5:
				c.refused()
			case 6:
				h.sweep(now)
			}
		}
		h.check(all)
		if h.Open() > most {
			t.Fatalf("%d connections are open", h.Open())
		}
	}
	for _, c := range all {
		c.lent = false
		_ = c.Close()
	}
	if h.Open() != 0 || len(h.holders) != 0 {
		t.Errorf("%d connections and %d addresses are left", h.Open(), len(h.holders))
	}
	for a := range 4 {
		if k := h.o.Guard.Key(netip.AddrFrom4([4]byte{127, 0, 0, byte(6 + a)})); !h.o.Guard.Acquire(k, 1) {
			t.Errorf("a share of address %d was not given back", a)
		}
	}
}

func TestTheHeaviestGivesWay(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := newHall(t, 0, Options{Max: 10})
	var attack []*Conn
	for range 9 {
		_, c := h.come("127.0.0.1", now)
		attack = append(attack, c)
	}
	_, honest := h.come("127.0.0.2", now)
	connState(attack[4], http.StateIdle)
	_, second := h.come("127.0.0.3", now)
	if second == nil || honest.gone || !attack[4].gone {
		t.Fatal("what is between two requests, of the address that holds most, did not give way first")
	}
	// One that floods pays with its own.
	if _, c := h.come("127.0.0.1", now); c == nil || !attack[0].gone || honest.gone || second.gone {
		t.Error("the oldest of the attacker's did not give way to its next")
	}
	// Those that pretend to do something give way to others, and not to their own.
	for _, c := range attack {
		connState(c, http.StateActive)
	}
	for _, c := range attack[5:] {
		connState(c, http.StateHijacked)
	}
	for range 3 {
		h.come("127.0.0.1", now)
	}
	if honest.gone || second.gone {
		t.Error("an honest one gave way to the attacker")
	}
	if _, c := h.come("127.0.0.4", now); c == nil || honest.gone || second.gone {
		t.Error("nobody gave way to somebody who has none")
	}
	// Who is in a room never does.
	h = newHall(t, 0, Options{Max: 4})
	for range 4 {
		_, c := h.come("127.0.0.1", now)
		c.Settle()
	}
	if _, c := h.come("127.0.0.2", now); c != nil || h.closed.Load() != 1 {
		t.Error("a player gave way")
	}
}

func TestAnAddressOverItsLimit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := newHall(t, 2, Options{Max: 100}, "127.0.0.9")
	_, a := h.come("127.0.0.1", now)
	_, b := h.come("127.0.0.1", now)
	_, third := h.come("127.0.0.1", now)
	if a.gone || b.gone || third == nil || !third.refused() {
		t.Fatal("the third of two was not let in to be refused")
	}
	if _, ok := third.Lend(); ok {
		t.Error("it could become a WebSocket")
	}
	connState(b, http.StateIdle)
	if _, c := h.come("127.0.0.1", now); c == nil || c.refused() || !b.gone {
		t.Error("what waits for its next request did not give way")
	}
	if _, c := h.come("127.0.0.1", now.Add(2*grace)); c == nil || c.refused() || !a.gone {
		t.Error("what has said nothing for long did not give way")
	}
	for range 2 * slack {
		h.come("127.0.0.1", now)
	}
	if h.refused.Load() < slack || h.Open() > 3+slack {
		t.Errorf("%d were refused, %d are open", h.refused.Load(), h.Open())
	}
	for range 5 {
		if _, c := h.come("127.0.0.9", now); c == nil || c.refused() {
			t.Fatal("a proxy is bound by the limit of an address")
		}
	}
}

func TestIdleConnections(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := newHall(t, 0, Options{Max: 8, IdleTimeout: 10 * time.Second, ProxyIdleTimeout: time.Minute, PressureTimeout: time.Second}, "127.0.0.9")
	_, c := h.come("127.0.0.1", now)
	_, p := h.come("127.0.0.9", now)
	_, working := h.come("127.0.0.1", now)
	connState(working, http.StateActive)
	gone := func() string { return fmt.Sprint(c.gone, p.gone, working.gone) }
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{9 * time.Second, "false false false"}, {11 * time.Second, "true false false"}, {59 * time.Second, "true false false"}, {61 * time.Second, "true true false"}} {
		if h.sweep(now.Add(step.after)); gone() != step.want {
			t.Errorf("after %v: %s, want %s", step.after, gone(), step.want)
		}
	}
	for range 5 {
		_, c = h.come("127.0.0.1", now)
	}
	if h.sweep(now.Add(2 * time.Second)); !c.gone || working.gone {
		t.Error("with few places left nothing is closed sooner")
	}
}

// TestStreamsOverALimit has one connection of HTTP/2 carry more requests at once than an
// address may have.
func TestStreamsOverALimit(t *testing.T) {
	t.Parallel()
	h := newHall(t, 2, Options{Max: 100, IdleTimeout: time.Minute, ProxyIdleTimeout: time.Minute})
	hold, held := make(chan struct{}), make(chan struct{}, 2)
	both := new(http.Protocols)
	both.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: both, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		held <- struct{}{}
		<-hold
	}), ReadHeaderTimeout: time.Minute}
	h.Serve(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(h) }()
	tr := &http.Transport{Protocols: both}
	ask := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.Addr().String(), nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		if b, err := io.ReadAll(resp.Body); len(b) > 0 || err != nil {
			t.Errorf("the answer has a body, which a client without a window would not take: %q, %v", b, err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	answers := make(chan int, 2)
	for range 2 {
		go func() { answers <- ask() }()
		<-held
	}
	if open := h.Open(); open != 1 {
		t.Fatalf("two streams are on %d connections", open)
	}
	if got := ask(); got != http.StatusTooManyRequests {
		t.Errorf("a third stream of two: %d", got)
	}
	close(hold)
	for range 2 {
		if got := <-answers; got != http.StatusOK {
			t.Errorf("one of two: %d", got)
		}
	}
	tr.CloseIdleConnections()
	_ = s.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// TestAnswersWithoutAWindow has a client take nothing of the short answers that it gets, which
// count as requests for as long.
func TestAnswersWithoutAWindow(t *testing.T) {
	t.Parallel()
	h := newHall(t, 2, Options{Max: 100, IdleTimeout: time.Minute, ProxyIdleTimeout: time.Minute})
	both := new(http.Protocols)
	both.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: both, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 2000))
	}), ReadHeaderTimeout: time.Minute}
	h.Serve(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(h) }()
	tr := &http.Transport{Protocols: both, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 100}}
	ask := func() *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	take := func(r *http.Response) {
		if b, err := io.ReadAll(r.Body); err != nil || len(b) != 2000 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		_ = r.Body.Close()
	}
	one, two := ask(), ask()
	three := ask()
	if one.StatusCode != http.StatusOK || two.StatusCode != http.StatusOK || three.StatusCode != http.StatusTooManyRequests {
		t.Errorf("three answers, two of which may wait: %d, %d, %d", one.StatusCode, two.StatusCode, three.StatusCode)
	}
	_ = three.Body.Close()
	take(one)
	for deadline := time.Now().Add(10 * time.Second); ; {
		r := ask()
		if r.StatusCode == http.StatusOK {
			take(r)
			break
		}
		_ = r.Body.Close()
		if time.Now().After(deadline) {
			t.Fatal("an answer that was taken is counted still")
		}
	}
	take(two)
	tr.CloseIdleConnections()
	_ = s.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// TestRequestsOverALimit has an HTTP server answer over the door, as a real client sees it.
func TestRequestsOverALimit(t *testing.T) {
	t.Parallel()
	h := newHall(t, 2, Options{Max: 100, IdleTimeout: time.Minute, ProxyIdleTimeout: time.Minute})
	hold, held := make(chan struct{}), make(chan struct{}, 2)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		held <- struct{}{}
		<-hold
	}), ReadHeaderTimeout: time.Minute}
	h.Serve(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(h) }()
	ask := func() string {
		c, err := net.Dial("tcp", h.Addr().String())
		if err != nil {
			return err.Error()
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		b, _ := io.ReadAll(c)
		return string(b)
	}
	answers := make(chan string, 2)
	for range 2 {
		go func() { answers <- ask() }()
		<-held
	}
	if a := ask(); !strings.HasPrefix(a, "HTTP/1.1 429 ") || !strings.Contains(a, "too many connections from this address") || !strings.Contains(a, "Connection: close") {
		t.Errorf("a third of two: %q", a)
	}
	close(hold)
	for range 2 {
		if a := <-answers; !strings.HasPrefix(a, "HTTP/1.1 200 ") {
			t.Errorf("one of two: %q", a)
		}
	}
	_ = s.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	for deadline := time.Now().Add(10 * time.Second); h.Open() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d are open", h.Open())
		}
	}
}
