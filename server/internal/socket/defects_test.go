package socket

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Each test here holds one defect of gws v1.8.9, or a trap between it and net/http.

// TestDefectTopBit: a 64-bit length with its top bit set panics in gws's read loop, before and
// after the hello. It ends that connection with 1002, its descriptor too.
func TestDefectTopBit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		for _, length := range []string{"8000000000000000", "8000000000000001", "ffffffffffffffff", "fffffffffffffffb"} {
			for _, op := range []string{"82", "02", "80", "00"} {
				bad := unhex(op + "ff" + length + "00000000")
				c := s.upgrade(nil)
				c.write(bad)
				c.wantClose(1002)

				c = s.upgrade(binaryFrame("hello"))
				r.conn(t)
				c.write(bad)
				c.wantClose(1002)
				if e := r.end(t); e.Code != 1002 || e.Remote {
					t.Fatal(e)
				}
			}
		}
		until(t, "all gone", func() bool { st := s.Stats(); return st.Pending+st.Raw+st.Carried+st.Lingering == 0 })
	})
}

// TestDefectAllocation: gws allocates what a header announces; ReadMaxPayloadSize bounds it.
func TestDefectAllocation(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello, MaxMessage: 4096})
		clients := make([]*client, 100)
		for i := range clients {
			clients[i] = s.upgrade(nil)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, c := range clients {
			c.write(unhex("82 ff 0000000001000000 00000000")) // 16 MB
		}
		for _, c := range clients {
			c.wantClose(1009)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
			t.Fatalf("%d MB were allocated for 100 headers", grown>>20)
		}
	})
}

// TestDefectPanics: a panic of ours in a callback ends its connection with 1011, not the process.
func TestDefectPanics(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: func(q *http.Request, first []byte) (func(Conn), error) {
			switch string(first) {
			case "panic":
				panic("in OnHello")
			case "panic later":
				return func(Conn) { panic("in adopt") }, nil
			case "nothing":
				return nil, nil
			case "no":
				return nil, errors.New("with details nobody should see")
			case "no, 4003":
				return nil, fmt.Errorf("wrapped: %w", &CloseError{Code: 4003, Reason: "room full"})
			}
			return r.onHello(q, first)
		}})
		for hello, want := range map[string]string{
			"panic": "close 1011 internal error", "panic later": "close 1011 internal error", "nothing": "close 1011 internal error",
			"no": "close 1011 internal error", "no, 4003": "close 4003 room full",
		} {
			c := s.upgrade(binaryFrame(hello))
			c.want(want, "gone")
		}
		c := s.upgrade(binaryFrame("hello"))
		c.write(binaryFrame("x"))
		c.want("binary x")
	})
}

// TestDefectPollPanic: a panic in a Poll callback passes to the caller, and the connection is
// over, not half read.
func TestDefectPollPanic(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		c.write(binaryFrame("x"))
		scratch := make([]byte, 4096)
		until(t, "the panic", func() (hit bool) {
			defer func() { hit = recover() != nil }()
			_ = conn.Poll(scratch, func([]byte) error { panic("game") })
			return false
		})
		c.want("close 1011 internal error", "gone")
		if err := conn.Send(payload("x")); !isClose(err, 1011) {
			t.Fatal(err)
		}
	})
}

func isClose(err error, code int) bool {
	var ce *CloseError
	return errors.As(err, &ce) && ce.Code == code
}

// TestDefectHelloNeverComes: gws sets no deadlines. Bytes that drip do not extend ours, nor do
// pings.
func TestDefectHelloNeverComes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		s := open(t, kind, Options{HelloTimeout: 300 * time.Millisecond, OnHello: func(*http.Request, []byte) (func(Conn), error) {
			t.Error("there was no hello")
			return nil, nil
		}})
		silent, drips, pings := s.upgrade(nil), s.upgrade(nil), s.upgrade(nil)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		drip := func(c *client, b []byte) {
			wg.Go(func() {
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
						_, _ = c.nc.Write(b)
					}
				}
			})
		}
		drips.write(unhex("82 fe 1000 00000000"))
		drip(drips, []byte{0})
		drip(pings, frame(0x89, "p"))
		silent.wantClose(1008)
		drips.wantClose(1008)
		got := pings.next()
		for got == "pong p" {
			got = pings.next()
		}
		if !strings.HasPrefix(got, "close 1008") {
			t.Fatal(got)
		}
		close(stop)
		wg.Wait()
		until(t, "counted", func() bool { return s.Stats().Failed[FailHello] == 3 })
	})
}

// TestDefectPings: gws answers with an empty pong; a pong must carry what the ping did.
func TestDefectPings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(nil)
		c.write(frame(0x89, "before"))
		c.want("pong before")
		c.write(binaryFrame("hello"))
		r.conn(t)
		c.write(frame(0x89, "after"))
		c.want("pong after")
	})
}

// TestDefectStalledClose: gws's WriteClose waits for the write that is stuck. Ours never waits.
func TestDefectStalledClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		stall(t, conn)
		begin := time.Now()
		conn.Close(4000, "slow")
		if d := time.Since(begin); d > time.Second {
			t.Fatalf("Close took %v", d)
		}
		if err := conn.Send(payload("x")); !isClose(err, 4000) {
			t.Fatal(err)
		}
	})
}

// stall fills the kernel's buffers and the outbox of a connection whose peer does not read.
func stall(t testing.TB, c Conn) {
	t.Helper()
	f := make([]byte, Headroom+4096)
	full := 0
	until(t, "stalled", func() bool {
		for {
			err := c.SendReliable(f)
			if errors.Is(err, ErrOverflow) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			full = 0
		}
		before := c.Stats().BytesOut
		if _, err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		if c.Stats().BytesOut != before {
			full = 0
		}
		full++
		return full > 50 // nothing moves
	})
}

// TestDefectUTF8: gws checks UTF-8 only when told to.
func TestDefectUTF8(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		r.text = true
		r.run()
		s := open(t, kind, Options{OnHello: r.onHello, AllowText: true})
		c := s.upgrade(nil)
		c.write(frame(0x81, "\xff"))
		c.wantClose(1007)
		c = s.upgrade(binaryFrame("hello"))
		c.write(frame(0x81, "\xff"))
		c.wantClose(1007)
		c = s.upgrade(binaryFrame("hello"))
		c.write(frame(0x88, "\x03\xe8\xff"))
		c.wantClose(1007)
	})
}

// TestDefectSameSegment: frames that come in the same segment as the handshake, by way of
// net/http's buffer, and those that come with the hello, are all delivered, in order.
func TestDefectSameSegment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		for size := 1; size < 1500; size += 211 {
			var extra []byte
			var want []string
			for i := range 40 {
				p := fmt.Sprintf("%d %s", i, strings.Repeat("x", i*size/40))
				extra, want = append(extra, binaryFrame(p)...), append(want, "binary "+p)
			}
			all := frames(binaryFrame("hello"), extra)
			cut := min(len(all), 3000) // into net/http's buffer of 4096 go request and these
			c := s.upgrade(all[:cut])
			c.write(all[cut:])
			c.want(want...)
		}
	})
}

// TestDefectMessageSplitByHello: the hello and half of the next message arrive together.
func TestDefectMessageSplitByHello(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		next := binaryFrame(strings.Repeat("y", 700))
		for cut := range 20 {
			c := s.upgrade(frames(binaryFrame("hello"), next[:cut]))
			r.conn(t)
			c.write(next[cut:])
			c.want("binary " + strings.Repeat("y", 700))
		}
	})
}
