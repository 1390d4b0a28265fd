package arena

import (
	"math"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// How bullets fly. A bullet's range is shorter than the usual view.
const (
	BulletSpeed = 420 // units per second
	BulletRange = 360
	damage      = 18

	bulletHeadings = 1024 // in a full turn
)

// bullet is a bullet in flight. Its row never changes; where it is now is only
// known to the grid, for who sees it.
type bullet struct {
	entity world.Entity
	by     *ship
	fired  uint32 // tick
	x, y   float64
	ux, uy float64 // direction
	left   float64 // units to where it ends: an obstacle, a wall, or its range
}

// fire sends a bullet off, from the middle of the ship, so that nothing is too
// near to be hit and no muzzle is beyond a wall.
func (g *game) fire(s *ship, now uint32) {
	energy := round(g.charge(s, now), 4)
	if energy < energyShot {
		return
	}
	s.energy, s.energyTick = energy-energyShot, now
	every := fireEvery
	if now < s.rapid {
		every = rapidEvery
	}
	s.ready = now + g.ticks(every)
	s.protected = min(s.protected, now)

	// All that the server computes with is what clients are sent.
	x, y := min(round(s.X, 4), g.terrain.Edge), min(round(s.Y, 4), g.terrain.Edge)
	const unit = headings / bulletHeadings
	h := (uint32(s.Heading) + unit/2) / unit % bulletHeadings
	angle := float64(h) * (2 * math.Pi / bulletHeadings)
	b := bullet{entity: g.r.Spawn(g.arena), by: s, fired: now, x: x, y: y}
	b.uy, b.ux = math.Sincos(angle)
	b.left = g.terrain.Ray(x, y, b.ux, b.uy, BulletRange)
	g.bullet.Set(b.entity, arenav1.Bullet{
		X: float32(x), Y: float32(y), Heading: float32(angle), Tick: now, Ship: uint32(s.entity),
	})
	g.r.Place(b.entity, x, y)
	g.bullets = append(g.bullets, b)
}

// moveBullets moves the bullets that were fired before this tick, and lets them
// hit.
func (g *game) moveBullets(now uint32) {
	for i := 0; i < len(g.bullets); {
		b := &g.bullets[i]
		if b.fired == now || !g.moveBullet(b) {
			i++
			continue
		}
		g.r.Destroy(b.entity)
		last := len(g.bullets) - 1
		g.bullets[i] = g.bullets[last]
		g.bullets[last].by = nil
		g.bullets = g.bullets[:last]
	}
}

// moveBullet moves a bullet by one tick and reports whether it ended.
func (g *game) moveBullet(b *bullet) bool {
	way := min(BulletSpeed*g.dt, b.left)
	x, y := b.x+b.ux*way, b.y+b.uy*way
	if s := g.struck(b, x, y); s != nil {
		g.hurt(s, damage, b.by)
		return true
	}
	b.x, b.y = x, y
	b.left -= way
	if b.left <= 0 {
		return true
	}
	g.r.Place(b.entity, x, y)
	return false
}

// struck returns the first enemy that a bullet meets on its way to (x, y), or nil.
// Both fly straight during the tick, so nothing slips through between two ticks.
func (g *game) struck(b *bullet, x, y float64) *ship {
	reach := ShipRadius + BoostSpeed*g.dt
	x0, x1 := min(b.x, x)-reach, max(b.x, x)+reach
	y0, y1 := min(b.y, y)-reach, max(b.y, y)+reach
	var first *ship
	when := math.Inf(1)
	for cy, last := g.near.rows(y0, y1); cy <= last; cy++ {
		for _, s := range g.near.row(cy, x0, x1) {
			if !s.alive || !b.by.hostile(s) {
				continue
			}
			t := meet(b.x-s.fromX, b.y-s.fromY, x-s.X, y-s.Y)
			if t < when {
				first, when = s, t
			}
		}
	}
	return first
}

// meet returns when, 0 to 1, a point that goes straight from (ax, ay) to (bx, by)
// first comes within a ship's radius of the origin; infinite if it doesn't.
func meet(ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	c := ax*ax + ay*ay - ShipRadius*ShipRadius
	if c <= 0 {
		return 0
	}
	a := dx*dx + dy*dy
	half := ax*dx + ay*dy
	if half >= 0 || a == 0 {
		return math.Inf(1)
	}
	disc := half*half - a*c
	if disc < 0 {
		return math.Inf(1)
	}
	if t := (-half - math.Sqrt(disc)) / a; t <= 1 {
		return t
	}
	return math.Inf(1)
}
