package socket

import (
	"errors"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// What is different about a raw connection with TLS. crypto/tls does all of it, after its
// handshake in memory: what a tick has read goes through it into the reader of frames, and what is to be sent
// through it into the batch, or the outbox. What it has encrypted once must be sent, in order; so nothing
// is encrypted that could still be skipped.

// maxIdle bounds the records without data (changes of keys, empty records) beyond one for each time that
// something was read: each may cost as much as a few hundred bytes of data.
const maxIdle = 64

// maxSaid bounds the bytes that TLS has said by itself and the peer does not take.
const maxSaid = 4 << 10

// decrypt hands what has arrived to TLS, and the messages in it on. plain is room for them.
func (c *rawConn) decrypt(b, plain []byte) error {
	s := c.tls
	s.in = b
	if s.late != nil {
		s.in, s.late = append(s.late, b...), nil
	}
	err := c.readRecords(s, plain)
	s.in = nil
	return err
}

func (c *rawConn) readRecords(s *bottom, plain []byte) error {
	s.idle = max(0, s.idle-1)
	all := s.ahead // also what TLS has taken from the network before
	s.ahead = false
	for more := all; more || len(s.in) > 0; {
		s.whole, s.size = 0, 0
		n, err := s.top.Read(plain)
		over := err != nil && !errors.Is(err, errNothing)
		if len(s.out) > 0 { // the answer to a change of keys, or an alert
			c.out.add(s.out)
			s.said += len(s.out)
			s.out, s.alert = nil, over
			if over {
				return broken(err)
			}
			if err := c.urgent(); err != nil {
				return err
			}
		}
		if s.idle += s.idled(n); s.idle > maxIdle {
			return violation(closecode.Policy, "too many TLS records without data")
		}
		if n > 0 {
			c.stats.BytesIn += uint64(n)
			if err := c.in.feed(plain[:n], c); err != nil {
				return err
			}
		}
		if over {
			return broken(err)
		}
		if err != nil {
			break
		}
		more = all || n == len(plain)
	}
	switch {
	case all:
		s.spare(spareFirst)
	case c.quiet >= asksFrom: // it says something so seldom that it needs no buffer until then
		s.spare(0)
	default:
		s.spare(spareLater)
	}
	return nil
}

// idled returns what the records without data count that TLS has taken, when it gave n bytes: one each, and
// more if they are long, since TLS keeps pieces of a message until it is whole.
func (b *bottom) idled(n int) int {
	if n > 0 {
		return max(0, b.whole-1)
	}
	return b.whole + b.size/256
}

// urgent sends what TLS has said by itself, or bounds it with what waits.
func (c *rawConn) urgent() error {
	pending, err := c.flush()
	if err == nil && pending == 0 {
		c.tls.said = 0
	}
	if err == nil && c.tls.said > maxSaid {
		err = violation(closecode.Policy, "changes its keys, and takes no answer")
	}
	return err
}

// hold puts bytes into the outbox, encrypted if need be.
func (c *rawConn) hold(b []byte) error {
	buf := c.out.fill()
	if c.tls == nil {
		buf.b = append(buf.b, b...)
		return nil
	}
	var err error
	buf.b, err = c.tls.seal(buf.b, b)
	return err
}

// wire bounds what n bytes need in the outbox.
func (c *rawConn) wire(n int) int {
	if c.tls == nil {
		return n
	}
	return sealedSize(n)
}

// putSealed encrypts b and sends it; the outbox is empty.
func (c *rawConn) putSealed(b []byte) error {
	buf := newBuffer()
	defer buf.free()
	var err error
	if buf.b, err = c.tls.seal(buf.b, b); err != nil {
		return err
	}
	n, err := c.fd.send(buf.b)
	if err != nil {
		return err
	}
	c.stats.BytesOut += uint64(n)
	c.stats.MessagesOut++
	if n < len(buf.b) {
		c.out.add(buf.b[n:])
	}
	return nil
}

// keep puts aside what was read of a connection and could not be handed on, since another one's
// message made a callback panic: TLS can't do without.
func (c *rawConn) keep(buf []byte, res int32) {
	if res > 0 {
		c.tls.late = append(c.tls.late, buf[:res]...)
		c.tls.ahead, c.early = true, []byte{}
	}
}

// seal appends p to dst, encrypted: a record for each 16 KB.
func (b *bottom) seal(dst, p []byte) ([]byte, error) {
	b.out = dst
	_, err := b.top.Write(p)
	dst, b.out = b.out, nil
	return dst, err
}

// farewell returns the last bytes for the peer: what waits, the close frame and the end of TLS; or the alert
// that TLS has ended with. Without either the connection is cut.
func (b *bottom) farewell(waits, frame []byte) []byte {
	if len(frame) == 0 && !b.alert {
		return nil
	}
	b.out = append([]byte(nil), waits...)
	if len(frame) > 0 {
		if _, err := b.top.Write(frame); err == nil {
			_ = b.top.CloseWrite()
		}
	}
	last := b.out
	b.out = nil
	return last
}
