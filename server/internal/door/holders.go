package door

import (
	"container/list"
	"net/http"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

const (
	// slack is how many connections of an address over its limit are let in to be told so.
	slack = 8
	// grace is how long a connection has to send its first request before it gives way to
	// another one of the same address.
	grace = time.Second
	// worthIt is how many connections an address must hold for those that do something to
	// give way, too.
	worthIt = 4
)

// All below that is not said to be otherwise is called with the door's mu held.

// shareFor takes a share of its address's limit for a connection that has just come. The
// connection whose share that was, if it had to give way, is forgotten already.
func (d *Door) shareFor(c *Conn, now time.Time) (gives *Conn) {
	if d.acquire(c) {
		return nil
	}
	h := c.holder
	if e := h.stages[idle].Front(); e != nil {
		gives = e.Value.(*Conn)
	} else if e := h.stages[fresh].Front(); e != nil && now.Sub(e.Value.(*Conn).since) >= grace {
		gives = e.Value.(*Conn)
	}
	if gives != nil {
		d.forget(gives)
		if d.acquire(c) {
			return gives
		}
	}
	c.stage = over
	return gives
}

// acquire takes a share of the address's limit, if it has one.
func (d *Door) acquire(c *Conn) bool {
	g := d.o.Guard
	if c.share || g == nil || !g.Limited(c.peer) {
		return true
	}
	// No address alone can have all: a quarter is for others.
	c.share = g.Acquire(c.key, max(1, d.o.Max*3/4))
	return c.share
}

// release gives the share back.
func (d *Door) release(c *Conn) {
	if c.share {
		c.share = false
		d.o.Guard.Release(c.key)
	}
}

// enter counts a connection.
func (d *Door) enter(c *Conn) {
	d.open++
	d.put(c)
}

// turnAway is for a connection that does not enter.
func (d *Door) turnAway(c *Conn) {
	c.gone = true
	c.holder.n--
	d.release(c)
	d.tidy(c.holder)
}

// forget counts a connection no more.
func (d *Door) forget(c *Conn) {
	if c.gone {
		return
	}
	c.gone = true
	d.open--
	c.holder.n--
	d.take(c)
	d.release(c)
	d.tidy(c.holder)
}

// tidy drops a holder of nothing.
func (d *Door) tidy(h *holder) {
	if h.n == 0 && d.holders[h.key] == h {
		delete(d.holders, h.key)
	}
}

// move brings a connection to another stage.
func (d *Door) move(c *Conn, to stage) {
	if c.gone || c.stage == to {
		return
	}
	d.take(c)
	c.stage, c.since = to, time.Now()
	d.put(c)
}

// put files a connection by its stage.
func (d *Door) put(c *Conn) {
	c.place = c.holder.stages[c.stage].PushBack(c)
	if c.stage == fresh {
		d.fresh++
	}
	if c.weighs() {
		d.weigh(c.holder, 1)
	}
	if c.stage <= over {
		c.queued = d.queue(c).PushBack(c)
	}
}

// take is the reverse of put.
func (d *Door) take(c *Conn) {
	c.holder.stages[c.stage].Remove(c.place)
	if c.stage == fresh {
		d.fresh--
	}
	if c.weighs() {
		d.weigh(c.holder, -1)
	}
	if c.queued != nil {
		d.queue(c).Remove(c.queued)
		c.queued = nil
	}
}

// weighs reports whether a connection is one that may give way. A proxy's carry what is its
// clients', so only those that are idle do, and last.
func (c *Conn) weighs() bool { return c.stage != settled && !c.trusted }

func (d *Door) queue(c *Conn) *list.List {
	if c.trusted {
		return &d.queues[1]
	}
	return &d.queues[0]
}

// weigh changes a holder's weight by one.
func (d *Door) weigh(h *holder, by int) {
	if h.place != nil {
		d.weights[h.weight].Remove(h.place)
		h.place = nil
	}
	h.weight += by
	for len(d.weights) <= h.weight {
		d.weights = append(d.weights, list.New())
	}
	if h.weight > 0 {
		h.place = d.weights[h.weight].PushBack(h)
	}
	for n := len(d.weights); n > 1 && d.weights[n-1].Len() == 0; n-- {
		d.weights = d.weights[:n-1]
	}
}

// heaviest returns the address whose connections give way first; nil: there is none.
func (d *Door) heaviest() *holder {
	if len(d.weights) < 2 {
		return nil
	}
	return d.weights[len(d.weights)-1].Front().Value.(*holder)
}

// victim returns the connection that gives way to one of the holder who; nil: none does. An
// address that is no worse than who's keeps what does something.
func (d *Door) victim(who *holder) *Conn {
	h := d.heaviest()
	if h == nil {
		return nil
	}
	last := active
	if h.weight < worthIt || who != nil && h.weight <= 2*(who.weight+1) {
		last = over
	}
	for s := idle; s <= last; s++ {
		if e := h.stages[s].Front(); e != nil {
			return e.Value.(*Conn)
		}
	}
	if h == who {
		return nil // nobody else pays for it
	}
	// What is idle elsewhere, the longest first; proxies' at last.
	for i := range d.queues {
		if e := d.queues[i].Front(); e != nil {
			return e.Value.(*Conn)
		}
	}
	return nil
}

// freshest returns the connection without a header that gives way to another one.
func (d *Door) freshest() *Conn {
	if h := d.heaviest(); h != nil {
		if e := h.stages[fresh].Front(); e != nil {
			return e.Value.(*Conn)
		}
	}
	for e := d.queues[0].Front(); e != nil; e = e.Next() {
		if c := e.Value.(*Conn); c.stage == fresh {
			return c
		}
	}
	return nil
}

// sweep closes what is idle for too long. It is called without mu.
func (d *Door) sweep(now time.Time) {
	beside := d.o.Beside()
	d.mu.Lock()
	bounds := [2]time.Duration{d.o.IdleTimeout, d.o.ProxyIdleTimeout}
	if d.open+beside >= d.o.Max*3/4 && d.o.PressureTimeout > 0 {
		bounds[0] = min(bounds[0], d.o.PressureTimeout)
	}
	var out []*Conn
	for i, bound := range bounds {
		for e := d.queues[i].Front(); e != nil && bound > 0; e = d.queues[i].Front() {
			c := e.Value.(*Conn)
			if now.Sub(c.since) < bound {
				break
			}
			d.forget(c)
			out = append(out, c)
		}
	}
	d.mu.Unlock()
	for _, c := range out {
		d.o.OnClosed(Idle)
		_ = c.TCPConn.Close()
	}
}

// handler answers requests that come over connections, or in numbers, over their address's
// limit.
func (d *Door) handler(next http.Handler) http.Handler {
	running := limits.NewCounts[limits.AddrKey]()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.o.Except != nil && d.o.Except(r) {
			next.ServeHTTP(w, r)
			return
		}
		if c, ok := limits.AcceptedOf(r.Context()).(*Conn); ok && c.refused() {
			d.o.OnRefused(c.peer)
			tooMany(w, r)
			return
		}
		// Streams of HTTP/2 are requests, too; a proxy's are those of its clients.
		if k, limit := d.o.Guard.Requests(r); limit > 0 {
			if !running.Acquire(k, limit) {
				tooMany(w, r)
				return
			}
			defer running.Release(k)
		}
		next.ServeHTTP(w, r)
		if r.ProtoMajor > 1 {
			// What was answered is in a buffer and would be written after this, by a goroutine that waits
			// for a window and that nobody counts any more.
			_ = http.NewResponseController(w).Flush()
		}
	})
}

func tooMany(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "1")
	if r.ProtoMajor > 1 {
		// Whoever has no window for a body would hold what is refused.
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	http.Error(w, "too many connections from this address", http.StatusTooManyRequests)
}
