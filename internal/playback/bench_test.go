package playback

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/replay"
)

// BenchmarkSeek goes to places at random in a match of 20 minutes, back and forth, as soon as it has come to the one
// before, and reports for how long a page waits for what is there: the page of an order until its first frame there.
func BenchmarkSeek(b *testing.B) {
	const ticks = 20 * 60 * 20
	for _, players := range []int{10, 60} {
		b.Run(strconv.Itoa(players)+"players", func(b *testing.B) {
			p := open(b, match(b, ticks, players))
			p.order(order{Do: "look", Player: 1})
			p.join()
			rnd := rand.New(rand.NewPCG(1, 2))
			var took []float64
			for b.Loop() {
				p.order(order{Do: "seek", Tick: 20 + uint32(rnd.IntN(ticks-20))})
				for p.receive() == 0 {
				}
				p.join()
				p.state.Took = 0
				p.until("there", func(s *State) bool { return s.Took > 0 })
				took = append(took, p.state.Took)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "p50-ms")
			b.ReportMetric(took[len(took)*99/100], "p99-ms")
			b.ReportMetric(took[len(took)-1], "max-ms")
		})
	}
}

// BenchmarkVerify plays a match of 20 minutes again and compares, and reports how many times as fast as it was played.
func BenchmarkVerify(b *testing.B) {
	const ticks = 20 * 60 * 20
	for _, players := range []int{10, 60} {
		b.Run(strconv.Itoa(players)+"players", func(b *testing.B) {
			j := match(b, ticks, players)
			for b.Loop() {
				if res, err := replay.Verify(j, arena.Kind(), nil); err != nil || res.Ticks != ticks || res.Bad != 0 || res.Panicked != nil {
					b.Fatalf("%+v, %v", res, err)
				}
			}
			b.ReportMetric(ticks/20/(b.Elapsed().Seconds()/float64(b.N)), "x-real-time")
		})
	}
}
