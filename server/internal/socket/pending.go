package socket

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

const (
	readBuffer = 512             // of gws, per connection it reads
	farewell   = 2 * time.Second // how long a connection that has ended may wait for its peer
	helloPongs = 8               // pings answered before the hello
	helloSlack = 4 << 10         // bytes beside the hello itself
)

// pending is a connection from its handshake until it is seated, and the net.Conn that gws
// sees for as long as gws reads it. It stands guard between gws and the network:
//
//   - what net/http had read already is read first;
//   - the close frames gws writes are noted, not sent, and its Close is ignored: all
//     connections end in one place, with our codes and no texts of Go errors;
//   - gws writes nothing else: pings reach our handler;
//   - the bytes of a message, headers of fragments and all, are bounded, and before the hello
//     there is a deadline.
type pending struct {
	net.Conn // the network; set under mu
	g        *Gateway

	// The reading goroutine's.
	early   []byte             // from net/http
	br      *bufio.Reader      // of gws
	r       *http.Request      // nil once OnHello has decided
	cancel  context.CancelFunc // of r's context
	budget  int                // bytes that may still be read; -1: any
	pongs   int                // pings answered
	readErr error              // why reading ended
	reply   int                // the code gws would have closed with
	remote  *CloseError        // the peer's close frame
	stop    bool               // no more reading: the end is decided, or a tick drives it
	reason  string             // the Fail constant that goes with end
	end     *CloseError
	adopt   func(Conn) // of OnHello, for a raw connection
	fd      detached   // the descriptor to be driven by ticks
	rest    []byte     // what follows the hello
	seat    *carried   // not nil: it is seated, and read here
	onEnd   func()     // of Options.OnHandshake

	// Anybody's, guarded by mu.
	mu      sync.Mutex
	aborted *CloseError // somebody wants it to end so; nil: nobody
	why     string      // the Fail constant that goes with aborted
}

// begin takes the connection over from net/http, which has read early already.
func (p *pending) begin(nc net.Conn, early []byte, r *http.Request) {
	p.early = append(p.early, early...)
	// net/http ends the request's context when the handler returns; its values stay.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	stop := context.AfterFunc(p.g.ctx, cancel)
	p.r, p.cancel = r.WithContext(ctx), func() { stop(); cancel() }
	p.budget = p.g.opt.MaxMessage + helloSlack
	p.br = bufio.NewReaderSize(p, readBuffer)
	p.mu.Lock()
	p.Conn = nc
	p.mu.Unlock()
}

// Read is called by gws.
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
		p.fail(FailTooMuch, violation(closecode.Policy, fmt.Sprintf("too many bytes for a message of at most %d", p.g.opt.MaxMessage)))
		return 0, io.EOF
	}
	return n, p.readErr
}

// refill sets the budget of a seated connection's next message. gws does not count
// fragments, so their headers are counted as bytes.
func (p *pending) refill() {
	r := reader{max: p.g.opt.MaxMessage}
	p.budget = r.max + 8*r.maxFragments() + readBuffer
}

// Write is called by gws, to answer the handshake, or to close.
func (p *pending) Write(b []byte) (int, error) {
	if len(b) >= 2 && b[0] == bitFin|opClose {
		if len(b) >= 4 {
			p.reply = int(binary.BigEndian.Uint16(b[2:]))
		}
		return len(b), nil
	}
	return p.Conn.Write(b)
}

// Close is called by gws after its close frame. It does nothing: run closes.
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
