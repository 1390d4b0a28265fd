package room

import (
	"fmt"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

const (
	// againBurst is how many bytes a session may be sent by the first messages of connections
	// that take it up again, and againRate how many of them are forgiven in a second. A hello
	// of two hundred bytes buys such a message.
	againBurst = 1 << 20
	againRate  = 64 << 10
	// againMost bounds what a session owes, so that one with a long state waits for no longer
	// than some seconds.
	againMost = againBurst + 8*againRate
)

// again is what a session was sent anew.
type again struct {
	owed float64
	tick uint32 // in which it owed so much
	due  bool   // the next first message is one to count
}

// at returns what the session owes in a tick.
func (a *again) at(tick uint32, rate float64) float64 {
	return max(0, a.owed-againRate*float64(tick-a.tick)/rate)
}

// mayAgain returns why a session may not be taken up again now, or nil.
func (e *Engine) mayAgain(c *Client) error {
	if c.again.at(e.tick, e.room.TickRate) <= againBurst {
		return nil
	}
	return closeError(closecode.RateLimited, fmt.Sprintf("the session has been taken up too often: more than %d bytes were sent again", againBurst))
}

// sendsFirst counts the first message of a connection.
func (e *Engine) sendsFirst(c *Client, n int) {
	if c.again.due {
		c.again = again{owed: min(againMost, c.again.at(e.tick, e.room.TickRate)+float64(n)), tick: e.tick}
	}
	if c.account != nil {
		c.account.FirstSent(n)
		c.first = true
	}
}

// firstTaken notes that the network has taken the first message of a connection.
func (c *Client) firstTaken() {
	c.first = false
	c.account.FirstTaken()
}
