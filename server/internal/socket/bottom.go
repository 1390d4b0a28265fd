package socket

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// maxHandshake bounds what a client may say in a handshake, which TLS keeps room for as long as the connection
// lives. A client's is seldom longer than 2 KB.
const maxHandshake = 16 << 10

// Secure returns a listener whose connections speak TLS, and can be driven by ticks once they
// are seated; tls.NewListener's can't. turns bounds handshakes; nil: nothing does.
func Secure(ln net.Listener, cfg *tls.Config, turns *Handshakes) net.Listener {
	cfg = cfg.Clone()
	// One record for a message. By itself TLS begins with records as small as a segment.
	cfg.DynamicRecordSizingDisabled = true
	return &secured{ln, cfg, turns}
}

type secured struct {
	net.Listener
	cfg   *tls.Config
	turns *Handshakes
}

func (l *secured) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(&bottom{net: c, turns: l.turns}, l.cfg), nil
}

// bottom is the net.Conn below TLS: the network at first, and when ticks drive the connection
// memory, with the bytes that a tick has read and those that it is to write. Then nothing in it waits.
type bottom struct {
	turns *Handshakes

	// Anybody's, until ticks drive the connection.
	limit  atomic.Int64 // of reading, Unix time in nanoseconds; 0: none
	turn   atomic.Bool  // it has one of turns
	closed atomic.Bool

	// The reading goroutine's, then the owner's.
	seen  records
	shook int // bytes of handshakes

	// The owner's, while ticks drive the connection. net and top are set once more, by handOver.
	net   net.Conn  // nil from then on
	top   *tls.Conn // nil until then
	ahead bool      // TLS may hold more than it was asked for
	alert bool      // TLS has ended with an alert, which is in the outbox
	whole int       // records that TLS has taken, and
	size  int       // their bytes
	idle  int       // records without data that were too many of late
	said  int       // bytes in the outbox that TLS has said by itself, at most
	in    []byte    // what TLS is to read
	late  []byte    // what it is to read before that, since it could not when it came
	out   []byte    // what it has written
}

var _ net.Conn = (*bottom)(nil)

// bottomOf returns what is below a connection with TLS if ticks can drive it, else nil.
func bottomOf(c net.Conn) *bottom {
	if t, ok := c.(*tls.Conn); ok {
		b, _ := t.NetConn().(*bottom)
		return b
	}
	return nil
}

// handOver makes ticks the connection's driver: what TLS reads and writes is memory from now on, and the network's
// connection is closed; its descriptor has been duplicated. TLS must not be in use meanwhile.
func (b *bottom) handOver(top *tls.Conn) error {
	b.rest()
	c := b.net
	b.net, b.top, b.ahead = nil, top, true
	return c.Close()
}

// nothing is that a tick has read no more: an error that TLS survives, since it is temporary.
type nothing struct{}

func (nothing) Error() string   { return "no more bytes in this tick" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

var errNothing net.Error = nothing{}

// Read is called by TLS. Of what a tick has read it gives a record at a time at most, so that it is
// known how many TLS has taken, and TLS keeps no more than one.
func (b *bottom) Read(p []byte) (int, error) {
	if b.top == nil {
		return b.wait(p)
	}
	if len(b.in) == 0 {
		return 0, errNothing
	}
	n, whole := b.seen.next(b.in[:min(len(b.in), len(p))])
	copy(p, b.in[:n])
	b.in = b.in[n:]
	if whole {
		b.whole++
		b.size += b.seen.size()
	}
	return n, nil
}

// wait reads from the network. It returns what a handshake goes on with when it is its turn.
func (b *bottom) wait(p []byte) (int, error) {
	b.rest()
	n, err := b.net.Read(p)
	size := b.seen.handshake(p[:n])
	if b.shook += size; b.shook > maxHandshake {
		return 0, errors.New("socket: a TLS handshake of too many bytes")
	}
	if size > 0 && b.turns != nil {
		var until time.Time
		if l := b.limit.Load(); l != 0 {
			until = time.Unix(0, l)
		}
		if err := b.turns.take(until); err != nil {
			return 0, err
		}
		b.turn.Store(true)
		if b.closed.Load() {
			b.rest()
		}
	}
	return n, err
}

// rest gives back the turn, if there is one.
func (b *bottom) rest() {
	if b.turn.CompareAndSwap(true, false) {
		b.turns.give()
	}
}

// Write is called by TLS, with a record at a time.
func (b *bottom) Write(p []byte) (int, error) {
	if b.top == nil {
		return b.net.Write(p)
	}
	b.out = append(b.out, p...)
	return len(p), nil
}

// Close closes the network's connection.
func (b *bottom) Close() error {
	if b.top != nil {
		return nil
	}
	b.closed.Store(true)
	b.rest()
	return b.net.Close()
}

// NetConn returns the network's connection.
func (b *bottom) NetConn() net.Conn { return b.net }

// Plain returns the network's connection for those who need its descriptor, nil if it has none.
func (b *bottom) Plain() *net.TCPConn {
	t, _ := plain(b.net)
	return t
}

// LocalAddr returns nil when ticks drive the connection.
func (b *bottom) LocalAddr() net.Addr {
	if b.net == nil {
		return nil
	}
	return b.net.LocalAddr()
}

// RemoteAddr returns nil when ticks drive the connection, which then knows it.
func (b *bottom) RemoteAddr() net.Addr {
	if b.net == nil {
		return nil
	}
	return b.net.RemoteAddr()
}

// SetDeadline means nothing when ticks drive the connection.
func (b *bottom) SetDeadline(t time.Time) error {
	if b.net == nil {
		return nil
	}
	b.limitTo(t)
	return b.net.SetDeadline(t)
}

// SetReadDeadline means nothing when ticks drive the connection.
func (b *bottom) SetReadDeadline(t time.Time) error {
	if b.net == nil {
		return nil
	}
	b.limitTo(t)
	return b.net.SetReadDeadline(t)
}

// SetWriteDeadline means nothing when ticks drive the connection.
func (b *bottom) SetWriteDeadline(t time.Time) error {
	if b.net == nil {
		return nil
	}
	return b.net.SetWriteDeadline(t)
}

func (b *bottom) limitTo(t time.Time) {
	if t.IsZero() {
		b.limit.Store(0)
		return
	}
	b.limit.Store(t.UnixNano())
}
