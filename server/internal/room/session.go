package room

import (
	"crypto/rand"
	"log/slog"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// A session outlives its connection: when that is lost the seat is kept for the
// hold window, and the client takes it up again by the session's token. Nothing
// is sent meanwhile, so a seat that is kept costs its memory alone: what the
// client sees is a function of the last tick that it has.

// holds tells whether a client's seat is kept when its connection ends so: unless
// the client said that it is done, broke the protocol, or was removed, or it has
// not even shown that it got the welcome.
func (e *Engine) holds(c *Client, why *socket.CloseError) bool {
	if e.holdTicks == 0 || e.ending || e.failed != nil || c.down.Acknowledged() == 0 {
		return false
	}
	return closecode.For(why.Code).KeepsSession
}

// hold keeps a client's seat though its connection has ended.
func (e *Engine) hold(c *Client) {
	c.conn, c.over = nil, nil
	c.greet, c.pongs, c.fresh = false, nil, nil
	c.leaveAt = e.tick + e.holdTicks
	e.held = append(e.held, c)
	if p, ok := e.game.(world.Presence); ok {
		_ = e.guard("Away", func() error { p.Away(c.player); return nil })
	}
}

// release gives up the seats that were kept for long enough, or whose player the
// game has removed.
func (e *Engine) release(gone func(c *Client, why *socket.CloseError)) {
	n := 0
	for _, c := range e.held {
		// An input that came last may have been malformed.
		if _, removed := c.player.Removed(); !removed && c.over == nil && e.tick < c.leaveAt {
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
	delete(e.sessions, c.token)
	if e.players[c.who.Player] == c {
		delete(e.players, c.who.Player)
	}
	c.player.Clear()
	if e.failed == nil {
		// A failed game is told nothing any more.
		_ = e.guard("Leave", func() error { e.game.Leave(c.player); return nil })
	}
}

// Resume gives a session a new connection, in place of the one that it lost or
// still has. It belongs to the player who made it: with somebody else's token, its own
// is of no use. A guest has that alone. away tells that the seat was held. An error
// says with which close code the connection is to be turned away; it is left open.
func (e *Engine) Resume(conn socket.Conn, j *Joiner) (c *Client, away bool, err error) {
	if e.failed != nil {
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room has failed")
	}
	hello := j.Hello
	c = e.sessions[hello.GetResume()]
	switch {
	case c == nil || j.Who.Player != "" && j.Who.Player != c.who.Player:
		// The two are not told apart, so that nobody learns whether a token is good.
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE, "the session is not there any more")
	case j.Who.Player == "" && c.who.Player != "" && !c.who.Guest:
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_UNAUTHENTICATED, "the session is resumed with the player's token alone")
	case !c.player.Spectator && !mayPlay(&j.Who):
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN, WatchOnly)
	}
	if reason, banned := e.banned(c.who.Player, j.Addr); banned {
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_BANNED, reason)
	}
	away = e.connect(c, conn, j, "another connection has resumed the session")
	c.resumed = true
	c.down.Resume(hello.GetResumeTick())
	c.answers = append(c.kept.after(hello.GetResumeTick()), c.answers...)
	c.kept = kept{}
	return c, away, e.back(c, away)
}

// RefuseDevice is the Config.SecondDevice with which a player's first connection stays.
const RefuseDevice = "refuse"

// takeOver gives the session of a player who has come without its token to the new
// connection: another device, or one that has lost what it had. To that it is a new
// session of the same player in the same seat, with numbers that begin anew; the old
// token is good no more.
func (e *Engine) takeOver(c *Client, conn socket.Conn, j *Joiner) (_ *Client, away bool, err error) {
	switch {
	case e.failed != nil:
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room has failed")
	case c.conn != nil && c.over == nil && e.cfg.SecondDevice == RefuseDevice:
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_ALREADY_THERE, "the player is in the room already")
	case !c.player.Spectator && !mayPlay(&j.Who):
		return nil, false, closeError(tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN, WatchOnly)
	}
	away = e.connect(c, conn, j, "the player has come from another device")
	delete(e.sessions, c.token)
	c.token = rand.Text()
	e.sessions[c.token] = c
	c.resumed = false
	c.down.Resume(0)
	c.in, c.lastCommand, c.ncmds, c.player.InputSeq = netcode.Inputs{}, 0, 0, 0
	c.answers, c.kept = nil, kept{}
	return c, away, e.back(c, away)
}

// connect gives a session a connection, and closes the one that it has.
func (e *Engine) connect(c *Client, conn socket.Conn, j *Joiner, reason string) (away bool) {
	if away = c.conn == nil; away {
		for i, h := range e.held {
			if h == c {
				e.held[i] = e.held[len(e.held)-1]
				e.held[len(e.held)-1] = nil
				e.held = e.held[:len(e.held)-1]
				break
			}
		}
		e.clients = append(e.clients, c)
	} else {
		c.conn.Close(int(tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER), reason)
	}
	c.conn, c.addr, c.over, c.pongs, c.fresh = conn, j.Addr, nil, nil, nil
	c.heard, c.sampled, c.bytes, c.blocked, c.counted = e.tick, 0, 0, 0, 0
	c.greet, c.fingerprint = true, j.Hello.GetFingerprint()
	c.down.SetEvery(max(j.Hello.GetEvery(), 1))
	c.down.SetHashEvery(j.Hello.GetHashEvery())
	if j.Who.Player != "" {
		c.identify(j.Who)
	}
	return away
}

// back tells the game that an away player is there again.
func (e *Engine) back(c *Client, away bool) error {
	if p, ok := e.game.(world.Presence); ok && away {
		if err := e.guard("Back", func() error { p.Back(c.player); return nil }); err != nil {
			return closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room has failed")
		}
	}
	e.log.Debug("resumed", slog.Uint64("player", uint64(c.player.ID)), slog.Bool("away", away), slog.Bool("with_token", c.resumed))
	return nil
}

// kept are answers that were sent and may be lost still: the client has not
// acknowledged a tick of that message or a later one.
type kept struct {
	bytes []byte
	marks []mark
}

type mark struct {
	tick uint32 // the newest when it was sent
	end  int    // in bytes
}

// add keeps what was sent when tick was the newest. Of more than limit bytes the
// oldest are forgotten.
func (k *kept) add(b []byte, tick uint32, limit int) {
	k.bytes = append(k.bytes, b...)
	k.marks = append(k.marks, mark{tick, len(k.bytes)})
	n := 0
	for n < len(k.marks)-1 && len(k.bytes)-k.marks[n].end > limit {
		n++
	}
	if n > 0 && len(k.bytes) > limit {
		k.drop(n)
	}
}

// acked forgets what a client has that acknowledges a tick.
func (k *kept) acked(tick uint32) {
	n := 0
	for n < len(k.marks) && k.marks[n].tick <= tick {
		n++
	}
	if n == len(k.marks) {
		*k = kept{}
	} else if n > 0 {
		k.drop(n)
	}
}

func (k *kept) drop(n int) {
	cut := k.marks[n-1].end
	k.bytes = append(k.bytes[:0], k.bytes[cut:]...)
	k.marks = append(k.marks[:0], k.marks[n:]...)
	for i := range k.marks {
		k.marks[i].end -= cut
	}
}

// after gives what a client may lack that has applied a tick.
func (k *kept) after(tick uint32) []byte {
	k.acked(tick)
	return k.bytes
}
