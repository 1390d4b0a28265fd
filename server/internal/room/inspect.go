package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/metrics"
)

// What is looked at now and then, not in each tick: whether tokens have expired, and
// whether clients send too many bytes.

const (
	// A client needs a new token every few minutes; more often is a fault or a flood.
	tokensPerSecond, tokenBurst = 0.1, 5
	// remindBefore is how long before its token expires a client is reminded, at most: a
	// third of the time that the token is good for.
	remindBefore = time.Minute
)

// inspectEvery returns how many ticks lie between two inspections: those of a quarter of
// a second.
func (e *Engine) inspectEvery() uint32 { return max(1, uint32(e.room.TickRate/4)) }

// Inspect ends the connections of clients whose tokens have expired, or that send more
// bytes than they may, and reminds those whose tokens are about to expire. Reap is to
// follow.
func (e *Engine) Inspect(now time.Time, counts *metrics.Counts) {
	ticks := e.elapsed
	e.elapsed = 0
	for _, c := range e.clients {
		c.tokenLimit.fill(ticks)
		c.byteLimit.fill(ticks)
		if c.over != nil {
			continue
		}
		// Everything counts: control frames and the headers of fragments too.
		n := c.conn.Stats().BytesIn
		if d := n - c.counted; d > 0 && !c.byteLimit.takeN(float32(d)) {
			counts[metrics.BytesLimited]++
			c.over = e.tooFast("bytes", e.cfg.BytesPerSecond, e.cfg.ByteBurst)
			continue
		}
		c.counted = n
		e.sampleRTT(c, ticks)
		if !c.identity.Expires.IsZero() {
			c.watchToken(now)
		}
	}
}

// tooFast returns the end of a client that sends more than it may.
func (e *Engine) tooFast(what string, perSecond, burst float64) error {
	return closeError(closecode.RateLimited, fmt.Sprintf("%s come faster than %.0f per second, %.0f at once", what, perSecond, burst))
}

// watchToken reminds a client whose token is about to expire, and ends its connection some
// time after it has. The session is held.
func (c *Client) watchToken(now time.Time) {
	if c.since.IsZero() {
		c.since = now
	}
	before := min(remindBefore, max(0, c.identity.Expires.Sub(c.since)/3))
	switch {
	case now.Before(c.identity.Expires.Add(-before)) || c.checking:
	case !now.Before(c.identity.Deadline()):
		c.over = closeError(closecode.TokenExpired, "the token has expired")
	case !c.reminded:
		c.reminded = true
		c.auth("", true)
	}
}

// identify sets a client's identity from now on: that of the same player as before.
func (e *Engine) identify(c *Client, id identity.Identity) {
	c.identity, c.since, c.reminded = id, time.Time{}, false
	e.room.SetRoles(c.player, id.RolesIn(e.show).Names())
	e.recordSession(c)
}

// Renewals calls ask for each token that has come since the last call. ask reports
// whether somebody checks it, who is to call Renewed afterwards.
func (e *Engine) Renewals(ask func(c *Client, token identity.Token, session identity.Identity) bool) {
	for _, c := range e.clients {
		if len(c.newToken) == 0 {
			continue
		}
		token := identity.Token(c.newToken)
		c.newToken = nil
		switch {
		case c.over != nil:
		case c.checking:
			c.auth("the token that came before is being checked", false)
		case ask(c, token, c.identity):
			c.checking = true
		default:
			c.auth("tokens can't be checked now; send it again after a while", false)
		}
	}
}

// Renewed takes the outcome of a check: the session's identity from now on, or why
// the token was refused. The client is told.
func (e *Engine) Renewed(c *Client, id identity.Identity, err error) {
	c.checking = false
	if e.sessions[c.hash] != c {
		return // the session is over
	}
	var refused *identity.Error
	switch {
	case errors.As(err, &refused):
		c.auth(refused.Reason, false)
	case err != nil:
		c.auth("the token could not be checked", false)
	case !c.player.Spectator && !mayPlay(&id):
		c.auth(WatchOnly, false)
	default:
		// The session may have been resumed with a newer token meanwhile.
		if id.Expires.IsZero() || !id.Expires.Before(c.identity.Expires) {
			e.identify(c, id)
		}
		c.auth("", false)
	}
}
