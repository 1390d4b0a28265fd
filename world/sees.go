package world

import "math"

// DefaultRewind is the default of Kind.Rewind, in seconds.
const DefaultRewind = 0.25

// RewindTicks returns for how many ticks back a player may be judged by what it saw, in a room
// with so many ticks per second.
func (k *Kind) RewindTicks(tickRate float64) uint32 {
	s := k.Rewind
	if s == 0 {
		s = DefaultRewind
	}
	return uint32(math.Ceil(max(s, 0) * tickRate))
}

// Sees returns the tick, with a fraction, that the player was looking at when it made the input that is
// being handled, or the last one: with a History a game finds where others were on its screen. Clients
// say it with their inputs. It is bounded by what the client was sent and has acknowledged, and by
// Kind.Rewind; of a client that does not say it, it is the tick that is being simulated. Between
// inputs it moves on with the ticks.
func (p *Player) Sees() float64 {
	return float64(p.w.Tick()) - min(float64(p.back)/BackPerTick, float64(p.w.Tick()))
}
