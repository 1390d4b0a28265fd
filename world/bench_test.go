package world_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// crowd is a world of walkers at random, as in the design's figures: x, y and
// heading every tick, health now and then.
type crowd struct {
	w       *world.World
	g       *world.Group
	rows    []*walkersv1.Walker
	vx, vy  []float32
	rnd     *rand.Rand
	inputs  bool
	edge    float64
	walkers *world.Table[walkersv1.Walker]
}

func newCrowd(n int, edge float64, inputs bool) *crowd {
	c := &crowd{w: world.New(world.Config{Seed: 1}), rnd: rand.New(rand.NewPCG(1, 1)), inputs: inputs, edge: edge}
	c.g = c.w.NewSpatialGroup("field", world.Bounds{MaxX: edge, MaxY: edge}, edge/32)
	c.walkers = world.NewTable[walkersv1.Walker](c.w)
	c.walkers.Locate(func(r *walkersv1.Walker) (float64, float64) { return float64(r.X), float64(r.Y) })
	for range n {
		e := c.w.Spawn(c.g)
		c.rows = append(c.rows, c.walkers.Set(e, walkersv1.Walker{
			X: float32(c.rnd.Float64() * edge), Y: float32(c.rnd.Float64() * edge), Health: 100, Player: uint32(e),
		}))
		c.vx = append(c.vx, float32(c.rnd.NormFloat64()*100))
		c.vy = append(c.vy, float32(c.rnd.NormFloat64()*100))
	}
	c.w.Commit()
	return c
}

func (c *crowd) step() {
	edge := float32(c.edge)
	for i, r := range c.rows {
		if c.rnd.Float64() < 0.05 {
			c.vx[i], c.vy[i] = float32(c.rnd.NormFloat64()*100), float32(c.rnd.NormFloat64()*100)
		}
		r.X += c.vx[i] * 0.05
		r.Y += c.vy[i] * 0.05
		if r.X < 0 || r.X > edge {
			c.vx[i] = -c.vx[i]
			r.X += 2 * c.vx[i] * 0.05
		}
		if r.Y < 0 || r.Y > edge {
			c.vy[i] = -c.vy[i]
			r.Y += 2 * c.vy[i] * 0.05
		}
		r.Heading += float32(c.rnd.NormFloat64() * 0.05)
		if c.rnd.Float64() < 0.02 {
			r.Health = c.rnd.Uint32N(100)
		}
		if c.inputs {
			r.LastInput++
		}
	}
	c.w.Commit()
}

// BenchmarkBytesPerEntity reports the bytes of the tables per moved entity, for
// clients that see so many entities of a thousand.
func BenchmarkBytesPerEntity(b *testing.B) {
	for _, n := range []int{3, 10, 31, 100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(n, 4096, false)
			in := world.NewInterest(c.w)
			in.Subscribe(c.g)
			var sc world.Scratch
			var out []byte
			total := 0
			for b.Loop() {
				c.step()
				out = in.AppendSince(out[:0], &sc, c.w.Committed()-1, c.w.Committed()-1)
				total += len(out)
			}
			b.ReportMetric(float64(total)/float64(b.N)/float64(n), "bytes/entity")
		})
	}
}

// BenchmarkCommit is the cost of comparing, stamping and encoding 1,000 rows that
// all changed.
func BenchmarkCommit(b *testing.B) {
	c := newCrowd(1000, 4096, true)
	b.ReportAllocs()
	for b.Loop() {
		c.step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}

// BenchmarkCommitIdle is the cost of 1,000 rows none of which changed.
func BenchmarkCommitIdle(b *testing.B) {
	c := newCrowd(1000, 4096, true)
	b.ReportAllocs()
	for b.Loop() {
		c.w.Commit()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}

// BenchmarkGather is the cost of a client's snapshot: 1,000 clients with a view
// of their own over 1,000 walkers, or all in rooms of ten that they see whole.
func BenchmarkGather(b *testing.B) {
	for _, visible := range []int{31, 200} {
		b.Run(fmt.Sprintf("view%d", visible), func(b *testing.B) {
			c := newCrowd(1000, 4096, true)
			radius := 4096 * math.Sqrt(float64(visible)/1000/math.Pi)
			ins := make([]*world.Interest, 1000)
			seen := 0
			for i := range ins {
				ins[i] = world.NewInterest(c.w)
				ins[i].Watch(c.g, radius).Follow(world.Entity(i + 1))
			}
			var sc world.Scratch
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				c.step()
				b.StartTimer()
				for _, in := range ins {
					out = in.AppendSince(out[:0], &sc, c.w.Committed()-1, c.w.Committed()-1)
					in.Acked(c.w.Committed() - 1)
				}
			}
			for _, in := range ins {
				seen += in.View(c.g).Len()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/client")
			b.ReportMetric(float64(seen)/1000, "visible")
		})
	}
	b.Run("whole10", func(b *testing.B) {
		c := newCrowd(10, 512, true)
		ins := make([]*world.Interest, 10)
		for i := range ins {
			ins[i] = world.NewInterest(c.w)
			ins[i].Subscribe(c.g)
		}
		var sc world.Scratch
		var out []byte
		size := 0
		b.ReportAllocs()
		for b.Loop() {
			c.step()
			for _, in := range ins {
				out = in.AppendSince(out[:0], &sc, c.w.Committed()-1, c.w.Committed()-1)
			}
			size += len(out)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/client")
		b.ReportMetric(float64(size)/float64(b.N), "bytes/message")
	})
}

// BenchmarkAudience is what putting together the snapshot of one client costs of many that see
// the same: a few rows that change now and then, and twelve events in each tick, in three groups of
// which a client sees one, two or all. Apart: a group for each client alone.
func BenchmarkAudience(b *testing.B) {
	for _, apart := range []bool{false, true} {
		b.Run(fmt.Sprintf("apart=%t", apart), func(b *testing.B) {
			w := world.New(world.Config{Seed: 1, TransientTicks: 5})
			table := world.NewTable[walkersv1.Walker](w)
			stage := w.NewGroup("stage")
			row := table.Set(w.Spawn(stage), walkersv1.Walker{Health: 100})
			var tiers [3]*world.Group
			for i := range tiers {
				tiers[i] = w.NewGroup(fmt.Sprint("t", i))
			}
			const n, part = 1024, 64
			var clients [n]*world.Interest
			for i := range clients {
				clients[i] = world.NewInterest(w)
				clients[i].Subscribe(stage)
				for k := range 1 + i%3 {
					clients[i].Subscribe(tiers[k])
				}
				if apart {
					clients[i].Subscribe(w.NewGroup(fmt.Sprint("own", i)))
				}
			}
			say := &walkersv1.Heard{Player: 123456, Text: "a comment of the usual length, as there are many"}
			tick := func() {
				row.Health++
				for k := range 12 {
					tiers[min(k/4, 2)].Emit(say)
				}
				w.Commit()
			}
			for range 5 {
				tick()
			}
			var sc world.Scratch
			var out []byte
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if i%n == 0 {
					b.StopTimer()
					tick()
					b.StartTimer()
				}
				out = clients[i%n].AppendSince(out[:0], &sc, w.Committed()-1, w.Committed()-1)
				if i%part == part-1 {
					sc.Release()
				}
			}
			if len(out) < 100 {
				b.Fatalf("%d bytes", len(out))
			}
		})
	}
}
