package arena

import "github.com/tickroom/tickroom/world"

// Away lets a player's controls go. The ship stays for a while, and can be shot
// down: losing the connection is no way out of a fight.
func (g *game) Away(p *world.Player) {
	if s, ok := p.Data.(*ship); ok {
		s.control = Control{}
		s.away = g.r.Tick()
	}
}

// Back gives a player the ship again. One that was taken out comes back as after
// a death.
func (g *game) Back(p *world.Player) {
	s, ok := p.Data.(*ship)
	if !ok {
		return
	}
	s.away = 0
	if s.parked {
		s.parked = false
		s.respawn = g.r.Tick() + g.ticks(respawnAfter)
	}
}

// await takes a ship out when its player has been away for too long. Nobody gets
// anything for that, and it is no death.
func (g *game) await(s *ship, now uint32) {
	if s.alive && now-s.away >= g.ticks(awayFor) {
		g.remove(s)
		s.parked = true
	}
}
