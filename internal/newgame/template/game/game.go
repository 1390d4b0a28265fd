// Package game is the rules of My game: dots glide about on a field and collect gems.
//
// Change what you like. The structs of package mygamev1 are generated from the schema; at
// the end of each tick tickroom sends everybody what has changed in them. All that is here
// is called by one goroutine, so there are no locks. Take time from Room.Tick and Room.Dt
// and chance from Room.Rand, so that a game can be replayed.
package game

import (
	"errors"
	"math"

	mygamev1 "github.com/tickroom/tickroom/internal/newgame/template/proto/mygame/v1"

	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// Lengths are in units: a dot is 1 across. Pages know Size, and what step needs (page/src/step.ts).
const (
	Size  = 24.0 // edge of the field
	speed = 7.0  // units per second, at most
	haste = 12.0 // how quickly a dot gets to its speed; less is more slippery
	reach = 0.9  // how near a dot must come to a gem
	gems  = 18   // on the field at once
)

// Kind is what the server needs to know to make rooms of the game.
func Kind() world.Kind {
	return world.Kind{
		Name:       "mygame",
		Doc:        "dots that collect gems",
		Schema:     mygamev1.Schema,
		TickRate:   20,   // per second
		MaxPlayers: 16,   // those who come later get a room of their own
		Sleeps:     true, // while nobody is connected the world stands still
		New:        newGame,
	}
}

// game is one room.
type game struct {
	room    *world.Room
	field   *world.Group // what is in it is seen by all who subscribe to it
	dots    *world.Table[mygamev1.Dot]
	gems    *world.Table[mygamev1.Gem]
	players map[uint32]*player // by their numbers
}

// player is what the game keeps of a player and nobody sees.
type player struct {
	dot  world.Entity
	move mygamev1.Move // the last input
}

func newGame(r *world.Room) (world.Game, error) {
	g := &game{
		room:    r,
		field:   r.NewGroup("field"),
		dots:    world.NewTable[mygamev1.Dot](r.World),
		gems:    world.NewTable[mygamev1.Gem](r.World),
		players: map[uint32]*player{},
	}
	world.OnInput(r, g.move)
	world.OnCommand(r, g.rename)
	for range gems {
		g.addGem()
	}
	return g, nil
}

// Join lets a player in, with a dot somewhere on the field.
func (g *game) Join(p *world.Player, _ []byte) error {
	dot := g.room.Spawn(g.field)
	x, y := g.anywhere()
	g.dots.Set(dot, mygamev1.Dot{X: x, Y: y, Player: p.ID, Name: p.Name})
	g.players[p.ID] = &player{dot: dot}
	p.Subscribe(g.field)
	return nil
}

// Leave takes the player's dot away.
func (g *game) Leave(p *world.Player) {
	g.room.Destroy(g.players[p.ID].dot)
	delete(g.players, p.ID)
}

// move remembers where a player wants to go.
func (g *game) move(p *world.Player, in *mygamev1.Move) { g.players[p.ID].move = *in }

// rename gives a player another name. The text of an error is for the player.
func (g *game) rename(p *world.Player, cmd *mygamev1.Rename) (*mygamev1.Renamed, error) {
	name, err := text.Name(cmd.Name, 16)
	if err == nil && name == "" {
		err = errors.New("a name needs a character, at least")
	}
	if err != nil {
		return nil, err
	}
	g.dots.Get(g.players[p.ID].dot).Name = name
	return &mygamev1.Renamed{Name: name}, nil
}

// Tick is one step of the game, 20 times a second. Inputs have been handled before.
func (g *game) Tick() {
	for _, dot := range g.dots.All() {
		step(dot, &g.players[dot.Player].move, g.room.Dt())
		g.collect(dot)
	}
}

// step moves a dot by one tick. page/src/step.ts does the same, so that a player sees its own dot move
// at once. Never trust what comes from outside: an input may be longer than 1, or no number.
func step(dot *mygamev1.Dot, in *mygamev1.Move, dt float64) {
	x, y := float64(in.Dx), float64(in.Dy)
	length := math.Hypot(x, y)
	if math.IsNaN(length) || math.IsInf(length, 0) {
		x, y, length = 0, 0, 0
	}
	change := min(haste*dt, 1)
	dot.Vx += float32((x/max(length, 1)*speed - float64(dot.Vx)) * change)
	dot.Vy += float32((y/max(length, 1)*speed - float64(dot.Vy)) * change)
	dot.X = onField(float64(dot.X) + float64(dot.Vx)*dt)
	dot.Y = onField(float64(dot.Y) + float64(dot.Vy)*dt)
}

// collect gives a dot the gems that it touches, and puts others elsewhere.
func (g *game) collect(dot *mygamev1.Dot) {
	for gem, at := range g.gems.All() {
		if math.Hypot(float64(dot.X-at.X), float64(dot.Y-at.Y)) > reach {
			continue
		}
		dot.Score += at.Worth
		g.field.Emit(&mygamev1.Collected{X: at.X, Y: at.Y, Player: dot.Player, Worth: at.Worth})
		g.room.Destroy(gem)
		g.addGem()
	}
}

// addGem puts a gem somewhere. One in six is worth more.
func (g *game) addGem() {
	x, y := g.anywhere()
	worth := uint32(1)
	if g.room.Rand().IntN(6) == 0 {
		worth = 5
	}
	g.gems.Set(g.room.Spawn(g.field), mygamev1.Gem{X: x, Y: y, Worth: worth})
}

func (g *game) anywhere() (x, y float32) {
	return onField(g.room.Rand().Float64() * Size), onField(g.room.Rand().Float64() * Size)
}

// onField returns where a dot is that would be at v, since the field has an edge.
func onField(v float64) float32 { return float32(min(max(v, 0.5), Size-0.5)) }
