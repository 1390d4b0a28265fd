package arena

import (
	"errors"
	"fmt"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// lingerFor is how long a view that the game guides stays where a ship was shot
	// down, in seconds.
	lingerFor = 1.5
	// followEvery is how often a spectator may choose another ship: each time all
	// in sight is sent anew.
	followEvery = 0.2
)

var errNotWatching = errors.New("only spectators follow other ships")

// watcher is a spectator.
type watcher struct {
	index   int // in game.watchers
	player  *world.Player
	view    *world.View
	private *world.Group // only the spectator sees it
	row     *arenav1.Camera

	ship  *ship  // that the view follows; nil if there is none
	auto  bool   // the game chooses it
	dark  uint32 // ticks for which it hasn't been on the map
	chose uint32 // tick from which Follow may be used again
}

// cameraGroup returns the name of the group that a spectator alone sees.
func cameraGroup(player uint32) string { return fmt.Sprintf("camera %d", player) }

// seat lets a spectator in.
func (g *game) seat(p *world.Player) {
	w := &watcher{index: len(g.watchers), player: p, auto: true}
	g.watchers = append(g.watchers, w)
	w.private = g.r.NewGroup(cameraGroup(p.ID))
	w.row = g.camera.Add(g.r.Spawn(w.private))
	p.Data = w
	p.Subscribe(g.r.Group("map"))
	p.Subscribe(g.board)
	p.Subscribe(w.private)
	w.view = p.Watch(g.arena, g.radius)
	w.view.LookAt(g.terrain.Edge/2, g.terrain.Edge/2)
	w.row.X, w.row.Y = float32(g.terrain.Edge/2), float32(g.terrain.Edge/2)
	g.turn(w, g.best())
}

// unseat lets a spectator go.
func (g *game) unseat(w *watcher) {
	last := len(g.watchers) - 1
	g.watchers[w.index] = g.watchers[last]
	g.watchers[w.index].index = w.index
	g.watchers[last] = nil
	g.watchers = g.watchers[:last]
	w.private.Close()
}

// turn makes a spectator's view follow a ship; nil: stay where it is.
func (g *game) turn(w *watcher, s *ship) {
	w.ship, w.dark = s, 0
	if s == nil {
		w.view.LookAt(float64(w.row.X), float64(w.row.Y))
	} else {
		w.view.Follow(s.entity)
	}
	w.report()
}

// report puts where the view is into the row that the spectator sees. While the
// ship is to be seen that needs no telling.
func (w *watcher) report() {
	w.row.Ship, w.row.Auto = 0, w.auto
	if s := w.ship; s != nil {
		w.row.Ship = uint32(s.entity)
		if !s.alive {
			w.row.X, w.row.Y = float32(round(s.X, 1)), float32(round(s.Y, 1))
		}
	}
}

// guide looks after a spectator's view once per tick.
func (g *game) guide(w *watcher) {
	switch {
	case w.ship == nil:
		if s := g.best(); s != nil {
			g.turn(w, s)
		}
		return
	case w.ship.gone:
		// Its entity is about to be somebody else's.
		w.auto = true
		w.row.X, w.row.Y = float32(round(w.ship.X, 1)), float32(round(w.ship.Y, 1))
		g.turn(w, g.best())
		return
	case w.ship.alive:
		w.dark = 0
	default:
		w.dark++
		if s := g.best(); w.auto && w.dark >= g.ticks(lingerFor) && s != nil {
			g.turn(w, s)
			return
		}
	}
	w.report()
}

// best returns the living ship that ranks first, or nil.
func (g *game) best() *ship {
	var best *ship
	for _, s := range g.ships {
		if s.alive && (best == nil || s.ahead(best)) {
			best = s
		}
	}
	return best
}

// beside returns the living ship whose entity is next to that of s, above or below,
// and the one at the other end if there is none; nil if none lives.
func (g *game) beside(s *ship, up bool) *ship {
	var from world.Entity
	if s != nil {
		from = s.entity
	}
	// How far each is above that entity (or below), less one and modulo 1<<32, puts
	// them in a ring: what lies on the other side comes after all of this one.
	far := func(o *ship) uint32 {
		if up {
			return uint32(o.entity) - uint32(from) - 1
		}
		return uint32(from) - uint32(o.entity) - 1
	}
	var best *ship
	for _, o := range g.ships {
		if o.alive && (best == nil || far(o) < far(best)) {
			best = o
		}
	}
	return best
}

func (g *game) follow(p *world.Player, cmd *arenav1.Follow) (*arenav1.FollowReply, error) {
	w, ok := p.Data.(*watcher)
	if !ok {
		return nil, errNotWatching
	}
	s := w.ship
	auto := cmd.Ship == 0 && cmd.Step == 0
	switch {
	case cmd.Ship != 0:
		if s = g.find(world.Entity(cmd.Ship)); s == nil {
			return nil, fmt.Errorf("there is no ship %d", cmd.Ship)
		}
	case auto:
		s = g.best()
	default:
		s = g.beside(s, cmd.Step > 0)
	}
	if err := g.wait(&w.chose, followEvery); err != nil {
		return nil, err
	}
	w.auto = auto
	if s == nil || s == w.ship {
		w.report()
	} else {
		g.turn(w, s)
	}
	return &arenav1.FollowReply{Ship: w.row.Ship}, nil
}

// find returns the ship with an entity, or nil.
func (g *game) find(e world.Entity) *ship {
	for _, s := range g.ships {
		if s.entity == e {
			return s
		}
	}
	return nil
}
