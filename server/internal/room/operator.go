package room

import (
	"slices"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// What operators and moderators see of a room, and do there.

// Expel ends the sessions of all who are banned by now, also those that are held. Reap is
// to follow.
func (e *Engine) Expel() {
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, c := range list {
			if reason, banned := e.banned(c.identity.Player, c.addr); banned && c.over == nil {
				c.over = closeError(closecode.Banned, reason)
			}
		}
	}
}

// Kick ends the sessions of a player, and reports whether there was one. Reap is to
// follow.
func (e *Engine) Kick(player, reason string) bool {
	kicked := false
	for _, sessions := range e.players {
		c := sessions[player]
		if c == nil || c.over != nil && c.conn != nil && !e.holds(c, asClose(c.over)) {
			continue
		}
		c.over = closeError(closecode.Kicked, reason)
		kicked = true
	}
	return kicked
}

// Bar keeps new players out, beside the lock that the game has, or lets them in again. Its game
// hears nothing of it.
func (e *Engine) Bar(on bool) {
	e.barred = on
	if w := e.recording.writer; w != nil {
		w.Barred(on)
	}
}

// Barred reports whether new players are kept out by Bar.
func (e *Engine) Barred() bool { return e.barred }

// PlayerInfo is what an operator is shown of a player.
type PlayerInfo struct {
	Player    string // its id
	Number    uint32 // in the room
	Name      string
	Roles     []string
	Guest     bool
	Spectator bool
	Away      bool // the connection is lost, the session held
	Address   string
	RTT       time.Duration // 0: not known
	Expires   time.Time     // zero: never
}

// Players lists those who have a session, by number.
func (e *Engine) Players() []PlayerInfo {
	out := make([]PlayerInfo, 0, len(e.clients)+len(e.held))
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, c := range list {
			i := PlayerInfo{
				Player: c.identity.Player, Number: c.player.ID, Name: c.player.Name, Roles: slices.Clone(c.player.Roles), Guest: c.identity.Guest,
				Spectator: c.player.Spectator, Away: c.conn == nil, Expires: c.identity.Expires,
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
