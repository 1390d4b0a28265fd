package socket

import (
	"io"
	"syscall"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// BatchSize is how many connections a Batch reads or writes with one system call.
const BatchSize = 64

const (
	batchBuffer = 1 << 10   // bytes read of each connection at first
	batchFrames = 256 << 10 // bytes of frames after which a Batch sends
	batchSealed = 128 << 10 // bytes of encrypted frames for which it has room
)

// Batch reads and writes many connections at a time. On Linux, where the kernel allows an
// io_uring, that is one system call for all of them, where each would take one: entering the
// kernel costs up to half as much as sending a small frame. Elsewhere, and for connections
// that are not raw, it does them one by one, to the same effect.
//
// One goroutine at a time uses a Batch. Close it after use.
type Batch struct {
	ring    *ring
	bufs    []byte // BatchSize read buffers
	scratch []byte // for connections that have more to say
	results [BatchSize]int32

	// Of the connections that are being read or written.
	n      int
	conns  [BatchSize]*rawConn
	which  [BatchSize]int    // their numbers
	frames [BatchSize][]byte // what is being sent
	queued int               // bytes of frames
	sealed []byte            // what of that is encrypted, one after another; nil until some is

	// Of the connections that are asked whether they have something to say, before they are read.
	asked    int
	question question
	askedOf  [BatchSize]*rawConn
	askedAt  [BatchSize]int // their numbers

	cur     int // number of the connection that delivers
	fn      func(i int, msg []byte) error
	deliver func(msg []byte) error
}

// NewBatch makes a Batch. If plain is set it does without io_uring.
func NewBatch(plain bool) *Batch {
	b := &Batch{scratch: make([]byte, 16<<10)}
	b.deliver = func(msg []byte) error { return b.fn(b.cur, msg) }
	if !plain {
		// Where there is none, the plain way is as good but for the cost.
		b.ring, _ = newRing(BatchSize)
	}
	if b.ring != nil {
		b.bufs = make([]byte, BatchSize*batchBuffer)
	}
	return b
}

// Ring reports whether the Batch has an io_uring.
func (b *Batch) Ring() bool { return b.ring != nil }

// Close gives the kernel back what the Batch holds of it. Frames that were queued and not
// flushed, since their maker has panicked, are not sent, but for those that are encrypted already: without them
// their clients could read nothing that follows.
func (b *Batch) Close() {
	for k := range b.n {
		if c := b.conns[k]; c != nil {
			if c.tls != nil {
				c.out.add(b.frames[k])
			}
			c.leave()
		}
		b.conns[k], b.frames[k] = nil, nil
	}
	b.n, b.queued = 0, 0
	b.unask(0)
	if b.ring != nil {
		b.ring.close()
		b.ring = nil
	}
}

// unask leaves the connections that are asked, from the k-th on.
func (b *Batch) unask(k int) {
	for ; k < b.asked; k++ {
		b.askedOf[k].leave()
		b.askedOf[k] = nil
	}
	b.asked = 0
	b.question.reset()
}

// Poll is Conn.Poll for the connections that conn returns for the numbers below n: fn is
// called with their messages, and over with the error of each that has ended. Those for which
// conn returns nil are passed over. If fn panics, Poll does, and the connections whose turn had not come are
// read no more.
func (b *Batch) Poll(n int, conn func(i int) Conn, fn func(i int, msg []byte) error, over func(i int, err error)) {
	b.fn = fn
	for i := range n {
		c := conn(i)
		if c == nil {
			continue
		}
		rc, raw := c.(*rawConn)
		if !raw || b.ring == nil {
			b.one(i, c, over)
			continue
		}
		if !rc.enter() {
			over(i, rc.ended())
			continue
		}
		switch {
		case rc.early != nil: // its first bytes are here already
			rc.leave()
			b.one(i, c, over)
		case rc.quiet >= asksFrom:
			b.question.add(rc.fd)
			b.askedOf[b.asked], b.askedAt[b.asked] = rc, i
			if b.asked++; b.asked == BatchSize {
				b.ask(over)
			}
		default:
			b.readLater(i, rc, over)
		}
	}
	b.ask(over)
	b.read(over)
	b.fn = nil
}

// readLater queues a connection, which has been entered, to be read.
func (b *Batch) readLater(i int, rc *rawConn, over func(i int, err error)) {
	b.ring.recv(rc.fd, b.bufs[b.n*batchBuffer:(b.n+1)*batchBuffer], b.n)
	b.conns[b.n], b.which[b.n] = rc, i
	if b.n++; b.n == BatchSize {
		b.read(over)
	}
}

// ask finds out which of the connections to ask have something to say, and queues those.
func (b *Batch) ask(over func(i int, err error)) {
	if b.asked == 0 {
		return
	}
	b.question.ask()
	k := 0
	defer func() { b.unask(k) }() // also after a panic
	for k < b.asked {
		rc := b.askedOf[k]
		b.askedOf[k] = nil
		k++
		switch {
		case !b.question.yes(k - 1):
			rc.noteRead(false)
			rc.leave()
		case b.ring == nil: // lost meanwhile
			rc.leave()
			b.one(b.askedAt[k-1], rc, over)
		default:
			b.readLater(b.askedAt[k-1], rc, over)
		}
	}
}

// asksFrom is from which value of rawConn.quiet on a connection is asked before it is read.
const asksFrom = 8

// noteRead notes whether a connection had something to say. Those that are silent in more than
// three of four ticks come to be asked before they are read; for the others that costs more
// than it saves.
func (c *rawConn) noteRead(something bool) {
	const most, back = 2 * asksFrom, 3
	switch {
	case !something:
		c.quiet = min(c.quiet+1, most)
	case c.quiet > back:
		c.quiet -= back
	default:
		c.quiet = 0
	}
}

// one polls one connection on its own.
func (b *Batch) one(i int, c Conn, over func(i int, err error)) {
	b.cur = i
	if err := c.Poll(b.scratch, b.deliver); err != nil {
		over(i, err)
	}
}

// read takes what the queued connections have and delivers it.
func (b *Batch) read(over func(i int, err error)) {
	if b.n == 0 {
		return
	}
	if err := b.ring.submit(b.results[:]); err != nil {
		b.lose(err)
		return
	}
	n := b.n
	k := 0
	defer func() {
		// After a panic: whoever has been entered must be left.
		for ; k < n; k++ {
			if c := b.conns[k]; c.tls != nil {
				c.keep(b.bufs[k*batchBuffer:], b.results[k])
			}
			b.conns[k].leave()
			b.conns[k] = nil
		}
		b.n = 0
	}()
	for k < n {
		c, i, res := b.conns[k], b.which[k], b.results[k]
		b.cur = i
		b.conns[k] = nil
		k++
		c.arrived(b.bufs[(k-1)*batchBuffer:k*batchBuffer], res, b.scratch, b.deliver)
		if err := c.ended(); err != nil {
			over(i, err)
		}
	}
}

// lose ends the connections whose system call could not be made: what the kernel did of it is
// not known. It does not happen on a sound kernel; after it the Batch does without the ring.
func (b *Batch) lose(err error) {
	for k := range b.n {
		b.conns[k].fail(&CloseError{Code: closecode.ServerFault, Reason: "internal error", Err: err})
		b.conns[k].leave()
		b.conns[k], b.frames[k] = nil, nil
	}
	b.n, b.queued = 0, 0
	b.Close()
}

// Send is Conn.SendReliable, but for when: at the latest when Flush is called. The frame must
// be left alone until then. over is called with the error of a connection, by its number. A caller that
// wants to skip the busy asks Conn.Flush first; between the two only a pong may come into the
// outbox, and the frame goes behind it.
func (b *Batch) Send(i int, c Conn, frame []byte, over func(i int, err error)) {
	if rc, raw := c.(*rawConn); raw && b.ring != nil {
		b.put(i, rc, seal(opBinary, frame), over)
	} else if err := c.SendReliable(frame); err != nil {
		over(i, err)
	}
}

// SendMessages is Conn.SendMessages, as Send is Conn.SendReliable.
func (b *Batch) SendMessages(i int, c Conn, messages []byte, over func(i int, err error)) {
	if rc, raw := c.(*rawConn); raw && b.ring != nil {
		b.put(i, rc, messages, over)
	} else if err := c.SendMessages(messages); err != nil {
		over(i, err)
	}
}

// put queues bytes for the ring, or puts them behind what waits already.
func (b *Batch) put(i int, rc *rawConn, sealed []byte, over func(i int, err error)) {
	if !rc.enter() {
		over(i, rc.ended())
		return
	}
	if rc.out.len() > 0 {
		err := rc.put(sealed, true)
		if rc.leave(); err != nil {
			over(i, err)
		}
		return
	}
	if rc.tls != nil {
		var err error
		if sealed, err = b.encrypt(rc, sealed, over); err != nil {
			rc.fail(broken(err))
			rc.leave()
			over(i, rc.ended())
			return
		}
	}
	b.ring.send(rc.fd, sealed, b.n)
	b.conns[b.n], b.which[b.n], b.frames[b.n] = rc, i, sealed
	b.queued += len(sealed)
	if b.n++; b.n == BatchSize || b.queued > batchFrames {
		b.Flush(over)
	}
}

// encrypt returns a frame as it is to be sent by a connection with TLS, in memory that is left
// alone until it has been.
func (b *Batch) encrypt(c *rawConn, frame []byte, over func(i int, err error)) ([]byte, error) {
	if b.sealed == nil {
		b.sealed = make([]byte, 0, batchSealed)
	}
	if len(b.sealed)+sealedSize(len(frame)) > batchSealed {
		b.Flush(over)
		b.sealed = b.sealed[:0]
	}
	from := len(b.sealed)
	out, err := c.tls.seal(b.sealed[from:], frame)
	if from+len(out) <= batchSealed { // else it has memory of its own
		b.sealed = b.sealed[:from+len(out)]
	}
	return out, err
}

// Flush sends what Send has queued.
func (b *Batch) Flush(over func(i int, err error)) {
	if b.n == 0 {
		return
	}
	if err := b.ring.submit(b.results[:]); err != nil {
		b.lose(err)
		return
	}
	for k := range b.n {
		c := b.conns[k]
		c.sent(b.frames[k], b.results[k])
		if err := c.ended(); err != nil {
			over(b.which[k], err)
		}
		b.conns[k], b.frames[k] = nil, nil
	}
	b.n, b.queued, b.sealed = 0, 0, b.sealed[:0]
}

// arrived goes on with a Poll, the descriptor entered, after recv has returned res and read
// into buf.
func (c *rawConn) arrived(buf []byte, res int32, scratch []byte, onMsg func([]byte) error) {
	c.onMsg = onMsg
	returned := false
	defer func() {
		if !returned { // onMsg panicked
			c.fail(&CloseError{Code: closecode.ServerFault, Reason: "internal error"})
		}
		c.onMsg = nil
		c.leave()
	}()
	c.pongs = 0
	c.noteRead(res > 0)
	var err error
	switch errno := syscall.Errno(-res); {
	case res > 0:
		if err = c.got(buf[:res], scratch); err == nil && int(res) == len(buf) {
			// There may be more.
			err = c.more(scratch)
		}
	case res == 0:
		err = broken(io.EOF)
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
	default:
		err = broken(errno)
	}
	if err == nil {
		err = c.settle()
	}
	if err != nil {
		c.fail(closing(err))
	}
	returned = true
}

// sent goes on with a Send, the descriptor entered, after send has returned res for b.
func (c *rawConn) sent(b []byte, res int32) {
	n := 0
	switch errno := syscall.Errno(-res); {
	case res >= 0:
		n = int(res)
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
	default:
		c.fail(broken(errno))
		c.leave()
		return
	}
	c.stats.BytesOut += uint64(n)
	c.stats.MessagesOut++
	if n < len(b) {
		c.out.add(b[n:])
	}
	c.leave()
}
