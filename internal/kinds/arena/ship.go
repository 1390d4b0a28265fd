package arena

import (
	"fmt"
	"math"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// What ships have and lose. Times are in seconds.
const (
	full       = 100 // most of health, shield and energy
	energyRate = 22.0
	energyShot = 7.0

	fireEvery    = 0.2
	rapidEvery   = 0.1
	respawnAfter = 3.0
	protectFor   = 2.5
	quietAfter   = 1.0 // without input the controls are let go
	awayFor      = 5.0 // without its player a ship stays for so long
	spawnApart   = 320 // units from an enemy that are enough to come back at

	// feedShips is the most ships of a room in which every client is sent every
	// kill. With a thousand there would be dozens a second.
	feedShips = 50
)

// ship is a ship, dead or alive, and who flies it.
type ship struct {
	Motion
	entity world.Entity
	index  int  // in game.ships
	alive  bool // if not, the entity is in limbo
	gone   bool // its pilot left
	parked bool // it was taken out, since its player was away
	// fromX and fromY are where it was a tick ago.
	fromX, fromY float64

	player  *world.Player // nil: the game flies it
	brain   *brain        // nil: a player flies it
	control Control
	steered uint32 // tick of the last input
	away    uint32 // tick from which the player is away; 0: here

	energy     float64 // at energyTick
	energyTick uint32
	ready      uint32 // ticks from which it can fire, comes back,
	respawn    uint32
	protected  uint32 // and until which it is protected, fires fast, is fast
	rapid      uint32
	boost      uint32
	named      uint32 // ticks from which a player may use the commands again
	chatted    uint32
	switched   uint32

	private *world.Group // only the player sees it
	row     *arenav1.Ship
	vitals  *arenav1.Vitals
	id      *arenav1.Identity
	tally   *arenav1.Score
	pilot   *arenav1.Pilot // nil: the game flies it
	leader  *arenav1.Leader
	board   world.Entity // that leader is of; 0 none
}

// pilotGroup returns the name of the group that a player alone sees.
func pilotGroup(player uint32) string { return fmt.Sprintf("pilot %d", player) }

// enlist adds a ship for a player, or for the game if p is nil.
func (g *game) enlist(p *world.Player, name string) *ship {
	s := &ship{index: len(g.ships), player: p}
	g.ships = append(g.ships, s)
	s.entity = g.r.Spawn(g.limbo)
	s.row, s.vitals = g.ship.Add(s.entity), g.vitals.Add(s.entity)
	s.id, s.tally = g.identity.Add(s.entity), g.score.Add(s.entity)
	if p == nil {
		s.brain = newBrain(g.r.Rand())
		s.id.Name = name
	} else {
		g.players++
		s.private = g.r.NewGroup(pilotGroup(p.ID))
		s.pilot = g.pilot.Add(g.r.Spawn(s.private))
		s.pilot.Ship = uint32(s.entity)
		s.id.Player = p.ID
		if s.id.Name = text.CleanName(name, maxName); s.id.Name == "" {
			s.id.Name = fmt.Sprintf("pilot %d", p.ID)
		}
	}
	g.enter(s, g.teamFor(p))
	g.launch(s)
	if s.pilot != nil {
		s.report()
	}
	return s
}

// discharge takes a ship out of the room.
func (g *game) discharge(s *ship) {
	last := len(g.ships) - 1
	g.ships[s.index] = g.ships[last]
	g.ships[s.index].index = s.index
	g.ships[last] = nil
	g.ships = g.ships[:last]
	s.gone, s.alive = true, false
	if s.player != nil {
		g.players--
		s.private.Close()
	}
	g.team[s.id.Team].ships--
	g.unlist(s)
	// Bullets still ask who fired them, and the rows are about to go to others.
	id, tally := *s.id, *s.tally
	s.id, s.tally = &id, &tally
	s.row, s.vitals, s.pilot = nil, nil, nil
	g.r.Destroy(s.entity)
}

// launch puts a ship on the map, away from its enemies.
func (g *game) launch(s *ship) {
	now := g.r.Tick()
	x, y := g.spawnPoint(s)
	s.Motion = Motion{X: x, Y: y, Heading: uint16(g.r.Rand().Uint32())}
	s.fromX, s.fromY = x, y
	s.alive = true
	s.energy, s.energyTick, s.ready, s.respawn = full, now, now, 0
	s.rapid, s.boost = 0, 0
	s.protected = now + g.ticks(protectFor)
	*s.vitals = arenav1.Vitals{Health: full, Protected: true}
	s.show(false)
	g.r.Move(s.entity, g.arena)
}

// spawnPoint returns a free place at some distance from the nearest enemy, but no
// farther than need be, so that whoever comes finds something to do. Of several
// places it takes the first that is neither too near nor too far; else the nearest
// that is far enough; else the farthest.
func (g *game) spawnPoint(s *ship) (x, y float64) {
	const apart, far = spawnApart * spawnApart, 1.5 * 1.5 * spawnApart * spawnApart
	best := -1.0
	for range 12 {
		cx, cy := g.freePoint()
		nearest := math.Inf(1)
		for _, o := range g.ships {
			if o.alive && s.hostile(o) {
				dx, dy := o.X-cx, o.Y-cy
				if nearest = min(nearest, dx*dx+dy*dy); nearest <= best && nearest < apart {
					break
				}
			}
		}
		switch {
		case best < apart && nearest > best, best >= apart && nearest >= apart && nearest < best:
			x, y, best = cx, cy, nearest
		}
		if best >= apart && best <= far {
			break
		}
	}
	return x, y
}

// freePoint returns a place where a ship touches nothing.
func (g *game) freePoint() (x, y float64) {
	rnd, edge := g.r.Rand(), g.terrain.Edge
	for range 1000 {
		x, y = round(rnd.Float64()*edge, 64), round(rnd.Float64()*edge, 64)
		if g.terrain.Free(x, y, ShipRadius+1) {
			return x, y
		}
	}
	// Obstacles keep their distance from the walls.
	return round(gap+rnd.Float64()*(edge-2*gap), 64), ShipRadius + 1
}

// hostile reports whether a ship and another are enemies.
func (s *ship) hostile(o *ship) bool {
	return s != o && (s.id.Team == 0 || s.id.Team != o.id.Team)
}

// fly moves a ship by one tick and fires.
func (g *game) fly(s *ship, now uint32) {
	c := s.control
	if s.brain == nil && now-s.steered >= g.ticks(quietAfter) {
		c = Control{}
	}
	c.Boost = now < s.boost
	s.fromX, s.fromY = s.X, s.Y
	s.Motion = Step(s.Motion, c, g.dt, g.terrain)
	if c.Fire && now >= s.ready {
		g.fire(s, now)
	}
	s.vitals.Protected, s.vitals.Rapid, s.vitals.Boost = now < s.protected, now < s.rapid, c.Boost
	s.show(c.Thrust > 0)
}

// show puts a ship's motion into the row that others see.
func (s *ship) show(thrust bool) {
	s.row.X, s.row.Y = float32(s.X), float32(s.Y)
	s.row.Heading = float32(radians(s.Heading))
	s.row.Thrust = thrust
}

// report puts what only the player may know into the player's row.
func (s *ship) report() {
	p := s.pilot
	p.X, p.Y, p.Vx, p.Vy = float32(s.X), float32(s.Y), float32(s.VX), float32(s.VY)
	p.Heading = float32(radians(s.Heading))
	p.Energy, p.EnergyTick, p.ReadyTick = float32(s.energy), s.energyTick, s.ready
	p.RespawnTick = s.respawn
	p.RapidUntil, p.BoostUntil, p.ProtectedUntil = s.rapid, s.boost, s.protected
}

// charge returns a ship's energy now.
func (g *game) charge(s *ship, now uint32) float64 {
	return min(full, s.energy+float64(now-s.energyTick)*g.dt*energyRate)
}

// hurt takes damage of a ship's shield, then of its health.
func (g *game) hurt(s *ship, damage uint32, by *ship) {
	if s.vitals.Protected {
		damage = 0
	}
	g.events.hit = arenav1.Hit{Ship: uint32(s.entity), By: uint32(by.entity), Damage: damage}
	for _, o := range [...]*ship{s, by} {
		if o.private != nil && !o.gone {
			o.private.Emit(&g.events.hit)
		}
	}
	taken := min(damage, s.vitals.Shield)
	s.vitals.Shield -= taken
	damage -= taken
	if damage < s.vitals.Health {
		s.vitals.Health -= damage
		return
	}
	s.tally.Deaths++
	if !by.gone {
		by.tally.Kills++
		by.tally.Score += killScore
		g.team[by.id.Team].score += killScore
	}
	g.announce(s, by)
	g.wreck(s)
}

// announce emits the event of a kill.
func (g *game) announce(s, by *ship) {
	kill := &g.events.kill
	*kill = arenav1.Kill{Ship: uint32(s.entity), By: uint32(by.entity), Name: s.id.Name, ByName: by.id.Name}
	if len(g.ships) <= feedShips {
		g.board.Emit(kill)
		return
	}
	g.arena.EmitAt(s.X, s.Y, kill)
	// Who was hit sees the place; who fired may be too far away.
	if by.private != nil && !by.gone && math.Hypot(by.X-s.X, by.Y-s.Y) > g.radius*(1+world.Hysteresis) {
		by.private.Emit(kill)
	}
}

// wreck ends a ship until it comes back.
func (g *game) wreck(s *ship) {
	g.events.explosion = arenav1.Explosion{X: uint32(s.X), Y: uint32(s.Y), Ship: uint32(s.entity)}
	g.arena.EmitAt(s.X, s.Y, &g.events.explosion)
	s.respawn = g.r.Tick() + g.ticks(respawnAfter)
	g.remove(s)
}

// remove takes a ship off the map.
func (g *game) remove(s *ship) {
	s.alive = false
	s.VX, s.VY = 0, 0
	s.vitals.Health = 0
	g.r.Move(s.entity, g.limbo)
}
