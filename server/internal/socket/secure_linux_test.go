package socket

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// secureKinds are the ways in which ticks drive connections with TLS.
var secureKinds = []string{"tls", "tlsring"}

// eachSecure runs a test for each of them and each version of TLS, in parallel.
func eachSecure(t *testing.T, f func(t *testing.T, kind string, version uint16)) {
	t.Helper()
	for _, kind := range secureKinds {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s/%s", kind, tls.VersionName(version)), func(t *testing.T) {
				t.Parallel()
				f(t, kind, version)
			})
		}
	}
}

// TestTLSByTicks: messages of all sizes go both ways in both versions, each to the client in as
// few records as it takes.
func TestTLSByTicks(t *testing.T) {
	t.Parallel()
	eachSecure(t, func(t *testing.T, kind string, version uint16) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello, MaxMessage: 256 << 10, MaxOutbox: 1 << 20})
		c, sp := s.speak(version)
		c.write(binaryFrame("hello"))
		if !r.conn(t).Raw() {
			t.Fatal("no tick drives it")
		}
		for _, n := range []int{0, 1, 60, 1000, 5000, recordData - 10, recordData, 40000, 200000} {
			p := strings.Repeat("x", n)
			c.write(binaryFrame(p))
			before := sp.records
			c.want("binary " + p)
			if got, want := sp.records-before, 1+(n+9)/recordData; got > want {
				t.Errorf("a message of %d bytes came in %d records, want %d", n, got, want)
			}
		}
		c.write(frame(0x88, "\x03\xe8"))
		c.want("close 1000")
		if a := sp.ends(); a != alertClose {
			t.Errorf("after the close frame came alert %d", a)
		}
		if e := r.end(t); e.Code != closecode.Normal || !e.Remote {
			t.Error(e)
		}
	})
}

// TestKeysChange: a client changes its keys, with and without asking for the server's, between
// messages and inside one, any number of times as long as it says something between.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	for _, kind := range secureKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t).run()
			s := open(t, kind, Options{OnHello: r.onHello})
			c, sp := s.speak(tls.VersionTLS13)
			c.write(binaryFrame("hello"))
			for i := range 300 {
				m := fmt.Sprint("message ", i)
				f := binaryFrame(m)
				ask := byte(i % 2)
				b := sp.record(recData, f[:i%len(f)+1])
				b = append(b, sp.keyUpdate(ask)...)
				if rest := f[i%len(f)+1:]; len(rest) > 0 {
					b = append(b, sp.record(recData, rest)...)
				}
				if _, err := sp.Conn.Write(b); err != nil {
					t.Fatal(err)
				}
				c.want("binary " + m)
			}
			// The last one asks; its answer comes before the echo.
			if sp.updates != 150 {
				t.Errorf("the server has changed its keys %d times, and was asked 150 times", sp.updates)
			}
		})
	}
}

// TestRecordsWithoutData: who sends nothing but changes of keys, or one with each byte, is put out
// before that costs much.
func TestRecordsWithoutData(t *testing.T) {
	t.Parallel()
	for _, ask := range []byte{justUpdate, updateAndAsk} {
		t.Run(fmt.Sprint("ask=", ask), func(t *testing.T) {
			t.Parallel()
			r := newRoom(t).run()
			s := open(t, "tlsring", Options{OnHello: r.onHello})
			c, sp := s.speak(tls.VersionTLS13)
			c.write(binaryFrame("hello"))
			r.conn(t)
			var b []byte
			for range 40 {
				b = append(b, sp.keyUpdate(ask)...)
			}
			_, _ = sp.Conn.Write(b)
			if a := sp.ends(); a != alertUnexpected {
				t.Errorf("many changes of keys end with alert %d", a)
			}
			if e := r.end(t); e.Code != closecode.Lost || e.Err == nil {
				t.Error(e)
			}

			c, sp = s.speak(tls.VersionTLS13)
			c.write(binaryFrame("hello"))
			conn := r.conn(t)
			b = nil
			for _, x := range bytes.Repeat([]byte{0x82, 0xfe, 0x07, 0xd0, 0, 0, 0, 0, 1}, 100) {
				b = append(append(b, sp.keyUpdate(ask)...), sp.record(recData, []byte{x})...)
			}
			_, _ = sp.Conn.Write(b)
			if e := r.end(t); e.Code != closecode.Policy {
				t.Error(e)
			}
			if n := conn.Stats().BytesIn; n > 400 {
				t.Errorf("%d bytes were taken before", n)
			}
		})
	}
}

// TestKeysChangeInVain: a client that asks for new keys and reads nothing holds a bounded outbox.
func TestKeysChangeInVain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := open(t, "tls", Options{OnHello: r.onHello})
	c, sp := s.speak(tls.VersionTLS13)
	c.write(binaryFrame("hello"))
	conn := r.conn(t)
	stall(t, conn)
	scratch := make([]byte, 4096)
	full := conn.Stats().Pending
	for range 1000 {
		if _, err := sp.Conn.Write(append(sp.keyUpdate(updateAndAsk), sp.record(recData, frame(0x8a, ""))...)); err != nil {
			break
		}
		before := conn.Stats().BytesIn
		var err error
		until(t, "it arrives", func() bool {
			err = conn.Poll(scratch, func([]byte) error { return nil })
			return err != nil || conn.Stats().BytesIn > before
		})
		if err != nil {
			if !isClose(err, closecode.Policy) {
				t.Fatal(err)
			}
			return
		}
		if p := conn.Stats().Pending; p > full+2*maxSaid {
			t.Fatalf("%d bytes wait; the outbox was full with %d", p, full)
		}
	}
	t.Fatal("it goes on for ever")
}

// TestRecordsThatAreWrong end the connection, and the client is told by an alert.
func TestRecordsThatAreWrong(t *testing.T) {
	t.Parallel()
	both := []uint16{tls.VersionTLS12, tls.VersionTLS13}
	for _, c := range []struct {
		name     string
		versions []uint16
		make     func(sp *speaker) []byte
		alert    byte
		err      string // the server's
	}{
		{"a bit is wrong", both, func(sp *speaker) []byte {
			b := sp.record(recData, []byte("abc"))
			b[len(b)-1] ^= 1
			return b
		}, alertBadRecord, "bad record MAC"},
		{"no encryption", both, func(*speaker) []byte { return []byte{recData, 3, 3, 0, 4, 'a', 'b', 'c', 'd'} }, alertBadRecord, "bad record MAC"},
		{"an empty body", both, func(*speaker) []byte { return []byte{recData, 3, 3, 0, 0} }, alertBadRecord, "bad record MAC"},
		{"HTTP", both, func(*speaker) []byte { return []byte("GET / HTTP/1.1\r\n\r\n") }, alertVersion, "version"},
		{"too long", both, func(*speaker) []byte { return []byte{recData, 3, 3, 0xff, 0xff} }, alertOverflow, "oversized"},
		{"a type that is none", both, func(sp *speaker) []byte { return sp.record(99, []byte("abc")) }, alertUnexpected, "unexpected message"},
		{"it begins a handshake anew", both, func(sp *speaker) []byte {
			return sp.record(recordHandshake, []byte{1, 0, 0, 1, 0})
		}, alertDecode, "error decoding message"},
		{"it asks for a handshake", both[:1], func(sp *speaker) []byte {
			return sp.record(recordHandshake, []byte{0, 0, 0, 0})
		}, alertNoRenegotiate, "no renegotiation"},
		{"data inside a handshake's message", both[1:], func(sp *speaker) []byte {
			return append(sp.record(recordHandshake, []byte{msgKeyUpdate, 0}), sp.record(recData, []byte("abc"))...)
		}, alertUnexpected, "unexpected message"},
		{"a message of 16 MB", both, func(sp *speaker) []byte {
			return sp.record(recordHandshake, []byte{1, 0xff, 0xff, 0xff})
		}, 80, "exceeds maximum"},
	} {
		for _, version := range c.versions {
			t.Run(fmt.Sprintf("%s/%s", c.name, tls.VersionName(version)), func(t *testing.T) {
				t.Parallel()
				r := newRoom(t).run()
				s := open(t, "tls", Options{OnHello: r.onHello})
				cl, sp := s.speak(version)
				cl.write(binaryFrame("hello"))
				cl.write(binaryFrame("x"))
				cl.want("binary x")
				if _, err := sp.Conn.Write(c.make(sp)); err != nil {
					t.Fatal(err)
				}
				if a := sp.ends(); a != c.alert {
					t.Errorf("it ends with alert %d, want %d", a, c.alert)
				}
				if e := r.end(t); e.Code != closecode.Lost || e.Err == nil || !strings.Contains(e.Err.Error(), c.err) {
					t.Errorf("%v, want %q", e, c.err)
				}
				_ = sp.Conn.Close()
				until(t, "closed", func() bool { st := s.Stats(); return st.Raw+st.Lingering == 0 })
			})
		}
	}
}

// TestTheClientsAlerts: a warning is passed over; close_notify and any other end the connection.
func TestTheClientsAlerts(t *testing.T) {
	t.Parallel()
	eachSecure(t, func(t *testing.T, kind string, version uint16) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		for _, alert := range []byte{alertUserCanceled, alertClose, 40} {
			c, sp := s.speak(version)
			c.write(binaryFrame("hello"))
			level := byte(2)
			if alert != 40 {
				level = 1
			}
			b := append(sp.record(recAlert, []byte{level, alert}), sp.record(recData, binaryFrame("x"))...)
			if _, err := sp.Conn.Write(b); err != nil {
				t.Fatal(err)
			}
			if alert == alertUserCanceled {
				c.want("binary x")
				_ = sp.Conn.Close()
			}
			e := r.end(t)
			if e.Code != closecode.Lost || !e.Remote || (alert == alertClose) != errors.Is(e, io.EOF) && alert != alertUserCanceled {
				t.Errorf("alert %d: %v", alert, e)
			}
		}
	})
}

// TestSessionsAreResumed: the second connection of a client is one that resumes the first's
// session, and ticks drive it, too.
func TestSessionsAreResumed(t *testing.T) {
	t.Parallel()
	eachSecure(t, func(t *testing.T, kind string, version uint16) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		s.tls.MinVersion, s.tls.MaxVersion, s.tls.ServerName = version, version, "localhost"
		s.tls.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for i := range 2 {
			c := s.upgrade(binaryFrame("hello"))
			c.write(binaryFrame("x"))
			c.want("binary x")
			if !r.conn(t).Raw() {
				t.Fatal("no tick drives it")
			}
			if st := c.nc.(*tls.Conn).ConnectionState(); st.DidResume != (i > 0) {
				t.Fatalf("connection %d has resumed: %t", i, st.DidResume)
			}
		}
	})
}

// TestACertificateChanges: who is there plays on, and who comes is shown the new one.
func TestACertificateChanges(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := certificate()
	cfg := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		return &now, nil
	}}
	r := newRoom(t).run()
	s := openTLS(t, "tls", Options{OnHello: r.onHello}, cfg, nil)
	c := s.upgrade(binaryFrame("hello"))
	mu.Lock()
	now = newCertificate()
	mu.Unlock()
	d := s.upgrade(binaryFrame("hello"))
	for _, c := range []*client{c, d} {
		c.write(binaryFrame("x"))
		c.want("binary x")
	}
	shown := func(c *client) []byte { return c.nc.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw }
	if bytes.Equal(shown(c), shown(d)) {
		t.Error("who came later is shown the old certificate")
	}
}

// TestPagesByHTTP2: pages and calls come by HTTP/2 at the address at which WebSockets are HTTP/1.1.
func TestPagesByHTTP2(t *testing.T) {
	t.Parallel()
	r := newRoom(t).run()
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2", "http/1.1"}}
	s := openTLS(t, "tls", Options{OnHello: r.onHello}, cfg, nil)
	transport := &http.Transport{TLSClientConfig: s.tls.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		res, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != http.StatusUpgradeRequired {
			t.Error(res.Proto, res.Status)
		}
	}
	c := s.upgrade(binaryFrame("hello"))
	c.write(binaryFrame("x"))
	c.want("binary x")
}

// TestHandshakesTakeTurns: those beyond the bound wait, for as long as a handshake may take, and
// who does not go on takes nobody's turn.
func TestHandshakesTakeTurns(t *testing.T) {
	t.Parallel()
	r := newRoom(t).run()
	turns := NewHandshakes(1)
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	s := openTLS(t, "tls", Options{OnHello: r.onHello, HandshakeTimeout: time.Minute}, cfg, turns)
	free := func() { until(t, "the turn is free", func() bool { return len(turns.turns) == 0 }) }

	// Half a hello takes no turn.
	half, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = half.Close() }()
	if _, err := half.Write([]byte{recordHandshake, 3, 1, 1, 0, 1, 0}); err != nil {
		t.Fatal(err)
	}
	c := s.upgrade(binaryFrame("hello"))
	c.write(binaryFrame("x"))
	c.want("binary x")
	free()

	// One that waits goes on as soon as it may.
	if err := turns.take(time.Time{}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	waits := tls.Client(s.tcp(), s.tls)
	go func() { done <- waits.Handshake() }()
	until(t, "it waits", func() bool { return turns.Stats().Waiting == 1 })
	turns.give()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	_ = waits.Close()
	free()

	// One that breaks off while it waits, or computes, gives back what it has.
	if err := turns.take(time.Time{}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		nc := s.tcp()
		go func() { done <- tls.Client(nc, s.tls).Handshake() }()
		until(t, "it waits", func() bool { return turns.Stats().Waiting == i+1 })
		_ = nc.Close()
		if err := <-done; err == nil {
			t.Fatal("a handshake without a turn")
		}
	}
	turns.give()
	until(t, "nobody waits", func() bool { return turns.Stats().Waiting == 0 })
	free()
	if st := turns.Stats(); st.Late != 0 || st.Turns < 23 {
		t.Errorf("%+v", st)
	}
}

// TestHandshakesWaitNotForEver: a handshake whose turn does not come in time is given up.
func TestHandshakesWaitNotForEver(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	turns := NewHandshakes(0)
	for range cap(turns.turns) {
		if err := turns.take(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	s := openTLS(t, "tls", Options{OnHello: r.onHello, HandshakeTimeout: 50 * time.Millisecond}, cfg, turns)
	if err := tls.Client(s.tcp(), s.tls).Handshake(); err == nil {
		t.Fatal("it was not its turn")
	}
	until(t, "given up", func() bool { st := turns.Stats(); return st.Late == 1 && st.Waiting == 0 })
}

// TestTLSKeepsLittle: of a long hello, and of long records, no buffers stay.
func TestTLSKeepsLittle(t *testing.T) {
	t.Parallel()
	if len(spareBuffers) != 2 {
		t.Fatal("crypto/tls has other buffers than it had: see what they are called now")
	}
	r := newRoom(t).run()
	s := open(t, "tlsring", Options{OnHello: r.onHello, MaxMessage: 64 << 10})
	s.tls.NextProtos = []string{strings.Repeat("n", 255), strings.Repeat("o", 255), strings.Repeat("p", 255)} // of no use
	c := s.upgrade(binaryFrame("hello"))
	conn := r.conn(t).(*rawConn)
	kept := func() (n int) {
		until(t, "it can be looked at", func() bool { return conn.state.CompareAndSwap(0, 1) })
		defer conn.leave()
		for _, at := range spareBuffers {
			n += (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(conn.tls.top), at)).Cap()
		}
		return n
	}
	c.write(binaryFrame("x"))
	c.want("binary x")
	if n := kept(); n > 2*spareFirst {
		t.Errorf("after the handshake %d bytes stay", n)
	}
	c.write(binaryFrame(strings.Repeat("y", 50000)))
	c.want("binary " + strings.Repeat("y", 50000))
	until(t, "what records needed is gone", func() bool { return kept() <= 2*spareLater })
}

// TestTLSFromElsewhere: what a listener of crypto/tls gives is carried by gws.
func TestTLSFromElsewhere(t *testing.T) {
	t.Parallel()
	r := newRoom(t).run()
	s := open(t, "tlsforeign", Options{OnHello: r.onHello})
	c := s.upgrade(binaryFrame("hello"))
	if r.conn(t).Raw() {
		t.Fatal("a tick drives it")
	}
	c.write(binaryFrame("x"))
	c.want("binary x")
}
