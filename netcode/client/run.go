package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// run owns the connections, one after the other, and what renews tokens.
func (c *Client) run() {
	defer close(c.done)
	var wg sync.WaitGroup
	wg.Go(func() { c.tokens.run(c.ctx) })
	defer wg.Wait()
	defer c.quit()
	cfg := &c.opts.Config
	r := reconnect{certain: cfg.certain(), renewable: c.opts.TokenSource != nil, seat: cfg.Seat != ""}
	end := &CloseError{Code: CloseLost}
	for d := (decision{}); !d.end; {
		l, over := c.open(&r, d)
		if over != nil {
			end = over
		}
		if l == nil {
			break
		}
		end = l.run()
		d = c.decide(&r, l, end)
	}
	if e := c.err.Load(); e != nil {
		end = e // this side was done
	} else {
		c.err.Store(end)
	}
	c.s.Fail(end)
	c.tell(Closed, end)
}

// decide returns what to do after a connection that has ended.
func (c *Client) decide(r *reconnect, l *link, end *CloseError) (d decision) {
	if l.greeted {
		r.welcome(l.since)
	}
	if end.atFault() {
		d = r.refused(c.now())
	} else {
		d = r.closed(end.Code, c.now())
	}
	done := end.ByUs && !end.atFault()
	if !r.joined && c.err.Load() == nil {
		c.keptOut = end
	}
	once := c.opts.NoReconnect
	if !r.joined {
		once = c.opts.JoinFor == 0
	}
	if d.end = d.end || once || done || c.quitting(); d.end {
		return d
	}
	if l.greeted {
		c.log.Info("the connection is lost; connecting again", "why", end)
		c.tell(Reconnecting, end)
	}
	return d
}

func (c *Client) tell(s State, why *CloseError) {
	if c.opts.OnState != nil {
		c.opts.OnState(s, why)
	}
}

// open opens a connection, as a decision says and those that follow from what fails.
// Without one it is all over: for the error, or since this side is done.
func (c *Client) open(r *reconnect, d decision) (*link, *CloseError) {
	c.s.Lost()
	refused := ""
	for !d.end {
		if !c.sleep(d) {
			return nil, nil
		}
		c.stage = "there is no connection yet"
		if d.newToken {
			refused = c.s.token()
		}
		err := c.tokens.ready(c.ctx, refused)
		switch {
		case errors.Is(err, errSameToken):
			if d = r.closed(closecode.Unauthenticated, c.now()); d.end {
				end := &CloseError{Code: closecode.Unauthenticated, Reason: "there is no other token", Err: err}
				c.keptOut = end
				return nil, end
			}
			continue
		case err != nil:
			if !c.again(r, err) {
				return nil, &CloseError{Code: closecode.Unauthenticated, Reason: "no token could be fetched", Err: err}
			}
			d = r.noToken() // it was told
			continue
		}
		c.s.open(d.opens)
		l, err := c.connect(c.ctx)
		if err == nil {
			c.stage = "the server has not answered the hello yet"
			return l, nil
		}
		if !c.again(r, fmt.Errorf("client: connecting to %s: %w", c.url, err)) {
			return nil, &CloseError{Code: CloseLost, Err: err}
		}
		c.log.Info("connecting failed", "error", err)
		var answer *HandshakeError
		if errors.As(err, &answer) {
			d = r.turnedAway(answer.RetryAfter, c.now())
		} else {
			d = r.closed(CloseLost, c.now())
		}
	}
	return nil, nil
}

// again reports whether another attempt is to be made after one that has not even led to a
// connection.
func (c *Client) again(r *reconnect, err error) bool {
	if r.joined || c.quitting() {
		return true
	}
	c.keptOut = err
	var answer *HandshakeError
	return c.opts.JoinFor != 0 && !(errors.As(err, &answer) && answer.final())
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
