package socket

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; nothing waits that long when all
// is well.
const patience = 20 * time.Second

// kinds are the ways a connection can be carried; every one passes the same suite.
var kinds = []string{"raw", "ring", "gws", "tls", "tlsring", "tlsgws"}

// encrypted reports whether a kind has TLS, driven whether ticks drive it.
func encrypted(kind string) bool { return strings.HasPrefix(kind, "tls") }
func driven(kind string) bool    { return !strings.HasSuffix(kind, "gws") }

// each runs a test once per kind, in parallel.
func each(t *testing.T, f func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(t, kind)
		})
	}
}

// site is a gateway behind an http.Server on loopback.
type site struct {
	*Gateway
	t    testing.TB
	kind string
	addr string
	tls  *tls.Config // the client's
}

// open starts a site of a kind. It is closed, and waited for, when the test ends.
func open(t testing.TB, kind string, opt Options) *site {
	t.Helper()
	return openTLS(t, kind, opt, &tls.Config{Certificates: []tls.Certificate{certificate()}}, NewHandshakes(1))
}

// openTLS is open with a configuration of TLS, for kinds that have it.
func openTLS(t testing.TB, kind string, opt Options, cfg *tls.Config, turns *Handshakes) *site {
	t.Helper()
	if !driven(kind) {
		opt.Transport = TransportGWS
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	g, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Gateway: g, t: t, kind: kind, addr: ln.Addr().String()}
	if encrypted(kind) {
		if kind == "tlsforeign" {
			ln = tls.NewListener(ln, cfg)
		} else {
			ln = Secure(ln, cfg, turns)
		}
		s.tls = &tls.Config{InsecureSkipVerify: true}
	}
	srv := g.Server(nil)
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) })
	t.Cleanup(func() {
		_ = srv.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Close(ctx); err != nil {
			t.Errorf("the gateway does not close: %v", err)
		}
		wg.Wait()
	})
	return s
}

// certificate is one for tests. Clients do not look at it.
var certificate = sync.OnceValue(newCertificate)

func newCertificate() tls.Certificate {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pub, priv)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: priv}
}

// dial opens a connection without a handshake.
func (s *site) dial() net.Conn {
	s.t.Helper()
	c := s.tcp()
	if s.tls == nil {
		return c
	}
	c = tls.Client(c, s.tls)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// tcp opens a connection without TLS.
func (s *site) tcp() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

const key = "dGhlIHNhbXBsZSBub25jZQ=="

// handshake is a valid request but for the lines in change: "Name: value" replaces,
// "Name:" removes.
func handshake(addr string, change ...string) string {
	lines := []string{"Host: " + addr, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key}
	for _, ch := range change {
		name, value, _ := strings.Cut(ch, ":")
		kept := lines[:0]
		for _, l := range lines {
			if !strings.HasPrefix(l, name+":") {
				kept = append(kept, l)
			}
		}
		lines = kept
		if strings.TrimSpace(value) != "" {
			lines = append(lines, ch)
		}
	}
	return "GET / HTTP/1.1\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// client speaks to a site in bytes of its own.
type client struct {
	t  testing.TB
	nc net.Conn
	br *bufio.Reader
}

// upgrade dials and shakes hands; extra follows the handshake in the same segment.
func (s *site) upgrade(extra []byte, change ...string) *client {
	s.t.Helper()
	if s.opt.Subprotocol != "" {
		change = append([]string{"Sec-WebSocket-Protocol: " + s.opt.Subprotocol}, change...)
	}
	c := &client{t: s.t, nc: s.dial()}
	c.br = bufio.NewReader(c.nc)
	c.write(append([]byte(handshake(s.addr, change...)), extra...))
	r, err := http.ReadResponse(c.br, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if r.StatusCode != http.StatusSwitchingProtocols {
		b, _ := io.ReadAll(r.Body)
		s.t.Fatalf("%s: %s", r.Status, b)
	}
	if got := r.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		s.t.Fatalf("Sec-WebSocket-Accept is %q", got)
	}
	if e := r.Header.Get("Sec-WebSocket-Extensions"); e != "" {
		s.t.Fatalf("extensions %q were negotiated", e)
	}
	return c
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// frame is a masked client frame. head is the first byte: FIN, reserved bits and opcode.
func frame(head byte, payload string) []byte {
	h := ws.Header{Fin: head&0x80 != 0, Rsv: head >> 4 & 7, OpCode: ws.OpCode(head & 15), Masked: true, Mask: [4]byte{0x12, 0x34, 0x56, 0x78}, Length: int64(len(payload))}
	var b bytes.Buffer
	if err := ws.WriteHeader(&b, h); err != nil {
		panic(err)
	}
	p := []byte(payload)
	ws.Cipher(p, h.Mask, 0)
	b.Write(p)
	return b.Bytes()
}

func binaryFrame(s string) []byte { return frame(0x82, s) }

func frames(list ...[]byte) []byte { return bytes.Join(list, nil) }

// unhex reads bytes written for people: spaces and line breaks do not count.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// readFrame reads a frame of at most 2 MB.
func readFrame(r io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err != nil {
		return f, err
	}
	if f.Header.Length > 2<<20 {
		return f, fmt.Errorf("a frame of %d bytes", f.Header.Length)
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// next reads a server frame and describes it: "binary abc", "pong x", "close 1002 why",
// or "gone" when the connection ends without a close frame.
func (c *client) next() string {
	c.t.Helper()
	f, err := readFrame(c.br)
	if err != nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			c.t.Fatal("the server says nothing")
		}
		_ = c.nc.Close()
		return "gone"
	}
	if f.Header.Masked || f.Header.Rsv != 0 || !f.Header.Fin {
		c.t.Fatalf("a server must not send %+v", f.Header)
	}
	switch f.Header.OpCode {
	case ws.OpBinary:
		return "binary " + string(f.Payload)
	case ws.OpText:
		return "text " + string(f.Payload)
	case ws.OpPong:
		return "pong " + string(f.Payload)
	case ws.OpClose:
		if len(f.Payload) == 0 {
			return "close"
		}
		code, why := ws.ParseCloseFrameData(f.Payload)
		return strings.TrimSpace(fmt.Sprintf("close %d %s", code, why))
	}
	return fmt.Sprintf("opcode %d %q", f.Header.OpCode, f.Payload)
}

// verdicts are the close frames the server sends of its own accord, with a reason.
var verdicts = map[string]bool{"close 1002": true, "close 1003": true, "close 1007": true, "close 1008": true, "close 1009": true, "close 1011": true}

func (c *client) want(list ...string) {
	c.t.Helper()
	for _, want := range list {
		got := c.next()
		if verdicts[want] && strings.HasPrefix(got, want+" ") {
			got = want // the words are ours to choose
		}
		if got != want {
			c.t.Fatalf("got %.200q, want %.200q", got, want)
		}
	}
}

// wantClose wants a close frame with a code, then the end of the connection.
func (c *client) wantClose(code int) {
	c.t.Helper()
	got := c.next()
	if got != fmt.Sprint("close ", code) && !strings.HasPrefix(got, fmt.Sprint("close ", code, " ")) {
		c.t.Fatalf("got %.200q, want close %d", got, code)
	}
	if got := c.next(); got != "gone" {
		c.t.Fatalf("after the close frame came %.200q", got)
	}
}

// room polls its connections in a goroutine, as a tick would.
type room struct {
	text  bool
	onMsg func(c Conn, msg []byte) error
	batch *Batch // of the kind "ring": what reads the connections, all at a time

	mu      sync.Mutex
	joining []Conn
	hellos  []string
	ends    chan *CloseError
	joined  chan Conn
	stop    chan struct{}
	wg      sync.WaitGroup
}

func newRoom(t testing.TB) *room {
	r := &room{ends: make(chan *CloseError, 4096), joined: make(chan Conn, 4096), stop: make(chan struct{})}
	if strings.Contains(t.Name(), "/ring") || strings.Contains(t.Name(), "/tlsring") {
		r.batch = NewBatch(false)
	}
	t.Cleanup(func() {
		close(r.stop)
		r.wg.Wait()
		if r.batch != nil {
			r.batch.Close()
		}
	})
	return r
}

// onHello seats everybody.
func (r *room) onHello(_ *http.Request, first []byte) (func(Conn), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hellos = append(r.hellos, string(first))
	return r.join, nil
}

func (r *room) join(c Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joining = append(r.joining, c)
	r.joined <- c
}

// run ticks until the test ends.
func (r *room) run() *room {
	r.wg.Go(func() {
		var conns []Conn
		scratch := make([]byte, 4096)
		out := make([]byte, Headroom, 4096)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-r.stop:
				return
			case <-tick.C:
			}
			r.mu.Lock()
			conns = append(conns, r.joining...)
			r.joining = nil
			r.mu.Unlock()
			errs := r.read(conns, scratch, &out)
			stay := conns[:0]
			for i, c := range conns {
				err := errs[i]
				if err == nil {
					_, err = c.Flush()
				}
				if err != nil {
					var ce *CloseError
					if !errors.As(err, &ce) {
						panic(fmt.Sprintf("%T is no *CloseError: %v", err, err))
					}
					r.ends <- ce
					continue
				}
				stay = append(stay, c)
			}
			conns = stay
		}
	})
	return r
}

// read reads all connections and gives the errors of those that have ended.
func (r *room) read(conns []Conn, scratch []byte, out *[]byte) []error {
	errs := make([]error, len(conns))
	if r.batch == nil || r.text {
		for i, c := range conns {
			errs[i] = r.tick(c, scratch, out)
		}
		return errs
	}
	r.batch.Poll(len(conns), func(i int) Conn { return conns[i] }, func(i int, msg []byte) error {
		if r.onMsg != nil {
			return r.onMsg(conns[i], msg)
		}
		*out = append((*out)[:Headroom], msg...)
		return conns[i].SendReliable(*out)
	}, func(i int, err error) { errs[i] = err })
	return errs
}

func (r *room) tick(c Conn, scratch []byte, out *[]byte) error {
	if r.text {
		tc := c.(TextConn)
		return tc.PollAny(scratch, func(text bool, msg []byte) error {
			*out = append((*out)[:Headroom], msg...)
			return tc.SendAny(text, *out)
		})
	}
	return c.Poll(scratch, func(msg []byte) error {
		if r.onMsg != nil {
			return r.onMsg(c, msg)
		}
		*out = append((*out)[:Headroom], msg...)
		return c.SendReliable(*out)
	})
}

func (r *room) end(t testing.TB) *CloseError {
	t.Helper()
	select {
	case e := <-r.ends:
		return e
	case <-time.After(patience):
		t.Fatal("no connection ends")
		return nil
	}
}

func (r *room) conn(t testing.TB) Conn {
	t.Helper()
	select {
	case c := <-r.joined:
		return c
	case <-time.After(patience):
		t.Fatal("no connection joins")
		return nil
	}
}

// until waits for a condition that no channel tells of.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !f() {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
		<-tick.C
	}
}

// payload is a frame for Send.
func payload(s string) []byte { return append(make([]byte, Headroom), s...) }
