package room

import (
	"errors"
	"net/netip"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Playing are the roles of which one is needed to take part.
const Playing = identity.Player | identity.Host | identity.Moderator | identity.Admin | identity.Follower | identity.Member | identity.Subscriber

// mayPlay reports whether somebody may do more than watch. So may the zero identity: whoever resumes a session.
func mayPlay(id *identity.Identity) bool { return id.Roles == 0 || id.Roles&Playing != 0 }

// WatchOnly is what those are told who may only watch, and want to play.
const WatchOnly = "the token lets its holder watch, and no more"

// errSessionGone is for those who come back to a session that has ended.
var errSessionGone = closeError(closecode.SessionGone, "the player's session is not there any more")

// Admission is how a joiner got in, or was turned away.
type Admission struct {
	Client *Client
	// Session reports whether the session was there before: it was resumed, or taken over.
	Session bool
	// Away reports whether that had no connection.
	Away bool
	// Ended is the session of the same player that has ended for the joiner's; nil: none.
	// WasAway reports whether it had no connection.
	Ended   *Client
	WasAway bool
}

// Admit lets a joiner in: into the session that it resumes, the one that its player has
// here, or a new one. An error is a *socket.CloseError with which the connection is to be
// turned away; it is left open.
//
// A player has one session to play by and one to watch by, at most. To come and play ends
// the one to watch by, and one to play by in another team or role than the seat's: the game
// is told that its player leaves, and another joins. To come and watch ends none.
func (e *Engine) Admit(conn socket.Conn, j *Joiner) (a Admission, err error) {
	if reason, banned := e.banned(j.Identity.Player, j.Addr); banned {
		return a, closeError(closecode.Banned, reason)
	}
	if j.Hello.GetResume() != "" {
		a.Session = true
		a.Client, a.Away, err = e.Resume(conn, j)
		return a, err
	}
	own := e.players[j.part()][j.Identity.Player]
	if own != nil && j.sits(own.player) {
		a.Session = true
		a.Client, a.Away, err = e.takeOver(own, conn, j)
		return a, err
	}
	if j.Back && own == nil {
		return a, errSessionGone
	}
	if a.Ended, a.WasAway, err = e.makeWay(own, j); err != nil {
		return a, err
	}
	a.Client, err = e.begin(conn, j)
	return a, err
}

// makeWay ends the session of a player who comes to play, and can't go on with it: own, in
// another team, or the one that it watches by. ended is nil if there is none.
func (e *Engine) makeWay(own *Client, j *Joiner) (ended *Client, away bool, err error) {
	live := func(c *Client) bool { return c.conn != nil && c.over == nil }
	if own != nil {
		// It has its place already.
		switch {
		case e.failed != nil:
			return nil, false, roomFailed()
		case live(own) && e.cfg.SecondDevice == RefuseDevice:
			return nil, false, alreadyThere()
		}
		away = e.displace(own, "the player has come with another seat")
		return own, away, nil
	}
	if err := e.hasPlace(j); err != nil {
		return nil, false, err
	}
	watching := e.players[watches][j.Identity.Player]
	if j.part() == watches || watching == nil || live(watching) && e.cfg.SecondDevice == RefuseDevice {
		return nil, false, nil
	}
	away = e.displace(watching, "the player has come to play")
	return watching, away, nil
}

func alreadyThere() error {
	return closeError(closecode.AlreadyThere, "the player is in the room already")
}

// banned reports whether somebody is banned, and what to tell them.
func (e *Engine) banned(player string, addr netip.Addr) (reason string, banned bool) {
	if e.cfg.Banned == nil {
		return "", false
	}
	return e.cfg.Banned(player, addr)
}

// Join makes a session for a joiner. Errors are as those of Admit.
func (e *Engine) Join(conn socket.Conn, j *Joiner) (*Client, error) {
	if err := e.hasPlace(j); err != nil {
		return nil, err
	}
	return e.begin(conn, j)
}

// begin makes a session for a joiner for whom there is a place, if the game agrees.
func (e *Engine) begin(conn socket.Conn, j *Joiner) (*Client, error) {
	if e.failed != nil {
		return nil, roomFailed()
	}
	e.last++
	c := &Client{
		conn:     conn,
		player:   j.player(e.room.World, e.last, e.show),
		identity: j.Identity,
		addr:     j.Addr, account: j.Account,
		greet: true, fingerprint: j.Hello.GetFingerprint(), parts: j.Hello.GetParts(),
		heard:   e.tick,
		arrived: e.tick,
	}
	e.bound(c)
	c.in = netcode.NewInputs(&e.rules)
	c.down = netcode.NewDownlink(c.player.Interest, uint32(e.cfg.AckWindow))
	c.down.LimitEvery(e.maxEvery)
	c.down.SetEvery(j.Hello.GetEvery())
	c.down.SetHashEvery(j.Hello.GetHashEvery())
	err := e.guard("Join", func() error { return e.room.Join(c.player, j.Hello.GetData()) })
	switch {
	case errors.Is(err, ErrFailed):
		return nil, roomFailed()
	case errors.Is(err, world.ErrFull):
		e.refuse(j.part())
		return nil, closeError(closecode.RoomFull, err.Error())
	case err != nil:
		return nil, closeError(closecode.BadHello, err.Error())
	}
	e.clients = append(e.clients, c)
	e.seat(c)
	e.issue(c)
	e.omissions()
	return c, nil
}

// bound sets the bounds of what a client may send.
func (e *Engine) bound(c *Client) {
	c.messages = newBucket(e.cfg.MessagesPerSecond, e.cfg.MessageBurst, e.room.TickRate)
	c.commandLimit = newBucket(e.cfg.CommandsPerSecond, e.cfg.CommandBurst, e.room.TickRate)
	c.tokenLimit = newBucket(tokensPerSecond, tokenBurst, e.room.TickRate)
	c.byteLimit = newBucket(e.cfg.BytesPerSecond, e.cfg.ByteBurst, e.room.TickRate)
}

// seat counts a session among those that are in the room.
func (e *Engine) seat(c *Client) {
	p := partOf(c.player.Spectator)
	e.inside[p]++
	if c.identity.Player != "" {
		e.players[p][c.identity.Player] = c
	}
}

// NoSession is what those are told whose session is not there, or who do not show that it is
// theirs.
const NoSession = "the session is not there any more"

// owns reports whether a joiner has shown that a session is its player's: by the player's own
// token, or, if it is a guest's, by nothing but the session's.
func (j *Joiner) owns(c *Client) bool {
	if j.Identity.Player == "" {
		return c.identity.Player == "" || c.identity.Guest
	}
	return j.Identity.Player == c.identity.Player
}

// Resume gives a session a new connection, in place of the one that it lost or
// still has. A session belongs to the player who made it: with somebody else's token, its
// own is of no use. A guest has that alone. A session is not resumed by somebody who wants
// to watch, or has a seat to play, and does something else by it. away reports whether it
// was held. Errors are as those of Admit.
func (e *Engine) Resume(conn socket.Conn, j *Joiner) (c *Client, away bool, err error) {
	if e.failed != nil {
		return nil, false, roomFailed()
	}
	c = e.sessions[hashOf(j.Hello.GetResume())]
	switch {
	case c == nil || !j.owns(c):
		// The two are not told apart, so that nobody learns whether a session's token is good.
		return nil, false, closeError(closecode.SessionGone, NoSession)
	case !c.player.Spectator && !mayPlay(&j.Identity):
		return nil, false, closeError(closecode.Forbidden, WatchOnly)
	case !j.resumes(c.player):
		return nil, false, closeError(closecode.SessionGone, "the session is another one than the player wants now")
	}
	if reason, banned := e.banned(c.identity.Player, j.Addr); banned {
		return nil, false, closeError(closecode.Banned, reason)
	}
	if err := e.mayAgain(c); err != nil {
		return nil, false, err
	}
	away = e.connect(c, conn, j, "another connection has resumed the session")
	c.resumed, c.token = true, j.Hello.GetResume()
	c.recall(j.Hello.GetResumeTick())
	c.down.Resume(j.Hello.GetResumeTick())
	c.answers = append(c.kept.after(j.Hello.GetResumeTick()), c.answers...)
	c.kept = kept{}
	return c, away, e.back(c, away)
}

// takeOver gives the session of a player who has come without its token to the new
// connection: another device, or one that has lost what it had. To the client it is a new
// session of the same player, with numbers that begin anew; the old token is good no more.
func (e *Engine) takeOver(c *Client, conn socket.Conn, j *Joiner) (_ *Client, away bool, err error) {
	switch {
	case e.failed != nil:
		return nil, false, roomFailed()
	case c.conn != nil && c.over == nil && e.cfg.SecondDevice == RefuseDevice:
		return nil, false, alreadyThere()
	case !c.player.Spectator && !mayPlay(&j.Identity):
		return nil, false, closeError(closecode.Forbidden, WatchOnly)
	}
	if err := e.mayAgain(c); err != nil {
		return nil, false, err
	}
	away = e.connect(c, conn, j, "the player has come from another device")
	delete(e.sessions, c.hash)
	e.issue(c)
	c.resumed = false
	c.recall(0)
	c.down.Resume(0)
	c.in, c.lastCommand, c.ncmds = netcode.NewInputs(&e.rules), 0, 0
	e.room.NumberAnew(c.player)
	c.answers, c.kept = nil, kept{}
	if !away { // to the game it is gone and back: what the player was told went to the other one
		if err := e.guard("Away", func() error { e.room.SetAway(c.player, true); return nil }); err != nil {
			return nil, false, roomFailed()
		}
	}
	return c, away, e.back(c, true)
}
