package socket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

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

// loop runs gws's ReadLoop and catches its panics: a frame whose 64-bit length has its top
// bit set makes it panic, and then it neither closes nor tells anybody.
func (p *pending) loop(ws *gws.Conn) {
	defer func() {
		if v := recover(); v != nil {
			p.g.opt.Logger.Debug("socket: gws panicked on a frame", "panic", v, "client", p.RemoteAddr().String())
			p.reply = closecode.ProtocolError
		}
	}()
	ws.ReadLoop()
}

// guard runs our code: a panic in it ends this connection alone.
func (p *pending) guard(f func()) {
	defer func() {
		if v := recover(); v != nil {
			p.panicked(v)
		}
	}()
	f()
}

// panicked ends the connection after a panic in our code.
func (p *pending) panicked(v any) {
	p.g.opt.Logger.Error("socket: panic while a connection was seated", "panic", v, "stack", string(debug.Stack()))
	p.fail(FailPanic, &CloseError{Code: closecode.ServerFault, Reason: "internal error"})
}

// verdict returns how the connection ended, and the Fail constant for it.
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
		return FailHello, violation(p.g.opt.HelloTimeoutCode, fmt.Sprintf("no hello within %v", p.g.opt.HelloTimeout))
	case p.readErr != nil:
		return FailGone, &CloseError{Code: closecode.Lost, Remote: true, Err: p.readErr}
	case p.reply == closecode.TooBig:
		return FailProtocol, tooBig(p.g.opt.MaxMessage)
	case p.reply == closecode.InvalidData:
		return FailProtocol, violation(closecode.InvalidData, "not UTF-8")
	}
	return FailProtocol, violation(closecode.ProtocolError, "protocol error")
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
	p.onEnd()
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

// socketOf returns the connection that ticks would drive: what is below TLS, if they can, else c.
func socketOf(c net.Conn) net.Conn {
	if b := bottomOf(c); b != nil {
		return b
	}
	return c
}

// netConn returns the connection under TLS, or c: closing that one never waits.
func netConn(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}

// plain returns the TCP connection that c is, or that it counts for somebody (package door);
// not one under TLS.
func plain(c net.Conn) (*net.TCPConn, bool) {
	if p, ok := c.(interface{ Plain() *net.TCPConn }); ok {
		c = p.Plain()
	}
	t, _ := c.(*net.TCPConn)
	return t, t != nil
}

// hello has OnHello decide. The descriptor is taken first, so that nothing can fail after
// OnHello has said yes.
func (p *pending) hello(first []byte) {
	g := p.g
	if !g.heard(p) {
		p.fail(FailBusy, errBusy) // it had to give way a moment ago
		return
	}
	if g.opt.Transport != TransportGWS {
		fd, err := detach(socketOf(p.Conn))
		switch {
		case err == nil:
			p.fd = fd
		case !errors.Is(err, errNotRaw):
			g.noFile.Do(func() {
				g.opt.Logger.Error("socket: no descriptor for a connection; allow the process more open files (LimitNOFILE=, ulimit -n)", "err", err)
			})
			p.fail(FailDescriptors, &CloseError{Code: closecode.TryLater, Reason: "the server is full"})
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

// pull returns everything that was read but not parsed.
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
	under, err := p.letGo()
	if err != nil {
		p.g.opt.Logger.Debug("socket: closing the original of a seated connection", "err", err)
	}
	c := newRaw(p.g, p.fd, addr, under, p.rest)
	p.g.seat(p, c)
	p.hand(p.adopt, c)
}

// letGo closes the original of a descriptor that ticks are to drive, but not the TLS above it, of
// which it returns the lower end.
func (p *pending) letGo() (*bottom, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := bottomOf(p.Conn); b != nil {
		return b, b.handOver(p.Conn.(*tls.Conn))
	}
	return nil, p.Conn.Close()
}

// hand gives a seated connection to its owner.
func (p *pending) hand(adopt func(Conn), c Conn) {
	defer func() {
		if v := recover(); v != nil {
			p.g.opt.Logger.Error("socket: panic while a connection was adopted", "panic", v, "stack", string(debug.Stack()))
			c.Close(closecode.ServerFault, "internal error")
		}
	}()
	adopt(c)
}
