package world

import (
	"errors"
	"fmt"
	"math"
)

// What one player says costs the server as often as there are players who hear it. So what commands make
// a room tell whole groups is bounded, in bytes of events, whoever the players are: a bucket for the room,
// and for each player one of a share of it, so that one who floods is refused before the others are. They
// are filled by ticks, and so are a function of the room's calls as all else.

// ErrTalk is wrapped by the error with which a command is refused since the players have had the room say
// too much; see Kind.Talk.
var ErrTalk = errors.New("the room is talking too much")

const (
	defaultTalk = 16 << 10 // bytes per second
	talkSeconds = 4        // that may be said at once
	talkShares  = 4        // a player may take one of so many
)

// allowance holds bytes of events.
type allowance struct {
	level float64 // less than 0: a debt
	at    uint32  // tick of the level
}

// fill brings a bucket to a tick, in which it is at most full.
func (b *allowance) fill(now uint32, perTick, full float64) {
	b.level, b.at = min(full, b.level+float64(now-b.at)*perTick), now
}

// talk is what the players may have a room say.
type talk struct {
	perTick, full float64 // 0: there is no bound
	room          allowance
	loud          map[uint32]bool // commands that had groups told something
}

// newTalk returns the bound of a room, by Kind.Talk.
func newTalk(perSecond, tickRate float64) talk {
	if perSecond < 0 {
		return talk{}
	}
	if perSecond == 0 {
		perSecond = defaultTalk
	}
	full := perSecond * talkSeconds
	return talk{perTick: perSecond / tickRate, full: full, room: allowance{level: full}, loud: map[uint32]bool{}}
}

// mayTell returns why a command of a player is not handled now, or nil.
func (r *Room) mayTell(p *Player, command uint32) error {
	t := &r.talk
	if !t.loud[command] {
		return nil
	}
	now := r.Tick()
	t.room.fill(now, t.perTick, t.full)
	p.talk.fill(now, t.perTick/talkShares, 0)
	wait := -t.room.level / t.perTick
	if own := -(p.talk.level + t.full/talkShares) / (t.perTick / talkShares); own > wait {
		wait = own
	}
	if wait <= 0 {
		return nil
	}
	return fmt.Errorf("%w; try again in %.0f s", ErrTalk, math.Ceil(wait/r.TickRate))
}

// hasTold counts what a command of a player had groups told.
func (r *Room) hasTold(p *Player, command uint32, bytes uint64) {
	t := &r.talk
	if bytes == 0 || t.perTick == 0 {
		return
	}
	now := r.Tick()
	t.room.fill(now, t.perTick, t.full)
	p.talk.fill(now, t.perTick/talkShares, 0)
	t.room.level -= float64(bytes)
	p.talk.level -= float64(bytes)
	t.loud[command] = true
}
