// Package walkers is a room kind for measuring and for planning capacity:
// walkers on a square map, all of which move in every tick, so that every tick
// is as dear as it can be. Players steer theirs; the game steers the rest, and
// those of players who have been quiet for a second.
//
// It is no fun to play, and has no rules beyond the walls of the map.
package walkers

import (
	"errors"
	"math"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// MaxText is the longest text of a Shout, in characters (see text.Length).
const MaxText = 200

// steps is the number of headings in a full turn, as in the schema.
const steps = 256

// maxHealth is the health that a walker begins with.
const maxHealth = 100

// Kind returns the room kind "walkers". A walker's steps of one tick take one
// byte for x and one for y as long as speed/rate is below 7.9 units.
func Kind() world.Kind {
	return world.Kind{
		Name:       "walkers",
		Doc:        "a synthetic load: everything moves in every tick",
		Schema:     walkersv1.Schema,
		TickRate:   20,
		MaxPlayers: 10,
		Sleeps:     true,
		Talk:       8192,
		Options: []world.Option{
			{Name: "players", Default: "10", Doc: "players per room"},
			{Name: "npcs", Default: "0", Doc: "walkers that the game steers"},
			{Name: "map", Default: "1024", Doc: "edge of the square map, in units"},
			{Name: "radius", Default: "0", Doc: "how far a player sees, in units; 0: all see all"},
			{Name: "rate", Default: "20", Doc: "ticks per second"},
			{Name: "watch", Default: "0", Doc: "1: players have no walker and only watch"},
			{Name: "speed", Default: "100", Doc: "speed of a walker, in units per second"},
		},
		New: newGame,
	}
}

// game is one room of walkers.
type game struct {
	r     *world.Room
	group *world.Group
	table *world.Table[walkersv1.Walker]

	edge   float32 // of the map
	radius float64 // of the views; 0: all see all
	watch  bool    // players have no walker
	quiet  uint32  // ticks without input after which the game steers
	dx, dy [steps]float32

	seats []*seat
}

// seat is what the game keeps for a player.
type seat struct {
	player *world.Player
	walker world.Entity
	row    *walkersv1.Walker
	index  int // in game.seats

	steered uint32 // tick of the last input; 0: none yet
	stopped bool
}

func newGame(r *world.Room) (world.Game, error) {
	players, err1 := r.Int("players", 1, 100_000)
	npcs, err2 := r.Int("npcs", 0, 100_000)
	edge, err3 := r.Float("map", 16, 65536)
	radius, err4 := r.Float("radius", 0, 65536)
	rate, err5 := r.Float("rate", 1, 128)
	speed, err6 := r.Float("speed", 0, 10_000)
	watch, err7 := r.Int("watch", 0, 1)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return nil, err
	}
	r.MaxPlayers, r.TickRate = players, rate
	g := &game{
		r: r, edge: float32(edge), radius: radius, watch: watch == 1, quiet: uint32(math.Ceil(rate)),
		table: world.NewTable[walkersv1.Walker](r.World),
	}
	if radius > 0 {
		b := world.Bounds{MaxX: edge, MaxY: edge}
		g.group = r.NewSpatialGroup("walkers", b, max(radius/2, edge/512))
		g.table.Locate(func(row *walkersv1.Walker) (x, y float64) { return float64(row.X), float64(row.Y) })
	} else {
		g.group = r.NewGroup("walkers")
	}
	for h := range steps {
		sin, cos := math.Sincos(2 * math.Pi * float64(h) / steps)
		g.dx[h], g.dy[h] = float32(cos*speed/rate), float32(sin*speed/rate)
	}
	for range npcs {
		g.spawn(0)
	}
	world.OnInput(r, g.input)
	world.OnCommand(r, g.shout)
	return g, nil
}

// spawn makes a walker for a player, or for the game if player is 0, somewhere.
func (g *game) spawn(player uint32) (world.Entity, *walkersv1.Walker) {
	rnd := g.r.Rand()
	e := g.r.Spawn(g.group)
	row := g.table.Add(e)
	row.X, row.Y = rnd.Float32()*g.edge, rnd.Float32()*g.edge
	row.Heading = angle(uint8(rnd.Uint32()))
	row.Health = maxHealth
	row.Player = player
	return e, row
}

// Join gives a player a walker, or lets it watch from the middle of the map. data
// is not looked at.
func (g *game) Join(p *world.Player, _ []byte) error {
	if g.watch {
		if g.radius > 0 {
			p.Watch(g.group, g.radius).LookAt(float64(g.edge/2), float64(g.edge/2))
		} else {
			p.Subscribe(g.group)
		}
		return nil
	}
	if len(g.seats) >= g.r.MaxPlayers {
		return world.ErrFull
	}
	s := &seat{player: p, index: len(g.seats)}
	s.walker, s.row = g.spawn(p.ID)
	g.seats = append(g.seats, s)
	p.Data = s
	if g.radius > 0 {
		p.Watch(g.group, g.radius).Follow(s.walker)
	} else {
		p.Subscribe(g.group)
	}
	return nil
}

// Leave takes a player's walker away.
func (g *game) Leave(p *world.Player) {
	s, ok := p.Data.(*seat)
	if !ok {
		return
	}
	p.Data = nil
	last := len(g.seats) - 1
	g.seats[s.index] = g.seats[last]
	g.seats[s.index].index = s.index
	g.seats[last] = nil
	g.seats = g.seats[:last]
	g.r.Destroy(s.walker)
}

// input turns a player's walker, and counts: clients number their inputs from 1.
func (g *game) input(p *world.Player, in *walkersv1.WalkerInput) {
	s, ok := p.Data.(*seat)
	if !ok {
		return
	}
	s.row.LastInput = s.player.InputSeq
	s.steered = g.r.Tick()
	s.stopped = in.Stop
	if d := float64(in.Direction); !math.IsNaN(d) && !math.IsInf(d, 0) {
		s.row.Heading = angle(heading(d))
	}
}

// shout sends a text to all players who see the place that it comes from.
func (g *game) shout(p *world.Player, cmd *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
	s, ok := p.Data.(*seat)
	if !ok {
		return nil, errors.New("only walkers can shout")
	}
	line, err := text.Line("text", cmd.Text, MaxText)
	if err != nil {
		return nil, err
	}
	heard := &walkersv1.Heard{Player: p.ID, Text: line}
	if g.radius == 0 {
		g.group.Emit(heard)
		return &walkersv1.ShoutReply{Count: uint32(len(g.seats))}, nil
	}
	g.group.EmitAt(float64(s.row.X), float64(s.row.Y), heard)
	reply := &walkersv1.ShoutReply{}
	reach := g.radius * (1 + world.Hysteresis)
	for _, o := range g.seats {
		if math.Hypot(float64(o.row.X-s.row.X), float64(o.row.Y-s.row.Y)) <= reach {
			reply.Count++
		}
	}
	return reply, nil
}

// Tick moves every walker.
func (g *game) Tick() {
	now := g.r.Tick()
	for _, s := range g.seats {
		if !s.stopped {
			g.step(s.row, s.steered == 0 || now-s.steered >= g.quiet)
		}
	}
	if g.table.Len() == len(g.seats) {
		return
	}
	for _, row := range g.table.All() {
		if row.Player == 0 {
			g.step(row, true)
		}
	}
}

// step is one tick of a walker. One that wanders turns by 1 to 4 headings either
// way. Health changes every 50 ticks on average.
func (g *game) step(w *walkersv1.Walker, wander bool) {
	v := g.r.Rand().Uint64()
	if wander {
		turn := uint8(v&3) + 1
		if v&4 != 0 {
			turn = -turn
		}
		w.Heading = angle(heading(float64(w.Heading)) + turn)
	}
	if v>>32%50 == 0 {
		w.Health = (w.Health + 1 + uint32(v>>8&0xffffff)%maxHealth) % (maxHealth + 1)
	}
	g.walk(w)
}

// walk moves a walker by one tick. It bounces off the walls.
func (g *game) walk(w *walkersv1.Walker) {
	h := heading(float64(w.Heading))
	x, y := w.X+g.dx[h], w.Y+g.dy[h]
	if x < 0 || x > g.edge {
		x = bounce(x, g.edge)
		h = steps/2 - h
	}
	if y < 0 || y > g.edge {
		y = bounce(y, g.edge)
		h = -h
	}
	w.X, w.Y, w.Heading = x, y, angle(h)
}

// bounce reflects a coordinate at the wall that it is behind.
func bounce(x, edge float32) float32 {
	if x < 0 {
		x = -x
	} else {
		x = 2*edge - x
	}
	return min(max(x, 0), edge)
}

// heading returns the step, of 256 in a full turn, that is nearest to an angle.
func heading(radians float64) uint8 {
	turns := radians / (2 * math.Pi)
	turns -= math.Floor(turns)
	return uint8(int(turns*steps + 0.5))
}

// angle returns a heading in radians, 0 to 2 pi.
func angle(h uint8) float32 { return float32(float64(h) * (2 * math.Pi / steps)) }
