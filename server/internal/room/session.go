package room

import (
	"log/slog"
	"slices"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// A session outlives its connection: when that is lost the session is held, and the client
// resumes it by its token. Nothing is sent meanwhile, so a session that is held costs its
// memory alone: what the client sees is a function of the last tick that it has.

// clock returns the tick in which the room would be if it had never slept.
func (e *Engine) clock() uint32 { return e.tick + e.slept }

// share takes the share of its address and its player that a session has which is held, and reports
// whether they have one left.
func (e *Engine) share(c *Client) bool {
	if e.cfg.MayHold == nil {
		return true
	}
	release, ok := e.cfg.MayHold(c.identity.Player, c.addr)
	c.unshare = release
	return ok
}

// giveBack gives the share back.
func (c *Client) giveBack() {
	if back := c.unshare; back != nil {
		c.unshare = nil
		back()
	}
}

// earned returns for how many ticks a session is held whose connection ends now: as many as it had
// connections for, within bounds.
func (e *Engine) earned(c *Client) uint32 {
	return min(max(c.stayed, e.holdLeast), e.holdTicks)
}

// holds reports whether a client's session is held when its connection ends so: unless the
// client said that it is done, broke the protocol, or was removed, all of which the close
// code tells, or it has not even shown that it got the welcome.
func (e *Engine) holds(c *Client, why *socket.CloseError) bool {
	if e.holdTicks == 0 || e.ending || e.failed != nil || c.down.Acknowledged() == 0 {
		return false
	}
	return closecode.For(why.Code).KeepsSession
}

// hold keeps a session whose connection has ended.
func (e *Engine) hold(c *Client) {
	c.conn, c.over = nil, nil
	c.greet, c.pongs, c.newToken = false, nil, nil
	c.stayed += e.tick - c.arrived
	c.holdUntil = e.clock() + e.earned(c)
	e.held = append(e.held, c)
	_ = e.guard("Away", func() error { e.room.SetAway(c.player, true); return nil })
}

// endHeld ends the sessions that were held for long enough, or whose player is to leave.
func (e *Engine) endHeld(gone func(c *Client, why *socket.CloseError)) {
	n := 0
	for _, c := range e.held {
		// An input that came last may have been malformed.
		if _, removed := c.player.Removed(); !removed && c.over == nil && e.clock() < c.holdUntil {
			e.held[n] = c
			n++
			continue
		}
		e.leave(c)
		gone(c, nil)
	}
	clear(e.held[n:])
	e.held = e.held[:n]
}

// leave ends a session.
func (e *Engine) leave(c *Client) {
	p := partOf(c.player.Spectator)
	delete(e.sessions, c.hash)
	if e.players[p][c.identity.Player] == c {
		delete(e.players[p], c.identity.Player)
	}
	e.inside[p]--
	c.giveBack()
	e.refusals[p] = refusal{} // there may be a place now
	if e.failed == nil {
		// A failed game is told nothing any more.
		_ = e.guard("Leave", func() error { e.room.Leave(c.player); return nil })
	}
}

// displace ends a session between two ticks, for another one of the same player. It reports
// whether it had no connection.
func (e *Engine) displace(c *Client, reason string) (away bool) {
	list := &e.clients
	if away = c.conn == nil; away {
		list = &e.held
	} else {
		e.giveWay(c, reason)
	}
	*list = slices.DeleteFunc(*list, func(o *Client) bool { return o == c })
	e.leave(c)
	return away
}

// giveWay closes a session's connection for another one.
func (e *Engine) giveWay(c *Client, reason string) {
	if e.onTaken != nil && c.over == nil {
		e.onTaken(c, &socket.CloseError{Code: closecode.TakenOver, Reason: reason})
	}
	c.conn.Close(closecode.TakenOver, reason)
}

// connect gives a session another connection, and closes the one that it has. It reports
// whether it had none.
func (e *Engine) connect(c *Client, conn socket.Conn, j *Joiner, reason string) (away bool) {
	if away = c.conn == nil; away {
		i := slices.Index(e.held, c)
		e.held[i] = e.held[len(e.held)-1]
		e.held[len(e.held)-1] = nil
		e.held = e.held[:len(e.held)-1]
		e.clients = append(e.clients, c)
		c.giveBack()
		c.arrived = e.tick
	} else {
		e.giveWay(c, reason)
	}
	c.conn, c.addr, c.over, c.pongs, c.newToken = conn, j.Addr, nil, nil, nil
	c.account, c.first, c.again.due = j.Account, false, true
	c.heard, c.sampled, c.bytes, c.counted = e.tick, 0, 0, 0
	c.trips = trips{}
	c.in.Forget()
	c.greet, c.fingerprint, c.parts = true, j.Hello.GetFingerprint(), j.Hello.GetParts()
	c.down.SetEvery(max(j.Hello.GetEvery(), 1))
	c.down.SetHashEvery(j.Hello.GetHashEvery())
	if j.Identity.Player != "" {
		e.identify(c, j.Identity)
	}
	return away
}

// back tells the game that a player who was away is there again.
func (e *Engine) back(c *Client, away bool) error {
	if away {
		if err := e.guard("Back", func() error { e.room.SetAway(c.player, false); return nil }); err != nil {
			return roomFailed()
		}
	}
	e.log.Debug("resumed", slog.Uint64("player", uint64(c.player.ID)), slog.Bool("away", away), slog.Bool("with_token", c.resumed))
	return nil
}
