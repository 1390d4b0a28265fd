package arena

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// empty are the options of a room with nothing in it.
const empty = "bots=0 obstacles=0 pickups=0 "

// check asserts what must hold after every tick.
func (r room) check(t interface{ Fatalf(string, ...any) }) {
	alive := 0
	for i, s := range r.ships {
		v := s.vitals
		switch {
		case s.index != i || s.gone || !r.Alive(s.entity) || s.row != r.ship.Get(s.entity) || s.vitals != r.vitals.Get(s.entity):
			t.Fatalf("ship %d: index %d, entity %d", i, s.index, s.entity)
		case v.Health > full || v.Shield > full || s.alive != (v.Health > 0):
			t.Fatalf("ship %d: alive %t, %+v", i, s.alive, *v)
		case s.alive != (r.GroupOf(s.entity) == r.arena):
			t.Fatalf("ship %d: alive %t, in group %s", i, s.alive, r.GroupOf(s.entity).Name())
		case !(s.energy >= 0 && s.energy <= full):
			t.Fatalf("ship %d: energy %g", i, s.energy)
		case s.X != round(s.X, 64) || s.VX != round(s.VX, 16):
			t.Fatalf("ship %d: %+v is between the steps", i, s.Motion)
		case !r.terrain.Free(s.X, s.Y, ShipRadius-1e-9):
			t.Fatalf("ship %d is in a wall or an obstacle: %+v", i, s.Motion)
		case math.Hypot(s.VX, s.VY) > BoostSpeed+0.1:
			t.Fatalf("ship %d: %+v is too fast", i, s.Motion)
		}
		if s.alive {
			alive++
		}
		if s.pilot != nil && (world.Entity(s.pilot.Ship) != s.entity || r.GroupOf(s.entity) == nil) {
			t.Fatalf("ship %d: pilot %+v", i, *s.pilot)
		}
	}
	for i := range r.bullets {
		b := &r.bullets[i]
		x, y, ok := r.Position(b.entity)
		if !ok || !(x >= 0 && y >= 0 && x <= r.terrain.Edge && y <= r.terrain.Edge) || !(b.left > 0) && b.fired != r.Committed() {
			t.Fatalf("bullet %d at %g, %g, %t; %g units left", b.entity, x, y, ok, b.left)
		}
	}
	laid := 0
	for _, p := range r.pickups {
		if p.entity != 0 {
			laid++
		}
	}
	if r.bullet.Len() != len(r.bullets) || r.ship.Len() != len(r.ships) || r.pickup.Len() != laid ||
		r.arena.Len() != alive+len(r.bullets)+laid || r.limbo.Len() != len(r.ships)-alive || r.pilot.Len() != r.players ||
		r.camera.Len() != len(r.watchers) {
		t.Fatalf("%d bullets of %d, %d ships of %d, %d pickups of %d; %d in the arena, %d in limbo", r.bullet.Len(), len(r.bullets),
			r.ship.Len(), len(r.ships), r.pickup.Len(), laid, r.arena.Len(), r.limbo.Len())
	}
}

func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRoom(t, rapid.Uint64().Draw(rt, "seed"), fmt.Sprintf("players=20 map=%d teams=%d bots=%d obstacles=60 pickups=30 rate=%d",
			rapid.SampledFrom([]int{256, 600, 1500}).Draw(rt, "map"), rapid.SampledFrom([]int{0, 2, 4}).Draw(rt, "teams"),
			rapid.IntRange(0, 10).Draw(rt, "bots"), rapid.SampledFrom([]int{10, 20, 60}).Draw(rt, "rate")))
		var ps []*world.Player
		id := uint32(0)
		for range rapid.IntRange(20, 150).Draw(rt, "ticks") {
			switch n := rapid.IntRange(0, 9).Draw(rt, "event"); {
			case n == 0 && len(ps) < 20:
				id++
				p, _ := r.join(id)
				ps = append(ps, p)
			case n == 1 && len(ps) > 0:
				i := rapid.IntRange(0, len(ps)-1).Draw(rt, "who")
				r.game.Leave(ps[i])
				ps = append(ps[:i], ps[i+1:]...)
			case n == 2 && len(ps) > 0:
				i := rapid.IntRange(0, len(ps)-1).Draw(rt, "who")
				_ = r.command(ps[i], &arenav1.ChooseTeam{Team: rapid.Uint32Range(0, 5).Draw(rt, "team")}, &arenav1.ChooseTeamReply{})
			}
			for _, p := range ps {
				if rapid.IntRange(0, 2).Draw(rt, "steer") == 0 {
					r.input(p, &arenav1.ShipInput{
						Turn: rapid.Float32().Draw(rt, "turn"), Thrust: rapid.Float32().Draw(rt, "thrust"),
						Fire: rapid.Bool().Draw(rt, "fire"), Steer: rapid.Bool().Draw(rt, "steer"), Aim: rapid.Float32().Draw(rt, "aim"),
					})
				}
			}
			r.tick()
			r.check(rt)
			for _, p := range ps {
				r.look(p)
			}
		}
	})
}

// crowd fills a room with players who fly about and shoot.
func crowd(t testing.TB, players int, opts string) (room, []*world.Player) {
	r := newRoom(t, 1, opts)
	var ps []*world.Player
	for id := range players {
		p, _ := r.join(uint32(id + 1))
		ps = append(ps, p)
	}
	return r, ps
}

func (r room) steerAll(ps []*world.Player) {
	now := float64(r.World.Tick())
	for i, p := range ps {
		c := &p.Data.(*ship).control
		*c = Control{Thrust: 1, Fire: true, Turn: math.Sin(now/20 + float64(i))}
		p.Data.(*ship).steered = r.World.Tick()
	}
}

func TestThousandPlayers(t *testing.T) {
	t.Parallel()
	r, ps := crowd(t, 1000, "bots=12")
	seen := 0
	for range 200 {
		r.steerAll(ps)
		r.tick()
		r.check(t)
		for _, p := range ps[:20] {
			r.look(p)
		}
	}
	for _, p := range ps[:20] {
		p.Each(func(e world.Entity) {
			if r.GroupOf(e) == r.arena {
				seen++
			}
		})
	}
	kills := uint32(0)
	for _, s := range r.ships {
		kills += s.tally.Kills
	}
	t.Logf("%d bullets, %d kills in 10 s; a player sees %d things on average", len(r.bullets), kills, seen/20)
	if kills == 0 {
		t.Error("1,000 ships shot for 10 s and nobody died")
	}
	for _, p := range ps {
		r.game.Leave(p)
	}
	r.tick()
	r.check(t)
	if r.players != 0 || len(r.ships) != 12 {
		t.Errorf("%d players, %d ships after all left", r.players, len(r.ships))
	}
}

// A room of the game's own ships is alive: they fly, find each other and shoot.
func TestBotsPlay(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 7, "bots=24 map=2048 obstacles=40")
	var way float64
	stuck := map[*ship]int{}
	for range 20 * 120 {
		r.tick()
		r.check(t)
		for _, s := range r.ships {
			d := math.Hypot(s.X-s.fromX, s.Y-s.fromY)
			way += d
			if s.alive && d < 0.5 {
				stuck[s]++
			}
		}
	}
	var kills, pickups, most uint32
	for _, s := range r.ships {
		kills += s.tally.Kills
		pickups += s.tally.Score - killScore*s.tally.Kills
		most = max(most, s.tally.Kills)
	}
	worst := 0
	for _, n := range stuck {
		worst = max(worst, n)
	}
	speed := way / (20 * 120 * 24) * 20
	t.Logf("in two minutes 24 ships shot down %d (the best %d), took %d pickups and flew at %.0f units/s; the laziest rested for %d ticks of 2,400", kills, most, pickups, speed, worst)
	if kills < 24 || pickups < 24 || speed < 40 || worst > 800 {
		t.Error("the ships do not play")
	}
}

// In a room with the default options a single player meets somebody.
func TestOnePlayerIsNotAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 3, "")
	p, s := r.join(1)
	met, hurt := 0, uint32(0)
	const ticks = 20 * 180
	for i := range ticks {
		if i%5 == 0 {
			r.input(p, &arenav1.ShipInput{Thrust: 0.5, Turn: float32(math.Sin(float64(i) / 100))})
		}
		health := s.vitals.Health
		r.tick()
		if s.vitals.Health < health {
			hurt += health - s.vitals.Health
		}
		r.look(p)
		other := false
		p.Each(func(e world.Entity) {
			other = other || e != s.entity && r.GroupOf(e) == r.arena && r.ship.Get(e) != nil
		})
		if other {
			met++
		}
	}
	t.Logf("another ship in sight for %d%% of three minutes; %d damage, %d deaths", 100*met/ticks, hurt, s.tally.Deaths)
	if met < ticks/5 || hurt == 0 {
		t.Error("one player is alone")
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) []uint64 {
		r := newRoom(t, seed, "map=1200 bots=20 teams=3")
		var hashes []uint64
		var ps []*world.Player
		for i := range 400 {
			if i%40 == 0 {
				p, _ := r.join(uint32(i + 1))
				ps = append(ps, p)
			}
			if i%100 == 99 {
				r.game.Leave(ps[0])
				ps = ps[1:]
			}
			for j, p := range ps {
				r.input(p, &arenav1.ShipInput{Thrust: 1, Fire: i%3 == 0, Turn: float32(math.Sin(float64(i*j) / 50))})
			}
			r.tick()
			hashes = append(hashes, r.Hash())
		}
		return hashes
	}
	a, b, c := run(1), run(1), run(2)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("the same seed and inputs differ in tick %d", i+1)
		}
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("different seeds gave the same world")
	}
}

// BenchmarkTickAndCommit is a tick of a room in which everybody thrusts and
// shoots, without what clients are sent.
func BenchmarkTickAndCommit(b *testing.B) {
	for _, bb := range []struct {
		name    string
		players int
		opts    string
	}{
		{"players=10", 10, ""},
		{"players=1000", 1000, ""},
		{"bots=1000", 0, "bots=1000"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, ps := crowd(b, bb.players, bb.opts)
			for range 600 {
				r.steerAll(ps)
				r.tick()
			}
			b.ReportAllocs()
			for b.Loop() {
				r.steerAll(ps)
				r.tick()
			}
			b.ReportMetric(float64(len(r.bullets)), "bullets")
		})
	}
}

// BenchmarkSnapshots is what 1,000 clients are sent after a tick, put together
// one after the other.
func BenchmarkSnapshots(b *testing.B) {
	r, ps := crowd(b, 1000, "")
	var frame []byte
	bytes, seen := 0, 0
	look := func() {
		for _, p := range ps {
			frame = p.AppendSince(frame[:0], r.sc, r.Committed()-1, r.Committed()-1)
			bytes += len(frame)
			seen += p.View(r.arena).Len()
			p.Acked(r.Committed() - 1)
		}
	}
	for range 600 {
		r.steerAll(ps)
		r.tick()
		look()
	}
	bytes, seen = 0, 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r.steerAll(ps)
		r.tick()
		b.StartTimer()
		look()
	}
	clients := float64(b.N * len(ps))
	b.ReportMetric(float64(bytes)/clients, "bytes/client")
	b.ReportMetric(float64(seen)/clients, "seen/client")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/clients, "ns/client")
}
