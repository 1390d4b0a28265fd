package client

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// Client is a session with a connection. Its methods may be called from any
// goroutine; callbacks run on the one that receives, with the state locked: they
// may send, but must not call View, Call or Close.
type Client struct {
	s    *Session
	url  *url.URL
	log  *slog.Logger
	opts Options
	beat time.Duration // between pings

	state sync.Mutex // held while a message is applied and while it is viewed

	woken    chan struct{} // something is to be sent; holds one
	welcomed chan struct{} // closed
	done     chan struct{} // closed when all has ended
	tokens   *renewer

	ctx      context.Context // ends when this side is done
	quit     context.CancelFunc
	err      atomic.Pointer[CloseError]
	link     atomic.Pointer[link] // the newest
	quitOnce sync.Once
	start    time.Time

	// For the goroutine that runs the client, and after its end for Dial.
	keptOut error  // by what the last attempt to join has failed; nil: none has
	stage   string // how far the newest one has come
}

func (c *Client) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// View calls fn with the replica, which does not change meanwhile and must not
// be kept.
func (c *Client) View(fn func(r *replica.Replica)) {
	c.state.Lock()
	defer c.state.Unlock()
	fn(c.s.Replica())
}

// SendInput sends an input for a tick, 0: as soon as possible, and returns its
// sequence number. in is the schema's input message; it is encoded at once.
func (c *Client) SendInput(tick uint32, in schema.Message) uint32 {
	return c.SendRawInput(tick, in.AppendProto(nil))
}

// SendRawInput is SendInput for an input that has been encoded.
func (c *Client) SendRawInput(tick uint32, data []byte) uint32 {
	seq := c.s.SendInput(tick, data)
	c.wake()
	return seq
}

// Session returns the protocol's side of the client: clock, statistics, pending
// inputs.
func (c *Client) Session() *Session { return c.s }

// Welcome returns what the server said when it let the client in.
func (c *Client) Welcome() *tickroomv1.Welcome { return c.s.Welcome() }

// Stats returns the counts so far.
func (c *Client) Stats() Stats { return c.s.Stats() }

// ServerTick estimates the tick that the server is in at a time, with a
// fraction.
func (c *Client) ServerTick(at time.Time) float64 { return c.s.ServerTick(at.Sub(c.start)) }

// ServerTime estimates the server's wall clock now; false before the first pong.
func (c *Client) ServerTime() (time.Time, bool) { return c.s.ServerTime(c.now()) }

// InputTick returns the tick, with a fraction, at which to show at a time what the player steers itself; an input
// that is made then is for the next whole one. See Session.InputTick.
func (c *Client) InputTick(at time.Time) float64 { return c.s.InputTick(at.Sub(c.start)) }

// SetEvery asks for one snapshot in so many ticks from now on, also when the client has
// come back; 0 and 1: one in each.
func (c *Client) SetEvery(n uint32) {
	c.s.SetEvery(n)
	c.wake()
}

// Done is closed when the client has ended and nothing of it runs any more.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns how the client ended, as a *CloseError; nil before that.
func (c *Client) Err() error {
	if e := c.err.Load(); e != nil {
		return e
	}
	return nil
}

// Close ends the session with a code and a reason, and waits until all has
// ended. It may be called more than once; only the first has a say.
func (c *Client) Close(code uint16, reason string) {
	c.close(&CloseError{Code: code, Reason: reason, ByUs: true})
}

func (c *Client) close(e *CloseError) {
	c.quitOnce.Do(func() {
		c.err.CompareAndSwap(nil, e)
		c.quit()
		if l := c.link.Load(); l != nil {
			l.end(e)
		}
	})
	<-c.done
}
