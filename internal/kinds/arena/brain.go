package arena

import (
	"math"
	"math/rand/v2"
	"strconv"
)

// thinkEvery is how many ticks lie between two thoughts of a ship that the game
// flies.
const thinkEvery = 3

const (
	sight     = 420.0 // how far it looks for enemies
	lookAhead = 110.0 // and for obstacles
)

// brain is the pilot of a ship that the game flies. It knows what a player would
// see, aims where the enemy will be, badly enough to be beaten, and does not fly
// into walls.
type brain struct {
	skill      float64 // 0 to 1
	prey       *ship
	until      uint32  // tick in which it looks for other prey
	wobble     float64 // radians off, changing slowly
	wayX, wayY float64 // where it goes when there is nothing to do
	way        bool
}

func newBrain(rnd *rand.Rand) *brain { return &brain{skill: rnd.Float64()} }

var firstNames = [...]string{
	"Vega", "Orion", "Lyra", "Rigel", "Nova", "Altair", "Mira", "Draco", "Atlas", "Juno", "Castor", "Deneb", "Io", "Titan", "Rhea", "Pavo",
}

// botName returns the name of the i-th ship that the game flies: another for each.
func botName(i int) string {
	name := firstNames[i%len(firstNames)] + " bot"
	if n := i / len(firstNames); n > 0 {
		name += " " + strconv.Itoa(n+1)
	}
	return name
}

// think sets the controls of a ship that the game flies.
func (g *game) think(s *ship) {
	b, now, rnd := s.brain, g.r.Tick(), g.r.Rand()
	if b.prey != nil && (now >= b.until || !b.prey.alive || !s.hostile(b.prey) || !g.sees(s, b.prey)) {
		b.prey = nil
	}
	if b.prey == nil {
		b.prey, b.until = g.nearestEnemy(s), now+g.ticks(4)
	}
	c := Control{Steer: true}
	var aim float64
	if p := b.prey; p != nil {
		dx, dy := p.X-s.X, p.Y-s.Y
		dist := math.Hypot(dx, dy)
		t := dist / BulletSpeed
		b.wobble = 0.8*b.wobble + rnd.NormFloat64()*(0.1-0.07*b.skill)
		want := math.Atan2(dy+p.VY*t, dx+p.VX*t)
		aim = want + b.wobble
		off := math.Abs(float64(int16(headingOf(want)-s.Heading))) / perHeading
		c.Fire = off < 0.2 && dist < BulletRange*0.9 && !p.vitals.Protected && g.charge(s, now) > 25*(1-b.skill)
		switch {
		case dist > 200 && off < 1:
			c.Thrust = 1
		case dist > 110 && off < 1:
			c.Thrust = 0.4
		}
	} else {
		if dx, dy := b.wayX-s.X, b.wayY-s.Y; !b.way || dx*dx+dy*dy < 80*80 || rnd.IntN(200) == 0 {
			b.wayX, b.wayY = g.goal(s)
			b.way = true
		}
		aim = math.Atan2(b.wayY-s.Y, b.wayX-s.X)
		c.Thrust = 0.7
	}
	c.Aim = headingOf(aim)
	g.dodge(s, &c)
	s.control = c
}

// goal returns a place to go to: where a player is, so that nobody is alone on a
// large map, a pickup, or anywhere.
func (g *game) goal(s *ship) (x, y float64) {
	rnd := g.r.Rand()
	if s.vitals.Health > full/2 && rnd.IntN(2) == 0 {
		if p := g.nearestPlayer(s); p != nil {
			return p.X, p.Y
		}
	}
	if n := len(g.pickups); n > 0 {
		// One of a few, the nearest that it has a use for.
		best := math.Inf(1)
		for range 6 {
			p := &g.pickups[rnd.IntN(n)]
			if p.entity == 0 || !s.wants(p.row.Kind) {
				continue
			}
			px, py := float64(p.row.X), float64(p.row.Y)
			if d := math.Hypot(px-s.X, py-s.Y); d < best {
				x, y, best = px, py, d
			}
		}
		if best < math.Inf(1) && (s.vitals.Health < full/2 || rnd.IntN(2) == 0) {
			return x, y
		}
	}
	return g.freePoint()
}

// nearestPlayer returns the nearest living enemy that a player flies, or nil.
func (g *game) nearestPlayer(s *ship) *ship {
	var found *ship
	best := math.Inf(1)
	for _, o := range g.ships {
		if o.player != nil && o.alive && s.hostile(o) {
			if d := math.Hypot(o.X-s.X, o.Y-s.Y); d < best {
				found, best = o, d
			}
		}
	}
	return found
}

// dodge turns a ship away from what it would fly into, whatever it wanted.
func (g *game) dodge(s *ship, c *Control) {
	if s.VX*s.VX+s.VY*s.VY < 30*30 && c.Thrust == 0 {
		return
	}
	room := func(h uint16) float64 {
		sin, cos := math.Sincos(radians(h))
		return g.terrain.Ray(s.X, s.Y, cos, sin, lookAhead)
	}
	course := c.Aim
	if s.VX != 0 || s.VY != 0 {
		course = headingOf(math.Atan2(s.VY, s.VX))
	}
	if min(room(course), room(c.Aim)) >= lookAhead*0.6 {
		return
	}
	const eighth = headings / 8
	best, way := 0.0, c.Aim
	for _, turn := range [...]uint16{eighth, 7 * eighth, 2 * eighth, 6 * eighth, 3 * eighth, 5 * eighth, 4 * eighth} {
		if d := room(course + turn); d > best+1 {
			best, way = d, course+turn
		}
	}
	c.Aim = way
	if off := math.Abs(float64(int16(way-s.Heading))) / perHeading; off < 1 {
		c.Thrust = 1
	} else {
		c.Thrust = 0
	}
}

// sees reports whether nothing is between two ships that are near enough.
func (g *game) sees(s, o *ship) bool {
	dx, dy := o.X-s.X, o.Y-s.Y
	d2 := dx*dx + dy*dy
	if d2 > sight*sight {
		return false
	}
	d := math.Sqrt(d2)
	return d < 1 || g.terrain.Ray(s.X, s.Y, dx/d, dy/d, d) >= d
}

// nearestEnemy returns the nearest enemy in sight as of the last tick, or nil.
func (g *game) nearestEnemy(s *ship) *ship {
	var prey *ship
	best := sight * sight
	for cy, last := g.near.rows(s.Y-sight, s.Y+sight); cy <= last; cy++ {
		for _, o := range g.near.row(cy, s.X-sight, s.X+sight) {
			dx, dy := o.X-s.X, o.Y-s.Y
			if d2 := dx*dx + dy*dy; d2 < best && o.alive && s.hostile(o) && g.sees(s, o) {
				prey, best = o, d2
			}
		}
	}
	return prey
}
