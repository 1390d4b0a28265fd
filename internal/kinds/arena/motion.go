package arena

import (
	"math"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// How ships move. Distances are in units, times in seconds, angles in radians.
// Clients get it in the Rules component.
const (
	ShipRadius = 12
	MaxSpeed   = 150 // at 20 ticks per second a tick's way is within one byte
	BoostSpeed = 210
	Thrust     = 240 // acceleration
	Drag       = 0.6 // share of the velocity lost per second
	TurnRate   = 4.2

	bounce = 0.4 // share of the speed towards an obstacle that comes back
)

// headings is the number of headings in a full turn.
const headings = 1 << 16

const perHeading = headings / (2 * math.Pi)

// Motion is what of a ship moves. Position and velocity are whole numbers of the
// steps in which a Pilot row carries them, so that a client has them exactly.
type Motion struct {
	X, Y    float64 // multiples of 1/64 unit
	VX, VY  float64 // multiples of 1/16 unit per second
	Heading uint16  // 65,536 to the full turn
}

// MotionOf returns the motion that a Pilot row describes.
func MotionOf(p *arenav1.Pilot) Motion {
	return Motion{
		X: float64(p.X), Y: float64(p.Y), VX: float64(p.Vx), VY: float64(p.Vy),
		Heading: headingOf(float64(p.Heading)),
	}
}

// Control is what a pilot does in one tick, made harmless.
type Control struct {
	Turn   float64 // -1 to 1, positive to the left
	Thrust float64 // 0 to 1
	Fire   bool
	Steer  bool   // turn towards Aim, and ignore Turn
	Aim    uint16 // 65,536 to the full turn
	// Boost is true while a boost is at work. It comes from the ship, not from
	// the pilot.
	Boost bool
}

// ControlOf clamps an input. What is not a number counts as 0.
func ControlOf(in *arenav1.ShipInput) Control {
	return Control{
		Turn: clamp(float64(in.Turn), -1, 1), Thrust: clamp(float64(in.Thrust), 0, 1),
		Fire: in.Fire, Steer: in.Steer, Aim: headingOf(float64(in.Aim)),
	}
}

// clamp holds v within lo and hi, which have 0 between them; NaN becomes 0.
func clamp(v, lo, hi float64) float64 {
	if v != v {
		return 0
	}
	return min(max(v, lo), hi)
}

// headingOf returns the heading nearest to an angle; 0 for what is not a number.
func headingOf(radians float64) uint16 {
	return uint16(schema.QuantiseWrap(radians, perHeading, headings))
}

// radians returns a heading's angle, 0 to 2 pi.
func radians(h uint16) float64 { return float64(h) / perHeading }

// Step moves a ship by one tick of dt seconds: the result depends on nothing
// else, so a client that knows a ship's motion, the control and the terrain
// computes what the server will. Ships do not stop each other.
func Step(m Motion, c Control, dt float64, t *Terrain) Motion {
	limit := TurnRate * dt * perHeading
	turn := c.Turn * limit
	if c.Steer {
		turn = clamp(float64(int16(c.Aim-m.Heading)), -limit, limit)
	}
	m.Heading += uint16(int32(math.Floor(turn + 0.5)))

	// The conversions keep compilers from fusing products and sums, which would
	// round differently on different machines.
	keep := max(0, 1-Drag*dt)
	vx, vy := m.VX*keep, m.VY*keep
	if c.Thrust > 0 {
		sin, cos := math.Sincos(radians(m.Heading))
		dv := Thrust * dt * c.Thrust
		vx, vy = float64(vx)+float64(cos*dv), float64(vy)+float64(sin*dv)
	} else if math.Abs(vx) < 1 && math.Abs(vy) < 1 {
		vx, vy = 0, 0
	}
	top := float64(MaxSpeed)
	if c.Boost {
		top = BoostSpeed
	}
	if v2 := float64(vx*vx) + float64(vy*vy); v2 > top*top {
		f := top / math.Sqrt(v2)
		vx, vy = vx*f, vy*f
	}
	// No part of the way is so long that a ship could get through something.
	n := math.Ceil(top * dt / ShipRadius)
	for range int(n) {
		m.X, m.Y = m.X+float64(vx*dt/n), m.Y+float64(vy*dt/n)
		m.X, m.Y, vx, vy = t.collide(m.X, m.Y, vx, vy)
	}
	m.X, m.Y = round(m.X, 64), round(m.Y, 64)
	m.VX, m.VY = round(vx, 16), round(vy, 16)
	return m
}

// round returns the multiple of 1/per that is nearest.
func round(v, per float64) float64 { return math.Floor(v*per+0.5) / per }
