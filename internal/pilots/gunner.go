package pilots

import (
	"math"
	"math/rand/v2"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
)

// Gunner plays the arena: it flies from one place to another and shoots at the nearest
// enemy in sight, aiming ahead of it.
type Gunner struct {
	rnd   *rand.Rand
	in    arenav1.ShipInput
	rules arenav1.Rules
	self  arenav1.Pilot

	look       int     // inputs until the next look round
	goX, goY   float64 // where to fly
	goFor      int     // inputs until another place
	prey       uint32  // entity of the ship to shoot at, 0 none
	preyX      float64 // where it was at the last input
	preyY      float64
	preyVX     float64 // units per second, smoothed
	preyVY     float64
	hasRules   bool
	inputs     int
	lastInputs int // value of inputs when the prey was last seen
}

// NewGunner returns a pilot of the arena. rnd is its own.
func NewGunner(rnd *rand.Rand) *Gunner { return &Gunner{rnd: rnd} }

// Seated does nothing: all that a gunner needs to know is in the state.
func (g *Gunner) Seated(*client.Session) {}

// Input appends the next arenav1.ShipInput.
func (g *Gunner) Input(b []byte, s *client.Session) []byte {
	g.inputs++
	r := s.Replica()
	if !g.hasRules {
		for _, rules := range replica.All[arenav1.Rules](r) {
			g.rules, g.hasRules = *rules, true
		}
	}
	g.in = arenav1.ShipInput{}
	alive := false
	for _, p := range r.Table(ownPilot.ID).All() {
		g.self.LoadCells(p)
		alive = g.self.RespawnTick == 0
	}
	if !g.hasRules || !alive {
		g.prey, g.goFor = 0, 0
		return g.in.AppendProto(b)
	}
	x, y := float64(g.self.X), float64(g.self.Y)
	if g.goFor--; g.goFor <= 0 || math.Hypot(g.goX-x, g.goY-y) < 100 {
		edge := float64(g.rules.Edge)
		g.goX, g.goY = g.rnd.Float64()*edge, g.rnd.Float64()*edge
		g.goFor = 60 + g.rnd.IntN(200)
	}
	if g.look--; g.look <= 0 {
		g.look = 6 + g.rnd.IntN(6)
		g.lookRound(r, x, y)
	}
	g.in.Steer = true
	g.in.Thrust = 1
	g.in.Aim = float32(math.Atan2(g.goY-y, g.goX-x))
	var ship arenav1.Ship
	if g.prey != 0 && replica.Load(r, g.prey, &ship) {
		g.chase(x, y, float64(ship.X), float64(ship.Y))
	} else {
		g.prey = 0
	}
	return g.in.AppendProto(b)
}

var ownPilot = (*arenav1.Pilot)(nil).ComponentInfo()

// lookRound chooses the nearest enemy.
func (g *Gunner) lookRound(r *replica.Replica, x, y float64) {
	best, prey := math.Inf(1), uint32(0)
	var at arenav1.Ship
	for e, ship := range replica.All[arenav1.Ship](r) {
		if e == g.self.Ship {
			continue
		}
		if d := math.Hypot(float64(ship.X)-x, float64(ship.Y)-y); d < best && !g.friend(r, e) {
			best, prey, at = d, e, *ship
		}
	}
	if prey != g.prey {
		g.prey = prey
		g.preyX, g.preyY, g.preyVX, g.preyVY = float64(at.X), float64(at.Y), 0, 0
	}
}

func (g *Gunner) friend(r *replica.Replica, e uint32) bool {
	if g.rules.Teams == 0 {
		return false
	}
	var own, other arenav1.Identity
	return replica.Load(r, g.self.Ship, &own) && replica.Load(r, e, &other) && own.Team == other.Team
}

// chase turns to where the prey will be when a bullet gets there, and fires when
// that is about ahead.
func (g *Gunner) chase(x, y, px, py float64) {
	if n := g.inputs - g.lastInputs; n > 0 && n < 5 {
		// Inputs come about 20 times a second; how exactly matters little here.
		g.preyVX += 0.3 * ((px-g.preyX)*20/float64(n) - g.preyVX)
		g.preyVY += 0.3 * ((py-g.preyY)*20/float64(n) - g.preyVY)
	}
	g.preyX, g.preyY, g.lastInputs = px, py, g.inputs
	d := math.Hypot(px-x, py-y)
	t := d / math.Max(float64(g.rules.BulletSpeed), 1)
	aim := math.Atan2(py+g.preyVY*t-y, px+g.preyVX*t-x)
	g.in.Aim = float32(aim)
	if d < float64(g.rules.ViewRadius)/4 {
		g.in.Thrust = 0.3
	}
	off := math.Abs(math.Remainder(aim-float64(g.self.Heading), 2*math.Pi))
	g.in.Fire = off < 0.15 && d < float64(g.rules.BulletRange)
}
