package socket

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lxzan/gws"
)

const (
	readBuffer = 512             // of gws, per connection it reads
	farewell   = 2 * time.Second // how long a connection that has ended may wait for its peer
	helloPongs = 8               // pings answered before the hello
	helloSlack = 4 << 10         // bytes beside the hello itself
)

// pending is a connection from its handshake until it is seated, and the net.Conn that gws
// sees for as long as gws reads it. Between gws and the network it stands guard:
//
//   - what net/http had read already is read first;
//   - the close frames gws writes are noted, not sent, and its Close is ignored: all
//     connections end in one place, with our codes and no texts of Go errors;
//   - gws writes nothing else: pings reach our handler;
//   - the bytes of a message, headers of fragments and all, are bounded, and before the hello
//     there is a deadline.
type pending struct {
	net.Conn // the network
	g        *Gateway

	// The reading goroutine's.
	early   []byte // from net/http
	br      *bufio.Reader
	r       *http.Request
	cancel  context.CancelFunc // of r's context
	budget  int                // bytes that may still be read; -1: any
	pongs   int                // pings answered
	readErr error              // why reading ended
	reply   int                // the code gws would have closed with
	remote  *CloseError
	stop    bool // no more reading: the end is decided
	reason  string
	end     *CloseError
	adopt   func(Conn)
	fd      detached // the descriptor to be driven by ticks
	rest    []byte   // what follows the hello
	seat    *carried
	release func() // gives back what Options.Admit took

	// Anybody's. Conn is set under mu, too.
	mu      sync.Mutex
	aborted *CloseError // somebody wants it to end so
	why     string
}

// begin takes the connection over from net/http.
func (p *pending) begin(nc net.Conn, early []byte, r *http.Request) {
	p.early = append(p.early, early...)
	// net/http ends the request's context when the handler returns; its values stay.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	stop := context.AfterFunc(p.g.ctx, cancel)
	p.r, p.cancel = r.WithContext(ctx), func() { stop(); cancel() }
	p.budget = p.g.opt.MaxMessage + helloSlack
	p.br = newReader(p)
	p.mu.Lock()
	p.Conn = nc
	p.mu.Unlock()
}

// Read is gws reading.
func (p *pending) Read(b []byte) (int, error) {
	if p.stop {
		return 0, io.EOF
	}
	var n int
	if len(p.early) > 0 {
		n = copy(b, p.early)
		if p.early = p.early[n:]; len(p.early) == 0 {
			p.early = nil
		}
	} else {
		n, p.readErr = p.Conn.Read(b)
	}
	if p.seat != nil {
		p.seat.read(n)
	}
	if p.budget -= n; p.budget < 0 {
		p.fail(FailTooMuch, violation(CodePolicy, "too many bytes for one message"))
		return 0, io.EOF
	}
	return n, p.readErr
}

// refill is the budget of a seated connection's next message. gws does not count fragments,
// so their headers are counted as bytes.
func (p *pending) refill() {
	r := reader{max: p.g.opt.MaxMessage}
	p.budget = r.max + 8*r.maxFragments() + readBuffer
}

// Write is gws answering the handshake, or closing.
func (p *pending) Write(b []byte) (int, error) {
	if len(b) >= 2 && b[0] == bitFin|opClose {
		if len(b) >= 4 {
			p.reply = int(binary.BigEndian.Uint16(b[2:]))
		}
		return len(b), nil
	}
	return p.Conn.Write(b)
}

// Close is gws closing after its close frame; run closes.
func (p *pending) Close() error { return nil }

// fail decides the end of a connection that was not seated.
func (p *pending) fail(reason string, end *CloseError) {
	if !p.stop {
		p.stop, p.reason, p.end = true, reason, end
	}
}

// abort ends the connection from outside.
func (p *pending) abort(why string, end *CloseError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted == nil {
		p.aborted, p.why = end, why
	}
	if p.Conn != nil {
		_ = p.SetReadDeadline(past)
	}
}

// cut closes the network.
func (p *pending) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Conn != nil {
		_ = netConn(p.Conn).Close()
	}
}

var past = time.Unix(1, 0)

// arm sets the deadline for the hello; gws has cleared any that was set before.
func (p *pending) arm(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted != nil {
		t = past
	}
	_ = p.SetReadDeadline(t)
	_ = p.SetWriteDeadline(time.Now().Add(p.g.opt.HelloTimeout + farewell)) // pongs; TLS does not survive a write cut short
}

// run hears the hello and seats the connection; a carried one it reads until its end.
func (p *pending) run(ws *gws.Conn) {
	defer p.g.all.Done()
	p.arm(time.Now().Add(p.g.opt.HelloTimeout))
	if p.g.opt.NoHello {
		p.guard(func() { p.hello(nil) })
	}
	if !p.stop {
		p.loop(ws)
	}
	switch {
	case p.adopt != nil && p.seat == nil:
		p.seatRaw()
	case p.seat != nil:
		_, end := p.verdict()
		p.seat.finish(end)
	default:
		p.lose(p.verdict())
	}
}

// loop is gws's ReadLoop, contained: a frame whose 64-bit length has its top bit set makes
// it panic, and then it neither closes nor tells anybody.
func (p *pending) loop(ws *gws.Conn) {
	defer func() {
		if v := recover(); v != nil {
			p.g.opt.Logger.Debug("socket: gws panicked on a frame", "panic", v, "client", p.RemoteAddr().String())
			p.reply = CodeProtocol
		}
	}()
	ws.ReadLoop()
}

// guard runs our code: a panic in it ends this connection alone.
func (p *pending) guard(f func()) {
	defer func() {
		if v := recover(); v != nil {
			p.oops(v)
		}
	}()
	f()
}

func (p *pending) oops(v any) {
	p.g.opt.Logger.Error("socket: panic while a connection was seated", "panic", v, "stack", string(debug.Stack()))
	p.fail(FailPanic, &CloseError{Code: CodeInternal, Reason: "internal error"})
}

// verdict is how the connection ended, and why in one word.
func (p *pending) verdict() (string, *CloseError) {
	p.mu.Lock()
	aborted, why := p.aborted, p.why
	p.mu.Unlock()
	switch {
	case p.end != nil:
		return p.reason, p.end
	case aborted != nil:
		return why, aborted
	case p.remote != nil:
		return FailGone, p.remote
	case errors.Is(p.readErr, os.ErrDeadlineExceeded):
		return FailHello, violation(p.g.opt.HelloTimeoutCode, "no hello in time")
	case p.readErr != nil:
		return FailGone, &CloseError{Code: CodeAbnormal, Remote: true, Err: p.readErr}
	case p.reply == CodeTooBig:
		return FailProtocol, violation(CodeTooBig, "message too big")
	case p.reply == CodeInvalidData:
		return FailProtocol, violation(CodeInvalidData, "not UTF-8")
	}
	return FailProtocol, violation(CodeProtocol, "protocol error")
}

// lose ends a connection that is not seated.
func (p *pending) lose(reason string, end *CloseError) {
	p.g.failed(reason)
	p.g.doomed(p)
	p.g.opt.Logger.Debug("socket: connection not seated", "reason", reason, "client", p.RemoteAddr().String(), "end", end)
	if p.g.opt.OnRefused != nil && p.r != nil && !end.Remote && reason != FailRefused {
		p.g.opt.OnRefused(p.r, reason, end.Reason, end)
	}
	if p.cancel != nil {
		p.cancel()
	}
	p.fd.close()
	_ = p.SetDeadline(time.Now().Add(farewell))
	if frame := appendClose(nil, end); len(frame) > 0 {
		if _, err := p.Conn.Write(frame); err == nil {
			drain(p.Conn)
		}
	}
	_ = netConn(p.Conn).Close()
	p.g.leave(p)
	p.release()
}

// drain shuts the sending side and reads until the peer closes too or the deadline ends it.
func drain(c net.Conn) {
	if s, ok := c.(interface{ CloseWrite() error }); ok && s.CloseWrite() != nil {
		return
	}
	var trash [512]byte
	for {
		if _, err := c.Read(trash[:]); err != nil {
			return
		}
	}
}

// netConn is the connection under TLS: closing that one never waits.
func netConn(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}

// hello lets OnHello decide. The descriptor is taken first, so that nothing can fail after
// OnHello has said yes.
func (p *pending) hello(first []byte) {
	g := p.g
	if !g.heard(p) {
		p.fail(FailBusy, errBusy) // it had to give way a moment ago
		return
	}
	if g.opt.Transport != TransportGWS {
		fd, err := detach(p.Conn)
		switch {
		case err == nil:
			p.fd = fd
		case !errors.Is(err, errNotRaw):
			g.opt.Logger.Error("socket: no descriptor for a connection", "err", err)
			p.fail(FailDescriptors, &CloseError{Code: CodeTryAgain, Reason: "the server is full"})
			return
		}
	}
	adopt, err := g.opt.OnHello(p.r, first)
	p.cancel()
	p.r, p.cancel = nil, nil
	if err == nil && adopt == nil {
		err = errors.New("socket: OnHello returned neither a function nor an error")
		g.opt.Logger.Error(err.Error())
	}
	if err != nil {
		p.fail(FailRefused, closing(err))
		return
	}
	if p.fd.open() {
		// ReadLoop ends as soon as it comes back, since there is nothing to read.
		p.rest = p.pull()
		p.adopt, p.stop = adopt, true
		return
	}
	p.refill()
	p.mu.Lock()
	_ = p.SetDeadline(time.Time{})
	p.mu.Unlock()
	p.seat = newCarried(p)
	g.seat(p, p.seat)
	p.hand(adopt, p.seat)
}

// pull takes everything that was read but not parsed.
func (p *pending) pull() []byte {
	b, _ := p.br.Peek(p.br.Buffered())
	rest := append(append([]byte(nil), b...), p.early...)
	_, _ = p.br.Discard(len(b))
	p.early = nil
	return rest
}

// seatRaw hands the descriptor over; the original is closed, which also takes it out of
// the runtime's poller.
func (p *pending) seatRaw() {
	addr := p.RemoteAddr()
	if err := p.Conn.Close(); err != nil {
		p.g.opt.Logger.Debug("socket: closing the original of a seated connection", "err", err)
	}
	c := newRaw(p.g, p.fd, addr, p.rest)
	p.g.seat(p, c)
	p.hand(p.adopt, c)
}

// hand gives a seated connection away.
func (p *pending) hand(adopt func(Conn), c Conn) {
	defer func() {
		if v := recover(); v != nil {
			p.g.opt.Logger.Error("socket: panic while a connection was adopted", "panic", v, "stack", string(debug.Stack()))
			c.Close(CodeInternal, "internal error")
		}
	}()
	adopt(c)
}

// events is what gws calls, always in the goroutine that reads.
type events struct{}

func of(c *gws.Conn) *pending { return c.NetConn().(*pending) }

func (events) OnOpen(*gws.Conn) {}

func (events) OnPong(c *gws.Conn, payload []byte) {
	if p := of(c); p.seat != nil {
		p.budget += len(payload) + 6
	}
}

func (events) OnClose(c *gws.Conn, err error) {
	p := of(c)
	var ce *gws.CloseError
	if !errors.As(err, &ce) {
		return
	}
	// gws answers 1002 or 1007 to a close frame that is itself wrong.
	p.readErr = nil
	if p.reply == CodeProtocol || p.reply == CodeInvalidData {
		return
	}
	code := int(ce.Code)
	if code == 0 {
		code = CodeNoStatus
	}
	p.remote = &CloseError{Code: code, Reason: string(ce.Reason), Remote: true}
}

func (events) OnPing(c *gws.Conn, payload []byte) {
	p := of(c)
	if p.seat != nil {
		p.budget += len(payload) + 6
		p.seat.pong(payload)
		return
	}
	if p.pongs++; p.pongs <= helloPongs {
		_, _ = p.Conn.Write(appendControl(nil, opPong, payload))
	}
}

func (events) OnMessage(c *gws.Conn, m *gws.Message) {
	p := of(c)
	p.guard(func() {
		text := m.Opcode == gws.OpcodeText
		switch {
		case p.stop:
			_ = m.Close()
		case text && !p.g.opt.AllowText:
			p.fail(FailProtocol, violation(CodeUnsupported, "text messages are not spoken here"))
			_ = m.Close()
		case p.seat != nil:
			p.refill()
			p.seat.deliver(m)
		default:
			p.hello(m.Bytes())
			_ = m.Close()
		}
	})
}
