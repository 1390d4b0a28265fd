package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// run owns the connections, one after the other, and what renews tokens.
func (c *Client) run(l *link) {
	defer close(c.done)
	var wg sync.WaitGroup
	wg.Go(func() { c.tokens.run(c.ctx) })
	defer wg.Wait()
	defer c.quit()
	cfg := &c.opts.Config
	r := reconnect{certain: cfg.Room != "" || cfg.Seat != "", renewable: c.opts.TokenSource != nil, seat: cfg.Seat != ""}
	var end *CloseError
	for l != nil {
		end = l.run()
		var d decision
		if l.greeted {
			r.welcome(l.since)
		}
		if end.atFault() {
			d = r.refused(c.now())
		} else {
			d = r.closed(end.Code, c.now())
		}
		// Whoever dials decides about the first connection.
		if d.end || !r.joined || c.opts.NoReconnect || end.ByUs && !end.atFault() || c.quitting() {
			break
		}
		if l.greeted {
			c.log.Info("the connection is lost; connecting again", "why", end)
			c.tell(Reconnecting, end)
		}
		var last *CloseError
		if l, last = c.comeBack(&r, d); last != nil {
			end = last
		}
	}
	if e := c.err.Load(); e != nil {
		end = e // this side was done
	} else {
		c.err.Store(end)
	}
	c.s.Fail(end)
	c.tell(Closed, end)
}

func (c *Client) tell(s State, why *CloseError) {
	if c.opts.OnState != nil {
		c.opts.OnState(s, why)
	}
}

// comeBack opens a new connection in the place of one that has ended. Without one it is
// all over: for the error, or since this side is done.
func (c *Client) comeBack(r *reconnect, d decision) (*link, *CloseError) {
	c.s.Lost()
	refused := ""
	for !d.end {
		if !c.sleep(d) {
			return nil, nil
		}
		if d.newToken {
			refused = c.s.token()
		}
		err := c.tokens.ready(c.ctx, refused)
		switch {
		case errors.Is(err, errSameToken):
			d = r.closed(closecode.Unauthenticated, c.now())
			if d.end {
				return nil, &CloseError{Code: closecode.Unauthenticated, Reason: "there is no other token", Err: err}
			}
			continue
		case err != nil:
			d = r.noToken() // it was told
			continue
		}
		c.s.open(d.opens)
		l, err := c.connect(c.ctx)
		if err == nil {
			return l, nil
		}
		c.log.Info("connecting again failed", "error", err)
		d = r.closed(CloseLost, c.now())
	}
	return nil, nil
}

// sleep waits as a decision says, and reports whether the client still wants to come
// back.
func (c *Client) sleep(d decision) bool {
	pause := d.min
	if d.max > d.min {
		pause += rand.N(d.max - d.min)
	}
	ctx, cancel := context.WithTimeout(c.ctx, pause)
	defer cancel()
	<-ctx.Done()
	return !c.quitting()
}

func (c *Client) quitting() bool { return c.ctx.Err() != nil }

// now returns the client's clock.
func (c *Client) now() time.Duration { return time.Since(c.start) }
