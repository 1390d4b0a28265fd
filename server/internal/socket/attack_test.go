package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// honest clients echo small messages beside an attack, until stop, and report how often they
// did and how long the slowest round trip took.
func honest(t *testing.T, s *site, n int, stop chan struct{}) (wait func() (int64, time.Duration)) {
	t.Helper()
	var wg sync.WaitGroup
	var trips, slowest atomic.Int64
	for i := range n {
		c := s.upgrade(binaryFrame("hello"))
		wg.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-stop:
					return
				default:
				}
				msg := fmt.Sprintf("honest %d %d", i, j)
				begin := time.Now()
				_ = c.nc.SetDeadline(begin.Add(patience))
				if _, err := c.nc.Write(binaryFrame(msg)); err != nil {
					t.Errorf("honest client %d: %v", i, err)
					return
				}
				if got := c.next(); got != "binary "+msg {
					t.Errorf("honest client %d got %q, want %q", i, got, msg)
					return
				}
				slowest.Store(max(slowest.Load(), int64(time.Since(begin))))
				trips.Add(1)
			}
		})
	}
	return func() (int64, time.Duration) {
		close(stop)
		wg.Wait()
		return trips.Load(), time.Duration(slowest.Load())
	}
}

// beside runs an attack while honest clients play and honest clients join, and lets them finish.
func beside(t *testing.T, opt Options, attack func(t *testing.T, s *site)) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		opt := opt
		opt.OnHello = r.onHello
		s := open(t, kind, opt)
		wait := honest(t, s, 5, make(chan struct{}))
		attack(t, s)
		for range 5 {
			c := s.upgrade(binaryFrame("hello"))
			c.write(binaryFrame("late"))
			c.want("binary late")
		}
		trips, slowest := wait()
		t.Logf("%d honest round trips, the slowest %v", trips, slowest)
	})
}

// TestAttackDrippingHandshakes: 200 connections that send a header byte by byte are cut when
// its time is up.
func TestAttackDrippingHandshakes(t *testing.T) {
	beside(t, Options{HandshakeTimeout: 1500 * time.Millisecond}, func(t *testing.T, s *site) {
		drip(s, 200)()
	})
}

// TestAttackDrippersGiveWay: with more drippers than places, the oldest give way, and honest
// clients still get in at once.
func TestAttackDrippersGiveWay(t *testing.T) {
	beside(t, Options{HandshakeTimeout: 3 * time.Second, MaxPending: 20}, func(t *testing.T, s *site) {
		wait := drip(s, 200)
		until(t, "the first ones gave way", func() bool { return s.Stats().Failed[FailBusy] == 180 })
		c := s.upgrade(binaryFrame("hello"))
		c.write(binaryFrame("x"))
		c.want("binary x")
		wait()
	})
}

// drip opens n connections that send a handshake slowly, and returns what waits for them to be cut.
func drip(s *site, n int) (wait func()) {
	var wg sync.WaitGroup
	for range n {
		nc := s.dial()
		wg.Go(func() {
			request := []byte(handshake(s.addr))
			step := time.NewTicker(30 * time.Millisecond)
			defer step.Stop()
			// A server that has had enough answers 408, or closes.
			over := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, nc)
				close(over)
			}()
			for i := 0; i < len(request)-1; i++ {
				if _, err := nc.Write(request[i : i+1]); err != nil {
					break
				}
				select {
				case <-over:
					return
				case <-step.C:
				}
			}
			<-over
		})
	}
	return wg.Wait
}

// TestAttackHellos: every way not to say hello ends that connection alone, with its code.
func TestAttackHellos(t *testing.T) {
	beside(t, Options{HelloTimeout: 1500 * time.Millisecond, MaxMessage: 1024}, func(t *testing.T, s *site) {
		var wg sync.WaitGroup
		for name, a := range attacks() {
			for range 5 {
				c := s.upgrade(nil)
				wg.Go(func() {
					_, _ = c.nc.Write(a.bytes)
					expect(t, "hello: "+name, c, a.hello)
				})
			}
		}
		wg.Wait()
	})
}

// TestAttackSeated: the same from clients who said a good hello first.
func TestAttackSeated(t *testing.T) {
	beside(t, Options{MaxMessage: 1024}, func(t *testing.T, s *site) {
		var wg sync.WaitGroup
		for name, a := range attacks() {
			if a.seated == 0 {
				continue
			}
			for range 5 {
				c := s.upgrade(binaryFrame("hello"))
				wg.Go(func() {
					_, _ = c.nc.Write(a.bytes)
					expect(t, "seated: "+name, c, a.seated)
				})
			}
		}
		wg.Wait()
	})
}

type attack struct {
	bytes         []byte
	hello, seated int // the code; seated 0: harmless there
}

func attacks() map[string]attack {
	return map[string]attack{
		"silence":           {nil, 1008, 0},
		"half a header":     {unhex("82"), 1008, 0},
		"half a frame":      {binaryFrame("hello")[:8], 1008, 0},
		"pings only":        {frame(0x89, "x"), 1008, 0},
		"oversized":         {unhex("82 fe 0401 00000000"), 1009, 1009},
		"oversized, 64 bit": {unhex("82 ff 0000000000100000 00000000"), 1009, 1009},
		"oversized in all":  {frames(frame(0x02, strings.Repeat("a", 1000)), frame(0x80, strings.Repeat("b", 25))), 1009, 1009},
		"top bit":           {unhex("82 ff 8000000000000000 00000000"), 1002, 1002},
		"text":              {frame(0x81, "hello"), 1003, 1003},
		"no mask":           {unhex("82 05 68656c6c6f"), 1002, 1002},
		"garbage":           {bytes.Repeat([]byte{0xff}, 500), 1002, 1002},
		"HTTP again":        {[]byte("GET / HTTP/1.1\r\n\r\n"), 1002, 1002},
		"empty fragments":   {frames(frame(0x02, ""), bytes.Repeat(frame(0x00, ""), 5000)), 1008, 1008},
		"close, 999":        {frame(0x88, "\x03\xe7"), 1002, 1002},
	}
}

// expect reads up to the close frame, past pongs.
func expect(t *testing.T, name string, c *client, code int) {
	for {
		got := c.next()
		if strings.HasPrefix(got, "pong") {
			continue
		}
		if !strings.HasPrefix(got, fmt.Sprint("close ", code)) {
			t.Errorf("%s: got %.60q, want close %d", name, got, code)
		}
		return
	}
}

// TestAttackSlowReaders: clients that never read have a bounded outbox, and cost others nothing.
func TestAttackSlowReaders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		big := append(make([]byte, Headroom), bytes.Repeat([]byte("s"), 8000)...)
		r.onMsg = func(c Conn, msg []byte) error {
			if string(msg) != "flood me" {
				if err := c.SendReliable(append(make([]byte, Headroom), msg...)); !errors.Is(err, ErrOverflow) {
					return err
				}
				return nil // who does not read gets no echo
			}
			for c.SendReliable(big) == nil {
				continue
			}
			if st := c.Stats(); st.Pending > 64<<10 {
				return fmt.Errorf("%d bytes pending", st.Pending)
			}
			return nil
		}
		r.run()
		s := open(t, kind, Options{OnHello: r.onHello})
		wait := honest(t, s, 5, make(chan struct{}))
		for range 30 {
			c := s.upgrade(binaryFrame("hello"))
			for range 20 {
				c.write(binaryFrame("flood me"))
			}
		}
		for range 30 { // who also sends without end
			c := s.upgrade(binaryFrame("hello"))
			_ = c.nc.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			for {
				if _, err := c.nc.Write(bytes.Repeat(binaryFrame("x"), 100)); err != nil {
					break
				}
			}
		}
		trips, slowest := wait()
		t.Logf("%d honest round trips, the slowest %v", trips, slowest)
		if st := s.Stats(); st.Raw+st.Carried != 65 {
			t.Errorf("somebody was thrown out: %+v", st)
		}
	})
}

// TestHelloGivesWay: when all places are taken the connection that has kept us waiting longest
// goes, with a code that says to come back; those who have said hello stay.
func TestHelloGivesWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello, MaxPending: 3})
		first := s.upgrade(nil)
		for range 2 {
			s.upgrade(nil)
		}
		c := s.upgrade(binaryFrame("hello"))
		r.conn(t)
		c.write(binaryFrame("x"))
		c.want("binary x")
		if got := first.next(); !strings.HasPrefix(got, "close 1013") {
			t.Fatal(got)
		}
	})
}

// TestHelloGivesWayByHolder: who floods makes its own connections give way, and not those of
// others, who have waited for longer.
func TestHelloGivesWayByHolder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello, MaxPending: 4, Holder: func(passed *http.Request) string {
			return passed.Header.Get("X-Of")
		}})
		honest := s.upgrade(nil, "X-Of: honest")
		var flood []*client
		for range 20 {
			flood = append(flood, s.upgrade(nil, "X-Of: flood"))
		}
		if got := flood[0].next(); !strings.HasPrefix(got, "close 1013") {
			t.Fatal(got)
		}
		honest.write(binaryFrame("hello"))
		r.conn(t)
		honest.write(binaryFrame("x"))
		honest.want("binary x")
	})
}
