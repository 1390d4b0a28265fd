package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// TestOutbox: a reader that has stopped costs a bounded outbox and nobody's time; nothing that
// was accepted is lost, and what was refused was not sent in part.
func TestOutbox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		const bound = 32 << 10
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello, MaxOutbox: bound})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		var want []string
		send := func(reliable bool) error {
			p := fmt.Sprintf("%d %s", len(want), strings.Repeat("z", 3000))
			err := conn.Send(payload(p))
			if reliable && errors.Is(err, ErrBacklog) {
				err = conn.SendReliable(payload(p))
			}
			if err == nil {
				want = append(want, p)
			}
			return err
		}
		full := 0
		until(t, "overflow", func() bool {
			for {
				err := send(true)
				st := conn.Stats()
				if st.Pending > bound {
					t.Fatalf("%d bytes are pending", st.Pending)
				}
				if st.Pending > 0 == st.Progress.IsZero() {
					t.Fatalf("%d bytes pending, progress %v", st.Pending, st.Progress)
				}
				if errors.Is(err, ErrOverflow) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				full = 0
			}
			before := conn.Stats().BytesOut
			if _, err := conn.Flush(); err != nil {
				t.Fatal(err)
			}
			if full++; conn.Stats().BytesOut != before {
				full = 0
			}
			return full > 50
		})
		if err := conn.Send(payload("skipped")); !errors.Is(err, ErrBacklog) {
			t.Fatal(err)
		}
		// The client reads again.
		got := make(chan string, len(want))
		go func() {
			defer close(got)
			for range want {
				f, err := readFrame(c.br)
				if err != nil {
					return
				}
				got <- string(f.Payload)
			}
		}()
		for i, w := range want {
			for pending := 1; len(got) == 0 && pending > 0; {
				var err error
				if pending, err = conn.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			if g := <-got; g != w {
				t.Fatalf("message %d is %.20q, want %.20q", i, g, w)
			}
		}
		until(t, "empty", func() bool { n, err := conn.Flush(); return n == 0 && err == nil })
		if st := conn.Stats(); st.MessagesOut != uint64(len(want)) || !st.Progress.IsZero() || st.Pending != 0 {
			t.Fatalf("%+v", st)
		}
		if err := send(false); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOutboxOneBig: a message over the bound may stand alone in an empty outbox.
func TestOutboxOneBig(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello, MaxOutbox: 4 << 10})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		if err := conn.SendReliable(append(make([]byte, Headroom), big...)); err != nil {
			t.Fatal(err)
		}
		if err := conn.SendReliable(payload("x")); !errors.Is(err, ErrOverflow) {
			t.Fatal(err)
		}
		done := make(chan string)
		go func() {
			f, err := readFrame(c.br)
			if err != nil || !bytes.Equal(f.Payload, big) {
				done <- fmt.Sprintf("%d bytes, %v", len(f.Payload), err)
			}
			close(done)
		}()
		until(t, "flushed", func() bool { n, err := conn.Flush(); return n == 0 && err == nil })
		if bad := <-done; bad != "" {
			t.Fatal(bad)
		}
	})
}

// TestCloseIsSeen: a client sees the code although the server has not read what it sent, and
// even if messages are waiting before the close frame.
func TestCloseIsSeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		for range 20 {
			c := s.upgrade(binaryFrame("hello"))
			conn := r.conn(t)
			for range 50 {
				c.write(binaryFrame(strings.Repeat("never read", 50)))
			}
			n := 0
			for n < 4 && conn.SendReliable(make([]byte, Headroom+8000)) == nil {
				n++
			}
			conn.Close(4001, "moved to another room")
			conn.Close(4002, "never sent")
			for ; n > 0; n-- {
				if got := c.next(); !strings.HasPrefix(got, "binary") {
					t.Fatalf("got %.100q", got)
				}
			}
			c.want("close 4001 moved to another room", "gone")
			if err := conn.Poll(make([]byte, 4096), nil); !isClose(err, 4001) {
				t.Fatal(err)
			}
			if _, err := conn.Flush(); !isClose(err, 4001) {
				t.Fatal(err)
			}
			if err := conn.SendReliable(payload("x")); !isClose(err, 4001) {
				t.Fatal(err)
			}
			if conn.RTT() < 0 || conn.RemoteAddr() == nil {
				t.Fatal("a closed connection should still answer")
			}
			_ = conn.Stats()
		}
		until(t, "seen off", func() bool { return s.Stats().Lingering == 0 })
	})
}

// TestCloseInsidePoll: a callback may close its own connection; no message follows.
func TestCloseInsidePoll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		n := 0
		r.onMsg = func(c Conn, _ []byte) error {
			n++
			c.Close(4005, "")
			return nil
		}
		r.run()
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		c.write(frames(binaryFrame("1"), binaryFrame("2"), binaryFrame("3")))
		c.want("close 4005", "gone")
		if e := r.end(t); e.Code != 4005 || n != 1 {
			t.Fatal(e, n)
		}
	})
}

// TestCallbackErrors end the connection with their code, or with 1011 and no details.
func TestCallbackErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		r.onMsg = func(_ Conn, msg []byte) error {
			if string(msg) == "code" {
				return fmt.Errorf("wrapped: %w", &CloseError{Code: 4006, Reason: "cheating"})
			}
			return errors.New("secret")
		}
		r.run()
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		c.write(binaryFrame("code"))
		c.want("close 4006 cheating", "gone")
		c = s.upgrade(binaryFrame("hello"))
		c.write(binaryFrame("error"))
		c.want("close 1011 internal error", "gone")
	})
}

// TestPeerVanishes: no close frame, with and without a reset.
func TestPeerVanishes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		for _, reset := range []bool{false, true} {
			c := s.upgrade(binaryFrame("hello"))
			r.conn(t)
			if t, ok := netConn(c.nc).(*net.TCPConn); ok && reset {
				_ = t.SetLinger(0)
			}
			_ = netConn(c.nc).Close()
			e := r.end(t)
			if e.Code != closecode.Lost || !e.Remote || e.Err == nil || !reset && kind == "raw" && !errors.Is(e, io.EOF) {
				t.Fatalf("%+v", e)
			}
		}
		until(t, "closed", func() bool { st := s.Stats(); return st.Raw+st.Carried+st.Lingering == 0 })
	})
}

// TestBackPressure: a peer that sends faster than it is polled fills its own buffers, not ours,
// and loses nothing.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		const n = 1000
		sent := make(chan error, 1)
		go func() {
			for i := range n {
				if _, err := c.nc.Write(binaryFrame(fmt.Sprintf("%d %s", i, strings.Repeat("x", 4000)))); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		scratch := make([]byte, 4096)
		got := 0
		until(t, "all read", func() bool {
			for range 200 {
				before := got
				if err := conn.Poll(scratch, func(msg []byte) error {
					if want := fmt.Sprintf("%d ", got); !strings.HasPrefix(string(msg), want) {
						return fmt.Errorf("got %.10q, want %q", msg, want)
					}
					got++
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if kind == "raw" && got-before > 2 {
					t.Fatalf("one poll delivered %d messages of 4 KB from one read of 4 KB", got-before)
				}
			}
			return got == n
		})
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}

// TestPingFlood: pings cost a bounded number of pongs, and none while the outbox is busy.
func TestPingFlood(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		const n = 20000
		ping := frame(0x89, strings.Repeat("p", 100))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range n / 100 {
				if _, err := c.nc.Write(bytes.Repeat(ping, 100)); err != nil {
					return
				}
			}
			_, _ = c.nc.Write(binaryFrame("end"))
		}()
		scratch := make([]byte, 16<<10)
		polls, over := 0, false
		until(t, "the end", func() bool {
			polls++
			if err := conn.Poll(scratch, func([]byte) error { over = true; return nil }); err != nil {
				t.Fatal(err)
			}
			if p := conn.Stats().Pending; p > 2*rawPongs*127 {
				t.Fatalf("%d bytes of pongs are pending", p)
			}
			return over
		})
		<-done
		pong := 102
		if encrypted(kind) {
			pong = sealedSize(pong)
		}
		if out := conn.Stats().BytesOut; out > uint64((polls+1)*rawPongs*pong) {
			t.Fatalf("%d bytes of pongs in %d polls", out, polls)
		}
	})
}

// TestCloseRaces: Close from anywhere, at any moment, while descriptors are reused at once by
// new connections. Nobody ever hears somebody else's words.
func TestCloseRaces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		rounds := 40
		if testing.Short() {
			rounds = 5
		}
		for i := range rounds {
			var clients sync.WaitGroup
			for j := range 4 {
				c := s.upgrade(binaryFrame("hello"))
				conn := r.conn(t)
				me := fmt.Sprintf("%d/%d", i, j)
				clients.Go(func() { // the client
					defer func() { _ = c.nc.Close() }()
					for {
						switch got := c.next(); got {
						case "binary " + me:
						case "gone", "close 4007 enough":
							return
						default:
							t.Errorf("%s heard %.100q", me, got)
							return
						}
					}
				})
				clients.Go(func() { // the tick
					scratch := make([]byte, 1024)
					for {
						if err := conn.Poll(scratch, func([]byte) error { return nil }); err != nil {
							return
						}
						if err := conn.Send(payload(me)); err != nil && !errors.Is(err, ErrBacklog) {
							return
						}
						_, _ = conn.Flush()
						_ = conn.RTT()
						_ = conn.Stats()
					}
				})
				for range 2 {
					clients.Go(func() {
						for range (i*7 + j*13) % 50 {
							_ = conn.Raw()
						}
						conn.Close(4007, "enough")
					})
				}
			}
			clients.Wait()
		}
		until(t, "all gone", func() bool { st := s.Stats(); return st.Raw+st.Carried+st.Lingering+st.Pending == 0 })
	})
}

// TestGatewayClose: pending and seated connections get 1001, new ones HTTP 503, and OnHello's
// context ends.
func TestGatewayClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		r.run()
		deciding := make(chan struct{})
		s := open(t, kind, Options{OnHello: func(q *http.Request, first []byte) (func(Conn), error) {
			if string(first) == "wait" {
				deciding <- struct{}{}
				<-q.Context().Done()
				return nil, &CloseError{Code: closecode.GoingAway}
			}
			return r.onHello(q, first)
		}})
		silent := s.upgrade(nil)
		seated := s.upgrade(binaryFrame("hello"))
		waits := s.upgrade(binaryFrame("wait"))
		r.conn(t)
		<-deciding
		for _, c := range []*client{silent, seated, waits} {
			go func() { // as a browser would
				b, _ := io.ReadAll(c.br)
				_ = c.nc.Close()
				if !bytes.Contains(b, []byte{3, 0xe9}) {
					t.Errorf("got % x, want close 1001", b)
				}
				deciding <- struct{}{}
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := s.Gateway.Close(ctx); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			<-deciding
		}
		if e := r.end(t); e.Code != closecode.GoingAway {
			t.Fatal(e)
		}
		nc := s.dial()
		_, _ = io.WriteString(nc, handshake(s.addr))
		b, _ := io.ReadAll(nc)
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 503")) {
			t.Fatalf("got %.40q", b)
		}
		if err := s.Gateway.Close(ctx); err != nil { // again
			t.Fatal(err)
		}
	})
}

// TestGatewayCloseCuts: peers that do not close cost no more than the context allows.
func TestGatewayCloseCuts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello})
		s.upgrade(binaryFrame("hello"))
		s.upgrade(nil)
		stall(t, r.conn(t))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if err := s.Gateway.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if d := time.Since(begin); d > farewell {
			t.Fatalf("it took %v", d)
		}
	})
}
