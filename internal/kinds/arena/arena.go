// Package arena is a room kind: a top-down shooter. Ships with thrust and turn
// fly among obstacles on a square map, shoot, collect pickups, die and come back;
// up to 1,000 players in one room, each for themselves or in teams, with ships
// that the game flies, so that a room with few players is alive.
//
// Everything that moves is in one spatial group, which each player sees through
// a view around the own ship; when that is gone, around the place where it blew
// up. The map, the leaderboard and the head count are in groups that everybody
// sees whole; what only the player may know is in a group of each player. A
// spectator has no ship; its view follows somebody else's.
//
// The package holds the rules. It knows no sockets and no clock; the functions
// that a client needs to predict its own ship are exported: [Step], [Terrain].
package arena

import (
	"errors"
	"math"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// maxEdge is the longest edge of a map, as the schema has it.
const maxEdge = 16384

// Kind returns the room kind "arena".
func Kind() world.Kind {
	return world.Kind{
		Name:       "arena",
		Doc:        "a top-down shooter for up to 1,000 players on one map",
		Schema:     arenav1.Schema,
		TickRate:   20,
		MaxPlayers: 1000,
		Spectators: true,
		Talk:       2048, // some twenty lines of chat
		Options: []world.Option{
			{Name: "players", Default: "1000", Doc: "players per room"},
			{Name: "bots", Default: "100", Doc: "ships that the game flies"},
			{Name: "map", Default: "4096", Doc: "edge of the square map, in units"},
			{Name: "radius", Default: "400", Doc: "how far a player sees, in units"},
			{Name: "teams", Default: "0", Doc: "number of teams, 2 to 4; 0: each for themselves"},
			{Name: "rate", Default: "20", Doc: "ticks per second, 10 to 60"},
			{Name: "pickups", Default: "80", Doc: "pickups that lie about"},
			{Name: "length", Default: "0", Doc: "seconds after which the room ends and its result is reported; 0: never"},
			{Name: "obstacles", Default: "160", Doc: "obstacles, as far as there is room"},
		},
		// A number of a ship or a bullet rests for longer than a bullet flies, and
		// the kill feed needs no long memory.
		World: world.Config{Quarantine: 60},
		New:   newGame,
	}
}

// game is one room.
type game struct {
	r       *world.Room
	terrain *Terrain
	dt      float64 // of a tick, in seconds
	radius  float64 // of views
	length  uint32  // ticks after which the match is over; 0: never

	arena *world.Group // ships, bullets, pickups
	limbo *world.Group // dead ships; nobody sees it
	board *world.Group // leaders, team scores, census
	crew  [maxTeams + 1]*world.Group

	ship     *world.Table[arenav1.Ship]
	vitals   *world.Table[arenav1.Vitals]
	identity *world.Table[arenav1.Identity]
	score    *world.Table[arenav1.Score]
	bullet   *world.Table[arenav1.Bullet]
	pickup   *world.Table[arenav1.Pickup]
	pilot    *world.Table[arenav1.Pilot]
	leader   *world.Table[arenav1.Leader]
	camera   *world.Table[arenav1.Camera]
	obstacle *world.Table[arenav1.Obstacle]
	censuses *world.Table[arenav1.Census]
	scores   *world.Table[arenav1.TeamScore]

	ships    []*ship
	players  int // of the ships
	watchers []*watcher
	bullets  []bullet
	pickups  []pickup
	near     index // living ships by place

	teams   int
	team    [maxTeams + 1]team
	census  *arenav1.Census
	leaders []*ship // by rank

	// Events are encoded at once, so one of each is enough.
	events struct {
		explosion arenav1.Explosion
		hit       arenav1.Hit
		kill      arenav1.Kill
		taken     arenav1.PickupTaken
	}
}

func newGame(r *world.Room) (world.Game, error) {
	players, err1 := r.Int("players", 1, 10_000)
	bots, err2 := r.Int("bots", 0, 10_000)
	edge, err3 := r.Int("map", 256, maxEdge)
	radius, err4 := r.Float("radius", 16, maxEdge)
	teams, err5 := r.Int("teams", 0, maxTeams)
	rate, err6 := r.Float("rate", 10, 60)
	pickups, err7 := r.Int("pickups", 0, 10_000)
	obstacles, err8 := r.Int("obstacles", 0, 10_000)
	length, err9 := r.Float("length", 0, 86_400)
	if teams == 1 {
		err5 = errors.New("option teams=1: it must be 0 for none, or 2 to 4")
	}
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		return nil, err
	}
	r.MaxPlayers, r.TickRate = players, rate
	r.Sleeps = length == 0 // a match has its result in time, whoever is there
	g := &game{
		r: r, dt: 1 / rate, radius: radius, teams: teams,
		ship:     world.NewTable[arenav1.Ship](r.World),
		vitals:   world.NewTable[arenav1.Vitals](r.World),
		identity: world.NewTable[arenav1.Identity](r.World),
		score:    world.NewTable[arenav1.Score](r.World),
		bullet:   world.NewTable[arenav1.Bullet](r.World),
		pickup:   world.NewTable[arenav1.Pickup](r.World),
		pilot:    world.NewTable[arenav1.Pilot](r.World),
		leader:   world.NewTable[arenav1.Leader](r.World),
		camera:   world.NewTable[arenav1.Camera](r.World),
		obstacle: world.NewTable[arenav1.Obstacle](r.World),
	}
	bounds := world.Bounds{MaxX: float64(edge), MaxY: float64(edge)}
	if length > 0 {
		g.length = g.ticks(length)
	}
	g.arena = r.NewSpatialGroup("arena", bounds, max(radius/2, float64(edge)/512))
	g.limbo = r.NewGroup("limbo")
	g.ship.Locate(func(s *arenav1.Ship) (x, y float64) { return float64(s.X), float64(s.Y) })
	g.pickup.Locate(func(p *arenav1.Pickup) (x, y float64) { return float64(p.X), float64(p.Y) })
	g.near = newIndex(float64(edge))
	g.layMap(float64(edge), obstacles)
	g.openBoard()
	for range pickups {
		g.pickups = append(g.pickups, pickup{})
	}
	for i := range bots {
		g.enlist(nil, botName(i))
	}
	world.OnInput(r, g.input)
	world.OnCommand(r, g.setName)
	world.OnCommand(r, g.chat)
	world.OnCommand(r, g.chooseTeam)
	world.OnCommand(r, g.follow)
	return g, nil
}

// layMap makes the terrain and the rows that tell clients of it. All of it is
// sent once, in about 7 bytes per obstacle, and shared by all who join.
func (g *game) layMap(edge float64, obstacles int) {
	scenery := g.r.NewGroup("map")
	rules := world.NewTable[arenav1.Rules](g.r.World)
	rules.Set(g.r.Spawn(scenery), arenav1.Rules{
		Edge: float32(edge), ViewRadius: float32(g.radius), Teams: uint32(g.teams),
		ShipRadius: ShipRadius, MaxSpeed: MaxSpeed, BoostSpeed: BoostSpeed, Thrust: Thrust, Drag: Drag, TurnRate: TurnRate,
		BulletSpeed: BulletSpeed, BulletRange: BulletRange, EnergyRate: energyRate, EnergyShot: energyShot,
		FireEvery: fireEvery, RapidEvery: rapidEvery, EndTick: g.length,
	})
	all := generate(g.r.Rand(), edge, obstacles)
	for _, o := range all {
		g.obstacle.Set(g.r.Spawn(scenery), arenav1.Obstacle{
			X: float32(o.X), Y: float32(o.Y), Radius: float32(o.Radius), HalfWidth: float32(o.HalfW), HalfHeight: float32(o.HalfH),
		})
	}
	g.terrain = NewTerrain(edge, all)
}

// ticks returns the number of ticks in a time in seconds, at least 1.
func (g *game) ticks(seconds float64) uint32 { return uint32(max(1, math.Round(seconds/g.dt))) }

// Join gives a player a ship, and a spectator a view of somebody else's. data is
// not looked at.
func (g *game) Join(p *world.Player, _ []byte) error {
	if p.Spectator {
		g.seat(p)
		return nil
	}
	if g.players >= g.r.MaxPlayers {
		return world.ErrFull
	}
	s := g.enlist(p, p.Name)
	p.Data = s
	p.Subscribe(g.r.Group("map"))
	p.Subscribe(g.board)
	p.Subscribe(s.private)
	if g.teams > 0 {
		p.Subscribe(g.crew[s.id.Team])
	}
	p.Watch(g.arena, g.radius).Follow(s.entity)
	return nil
}

// Leave takes a player's ship away. Its bullets fly on.
func (g *game) Leave(p *world.Player) {
	switch s := p.Data.(type) {
	case *ship:
		g.discharge(s)
	case *watcher:
		g.unseat(s)
	}
	p.Data = nil
}

// input sets the controls of a player's ship until the next input.
func (g *game) input(p *world.Player, in *arenav1.ShipInput) {
	if s, ok := p.Data.(*ship); ok {
		s.control = ControlOf(in)
		s.steered = g.r.Tick()
	}
}

// Tick simulates one tick.
func (g *game) Tick() {
	now := g.r.Tick()
	for i, s := range g.ships {
		if s.away != 0 {
			g.await(s, now)
		} else if !s.alive {
			if now >= s.respawn {
				g.launch(s)
			}
		} else if s.brain != nil && (now+uint32(i))%thinkEvery == 0 {
			g.think(s)
		}
	}
	for _, s := range g.ships {
		if s.alive {
			g.fly(s, now)
		}
	}
	g.near.build(g.ships)
	g.moveBullets(now)
	g.movePickups(now)
	for _, s := range g.ships {
		if s.pilot != nil {
			s.report()
		}
	}
	if now%g.ticks(1) == 0 {
		g.refreshBoard()
	}
	for _, w := range g.watchers {
		g.guide(w)
	}
	g.finish(now)
}
