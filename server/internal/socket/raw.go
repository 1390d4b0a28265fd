package socket

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

const (
	rawPongs = 16      // pings answered in one Poll
	over     = 1 << 30 // in rawConn.state: nobody may begin to use the descriptor
)

// rawConn is a seated connection whose descriptor the tick reads and writes itself.
//
// The number of calls that use the descriptor is counted in state. Close sets a bit that lets
// nobody else in, and whoever finds the count at zero after that, Close itself or the last
// call to leave, ends the connection. So a descriptor that is closed, and perhaps somebody
// else's by now, is never touched, and Close waits for nobody.
type rawConn struct {
	// Anybody's.
	state atomic.Int32               // calls that use the descriptor, and the bit over
	end   atomic.Pointer[CloseError] // the first one counts

	// Fixed.
	g    *Gateway
	addr net.Addr

	// The owner's, while inside; then those of whoever ends the connection.
	fd    detached
	tls   *bottom // nil: none
	in    reader
	early []byte // read before the connection was seated; not nil with TLS until the first Poll
	out   outbox
	quiet uint8 // how seldom it has something to say: see noteRead
	pongs int
	onMsg func([]byte) error       // during Poll
	onAny func(bool, []byte) error // during PollAny
	stats Stats
}

var _ TextConn = (*rawConn)(nil)

func newRaw(g *Gateway, fd detached, addr net.Addr, tls *bottom, early []byte) *rawConn {
	c := &rawConn{g: g, addr: addr, fd: fd, tls: tls}
	c.in.max, c.in.text = g.opt.MaxMessage, g.opt.AllowText
	if len(early) > 0 {
		c.early = early
	}
	if c.early == nil && tls != nil {
		c.early = []byte{}
	}
	fd.tune(&g.opt)
	return c
}

func (c *rawConn) Raw() bool            { return true }
func (c *rawConn) RemoteAddr() net.Addr { return c.addr }

// enter reports whether the descriptor may be used; then leave must follow.
func (c *rawConn) enter() bool {
	for {
		s := c.state.Load()
		if s&over != 0 {
			return false
		}
		if c.state.CompareAndSwap(s, s+1) {
			return true
		}
	}
}

// leave follows each enter that has reported true.
func (c *rawConn) leave() {
	if c.state.Add(-1) == over {
		c.bury()
	}
}

// fail decides how the connection ends, if that is not decided yet.
func (c *rawConn) fail(end *CloseError) {
	if !c.end.CompareAndSwap(nil, end) {
		return
	}
	if c.state.Or(over) == 0 {
		c.bury()
	}
}

// Close ends the connection from our side.
func (c *rawConn) Close(code int, reason string) {
	c.fail(&CloseError{Code: code, Reason: clip(reason)})
}

func (c *rawConn) cut() { c.Close(closecode.Lost, "") }

// ended returns how the connection has ended, or nil.
func (c *rawConn) ended() error {
	if e := c.end.Load(); e != nil {
		return e
	}
	return nil
}

// bury gives the descriptor away. It runs once, when nobody is inside.
func (c *rawConn) bury() {
	last := appendClose(nil, c.end.Load())
	switch {
	case c.tls != nil:
		last = c.tls.farewell(c.out.bytes(), last)
	case len(last) > 0 && c.out.len() > 0:
		last = append(append([]byte(nil), c.out.bytes()...), last...)
	}
	if len(last) == 0 {
		c.fd.abort()
	} else {
		c.g.linger.seeOff(guest{fd: c.fd, rest: last})
	}
	c.fd, c.tls = detached{}, nil
	c.out.drop()
	c.in.drop()
	c.early = nil
	c.g.forget(c)
}

// Poll reads once and delivers.
func (c *rawConn) Poll(scratch []byte, fn func([]byte) error) error {
	return c.poll(scratch, fn, nil)
}

// PollAny reads once and delivers text too.
func (c *rawConn) PollAny(scratch []byte, fn func(bool, []byte) error) error {
	return c.poll(scratch, nil, fn)
}

func (c *rawConn) poll(scratch []byte, onMsg func([]byte) error, onAny func(bool, []byte) error) error {
	if !c.enter() {
		return c.ended()
	}
	c.onMsg, c.onAny = onMsg, onAny
	returned := false
	defer func() {
		if !returned { // fn panicked
			c.fail(&CloseError{Code: closecode.ServerFault, Reason: "internal error"})
		}
		c.onMsg, c.onAny = nil, nil
		c.leave()
	}()
	if err := c.receive(scratch); err != nil {
		c.fail(closing(err))
	}
	returned = true
	return c.ended()
}

func (c *rawConn) receive(scratch []byte) error {
	c.pongs = 0
	if b := c.early; b != nil {
		c.early = nil
		c.stats.BytesIn += uint64(len(b))
		if err := c.in.feed(b, c); err != nil {
			return err
		}
		if c.tls != nil {
			if err := c.decrypt(nil, scratch); err != nil {
				return err
			}
		}
	}
	if err := c.more(scratch); err != nil {
		return err
	}
	return c.settle()
}

// more reads once.
func (c *rawConn) more(scratch []byte) error {
	buf, plain := scratch, []byte(nil)
	if c.tls != nil {
		half := len(scratch) / 2
		buf, plain = scratch[:half], scratch[half:]
	}
	n, again, err := c.fd.recv(buf)
	switch {
	case again:
		return nil
	case err != nil:
		return broken(err)
	case n == 0:
		return broken(io.EOF)
	}
	return c.got(buf[:n], plain)
}

// got takes in what was read. plain is room for what TLS makes of it.
func (c *rawConn) got(b, plain []byte) error {
	if c.tls != nil {
		return c.decrypt(b, plain)
	}
	c.stats.BytesIn += uint64(len(b))
	return c.in.feed(b, c)
}

// settle ends a Poll: pongs go out, and a peer that takes nothing is noticed.
func (c *rawConn) settle() error {
	if c.pongs > 0 {
		_, err := c.flush()
		return err
	}
	return c.age()
}

// broken returns the end of a connection that the peer or the network has ended without a
// close frame.
func broken(err error) *CloseError {
	if errors.Is(err, syscall.ETIMEDOUT) { // unacknowledged for too long, says the kernel
		return dead()
	}
	return &CloseError{Code: closecode.Lost, Remote: true, Err: err}
}

// age ends the connection if its peer takes nothing.
func (c *rawConn) age() error {
	if c.out.stuck(c.g.opt.DeadAfter) && c.fd.lost() {
		return dead()
	}
	return nil
}

// message implements sink.
func (c *rawConn) message(text bool, msg []byte) error {
	c.stats.MessagesIn++
	if c.pongs > 0 { // before the message's answers, and out of their way
		if _, err := c.flush(); err != nil {
			return err
		}
	}
	var err error
	if c.onAny != nil {
		err = c.onAny(text, msg)
	} else {
		err = c.onMsg(msg)
	}
	if err != nil {
		return err
	}
	return c.ended() // it may have been closed by the callback
}

// control implements sink.
func (c *rawConn) control(op byte, payload []byte) error {
	switch op {
	case opClose:
		return parseClose(payload)
	case opPing:
		// A peer that does not read gets no pongs, and a flood of pings few.
		if c.pongs < rawPongs && (c.pongs > 0 || c.out.len() == 0) {
			c.pongs++
			if c.tls != nil {
				return c.hold(appendControl(nil, opPong, payload))
			}
			buf := c.out.fill()
			buf.b = appendControl(buf.b, opPong, payload)
		}
	}
	return nil
}

// Send hands one message to the kernel, or skips it.
func (c *rawConn) Send(frame []byte) error { return c.send(opBinary, frame, false) }

// SendReliable hands one message to the kernel or to the outbox.
func (c *rawConn) SendReliable(frame []byte) error { return c.send(opBinary, frame, true) }

// SendMessages hands several messages to the kernel or to the outbox.
func (c *rawConn) SendMessages(messages []byte) error { return c.sendSealed(messages, true) }

// SendAny is SendReliable for text too.
func (c *rawConn) SendAny(text bool, frame []byte) error {
	op := byte(opBinary)
	if text {
		op = opText
	}
	return c.send(op, frame, true)
}

func (c *rawConn) send(op byte, frame []byte, reliable bool) error {
	return c.sendSealed(seal(op, frame), reliable)
}

func (c *rawConn) sendSealed(b []byte, reliable bool) error {
	if !c.enter() {
		return c.ended()
	}
	err := c.put(b, reliable)
	c.leave()
	return err
}

// put sends b, or puts it into the outbox. The descriptor has been entered.
func (c *rawConn) put(b []byte, reliable bool) error {
	if n := c.out.len(); n > 0 {
		switch {
		case !reliable:
			return ErrBacklog
		case n+c.wire(len(b)) > c.g.opt.MaxOutbox:
			return ErrOverflow
		}
		if err := c.hold(b); err != nil {
			c.fail(broken(err))
			return c.ended()
		}
		c.stats.MessagesOut++
		return nil
	}
	if c.tls != nil {
		if err := c.putSealed(b); err != nil {
			c.fail(broken(err))
			return c.ended()
		}
		return nil
	}
	n, err := c.fd.send(b)
	if err != nil {
		c.fail(broken(err))
		return c.ended()
	}
	c.stats.BytesOut += uint64(n)
	c.stats.MessagesOut++
	if n < len(b) {
		c.out.add(b[n:])
	}
	return nil
}

// Flush offers the outbox to the kernel.
func (c *rawConn) Flush() (int, error) {
	if !c.enter() {
		return 0, c.ended()
	}
	n, err := c.flush()
	if err == nil {
		err = c.age()
	}
	if err != nil {
		c.fail(closing(err))
		n, err = 0, c.ended()
	}
	c.leave()
	return n, err
}

func (c *rawConn) flush() (int, error) {
	if c.out.len() == 0 {
		return 0, nil
	}
	n, err := c.fd.send(c.out.bytes())
	if err != nil {
		return 0, broken(err)
	}
	c.stats.BytesOut += uint64(n)
	c.out.took(n)
	return c.out.len(), nil
}

// RTT returns the kernel's smoothed round-trip time.
func (c *rawConn) RTT() time.Duration {
	if !c.enter() {
		return 0
	}
	d := c.fd.rtt()
	c.leave()
	return d
}

// Stats returns the counters.
func (c *rawConn) Stats() Stats {
	s := c.stats
	if c.enter() {
		s.Pending, s.Progress = c.out.len(), c.out.since
		c.leave()
	}
	return s
}
