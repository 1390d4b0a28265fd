package arena

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// What the game keeps beside its tables, so that a room goes on from a checkpoint. Ships are told by their index,
// those that have left, and of which a bullet or a spectator's view still knows, behind the others.

var order = binary.LittleEndian

// none stands for no ship.
const none = -1

// savedCounts are how many there are of what follows.
type savedCounts struct {
	Ships, Gone, Bullets, Pickups, Watchers, Leaders, Near uint32
	Scores                                                 [maxTeams + 1]uint32
	Sizes                                                  [maxTeams + 1]int32
}

// savedShip is a ship, without what is in its rows.
type savedShip struct {
	Motion                     Motion
	FromX, FromY               float64
	Entity, Board, Player      uint32
	Alive, Parked, Brain       bool
	Control                    Control
	Steered, Away              uint32
	Energy                     float64
	EnergyTick, Ready, Respawn uint32
	Protected, Rapid, Boost    uint32
	Named, Chatted, Switched   uint32
	Skill, Wobble, WayX, WayY  float64
	Prey                       int32
	Until                      uint32
	Way                        bool
}

// savedGone is what is asked still of a ship that has left.
type savedGone struct {
	Entity, Team, Player uint32
	X, Y                 float64
}

type savedBullet struct {
	Entity, Fired uint32
	By            int32
	X, Y, UX, UY  float64
	Left          float64
}

type savedPickup struct{ Entity, Back uint32 }

type savedWatcher struct {
	Player      uint32
	Ship        int32
	Auto        bool
	Dark, Chose uint32
}

// saver numbers the ships.
type saver struct {
	g    *game
	gone []*ship
	b    []byte
	err  error
}

func (s *saver) put(v any) {
	if s.err == nil {
		s.b, s.err = binary.Append(s.b, order, v)
	}
}

func (s *saver) number(o *ship) int32 {
	switch {
	case o == nil:
		return none
	case !o.gone:
		return int32(o.index)
	}
	for i, have := range s.gone {
		if have == o {
			return int32(len(s.g.ships) + i)
		}
	}
	s.gone = append(s.gone, o)
	return int32(len(s.g.ships) + len(s.gone) - 1)
}

// Save implements world.Saver.
func (g *game) Save() ([]byte, error) {
	s := &saver{g: g}
	for i := range g.bullets {
		s.number(g.bullets[i].by)
	}
	for _, w := range g.watchers {
		s.number(w.ship)
	}
	c := savedCounts{
		Ships: uint32(len(g.ships)), Gone: uint32(len(s.gone)), Bullets: uint32(len(g.bullets)), Pickups: uint32(len(g.pickups)), Watchers: uint32(len(g.watchers)),
		Leaders: uint32(len(g.leaders)),
	}
	for t := range g.team {
		c.Scores[t], c.Sizes[t] = g.team[t].score, int32(g.team[t].ships)
	}
	for _, o := range g.near.items {
		if !o.gone {
			c.Near++
		}
	}
	s.put(&c)
	for _, o := range g.ships {
		s.ship(o)
	}
	for _, o := range s.gone {
		s.put(&savedGone{Entity: uint32(o.entity), Team: o.id.Team, Player: o.id.Player, X: o.X, Y: o.Y})
		s.put(uint32(len(o.id.Name)))
		s.b = append(s.b, o.id.Name...)
	}
	for i := range g.bullets {
		b := &g.bullets[i]
		s.put(&savedBullet{uint32(b.entity), b.fired, s.number(b.by), b.x, b.y, b.ux, b.uy, b.left})
	}
	for i := range g.pickups {
		s.put(&savedPickup{uint32(g.pickups[i].entity), g.pickups[i].back})
	}
	for _, w := range g.watchers {
		s.put(&savedWatcher{w.player.ID, s.number(w.ship), w.auto, w.dark, w.chose})
	}
	for _, o := range g.leaders {
		s.put(int32(o.index))
	}
	for _, o := range g.near.items { // in the order in which ships look for each other
		if !o.gone {
			s.put(int32(o.index))
		}
	}
	return s.b, s.err
}

func (s *saver) ship(o *ship) {
	v := savedShip{
		Motion: o.Motion, FromX: o.fromX, FromY: o.fromY, Entity: uint32(o.entity), Board: uint32(o.board), Alive: o.alive, Parked: o.parked, Control: o.control,
		Steered: o.steered, Away: o.away, Energy: o.energy, EnergyTick: o.energyTick, Ready: o.ready, Respawn: o.respawn, Protected: o.protected, Rapid: o.rapid, Boost: o.boost,
		Named: o.named, Chatted: o.chatted, Switched: o.switched, Prey: none,
	}
	if o.player != nil {
		v.Player = o.player.ID
	}
	if b := o.brain; b != nil {
		v.Brain, v.Skill, v.Wobble, v.WayX, v.WayY, v.Way, v.Until = true, b.skill, b.wobble, b.wayX, b.wayY, b.way, b.until
		if b.prey != nil && !b.prey.gone { // one that has left is looked for no more
			v.Prey = int32(b.prey.index)
		}
	}
	s.put(&v)
}

// loader reads what Save has written.
type loader struct {
	g       *game
	r       *bytes.Reader
	players map[uint32]*world.Player
	gone    []*ship
	err     error
}

var errSaved = errors.New("what was saved of the arena does not fit")

func (l *loader) get(v any) {
	if l.err == nil {
		l.err = binary.Read(l.r, order, v)
	}
}

func (l *loader) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %s", errSaved, fmt.Sprintf(format, args...))
	}
}

// find returns the ship of a number, nil for none.
func (l *loader) find(n int32) *ship {
	i := int(n)
	switch {
	case n == none:
		return nil
	case i >= 0 && i < len(l.g.ships):
		return l.g.ships[i]
	case i-len(l.g.ships) >= 0 && i-len(l.g.ships) < len(l.gone):
		return l.gone[i-len(l.g.ships)]
	}
	l.fail("there is no ship %d", n)
	return &ship{}
}

// Restore implements world.Saver.
func (g *game) Restore(saved []byte) error {
	l := &loader{g: g, r: bytes.NewReader(saved), players: map[uint32]*world.Player{}}
	for p := range g.r.Players() {
		l.players[p.ID] = p
	}
	for p := range g.r.Spectators() {
		l.players[p.ID] = p
	}
	var c savedCounts
	l.get(&c)
	if n := uint64(c.Ships) + uint64(c.Gone) + uint64(c.Bullets) + uint64(c.Pickups) + uint64(c.Watchers) + uint64(c.Leaders) + uint64(c.Near); n > uint64(len(saved)) {
		l.fail("it says that there is more than it has")
		return l.err
	}
	l.lay()
	l.boards(&c)
	l.ships(&c)
	l.rest(&c)
	return l.err
}

// lay makes the terrain of the obstacles, which another build may have laid otherwise.
func (l *loader) lay() {
	g := l.g
	var all []Obstacle
	for _, row := range g.obstacle.All() {
		all = append(all, ObstacleOf(row))
	}
	g.terrain = NewTerrain(g.terrain.Edge, all)
}

// boards finds the rows that everybody sees.
func (l *loader) boards(c *savedCounts) {
	g := l.g
	g.census = nil
	for _, row := range g.censuses.All() {
		g.census = row
	}
	if g.census == nil {
		l.fail("there is no census")
	}
	for t := range g.team {
		g.team[t] = team{score: c.Scores[t], ships: int(c.Sizes[t])}
	}
	for _, row := range g.scores.All() {
		if row.Team == 0 || int(row.Team) >= len(g.team) {
			l.fail("there is a team %d", row.Team)
			return
		}
		g.team[row.Team].row = row
	}
}

func (l *loader) ships(c *savedCounts) {
	g := l.g
	g.ships, g.players = nil, 0
	prey := make([]int32, 0, c.Ships)
	for range c.Ships {
		var v savedShip
		l.get(&v)
		if l.err != nil {
			return
		}
		g.ships = append(g.ships, l.ship(&v))
		prey = append(prey, v.Prey)
	}
	for i, s := range g.ships {
		if s.brain != nil {
			s.brain.prey = l.find(prey[i])
		}
	}
	for range c.Gone {
		var v savedGone
		var n uint32
		l.get(&v)
		l.get(&n)
		if l.err != nil || int64(n) > int64(l.r.Len()) {
			l.fail("a name of %d bytes", n)
			return
		}
		name := make([]byte, n)
		l.get(name)
		s := &ship{entity: world.Entity(v.Entity), gone: true, id: &arenav1.Identity{Team: v.Team, Player: v.Player, Name: string(name)}, tally: &arenav1.Score{}}
		s.X, s.Y = v.X, v.Y
		l.gone = append(l.gone, s)
	}
}

func (l *loader) ship(v *savedShip) *ship {
	g := l.g
	s := &ship{
		Motion: v.Motion, fromX: v.FromX, fromY: v.FromY, entity: world.Entity(v.Entity), index: len(g.ships), alive: v.Alive, parked: v.Parked, control: v.Control,
		steered: v.Steered, away: v.Away, energy: v.Energy, energyTick: v.EnergyTick, ready: v.Ready, respawn: v.Respawn, protected: v.Protected, rapid: v.Rapid, boost: v.Boost,
		named: v.Named, chatted: v.Chatted, switched: v.Switched, board: world.Entity(v.Board),
	}
	s.row, s.vitals, s.id, s.tally = g.ship.Get(s.entity), g.vitals.Get(s.entity), g.identity.Get(s.entity), g.score.Get(s.entity)
	if s.row == nil || s.vitals == nil || s.id == nil || s.tally == nil {
		l.fail("ship %d has not all its rows", s.entity)
	}
	if s.board != 0 {
		if s.leader = g.leader.Get(s.board); s.leader == nil {
			l.fail("ship %d is not on the board", s.entity)
		}
	}
	if v.Brain {
		s.brain = &brain{skill: v.Skill, until: v.Until, wobble: v.Wobble, wayX: v.WayX, wayY: v.WayY, way: v.Way}
		return s
	}
	s.player = l.players[v.Player]
	if s.private = g.r.Group(pilotGroup(v.Player)); s.player == nil || s.private == nil || s.private.Len() != 1 {
		l.fail("player %d of ship %d is not there", v.Player, s.entity)
		return s
	}
	if s.pilot = g.pilot.Get(s.private.Members()[0]); s.pilot == nil {
		l.fail("ship %d has no pilot", s.entity)
	}
	s.player.Data = s
	g.players++
	return s
}

func (l *loader) rest(c *savedCounts) {
	g := l.g
	g.bullets, g.pickups, g.watchers, g.leaders = nil, nil, nil, g.leaders[:0]
	for range c.Bullets {
		var v savedBullet
		l.get(&v)
		g.bullets = append(g.bullets, bullet{world.Entity(v.Entity), l.find(v.By), v.Fired, v.X, v.Y, v.UX, v.UY, v.Left})
	}
	for range c.Pickups {
		var v savedPickup
		l.get(&v)
		p := pickup{entity: world.Entity(v.Entity), back: v.Back}
		if p.entity != 0 {
			if p.row = g.pickup.Get(p.entity); p.row == nil {
				l.fail("pickup %d is not there", p.entity)
			}
		}
		g.pickups = append(g.pickups, p)
	}
	for range c.Watchers {
		l.watcher()
	}
	for range c.Leaders {
		var n int32
		l.get(&n)
		g.leaders = append(g.leaders, l.find(n))
	}
	var near []*ship
	for range c.Near {
		var n int32
		l.get(&n)
		near = append(near, l.find(n))
	}
	if l.err == nil {
		g.near.restore(near)
	}
}

func (l *loader) watcher() {
	g := l.g
	var v savedWatcher
	l.get(&v)
	w := &watcher{index: len(g.watchers), player: l.players[v.Player], ship: l.find(v.Ship), auto: v.Auto, dark: v.Dark, chose: v.Chose}
	if w.private = g.r.Group(cameraGroup(v.Player)); w.player == nil || w.private == nil || w.private.Len() != 1 {
		l.fail("spectator %d is not there", v.Player)
		return
	}
	w.view, w.row = w.player.View(g.arena), g.camera.Get(w.private.Members()[0])
	if w.view == nil || w.row == nil {
		l.fail("spectator %d has no camera", v.Player)
	}
	w.player.Data = w
	g.watchers = append(g.watchers, w)
}
