package walkers

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// room is a room that a test steps by hand.
type room struct {
	*world.Room
	*game
}

func newRoom(t testing.TB, seed uint64, options map[string]string) room {
	t.Helper()
	r, g, err := world.NewRoom(Kind(), world.Setup{Seed: seed, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return room{r, g.(*game)}
}

func (r room) join(t testing.TB, id uint32) *world.Player {
	t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: id}
	if err := r.game.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

func (r room) steer(t testing.TB, p *world.Player, in walkersv1.WalkerInput) {
	t.Helper()
	if err := r.HandleInput(p, world.Input{Seq: p.InputSeq + 1, Data: in.AppendProto(nil)}); err != nil {
		t.Fatal(err)
	}
}

func (r room) tick() {
	r.game.Tick()
	r.Commit()
}

func walker(p *world.Player) *walkersv1.Walker { return p.Data.(*seat).row }

func TestEveryWalkerMoves(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, map[string]string{"npcs": "50"})
	p := r.join(t, 1)
	r.tick()
	still, changes := 0, 0
	const ticks = 500
	prev := map[world.Entity]walkersv1.Walker{}
	cells, before := walkersv1.Schema.Components[0].NewCells(), walkersv1.Schema.Components[0].NewCells()
	for e, w := range r.table.All() {
		prev[e] = *w
	}
	for range ticks {
		r.tick()
		for e, w := range r.table.All() {
			old := prev[e]
			prev[e] = *w
			w.StoreCells(cells)
			old.StoreCells(before)
			for i, v := range cells.Nums[:2] {
				if d := v - before.Nums[i]; d < -64 || d > 63 {
					t.Fatalf("walker %d went %d steps, more than a byte holds", e, d)
				} else if d == 0 {
					still++
				}
			}
			if cells.Nums[2] == before.Nums[2] {
				still++
			}
			if w.Health != old.Health {
				changes++
			}
		}
	}
	if share := float64(still) / (3 * 51 * ticks); share > 0.02 {
		t.Errorf("%.1f%% of x, y and heading did not change", 100*share)
	}
	if every := 51 * ticks / float64(changes); every < 40 || every > 60 {
		t.Errorf("health changes every %.0f ticks; want about 50", every)
	}
	if w := walker(p); w.Player != 1 || w.LastInput != 0 {
		t.Errorf("the player's walker is %+v", *w)
	}
}

func TestInputSteers(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, map[string]string{"map": "10000"})
	p := r.join(t, 7)
	w := walker(p)
	w.X, w.Y = 5000, 5000
	r.tick()
	w.X, w.Y = 5000, 5000
	r.steer(t, p, walkersv1.WalkerInput{Direction: math.Pi / 2})
	r.tick()
	if math.Abs(float64(w.X)-5000) > 1e-3 || math.Abs(float64(w.Y)-5005) > 1e-3 || w.LastInput != 1 {
		t.Errorf("after one tick north: %+v; want 5 units", *w)
	}
	r.steer(t, p, walkersv1.WalkerInput{Direction: -math.Pi})
	r.steer(t, p, walkersv1.WalkerInput{Stop: true})
	x := w.X
	for range 100 {
		r.tick()
	}
	if w.X != x || w.LastInput != 3 {
		t.Errorf("after a stop: %+v; want it to stand at %g", *w, x)
	}
	for _, d := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -1e-30} {
		r.steer(t, p, walkersv1.WalkerInput{Direction: d})
		r.tick()
		if !(w.X >= 0 && w.X <= 10000 && w.Y >= 0 && w.Y <= 10000 && w.Heading >= 0 && w.Heading < 2*math.Pi) {
			t.Fatalf("after direction %g: %+v", d, *w)
		}
	}
	// A quiet player's walker wanders.
	for range 20 {
		r.tick()
	}
	h := w.Heading
	r.tick()
	if w.Heading == h {
		t.Error("after a second without input the walker still goes straight")
	}
}

func TestWalkersStayOnTheMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		edge := rapid.SampledFrom([]string{"16", "100", "1024"}).Draw(rt, "map")
		speed := rapid.SampledFrom([]string{"0", "100", "10000"}).Draw(rt, "speed")
		r := newRoom(t, rapid.Uint64().Draw(rt, "seed"), map[string]string{"map": edge, "speed": speed, "npcs": "20"})
		p := r.join(t, 1)
		for range 50 {
			if rapid.Bool().Draw(rt, "steer") {
				r.steer(t, p, walkersv1.WalkerInput{Direction: rapid.Float32().Draw(rt, "direction")})
			}
			r.tick()
			for e, w := range r.table.All() {
				if !(w.X >= 0 && w.X <= r.edge && w.Y >= 0 && w.Y <= r.edge && w.Health <= maxHealth) {
					rt.Fatalf("walker %d: %+v", e, *w)
				}
			}
		}
	})
}

func TestFullRoomAndLeave(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, nil)
	var players []*world.Player
	for id := uint32(1); id <= 10; id++ {
		players = append(players, r.join(t, id))
	}
	extra := &world.Player{Interest: world.NewInterest(r.World), ID: 11}
	if err := r.game.Join(extra, nil); !errors.Is(err, world.ErrFull) {
		t.Fatalf("the 11th of 10 players: %v; want ErrFull", err)
	}
	r.game.Leave(extra)
	r.tick()
	r.game.Leave(players[0])
	r.game.Leave(players[0])
	r.game.Leave(players[9])
	r.tick()
	if r.Entities() != 8 || len(r.seats) != 8 {
		t.Errorf("%d walkers and %d seats after 2 of 10 left", r.Entities(), len(r.seats))
	}
	for i, s := range r.seats {
		if s.index != i || s.row.Player != s.player.ID {
			t.Errorf("seat %d: index %d, walker of %d, player %d", i, s.index, s.row.Player, s.player.ID)
		}
	}
	if err := r.game.Join(extra, nil); err != nil {
		t.Error(err)
	}
}

func TestRadius(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, map[string]string{"players": "200", "radius": "100"})
	var players []*world.Player
	for id := uint32(1); id <= 200; id++ {
		players = append(players, r.join(t, id))
	}
	sc := new(world.Scratch)
	for range 50 {
		r.tick()
		for _, p := range players {
			p.AppendSince(nil, sc, r.Committed()-1, r.Committed()-1)
		}
	}
	for _, p := range players {
		own := walker(p)
		sees := map[world.Entity]bool{}
		p.Each(func(e world.Entity) { sees[e] = true })
		for e, w := range r.table.All() {
			d := math.Hypot(float64(w.X-own.X), float64(w.Y-own.Y))
			if d <= 100 && !sees[e] || d > 100*(1+world.Hysteresis) && sees[e] {
				t.Fatalf("player %d: walker %d at distance %g: seen %t", p.ID, e, d, sees[e])
			}
		}
	}
}

func TestShout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		radius string
		want   uint32
	}{{"0", 3}, {"50", 2}} {
		r := newRoom(t, 1, map[string]string{"radius": tt.radius})
		a, b, c := r.join(t, 1), r.join(t, 2), r.join(t, 3)
		for i, p := range []*world.Player{a, b, c} {
			w := walker(p)
			w.X, w.Y = float32(100+40*i*i), 100
		}
		shout := func(text string) (walkersv1.ShoutReply, error) {
			var reply walkersv1.ShoutReply
			cmd := walkersv1.Shout{Text: text}
			b, err := r.HandleCommand(a, cmd.CommandID(), cmd.AppendProto(nil), nil)
			if err == nil {
				err = reply.UnmarshalProto(b)
			}
			return reply, err
		}
		if reply, err := shout("ho"); err != nil || reply.Count != tt.want {
			t.Errorf("radius %s: shout: %v, %v; want %d hearers", tt.radius, reply, err, tt.want)
		}
		r.Commit()
		heard := 0
		for _, p := range []*world.Player{a, b, c} {
			if strings.Contains(string(p.AppendSince(nil, new(world.Scratch), 0, 0)), "ho") {
				heard++
			}
		}
		if heard != int(tt.want) {
			t.Errorf("radius %s: %d heard it; want %d", tt.radius, heard, tt.want)
		}
		for _, bad := range []string{"", strings.Repeat("x", MaxText+1)} {
			if _, err := shout(bad); err == nil {
				t.Errorf("a text of %d bytes was not refused", len(bad))
			}
		}
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (hashes string) {
		r := newRoom(t, seed, map[string]string{"npcs": "30"})
		p := r.join(t, 1)
		for i := range 100 {
			r.steer(t, p, walkersv1.WalkerInput{Direction: float32(i) / 10})
			r.tick()
			hashes += fmt.Sprintf("%x ", r.Hash())
		}
		return hashes
	}
	if a, b := run(1), run(1); a != b {
		t.Error("the same seed and inputs gave different worlds")
	}
	if run(1) == run(2) {
		t.Error("different seeds gave the same world")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []map[string]string{
		{"players": "0"}, {"npcs": "-1"}, {"map": "nan"}, {"radius": "x"}, {"rate": "0"}, {"speed": "1e9"}, {"color": "red"},
	} {
		if _, _, err := world.NewRoom(Kind(), world.Setup{Seed: 1, Options: o}); err == nil {
			t.Errorf("options %v were taken", o)
		}
	}
	r := newRoom(t, 1, map[string]string{"players": "500", "rate": "30"})
	if r.MaxPlayers != 500 || r.TickRate != 30 {
		t.Errorf("players %d, rate %g", r.MaxPlayers, r.TickRate)
	}
}

func TestTickAllocatesNothing(t *testing.T) {
	r := newRoom(t, 1, map[string]string{"players": "100", "npcs": "400", "radius": "100"})
	for id := uint32(1); id <= 100; id++ {
		r.join(t, id)
	}
	for range 2000 { // until the grid's cells are as large as they get
		r.tick()
	}
	if n := testing.AllocsPerRun(200, r.tick); n > 0 {
		t.Errorf("%g allocations per tick", n)
	}
}

func BenchmarkTickAndCommit(b *testing.B) {
	for _, radius := range []string{"0", "100"} {
		b.Run("walkers=1000/radius="+radius, func(b *testing.B) {
			r := newRoom(b, 1, map[string]string{"npcs": "1000", "radius": radius})
			for range 1000 {
				r.tick()
			}
			b.ReportAllocs()
			for b.Loop() {
				r.tick()
			}
		})
	}
}
