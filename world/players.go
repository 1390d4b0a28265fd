package world

import (
	"cmp"
	"iter"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// Away reports whether the player's connection is lost and its session held: no input comes
// from it, and what it is sent waits until it is back. See Presence.
func (p *Player) Away() bool { return p.away }

// RTT returns how long it takes from the server to the player's client and back, in seconds, as the
// server measures it by itself: the minimum of a few recent samples. 0: it is not known. It changes
// between ticks only.
func (p *Player) RTT() float64 { return p.rtt }

// TakesMessages reports whether the game handles messages. It is for servers.
func (r *Room) TakesMessages() bool { return len(r.messages) > 0 }

// SetRTT sets what Player.RTT returns. It is for servers.
func (r *Room) SetRTT(p *Player, seconds float64) { p.rtt = seconds }

// Emit sends an event to this player alone, in this tick's snapshot. In its place among the
// events of the player's groups, and in what becomes of it if the player skips ticks or is away,
// it is as one of Group.Emit.
func (p *Player) Emit(ev schema.Event) { p.emit(ev) }

// Players returns those who are in the room and play, in the order of their IDs. Those who are
// away are among them. Whoever joins is among them when Join is called, and whoever leaves is not
// when Leave is.
func (r *Room) Players() iter.Seq[*Player] { return slices.Values(r.players) }

// Spectators returns those who are in the room and only watch, as Players does.
func (r *Room) Spectators() iter.Seq[*Player] { return slices.Values(r.spectators) }

// PlayerCount returns how many Players there are.
func (r *Room) PlayerCount() int { return len(r.players) }

// SpectatorCount returns how many Spectators there are.
func (r *Room) SpectatorCount() int { return len(r.spectators) }

// side returns the list that a player is in, or would be.
func (r *Room) side(p *Player) *[]*Player {
	if p.Spectator {
		return &r.spectators
	}
	return &r.players
}

func byID(p *Player, id uint32) int { return cmp.Compare(p.ID, id) }

func (r *Room) add(p *Player) {
	side := r.side(p)
	if i, there := slices.BinarySearchFunc(*side, p.ID, byID); !there {
		*side = slices.Insert(*side, i, p)
	}
}

func (r *Room) remove(p *Player) {
	side := r.side(p)
	if i, there := slices.BinarySearchFunc(*side, p.ID, byID); there {
		*side = slices.Delete(*side, i, i+1)
	}
}

// Join tells the game that a player comes in, and returns its error. It is for servers.
func (r *Room) Join(p *Player, data []byte) error {
	r.add(p)
	err := r.game.Join(p, data)
	if err != nil {
		r.remove(p)
		return err
	}
	r.blind = r.blind || len(p.subs) == 0
	return nil
}

// Leave tells the game that a player is gone for good. It is for servers.
func (r *Room) Leave(p *Player) {
	r.remove(p)
	p.Clear()
	r.game.Leave(p)
}

// SetAway notes whether a player is away, and tells the game if that is a Presence. It is for
// servers.
func (r *Room) SetAway(p *Player, away bool) {
	p.away = away
	g, ok := r.game.(Presence)
	switch {
	case !ok:
	case away:
		g.Away(p)
	default:
		g.Back(p)
	}
}

// Step ends a tick, after the inputs and commands that are handled in it: timers that are due,
// the game's Tick, the commit. It returns the tick's number. It is for servers.
func (r *Room) Step() uint32 {
	r.timers.run(r.Tick())
	r.game.Tick()
	return r.Commit()
}
