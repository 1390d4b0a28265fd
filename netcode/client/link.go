package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/proto/schema"
)

const (
	// A server answers a ping with its next tick, so pings leave at moments that have nothing to do with the
	// ticks: else the shortest round trip would have the same wait in it each time. The first ones
	// come sooner.
	firstPings = 5

	writeTimeout = 5 * time.Second
	closeTimeout = 2 * time.Second // for the server to close as well
)

// link is one connection of a client.
type link struct {
	c    *Client
	conn *gws.Conn

	// For the goroutine that reads, and after its end for that which owns the link.
	greeted bool          // the welcome has come
	since   time.Duration // when, by the client's clock

	heard   atomic.Uint64 // bytes that have come
	closing chan struct{} // closed when either side wants to end
	err     atomic.Pointer[CloseError]
	endOnce sync.Once
}

// run serves the connection until it ends: it starts the goroutine that reads and
// the one that writes, waits for both, and returns how it ended.
func (l *link) run() *CloseError {
	l.c.link.Store(l)
	if l.c.quitting() { // Close may have missed this link
		l.end(l.c.err.Load())
	}
	var wg sync.WaitGroup
	wg.Go(l.read)
	wg.Go(l.write)
	wg.Wait()
	return l.err.Load()
}

// read receives until the connection ends.
func (l *link) read() {
	// gws panics on a frame whose length has its top bit set, and then neither
	// closes nor tells anybody.
	defer func() {
		if p := recover(); p != nil {
			l.c.log.Error("the reader of the connection panicked", "panic", p, "stack", string(debug.Stack()))
			l.end(&CloseError{Code: closecode.ProtocolError, ByUs: true, Err: fmt.Errorf("%w: %v", ErrProtocol, p)})
		}
		_ = l.conn.NetConn().Close()
	}()
	l.conn.ReadLoop()
}

// write says hello, then sends what the session has to say, and pings.
func (l *link) write() {
	c := l.c
	ping := time.NewTimer(c.beat)
	defer ping.Stop()
	var pulse pulse
	quick := firstPings
	buf := c.s.AppendHello(nil)
	for {
		if len(buf) > 0 {
			if err := l.send(buf); err != nil {
				l.unsent(err)
			}
		}
		select {
		case <-l.closing:
			l.sayClose()
			return
		default:
		}
		var more bool
		if buf, more = c.s.AppendMessage(buf[:0]); more {
			continue
		}
		select {
		case <-l.closing:
		case <-c.woken:
		case <-ping.C:
			if quick > 0 && c.s.live() {
				quick--
				ping.Reset(c.beat/8 + rand.N(c.beat/4))
				c.s.Ping(c.now())
				continue
			}
			ping.Reset(c.beat/2 + rand.N(c.beat))
			if err := pulse.beat(l.heard.Load(), c.s.live(), c.beat); err != nil {
				l.end(&CloseError{Code: CloseLost, Err: err})
				continue
			}
			c.s.Ping(c.now())
		}
	}
}

// unsent waits for the reader to say how a connection has ended on which nothing can
// be sent any more: a close frame with a code may have come before that.
func (l *link) unsent(err error) {
	if !errors.Is(err, gws.ErrConnClosed) {
		_ = l.conn.NetConn().Close()
	}
	<-l.closing
}

func (l *link) send(b []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return l.conn.WriteMessage(gws.OpcodeBinary, b)
}

// sayClose tells the server why this side ends, unless it was the server that
// did, and gives it a moment to close as well.
func (l *link) sayClose() {
	e, conn := l.err.Load(), l.conn.NetConn()
	if !e.ByUs {
		_ = conn.Close()
		return
	}
	// gws closes the socket right after its close frame; if there is unread data
	// then the kernel resets the connection, and the frame may never be seen. A
	// whole frame may be written straight to the socket.
	f := ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(e.Code), truncate(e.Reason, 120))))
	b, err := ws.CompileFrame(f)
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(closeTimeout))
		_, err = conn.Write(b)
	}
	if err != nil {
		_ = conn.Close()
	}
}

func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return schema.ValidText(s)
}

// end notes why the connection ends; the first one to say so wins.
func (l *link) end(e *CloseError) {
	l.endOnce.Do(func() {
		l.err.Store(e)
		close(l.closing)
	})
}

// handler is what the connection calls.
type handler link

func (h *handler) OnOpen(*gws.Conn) {}

func (h *handler) OnPing(conn *gws.Conn, payload []byte) {
	_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_ = conn.WritePong(payload)
}

func (h *handler) OnPong(*gws.Conn, []byte) {}

func (h *handler) OnClose(_ *gws.Conn, err error) {
	e := &CloseError{Code: CloseLost, Err: err}
	var ce *gws.CloseError
	if errors.As(err, &ce) {
		e = &CloseError{Code: ce.Code, Reason: string(ce.Reason)}
	}
	(*link)(h).end(e)
}

func (h *handler) OnMessage(_ *gws.Conn, msg *gws.Message) {
	defer func() { _ = msg.Close() }()
	l := (*link)(h)
	c := l.c
	if msg.Opcode != gws.OpcodeBinary {
		l.end(&CloseError{Code: closecode.UnsupportedData, ByUs: true, Reason: "only binary messages", Err: ErrProtocol})
		return
	}
	if l.err.Load() != nil {
		return // on its way out
	}
	err := l.receive(msg.Bytes())
	if err != nil {
		c.log.Warn("the session ends", "error", err)
		l.end(&CloseError{Code: CloseCodeFor(err), ByUs: true, Reason: truncate(err.Error(), 120), Err: err})
		return
	}
	if c.s.Ready() {
		c.wake()
	}
}

func (l *link) receive(b []byte) (err error) {
	c := l.c
	c.state.Lock()
	defer c.state.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("client: a callback panicked: %v", p)
			c.log.Error("a callback panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	first := c.s.rep == nil
	if err := c.s.Receive(b, c.now()); err != nil {
		return err
	}
	if l.greeted || c.s.frame.Partial() {
		return nil
	}
	l.greeted, l.since = true, c.now()
	c.tokens.welcomed()
	c.s.Ping(c.now())
	if first {
		close(c.welcomed)
	} else {
		c.wake() // what was not answered goes out again
		c.tell(Live, nil)
	}
	return nil
}
