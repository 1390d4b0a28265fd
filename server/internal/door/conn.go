package door

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// stage is what a connection is doing, in the order in which they give way.
type stage int

const (
	idle    stage = iota // between two requests
	fresh                // has not sent a whole header yet, nor perhaps a TLS handshake
	over                 // over its address's limit; waits to be told
	waiting              // upgraded, not in a room yet
	active               // a request is being answered
	settled              // in a room: never closed by the door
	stages
)

// Conn is a connection that the door counts: until it is closed, or until the lease that it
// is lent to is given back.
type Conn struct {
	*net.TCPConn
	door *Door
	peer netip.Addr // plain
	key  limits.AddrKey

	// Guarded by the door's mu.
	trusted bool // a trusted proxy's
	share   bool // the address's limit counts it
	lent    bool // to a lease
	gone    bool // not counted any more
	stage   stage
	since   time.Time     // when it came to the stage
	place   *list.Element // in its holder's list of the stage
	queued  *list.Element // in the door's list of those that wait
	holder  *holder
}

var _ limits.Accepted = (*Conn)(nil)

// Close closes the connection. What is lent goes on to count.
func (c *Conn) Close() error {
	err := c.TCPConn.Close()
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if !c.lent {
		c.door.forget(c)
	}
	return err
}

// Plain returns the connection without the door, for those who need its descriptor.
func (c *Conn) Plain() *net.TCPConn { return c.TCPConn }

// Peer returns the address at the other end.
func (c *Conn) Peer() netip.Addr { return c.peer }

// Lend lets a WebSocket have the connection's share from now on, until release is called;
// false: its address has no share left.
func (c *Conn) Lend() (release func(), ok bool) {
	d := c.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.stage == over && !c.gone {
		if !d.acquire(c) {
			return nil, false
		}
		d.move(c, active)
	}
	c.lent = true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.forget(c)
	}, true
}

// Settle notes that whoever has come by the connection is in a room.
func (c *Conn) Settle() {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.door.move(c, settled)
}

// refused reports whether the connection is over its address's limit, still.
func (c *Conn) refused() bool {
	d := c.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.stage != over || c.gone {
		return false
	}
	if !d.acquire(c) {
		return true
	}
	d.move(c, active)
	return false
}

// of returns the door's connection that another one is, or is made of.
func of(c net.Conn) *Conn {
	for {
		if own, ok := c.(*Conn); ok {
			return own
		}
		t, ok := c.(interface{ NetConn() net.Conn }) // TLS, and what is below it
		if !ok {
			return nil
		}
		c = t.NetConn()
	}
}

// connState follows what net/http does with a connection.
func connState(nc net.Conn, s http.ConnState) {
	c := of(nc)
	if c == nil {
		return
	}
	d := c.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.stage == over {
		return // until it is closed
	}
	switch s {
	case http.StateActive:
		d.move(c, active)
	case http.StateIdle:
		d.move(c, idle)
	case http.StateHijacked:
		if c.stage != settled {
			d.move(c, waiting)
		}
	}
}
