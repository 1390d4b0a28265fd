package socket

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

const (
	writeChunk  = 8 << 10 // bytes per write of a carried connection, each with its deadline
	carriedPong = 16      // pings answered between two calls of Poll
)

// carried is a seated connection that gws reads, in a goroutine that ends when the connection does.
type carried struct {
	g *Gateway
	p *pending // what gws reads from, and what we write to

	// All that follows is guarded by mu.
	mu   sync.Mutex
	free sync.Cond // the inbox has room, the writer has ended, or the connection has

	// The inbox. When it is full the reader waits, and TCP slows the peer down.
	inbox []*gws.Message
	inlen int // bytes in it

	// The outbox, drained by a goroutine that lives while there is something to write.
	out     outbox
	writing bool
	pongs   int

	// How it ends.
	last *CloseError // what the reader ended with; it counts when the inbox is empty
	over *CloseError // the first one counts
	down bool        // the last byte to write is in the outbox

	stats Stats
}

func newCarried(p *pending) *carried {
	tune(netConn(p.Conn), &p.g.opt)
	c := &carried{g: p.g, p: p}
	c.free.L = &c.mu
	return c
}

var _ TextConn = (*carried)(nil)

func (c *carried) Raw() bool            { return false }
func (c *carried) RemoteAddr() net.Addr { return c.p.RemoteAddr() }
func (c *carried) RTT() time.Duration   { return rtt(netConn(c.p.Conn)) }

func (c *carried) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Pending, s.Progress = c.out.len(), c.out.since
	return s
}

// read counts what gws reads.
func (c *carried) read(n int) {
	c.mu.Lock()
	c.stats.BytesIn += uint64(n)
	c.mu.Unlock()
}

// deliver puts a message into the inbox, and waits while it is full.
func (c *carried) deliver(m *gws.Message) {
	n := m.Data.Len()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.over == nil && len(c.inbox) > 0 && (len(c.inbox) >= inboxMessages || c.inlen+n > 2*c.g.opt.MaxMessage) {
		c.free.Wait()
	}
	if c.over != nil {
		_ = m.Close()
		return
	}
	c.inbox = append(c.inbox, m)
	c.inlen += n
}

func (c *carried) Poll(_ []byte, fn func([]byte) error) error {
	return c.poll(func(_ bool, msg []byte) error { return fn(msg) })
}

func (c *carried) PollAny(_ []byte, fn func(bool, []byte) error) error {
	return c.poll(fn)
}

func (c *carried) poll(fn func(bool, []byte) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pongs = 0
	for n := len(c.inbox); n > 0 && len(c.inbox) > 0 && c.over == nil; n-- {
		m := c.inbox[0]
		c.inbox[0] = nil
		c.inlen -= m.Data.Len()
		if c.inbox = c.inbox[1:]; len(c.inbox) == 0 {
			c.inbox = nil
		}
		c.free.Broadcast()
		c.stats.MessagesIn++
		if err := c.call(fn, m); err != nil {
			c.shut(closing(err))
		}
	}
	if c.over == nil && c.last != nil && len(c.inbox) == 0 {
		c.shut(c.last)
	}
	c.age()
	return c.ended()
}

// call runs fn without the lock. If it panics the connection ends.
func (c *carried) call(fn func(bool, []byte) error, m *gws.Message) (err error) {
	c.mu.Unlock()
	done := false
	defer func() {
		_ = m.Close()
		c.mu.Lock()
		if !done {
			c.shut(&CloseError{Code: closecode.ServerFault, Reason: "internal error"})
		}
	}()
	err = fn(m.Opcode == gws.OpcodeText, m.Bytes())
	done = true
	return err
}

// ended returns how the connection has ended, or nil.
func (c *carried) ended() error {
	if c.over == nil {
		return nil
	}
	return c.over
}

// age ends the connection if its peer takes nothing.
func (c *carried) age() {
	if c.over == nil && c.out.stuck(c.g.opt.DeadAfter) && lost(c.p.Conn) {
		c.shut(dead())
	}
}

// dead returns the end of a connection whose peer takes nothing.
func dead() *CloseError {
	return &CloseError{Code: closecode.Lost, Reason: "peer is dead", Remote: true, Err: ErrDead}
}

func (c *carried) Send(frame []byte) error { return c.send(opBinary, frame, false) }

func (c *carried) SendReliable(frame []byte) error { return c.send(opBinary, frame, true) }

func (c *carried) SendMessages(messages []byte) error { return c.sendSealed(messages, true) }

func (c *carried) SendAny(text bool, frame []byte) error {
	op := byte(opBinary)
	if text {
		op = opText
	}
	return c.send(op, frame, true)
}

func (c *carried) send(op byte, frame []byte, reliable bool) error {
	return c.sendSealed(seal(op, frame), reliable)
}

func (c *carried) sendSealed(b []byte, reliable bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ended(); err != nil {
		return err
	}
	if n := c.out.len(); n > 0 {
		switch {
		case !reliable:
			return ErrBacklog
		case n+len(b) > c.g.opt.MaxOutbox:
			return ErrOverflow
		}
	}
	c.out.add(b)
	c.stats.MessagesOut++
	c.kick()
	return nil
}

func (c *carried) Flush() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age()
	return c.out.len(), c.ended()
}

// pong answers a ping, if nothing more important waits.
func (c *carried) pong(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended() != nil || c.pongs >= carriedPong || c.out.len() > carriedPong*(2+maxControlLength) {
		return
	}
	c.pongs++
	c.out.add(appendControl(nil, opPong, payload))
	c.kick()
}

// Close ends the connection from our side.
func (c *carried) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut(&CloseError{Code: code, Reason: clip(reason)})
}

// shut ends the connection; what waits to be read is dropped. The lock is held.
func (c *carried) shut(end *CloseError) {
	if c.over != nil {
		return
	}
	c.over = end
	for _, m := range c.inbox {
		_ = m.Close()
	}
	c.inbox, c.inlen = nil, 0
	c.bye(end)
	c.free.Broadcast()
}

// bye queues the close frame behind what waits and bounds the time all of it may take.
func (c *carried) bye(end *CloseError) {
	if c.down {
		return
	}
	c.down = true
	c.g.unseat(c)
	frame := appendClose(nil, end)
	if len(frame) == 0 {
		c.out.drop()
		_ = netConn(c.p.Conn).Close()
		return
	}
	_ = c.p.SetDeadline(time.Now().Add(farewell))
	c.out.add(frame)
	c.kick()
}

// kick borrows a goroutine to write.
func (c *carried) kick() {
	if c.writing {
		return
	}
	c.writing = true
	c.g.all.Add(1) // the reader holds a place, so this is never the first one
	go c.write()
}

// write drains the outbox and ends. Every write has a deadline, set once.
func (c *carried) write() {
	defer c.g.all.Done()
	chunk := newBuffer()
	defer chunk.free()
	plain := netConn(c.p.Conn) == c.p.Conn // over TLS a write can't be taken up again
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.out.len() > 0 {
		b := c.out.bytes()
		chunk.b = append(chunk.b[:0], b[:min(len(b), writeChunk)]...)
		if !c.down {
			_ = c.p.SetWriteDeadline(time.Now().Add(c.g.opt.DeadAfter))
		}
		c.mu.Unlock()
		n, err := c.p.Conn.Write(chunk.b)
		c.mu.Lock()
		c.stats.BytesOut += uint64(n)
		if c.out.buf != nil { // else the connection was cut
			c.out.took(n)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && plain && !c.down && c.out.len() > 0 && !lost(c.p.Conn) {
			continue // slow, not dead
		}
		if err != nil {
			c.out.drop()
			c.broke(err)
			break
		}
	}
	if c.down {
		if s, ok := c.p.Conn.(interface{ CloseWrite() error }); ok {
			c.mu.Unlock()
			_ = s.CloseWrite() // over TLS this writes
			c.mu.Lock()
		}
	}
	c.writing = false
	c.free.Broadcast()
}

// broke notes that a write failed.
func (c *carried) broke(err error) {
	end := &CloseError{Code: closecode.Lost, Remote: true, Err: err}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		end = dead()
	}
	c.shut(end)
	_ = netConn(c.p.Conn).Close()
}

// finish is called by the reader when gws has ended. It waits for the owner, who may have
// messages to take and to answer before, then for the peer to close too, and closes.
func (c *carried) finish(end *CloseError) {
	c.mu.Lock()
	c.last = end
	for c.over == nil {
		c.free.Wait()
	}
	c.mu.Unlock()
	var trash [512]byte
	for {
		if _, err := c.p.Conn.Read(trash[:]); err != nil {
			break
		}
	}
	c.mu.Lock()
	for c.writing {
		c.free.Wait()
	}
	c.mu.Unlock()
	_ = netConn(c.p.Conn).Close()
	c.g.forget(c)
}

// cut closes the network.
func (c *carried) cut() { c.p.cut() }
