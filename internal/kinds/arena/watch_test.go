package arena

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

func (r room) watch(id uint32) (*world.Player, *watcher) {
	r.t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: id, Name: fmt.Sprint("spectator ", id), Spectator: true}
	if err := r.game.Join(p, nil); err != nil {
		r.t.Fatal(err)
	}
	return p, p.Data.(*watcher)
}

// choose sends a Follow, later than any before.
func (r room) choose(p *world.Player, f arenav1.Follow) (world.Entity, error) {
	for range 4 {
		r.tick()
	}
	var reply arenav1.FollowReply
	err := r.command(p, &f, &reply)
	return world.Entity(reply.Ship), err
}

func TestSpectatorFollowsTheBest(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"radius=200")
	_, a := r.join(1)
	_, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 3000, 3000, 0)
	b.tally.Score = 10
	p, w := r.watch(3)
	r.tick()
	if w.ship != b || *w.row != (arenav1.Camera{Ship: uint32(b.entity), Auto: true, X: 2048, Y: 2048}) {
		t.Fatalf("follows %v, %+v", w.ship, *w.row)
	}
	if !r.sees(p, b.entity) || r.sees(p, a.entity) {
		t.Error("sees the wrong ship")
	}
	if r.players != 2 || len(r.ships) != 2 {
		t.Errorf("%d players, %d ships", r.players, len(r.ships))
	}
	for range 20 {
		r.tick()
	}
	if *r.census != (arenav1.Census{Players: 2, Spectators: 1}) {
		t.Errorf("census %+v", *r.census)
	}
	// A better one does not take the view away while this one lives.
	a.tally.Score = 100
	for range 60 {
		r.tick()
	}
	if w.ship != b {
		t.Error("left a living ship")
	}
	for b.alive {
		b.protected, b.vitals.Protected = 0, false
		r.hurt(b, damage, a)
	}
	r.tick()
	if w.ship != b || w.row.X != 3000 || w.row.Y != 3000 {
		t.Errorf("at once after the kill: %+v", *w.row)
	}
	for range 29 {
		r.tick()
	}
	if w.ship != a || !r.sees(p, a.entity) {
		t.Errorf("a while after the kill: %+v", *w.row)
	}
	r.game.Leave(p)
	r.tick()
	if len(r.watchers) != 0 || r.camera.Len() != 0 {
		t.Errorf("%d watchers, %d cameras", len(r.watchers), r.camera.Len())
	}
}

func TestSpectatorChooses(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"bots=3")
	pa, a := r.join(1)
	r.tick()
	p, w := r.watch(2)
	ships := append([]*ship(nil), r.ships...)
	at := func() int {
		for i, s := range ships {
			if s == w.ship {
				return i
			}
		}
		return -1
	}
	i := at()
	for _, step := range []int{1, 1, 1, 1, 1, -1, -1, -1, -1, -1} {
		e, err := r.choose(p, arenav1.Follow{Step: int32(step)})
		i = (i + step + len(ships)) % len(ships)
		if err != nil || at() != i || e != ships[i].entity || w.auto {
			t.Fatalf("%d steps on: %d, %v; ship %d, want %d", step, e, err, at(), i)
		}
	}
	if e, err := r.choose(p, arenav1.Follow{Ship: uint32(a.entity)}); err != nil || e != a.entity || w.ship != a {
		t.Errorf("a certain ship: %d, %v", e, err)
	}
	// Through its death.
	for a.alive {
		a.protected, a.vitals.Protected = 0, false
		r.hurt(a, damage, ships[0])
	}
	for range 65 {
		r.tick()
	}
	if w.ship != a || !a.alive || !r.sees(p, a.entity) {
		t.Errorf("does not follow the chosen ship through its death: %+v", *w.row)
	}
	if _, err := r.choose(p, arenav1.Follow{Ship: 9999}); err == nil || !strings.Contains(err.Error(), "9999") {
		t.Errorf("a ship that there isn't: %v", err)
	}
	if _, err := r.choose(p, arenav1.Follow{Ship: uint32(ships[1].entity)}); err != nil {
		t.Error(err)
	}
	if err := r.command(p, &arenav1.Follow{Step: 1}, &arenav1.FollowReply{}); err == nil {
		t.Error("two choices in a tick")
	}
	if e, err := r.choose(p, arenav1.Follow{}); err != nil || !w.auto || e != r.best().entity {
		t.Errorf("back to the game's choice: %d, %v", e, err)
	}
	if err := r.command(pa, &arenav1.Follow{Step: 1}, &arenav1.FollowReply{}); !errors.Is(err, errNotWatching) {
		t.Errorf("a player follows: %v", err)
	}
	if err := r.command(p, &arenav1.Chat{Text: "x"}, &arenav1.ChatReply{}); !errors.Is(err, errNoShip) {
		t.Errorf("a spectator talks: %v", err)
	}
	r.input(p, &arenav1.ShipInput{Thrust: 1})
	r.tick()
}

func TestSpectatorOfNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	p, w := r.watch(1)
	r.tick()
	if *w.row != (arenav1.Camera{Auto: true, X: 2048, Y: 2048}) {
		t.Errorf("an empty room: %+v", *w.row)
	}
	for _, step := range []int32{-1, 0, 1} {
		if e, err := r.choose(p, arenav1.Follow{Step: step}); err != nil || e != 0 {
			t.Errorf("%d steps on in an empty room: %d, %v", step, e, err)
		}
	}
	pa, a := r.join(2)
	r.tick()
	if w.ship != a {
		t.Error("does not follow who comes")
	}
	x, y := a.X, a.Y
	r.game.Leave(pa)
	r.tick()
	if w.ship != nil || w.row.Ship != 0 || w.row.X != float32(round(x, 1)) || w.row.Y != float32(round(y, 1)) {
		t.Errorf("after the last ship left: %+v", *w.row)
	}
}

// TestSync compares what clients hold that are sent differences, sometimes late
// and sometimes over a new connection, with what the full state gives; and what
// they see with what they should, whatever players and spectators do.
func TestSync(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := &syncing{room: newRoom(t, seed, fmt.Sprintf("bots=12 map=900 radius=250 teams=%d obstacles=10", seed%3/2*2)), rnd: rand.New(rand.NewPCG(seed, 1))}
			for range 1500 {
				s.step()
			}
		})
	}
}

type syncing struct {
	room
	rnd     *rand.Rand
	clients []*syncClient
	id      uint32
}

type syncClient struct {
	p     *world.Player
	down  netcode.Downlink
	rep   *replica.Replica
	away  bool
	steps int // ticks until its next snapshot
}

func (s *syncing) step() {
	switch n := s.rnd.IntN(40); {
	case n == 0 && len(s.clients) < 12:
		s.id++
		c := &syncClient{rep: replica.New(arenav1.Schema)}
		if s.rnd.IntN(2) == 0 {
			c.p, _ = s.watch(s.id)
		} else {
			c.p, _ = s.join(s.id)
		}
		c.down = netcode.NewDownlink(c.p.Interest, 1000)
		c.down.SetHashEvery(1)
		s.clients = append(s.clients, c)
	case len(s.clients) == 0:
	case n == 1 && s.rnd.IntN(3) == 0:
		i := s.rnd.IntN(len(s.clients))
		s.game.Leave(s.clients[i].p)
		s.clients = append(s.clients[:i], s.clients[i+1:]...)
	case n == 2:
		c := s.clients[s.rnd.IntN(len(s.clients))]
		if c.away = !c.away; c.away {
			s.game.Away(c.p)
		} else {
			s.game.Back(c.p)
			c.down = netcode.NewDownlink(c.p.Interest, 1000)
			c.down.SetHashEvery(1)
			c.down.Resume(c.rep.Tick())
		}
	}
	for _, c := range s.clients {
		switch {
		case c.away:
		case c.p.Spectator && s.rnd.IntN(10) == 0:
			f := arenav1.Follow{Step: int32(s.rnd.IntN(3) - 1)}
			if s.rnd.IntN(3) == 0 {
				f.Ship = uint32(s.ships[s.rnd.IntN(len(s.ships))].entity)
			}
			_ = s.command(c.p, &f, &arenav1.FollowReply{})
		case !c.p.Spectator:
			s.input(c.p, &arenav1.ShipInput{Thrust: s.rnd.Float32(), Turn: s.rnd.Float32()*2 - 1, Fire: s.rnd.IntN(2) == 0})
		}
	}
	s.tick()
	s.check(s.t)
	for _, c := range s.clients {
		if c.steps--; c.away || c.steps > 0 {
			continue
		}
		c.steps = 1
		if s.rnd.IntN(5) == 0 {
			c.steps = s.rnd.IntN(20)
		}
		s.compare(c)
	}
}

func (s *syncing) compare(c *syncClient) {
	now := s.Committed()
	frame, err := c.down.AppendSnapshot(nil, s.sc, now, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.rep.Apply(frame); err != nil {
		s.t.Fatalf("client %d: %v", c.p.ID, err)
	}
	if err := c.down.Ack(now); err != nil {
		s.t.Fatal(err)
	}
	if f := c.rep.Frame(); f.Hash != c.rep.Hash() {
		s.t.Fatalf("tick %d, client %d holds %x; the hash sent is %x", now, c.p.ID, c.rep.Hash(), f.Hash)
	}
	full := protowire.AppendVarint([]byte{1 << 3}, uint64(now))
	full = append(full, 3<<3, 1)
	full = c.p.AppendSince(full, s.sc, 0, now)
	whole := replica.New(arenav1.Schema)
	if err := whole.Apply(full); err != nil {
		s.t.Fatal(err)
	}
	if whole.Hash() != c.rep.Hash() || whole.Rows() != c.rep.Rows() {
		s.t.Fatalf("tick %d, client %d: %d rows, of the full state %d", now, c.p.ID, c.rep.Rows(), whole.Rows())
	}
	pilots, cameras := replica.Count[arenav1.Pilot](c.rep), replica.Count[arenav1.Camera](c.rep)
	var ship uint32
	if c.p.Spectator {
		for _, row := range replica.All[arenav1.Camera](c.rep) {
			ship = row.Ship
		}
		pilots, cameras = cameras, pilots
	} else {
		for _, row := range replica.All[arenav1.Pilot](c.rep) {
			ship = row.Ship
		}
	}
	if pilots != 1 || cameras != 0 {
		s.t.Fatalf("tick %d, client %d, spectator %t: %d rows of its own, %d of others", now, c.p.ID, c.p.Spectator, pilots, cameras)
	}
	for _, o := range s.ships {
		if uint32(o.entity) == ship && replica.Has[arenav1.Ship](c.rep, ship) != o.alive {
			s.t.Fatalf("tick %d, client %d: the ship in the middle, alive %t, is not as it should be", now, c.p.ID, o.alive)
		}
	}
}
