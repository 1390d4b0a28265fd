package attack

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// counts is what an attacker, or a player, has put on its sockets and taken from them.
type counts struct {
	sent, received atomic.Int64
}

// counted counts the bytes of a connection.
type counted struct {
	net.Conn
	n *counts
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n.sent.Add(int64(n))
	return n, err
}

// Kind is a kind of attack.
type Kind struct {
	Name string
	// Doc says in one sentence what the attacker does.
	Doc string
	// Rate is how often per second at most, 0: as often as it can.
	Rate float64
	// run attacks until ctx is done or the strike has had enough. The error is why it could not
	// begin; that the server defends itself is none.
	run func(ctx context.Context, s *Strike) error
	// unfit says why the kind is nothing for a target; nil: it is for all.
	unfit func(*Target) string
}

// Strike is one attack that goes on.
type Strike struct {
	Target *Target
	// From is the address of this machine that it comes from. Empty: any.
	From string
	// Most is how often it acts at most, 0: any number of times.
	Most int
	// Rate is how often per second at most, 0: any.
	Rate float64

	count counts
	done  atomic.Int64 // actions that were begun
	won   atomic.Int64 // of them, those that the server did

	mu   sync.Mutex
	kept []net.Conn // connections that are held until the end
	last string     // what the server said last against it
}

// Result is what an attacker tells of itself.
type Result struct {
	// Actions is how often it has acted, Done how often the server has done what it wanted.
	Actions int64 `json:"actions"`
	Done    int64 `json:"done"`
	// Sent and Received are bytes.
	Sent     int64 `json:"sent"`
	Received int64 `json:"received"`
	// Refusal is one of the answers with which the server has refused something.
	Refusal string `json:"refusal,omitempty"`
	// CPU is the processor time of the process, in seconds.
	CPU float64 `json:"cpu_s"`
}

// Run attacks until ctx is done, or the strike has acted as often as it may, and lets go of
// all that it held.
func (s *Strike) Run(ctx context.Context, k *Kind) error {
	if s.Rate == 0 {
		s.Rate = k.Rate
	}
	defer s.release()
	return k.run(ctx, s)
}

// Result returns what has come of it so far.
func (s *Strike) Result() Result {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	return Result{Actions: s.done.Load(), Done: s.won.Load(), Sent: s.count.sent.Load(), Received: s.count.received.Load(), Refusal: last}
}

// dialer returns what connects the attacker.
func (s *Strike) dialer() *dialer { return &dialer{target: s.Target, from: s.From, count: &s.count} }

// keep holds a connection until the end.
func (s *Strike) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, c)
}

// holds returns how many connections are held.
func (s *Strike) holds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

func (s *Strike) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.kept {
		_ = c.Close()
	}
	s.kept = nil
}

// refused notes what the server said against an action.
func (s *Strike) refused(why string) {
	if strings.Contains(why, "use of closed") || strings.Contains(why, "reset by peer") || strings.HasSuffix(why, "EOF") {
		why = "the connection was closed"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == "" || why != "the connection was closed" {
		s.last = why
	}
}

// result notes how an action has ended.
func (s *Strike) result(err error) {
	if err == nil {
		s.won.Add(1)
		return
	}
	s.refused(err.Error())
}

// errorPause is how long a worker waits after something has failed.
const errorPause = 5 * time.Millisecond

// repeat has workers act again and again, together as often per second as the strike may, until
// ctx is done or it has acted as often as it may.
func (s *Strike) repeat(ctx context.Context, workers int, act func(ctx context.Context, worker int) error) {
	var all sync.WaitGroup
	began := time.Now()
	for w := range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				n := s.done.Add(1)
				if s.Most > 0 && n > int64(s.Most) {
					s.done.Add(-1)
					return
				}
				if s.Rate > 0 && !sleep(ctx, time.Until(began.Add(time.Duration(float64(n)/s.Rate*float64(time.Second))))) {
					s.done.Add(-1)
					return
				}
				err := act(ctx, w)
				if ctx.Err() != nil {
					return
				}
				if s.result(err); err != nil && !sleep(ctx, errorPause) {
					return
				}
			}
		})
	}
	all.Wait()
}

// hold waits until ctx is done, or not at all for a strike that is bounded by its actions.
func (s *Strike) hold(ctx context.Context) {
	if s.Most == 0 {
		<-ctx.Done()
	}
}

// sleep waits, and reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
