package room

import (
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
)

// What is looked at now and then, not in each tick: whether clients are still known,
// whether they send too many bytes, whether they are banned.

const (
	// A client needs a new token every few minutes; more often is a fault or a flood.
	tokensPerSecond, tokenBurst = 0.1, 5
	// remindBefore is how long before its token expires a client is told so, at most: a
	// third of the time that it is good for.
	remindBefore = time.Minute
)

// inspectEvery gives how many ticks lie between two inspections: a quarter of a second.
func (e *Engine) inspectEvery() uint32 { return max(1, uint32(e.room.TickRate/4)) }

// Inspect ends the connections of clients whose tokens have expired, or that send more
// bytes than they may, and reminds those whose tokens are about to. Reap is to follow.
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
			c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED, "bytes come faster than the limit")
			continue
		}
		c.counted = n
		if !c.who.Expires.IsZero() {
			c.expire(now)
		}
	}
}

// expire reminds a client whose token is about to expire, and ends its connection some
// time after it has. The seat is held.
func (c *Client) expire(now time.Time) {
	if c.since.IsZero() {
		c.since = now
	}
	before := min(remindBefore, max(0, c.who.Expires.Sub(c.since)/3))
	switch {
	case now.Before(c.who.Expires.Add(-before)) || c.checking:
	case !now.Before(c.who.Deadline()):
		c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_TOKEN_EXPIRED, "the token has expired")
	case !c.reminded:
		c.reminded = true
		c.answerAuth("", true)
	}
}

// identify says who the client is from now on: the same player as before.
func (c *Client) identify(who identity.Identity) {
	c.who, c.since, c.reminded = who, time.Time{}, false
	c.player.Roles = who.Roles.Names()
}

// Renewals calls ask for each token that has come since the last call. ask tells
// whether somebody checks it, who is to call Renewed afterwards.
func (e *Engine) Renewals(ask func(c *Client, token identity.Token, session identity.Identity) bool) {
	for _, c := range e.clients {
		if len(c.fresh) == 0 {
			continue
		}
		token := identity.Token(c.fresh)
		c.fresh = nil
		switch {
		case c.over != nil:
		case c.checking:
			c.answerAuth("the token that came before is being checked", false)
		case ask(c, token, c.who):
			c.checking = true
		default:
			c.answerAuth("tokens can't be checked now; send it again after a while", false)
		}
	}
}

// Renewed takes the outcome of a check: the session's identity from now on, or why
// the token was refused. The client is told.
func (e *Engine) Renewed(c *Client, who identity.Identity, err error) {
	c.checking = false
	if e.sessions[c.token] != c {
		return // the session is over
	}
	var refused *identity.Error
	switch {
	case errors.As(err, &refused):
		c.answerAuth(refused.Reason, false)
	case err != nil:
		c.answerAuth("the token could not be checked", false)
	case !c.player.Spectator && !mayPlay(&who):
		c.answerAuth(WatchOnly, false)
	default:
		// The session may have been resumed with a newer token meanwhile.
		if who.Expires.IsZero() || !who.Expires.Before(c.who.Expires) {
			c.identify(who)
		}
		c.answerAuth("", false)
	}
}

// answerAuth queues an Auth, which is never dropped.
func (c *Client) answerAuth(text string, renew bool) {
	var b []byte
	if us := micros(c.who.Expires); us != 0 {
		b = protowire.AppendTag(b, 1, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(us))
	}
	if text != "" {
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, text)
	}
	if renew {
		b = protowire.AppendTag(b, 3, protowire.VarintType)
		b = protowire.AppendVarint(b, 1)
	}
	c.answers = protowire.AppendTag(c.answers, 14, protowire.BytesType)
	c.answers = protowire.AppendBytes(c.answers, b)
}

// micros gives a time in microseconds since 1970; 0 if it is zero.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Expel ends the sessions of all who are banned by now, also of those whose seats are
// kept. Reap is to follow.
func (e *Engine) Expel() {
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, c := range list {
			if reason, banned := e.banned(c.who.Player, c.addr); banned && c.over == nil {
				c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_BANNED, reason)
			}
		}
	}
}

// Kick ends the session of a player, and tells whether there was one. Reap is to
// follow.
func (e *Engine) Kick(player, reason string) bool {
	c := e.players[player]
	if c == nil || c.over != nil && c.conn != nil && !e.holds(c, asClose(c.over)) {
		return false
	}
	c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_KICKED, reason)
	return true
}

// PlayerInfo tells an operator of a player.
type PlayerInfo struct {
	Player    string // its id
	Number    uint32 // in the room
	Name      string
	Roles     []string
	Guest     bool
	Spectator bool
	Away      bool // the connection is lost, the seat kept
	Address   string
	RTT       time.Duration // 0: not known
	Expires   time.Time     // zero: never
}

// Players lists those who have seats, by number.
func (e *Engine) Players() []PlayerInfo {
	out := make([]PlayerInfo, 0, len(e.clients)+len(e.held))
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, c := range list {
			i := PlayerInfo{
				Player: c.who.Player, Number: c.player.ID, Name: c.player.Name, Roles: slices.Clone(c.player.Roles), Guest: c.who.Guest,
				Spectator: c.player.Spectator, Away: c.conn == nil, Expires: c.who.Expires,
			}
			if c.addr.IsValid() {
				i.Address = c.addr.String()
			}
			if c.conn != nil {
				i.RTT = c.conn.RTT()
			}
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b PlayerInfo) int { return int(a.Number) - int(b.Number) })
	return out
}
