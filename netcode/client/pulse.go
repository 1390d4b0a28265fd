package client

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// A client pings each pingEvery, and a server answers with its next tick. So a line on
// which nothing comes for several of them is dead, though nobody has said so: a cable was
// pulled, a router has forgotten the connection.
const (
	pingEvery = time.Second
	// deadAfter is how many pings in a row may bring nothing at all.
	deadAfter = 8
	// deadUnwelcome is the same before the welcome, for which the server may have to ask
	// others first. Nothing is sent meanwhile.
	deadUnwelcome = 10
)

// ErrSilent is wrapped by the error of a connection that was given up since nothing came
// from the server any more.
var ErrSilent = errors.New("client: nothing comes from the server")

// listening is a connection of which is counted what comes.
type listening struct {
	net.Conn
	heard *atomic.Uint64 // bytes
}

func (c *listening) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.heard.Add(uint64(max(n, 0)))
	return n, err
}

// pulse notices that a server is not there any more. Bytes are signs of life, not messages:
// one may take longer. It counts beats, not time: when the program was asleep for long,
// what has come meanwhile is still to be read.
type pulse struct {
	heard uint64 // bytes as of the last beat
	quiet int    // beats since without any more
}

// beat is called when a ping is due, with how many bytes have come so far. It returns an
// error when the line is dead.
func (p *pulse) beat(heard uint64, greeted bool, every time.Duration) error {
	if heard != p.heard {
		*p = pulse{heard: heard}
		return nil
	}
	p.quiet++
	limit := deadUnwelcome
	if greeted {
		limit = deadAfter
	}
	if p.quiet < limit {
		return nil
	}
	return fmt.Errorf("%w: not a byte in %v", ErrSilent, time.Duration(p.quiet)*every)
}
